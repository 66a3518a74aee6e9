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
from ..mapping._jit import jit
from .netlist import NO_NET, ONE, Netlist
from .timing import INPUT_DELAY_NS, Timing, interpolate

Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]
Floats = NDArray[np.float64]

TICKS_PER_NS = 10_000

#: Columns of the transition counts of flip-flops. D moves: 4 clock + 2 Q + new D; edges: base + 2 D + Q.
FLOP_RISE, FLOP_FALL, FLOP_COLUMNS = 8, 12, 16
#: Columns of clock gates. E moves: 4 clock + 2 output + new E; rising edge: base + E; falling: base + 2 E + output.
GATE_RISE, GATE_FALL, GATE_COLUMNS = 8, 12, 16

_SETTLED, _TOO_SLOW, _QUEUE_FULL = 0, 1, 2
_COMB, _FLOP, _GATE = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Activity:
    """Transition counts of a simulation.

    Attributes
    ----------
    cycles : how many cycles were counted.
    net_toggles : (nets,) transitions of each net, the clock nets included.
    entry_counts : per cell and entry (see `entry_bases`): input transitions that changed the output, at the time the
        output moved, and those that did not.
    flop_counts : (F, 16), see `FLOP_RISE`.
    gate_counts : (G, 16), see `GATE_RISE`.
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
        status = _run(
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
        if status == _TOO_SLOW:
            raise RunError(f"simulation of {netlist.name}: not settled within a period of {self.period_ns:.3f} ns")
        if status == _QUEUE_FULL:
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
        _settle(
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
    _entry_delays(
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
        rows.append(
            np.stack([netlist.cell_inputs[used, bit], np.full(used.size, _COMB), used, np.full(used.size, bit)])
        )
    for kind, nets in ((_FLOP, netlist.flop_data), (_GATE, netlist.gate_enable)):
        numbers = np.arange(nets.size)
        rows.append(np.stack([nets, np.full(nets.size, kind), numbers, np.zeros(nets.size, dtype=np.int64)]))
    table = np.concatenate(rows, axis=1)
    table = table[:, np.argsort(table[0], kind="stable")]
    base = np.searchsorted(table[0], np.arange(netlist.nets + 1))
    return base.astype(np.int64), np.ascontiguousarray(table[1:].T)


@jit
def _entry_delays(
    cell_type: Ints,
    cell_inputs: Ints,
    cell_output: Ints,
    bases: Ints,
    n_inputs: Ints,
    truth: NDArray[np.uint64],
    entry_base: Ints,
    entry_delay: Ints,
    slew_axis: Floats,
    load_axis: Floats,
    values: Floats,
    slew: Floats,
    load: Floats,
    delays: Ints,
) -> None:
    """Delay of every entry in ticks, at least one; 0 where the output does not change."""
    for cell in range(cell_type.size):
        kind = cell_type[cell]
        size = 1 << n_inputs[kind]
        for pin in range(n_inputs[kind]):
            net = cell_inputs[cell, pin]
            for state in range(size):
                offset = pin * size + state
                table = int(entry_delay[entry_base[kind] + offset])
                ticks = 0
                if table >= 0:
                    out_edge = np.int64(truth[kind] >> np.uint64(state)) & 1
                    delay = interpolate(
                        table,
                        slew[net, state >> pin & 1],
                        load[cell_output[cell], out_edge],
                        slew_axis,
                        load_axis,
                        values,
                    )
                    ticks = max(1, int(np.rint(delay * TICKS_PER_NS)))
                delays[bases[cell] + offset] = ticks


@jit
def _settle(
    cell_type: Ints,
    cell_inputs: Ints,
    cell_output: Ints,
    n_inputs: Ints,
    truth: NDArray[np.uint64],
    value: Ints,
    state: Ints,
    projected: Ints,
) -> None:
    """Values of all cells' outputs, in topological order."""
    for cell in range(cell_type.size):
        for pin in range(n_inputs[cell_type[cell]]):
            state[cell] |= value[cell_inputs[cell, pin]] << pin
        projected[cell] = np.int64(truth[cell_type[cell]] >> np.uint64(state[cell])) & 1
        value[cell_output[cell]] = projected[cell]


@jit
def _run(
    clock: int,
    cell_type: Ints,
    cell_output: Ints,
    bases: Ints,
    delays: Ints,
    n_inputs: Ints,
    truth: NDArray[np.uint64],
    flop_data: Ints,
    flop_q: Ints,
    flop_qn: Ints,
    flop_clock: Ints,
    q_delay: Ints,
    qn_delay: Ints,
    gate_enable: Ints,
    gate_output: Ints,
    gate_parent: Ints,
    sink_base: Ints,
    sinks: Ints,
    input_nets: Ints,
    output_nets: Ints,
    stimulus: Bits,
    input_delay: int,
    counted: int,
    value: Ints,
    state: Ints,
    projected: Ints,
    flop_state: Ints,
    event_net: Ints,
    event_entry: Ints,
    event_next: Ints,
    head: Ints,
    tail: Ints,
    pending: Ints,
    toggles: Ints,
    entries: Ints,
    flop_counts: Ints,
    gate_counts: Ints,
    outputs: Bits,
) -> int:
    """Simulate all cycles, moving the state and the counts in place; the status that it ended with."""
    period = head.size
    room = event_net.size
    free = event_next[room]
    flop_on = np.zeros(flop_data.size, dtype=np.int64)
    gate_on = np.zeros(gate_enable.size, dtype=np.int64)
    # Nets to move and when, filled by the clock edge and the inputs before the cycle's ticks are walked.
    start_net = np.empty(2 * flop_data.size + input_nets.size, dtype=np.int64)
    start_tick = np.empty(2 * flop_data.size + input_nets.size, dtype=np.int64)

    for cycle in range(stimulus.shape[0]):
        started = 0
        for gate in range(gate_enable.size):
            fed = gate_parent[gate] < 0 or gate_on[gate_parent[gate]] == 1
            enable = value[gate_enable[gate]]
            gate_on[gate] = enable if fed else 0
            if fed:
                gate_counts[gate, GATE_RISE + enable] += counted
                toggles[gate_output[gate]] += enable * counted
        for flop in range(flop_data.size):
            flop_on[flop] = 1 if flop_clock[flop] < 0 else gate_on[flop_clock[flop]]
            if flop_on[flop] == 0:
                continue
            data = value[flop_data[flop]]
            flop_counts[flop, FLOP_RISE + 2 * data + flop_state[flop]] += counted
            if data != flop_state[flop]:
                flop_state[flop] = data
                if flop_q[flop] != NO_NET:
                    start_net[started], start_tick[started] = flop_q[flop], q_delay[flop, data]
                    started += 1
                if flop_qn[flop] != NO_NET:
                    start_net[started], start_tick[started] = flop_qn[flop], qn_delay[flop, 1 - data]
                    started += 1
        for bit in range(input_nets.size):
            if value[input_nets[bit]] != stimulus[cycle, bit]:
                start_net[started], start_tick[started] = input_nets[bit], input_delay
                started += 1
        if clock != NO_NET:
            toggles[clock] += 2 * counted

        waiting = 0
        for index in range(started):
            if start_tick[index] >= period:
                return _TOO_SLOW
            event = free
            free = event_next[event]
            event_net[event], event_entry[event], event_next[event] = start_net[index], -1, -1
            tick = start_tick[index]
            if head[tick] < 0:
                head[tick] = event
            else:
                event_next[tail[tick]] = event
            tail[tick] = event
            pending[start_net[index]] = event
            waiting += 1

        high = 1
        for tick in range(period):
            if high == 1 and 2 * tick >= period:
                high = 0
                for gate in range(gate_enable.size):
                    if gate_parent[gate] < 0 or gate_on[gate_parent[gate]] == 1:
                        gate_counts[gate, GATE_FALL + 2 * value[gate_enable[gate]] + gate_on[gate]] += counted
                        toggles[gate_output[gate]] += gate_on[gate] * counted
                for flop in range(flop_data.size):
                    if flop_on[flop] == 1:
                        flop_counts[flop, FLOP_FALL + 2 * value[flop_data[flop]] + flop_state[flop]] += counted
            if waiting == 0 and high == 0:
                break
            while head[tick] >= 0:
                event = head[tick]
                head[tick] = event_next[event]
                net = event_net[event]
                cause = event_entry[event]
                event_next[event] = free
                free = event
                waiting -= 1
                if net < 0:
                    continue
                pending[net] = -1
                value[net] = 1 - value[net]
                toggles[net] += counted
                if cause >= 0:
                    entries[cause] += counted
                for sink in range(sink_base[net], sink_base[net + 1]):
                    number = sinks[sink, 1]
                    if sinks[sink, 0] == _FLOP:
                        on = high * flop_on[number]
                        flop_counts[number, 4 * on + 2 * flop_state[number] + value[net]] += counted
                        continue
                    if sinks[sink, 0] == _GATE:
                        fed = gate_parent[number] < 0 or gate_on[gate_parent[number]] == 1
                        on = high if fed else 0
                        gate_counts[number, 4 * on + 2 * on * gate_on[number] + value[net]] += counted
                        continue
                    pin = sinks[sink, 2]
                    kind = cell_type[number]
                    state[number] ^= 1 << pin
                    entry = bases[number] + (pin << n_inputs[kind]) + state[number]
                    out = np.int64(truth[kind] >> np.uint64(state[number])) & 1
                    if out == projected[number]:
                        entries[entry] += counted
                        continue
                    projected[number] = out
                    moved = cell_output[number]
                    if pending[moved] >= 0:
                        event_net[pending[moved]] = -1
                        pending[moved] = -1
                        continue
                    when = tick + delays[entry]
                    if when >= period:
                        return _TOO_SLOW
                    new = free
                    if new >= room:
                        return _QUEUE_FULL
                    free = event_next[new]
                    event_net[new], event_entry[new], event_next[new] = moved, entry, -1
                    if head[when] < 0:
                        head[when] = new
                    else:
                        event_next[tail[when]] = new
                    tail[when] = new
                    pending[moved] = new
                    waiting += 1
        for bit in range(output_nets.size):
            outputs[cycle, bit] = value[output_nets[bit]]
    event_next[room] = free
    return _SETTLED
