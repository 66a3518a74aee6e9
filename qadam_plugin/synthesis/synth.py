"""Synthesis of Verilog to a mapped netlist with yosys and abc, in a process of its own.

Every design goes the same way: Booth multipliers, clock gates where an enable covers enough flip-flops, technology
mapping and sizing by abc for one target delay. What varies is stated in `Recipe` and belongs to a row's provenance.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ..errors import RunError
from .liberty import CellLibrary
from .timing import OUTPUT_LOAD_FF


@dataclass(frozen=True, slots=True)
class Recipe:
    """Choices of a synthesis run.

    Attributes
    ----------
    clock_gating : put clock gates before flip-flops with an enable; otherwise a multiplexer holds their value.
    target_ps : delay that abc sizes cells for.
    gate_from : fewest flip-flops with one enable that get a clock gate.
    """

    clock_gating: bool = True
    target_ps: int = 2000
    gate_from: int = 3

    def script(self, files: Sequence[str], top: str, parameters: Mapping[str, int], library: str) -> str:
        """The yosys script; files are relative to the folder that it runs in."""
        lines = [f"read_verilog {name}" for name in files]
        lines += [f"chparam -set {name} {value} {top}" for name, value in parameters.items()]
        lines += [f"hierarchy -check -top {top}", f"synth -flatten -booth -top {top}"]
        if self.clock_gating:
            lines.append(f"clockgate -liberty {library} -min_net_size {self.gate_from}")
        lines += [
            f"dfflibmap -liberty {library}",
            f"abc -liberty {library} -D {self.target_ps} -constr abc.constr",
            "opt_clean -purge",
            f"rename -top {top}",
            "write_json netlist.json",
        ]
        return "\n".join([*lines, ""])


_ABC_CONSTRAINTS = f"set_driving_cell BUF_X1\nset_load {OUTPUT_LOAD_FF}\n"
_RUNNER = "import sys; from pyosys import libyosys as ys; ys.run_pass('script ' + sys.argv[1], ys.Design())"


def yosys_version() -> str:
    """Version of pyosys, the package that brings yosys and abc.

    Raises
    ------
    RunError : it is not installed.
    """
    if importlib.util.find_spec("pyosys") is None:
        raise RunError("synthesis needs the Python package pyosys: pip install 'qadam-tl[synthesis]'")
    try:
        return f"pyosys {version('pyosys')}"
    except PackageNotFoundError:
        return "pyosys"


def synthesize(
    sources: Sequence[str],
    top: str,
    parameters: Mapping[str, int],
    ports: Mapping[str, int],
    library: CellLibrary,
    folder: Path,
    recipe: Recipe = Recipe(),
) -> Path:
    """Map a module to the library's cells; the netlist in yosys's JSON.

    Parameters
    ----------
    sources : texts of the Verilog files.
    parameters : of the top module.
    ports : name -> bits that the netlist must have.
    folder : an empty folder for the run's files; ``yosys.log`` is among them.

    Raises
    ------
    RunError : pyosys is missing, yosys fails (with its last complaint), or the netlist lacks a port.
    """
    yosys_version()
    names = []
    for number, text in enumerate(sources):
        names.append(f"source{number}.v")
        (folder / names[-1]).write_text(text)
    # A link keeps the path of the cache out of the script, so that the script is the same everywhere.
    link = folder / "cells.lib"
    link.symlink_to(library.path.resolve())
    (folder / "abc.constr").write_text(_ABC_CONSTRAINTS)
    (folder / "synth.ys").write_text(recipe.script(names, top, parameters, link.name))
    done = subprocess.run(
        [sys.executable, "-c", _RUNNER, "synth.ys"], cwd=folder, capture_output=True, text=True, check=False
    )
    (folder / "yosys.log").write_text(done.stdout + done.stderr)
    if done.returncode:
        raise RunError(f"synthesis of {top}: {_complaint(done.stdout + done.stderr, done.returncode)}")
    netlist = folder / "netlist.json"
    _check_ports(netlist, top, ports)
    return netlist


def _complaint(log: str, code: int) -> str:
    errors = [line for line in log.splitlines() if "ERROR:" in line]
    return errors[-1].replace("ERROR: ", "") if errors else f"yosys ended with code {code}"


def _check_ports(netlist: Path, top: str, ports: Mapping[str, int]) -> None:
    module = json.loads(netlist.read_text())["modules"].get(top)
    if module is None:
        raise RunError(f"synthesis of {top}: the netlist holds no such module")
    for name, bits in ports.items():
        found = len(module["ports"][name]["bits"]) if name in module["ports"] else 0
        if found != bits:
            raise RunError(f"synthesis of {top}: port {name} has {found} bits in the netlist, {bits} are wanted")
