"""Finding Timeloop on this machine: the interpreter with its front end, the programs, and what versions they are."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError, RunError
from .timeloop_process import Answer, call_front_end

#: Names the interpreter that has the front end, where settings do not.
PYTHON_VARIABLE = "QADAM_TIMELOOP_PYTHON"

PROGRAMS = ("timeloop-mapper", "timeloop-model")

_PROBE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A Timeloop that can be run.

    Attributes
    ----------
    python : interpreter that has the front end.
    front_end : its module.
    digest : of the front end's source, and of the programs with the Timeloop libraries they load. Paths have no part
        in it.
    """

    python: str
    front_end: str
    digest: str


def find_toolchain(python: str | None) -> Toolchain:
    """The Timeloop to use: `python` if given, else that of the environment variable, else the first found.

    Looked at are, in this order: this interpreter, ``python3`` and ``python`` in PATH, and those beside the programs.

    Raises
    ------
    InputError : the given interpreter does not exist or has no front end.
    RunError : no interpreter with a front end is found, or the programs are not in PATH.
    """
    named = python or os.environ.get(PYTHON_VARIABLE)
    if named:
        answer = _probe(named) if shutil.which(named) else None
        if answer is None or answer.front_end is None:
            why = "; ".join(answer.reasons) if answer else "it cannot be run"
            raise InputError("python" if python else PYTHON_VARIABLE, "", f"{named} has no Timeloop front end: {why}")
        return _toolchain(named, answer)
    for candidate in _candidates():
        answer = _probe(candidate)
        if answer is not None and answer.front_end is not None:
            return _toolchain(candidate, answer)
    raise RunError(
        "Timeloop's Python front end (pytimeloop or timeloopfe, version 4) is in no interpreter found here: install "
        f"it, or name the interpreter that has it with `python:` in --engine-settings, or in {PYTHON_VARIABLE}"
    )


def _candidates() -> Iterator[str]:
    """Interpreters worth asking, each once."""
    found = [sys.executable, shutil.which("python3"), shutil.which("python")]
    for program in ("timeloop-mapper", "accelergy"):
        place = shutil.which(program)
        if place is not None:
            found.append(shutil.which("python3", path=str(Path(place).resolve().parent)))
    yield from dict.fromkeys(path for path in found if path)


def _probe(python: str) -> Answer | None:
    """What an interpreter says of its front end; None when it cannot say."""
    try:
        return call_front_end(python, [], _PROBE_SECONDS)
    except RunError:
        return None


def _toolchain(python: str, answer: Answer) -> Toolchain:
    assert answer.front_end is not None
    state = hashlib.sha256(answer.digest.encode())
    for program in PROGRAMS:
        place = shutil.which(program, path=search_path(python))
        if place is None:
            raise RunError(f"{program} is not in PATH; {answer.front_end} of {python} needs it")
        for part in (Path(place), *_own_libraries(place)):
            state.update(part.name.encode() + b"\0" + part.read_bytes())
    return Toolchain(python, answer.front_end, state.hexdigest())


def search_path(python: str) -> str:
    """PATH for a job: the user's, then the interpreter's own folder, where an environment keeps its programs."""
    found = shutil.which(python)
    own = [str(Path(found).parent)] if found else []
    return os.pathsep.join([*filter(None, [os.environ.get("PATH")]), *own])


def _own_libraries(program: str) -> list[Path]:
    """Libraries of Timeloop's own that a program loads, as the dynamic linker finds them."""
    ldd = shutil.which("ldd")
    if ldd is None:
        return []
    listing = subprocess.run([ldd, program], capture_output=True, text=True, check=False).stdout
    return [Path(place) for place in re.findall(r"libtimeloop\S* => (\S+)", listing) if Path(place).is_file()]
