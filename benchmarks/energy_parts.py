"""Where a multiply-accumulate's energy goes: clock and registers, logic that settles once, glitches.

Synthesises the MAC of each named PE type as `qadam-tl characterize` does, simulates the Gaussian operands of the tables
(seed 1) cycle by cycle, and counts for every net how often its settled value changed. What moved beyond that is
glitches. Needs pyosys and, once, the cell library.

    python benchmarks/energy_parts.py [PE_TYPE ...]
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import numpy as np
from published_figures import markdown

from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.synthesis.designs import mac_design
from qadam_plugin.synthesis.drive import Bench
from qadam_plugin.synthesis.event_kernel import FLOP_RISE
from qadam_plugin.synthesis.library import cell_library
from qadam_plugin.synthesis.measure import OPERATIONS, implement
from qadam_plugin.synthesis.netlist import NO_NET, Netlist
from qadam_plugin.synthesis.power import default_activity, energy_per_cycle
from qadam_plugin.synthesis.simulate import Activity, entry_bases
from qadam_plugin.synthesis.vectors import mac_stimulus, warmup_cycles

SEED = 1


@dataclass(frozen=True, slots=True)
class Parts:
    """Energy of one operation, pJ.

    Attributes
    ----------
    total : as in mac.csv's compute_pj.
    clock : of clock nets, clock gates and the clock edges of flip-flops, their outputs' transitions included.
    settled : of everything else if each net moved only from one settled value to the next.
    default : of the whole at default activity, as in compute_default_pj; default_clock of its clocks.
    """

    total: float
    clock: float
    settled: float
    default: float
    default_clock: float


def main() -> None:
    """Print one row per PE type."""
    rows = []
    for name in sys.argv[1:] or PE_TYPES:
        parts = energy_parts(name)
        glitches = parts.total - parts.clock - parts.settled
        figures = (parts.total, parts.clock, parts.settled, glitches, parts.default, parts.default_clock)
        logic = parts.total - parts.clock
        rows.append(
            [name, *(f"{pj:.3g}" for pj in figures), f"{glitches / parts.total:.0%}", f"{glitches / logic:.0%}"]
        )
    head = ("pJ per operation", "Gaussian", "clock and registers", "logic, settled", "glitches", "default activity")
    head += ("its clock", "glitches of all", "of the logic")
    print("\n".join(markdown(head, rows)))


def energy_parts(name: str) -> Parts:
    """Synthesise, simulate and split the energy of a PE type's MAC."""
    design = mac_design(PE_TYPES[name])
    netlist = implement(design, cell_library())
    bench = Bench(design, netlist)
    rows = mac_stimulus(design, "gaussian", OPERATIONS, SEED)
    start = warmup_cycles(design)
    bench.run(rows[:start], counted=False)
    settled = np.zeros(netlist.nets)
    before = bench.simulator.state.value.copy()
    for cycle in range(start, len(rows)):
        bench.run(rows[cycle : cycle + 1])
        settled += bench.simulator.state.value != before
        before[:] = bench.simulator.state.value
    activity, default = bench.simulator.activity(), default_activity(netlist)

    def energy(counts: Activity) -> float:
        return energy_per_cycle(netlist, bench.timing, counts).total_pj

    clock = energy(clock_only(netlist, activity))
    quiet = energy(without_glitches(netlist, activity, settled)) - clock
    return Parts(energy(activity), clock, quiet, energy(default), energy(clock_only(netlist, default)))


def clock_only(netlist: Netlist, activity: Activity) -> Activity:
    """Counts of clock nets, clock gates and clock edges alone."""
    toggles = np.where(_clock_nets(netlist), activity.net_toggles, 0.0)
    flops = activity.flop_counts.copy()
    flops[:, :FLOP_RISE] = 0.0
    return replace(activity, net_toggles=toggles, entry_counts=np.zeros_like(activity.entry_counts), flop_counts=flops)


def without_glitches(netlist: Netlist, activity: Activity, settled: np.ndarray) -> Activity:
    """Counts with every data net moving as often as its settled value changes.

    What happens inside a cell shrinks with its output's transitions, at a flip-flop's D with those of its net.
    """
    moved = np.where(_clock_nets(netlist), activity.net_toggles, settled)
    share = np.divide(moved, activity.net_toggles, out=np.ones_like(moved), where=activity.net_toggles > 0)
    entries = activity.entry_counts * np.repeat(share[netlist.cell_output], np.diff(entry_bases(netlist)))
    flops = activity.flop_counts.copy()
    flops[:, :FLOP_RISE] *= share[netlist.flop_data][:, None]
    return replace(activity, net_toggles=moved, entry_counts=entries, flop_counts=flops)


def _clock_nets(netlist: Netlist) -> np.ndarray:
    nets = np.array([netlist.clock, *netlist.gate_output])
    chosen = np.zeros(netlist.nets, dtype=bool)
    chosen[nets[nets != NO_NET]] = True
    return chosen


if __name__ == "__main__":
    main()
