"""What a whole network costs on one design, summed from its layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import fsum

from ..engines.base import LayerResult
from ..workloads.layer import Layer


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
    layers: Sequence[tuple[LayerResult, int, int]], clock_ghz: float, area_mm2: float, batch: int
) -> NetworkTotals:
    """Sum layers, each (result, MACs, how often it occurs), all of them valid.

    Sums are rounded once, so they depend on neither the order of the layers nor the version of Python.

    Raises
    ------
    ValueError : a clock or an area that is not above zero.
    """
    if clock_ghz <= 0 or area_mm2 <= 0:
        raise ValueError(f"clock {clock_ghz} GHz and area {area_mm2} mm^2 must be above zero")

    def total_uj(name: str) -> float:
        return fsum(getattr(result, name) * count for result, _, count in layers) * 1e-6

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
        utilization=fsum(result.utilization * work * count for result, work, count in layers) / macs,
        psum_spills=sum(result.psum_spills * count for result, _, count in layers),
        timeloop_energy_uj=total_uj("timeloop_pj"),
        mac_energy_uj=total_uj("mac_pj"),
        optimal=all(result.optimal for result, _, _ in layers),
    )


def batched(layer: Layer, batch: int) -> Layer:
    """The layer for `batch` inputs at once."""
    return replace(layer, N=layer.N * batch)
