"""The compiled part of the simulator: delays of the cells, and the walk over events, tick by tick."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..jit import jit
from .netlist import NO_NET
from .timing import interpolate

Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]
Floats = NDArray[np.float64]

TICKS_PER_NS = 10_000

#: Columns of the transition counts of flip-flops. D moves: 4 clock + 2 Q + new D; edges: base + 2 D + Q.
FLOP_RISE, FLOP_FALL, FLOP_COLUMNS = 8, 12, 16
#: Columns of clock gates. E moves: 4 clock + 2 output + new E; rising edge: base + E; falling: base + 2 E + output.
GATE_RISE, GATE_FALL, GATE_COLUMNS = 8, 12, 16

#: How a run ended.
SETTLED, TOO_SLOW, QUEUE_FULL = 0, 1, 2
#: Kinds of sinks of a net.
COMB, FLOP, GATE = 0, 1, 2


@jit
def entry_delays(
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
def settle(
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
def run(
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
                return TOO_SLOW
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
                    if sinks[sink, 0] == FLOP:
                        on = high * flop_on[number]
                        flop_counts[number, 4 * on + 2 * flop_state[number] + value[net]] += counted
                        continue
                    if sinks[sink, 0] == GATE:
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
                        return TOO_SLOW
                    new = free
                    if new >= room:
                        return QUEUE_FULL
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
    return SETTLED
