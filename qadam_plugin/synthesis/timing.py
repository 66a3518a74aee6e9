"""Static timing of a mapped netlist: loads, slews, arrival times and the critical path.

Delays and slews come from the library's tables (NLDM) at the slew and load of each net. A net's load is the capacitance
of the pins on it and that of the library's default wire-load model; wires have no delay of their own. The clock is
ideal, gated or not: it arrives everywhere at time zero with one slew. Inputs change as if a flip-flop outside drove
them; outputs see one flip-flop's data pin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..jit import jit
from .celltables import BOTH, POSITIVE, lookup
from .liberty import Pin
from .netlist import NO_NET, ONE, Netlist

Floats = NDArray[np.float64]

CLOCK_SLEW_NS = 0.02
INPUT_SLEW_NS = 0.02
INPUT_DELAY_NS = 0.1
OUTPUT_LOAD_FF = 1.14

FALL, RISE = 0, 1


@dataclass(frozen=True, eq=False)
class Timing:
    """Static timing of a netlist. Second axis of every array: falling, rising.

    Attributes
    ----------
    load_ff : (nets, 2).
    slew_ns : (nets, 2) largest slew of a net.
    arrival_ns : (nets, 2) latest arrival after the clock edge; -inf where a net never changes.
    flop_q_delay_ns, flop_qn_delay_ns : (F, 2) clock to output.
    critical_path_ns : longest path from a clock edge or an input to a register's setup time or an output.
    """

    load_ff: Floats
    slew_ns: Floats
    arrival_ns: Floats
    flop_q_delay_ns: Floats
    flop_qn_delay_ns: Floats
    critical_path_ns: float


def static_timing(netlist: Netlist) -> Timing:
    """Timing of a netlist: one pass over its cells in topological order."""
    load = net_loads(netlist)
    arrival = np.full((netlist.nets, 2), -np.inf)
    slew = np.zeros((netlist.nets, 2))
    for nets in netlist.inputs.values():
        arrival[nets], slew[nets] = INPUT_DELAY_NS, INPUT_SLEW_NS
    q_delay = _launch(netlist, netlist.flop_q, "Q", load, arrival, slew)
    qn_delay = _launch(netlist, netlist.flop_qn, "QN", load, arrival, slew)
    tables = netlist.tables
    _propagate(
        netlist.cell_type,
        netlist.cell_inputs,
        netlist.cell_output,
        tables.arc_base,
        tables.arc_pin,
        tables.arc_sense,
        tables.arc_tables,
        tables.slew_axis,
        tables.load_axis,
        tables.values,
        load,
        arrival,
        slew,
    )
    ends = [arrival[nets].ravel() for nets in netlist.outputs.values()]
    ends.append(_required(netlist.flop_type, netlist.flop_names, netlist.flop_data, "D", netlist, arrival, slew))
    ends.append(_required(netlist.gate_type, netlist.gate_names, netlist.gate_enable, "E", netlist, arrival, slew))
    critical = float(np.concatenate(ends).max(initial=0.0))
    return Timing(load, slew, arrival, q_delay, qn_delay, critical)


def net_loads(netlist: Netlist) -> Floats:
    """Capacitance on each net, fF, shape (nets, 2): sinks for a falling and a rising edge, output ports, wires."""
    load = np.zeros((netlist.nets, 2))
    fanout = np.zeros(netlist.nets, dtype=np.int64)
    tables = netlist.tables
    for number, name in enumerate(tables.names):
        cells = netlist.cell_inputs[netlist.cell_type == number]
        for bit, pin in enumerate(tables.pins[number]):
            _add(load, fanout, cells[:, bit], netlist.library.cell(name).pin(pin))
    sinks = (
        (netlist.flop_names, netlist.flop_type, netlist.flop_data, "D"),
        (netlist.flop_names, netlist.flop_type, clock_nets(netlist, netlist.flop_clock), "CK"),
        (netlist.gate_names, netlist.gate_type, netlist.gate_enable, "E"),
        (netlist.gate_names, netlist.gate_type, clock_nets(netlist, netlist.gate_parent), "CK"),
    )
    for names, types, nets, pin in sinks:
        for number, name in enumerate(names):
            _add(load, fanout, nets[types == number], netlist.library.cell(name).pin(pin))
    for nets in netlist.outputs.values():
        np.add.at(load, nets, OUTPUT_LOAD_FF)
        np.add.at(fanout, nets, 1)
    return load + netlist.library.wire_load.load_ff(fanout)[:, None]


def clock_nets(netlist: Netlist, gates: NDArray[np.int64]) -> NDArray[np.int64]:
    """Clock net for each clock gate's number, -1 standing for the clock itself."""
    return np.append(netlist.gate_output, netlist.clock)[gates]


def _add(load: Floats, fanout: NDArray[np.int64], nets: NDArray[np.int64], pin: Pin) -> None:
    """One more sink on each net."""
    np.add.at(fanout, nets, 1)
    np.add.at(load, nets, np.array([pin.fall_cap_ff, pin.rise_cap_ff]))


def _launch(netlist: Netlist, nets: NDArray[np.int64], pin: str, load: Floats, arrival: Floats, slew: Floats) -> Floats:
    """Arrival and slew at one output of all flip-flops; returns the delays, shape (F, 2)."""
    delays = np.zeros((nets.size, 2))
    for number, name in enumerate(netlist.flop_names):
        arc = netlist.library.cell(name).pin(pin).arcs[0]
        chosen = np.flatnonzero((netlist.flop_type == number) & (nets != NO_NET))
        driven = nets[chosen]
        for edge, delay, transition in ((FALL, arc.fall, arc.fall_slew), (RISE, arc.rise, arc.rise_slew)):
            delays[chosen, edge] = arrival[driven, edge] = lookup(delay, CLOCK_SLEW_NS, load[driven, edge])
            slew[driven, edge] = lookup(transition, CLOCK_SLEW_NS, load[driven, edge])
    return delays


def _required(
    types: NDArray[np.int64],
    names: tuple[str, ...],
    nets: NDArray[np.int64],
    pin: str,
    netlist: Netlist,
    arrival: Floats,
    slew: Floats,
) -> Floats:
    """Arrival plus setup time at one data pin of all registers of a kind, ns."""
    ends = np.full((nets.size, 2), -np.inf)
    for number, name in enumerate(names):
        setup = netlist.library.cell(name).pin(pin).setups[0]
        chosen = np.flatnonzero(types == number)
        for edge, table in ((FALL, setup.fall), (RISE, setup.rise)):
            at = nets[chosen]
            ends[chosen, edge] = arrival[at, edge] + lookup(table, slew[at, edge], CLOCK_SLEW_NS)
    return ends.ravel()


@jit
def interpolate(table: int, slew: float, load: float, slew_axis: Floats, load_axis: Floats, values: Floats) -> float:
    """Worth of one lookup table: bilinear, linear beyond its ends (the same as `celltables.lookup`)."""
    i, j = 0, 0
    while i < 5 and slew >= slew_axis[table, i + 1]:
        i += 1
    while j < 5 and load >= load_axis[table, j + 1]:
        j += 1
    u = (slew - slew_axis[table, i]) / (slew_axis[table, i + 1] - slew_axis[table, i])
    v = (load - load_axis[table, j]) / (load_axis[table, j + 1] - load_axis[table, j])
    left = values[table, i, j] * (1 - u) + values[table, i + 1, j] * u
    right = values[table, i, j + 1] * (1 - u) + values[table, i + 1, j + 1] * u
    return left * (1 - v) + right * v


@jit
def _propagate(
    cell_type: NDArray[np.int64],
    cell_inputs: NDArray[np.int64],
    cell_output: NDArray[np.int64],
    arc_base: NDArray[np.int64],
    arc_pin: NDArray[np.int64],
    arc_sense: NDArray[np.int64],
    arc_tables: NDArray[np.int64],
    slew_axis: Floats,
    load_axis: Floats,
    values: Floats,
    load: Floats,
    arrival: Floats,
    slew: Floats,
) -> None:
    """Latest arrival and largest slew of every cell's output, in place."""
    for cell in range(cell_type.size):
        out = cell_output[cell]
        for arc in range(arc_base[cell_type[cell]], arc_base[cell_type[cell] + 1]):
            net = cell_inputs[cell, arc_pin[arc]]
            if net <= ONE:
                continue
            for edge in range(2):
                if arrival[net, edge] == -np.inf:
                    continue
                for out_edge in range(2):
                    if arc_sense[arc] != BOTH and (arc_sense[arc] == POSITIVE) != (edge == out_edge):
                        continue
                    column = 0 if out_edge == RISE else 1
                    delay = interpolate(
                        arc_tables[arc, column], slew[net, edge], load[out, out_edge], slew_axis, load_axis, values
                    )
                    transition = interpolate(
                        arc_tables[arc, column + 2], slew[net, edge], load[out, out_edge], slew_axis, load_axis, values
                    )
                    arrival[out, out_edge] = max(arrival[out, out_edge], arrival[net, edge] + delay)
                    slew[out, out_edge] = max(slew[out, out_edge], transition)
