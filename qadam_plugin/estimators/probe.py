"""Asking the real Accelergy for one estimate: what it answers, and who."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from ..errors import InputError
from ..hardware.archspec import ArchSpec, Compute
from ..ppa.ert_file import read_ert
from .accelergy_input import accelergy_yaml

PROGRAM_VARIABLE = "ACCELERGYPATH"

_CLASS = "lightpe1_mac"
_CONFIG_LINE = re.compile(r"Located config file at (.+?)\.?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Probe:
    """What Accelergy said.

    Attributes
    ----------
    program : the `accelergy` that was asked; None if there is none.
    config : config file that it named; None if it wrote one or said nothing.
    estimator : who answered; empty if nobody did.
    energy_pj : energy of one operation of a LightPE-1.
    reason : why there is no answer; empty if there is one.
    """

    program: str | None
    config: str | None = None
    estimator: str = ""
    energy_pj: float | None = None
    reason: str = ""


def ask_accelergy(limit_s: float = 120.0) -> Probe:
    """One estimate of one MAC, in a folder of its own; the caller's config file in the current folder counts."""
    program = shutil.which("accelergy")
    if program is None:
        return Probe(None, reason="`accelergy` is not in PATH")
    spec = ArchSpec("probe", (Compute("mac", _CLASS),), technology="45nm", cycle_seconds=1e-9)
    with tempfile.TemporaryDirectory(prefix="qadam-doctor-") as scratch:
        arch = Path(scratch) / "arch.yaml"
        arch.write_text(accelergy_yaml(spec, "qadam-tl doctor"), encoding="utf-8")
        command = [program, str(arch), "-o", scratch, "-v", "1", "-p", "15"]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=limit_s,
                check=False,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Probe(program, reason=f"{program} cannot be run: {error}")
        said = done.stdout + done.stderr
        named = _CONFIG_LINE.search(said)
        config = named[1] if named else None
        try:
            energy_pj = read_ert(Path(scratch) / "ERT.yaml", spec).energy_pj["mac"]["compute"]
            summary = (Path(scratch) / "ERT_summary_verbose.yaml").read_text(encoding="utf-8")
            estimator = _estimator(summary)
        except (InputError, OSError, yaml.YAMLError):
            return Probe(program, config, reason=_reason(said))
    return Probe(program, config, estimator, energy_pj)


def _estimator(summary: str) -> str:
    """Whoever an ERT summary names, each once."""
    return ", ".join(dict.fromkeys(re.findall(r"^\s*estimator: (.+?)\s*$", summary, re.MULTILINE)))


def _reason(said: str) -> str:
    """The line of Accelergy's output that says most."""
    lines = [re.sub(r"^\S+ \S+ \w+\s+", "", line).strip(" |") for line in said.splitlines()]
    for words in ("qadam-tl cannot be imported", "Can not find", "Error"):
        for line in lines:
            if words in line:
                return line
    return next((line for line in reversed(lines) if line), "it printed nothing")
