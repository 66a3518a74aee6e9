"""What a MAC of operands that share words costs in each of its modes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from ..errors import RunError
from ..hardware.pe_types import PEType
from .drive import Bench
from .golden import Bits
from .library import cell_library
from .measure import Measurement, implement
from .netlist import Netlist
from .point import Point
from .power import default_activity, energy_per_cycle
from .subword import subword_design, subword_expected, subword_stimulus, subword_vectors
from .vectors import warmup_cycles


def measure_subword(point: Point, how: Measurement, cache: Path | None = None) -> dict[str, float]:
    """Figures of a point of the table ``mac_subword`` by column; the netlist runs the vectors of the point's mode.

    Raises
    ------
    RunError : a tool is missing or fails, synthesis drops a port, or the netlist differs from its model.
    InputError : the cell library is not the expected one.
    """
    assert point.design is not None and point.design.pe is not None
    design = point.design
    netlist = _mapped(point.design.pe, cache)
    bits, places = int(point.parameters["operand_bits"]), int(point.parameters["lanes"])
    _run(Bench(design, netlist), subword_vectors(design, how.checked, how.seed, (bits,)))
    figures = {
        "area_um2": netlist.area_um2,
        "leakage_uw": netlist.leakage_uw,
        "path_ns": Bench(design, netlist).timing.critical_path_ns,
        "comb_area_um2": netlist.combinational_area_um2,
    }
    stimuli = {
        "compute_pj": (places, "gaussian", "compute"),
        "compute_uniform_pj": (places, "uniform", "compute"),
        "compute_relu_pj": (places, "relu", "compute"),
        "one_lane_pj": (1, "gaussian", "compute"),
        "gated_pj": (places, "gaussian", "gated"),
        "idle_pj": (places, "gaussian", "idle"),
    }
    for column, (used, distribution, mode) in stimuli.items():
        bench = Bench(design, netlist)
        _run(bench, subword_stimulus(design, bits, used, distribution, how.operations, how.seed, mode))
        figures[column] = energy_per_cycle(netlist, bench.timing, bench.simulator.activity()).total_pj
    timing = Bench(design, netlist).timing
    figures["compute_default_pj"] = energy_per_cycle(netlist, timing, default_activity(netlist)).total_pj
    return figures


@lru_cache(maxsize=2)
def _mapped(pe: PEType, cache: Path | None) -> Netlist:
    """The MAC's netlist: synthesised once for all modes."""
    return implement(subword_design(pe), cell_library(cache))


def _run(bench: Bench, rows: Bits) -> None:
    """Run vectors behind their warm-up, which is not counted, and check all outputs.

    Raises
    ------
    RunError : an output differs from the golden model's.
    """
    warmup = warmup_cycles(bench.design)
    found = np.concatenate([bench.run(rows[:warmup], counted=False), bench.run(rows[warmup:])])
    wrong = np.argwhere(found[warmup:] != subword_expected(bench.design, rows)[warmup:])
    if wrong.size:
        port = bench.design.outputs[wrong[0][1]].name
        raise RunError(
            f"{bench.design.name}: {port} of the netlist differs from its model at vector {wrong[0][0] + warmup}"
        )
