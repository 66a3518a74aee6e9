"""Results of whole networks, summed from stored layer rows, one design at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..engines.base import LayerResult
from ..workloads.layer import Layer
from .keys import canonical, layer_key
from .store import Group, NetworkShapes, ResultStore

_CONFIG_COLUMNS = (
    "config_id",
    "pe_type",
    "act_bits",
    "weight_bits",
    "acc_bits",
    "rows",
    "cols",
    "ifmap_spad_depth",
    "weights_spad_depth",
    "psum_spad_depth",
    "glb_kib",
    "glb_bandwidth",
    "dram_gbps",
)

_EXTRA_CONFIG_COLUMNS = (
    "clock",
    "glb_ifmap_share",
    "glb_weights_share",
    "dram_weights_share",
    "dram_ifmap_share",
)


@dataclass(frozen=True, slots=True)
class NetworkTotals:
    """One network on one design. Every quantity is for one pass over a whole batch.

    Attributes
    ----------
    perf_per_area : inferences per second and mm^2; a batch of N is N inferences.
    power_mw : on chip: `onchip_energy_uj` over `latency_ms`.
    utilization : mean over the layers, weighted with their MACs.
    optimal : whether the mapping of every layer is proven the best.
    """

    energy_uj: float
    onchip_energy_uj: float
    dram_energy_uj: float
    idle_energy_uj: float
    cycles: int
    latency_ms: float
    power_mw: float
    perf_per_area: float
    edp_uj_ms: float
    utilization: float
    psum_spills: int
    timeloop_energy_uj: float
    mac_energy_uj: float
    optimal: bool


def network_totals(
    layers: list[tuple[LayerResult, int, int]], clock_ghz: float, area_mm2: float, batch: int
) -> NetworkTotals:
    """Sum layers, each (result, MACs, how often it occurs), all of them valid.

    Raises
    ------
    ValueError : a clock or an area that is not above zero.
    """
    if clock_ghz <= 0 or area_mm2 <= 0:
        raise ValueError(f"clock {clock_ghz} GHz and area {area_mm2} mm^2 must be above zero")

    def total_uj(name: str) -> float:
        return sum(getattr(result, name) * count for result, _, count in layers) * 1e-6

    cycles = sum(result.cycles * count for result, _, count in layers)
    latency_ms = cycles / clock_ghz * 1e-6
    energy_uj, onchip_uj = total_uj("energy_pj"), total_uj("onchip_pj")
    macs = sum(work * count for _, work, count in layers)
    return NetworkTotals(
        energy_uj=energy_uj,
        onchip_energy_uj=onchip_uj,
        dram_energy_uj=total_uj("dram_pj"),
        idle_energy_uj=total_uj("idle_pj"),
        cycles=cycles,
        latency_ms=latency_ms,
        power_mw=onchip_uj / latency_ms,
        perf_per_area=batch / (latency_ms * 1e-3) / area_mm2,
        edp_uj_ms=energy_uj * latency_ms,
        utilization=sum(result.utilization * work * count for result, work, count in layers) / macs,
        psum_spills=sum(result.psum_spills * count for result, _, count in layers),
        timeloop_energy_uj=total_uj("timeloop_pj"),
        mac_energy_uj=total_uj("mac_pj"),
        optimal=all(result.optimal for result, _, _ in layers),
    )


def batched(layer: Layer, batch: int) -> Layer:
    """The layer for `batch` inputs at once."""
    return replace(layer, N=layer.N * batch)


@dataclass(frozen=True, slots=True)
class DesignResult:
    """One design and network: the row of the results, and the layers it is made of.

    Attributes
    ----------
    row : columns of ``results.csv``; None where a result without valid mapping has no number.
    layers : (name, kind, count, shape, result), empty for a design that cannot be built.
    runs : keys of the runs it belongs to.
    """

    row: dict[str, Any]
    layers: tuple[tuple[str, str, int, Layer, LayerResult], ...]
    runs: tuple[str, ...]


def design_results(store: ResultStore, group: Group, *, details: bool) -> Iterator[DesignResult]:
    """Every design of a group whose layers are all there, sorted by the design's parameters.

    `details` brings the layers' mappings, accesses and leakage.
    """
    shapes = [batched(layer, group.batch) for _, _, _, layer in group.network.layers]
    for design, runs in store.designs(group):
        layers: tuple[tuple[str, str, int, Layer, LayerResult], ...] = ()
        if design["valid"]:
            keys = [layer_key(design["key"], shape, group.objective) for shape in shapes]
            found = store.layer_results(sorted(set(keys)), details=details)
            if any(key not in found for key in keys):
                continue
            layers = _named(group.network, shapes, [found[key] for key in keys])
        yield DesignResult(_row(design, group, layers, runs), layers, runs)


def _named(
    network: NetworkShapes, shapes: list[Layer], results: list[LayerResult]
) -> tuple[tuple[str, str, int, Layer, LayerResult], ...]:
    pairs = zip(network.layers, shapes, results, strict=True)
    return tuple((name, kind, count, shape, result) for (name, kind, count, _), shape, result in pairs)


def _row(
    design: Mapping[str, Any],
    group: Group,
    layers: tuple[tuple[str, str, int, Layer, LayerResult], ...],
    runs: tuple[str, ...],
) -> dict[str, Any]:
    reason = design["reason"]
    for name, _, _, _, result in layers:
        if not result.valid:
            reason = f"{name}: {result.reason}"
            break
    valid = bool(design["valid"]) and not reason
    row = {name: design[name] for name in _CONFIG_COLUMNS}
    row |= {"network": group.network.name, "batch": group.batch, "engine": group.engine, "objective": group.objective}
    row |= {"valid": valid, "reason": reason, "out_of_range": "; ".join(design["out_of_range"])}
    row |= {name: design[name] for name in _EXTRA_CONFIG_COLUMNS}
    row |= {"runs": " ".join(runs), "fingerprint": design["fingerprint"]}
    row |= {"estimators": "; ".join(f"{part}: {who}" for part, who in design["estimators"])}
    known = bool(design["valid"])
    row |= {
        "clock_ghz": design["clock_ghz"] if known else None,
        "area_mm2": design["area_um2"] * 1e-6 if known else None,
    }
    if valid:
        summed = [(result, shape.macs, count) for _, _, count, shape, result in layers]
        row |= asdict(network_totals(summed, row["clock_ghz"], row["area_mm2"], group.batch))
    return row


def layer_rows(result: DesignResult) -> Iterator[dict[str, Any]]:
    """Rows of ``layers.parquet`` of one design and network; `result` must have been read with details."""
    shared = {name: result.row[name] for name in ("config_id", "pe_type", "network", "batch", "engine", "objective")}
    shared |= {name: result.row[name] for name in ("clock", "clock_ghz", "runs", "fingerprint")}
    for name, kind, count, shape, found in result.layers:
        yield {
            **shared,
            **{"layer": name, "kind": kind, "count": count, "macs": shape.macs},
            **asdict(shape),
            **{"valid": found.valid, "reason": found.reason},
            **({} if not found.valid else _layer_numbers(found)),
        }


def _layer_numbers(found: LayerResult) -> dict[str, Any]:
    return {
        "energy_uj": found.energy_pj * 1e-6,
        "onchip_energy_uj": found.onchip_pj * 1e-6,
        "dram_energy_uj": found.dram_pj * 1e-6,
        "idle_energy_uj": found.idle_pj * 1e-6,
        "timeloop_energy_uj": found.timeloop_pj * 1e-6,
        "mac_energy_uj": found.mac_pj * 1e-6,
        "cycles": found.cycles,
        "utilization": found.utilization,
        "psum_spills": found.psum_spills,
        "optimal": found.optimal,
        "lower_bound": found.lower_bound,
        "mapping": canonical(found.mapping),
        "accesses": [asdict(access) for access in found.accesses],
        "leakage": [{"level": level, "energy_pj": energy} for level, energy in found.leakage_pj.items()],
    }
