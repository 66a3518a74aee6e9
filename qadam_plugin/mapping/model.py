"""What one mapping costs, in full: Timeloop's counts for every level, tensor and network."""

from __future__ import annotations

from fractions import Fraction

from ..hardware.archspec import ArchSpec, Storage
from ..ppa.energy_table import EnergyTable
from ..workloads.layer import DIMENSIONS, TENSORS, Layer
from . import counts as kernel
from .counts import Counts, count_mapping, empty_counts
from .evaluation import Evaluation, LevelResult, TensorCounts, Violation
from .nest import Mapping
from .nest_arrays import WORDS, Nest, empty_nest
from .networks import network_counts
from .plan import make_plan, mapping_arrays
from .tables import CLUSTERS, FIT, WITHIN, Tables, pack
from .words import WORD, bits_at, too_wide, wasted_bits, words_of

_ONE = Fraction(1)

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


def evaluate(spec: ArchSpec, layer: Layer, mapping: Mapping, energy: EnergyTable, packing: str = WORD) -> Evaluation:
    """Count and price one mapping as Timeloop does.

    Parameters
    ----------
    spec : any supported architecture. Constraints of the spec are not checked: they guide the search only.
    mapping : its loops. An invalid mapping gives an `Evaluation` with a `violation`, not an error.
    energy : pJ per action of every storage and of the MAC.
    packing : how elements lie in words, one of `words.PACKINGS`.

    Raises
    ------
    InputError : the mapping names a level that the architecture has not, or an action has no energy.
    """
    factors, orders = mapping_arrays(spec, mapping)
    if (narrow := too_wide(spec, layer)) is not None:
        return Evaluation(violation=narrow)
    tables = pack(make_plan(spec, layer, energy, packing))
    nest, counts = empty_nest(tables), empty_counts(tables)
    if count_mapping(tables, factors, orders, nest, counts) != kernel.VALID:
        return Evaluation(violation=_violation(spec, counts))
    compute_cycles, macs, cycles = (int(n) for n in counts.summary[[kernel.COMPUTE_CYCLES, kernel.MACS, kernel.CYCLES]])
    computes = compute_cycles * macs
    return Evaluation(
        cycles=cycles,
        compute_cycles=compute_cycles,
        utilized_macs=macs,
        computes=computes,
        energy_pj=float(counts.total[0]),
        mac_energy_pj=tables.compute * computes,
        utilization=computes / (int(tables.macs[0]) * cycles),
        levels=_levels(spec, layer, packing, tables, nest, counts),
        networks=network_counts(spec, tables, nest, counts),
    )


def _violation(spec: ArchSpec, counts: Counts) -> Violation:
    """The verdict in words."""
    verdict, where, required, available = (int(value) for value in counts.summary[:4])
    if verdict == kernel.FACTOR_PRODUCT:
        return Violation(_CLASSES[verdict], "", required, available, DIMENSIONS[where])
    at_mac = verdict in (kernel.MAC_INSTANCES, kernel.MAC_X, kernel.MAC_Y)
    level = spec.compute.name if at_mac else spec.levels[-2 - where].name
    return Violation(_CLASSES[verdict], level, required, available)


def _levels(
    spec: ArchSpec, layer: Layer, packing: str, tables: Tables, nest: Nest, counts: Counts
) -> dict[str, LevelResult]:
    """Results of every storage, outermost first."""
    results: dict[str, LevelResult] = {}
    partitions = [_partitions(nest, counts, k) for k in range(len(TENSORS))]
    for index, level in zip(range(len(spec.levels) - 2, -1, -1), spec.levels, strict=False):
        if not isinstance(level, Storage):
            continue
        tensors: dict[str, TensorCounts] = {}
        for k, tensor in enumerate(TENSORS):
            if tensor not in level.keep:
                continue
            traffic = [int(count) for count in counts.traffic[index, k]]
            reads, fills, updates = traffic[kernel.READS], traffic[kernel.FILLS], traffic[kernel.UPDATES]
            instances = int(counts.stores[index, kernel.INSTANCES])
            partial_sums = tensor == "Outputs"
            fit, within = (int(tables.levels[index, column + k]) for column in (FIT, WITHIN))
            tensors[tensor] = TensorCounts(
                utilized_capacity=words_of(int(nest.levels[index + 1, WORDS + k]), fit, within),
                utilized_instances=instances,
                partition_size=partitions[k][index],
                reads=reads,
                fills=fills,
                updates=updates,
                temporal_reductions=reads if partial_sums else 0,
                address_generations=fills + (updates if partial_sums else reads),
                energy_pj=float(counts.flows[index, k, kernel.ENERGY])
                * min(instances, int(tables.levels[index, CLUSTERS])),
                operands_per_word=_ONE if fit == within else Fraction(fit, within),
                wasted_bits_per_word=wasted_bits(level.datawidth, bits_at(level, layer, tensor), packing),
            )
        results[level.name] = LevelResult(
            cycles=int(counts.stores[index, kernel.LEVEL_CYCLES]),
            throttling=float(counts.rates[index, kernel.THROTTLING]),
            tensors=tensors,
            leakage_energy_pj=float(counts.rates[index, kernel.LEAKAGE]),
        )
    return results


def _partitions(nest: Nest, counts: Counts, k: int) -> list[int]:
    """Share of a whole tensor that one instance of each level is responsible for, levels innermost first.

    At each fan-out in use the share is cut to an integer. Exact for Outputs; with a halo, Timeloop's figure for Inputs
    is informative only.
    """
    words = [int(size) for size in nest.levels[1:, WORDS + k]]
    shares = [words[-1]]
    for level in range(len(words) - 2, -1, -1):
        above = shares[-1]
        shared = counts.stores[level + 1, kernel.FANOUT] > 1
        shares.append(above * words[level] // words[level + 1] if shared else above)
    return shares[::-1]
