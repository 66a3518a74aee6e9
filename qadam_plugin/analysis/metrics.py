"""The metrics that designs are compared by: which way is better, in which unit."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InputError


@dataclass(frozen=True, slots=True)
class Metric:
    """A column of the results that can be an objective.

    Attributes
    ----------
    name : the column.
    maximize : whether more is better.
    unit : as printed; empty for a plain number.
    label : words for a table or an axis.
    """

    name: str
    maximize: bool
    unit: str
    label: str

    @property
    def title(self) -> str:
        """Label with unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("perf_per_area", True, "inferences/s/mm²", "performance per area"),
        Metric("onchip_energy_uj", False, "µJ", "on-chip energy"),
        Metric("energy_uj", False, "µJ", "energy with DRAM"),
        Metric("dram_energy_uj", False, "µJ", "DRAM energy"),
        Metric("idle_energy_uj", False, "µJ", "idle energy"),
        Metric("timeloop_energy_uj", False, "µJ", "energy as Timeloop sums it"),
        Metric("mac_energy_uj", False, "µJ", "MAC energy"),
        Metric("edp_uj_ms", False, "µJ·ms", "energy-delay product"),
        Metric("latency_ms", False, "ms", "latency"),
        Metric("cycles", False, "", "cycles"),
        Metric("power_mw", False, "mW", "on-chip power"),
        Metric("area_mm2", False, "mm²", "area"),
        Metric("clock_ghz", True, "GHz", "clock"),
        Metric("utilization", True, "", "utilization"),
        Metric("psum_spills", False, "words", "partial sums spilled to DRAM"),
    )
}


#: Accuracy, the column that `accuracy.with_accuracy` adds; no metric of results alone.
TOP1 = Metric("top1", True, "%", "top-1 accuracy")


def metric(name: str, option: str, *, accuracy: bool = False) -> Metric:
    """The metric of that name.

    Parameters
    ----------
    option : where a person wrote it.
    accuracy : whether accuracies were given, so that `TOP1` is one too.

    Raises
    ------
    InputError : no such metric.
    """
    if name == TOP1.name:
        if accuracy:
            return TOP1
        raise InputError(option, "", f"{name} needs a file of accuracies: --accuracy FILE")
    found = METRICS.get(name)
    if found is None:
        known = (*METRICS, TOP1.name) if accuracy else tuple(METRICS)
        raise InputError(option, "", f"unknown metric '{name}'; known: {', '.join(known)}")
    return found
