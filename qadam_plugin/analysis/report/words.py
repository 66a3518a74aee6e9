"""What a report says in sentences, and how it writes numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import floor, isfinite, log10
from typing import Any

from ...hardware.family import family_named
from ..figures.energy import EnergyBreakdown, design_words
from ..figures.style import style_order
from ..metrics import METRICS
from ..summary import REFERENCE, Best, Comparison
from .collect import GroupReport, Report

_OBJECTIVES = {"edp": "the least energy-delay product", "energy": "the least energy", "latency": "the least latency"}

#: How a sentence says that a design is the best in a metric of `summary.COMPARED`.
_BEST = {
    "perf_per_area": "the most performance per area",
    "onchip_energy_uj": "the least on-chip energy",
    "energy_uj": "the least energy with DRAM",
}


def number(value: float) -> str:
    """Four significant digits, without exponent from 0.0001 on; thousands are grouped."""
    if not isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if abs(value) < 1e-4:
        return f"{value:.3e}"
    digits = max(0, 3 - floor(log10(abs(value))))
    text = f"{round(value, 3 - floor(log10(abs(value)))):,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def ratio(value: float) -> str:
    """How many times: two decimals."""
    return f"{value:,.2f}"


def percent(part: float) -> str:
    """0.0123 as ``1.23``; in the unit percent, which stands in the column's head."""
    return f"{100 * part:.2f}"


def plural(count: int, one: str, many: str = "") -> str:
    """A count and its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def facts(key: Mapping[str, Any]) -> str:
    """What a group's results share, besides the network."""
    clock = "each at its own clock" if key["clock"] == "auto" else f"all at {key['clock']} GHz"
    mapped = _OBJECTIVES.get(str(key["objective"]), str(key["objective"]))
    return f"Batch of {key['batch']}, mapped by engine {key['engine']} for {mapped}, {clock}"


def design_heads(group: GroupReport) -> list[str]:
    """Heads of the columns that say what the designs on a group's front are."""
    named = ["family"] if any(not family.default for family in group.families) else []
    return list(dict.fromkeys([*named, *(head for family in group.families for head, _ in family.texts.columns)]))


def design_cells(row: Mapping[str, Any], group: GroupReport) -> list[str]:
    """What a design is, under `design_heads`; nothing where its family has no such column."""
    family = family_named(row["family"], group.families)
    cells = {head: words.text(family.numbers(row), number) for head, words in family.texts.columns}
    return [({"family": family.name} | cells).get(head, "") for head in design_heads(group)]


def legend(report: Report) -> str:
    """What the short names of designs mean."""
    if all(family.default for family in report.families):
        return "PEs: rows x columns; spads: depths of the scratchpads for ifmaps / weights / partial sums."
    return "; ".join(f"{family.name}: {family.texts.legend}" for family in report.families if family.texts.legend)


def by_type(comparison: Comparison) -> list[tuple[str, list[Best]]]:
    """The best designs of each PE type, in the comparison's order."""
    found: dict[str, list[Best]] = {}
    for best in comparison.best:
        found.setdefault(best.pe_type, []).append(best)
    return list(found.items())


def overview(report: Report) -> list[str]:
    """The opening paragraph, as sentences."""
    networks = list(dict.fromkeys(str(group.key["network"]) for group in report.groups))
    types = ", ".join(dict.fromkeys(width.pe_type for width in report.widths))
    sentences = [
        f"{plural(report.designs, 'accelerator design')} with the PE types {types}, evaluated on {', '.join(networks)}."
    ]
    if report.condition:
        sentences.append(f"Only results that meet the condition {report.condition} are shown.")
    if len(report.groups) > 1:
        sentences.append(
            f"There are {len(report.groups)} sets of results that may be compared, each within itself: "
            "one per network, batch, engine, objective and clock."
        )
    if report.unmapped:
        sentences.append(f"Without a section, as no design has a valid mapping: {'; '.join(report.unmapped)}.")
    unfinished = [run.key for run, finished, _ in report.runs if not finished]
    if unfinished:
        sentences.append(f"Not finished yet: run {', '.join(unfinished)}. The report is of what there is so far.")
    if report.trust.other_models:
        fingerprints = {group.key["fingerprint"] for group in report.groups}
        some = "Some results" if fingerprints - set(report.trust.other_models) else "The results"
        sentences.append(
            f"{some} were computed with other models or another mapper than those of this version: "
            "see the section on models."
        )
    return sentences


def findings(group: GroupReport) -> list[str]:
    """What a group's results say, as sentences."""
    sentences = [_counts(group)]
    for name, words in _BEST.items():
        best = _winner(group.comparison, name)
        if best is not None:
            sentences.append(f"{best.pe_type} has {words}: {_value(best)}{_against(best)}.")
    types = Counter(str(row["pe_type"]) for row in group.front)
    parts = ", ".join(f"{types[name]} of {name}" for name in sorted(types, key=style_order))
    on_front = plural(len(group.front), "design is", "designs are")
    sentences.append(f"{on_front} beaten by no other in both on-chip energy and performance per area: {parts}.")
    if group.energy is not None:
        sentences.append(_shares(group.energy))
    return sentences


def _counts(group: GroupReport) -> str:
    valid = group.results - group.invalid
    text = f"{plural(valid, 'design')} with a valid mapping"
    if group.invalid:
        text += f", {group.invalid:,} without"
    if group.proven == valid:
        return f"{text}; every mapping of every layer is proven the best for its design."
    return f"{text}; for {group.proven:,} of them the mapping of every layer is proven the best."


def _winner(comparison: Comparison, name: str) -> Best | None:
    found = [best for best in comparison.best if best.metric.name == name]
    if not found:
        return None
    return (max if METRICS[name].maximize else min)(found, key=lambda best: best.value)


def _value(best: Best) -> str:
    return f"{number(best.value)}\N{NO-BREAK SPACE}{best.metric.unit}".strip()


def _against(best: Best) -> str:
    if best.ratio is None or best.pe_type == REFERENCE:
        return ""
    if best.metric.maximize:
        return f", {ratio(best.ratio)} times the best {REFERENCE}"
    return f", the best {REFERENCE} takes {ratio(best.ratio)} times as much"


def _shares(energy: EnergyBreakdown) -> str:
    """The three largest parts of the shown design's energy."""
    parts = {name: float(values.sum()) for name, values in energy.by_layer.parts.items()}
    total = sum(parts.values())
    if total <= 0:
        return ""
    largest = sorted(parts.items(), key=lambda item: -item[1])[:3]
    words = ", ".join(f"{name} {100 * value / total:.0f}\N{NO-BREAK SPACE}%" for name, value in largest)
    return f"Where the energy of the design {design_words(energy.design)} goes: {words}."
