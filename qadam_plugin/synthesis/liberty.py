"""Reader of a Liberty cell library: areas, leakage, pin capacitances, delay, slew and internal-energy tables.

It reads what timing and power of a mapped netlist need of the NLDM format (Liberty User Guide, vol. 1, chapters 3 to
6) and refuses units other than those that the rest of the package computes in. Cells are parsed when first asked for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .liberty_groups import Group, first_group

Floats = NDArray[np.float64]

_CELL = re.compile(r"^\s*cell\s*\(\s*\"?(\w+)\"?\s*\)\s*\{", re.MULTILINE)
_UNITS = {
    "time_unit": '"1ns"',
    "leakage_power_unit": '"1nW"',
    "voltage_unit": '"1V"',
    "capacitive_load_unit": "1,ff",
}


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A lookup table over input slew and output load, or fewer axes.

    Attributes
    ----------
    slew_ns : first axis, shape (n,); one zero where the table has none.
    load_ff : second axis, shape (m,); for constraints the slew of the related pin in ns; one zero where it has none.
    values : shape (n, m); ns for delays and constraints, fJ for energies.
    """

    slew_ns: Floats
    load_ff: Floats
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Arc:
    """Delay and output slew of one timing arc, for a rising and a falling output."""

    related: str
    when: str
    sense: str
    rise: Table
    fall: Table
    rise_slew: Table
    fall_slew: Table


@dataclass(frozen=True, slots=True, eq=False)
class Setup:
    """Setup time of a pin against the clock's rising edge, for a rising and a falling pin."""

    related: str
    rise: Table
    fall: Table


@dataclass(frozen=True, slots=True, eq=False)
class Internal:
    """Internal energy of a transition, fJ: of an output that `related` causes, or of an input (`related` empty)."""

    related: str
    when: str
    rise: Table
    fall: Table


@dataclass(frozen=True, slots=True, eq=False)
class Pin:
    """One pin. Capacitances in fF, for a rising and a falling signal; `function` is empty for inputs."""

    name: str
    output: bool
    rise_cap_ff: float
    fall_cap_ff: float
    function: str
    arcs: tuple[Arc, ...]
    setups: tuple[Setup, ...]
    internal: tuple[Internal, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One cell.

    Attributes
    ----------
    kind : ``comb`` (one output, a function of its inputs), ``flipflop`` (rising edge, D only), ``clock_gate`` (latch
        before an AND), ``other`` (nothing that this package computes with).
    leakage_nw : mean over the states, as the library states it.
    """

    name: str
    kind: str
    area_um2: float
    leakage_nw: float
    inputs: tuple[Pin, ...]
    outputs: tuple[Pin, ...]

    def pin(self, name: str) -> Pin:
        """Pin by name. KeyError if there is none."""
        for pin in (*self.inputs, *self.outputs):
            if pin.name == name:
                return pin
        raise KeyError(name)


@dataclass(frozen=True, slots=True, eq=False)
class WireLoad:
    """A wire-load model: length of a net from its fanout, and capacitance of that length.

    Attributes
    ----------
    capacitance_ff : per unit of length.
    slope : length that each further sink adds beyond the last fanout listed.
    fanouts, lengths : the listed points.
    """

    capacitance_ff: float
    slope: float
    fanouts: Floats
    lengths: Floats

    def load_ff(self, fanout: NDArray[np.int64]) -> Floats:
        """Capacitance of the wires of nets with so many sinks; nothing for an unused net."""
        beyond = np.maximum(fanout - self.fanouts[-1], 0.0) * self.slope
        length = np.interp(fanout, self.fanouts, self.lengths) + beyond
        return np.where(fanout > 0, length * self.capacitance_ff, 0.0)


@dataclass(frozen=True, eq=False)
class CellLibrary:
    """A cell library in a file.

    Attributes
    ----------
    path : the file.
    sha256 : of its bytes.
    voltage : supply, V.
    wire_load : the model that the library takes by default.
    cells : name -> text of the cell; `cell` parses it.
    """

    path: Path
    sha256: str
    voltage: float
    wire_load: WireLoad
    cells: Mapping[str, str] = field(repr=False)
    _parsed: dict[str, Cell] = field(default_factory=dict, repr=False)

    def cell(self, name: str) -> Cell:
        """One cell, parsed.

        Raises
        ------
        InputError : the library has no such cell.
        """
        if name not in self._parsed:
            if name not in self.cells:
                raise InputError(self.path, f"cell({name})", "the library has no such cell")
            self._parsed[name] = _cell(name, first_group(self.cells[name], self.path))
        return self._parsed[name]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All cells, in the order of the file."""
        return tuple(self.cells)


def read_library(path: str | Path) -> CellLibrary:
    """Open a Liberty file.

    Raises
    ------
    InputError : not readable, no cells, or units other than ns, fF, nW and V.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(path, "", f"cannot be read: {error.strerror}") from None
    text = data.decode("latin-1")
    starts = [(match.start(), match[1]) for match in _CELL.finditer(text)]
    if not starts:
        raise InputError(path, "", "holds no cell: a Liberty file is wanted")
    header = re.sub(r"/\*.*?\*/", "", text[: starts[0][0]], flags=re.DOTALL)
    for unit, wanted in _UNITS.items():
        match = re.search(rf"\b{unit}\s*[:(]\s*([^;)]*)", header)
        found = match[1].replace(" ", "").strip() if match else ""
        if found != wanted:
            raise InputError(path, unit, f"{wanted} is wanted, not {found or 'nothing'}")
    voltage = re.search(r"\bnom_voltage\s*:\s*([\d.]+)", header)
    if voltage is None:
        raise InputError(path, "nom_voltage", "is missing")
    ends = [start for start, _ in starts[1:]] + [len(text)]
    cells = {name: text[start:end] for (start, name), end in zip(starts, ends, strict=True)}
    digest = hashlib.sha256(data).hexdigest()
    return CellLibrary(path, digest, float(voltage[1]), _default_wire_load(header, path), cells)


def _default_wire_load(header: str, path: Path) -> WireLoad:
    name = re.search(r'default_wire_load\s*:\s*"(\w+)"', header)
    body = re.search(rf'wire_load\s*\(\s*"{name[1]}"\s*\)\s*\{{([^}}]*)\}}', header) if name else None
    if body is None:
        raise InputError(path, "default_wire_load", "a wire_load group that it names is wanted")
    figures = dict(re.findall(r"(capacitance|slope)\s*:\s*([\d.eE+-]+)", body[1]))
    points = re.findall(r"fanout_length\s*\(\s*(\d+)\s*,\s*([\d.]+)\s*\)", body[1])
    if len(figures) != 2 or not points:
        raise InputError(
            path, f"wire_load({name[1] if name else ''})", "capacitance, slope and fanout_length are wanted"
        )
    table = np.array(points, dtype=float)
    return WireLoad(float(figures["capacitance"]), float(figures["slope"]), table[:, 0], table[:, 1])


def _numbers(parts: list[str]) -> list[float]:
    return [float(number) for part in parts for number in part.replace(",", " ").split()]


def _table(group: Group) -> Table:
    values = np.array(_numbers(group.attributes["values"]))
    first = np.array(_numbers(group.attributes.get("index_1", ["0"])))
    second = np.array(_numbers(group.attributes.get("index_2", ["0"])))
    return Table(first, second, values.reshape(first.size, second.size))


_ZERO = Table(np.zeros(1), np.zeros(1), np.zeros((1, 1)))


def _first(group: Group, name: str) -> Table:
    return next((_table(found) for found in group.named(name)), _ZERO)


def _pin(name: str, group: Group) -> Pin:
    arcs, setups = [], []
    for timing in group.named("timing"):
        kind = timing.text("timing_type", "combinational")
        related, when = timing.text("related_pin"), timing.text("when")
        if kind == "setup_rising":
            setups.append(Setup(related, _first(timing, "rise_constraint"), _first(timing, "fall_constraint")))
        elif kind in ("combinational", "rising_edge"):
            tables = (_first(timing, t) for t in ("cell_rise", "cell_fall", "rise_transition", "fall_transition"))
            arcs.append(Arc(related, when, timing.text("timing_sense", "non_unate"), *tables))
    internal = tuple(
        Internal(
            power.text("related_pin"), power.text("when"), _first(power, "rise_power"), _first(power, "fall_power")
        )
        for power in group.named("internal_power")
    )
    capacitance = group.text("capacitance", "0")
    return Pin(
        name=name,
        output=group.text("direction") == "output",
        rise_cap_ff=float(group.text("rise_capacitance", capacitance)),
        fall_cap_ff=float(group.text("fall_capacitance", capacitance)),
        function=group.text("function") or group.text("state_function"),
        arcs=tuple(arcs),
        setups=tuple(setups),
        internal=internal,
    )


def _cell(name: str, group: Group) -> Cell:
    pins = [_pin(pin.arguments[0], pin) for pin in group.named("pin") if pin.text("direction") != "internal"]
    inputs, outputs = tuple(p for p in pins if not p.output), tuple(p for p in pins if p.output)
    return Cell(
        name,
        _kind(group, inputs, outputs),
        area_um2=float(group.text("area", "0")),
        leakage_nw=float(group.text("cell_leakage_power", "0")),
        inputs=inputs,
        outputs=outputs,
    )


def _kind(group: Group, inputs: tuple[Pin, ...], outputs: tuple[Pin, ...]) -> str:
    if group.text("clock_gating_integrated_cell").startswith("latch_posedge"):
        return "clock_gate"
    flipflop = next(group.named("ff"), None)
    if flipflop is not None:
        plain = flipflop.text("next_state") == "D" and flipflop.text("clocked_on") == "CK"
        return "flipflop" if plain and not {"clear", "preset"} & set(flipflop.attributes) else "other"
    sequential = next(group.named("latch"), None) or group.text("statetable")
    three_state = any(pin.text("three_state") for pin in group.named("pin"))
    single = len(outputs) == 1 and bool(inputs) and bool(outputs[0].function)
    return "comb" if single and not sequential and not three_state else "other"
