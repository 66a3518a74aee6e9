"""Figures of one point: synthesis, timing, gate-level check and simulated energy; or CACTI's answer for a memory.

Energy is that of one clock cycle, averaged over the simulated ones, without leakage. Simulations run at the design's
own critical path plus a tenth (`drive.PERIOD_MARGIN`).
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np

from .cacti import build_cacti, run_cacti
from .designs import Design
from .drive import Bench, run_vectors
from .feeders import ControlFeeder, Feeder
from .liberty import CellLibrary
from .library import cell_library
from .netlist import Netlist, read_netlist
from .points import Point
from .power import default_activity, energy_per_cycle
from .surroundings import map_design
from .vectors import check_vectors, mac_stimulus, random_run, spad_stimulus

#: Vectors beyond the corners that check each mapped MAC and scratchpad.
CHECKED_VECTORS = 20_000
#: Cycles of each energy figure, and at least so many of a PE at full rate.
OPERATIONS = 2_000
_COMPUTE_CYCLES = 1_200

#: Registers of the MAC that a control of its own drives: those of the default pipeline.
_CONTROL_LATENCY = 3


@dataclass(frozen=True, slots=True)
class Measurement:
    """What the figures of a run are measured with.

    Attributes
    ----------
    seed : of every random vector.
    operations, checked : cycles of an energy figure, and vectors of the gate-level check.
    """

    seed: int = 1
    operations: int = OPERATIONS
    checked: int = CHECKED_VECTORS


def measure(point: Point, how: Measurement, cache: Path | None = None) -> dict[str, float]:
    """Figures of a point by column, in the order of the table.

    Raises
    ------
    RunError : a tool is missing or fails, synthesis drops a port, or the netlist fails its vectors.
    InputError : the cell library or CACTI's source is not the expected one.
    """
    if point.design is None:
        sizes = (int(point.parameters[column]) for column in ("capacity_bits", "width", "banks"))
        sram = run_cacti(build_cacti(cache), *sizes)
        return {
            "area_um2": sram.area_um2,
            "leakage_uw": sram.leakage_uw,
            "cycle_ns": sram.cycle_ns,
            "access_ns": sram.access_ns,
            "read_pj": sram.read_pj,
            "write_pj": sram.write_pj,
        }
    netlist = implement(point.design, cell_library(cache))
    figures = {
        "area_um2": netlist.area_um2,
        "leakage_uw": netlist.leakage_uw,
        "path_ns": Bench(point.design, netlist).timing.critical_path_ns,
    }
    if not point.simulated:
        return figures
    kinds = {"mac": _mac, "spad": _spad, "control": _control, "pe": _computing, "array": _computing}
    return figures | kinds[point.design.kind](point.design, netlist, how)


def implement(design: Design, library: CellLibrary) -> Netlist:
    """The design's mapped netlist; raises as `measure`."""
    with tempfile.TemporaryDirectory() as scratch:
        return read_netlist(map_design(design, library, Path(scratch)), design.top, library, design.clock)


def _energy(bench: Bench) -> float:
    return energy_per_cycle(bench.netlist, bench.timing, bench.simulator.activity()).total_pj


def _mac(design: Design, netlist: Netlist, how: Measurement) -> dict[str, float]:
    """Energy per operation, on three kinds of operands and at default activity; of a zero activation; of a pause."""
    run_vectors(Bench(design, netlist), check_vectors(design, how.checked, how.seed))
    modes = {
        "compute_pj": ("gaussian", "compute"),
        "compute_uniform_pj": ("uniform", "compute"),
        "compute_relu_pj": ("relu", "compute"),
        "gated_pj": ("gaussian", "gated"),
        "idle_pj": ("gaussian", "idle"),
    }
    figures = {"comb_area_um2": netlist.combinational_area_um2}
    for column, (operands, mode) in modes.items():
        bench = Bench(design, netlist)
        run_vectors(bench, mac_stimulus(design, operands, how.operations, how.seed, mode))
        figures[column] = _energy(bench)
    bench = Bench(design, netlist)
    figures["compute_default_pj"] = energy_per_cycle(netlist, bench.timing, default_activity(netlist)).total_pj
    return figures


def _spad(design: Design, netlist: Netlist, how: Measurement) -> dict[str, float]:
    """Energy of an access beyond that of a cycle without one, and of such a cycle."""
    run_vectors(Bench(design, netlist), check_vectors(design, how.checked, how.seed))
    rng = np.random.default_rng(how.seed)
    # Whole rounds through the words, so that each address counts as often.
    depth, width = design.parameters["DEPTH"], design.parameters["WIDTH"]
    cycles = depth * ceil(how.operations / depth)
    words = rng.integers(0, (1 << width) - 1, cycles, dtype=np.uint64, endpoint=True)
    figures = {}
    for mode in ("idle", "read", "write"):
        bench = Bench(design, netlist)
        run_vectors(bench, spad_stimulus(design, mode, words, how.seed))
        figures[mode] = _energy(bench)
    idle = figures["idle"]
    return {"read_pj": figures["read"] - idle, "write_pj": figures["write"] - idle, "idle_pj": idle}


def _control(design: Design, netlist: Netlist, how: Measurement) -> dict[str, float]:
    """Energy of a cycle in which the control issues an operation."""
    depths = [design.parameters[name] for name in ("IFMAP_DEPTH", "WEIGHT_DEPTH", "PSUM_DEPTH")]
    taps, filters, positions = _workload(*depths)
    bench = Bench(design, netlist)
    ControlFeeder(bench, _CONTROL_LATENCY).run(taps, filters, positions)
    return {"compute_pj": _energy(bench)}


def _computing(design: Design, netlist: Netlist, how: Measurement) -> dict[str, float]:
    """Energy of a cycle at full rate: each PE does an operation, reads its scratchpads and writes a partial sum."""
    depths = [design.parameters[name] for name in ("IFMAP_DEPTH", "WEIGHT_DEPTH", "PSUM_DEPTH")]
    taps, filters, positions = _workload(*depths)
    bench = Bench(design, netlist)
    Feeder(bench, random_run(design, "gaussian", taps, filters, positions, 1, how.seed)).run()
    return {"energy_pj": _energy(bench)}


def _workload(ifmap_depth: int, weights_depth: int, psum_depth: int) -> tuple[int, int, int]:
    """Taps, filters and positions of a run that uses the scratchpads as far as they go together.

    The window fills the activations' scratchpad, as long as there are more filters than the MAC has ranks: fewer would
    wait for one another.
    """
    taps = min(ifmap_depth, weights_depth // (_CONTROL_LATENCY + 1))
    filters = min(psum_depth, weights_depth // taps)
    return taps, filters, ceil(_COMPUTE_CYCLES / (taps * filters - _CONTROL_LATENCY - 1))
