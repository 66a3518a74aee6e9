"""Netlists in Icarus Verilog: the testbenches of the RTL pass on mapped gates with the cell library's own Verilog."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.synthesis import testbench
from qadam_plugin.synthesis.designs import Design, array_design, mac_design, pe_design, spad_design
from qadam_plugin.synthesis.library import cell_library, cell_models
from qadam_plugin.synthesis.netlist_verilog import structural_verilog
from qadam_plugin.synthesis.rtl import check, defined_registers
from qadam_plugin.synthesis.synth import Recipe, synthesize
from qadam_plugin.synthesis.testbench import run_testbench, vector_testbench
from qadam_plugin.synthesis.vectors import check_vectors, random_run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs the Debian package iverilog"),
    pytest.mark.skipif(importlib.util.find_spec("pyosys") is None, reason="needs the Python package pyosys"),
]

#: Few, and no floating point: gates with their delays are slow here. The package's own simulator does the rest.
VECTORS = 2000


def _check_gates(design: Design, bench: testbench.Testbench, folder: Path) -> None:
    (folder / "synthesis").mkdir()
    ports = {port.name: port.bits for port in (*design.inputs, *design.outputs)}
    recipe = Recipe(clock_gating=design.clock_gating)
    netlist = synthesize(design.verilog, design.top, {}, ports, cell_library(), folder / "synthesis", recipe)
    gates = structural_verilog(netlist, design.top)
    for value in (0, 1):
        models = folder / f"cells{value}.v"
        models.write_text(defined_registers(cell_models().read_text(), value))
        check([gates, models], bench, folder, ["-gspecify"])


@pytest.mark.parametrize(
    "design",
    [
        mac_design(PE_TYPES["int16"]),
        mac_design(PE_TYPES["lightpe2"], pipeline=2, zero_gating=True),
        mac_design(PE_TYPES["lightpe1"], clock_gating=False),
        spad_design(12, 16),
        spad_design(17, 5, clock_gating=False),
    ],
    ids=lambda design: design.name,
)
def test_gates_equal_the_golden_model(design: Design, tmp_path: Path) -> None:
    _check_gates(design, vector_testbench(design, check_vectors(design, VECTORS, seed=1)), tmp_path)


@pytest.mark.parametrize(
    "design",
    [pe_design(PE_TYPES["lightpe1"], 12, 48, 16), array_design(2, 2, PE_TYPES["int8"], 4, 12, 4, zero_gating=True)],
    ids=lambda design: design.name,
)
def test_gates_compute_the_convolution(design: Design, tmp_path: Path) -> None:
    run = random_run(design, "relu", taps=3, filters=4, positions=5, step=1, seed=1)
    _check_gates(design, run_testbench(design, run), tmp_path)
