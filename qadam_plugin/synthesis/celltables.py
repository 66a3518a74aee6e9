"""The combinational cells of a library as flat arrays, the form that the compiled kernels of timing and power read.

Every cell type has one *entry* per input pin and state of all inputs: the transition of that pin into that state. The
entry says which output edge follows, and which tables give its delay and its internal energy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .boolean import evaluate
from .liberty import Arc, Cell, CellLibrary, Internal, Table

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_Conditional = TypeVar("_Conditional", Arc, Internal)

MAX_INPUTS = 6
_AXIS = 7
POSITIVE, NEGATIVE, BOTH = 0, 1, 2
_SENSES = {"positive_unate": POSITIVE, "negative_unate": NEGATIVE, "non_unate": BOTH}


@dataclass(frozen=True, eq=False)
class CellTables:
    """Arrays over cell types (T), entries (E), timing arcs (A) and lookup tables (L).

    Attributes
    ----------
    names, index : cell types and their numbers.
    pins : input pins per type; pin p is bit p of a state.
    output : output pin per type.
    n_inputs : (T,).
    truth : (T,) bit s is the output in state s.
    entry_base : (T,) entry of pin p and new state s is ``entry_base + p * 2**n_inputs + s``.
    entry_delay, entry_energy : (E,) number of the lookup table, -1 where the output does not change.
    arc_base : (T + 1,) arcs of a type are ``arc_base[t]:arc_base[t + 1]``.
    arc_pin, arc_sense : (A,).
    arc_tables : (A, 4) tables of rise delay, fall delay, rise slew and fall slew.
    slew_axis, load_axis : (L, 7) ns and fF.
    values : (L, 7, 7) ns or fJ.
    area_um2, leakage_nw : (T,).
    """

    names: tuple[str, ...]
    index: Mapping[str, int]
    pins: tuple[tuple[str, ...], ...]
    output: tuple[str, ...]
    n_inputs: Ints
    truth: NDArray[np.uint64]
    entry_base: Ints
    entry_delay: Ints
    entry_energy: Ints
    arc_base: Ints
    arc_pin: Ints
    arc_sense: Ints
    arc_tables: Ints
    slew_axis: Floats
    load_axis: Floats
    values: Floats
    area_um2: Floats
    leakage_nw: Floats


class _Tables:
    """Collects lookup tables; each is kept once."""

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self.kept: list[Table] = []

    def number(self, table: Table) -> int:
        if id(table) not in self.numbers:
            self.numbers[id(table)] = len(self.kept)
            self.kept.append(table)
        return self.numbers[id(table)]


def cell_tables(library: CellLibrary, names: Sequence[str]) -> CellTables:
    """Arrays of the named combinational cells.

    Raises
    ------
    InputError : a cell is not combinational, has more than six inputs or tables of another size.
    """
    tables = _Tables()
    pins, outputs, truths, bases, arc_bases = [], [], [], [], [0]
    delays: list[int] = []
    energies: list[int] = []
    arcs: list[tuple[int, int, int, int, int, int]] = []
    cells = [library.cell(name) for name in names]
    for cell in cells:
        if cell.kind != "comb" or len(cell.inputs) > MAX_INPUTS:
            raise InputError(library.path, f"cell({cell.name})", "a cell with one output and up to 6 inputs is wanted")
        order = tuple(pin.name for pin in cell.inputs)
        output = cell.outputs[0]
        states = _states(order)
        function = evaluate(output.function, states)
        pins.append(order)
        outputs.append(output.name)
        truths.append(sum(1 << state for state in np.flatnonzero(function).tolist()))
        bases.append(len(delays))
        for arc in output.arcs:
            numbers = (tables.number(t) for t in (arc.rise, arc.fall, arc.rise_slew, arc.fall_slew))
            arcs.append((order.index(arc.related), _SENSES[arc.sense], *numbers))  # pyright: ignore[reportArgumentType]
        arc_bases.append(len(arcs))
        _entries(cell, order, states, function, tables, delays, energies)
    slew_axis, load_axis, values = _stacked(tables.kept, library)
    arc_array = np.array(arcs, dtype=np.int64).reshape(-1, 6)
    return CellTables(
        names=tuple(names),
        index={name: number for number, name in enumerate(names)},
        pins=tuple(pins),
        output=tuple(outputs),
        n_inputs=np.array([len(order) for order in pins], dtype=np.int64),
        truth=np.array(truths, dtype=np.uint64),
        entry_base=np.array(bases, dtype=np.int64),
        entry_delay=np.array(delays, dtype=np.int64),
        entry_energy=np.array(energies, dtype=np.int64),
        arc_base=np.array(arc_bases, dtype=np.int64),
        arc_pin=arc_array[:, 0].copy(),
        arc_sense=arc_array[:, 1].copy(),
        arc_tables=arc_array[:, 2:].copy(),
        slew_axis=slew_axis,
        load_axis=load_axis,
        values=values,
        area_um2=np.array([cell.area_um2 for cell in cells]),
        leakage_nw=np.array([cell.leakage_nw for cell in cells]),
    )


def _states(pins: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    """Value of each pin in every state; pin p is bit p."""
    numbers = np.arange(1 << len(pins))
    return {pin: (numbers >> bit & 1).astype(bool) for bit, pin in enumerate(pins)}


def _entries(
    cell: Cell,
    order: tuple[str, ...],
    states: dict[str, NDArray[np.bool_]],
    function: NDArray[np.bool_],
    tables: _Tables,
    delays: list[int],
    energies: list[int],
) -> None:
    """Append the entries of one cell: per pin and new state the tables of the output edge that follows."""
    output = cell.outputs[0]
    for bit, pin in enumerate(order):
        for state in range(1 << len(order)):
            rising_in, rising_out = bool(state >> bit & 1), bool(function[state])
            if function[state] == function[state ^ (1 << bit)]:
                delays.append(-1)
                energies.append(-1)
                continue
            arc = _matching(
                [a for a in output.arcs if a.related == pin and _allows(a, rising_in == rising_out)], states, state
            )
            power = _matching([i for i in output.internal if i.related == pin], states, state)
            delays.append(tables.number(arc.rise if rising_out else arc.fall) if arc else -1)
            energies.append(tables.number(power.rise if rising_out else power.fall) if power else -1)


def _allows(arc: Arc, same_direction: bool) -> bool:
    return arc.sense == "non_unate" or (arc.sense == "positive_unate") == same_direction


def _matching(candidates: list[_Conditional], states: dict[str, NDArray[np.bool_]], state: int) -> _Conditional | None:
    """The candidate whose condition holds in a state; one without condition, or else the first, where none does."""
    for candidate in candidates:
        if candidate.when and evaluate(candidate.when, states)[state]:
            return candidate
    return next((c for c in candidates if not c.when), candidates[0] if candidates else None)


def _stacked(kept: list[Table], library: CellLibrary) -> tuple[Floats, Floats, Floats]:
    """Tables as arrays of one size; a table without an axis is constant along it."""
    slew_axis, load_axis = np.empty((len(kept), _AXIS)), np.empty((len(kept), _AXIS))
    values = np.empty((len(kept), _AXIS, _AXIS))
    for number, table in enumerate(kept):
        for axis, array in ((table.slew_ns, slew_axis), (table.load_ff, load_axis)):
            if axis.size not in (1, _AXIS):
                raise InputError(library.path, "index", f"tables of 1 or {_AXIS} points are wanted, not {axis.size}")
            array[number] = axis if axis.size == _AXIS else np.arange(_AXIS)
        values[number] = table.values
    return slew_axis, load_axis, values


def lookup(table: Table, first: Floats | float, second: Floats | float) -> Floats:
    """Worth of a table for arrays of slews and loads: bilinear, and linear beyond its ends (Liberty's convention)."""
    first, second = np.broadcast_arrays(np.asarray(first, dtype=float), np.asarray(second, dtype=float))
    i, u = _position(table.slew_ns, first)
    j, v = _position(table.load_ff, second)
    next_i, next_j = np.minimum(i + 1, table.slew_ns.size - 1), np.minimum(j + 1, table.load_ff.size - 1)
    left = table.values[i, j] * (1 - u) + table.values[next_i, j] * u
    right = table.values[i, next_j] * (1 - u) + table.values[next_i, next_j] * u
    return left * (1 - v) + right * v


def _position(axis: Floats, at: Floats) -> tuple[Ints, Floats]:
    """Lower neighbour on an axis and how far towards the next; outside 0..1 beyond the ends."""
    if axis.size == 1:
        return np.zeros(at.shape, dtype=np.int64), np.zeros(at.shape)
    lower = np.clip(np.searchsorted(axis, at, side="right") - 1, 0, axis.size - 2)
    return lower, (at - axis[lower]) / (axis[lower + 1] - axis[lower])
