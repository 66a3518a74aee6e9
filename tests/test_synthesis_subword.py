"""MACs of operands that share words: golden model against plain integers, RTL and gates against the golden model."""

from __future__ import annotations

import importlib.util
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qadam_plugin.errors import InputError, RunError
from qadam_plugin.hardware.pe_types import SUBWORD_TYPES
from qadam_plugin.hardware.subword import lanes, operand_mode, subword_modes
from qadam_plugin.synthesis.designs import Design
from qadam_plugin.synthesis.library import cell_library, cell_models
from qadam_plugin.synthesis.netlist_verilog import structural_verilog
from qadam_plugin.synthesis.rtl import check, check_design, defined_registers
from qadam_plugin.synthesis.subword import (
    packed,
    subword_design,
    subword_expected,
    subword_products,
    subword_stimulus,
    subword_vectors,
    unpacked,
)
from qadam_plugin.synthesis.synth import Recipe, synthesize
from qadam_plugin.synthesis.testbench import vector_testbench
from qadam_plugin.workloads.layer import Layer

VECTORS = 20_000

needs_iverilog = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs the Debian package iverilog")

#: What a wrong multiplier, mode or chain would be.
BROKEN = [
    ("== 1;", "== 0;"),
    ("(w / PART) == 3;", "(w / PART) == 2;"),
    ("(a % HALF == HALF - 1) != (w % HALF == HALF - 1)", "a % HALF == HALF - 1"),
    ("<< (3 * PART + 2)", "<< (3 * PART + 1)"),
    ("four ? sum >>> (3 * PART)", "four ? sum >> (3 * PART)"),
    (".d(chained ? psum : product)", ".d(product)"),
    ("psum & {ACC_BITS{~first}}", "psum"),
]


def operand(word: int, bits: int, place: int) -> int:
    """Signed operand at a place of a word, lowest first."""
    value = word >> (bits * place) & ((1 << bits) - 1)
    return value - (1 << bits) if value >> (bits - 1) else value


@pytest.mark.parametrize("name", SUBWORD_TYPES)
def test_golden_model_equals_plain_integers(name: str) -> None:
    word, rng = SUBWORD_TYPES[name].act_bits, random.Random(1)
    for bits in subword_modes(word):
        count = word // bits
        words = [(rng.getrandbits(word), rng.getrandbits(word)) for _ in range(500)]
        columns = np.array(words, dtype=np.uint64)
        found = subword_products(columns[:, 0], columns[:, 1], word, bits)
        for (act, weight), total in zip(words, found.tolist(), strict=True):
            # Activations lie in order, weights in reverse.
            pairs = [(operand(act, bits, k), operand(weight, bits, count - 1 - k)) for k in range(count)]
            assert total == sum(a * w for a, w in pairs)


def test_packing_and_unpacking_are_inverse() -> None:
    operands = np.random.default_rng(1).integers(-8, 8, (100, 4))
    for reverse in (False, True):
        assert np.array_equal(unpacked(packed(operands, 4, reverse), 4, 4, reverse), operands)
    assert packed(np.array([[1, 2, 3, -1]]), 4).tolist() == [0xF321]
    assert packed(np.array([[1, 2, 3, -1]]), 4, reverse=True).tolist() == [0x123F]


def test_a_result_stands_three_cycles_behind_its_operands() -> None:
    design = subword_design(SUBWORD_TYPES["subword8"])
    rows = subword_vectors(design, 50, 1, (4,))
    names = [port.name for port in design.inputs]
    at = len(rows) - 20
    values = {"en": 1, "chain": 0, "first": 0, "act": 0x3F, "weight": 0x52, "psum": 1000}
    rows[at, [names.index(name) for name in values]] = list(values.values())
    out = subword_expected(design, rows)[at + 3]
    # (-1) x 5 + 3 x 2: the lower activation meets the upper weight.
    assert out[1] == 1 and out[3] == 1001


@pytest.mark.parametrize("used", [1, 2])
def test_the_stimulus_fills_the_lanes_in_use_and_no_others(used: int) -> None:
    design = subword_design(SUBWORD_TYPES["subword16"])
    names = [port.name for port in design.inputs]
    rows = subword_stimulus(design, 8, used, "gaussian", 500, 1)
    act = unpacked(rows[:, names.index("act")], 8, 2)
    weight = unpacked(rows[:, names.index("weight")], 8, 2, reverse=True)
    for values in (act, weight):
        assert (np.abs(values).max(axis=0) > 60).tolist() == [True, used == 2]
    assert set(rows[:, names.index("mode")].tolist()) == {1}


CASES = [
    pytest.param("subword8", True),
    *(pytest.param(*each, marks=pytest.mark.slow) for each in (("subword8", False), ("subword16", True))),
    pytest.param("subword16", False, marks=pytest.mark.slow),
]


@needs_iverilog
@pytest.mark.parametrize(("name", "clock_gating"), CASES)
def test_rtl_equals_its_golden_model_in_every_mode(name: str, clock_gating: bool) -> None:
    design = subword_design(SUBWORD_TYPES[name], clock_gating)
    verdict = check_design(design, vector_testbench(design, subword_vectors(design, VECTORS, seed=2)))
    assert int(verdict.split()[2]) >= 3 * VECTORS


def broken(design: Design, line: str, other: str) -> Design:
    texts = tuple(text.replace(line, other) for text in design.verilog)
    assert texts != design.verilog
    return replace(design, verilog=texts)


@needs_iverilog
@pytest.mark.parametrize(("line", "other"), BROKEN)
def test_a_wrong_line_fails_the_vectors(line: str, other: str) -> None:
    design = subword_design(SUBWORD_TYPES["subword8"])
    bench = vector_testbench(design, subword_vectors(design, 300, seed=1))
    with pytest.raises(RunError, match="FAIL"):
        check_design(broken(design, line, other), bench)


@needs_iverilog
@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("pyosys") is None, reason="needs the Python package pyosys")
@pytest.mark.parametrize("name", SUBWORD_TYPES)
def test_gates_equal_the_golden_model_in_every_mode(name: str, tmp_path: Path) -> None:
    """With the cell library's own models; the package's simulator runs 20 000 vectors a mode where tables are made."""
    design = subword_design(SUBWORD_TYPES[name])
    (tmp_path / "synthesis").mkdir()
    ports = {port.name: port.bits for port in (*design.inputs, *design.outputs)}
    netlist = synthesize(design.verilog, design.top, {}, ports, cell_library(), tmp_path / "synthesis", Recipe())
    bench = vector_testbench(design, subword_vectors(design, 700, seed=1))
    models = tmp_path / "cells.v"
    models.write_text(defined_registers(cell_models().read_text(), 0))
    check([structural_verilog(netlist, design.top), models], bench, tmp_path, ["-gspecify"])


def test_lanes_follow_the_wider_operand_of_a_layer() -> None:
    pe = SUBWORD_TYPES["subword16"]
    bits = {(16, 16): 1, (9, 2): 1, (8, 8): 2, (5, 3): 2, (4, 4): 4, (1, 2): 4}
    for (weight_bits, input_bits), wanted in bits.items():
        for pair in ((weight_bits, input_bits), (input_bits, weight_bits)):
            layer = Layer(C=16, weight_bits=pair[0], input_bits=pair[1])
            assert lanes(pe, layer) == wanted
            assert lanes(pe, replace(layer, C=1, G=16)) == 1
            assert operand_mode(pe, *pair) == 16 // wanted
    assert lanes(pe, Layer(C=16)) == lanes(pe, Layer(C=16, weight_bits=4)) == 1
    assert operand_mode(SUBWORD_TYPES["subword8"], 2, 1) == 2


def test_rtl_of_more_than_the_mac_is_refused(tmp_path: Path) -> None:
    from qadam_plugin.hardware.config import config_from_values
    from qadam_plugin.synthesis.rtl import config_bench

    depths = {"ifmap_spad_depth": 12, "weights_spad_depth": 48, "psum_spad_depth": 16}
    config = config_from_values({"pe_type": "subword8", "rows": 2, "cols": 2, "glb_kib": 8, **depths}, "test")
    design, _ = config_bench(config, "mac", 1, True, False, 1)
    assert design.name == "mac_subword_w8_acc24_p1"
    with pytest.raises(InputError, match="--unit: of subword8 there is RTL of its MAC alone"):
        config_bench(config, "array", 1, True, False, 1)
