"""Runs testbenches in Icarus Verilog, and writes a design with its testbench into a folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ..errors import RunError
from .designs import Design
from .golden import Bits
from .golden_pe import Run
from .sources import Port
from .testbench import TOP, Testbench, run_testbench


@dataclass(frozen=True, eq=False)
class Recording:
    """Values at the ports of a piece of a design, cycle by cycle.

    Attributes
    ----------
    inputs, outputs : (cycles, ports) raw bits just before each rising edge, columns in the order of the ports.
    known : first cycle from which on no bit is undefined.
    """

    inputs: Bits
    outputs: Bits
    known: int


def check(sources: Sequence[str | Path], bench: Testbench, folder: Path, options: Sequence[str] = ()) -> str:
    """Simulate a testbench and return its ``PASS`` line.

    Parameters
    ----------
    sources : Verilog of the design: texts, or paths of files such as a cell library's models.
    bench : testbench for it.
    folder : where to work; stays as it is afterwards.
    options : further options of iverilog, such as ``-gspecify``.

    Raises
    ------
    RunError : iverilog is missing or refuses the Verilog, or an output is wrong.
    """
    program = _tool("iverilog")
    files = [str(source.resolve()) for source in sources if isinstance(source, Path)]
    text = "\n".join([*(source for source in sources if isinstance(source, str)), bench.verilog])
    (folder / "simulation.v").write_text(text, encoding="utf-8")
    for name, content in bench.files.items():
        (folder / name).write_text(content, encoding="utf-8")
    command = [program, "-g2005", *options, "-s", TOP, "-o", "simulation.vvp", "simulation.v", *files]
    compiled = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if compiled.returncode:
        raise RunError(f"iverilog refuses the Verilog: {_first_line(compiled.stderr)}")
    command = [_tool("vvp"), "-N", "simulation.vvp"]
    simulated = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    verdicts = [line for line in simulated.stdout.splitlines() if line.startswith(("PASS", "FAIL"))]
    if simulated.returncode or not verdicts or not verdicts[0].startswith("PASS"):
        raise RunError(verdicts[0] if verdicts else f"the simulation broke off: {_first_line(simulated.stderr)}")
    return verdicts[0]


def check_design(design: Design, bench: Testbench) -> str:
    """Simulate a design's RTL in a folder of its own; see `check`."""
    with TemporaryDirectory(prefix="qadam-rtl-") as folder:
        return check(design.verilog, bench, Path(folder))


def record(design: Design, run: Run, part: Design | None = None, path: str = "") -> Recording:
    """Values at the ports of a PE or an array during a run without pauses, or at those of a part of it.

    Parameters
    ----------
    design : a PE or an array.
    run : its operands; the results are checked, too.
    part : the part's design: its ports are recorded; None for the whole.
    path : instance of the part within the module that the design's top holds, such as ``control`` in a PE.

    Raises
    ------
    RunError : see `check`.
    """
    inside = f"dut.unit.{path}." if part is not None else ""
    ports = part or design
    signals = [(f"{inside}{port.name}", port) for port in (*ports.inputs, *ports.outputs)]
    with TemporaryDirectory(prefix="qadam-rtl-") as folder:
        check(design.verilog, run_testbench(design, run, gaps=False, record=signals), Path(folder))
        rows = (Path(folder) / "record.txt").read_text(encoding="utf-8").split()
    known = 1 + max((index for index, row in enumerate(rows) if not set(row) <= {"0", "1"}), default=-1)
    values = _columns(rows, [port for _, port in signals])
    split = len(ports.inputs)
    return Recording(values[:, :split], values[:, split:], known)


def write_design(design: Design, bench: Testbench, folder: Path, header: str) -> tuple[Path, ...]:
    """Write a design's Verilog, its testbench and the files that this reads; returns their paths, the design's first.

    Raises
    ------
    OSError : the folder cannot be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        f"{design.top}.v": f"// {header}\n\n" + "\n".join(design.verilog),
        f"{TOP}.v": f"// {header}\n" + bench.verilog,
        **bench.files,
    }
    paths = []
    for name, text in texts.items():
        paths.append(folder / name)
        paths[-1].write_text(text, encoding="utf-8")
    return tuple(paths)


def _columns(rows: Sequence[str], ports: Sequence[Port]) -> Bits:
    """Binary words as one column per port; undefined bits are zero."""
    values = np.zeros((len(rows), len(ports)), dtype=np.uint64)
    plain = str.maketrans("xXzZ", "0000")
    for index, row in enumerate(rows):
        word = int(row.translate(plain), 2)
        for column in range(len(ports) - 1, -1, -1):
            values[index, column] = word & ((1 << ports[column].bits) - 1)
            word >>= ports[column].bits
    return values


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise RunError(f"{name} is missing: install the Debian package 'iverilog'")
    return path


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "no message")
