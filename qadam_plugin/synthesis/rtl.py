"""Runs testbenches in Icarus Verilog, and writes a design with its testbench into a folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ..errors import InputError, RunError
from ..hardware.config import AcceleratorConfig
from ..hardware.pe_types import PEType
from .designs import MAX_PIPELINE, Design, config_array, config_pe, mac_design
from .golden import Bits
from .golden_pe import Run
from .sources import Port
from .subword import subword_design, subword_vectors
from .testbench import TOP, Testbench, run_testbench, vector_testbench
from .vectors import check_vectors, random_run

#: The convolution of a config's testbench, at most: what the scratchpads hold may be less.
_TAPS, _FILTERS, _POSITIONS = 6, 4, 4

_CHECK_VECTORS = 20_000


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
    text = "\n".join([*(source for source in sources if isinstance(source, str)), bench.verilog])
    _write(folder, {"simulation.v": text, **bench.files})
    files = [str(source.resolve()) for source in sources if isinstance(source, Path)]
    return _simulate(["simulation.v", *files], folder, options)


def run_folder(design: Design, folder: Path) -> str:
    """Simulate what `write_design` wrote and return the ``PASS`` line; see `check`."""
    return _simulate([f"{design.top}.v", f"{TOP}.v"], folder, ())


def defined_registers(models: str, value: int) -> str:
    """Verilog models of cells whose registers start with a value.

    Words of a scratchpad that were never written are undefined. In RTL an operand of zero hides them; in mapped logic a
    simulator may not see that it does, and carries the unknown on. A result that is right for both values depends on
    neither.

    Parameters
    ----------
    models : text of the cell library's Verilog, registers as primitives with a state ``IQ``.
    value : 0 or 1.
    """
    return models.replace("reg IQ;", f"reg IQ;\n  initial IQ = 1'b{value};")


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


def write_design(design: Design, bench: Testbench, folder: Path, header: str) -> None:
    """Write a design's Verilog, its testbench and the files that this reads.

    Raises
    ------
    OSError : the folder cannot be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    compile_line = f"iverilog -g2005 -s {TOP} -o {TOP}.vvp {design.top}.v {TOP}.v"
    note = f"// Written by {header}\n// Run in this folder: {compile_line} && vvp {TOP}.vvp\n\n"
    source = note + "\n".join(design.verilog)
    _write(folder, {f"{design.top}.v": source, f"{TOP}.v": note + bench.verilog, **bench.files})


def config_bench(
    config: AcceleratorConfig, unit: str, pipeline: int, clock_gating: bool, zero_gating: bool, seed: int
) -> tuple[Design, Testbench]:
    """Design of a config with its testbench: a small convolution, or the check vectors of a MAC.

    Raises
    ------
    InputError : a unit other than ``array``, ``pe`` and ``mac``, or a pipeline depth that the MAC does not have.
    """
    if config.pe.family == "subword":
        return _subword_bench(config.pe, unit, pipeline, clock_gating, zero_gating, seed)
    deepest = MAX_PIPELINE[config.pe.family]
    if not 0 <= pipeline <= deepest:
        raise InputError("--pipeline", "", f"0 to {deepest} is wanted for {config.pe.name}, not {pipeline}")
    if unit == "mac":
        design = mac_design(config.pe, pipeline, clock_gating, zero_gating)
        return design, vector_testbench(design, check_vectors(design, _CHECK_VECTORS, seed))
    if unit not in ("array", "pe"):
        raise InputError("--unit", "", f"array, pe or mac is wanted, not '{unit}'")
    make = config_array if unit == "array" else config_pe
    design = make(config, pipeline, clock_gating, zero_gating)
    taps = min(_TAPS, config.ifmap_spad_depth, config.weights_spad_depth)
    filters = min(_FILTERS, config.psum_spad_depth, config.weights_spad_depth // taps)
    run = random_run(design, "gaussian", taps, filters, _POSITIONS, 1, seed)
    return design, run_testbench(design, run, seed)


def _subword_bench(
    pe: PEType, unit: str, pipeline: int, clock_gating: bool, zero_gating: bool, seed: int
) -> tuple[Design, Testbench]:
    for given, usual, key in (
        (unit, "mac", "--unit"),
        (pipeline, 1, "--pipeline"),
        (zero_gating, False, "--zero-gating"),
    ):
        if given != usual:
            raise InputError(
                key, "", f"of {pe.name} there is RTL of its MAC alone, with --pipeline 1 and no zero gating"
            )
    design = subword_design(pe, clock_gating)
    return design, vector_testbench(design, subword_vectors(design, _CHECK_VECTORS, seed))


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _simulate(files: Sequence[str], folder: Path, options: Sequence[str]) -> str:
    """Compile files in the folder, run the testbench, and return its verdict if it is ``PASS``."""
    compiler, runner = _tool("iverilog"), _tool("vvp")
    with TemporaryDirectory(prefix="qadam-rtl-") as scratch:
        program = str(Path(scratch) / "simulation.vvp")
        compiled = _run([compiler, "-g2005", *options, "-s", TOP, "-o", program, *files], folder)
        if compiled.returncode:
            raise RunError(f"iverilog refuses the Verilog: {_first_line(compiled.stderr)}")
        simulated = _run([runner, "-N", program], folder)
    verdict = next((line for line in simulated.stdout.splitlines() if line.startswith(("PASS", "FAIL"))), None)
    if verdict is None:
        raise RunError(f"the simulation broke off: {_first_line(simulated.stderr + simulated.stdout)}")
    if not verdict.startswith("PASS"):
        raise RunError(verdict)
    return verdict


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


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
