"""What one mapping costs, in full: Timeloop's counts for every level, tensor and network."""

from __future__ import annotations

from ..hardware.archspec import ArchSpec, Storage
from ..ppa.energy_table import EnergyTable
from ..workloads.layer import DIMENSIONS, TENSORS, Layer
from . import counts as kernel
from .counts import Counts, count_mapping, empty_counts
from .evaluation import Evaluation, LevelResult, TensorCounts, Violation
from .nest import Mapping
from .nest_arrays import Nest, empty_nest
from .networks import network_counts
from .plan import Plan, make_plan, mapping_arrays

_CLASSES = {
    kernel.FACTOR_PRODUCT: "factor_product_mismatch",
    kernel.NO_FANOUT: "no_spatial_fanout",
    kernel.MAC_INSTANCES: "mac_instances_exceeded",
    kernel.MAC_X: "mac_x_expansion_exceeded",
    kernel.MAC_Y: "mac_y_expansion_exceeded",
    kernel.FANOUT_X: "fanout_x_exceeded",
    kernel.FANOUT_Y: "fanout_y_exceeded",
    kernel.CAPACITY: "capacity_exceeded",
}


def evaluate(spec: ArchSpec, layer: Layer, mapping: Mapping, energy: EnergyTable) -> Evaluation:
    """Count and price one mapping as Timeloop does.

    Parameters
    ----------
    spec : any supported architecture. Constraints of the spec are not checked: they guide the search only.
    mapping : its loops. An invalid mapping gives an `Evaluation` with a `violation`, not an error.
    energy : pJ per action of every storage and of the MAC.

    Raises
    ------
    InputError : the mapping names a level that the architecture has not, or an action has no energy.
    """
    plan = make_plan(spec, layer, energy)
    factors, orders = mapping_arrays(spec, mapping)
    nest = empty_nest(len(spec.levels) - 1, len(factors))
    counts = empty_counts(len(spec.levels) - 1)
    if count_mapping(plan, factors, orders, nest, counts) != kernel.VALID:
        return Evaluation(violation=_violation(spec, counts))
    compute_cycles, macs = int(counts.summary[4]), int(counts.summary[5])
    cycles = int(counts.totals[1])
    computes = compute_cycles * macs
    return Evaluation(
        cycles=cycles,
        compute_cycles=compute_cycles,
        utilized_macs=macs,
        computes=computes,
        energy_pj=float(counts.totals[0]),
        mac_energy_pj=plan.compute * computes,
        utilization=computes / (int(plan.macs[0]) * cycles),
        levels=_levels(spec, plan, nest, counts),
        networks=network_counts(spec, plan, nest, counts),
    )


def _violation(spec: ArchSpec, counts: Counts) -> Violation:
    """The verdict in words."""
    verdict, where, required, available = (int(value) for value in counts.summary[:4])
    if verdict == kernel.FACTOR_PRODUCT:
        return Violation(_CLASSES[verdict], "", required, available, DIMENSIONS[where])
    at_mac = verdict in (kernel.MAC_INSTANCES, kernel.MAC_X, kernel.MAC_Y)
    level = spec.compute.name if at_mac else spec.levels[-2 - where].name
    return Violation(_CLASSES[verdict], level, required, available)


def _levels(spec: ArchSpec, plan: Plan, nest: Nest, counts: Counts) -> dict[str, LevelResult]:
    """Results of every storage, outermost first."""
    results: dict[str, LevelResult] = {}
    for index, level in zip(range(len(spec.levels) - 2, -1, -1), spec.levels, strict=False):
        if not isinstance(level, Storage):
            continue
        tensors: dict[str, TensorCounts] = {}
        for k, tensor in enumerate(TENSORS):
            if not plan.keep[index, k]:
                continue
            reads, fills, updates = (int(a[index, k]) for a in (counts.reads, counts.fills, counts.updates))
            instances = int(counts.instances[index])
            partial_sums = tensor == "Outputs"
            tensors[tensor] = TensorCounts(
                utilized_capacity=int(nest.words[index + 1, k]),
                utilized_instances=instances,
                partition_size=int(counts.partition[index, k]),
                reads=reads,
                fills=fills,
                updates=updates,
                temporal_reductions=reads if partial_sums else 0,
                address_generations=fills + (updates if partial_sums else reads),
                energy_pj=float(counts.energy[index, k]) * instances,
            )
        results[level.name] = LevelResult(
            cycles=int(counts.cycles[index]),
            throttling=float(counts.throttling[index]),
            tensors=tensors,
            leakage_energy_pj=float(counts.leakage[index]),
        )
    return results
