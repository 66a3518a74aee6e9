"""Event-driven simulation of a mapped netlist with the delays of its timing: counts of every transition.

Two-valued, with inertial delays: a pulse shorter than the delay of the cell that makes it does not leave the cell, as
with Verilog's specify paths. Delays are those of the library's arcs for the causing pin and the state of the others, at
the slews and loads of static timing, in ticks of 0.1 ps. The clock is ideal; clock gates open where their enable was
high before the edge. A cycle is simulated from edge to edge, and everything must settle within it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from .event_kernel import (
    COMB,
    FLOP,
    FLOP_COLUMNS,
    GATE,
    GATE_COLUMNS,
    QUEUE_FULL,
    TICKS_PER_NS,
    TOO_SLOW,
    entry_delays,
    run,
    settle,
)
from .netlist import NO_NET, ONE, Netlist
from .timing import INPUT_DELAY_NS, Timing

Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Activity:
    """Transition counts of a simulation.

    Attributes
    ----------
    cycles : how many cycles were counted.
    net_toggles : (nets,) transitions of each net, the clock nets included.
    entry_counts : per cell and entry (see `entry_bases`): input transitions that changed the output, at the time the
        output moved, and those that did not.
    flop_counts : (F, 16), see `event_kernel.FLOP_RISE`.
    gate_counts : (G, 16), see `event_kernel.GATE_RISE`.
    """

    cycles: float
    net_toggles: Floats
    entry_counts: Floats
    flop_counts: Floats
    gate_counts: Floats


def entry_bases(netlist: Netlist) -> Ints:
    """First entry of each combinational cell, shape (N + 1,); entry of pin p and new state s is base + p 2^n + s."""
    inputs = netlist.tables.n_inputs[netlist.cell_type]
    return np.concatenate([[0], np.cumsum(inputs << inputs)])


class Simulator:
    """A netlist at work, from reset-free zero: cycles are simulated in pieces, and each piece counts or does not.

    Parameters
    ----------
    netlist, timing : what is simulated, and its delays.
    period_ns : clock period, half of it high.
    """

    def __init__(self, netlist: Netlist, timing: Timing, period_ns: float) -> None:
        self.netlist, self.period_ns = netlist, period_ns
        self.input_nets = np.concatenate([*netlist.inputs.values(), np.zeros(0, dtype=np.int64)])
        self.output_nets = np.concatenate([*netlist.outputs.values(), np.zeros(0, dtype=np.int64)])
        self.bases = entry_bases(netlist)
        self.delays = _all_entry_delays(netlist, timing, self.bases)
        self.q_delay, self.qn_delay = _ticks(timing.flop_q_delay_ns), _ticks(timing.flop_qn_delay_ns)
        self.sink_base, self.sinks = _sinks(netlist)
        self.state = _State.of(netlist, round(period_ns * TICKS_PER_NS))
        self.reset_counts()

    def reset_counts(self) -> None:
        """Forget what was counted so far."""
        self.cycles = 0
        self.toggles = np.zeros(self.netlist.nets, dtype=np.int64)
        self.entries = np.zeros(self.bases[-1], dtype=np.int64)
        self.flops = np.zeros((self.netlist.flop_type.size, FLOP_COLUMNS), dtype=np.int64)
        self.gates = np.zeros((self.netlist.gate_type.size, GATE_COLUMNS), dtype=np.int64)

    def run(self, stimulus: Bits, counted: bool = True) -> Bits:
        """Simulate further cycles, one row of input bits each.

        Parameters
        ----------
        stimulus : (cycles, input bits), ports in the order of ``netlist.inputs``, lowest bit first; a row is applied
            `timing.INPUT_DELAY_NS` after the edge that starts its cycle.
        counted : add the cycles' transitions to the counts.

        Returns
        -------
        outputs : (cycles, output bits) at the end of each cycle, ports in the order of ``netlist.outputs``.

        Raises
        ------
        RunError : the netlist does not settle within the period.
        """
        netlist, state = self.netlist, self.state
        outputs = np.zeros((stimulus.shape[0], self.output_nets.size), dtype=np.uint8)
        status = run(
            netlist.clock,
            netlist.cell_type,
            netlist.cell_output,
            self.bases,
            self.delays,
            netlist.tables.n_inputs,
            netlist.tables.truth,
            netlist.flop_data,
            netlist.flop_q,
            netlist.flop_qn,
            netlist.flop_clock,
            self.q_delay,
            self.qn_delay,
            netlist.gate_enable,
            netlist.gate_output,
            netlist.gate_parent,
            self.sink_base,
            self.sinks,
            self.input_nets,
            self.output_nets,
            np.ascontiguousarray(stimulus, dtype=np.uint8),
            round(INPUT_DELAY_NS * TICKS_PER_NS),
            1 if counted else 0,
            state.value,
            state.cell_state,
            state.projected,
            state.flop_state,
            state.event_net,
            state.event_entry,
            state.event_next,
            state.head,
            state.tail,
            state.pending,
            self.toggles,
            self.entries,
            self.flops,
            self.gates,
            outputs,
        )
        if status == TOO_SLOW:
            raise RunError(f"simulation of {netlist.name}: not settled within a period of {self.period_ns:.3f} ns")
        if status == QUEUE_FULL:
            raise RunError(f"simulation of {netlist.name}: more events at a time than the queue holds")
        self.cycles += stimulus.shape[0] if counted else 0
        return outputs

    def activity(self) -> Activity:
        """What was counted.

        Raises
        ------
        ValueError : no cycle was counted.
        """
        if self.cycles == 0:
            raise ValueError("no cycle was counted")
        counts = (self.toggles, self.entries, self.flops, self.gates)
        toggles, entries, flops, gates = (array.astype(np.float64) for array in counts)
        return Activity(float(self.cycles), toggles, entries, flops, gates)


@dataclass(frozen=True, eq=False)
class _State:
    """Values of nets and registers, and the queue of events: one linked list per tick of the cycle.

    Between two cycles the queue is empty but for its free list, which starts at ``event_next[-1]``.
    """

    value: Ints
    cell_state: Ints
    projected: Ints
    flop_state: Ints
    event_net: Ints
    event_entry: Ints
    event_next: Ints
    head: Ints
    tail: Ints
    pending: Ints

    @classmethod
    def of(cls, netlist: Netlist, period: int) -> _State:
        """All registers and inputs zero, everything settled."""
        room = 8 * netlist.nets + 4096
        # One place more than events: the head of the free list.
        event_next = np.append(np.arange(1, room + 1), 0)
        state = cls(
            value=np.zeros(netlist.nets, dtype=np.int64),
            cell_state=np.zeros(netlist.cell_type.size, dtype=np.int64),
            projected=np.zeros(netlist.cell_type.size, dtype=np.int64),
            flop_state=np.zeros(netlist.flop_type.size, dtype=np.int64),
            event_net=np.empty(room, dtype=np.int64),
            event_entry=np.empty(room, dtype=np.int64),
            event_next=event_next,
            head=np.full(period, -1, dtype=np.int64),
            tail=np.full(period, -1, dtype=np.int64),
            pending=np.full(netlist.nets, -1, dtype=np.int64),
        )
        state.value[ONE] = 1
        state.value[netlist.flop_qn[netlist.flop_qn != NO_NET]] = 1
        settle(
            netlist.cell_type,
            netlist.cell_inputs,
            netlist.cell_output,
            netlist.tables.n_inputs,
            netlist.tables.truth,
            state.value,
            state.cell_state,
            state.projected,
        )
        return state


def _all_entry_delays(netlist: Netlist, timing: Timing, bases: Ints) -> Ints:
    delays = np.empty(bases[-1], dtype=np.int64)
    tables = netlist.tables
    entry_delays(
        netlist.cell_type,
        netlist.cell_inputs,
        netlist.cell_output,
        bases,
        tables.n_inputs,
        tables.truth,
        tables.entry_base,
        tables.entry_delay,
        tables.slew_axis,
        tables.load_axis,
        tables.values,
        timing.slew_ns,
        timing.load_ff,
        delays,
    )
    return delays


def _ticks(delay_ns: Floats) -> Ints:
    return np.maximum(np.rint(delay_ns * TICKS_PER_NS), 1).astype(np.int64)


def _sinks(netlist: Netlist) -> tuple[Ints, Ints]:
    """Sinks of each net: `base` (nets + 1,) into rows of kind, number and pin."""
    rows = []
    for bit in range(netlist.cell_inputs.shape[1]):
        used = np.flatnonzero(netlist.cell_inputs[:, bit] > ONE)
        rows.append(np.stack([netlist.cell_inputs[used, bit], np.full(used.size, COMB), used, np.full(used.size, bit)]))
    for kind, nets in ((FLOP, netlist.flop_data), (GATE, netlist.gate_enable)):
        numbers = np.arange(nets.size)
        rows.append(np.stack([nets, np.full(nets.size, kind), numbers, np.zeros(nets.size, dtype=np.int64)]))
    table = np.concatenate(rows, axis=1)
    table = table[:, np.argsort(table[0], kind="stable")]
    base = np.searchsorted(table[0], np.arange(netlist.nets + 1))
    return base.astype(np.int64), np.ascontiguousarray(table[1:].T)
