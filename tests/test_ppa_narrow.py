"""What operations on narrow operands cost: against the table, and by the rules that hold for every MAC."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import pytest

from qadam_plugin.errors import InputError
from qadam_plugin.hardware.build import build_spec
from qadam_plugin.hardware.config import config_from_values
from qadam_plugin.hardware.pe_types import PE_TYPES, PEType
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.components import compute_unit, mac
from qadam_plugin.ppa.families import MAC, MAC_BITS
from qadam_plugin.ppa.library import ModelLibrary, load_library
from qadam_plugin.ppa.narrow import Operands, energy_ratio, narrow_ratios
from qadam_plugin.ppa.pricing import price_layer, price_spec
from qadam_plugin.ppa.tables import Row, load_table
from qadam_plugin.workloads.layer import Layer

TABLES = data_dir("estimator_tables")

SHAPE = ("act_bits", "weight_bits", "acc_bits", "shift_terms")


@pytest.fixture(scope="module")
def library() -> ModelLibrary:
    return load_library()


@pytest.fixture(scope="module")
def rows() -> tuple[Row, ...]:
    return load_table(TABLES / "mac_bits.csv", MAC_BITS)


def shape(row: Row) -> tuple[object, ...]:
    return (row.variant, *(row.parameters[name] for name in SHAPE))


def test_at_full_width_the_table_is_that_of_the_macs(rows: tuple[Row, ...]) -> None:
    """Both tables measure the same netlist on the same operands: to the last digit."""
    macs = {shape(row): row.figures for row in load_table(TABLES / "mac.csv", MAC) if row.parameters["pipeline"] == 1}
    full = [
        row
        for row in rows
        if all(row.parameters[f"{name}_operand_bits"] == row.parameters[f"{name}_bits"] for name in ("act", "weight"))
    ]
    assert len(full) > 20
    for row in full:
        for column in ("compute_pj", "compute_uniform_pj", "idle_pj"):
            assert row.figures[column] == macs[shape(row)][column]
        assert row.figures["compute_lower_pj"] == row.figures["compute_pj"]


def test_the_upper_bits_of_a_port_are_never_the_dearer_place(rows: tuple[Row, ...]) -> None:
    for row in rows:
        assert row.figures["compute_pj"] <= 1.01 * row.figures["compute_lower_pj"], row.parameters


@pytest.mark.parametrize("name", ["int16", "int8", "lightpe1", "lightpe2"])
def test_named_types_on_narrow_operands_cost_about_what_was_measured(
    library: ModelLibrary, rows: tuple[Row, ...], name: str
) -> None:
    pe = PE_TYPES[name]
    own = [row for row in rows if shape(row) == (pe.family, pe.act_bits, pe.weight_bits, pe.acc_bits, pe.shift_terms)]
    assert len(own) >= 7
    for row in own:
        operands = Operands(*(int(row.parameters[f"{each}_operand_bits"]) for each in ("act", "weight")))
        found = mac(library, pe, operands=operands)
        assert found.energy_pj["compute"] + found.idle_pj == pytest.approx(row.figures["compute_pj"], rel=0.1)
        assert found.warnings == ()


def test_a_full_row_that_is_missing_is_named(rows: tuple[Row, ...]) -> None:
    with pytest.raises(InputError, match=r"mac_bits.csv: int MAC of 8 and 8 bits: its row at full width is missing"):
        narrow_ratios([row for row in rows if row.parameters["act_operand_bits"] == 4 and shape(row)[1:3] == (8, 8)])


def test_at_full_width_nothing_changes(library: ModelLibrary) -> None:
    for pe in (*PE_TYPES.values(), PEType("", "int", 9, 5, 30)):
        for operands in (Operands(), Operands(pe.act_bits, pe.weight_bits), Operands(act_bits=pe.act_bits)):
            assert compute_unit(library, pe, operands=operands) == compute_unit(library, pe)


def test_floating_point_is_not_narrowed(library: ModelLibrary) -> None:
    assert energy_ratio(library, PE_TYPES["fp32"], Operands(8, 8)) == (1.0, ())


def test_fewer_bits_never_cost_more(library: ModelLibrary) -> None:
    widths = [(16, 16, 40), (8, 8, 24), (16, 8, 32), (8, 16, 32), (12, 12, 32), (10, 6, 24), (5, 9, 22), (4, 4, 16)]
    types = [PEType("", "int", *each) for each in widths]
    types += [PE_TYPES["lightpe1"], PE_TYPES["lightpe2"], PEType("", "shift-add", 16, 8, 32, 2)]
    for pe in types:
        for weight in range(1, pe.weight_bits + 1):
            ratios = [energy_ratio(library, pe, Operands(act, weight))[0] for act in range(1, pe.act_bits + 1)]
            assert all(0.05 < fewer <= more * 1.002 <= 1.002 for fewer, more in pairwise(ratios)), (pe, weight)
        for act in range(1, pe.act_bits + 1):
            ratios = [energy_ratio(library, pe, Operands(act, weight))[0] for weight in range(1, pe.weight_bits + 1)]
            assert all(fewer <= more * 1.002 for fewer, more in pairwise(ratios)), (pe, act)


def test_an_operand_of_one_bit_takes_two_and_a_shift_add_weight_whole_terms(library: ModelLibrary) -> None:
    for name, act, weight in product(("int8", "lightpe2"), (1, 5), (1, 8)):
        pe = PE_TYPES[name]
        other = Operands(max(act, 2), max(weight, 2))
        assert energy_ratio(library, pe, Operands(act, weight)) == energy_ratio(library, pe, other)
    light = PE_TYPES["lightpe2"]
    ratios = {weight: energy_ratio(library, light, Operands(8, weight))[0] for weight in range(1, 9)}
    assert len({ratios[weight] for weight in (1, 2, 3, 4)}) == 1
    assert ratios[4] < ratios[5] == ratios[8] == 1.0
    assert energy_ratio(library, PE_TYPES["lightpe1"], Operands(8, 2))[0] == 1.0


def test_operands_that_do_not_fit_and_macs_outside_the_range_are_said(library: ModelLibrary) -> None:
    ratio, warnings = energy_ratio(library, PE_TYPES["int8"], Operands(16, 4))
    assert ratio == energy_ratio(library, PE_TYPES["int8"], Operands(8, 4))[0]
    assert warnings == ("activations of 16 bits do not fit the MAC's 8: priced at full width",)
    _, warnings = energy_ratio(library, PEType("", "int", 16, 3, 27), Operands(8, 3))
    assert warnings == ("weight_bits 3 is outside 4 to 16 of the int mac_bits models",)


def test_a_layers_bits_change_the_energy_of_an_operation_alone(library: ModelLibrary) -> None:
    values = {"pe_type": "int16", "rows": 12, "cols": 14, "ifmap_spad_depth": 12, "weights_spad_depth": 112}
    spec = build_spec(config_from_values({**values, "psum_spad_depth": 16, "glb_kib": 128}, "test"), 0.5)
    whole = price_spec(spec, library)
    assert price_layer(spec, library, Layer(C=4)) == whole
    narrow = price_layer(spec, library, Layer(C=4, input_bits=8, weight_bits=4))
    assert narrow.energy.energy_pj["mac"]["compute"] < 0.6 * whole.energy.energy_pj["mac"]["compute"]
    assert narrow.energy.energy_pj["mac"]["leak"] == whole.energy.energy_pj["mac"]["leak"]
    others = [{name: each for name, each in p.energy.energy_pj.items() if name != "mac"} for p in (narrow, whole)]
    assert others[0] == others[1]
    for figure in ("total_area_um2", "leakage_mw", "cycle_ns", "critical_path_ns", "slowest", "warnings"):
        assert getattr(narrow, figure) == getattr(whole, figure)
    wide = price_layer(spec, library, Layer(C=4, input_bits=24))
    assert wide.warnings == ("mac: activations of 24 bits do not fit the MAC's 16: priced at full width",)
    assert replace(wide, warnings=(), components=whole.components) == whole
