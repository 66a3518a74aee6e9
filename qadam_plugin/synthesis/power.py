"""Energy of a mapped netlist from its transition counts: internal energy of the cells and switching of the nets.

Internal energy comes from the library's tables at the slew and load of each pin and, where the library tells them
apart, at the state of the other pins: per transition of an output for the input that caused it, per transition of an
input that moves no output, and per clock edge. A net's transition costs half C V^2 (Liberty User Guide, vol. 1,
"Modeling Power"). Leakage is the netlist's own figure and is not part of the energies here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..jit import jit
from .boolean import evaluate
from .celltables import lookup
from .event_kernel import FLOP_COLUMNS, FLOP_FALL, FLOP_RISE, GATE_COLUMNS, GATE_FALL, GATE_RISE
from .liberty import Internal, Pin
from .netlist import NO_NET, Netlist
from .simulate import Activity, entry_bases
from .timing import CLOCK_SLEW_NS, FALL, RISE, Timing, interpolate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Toggles of every data net per cycle where nothing is simulated: the default of Synopsys Power Compiler
#: (power_default_toggle_rate; its power_default_static_probability is 0.5: all states as likely).
DEFAULT_TOGGLES = 0.1


@dataclass(frozen=True, slots=True)
class Energy:
    """Mean dynamic energy of one cycle, pJ.

    Attributes
    ----------
    internal_pj : inside the cells.
    switching_pj : of the nets, the clock nets included.
    """

    internal_pj: float
    switching_pj: float

    @property
    def total_pj(self) -> float:
        """Internal and switching energy."""
        return self.internal_pj + self.switching_pj


def energy_per_cycle(netlist: Netlist, timing: Timing, activity: Activity) -> Energy:
    """Price transition counts. Sums are exact (``math.fsum``), so the same counts give the same bits everywhere."""
    entries = _entry_energies(netlist, timing) * activity.entry_counts
    flops = _flop_energies(netlist, timing) * activity.flop_counts
    gates = _gate_energies(netlist, timing) * activity.gate_counts
    nets = net_energies_fj(netlist, timing) * activity.net_toggles
    per_cycle = 1e-3 / activity.cycles
    return Energy(
        internal_pj=math.fsum([*entries, *flops.ravel(), *gates.ravel()]) * per_cycle,
        switching_pj=math.fsum(nets) * per_cycle,
    )


def net_energies_fj(netlist: Netlist, timing: Timing) -> Floats:
    """Energy of one transition of each net: half C V^2 for the larger of its two loads, fJ, shape (nets,)."""
    return 0.5 * timing.load_ff.max(axis=1) * netlist.library.voltage**2


def default_activity(netlist: Netlist) -> Activity:
    """Counts of one cycle with default toggle rates in place of a simulation.

    Every data net moves `DEFAULT_TOGGLES` times, all states of a cell are as likely, and every clock runs, gated ones
    included. There are no glitches but those that the rate stands for.
    """
    kinds = netlist.tables.n_inputs[netlist.cell_type]
    bases = entry_bases(netlist)
    entries = np.repeat(DEFAULT_TOGGLES / (1 << kinds), kinds << kinds) if kinds.size else np.zeros(bases[-1])
    toggles = np.full(netlist.nets, DEFAULT_TOGGLES)
    toggles[:2] = 0.0
    for net in (netlist.clock, *netlist.gate_output):
        if net != NO_NET:
            toggles[net] = 2.0
    flops = np.empty((netlist.flop_type.size, FLOP_COLUMNS))
    # D's moves, each a fourth for a state of clock and Q and half for its direction; then D and Q differ at an edge
    # as often as Q moves.
    flops[:, :FLOP_RISE] = DEFAULT_TOGGLES / 8
    same, differ = (1 - DEFAULT_TOGGLES) / 2, DEFAULT_TOGGLES / 2
    flops[:, FLOP_RISE:FLOP_FALL] = flops[:, FLOP_FALL:] = [same, differ, differ, same]
    gates = np.zeros((netlist.gate_type.size, GATE_COLUMNS))
    gates[:, GATE_RISE + 1] = 1.0
    gates[:, GATE_FALL + 3] = 1.0
    return Activity(1.0, toggles, entries, flops, gates)


def _entry_energies(netlist: Netlist, timing: Timing) -> Floats:
    """Internal energy of every entry of every combinational cell, fJ (see `simulate.entry_bases`)."""
    bases = entry_bases(netlist)
    energies = np.zeros(bases[-1])
    tables = netlist.tables
    _price_entries(
        netlist.cell_type,
        netlist.cell_inputs,
        netlist.cell_output,
        bases,
        tables.n_inputs,
        tables.truth,
        tables.entry_base,
        tables.entry_energy,
        tables.slew_axis,
        tables.load_axis,
        tables.values,
        timing.slew_ns,
        timing.load_ff,
        energies,
    )
    return energies


@jit
def _price_entries(
    cell_type: Ints,
    cell_inputs: Ints,
    cell_output: Ints,
    bases: Ints,
    n_inputs: Ints,
    truth: NDArray[np.uint64],
    entry_base: Ints,
    entry_energy: Ints,
    slew_axis: Floats,
    load_axis: Floats,
    values: Floats,
    slew: Floats,
    load: Floats,
    energies: Floats,
) -> None:
    for cell in range(cell_type.size):
        kind = cell_type[cell]
        size = 1 << n_inputs[kind]
        for pin in range(n_inputs[kind]):
            net = cell_inputs[cell, pin]
            for state in range(size):
                offset = pin * size + state
                table = int(entry_energy[entry_base[kind] + offset])
                if table >= 0:
                    out_edge = np.int64(truth[kind] >> np.uint64(state)) & 1
                    energies[bases[cell] + offset] = interpolate(
                        table,
                        slew[net, state >> pin & 1],
                        load[cell_output[cell], out_edge],
                        slew_axis,
                        load_axis,
                        values,
                    )


def _flop_energies(netlist: Netlist, timing: Timing) -> Floats:
    """Internal energy per count of a flip-flop, fJ, shape (F, 16); columns as in `event_kernel.FLOP_RISE`."""
    energies = np.zeros((netlist.flop_type.size, FLOP_COLUMNS))
    for number, name in enumerate(netlist.flop_names):
        chosen = np.flatnonzero(netlist.flop_type == number)
        cell = netlist.library.cell(name)
        data, clock = cell.pin("D"), cell.pin("CK")
        slew = timing.slew_ns[netlist.flop_data[chosen]]
        for q in (0, 1):
            for new in (0, 1):
                for high in (0, 1):
                    state = {"CK": high, "D": new, "Q": q, "QN": 1 - q}
                    energies[chosen, 4 * high + 2 * q + new] = _hidden(data, state, new, slew[:, new])
                state = {"D": new, "Q": q, "QN": 1 - q}
                column = 2 * new + q
                energies[chosen, FLOP_RISE + column] = _hidden(clock, state, RISE, CLOCK_SLEW_NS)
                energies[chosen, FLOP_FALL + column] = _hidden(clock, state, FALL, CLOCK_SLEW_NS)
        for pin, nets, inverted in (("Q", netlist.flop_q, 0), ("QN", netlist.flop_qn, 1)):
            load = np.where((nets[chosen] != NO_NET)[:, None], timing.load_ff[nets[chosen]], 0.0)
            for q in (0, 1):
                edge = (1 - q) ^ inverted
                power = cell.pin(pin).internal[0]
                captured = lookup(power.rise if edge == RISE else power.fall, CLOCK_SLEW_NS, load[:, edge])
                energies[chosen, FLOP_RISE + 2 * (1 - q) + q] += captured
    return energies


def _gate_energies(netlist: Netlist, timing: Timing) -> Floats:
    """Internal energy per count of a clock gate, fJ, shape (G, 16); columns as in `event_kernel.GATE_RISE`."""
    energies = np.zeros((netlist.gate_type.size, GATE_COLUMNS))
    for number, name in enumerate(netlist.gate_names):
        chosen = np.flatnonzero(netlist.gate_type == number)
        cell = netlist.library.cell(name)
        enable, clock, output = cell.pin("E"), cell.pin("CK"), cell.pin("GCK")
        slew = timing.slew_ns[netlist.gate_enable[chosen]]
        load = timing.load_ff[netlist.gate_output[chosen]]
        for e in (0, 1):
            for high, gck in ((0, 0), (1, 0), (1, 1)):
                state = {"CK": high, "E": e, "SE": 0, "GCK": gck}
                energies[chosen, 4 * high + 2 * gck + e] = _hidden(enable, state, e, slew[:, e])
            idle = {"E": e, "SE": 0, "GCK": 0}
            energies[chosen, GATE_RISE + e] = _hidden(clock, idle, RISE, CLOCK_SLEW_NS)
            energies[chosen, GATE_FALL + 2 * e] = _hidden(clock, idle, FALL, CLOCK_SLEW_NS)
            moving = _conditional(output.internal, {"CK": 1, "E": e, "SE": 0})
            energies[chosen, GATE_FALL + 2 * e + 1] = lookup(moving.fall, CLOCK_SLEW_NS, load[:, FALL])
            if e:
                energies[chosen, GATE_RISE + 1] += lookup(moving.rise, CLOCK_SLEW_NS, load[:, RISE])
    return energies


def _hidden(pin: Pin, state: dict[str, int], edge: int, slew: Floats | float) -> Floats:
    """Internal energy of an input's transition that moves no output."""
    power = _conditional(pin.internal, state)
    return lookup(power.rise if edge == RISE else power.fall, np.asarray(slew, dtype=float), 0.0)


def _conditional(internal: tuple[Internal, ...], state: dict[str, int]) -> Internal:
    """The table whose condition holds in a state; the first where none does."""
    values = {pin: np.array([bool(value)]) for pin, value in state.items()}
    for power in internal:
        if power.when and evaluate(power.when, values)[0]:
            return power
    return internal[0]
