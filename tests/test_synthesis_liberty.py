"""The Liberty reader and its lookups, on a small library written by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qadam_plugin.errors import InputError
from qadam_plugin.synthesis.boolean import evaluate
from qadam_plugin.synthesis.celltables import cell_tables, lookup
from qadam_plugin.synthesis.liberty import Table, read_library

SMALL = Path(__file__).parent / "data" / "synthesis" / "small.lib"


def test_cells_are_told_apart_by_what_they_are() -> None:
    library = read_library(SMALL)
    kinds = {name: library.cell(name).kind for name in library.names}
    assert kinds == {"INV": "comb", "XOR": "comb", "DFF_X1": "flipflop", "LATCH": "other"}


def test_figures_of_a_cell_are_read() -> None:
    inverter = read_library(SMALL).cell("INV")
    assert (inverter.area_um2, inverter.leakage_nw) == (0.5, 10.0)
    assert (inverter.pin("A").rise_cap_ff, inverter.pin("A").fall_cap_ff) == (2.0, 1.5)
    arc = inverter.pin("Z").arcs[0]
    assert (arc.related, arc.sense) == ("A", "negative_unate")
    assert arc.rise.values.tolist() == [[0.030]]


def test_conditions_choose_the_arc_and_the_energy_of_a_state() -> None:
    library = read_library(SMALL)
    tables = cell_tables(library, ["XOR"])
    pin_a = 0 * 4
    states = {(a, b): a + 2 * b for a in (0, 1) for b in (0, 1)}

    def delay(a: int, b: int) -> float:
        return tables.values[tables.entry_delay[pin_a + states[a, b]], 0, 0]

    def energy(a: int, b: int) -> float:
        return tables.values[tables.entry_energy[pin_a + states[a, b]], 0, 0]

    # A rises to 1: with B low the output rises (0.050), with B high it falls (0.042).
    assert (delay(1, 0), delay(1, 1)) == (0.050, 0.042)
    # A falls to 0: with B low the output falls (0.041), with B high it rises (0.052).
    assert (delay(0, 0), delay(0, 1)) == (0.041, 0.052)
    assert (energy(1, 0), energy(0, 1)) == (3.0, 5.0)


def test_lookup_is_bilinear_and_goes_on_linearly() -> None:
    table = Table(np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0]), np.array([[0.0, 2.0], [1.0, 3.0], [3.0, 5.0]]))
    # The values are slew + load: every point of that plane comes back, inside and beyond.
    slews, loads = np.array([0.5, 2.0, 4.0, -1.0]), np.array([1.0, 0.5, 3.0, -1.0])
    assert lookup(table, slews, loads) == pytest.approx(slews + loads)


@given(st.recursive(st.sampled_from("ABC"), lambda inner: st.one_of(
    inner.map(lambda x: f"!({x})"),
    st.tuples(inner, st.sampled_from("&|^"), inner).map(lambda x: f"({x[0]} {x[1]} {x[2]})"),
), max_leaves=8))  # fmt: skip
def test_boolean_expressions_mean_what_python_means(expression: str) -> None:
    states = np.arange(8)
    values = {pin: (states >> bit & 1).astype(bool) for bit, pin in enumerate("ABC")}
    expected = eval(expression.replace("!", "~"), {}, values)
    assert evaluate(expression, values).tolist() == expected.tolist()


def test_and_binds_stronger_than_or_and_a_quote_inverts() -> None:
    values = {"A": np.array([True]), "B": np.array([False]), "C": np.array([False])}
    assert evaluate("A + B * C", values)[0]
    assert not evaluate("A'", values)[0]


def test_wires_load_by_fanout_and_beyond_the_list_by_slope() -> None:
    wires = read_library(SMALL).wire_load
    assert wires.load_ff(np.array([0, 1, 2, 4])) == pytest.approx([0.0, 0.2, 0.4, 0.4 + 2 * 3.0 * 0.1])


@pytest.mark.parametrize(
    ("text", "other", "key"),
    [
        ('"1ns"', '"1ps"', "time_unit"),
        ("(1,ff)", "(1,pf)", "capacitive_load_unit"),
        ("nom_voltage", "nom_temperature", "nom_voltage"),
        ("default_wire_load", "some_wire_load", "default_wire_load"),
    ],
)
def test_a_library_in_other_units_is_refused(tmp_path: Path, text: str, other: str, key: str) -> None:
    path = tmp_path / "other.lib"
    path.write_text(SMALL.read_text().replace(text, other))
    with pytest.raises(InputError) as caught:
        read_library(path)
    assert caught.value.key == key


def test_an_unknown_cell_is_named() -> None:
    with pytest.raises(InputError, match=r"cell\(NAND2\)"):
        read_library(SMALL).cell("NAND2")
