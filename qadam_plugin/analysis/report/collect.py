"""The numbers of a report: everything that the page says, without HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ...hardware.family import Family, known_names
from ...sweep.frames import results_frame
from ...sweep.records import Run
from ...sweep.store import ResultStore
from ..designs import ShownGroup, shown_designs
from ..figures.energy import EnergyBreakdown, collect_energy
from ..figures.ppa import X, Y
from ..figures.style import style_order
from ..figures.utilization import collect_utilization
from ..fronts import front_mask
from ..groups import GROUP, column, comparable, group_key, select, titles
from ..metrics import METRICS, TOP1, Metric
from ..normalize import CRITERION
from ..summary import COMPARED, Comparison, compare
from .cloud import Cloud, collect_clouds
from .trust import Trust, collect_trust

if TYPE_CHECKING:
    import pandas as pd

#: Axes that the interactive front offers.
AXES = (
    "perf_per_area",
    "onchip_energy_uj",
    "energy_uj",
    "edp_uj_ms",
    "latency_ms",
    "area_mm2",
    "power_mw",
    "utilization",
)

#: Columns of results that a report is made from, besides the designs' parameters and those of an accuracy file.
COLUMNS = frozenset(
    {"config_id", "pe_type", "act_bits", "weight_bits", "acc_bits", "clock_ghz", "valid", "reason", "out_of_range"}
    | {"optimal", "psum_spills", "family", *AXES, *COMPARED, *GROUP, CRITERION.name}
)

#: Reasons and warnings that are listed at most.
_LISTED = 8


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each of some texts occurs, the most frequent first; `others` occurrences are not listed."""

    counts: tuple[tuple[str, int], ...]
    others: int


@dataclass(frozen=True, slots=True)
class PEAccuracy:
    """Top-1 accuracy of one PE type on a group's network: percent and percentage points; None where not known."""

    pe_type: str
    top1: float | None
    spread: float | None


@dataclass(frozen=True)
class GroupReport:
    """One group of comparable results.

    Attributes
    ----------
    key : what the results share, of `GROUP`.
    results, invalid, proven : how many there are; without valid mapping; with every mapping proven the best.
    reasons : why there is no mapping.
    comparison : the best config of each PE type.
    front : rows of the designs on the front of on-chip energy and performance per area, least energy first.
    families : of those designs, in the order of the report's.
    energy : None where no design has layers.
    utilization : PE type -> percent, of the best design in the report's criterion.
    accuracy : by PE type; empty where no file of accuracies was given.
    cloud : the designs that the interactive front shows.
    """

    title: str
    key: Mapping[str, Any]
    results: int
    invalid: int
    proven: int
    reasons: Tally
    comparison: Comparison
    front: tuple[Mapping[str, Any], ...]
    families: tuple[Family, ...]
    energy: EnergyBreakdown | None
    utilization: Mapping[str, float]
    accuracy: tuple[PEAccuracy, ...]
    cloud: Cloud


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the designs with the values that occur, ascending."""

    name: str
    unit: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Widths:
    """A PE type and its bits."""

    pe_type: str
    act_bits: int
    weight_bits: int
    acc_bits: int


@dataclass(frozen=True)
class Report:
    """Everything that the page says.

    Attributes
    ----------
    name : of the results' folder.
    condition : the condition that results were chosen by; empty for all.
    accuracy : name of the file of accuracies; empty without.
    criterion : what the designs of the breakdowns are best in.
    axes : metrics that the interactive front offers.
    unmapped : networks, with what sets their results apart, of which no design has a valid mapping.
    families : of the designs.
    designs : different configs. outside : how many have a part outside the models' range; out_of_range : which parts.
    runs : each with whether it is finished and its networks.
    """

    name: str
    condition: str
    accuracy: str
    criterion: Metric
    axes: tuple[Metric, ...]
    groups: tuple[GroupReport, ...]
    unmapped: tuple[str, ...]
    families: tuple[Family, ...]
    designs: int
    widths: tuple[Widths, ...]
    parameters: tuple[Parameter, ...]
    out_of_range: Tally
    outside: int
    trust: Trust
    runs: tuple[tuple[Run, bool, tuple[str, ...]], ...]


def collect_report(
    store: ResultStore, results: pd.DataFrame, criterion: Metric, *, condition: str = "", accuracy: str = ""
) -> Report:
    """Gather a report on results of a store, of which at least one is valid.

    Parameters
    ----------
    results : with `COLUMNS` and every parameter, labelled with their positions; with those columns of
        `accuracy.with_accuracy` where a file of accuracies was given.
    condition, accuracy : as a person wrote them, to be named.
    """
    groups = comparable(results)
    axes = tuple(METRICS[name] for name in AXES) + ((TOP1,) if accuracy else ())
    families = store.families()
    comparisons = compare(results, families)
    shown = shown_designs(store, results, criterion)
    needed = _needed(shown, comparisons, groups)
    clouds = collect_clouds(store, groups, axes, needed)
    designs = results.drop_duplicates("config_id")
    warnings = Counter(text for cell in designs["out_of_range"] if cell for text in str(cell).split("; "))
    every = results.groupby(list(GROUP), sort=True)
    reports = []
    for title, (key, part), comparison, group, cloud in zip(
        titles([key for key, _ in groups]), groups, comparisons, shown, clouds, strict=True
    ):
        whole = cast("pd.DataFrame", every.get_group(group_key(key)))
        unmapped = select(whole, ~whole["valid"].to_numpy(dtype=bool))
        reasons = Counter(str(text) for text in unmapped["reason"])
        energy, front = collect_energy([group], criterion), _front(store, part)
        of_front = {str(row["family"]) for row in front}
        use = collect_utilization([group])
        reports.append(
            GroupReport(
                title=title,
                key=key,
                results=len(whole),
                invalid=len(whole) - len(part),
                proven=int(np.count_nonzero(part["optimal"].to_numpy(dtype=bool))),
                reasons=_tally(reasons),
                comparison=comparison,
                front=front,
                families=tuple(family for family in families if family.name in of_front),
                energy=energy[0] if energy else None,
                utilization=use[0].mean if use else {},
                accuracy=_accuracy(part) if accuracy else (),
                cloud=cloud,
            )
        )
    return Report(
        name=store.directory.resolve().name,
        condition=condition,
        accuracy=accuracy,
        criterion=criterion,
        axes=axes,
        groups=tuple(reports),
        unmapped=_unmapped(results, [key for key, _ in groups]),
        families=families,
        designs=len(designs),
        widths=_widths(designs),
        parameters=_parameters(designs, families),
        out_of_range=_tally(warnings),
        outside=sum(bool(cell) for cell in designs["out_of_range"]),
        trust=collect_trust(store.directory, [key for key, _ in groups]),
        runs=tuple(store.runs()),
    )


def _unmapped(results: pd.DataFrame, mapped: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    names: list[str] = list(GROUP)
    rows = results.drop_duplicates(names)[names].itertuples(index=False)
    keys: list[dict[str, Any]] = sorted((dict(zip(names, row, strict=True)) for row in rows), key=group_key)
    known = {group_key(key) for key in mapped}
    return tuple(title for title, key in zip(titles(keys), keys, strict=True) if group_key(key) not in known)


def _needed(
    shown: Sequence[ShownGroup],
    comparisons: Sequence[Comparison],
    groups: Sequence[tuple[Mapping[str, Any], pd.DataFrame]],
) -> list[frozenset[str]]:
    """Configs that the page names, per group: the interactive front has to have them."""
    found = []
    for group, comparison, (_, part) in zip(shown, comparisons, groups, strict=True):
        front = part.loc[front_mask(part, (X, Y)), "config_id"]
        names = {best.config_id for best in comparison.best} | {str(item.row["config_id"]) for item in group.designs}
        found.append(frozenset(names | set(front)))
    return found


def _front(store: ResultStore, part: pd.DataFrame) -> tuple[Mapping[str, Any], ...]:
    positions = part.index.to_numpy()[front_mask(part, (X, Y))]
    rows = results_frame(store, rows=np.sort(positions)).sort_values(X.name, kind="stable")
    return tuple({str(name): value for name, value in row.items()} for row in rows.to_dict("records"))


def _tally(found: Counter[str]) -> Tally:
    listed = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return Tally(tuple(listed[:_LISTED]), sum(count for _, count in listed[_LISTED:]))


def _accuracy(part: pd.DataFrame) -> tuple[PEAccuracy, ...]:
    found = []
    firsts = part.drop_duplicates("pe_type")
    for name, top1, spread in zip(
        firsts["pe_type"], column(firsts, "top1"), column(firsts, "top1_spread"), strict=True
    ):
        found.append(PEAccuracy(str(name), *(None if np.isnan(value) else float(value) for value in (top1, spread))))
    return tuple(sorted(found, key=lambda item: style_order(item.pe_type)))


def _widths(designs: pd.DataFrame) -> tuple[Widths, ...]:
    names = ["pe_type", "act_bits", "weight_bits", "acc_bits"]
    found = {
        Widths(str(name), int(act), int(weight), int(acc))
        for name, act, weight, acc in designs[names].drop_duplicates().itertuples(index=False)
    }
    return tuple(sorted(found, key=lambda item: (style_order(item.pe_type), item.act_bits, item.weight_bits)))


def _parameters(designs: pd.DataFrame, families: Sequence[Family]) -> tuple[Parameter, ...]:
    units = {item.name: item.unit for family in reversed(families) for item in family.parameters}
    found = []
    for name in known_names(families):
        values = column(designs, name)
        found.append(
            Parameter(name, units[name], tuple(float(value) for value in np.unique(values[~np.isnan(values)])))
        )
    return tuple(found)
