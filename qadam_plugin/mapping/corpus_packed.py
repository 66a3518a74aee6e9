"""Reference cases with several elements in a word, of an older Timeloop with bit-packing (arXiv 2404.05368).

Its levels fan out themselves, so containers are put between them here. Two things are compared: the packing alone, from
the counts as they were before it; and the whole case, after turning its figures into the newer convention: an
output that arrives for the first time is no fill.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from math import prod
from typing import Any

from ..hardware.archspec import ArchSpec, Compute, Fanout, Level, Storage
from ..ppa.energy_table import EnergyTable
from ..workloads.layer import DIMENSIONS, Layer
from .corpus_compare import close, equal
from .nest import TEMPORAL, LevelLoops, Mapping
from .words import bits_at, operands_per_word, wasted_bits, words_of

_COEFFICIENTS = ("Wstride", "Hstride", "Wdilation", "Hdilation")
_RUN_COUNTS = ("reads", "fills", "updates", "temporal_reductions")


@dataclass(frozen=True, slots=True)
class Gating:
    """Reads of one tensor at one level that are not performed where another tensor is zero.

    Attributes
    ----------
    density : fraction of the reads that is performed.
    """

    level: str
    tensor: str
    density: float

    def parts(self, reads: int) -> tuple[int, int]:
        """Reads performed and gated."""
        performed = math.ceil(reads * self.density)
        return performed, reads - performed


def packed_spec(arch: dict[str, Any], source: object) -> ArchSpec:
    """Architecture of a record, with a container wherever a level has more instances than the one outside it."""
    levels: list[Level] = []
    mesh = (1, 1)
    for name in arch["order"]:
        given = arch["levels"][name]
        inner = (given["meshX"], given["meshY"])
        if inner != mesh:
            levels.append(Fanout(_container(arch["order"], name), *(a // b for a, b in zip(inner, mesh, strict=True))))
            mesh = inner
        if given["kind"] == "compute":
            levels.append(Compute(name, given["cls"], prod(mesh)))
        else:
            levels.append(_storage(name, given))
    return ArchSpec(name=arch["name"], levels=tuple(levels), source=str(source))


def _container(order: list[str], name: str) -> str:
    """Name of the container that a level stands in."""
    return f"inside_{order[order.index(name) - 1]}"


def _storage(name: str, given: dict[str, Any]) -> Storage:
    if given["shared_bandwidth"] is not None:
        raise ValueError("shared_bandwidth")
    return Storage(
        name=name,
        cls=given["cls"],
        width=given["word_bits"] * given["block_size"] * given["cluster_size"],
        datawidth=given["word_bits"],
        depth=given["depth"],
        keep=tuple(given["keep"]),
        read_bandwidth=given["read_bandwidth"],
        write_bandwidth=given["write_bandwidth"],
        instances=given["instances"],
        cluster_size=given["cluster_size"],
    )


def packed_layer(shape: dict[str, Any]) -> Layer:
    """Layer of a record, with its bits."""
    bits = shape["bitwidths"]
    return Layer(
        **{name: shape[name] for name in (*DIMENSIONS, *_COEFFICIENTS)},
        weight_bits=bits["Weights"],
        input_bits=bits["Inputs"],
        output_bits=bits["Outputs"],
    )


def packed_mapping(entries: list[dict[str, Any]]) -> Mapping:
    """Mapping of a record; spatial loops go to the container inside their level."""
    return Mapping(
        tuple(
            LevelLoops(
                entry["level"] if entry["kind"] == TEMPORAL else f"inside_{entry['level']}",
                entry["kind"],
                tuple((dimension, bound) for dimension, bound in entry["loops"]),
            )
            for entry in entries
        )
    )


def packed_energy(arch: dict[str, Any]) -> EnergyTable:
    """Energies of a record, pJ; nothing for levels that keep nothing and have none."""
    nothing = {"read": 0.0, "write": 0.0, "update": 0.0}
    return EnergyTable({name: level["energy_pj"] or nothing for name, level in arch["levels"].items()})


def gating_of(record: dict[str, Any]) -> Gating | None:
    """Gating of a record, None without."""
    sparse = record["sparse"]
    if sparse is None:
        return None
    (condition,) = sparse["condition_on"]
    return Gating(sparse["target_level"], sparse["target"], record["layer"]["densities"][condition])


def packing_differences(
    spec: ArchSpec, layer: Layer, energy: EnergyTable, gating: Gating | None, result: dict[str, Any]
) -> list[str]:
    """Every figure that does not follow from the counts before packing: lines ``where: ours, Timeloop's``."""
    lines: list[str] = []
    for storage in spec.storages:
        level = result["levels"][storage.name]
        equal(lines, f"{storage.name} keeps", sorted(storage.keep), sorted(level["dataspaces"]))
        for tensor in storage.keep:
            given = level["dataspaces"][tensor]
            gated = gating if gating and (gating.level, gating.tensor) == (storage.name, tensor) else None
            for key, value in _packed(storage, layer, energy, gated, tensor, given).items():
                where = f"packing of {storage.name}.{tensor}.{key}"
                (close if key.startswith("energy") else equal)(lines, where, value, given[key])
        throttling, cycles = _throttled(storage, level["dataspaces"], result["compute_cycles"])
        close(lines, f"packing of {storage.name}.throttling", throttling, level["throttling"])
        equal(lines, f"packing of {storage.name}.cycles", cycles, level["cycles"])
    slowest = max(result["compute_cycles"], *(level["cycles"] for level in result["levels"].values()))
    equal(lines, "cycles", slowest, result["cycles"])
    return lines


def _packed(
    storage: Storage, layer: Layer, energy: EnergyTable, gating: Gating | None, tensor: str, given: dict[str, Any]
) -> dict[str, Any]:
    """Figures of one tensor at one level from its tile and its counts before packing."""
    bits = bits_at(storage, layer, tensor)
    fit = operands_per_word(storage.datawidth, bits)
    wasted = wasted_bits(storage.datawidth, bits)

    def words(elements: int) -> int:
        return words_of(elements, fit.numerator, fit.denominator)

    native = given["native"]
    counts = {key: words(native[key]) for key in _RUN_COUNTS}
    capacity = words(given["tile_size"])
    reads = [words(part) for part in gating.parts(native["reads"])] if gating else [counts["reads"], 0]
    per_access = energy.energy_pj[storage.name]
    pj = _pj(storage, per_access, reads[0], counts["fills"], counts["updates"])
    if reads[1]:
        pj += _blocks(storage, reads[1]) * per_access["gated_read"]
    clusters = min(given["utilized_instances"], storage.instances // storage.cluster_size)
    written = counts["updates"] if tensor == "Outputs" else sum(reads)
    return {
        **counts,
        "operands_per_word": fit,
        "wasted_bits_per_word": wasted,
        "wasted_bits_per_storage": wasted * capacity,
        "utilized_capacity": capacity,
        "utilized_clusters": clusters,
        "address_generations": counts["fills"] + written,
        "energy_per_instance_pj": pj * clusters / given["utilized_instances"],
        "energy_total_pj": pj * clusters,
    }


def _blocks(storage: Storage, words: int) -> int:
    return -(-words // storage.block_size)


def _pj(storage: Storage, per_access: Any, reads: int, fills: int, updates: int) -> float:
    """pJ of one cluster."""
    return (
        _blocks(storage, reads) * per_access["read"]
        + _blocks(storage, fills) * per_access["write"]
        + _blocks(storage, updates) * per_access["update"]
    )


def _throttled(storage: Storage, tensors: dict[str, dict[str, Any]], computes: int) -> tuple[float, int]:
    """Throttling and cycles of one level from its packed counts."""
    read = sum(counts["reads"] / computes for counts in tensors.values())
    written = sum((counts["fills"] + counts["updates"]) / computes for counts in tensors.values())
    throttling = 1.0
    for limit, rate in ((storage.read_bandwidth, read), (storage.write_bandwidth, written)):
        if limit is not None and rate > limit:
            throttling = min(throttling, limit / rate)
    return throttling, math.ceil(computes / throttling) if throttling < 1 else computes


def newer_result(spec: ArchSpec, layer: Layer, energy: EnergyTable, result: dict[str, Any]) -> dict[str, Any]:
    """A record's result by the rules of the newer Timeloop, without networks.

    Of the fills of Outputs the instance's share is taken off, before packing; address generations, energies,
    throttling and cycles follow.
    """
    newer = copy.deepcopy(result)
    newer["networks"] = {}
    for storage in spec.storages:
        level = newer["levels"][storage.name]
        level["leakage_energy_pj"] = 0.0
        counts = level["dataspaces"].get("Outputs")
        if counts is None:
            continue
        fit = operands_per_word(storage.datawidth, bits_at(storage, layer, "Outputs"))
        native = max(0, counts["native"]["fills"] - counts["partition_size"])
        fills = words_of(native, fit.numerator, fit.denominator)
        per_access, clusters = energy.energy_pj[storage.name], counts["utilized_clusters"]
        saved = (_blocks(storage, counts["fills"]) - _blocks(storage, fills)) * per_access["write"] * clusters
        counts["address_generations"] -= counts["fills"] - fills
        counts["fills"] = fills
        counts["energy_total_pj"] -= saved
        newer["energy_total_pj"] -= saved
        level["throttling"], level["cycles"] = _throttled(storage, level["dataspaces"], newer["compute_cycles"])
    cycles = max(newer["compute_cycles"], *(level["cycles"] for level in newer["levels"].values()))
    newer["utilization_percent"] *= newer["cycles"] / cycles
    newer["cycles"] = cycles
    return newer
