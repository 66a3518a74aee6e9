"""QADAM's headline: how many times better than the best INT16 the best design of each PE type is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..groups import column, comparable
from ..summary import COMPARED, REFERENCE, Comparison
from .published import published

if TYPE_CHECKING:
    import pandas as pd

#: The paper's networks, a panel each; those of CIFAR-100 differ from CIFAR-10's in the last layer alone.
IMAGENET = ("vgg16-imagenet", "resnet34-imagenet", "resnet50-imagenet")
CIFAR = ("vgg16-cifar10", "resnet20-cifar10", "resnet56-cifar10")


@dataclass(frozen=True, slots=True)
class Ratios:
    """One PE type on one network: times better than the best INT16, below 1 is worse.

    Attributes
    ----------
    network : a name; ``mean`` over the networks; ``paper``.
    clock : ``auto`` (each design at its own), GHz (all at one), or empty where the paper does not say.
    energy : DRAM included; None for the paper, whose energies come from synthesis and are on chip.
    """

    network: str
    clock: str
    pe_type: str
    perf_per_area: float
    onchip_energy: float
    energy: float | None


@dataclass(frozen=True, slots=True)
class Spread:
    """Best over worst design of the space on one network; the paper: more than 5 times, more than 35 times."""

    network: str
    clock: str
    perf_per_area: float
    onchip_energy: float


def headline(comparisons: Iterable[Comparison]) -> list[Ratios]:
    """Ratios of every PE type but INT16: network by network, then their mean, per clock; last the paper's."""
    ours: list[Ratios] = []
    for comparison in comparisons:
        found = {(best.pe_type, best.metric.name): best.ratio for best in comparison.best}
        for pe_type in dict.fromkeys(best.pe_type for best in comparison.best):
            perf, onchip, energy = (found[pe_type, name] for name in COMPARED)
            if pe_type == REFERENCE or perf is None or onchip is None:
                continue
            ours.append(Ratios(comparison.network, comparison.clock, pe_type, perf, onchip, energy))
    return [*ours, *_means(ours), *_paper()]


def _means(ours: Sequence[Ratios]) -> list[Ratios]:
    means = []
    for clock, pe_type in dict.fromkeys((each.clock, each.pe_type) for each in ours):
        of_type = [each for each in ours if (each.clock, each.pe_type) == (clock, pe_type)]
        energies = [each.energy for each in of_type if each.energy is not None]
        means.append(
            Ratios(
                "mean",
                clock,
                pe_type,
                sum(each.perf_per_area for each in of_type) / len(of_type),
                sum(each.onchip_energy for each in of_type) / len(of_type),
                sum(energies) / len(energies) if energies else None,
            )
        )
    return means


def _paper() -> list[Ratios]:
    rows = published("qadam_ratios")
    return [
        Ratios("paper", "", row["pe_type"], float(row["perf_per_area"]), float(row["energy"]), None) for row in rows
    ]


def spreads(results: pd.DataFrame) -> list[Spread]:
    """Best over worst valid design, per network and clock."""
    found = []
    for key, part in comparable(results):
        perf, energy = column(part, "perf_per_area"), column(part, "onchip_energy_uj")
        found.append(Spread(key["network"], key["clock"], perf.max() / perf.min(), energy.max() / energy.min()))
    return found
