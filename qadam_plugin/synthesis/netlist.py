"""A mapped netlist as arrays: combinational cells in topological order, flip-flops and clock gates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from .celltables import MAX_INPUTS, CellTables, cell_tables
from .liberty import CellLibrary

Ints = NDArray[np.int64]

#: Net numbers of the constants.
ZERO, ONE = 0, 1
NO_NET = -1


@dataclass(frozen=True, eq=False)
class Netlist:
    """One module mapped to a cell library. Nets are numbers; 0 and 1 are the constants.

    Attributes
    ----------
    name : of the module.
    library : the cells it is mapped to.
    tables : its combinational cell types as arrays.
    nets : how many nets there are.
    clock : net of the clock port; `NO_NET` without one.
    inputs : port -> nets, lowest bit first, the clock excluded.
    outputs : port -> nets, lowest bit first.
    cell_type : (N,) type of each combinational cell, in topological order.
    cell_inputs : (N, 6) nets of its input pins, `NO_NET` beyond the type's count.
    cell_output : (N,) net that it drives.
    flop_type, flop_data, flop_q, flop_qn, flop_clock : (F,) per flip-flop: number in `flop_names`, nets; `NO_NET` where
        an output is not used; `flop_clock` is the clock gate's number that feeds it, -1 for the clock itself.
    gate_type, gate_enable, gate_output, gate_parent : (G,) per clock gate: number in `gate_names`, nets, and the gate
        before it, -1 for the clock itself; parents stand first.
    flop_names, gate_names : cell types.
    """

    name: str
    library: CellLibrary
    tables: CellTables
    nets: int
    clock: int
    inputs: Mapping[str, Ints]
    outputs: Mapping[str, Ints]
    cell_type: Ints
    cell_inputs: Ints
    cell_output: Ints
    flop_type: Ints
    flop_data: Ints
    flop_q: Ints
    flop_qn: Ints
    flop_clock: Ints
    gate_type: Ints
    gate_enable: Ints
    gate_output: Ints
    gate_parent: Ints
    flop_names: tuple[str, ...]
    gate_names: tuple[str, ...]

    @property
    def area_um2(self) -> float:
        """Sum of the cells' areas."""
        return self.combinational_area_um2 + self._sequential("area_um2")

    @property
    def combinational_area_um2(self) -> float:
        """Area of the cells that are neither flip-flop nor clock gate."""
        return float(self.tables.area_um2[self.cell_type].sum())

    @property
    def leakage_uw(self) -> float:
        """Sum of the cells' leakages, each the mean over its states."""
        combinational = float(self.tables.leakage_nw[self.cell_type].sum())
        return (combinational + self._sequential("leakage_nw")) / 1e3

    @property
    def cells(self) -> int:
        """Count of all cells."""
        return self.cell_type.size + self.flop_type.size + self.gate_type.size

    def _sequential(self, figure: str) -> float:
        total = 0.0
        for names, types in ((self.flop_names, self.flop_type), (self.gate_names, self.gate_type)):
            counts = np.bincount(types, minlength=len(names))
            total += sum(
                getattr(self.library.cell(name), figure) * count for name, count in zip(names, counts, strict=True)
            )
        return float(total)


def read_netlist(path: str | Path, top: str, library: CellLibrary, clock: str = "clk") -> Netlist:
    """Netlist of a flat, mapped module in the JSON that yosys writes.

    Raises
    ------
    RunError : the module is missing, a cell cannot be timed (latch, tri-state, unmapped), combinational cells form a
        loop, a net has two drivers, or a register's clock is neither the clock port nor a gated one.
    """
    modules = json.loads(Path(path).read_text())["modules"]
    if top not in modules:
        raise RunError(f"synthesis of {top}: the netlist holds no such module")
    return _Builder(top, modules[top], library, clock).build()


class _Builder:
    """Turns yosys's JSON module into arrays."""

    def __init__(self, top: str, module: dict, library: CellLibrary, clock: str) -> None:
        self.top, self.module, self.library, self.clock_port = top, module, library, clock
        self.numbers: dict[int | str, int] = {"0": ZERO, "1": ONE, "x": ZERO}
        self.kinds: dict[str, str] = {}

    def fail(self, message: str) -> RunError:
        return RunError(f"synthesis of {self.top}: {message}")

    def net(self, bit: int | str) -> int:
        return self.numbers.setdefault(bit, len(self.numbers) - 1)

    def pin(self, cell: dict, name: str) -> int:
        """Net at a pin; `NO_NET` if the pin is left open."""
        bits = cell["connections"].get(name, [])
        return self.net(bits[0]) if bits else NO_NET

    def build(self) -> Netlist:
        ports = self.module["ports"]
        nets = {name: np.array([self.net(bit) for bit in port["bits"]], dtype=np.int64) for name, port in ports.items()}
        clock = int(nets[self.clock_port][0]) if self.clock_port in nets else NO_NET
        by_kind: dict[str, list[dict]] = {"comb": [], "flipflop": [], "clock_gate": []}
        for name, cell in self.module["cells"].items():
            kind = self.library.cell(cell["type"]).kind if cell["type"] in self.library.cells else "unmapped"
            if kind not in by_kind:
                raise self.fail(f"cell {name} of type {cell['type']} ({kind}) cannot be timed or simulated")
            by_kind[kind].append(cell)
        gates = self._gates(by_kind["clock_gate"], clock)
        flops = self._flops(by_kind["flipflop"], gates["output"], clock)
        types = tuple(sorted({cell["type"] for cell in by_kind["comb"]}))
        tables = cell_tables(self.library, types)
        inputs = {n: nets[n] for n, port in ports.items() if port["direction"] == "input" and n != self.clock_port}
        sources = [
            clock,
            *gates["output"],
            *flops["q"],
            *flops["qn"],
            *(bit for bits in inputs.values() for bit in bits),
        ]
        cell_type, cell_inputs, cell_output = self._ordered(by_kind["comb"], tables, sources)
        return Netlist(
            name=self.top,
            library=self.library,
            tables=tables,
            nets=max(self.numbers.values()) + 1,
            clock=clock,
            inputs=inputs,
            outputs={n: nets[n] for n, port in ports.items() if port["direction"] == "output"},
            cell_type=cell_type,
            cell_inputs=cell_inputs,
            cell_output=cell_output,
            flop_type=flops["type"],
            flop_data=flops["data"],
            flop_q=flops["q"],
            flop_qn=flops["qn"],
            flop_clock=flops["clock"],
            gate_type=gates["type"],
            gate_enable=gates["enable"],
            gate_output=gates["output"],
            gate_parent=gates["parent"],
            flop_names=self._names(by_kind["flipflop"]),
            gate_names=self._names(by_kind["clock_gate"]),
        )

    @staticmethod
    def _names(cells: list[dict]) -> tuple[str, ...]:
        return tuple(sorted({cell["type"] for cell in cells}))

    def _gates(self, cells: list[dict], clock: int) -> dict[str, Ints]:
        """Clock gates, parents first."""
        names, known = self._names(cells), {clock: -1}
        rows: list[tuple[int, int, int, int]] = []
        waiting = cells
        while waiting:
            ready = [cell for cell in waiting if self.pin(cell, "CK") in known]
            if not ready:
                raise self.fail(f"a clock gate of type {waiting[0]['type']} is not fed by the clock")
            for cell in ready:
                if "SE" in cell["connections"] and self.pin(cell, "SE") != ZERO:
                    raise self.fail("a clock gate's test pin is not tied low")
                output = self.pin(cell, "GCK")
                rows.append((names.index(cell["type"]), self.pin(cell, "E"), output, known[self.pin(cell, "CK")]))
                known[output] = len(rows) - 1
            taken = {id(cell) for cell in ready}
            waiting = [cell for cell in waiting if id(cell) not in taken]
        return self._columns(rows, ("type", "enable", "output", "parent"))

    def _flops(self, cells: list[dict], gate_outputs: Ints, clock: int) -> dict[str, Ints]:
        names, clocks = self._names(cells), {clock: -1} | {int(net): number for number, net in enumerate(gate_outputs)}
        rows = []
        for cell in cells:
            source = self.pin(cell, "CK")
            if source not in clocks or source == NO_NET:
                raise self.fail("a flip-flop's clock is neither the clock port nor a gated clock")
            nets = (self.pin(cell, name) for name in ("D", "Q", "QN"))
            rows.append((names.index(cell["type"]), *nets, clocks[source]))
        return self._columns(rows, ("type", "data", "q", "qn", "clock"))

    @staticmethod
    def _columns(rows: list[tuple[int, ...]], names: tuple[str, ...]) -> dict[str, Ints]:
        array = np.array(rows, dtype=np.int64).reshape(-1, len(names))
        return {name: array[:, column].copy() for column, name in enumerate(names)}

    def _ordered(self, cells: list[dict], tables: CellTables, sources: list[int]) -> tuple[Ints, Ints, Ints]:
        """Combinational cells such that every cell stands behind those that feed it."""
        types = np.array([tables.index[cell["type"]] for cell in cells], dtype=np.int64)
        inputs = np.full((len(cells), MAX_INPUTS), NO_NET, dtype=np.int64)
        outputs = np.empty(len(cells), dtype=np.int64)
        driven = {ZERO, ONE, *(source for source in sources if source != NO_NET)}
        consumers: dict[int, list[int]] = {}
        missing = [0] * len(cells)
        for number, cell in enumerate(cells):
            outputs[number] = self.pin(cell, tables.output[types[number]])
            for bit, name in enumerate(tables.pins[types[number]]):
                net = self.pin(cell, name)
                inputs[number, bit] = net
                if net not in driven:
                    consumers.setdefault(net, []).append(number)
                    missing[number] += 1
        if len({*outputs.tolist()}) != len(cells) or driven & {*outputs.tolist()}:
            raise self.fail("a net has two drivers")
        order = [number for number, count in enumerate(missing) if count == 0]
        for number in order:
            for consumer in consumers.get(int(outputs[number]), ()):
                missing[consumer] -= 1
                if missing[consumer] == 0:
                    order.append(consumer)
        if len(order) != len(cells):
            raise self.fail("combinational cells form a loop, or an input is driven by nothing")
        return types[order], inputs[order], outputs[order]
