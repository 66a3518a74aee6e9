"""MACs and scratchpads in Icarus Verilog against the golden models: every corner and 20 000 random vectors each."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from qadam_plugin.errors import RunError
from qadam_plugin.hardware.pe_types import PE_TYPES, PEType
from qadam_plugin.synthesis.designs import MAX_PIPELINE, Design, mac_design, spad_design
from qadam_plugin.synthesis.formats import BF16_PE
from qadam_plugin.synthesis.rtl import check_design
from qadam_plugin.synthesis.testbench import vector_testbench
from qadam_plugin.synthesis.vectors import check_vectors

pytestmark = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs the Debian package iverilog")

VECTORS = 20_000

#: Every named type, the other floating-point formats, and the ends of the general families' widths.
TYPES = [
    *PE_TYPES.values(),
    BF16_PE,
    PEType("fp16", "fp", 16, 16, 16),
    PEType("fp16_fp32", "fp", 16, 16, 32),
    PEType("int_2_2", "int", 2, 2, 4),
    PEType("int_16_2", "int", 16, 2, 18),
    PEType("int_5_11", "int", 5, 11, 64),
    PEType("shift1_4", "shift-add", 4, 4, 11, 1),
    PEType("shift2_16", "shift-add", 16, 8, 40, 2),
    PEType("shift2_4", "shift-add", 4, 8, 12, 2),
]

#: Each pipeline depth of each type, the gatings in turn.
CASES = [
    (pe, pipeline, (pipeline + number) % 2 == 0, (pipeline + number) % 3 == 0)
    for number, pe in enumerate(TYPES)
    for pipeline in range(MAX_PIPELINE[pe.family] + 1)
]


@pytest.mark.parametrize(("pe", "pipeline", "clock_gating", "zero_gating"), CASES, ids=lambda v: getattr(v, "name", v))
def test_mac_equals_its_golden_model(pe: PEType, pipeline: int, clock_gating: bool, zero_gating: bool) -> None:
    design = mac_design(pe, pipeline, clock_gating, zero_gating)
    verdict = check_design(design, vector_testbench(design, check_vectors(design, VECTORS, seed=pipeline)))
    assert int(verdict.split()[2]) >= VECTORS


@pytest.mark.parametrize(("depth", "width"), [(1, 1), (2, 24), (12, 16), (17, 4), (224, 8), (5, 64)])
def test_spad_equals_its_golden_model(depth: int, width: int) -> None:
    design = spad_design(depth, width)
    check_design(design, vector_testbench(design, check_vectors(design, VECTORS, seed=depth)))


def _changed(design: Design, line: str, other: str) -> Design:
    texts = tuple(text.replace(line, other) for text in design.verilog)
    assert texts != design.verilog
    return replace(design, verilog=texts)


@pytest.mark.parametrize(
    ("pe", "line", "other"),
    [
        ("fp32", "guard & (odd | sticky)", "guard"),
        ("fp32", "guard & (odd | sticky)", "guard & odd"),
        ("fp32", "raw_2[1] | raw_2[0]", "raw_2[1]"),
        ("fp32", "shifted_exponent <= 0", "shifted_exponent < 0"),
        ("fp32", "sign_2 & ~subtract_2", "sign_2"),
        ("fp32", "| (zero & infinite)", ""),
        ("lightpe1", "code != 4'b1111", "code != 4'b0111"),
        ("lightpe2", "SUM = SHIFTED + 2", "SUM = SHIFTED"),
        ("int8", "chained ? psum : ", ""),
    ],
)
def test_a_wrong_line_fails_the_vectors(pe: str, line: str, other: str) -> None:
    design = mac_design(PE_TYPES[pe])
    bench = vector_testbench(design, check_vectors(design, VECTORS, seed=1))
    with pytest.raises(RunError, match="FAIL"):
        check_design(_changed(design, line, other), bench)


def test_pipeline_depth_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 2"):
        mac_design(PE_TYPES["int8"], pipeline=3)
