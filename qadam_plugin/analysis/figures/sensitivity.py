"""Sensitivity: what one parameter alone changes, around the best design of each PE type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InputError
from ...hardware.family import Family, family_named
from ..designs import best_designs
from ..groups import comparable, titles
from ..metrics import Metric
from .style import canvas, finish, styles_for

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Effect:
    """One parameter, all others as in the best design.

    Attributes
    ----------
    unit : of the parameter.
    at_best : the best design's value.
    changes : (value, metric relative to the best design's) of every stored design that differs in this parameter
        alone, by value; the best design's own (value, 1) among them.
    """

    parameter: str
    unit: str
    at_best: float
    changes: tuple[tuple[float, float], ...]

    @property
    def spread(self) -> float:
        """Largest over smallest relative metric, at least 1."""
        values = [change for _, change in self.changes]
        return max(values) / min(values)


@dataclass(frozen=True)
class SensitivityPanel:
    """One PE type of one group of comparable results.

    Attributes
    ----------
    config_id : the best design.
    effects : the largest spread first; parameters without a neighbour in the results are left out.
    """

    title: str
    pe_type: str
    config_id: str
    metric: Metric
    effects: tuple[Effect, ...]


def collect_sensitivity(
    results: pd.DataFrame, metric: Metric, families: Sequence[Family] = ()
) -> list[SensitivityPanel]:
    """One at a time: for each PE type the design that is best in `metric`, and its neighbours along each parameter.

    Only designs of its family that were computed count, so a full grid shows every value and a sparse set of results
    few. Parameters are those of the family, besides the PE type and the clock, which results are grouped by.

    Parameters
    ----------
    families : of the results, where some are not shipped.

    Raises
    ------
    InputError : the metric is zero at a best design, so that nothing can be relative to it.
    """
    best = best_designs(results, metric)
    parts = comparable(results)
    panels = []
    for title, (_, part), (_, designs) in zip(titles([key for key, _ in parts]), parts, best, strict=True):
        for pe_type, design in designs.items():
            row = design.row
            if float(row[metric.name]) == 0:
                raise InputError("--metric", "", f"{metric.name} is zero in the best {pe_type}: choose another")
            family = family_named(row.get("family"), families)
            alike = part["pe_type"] == pe_type
            if "family" in part:
                alike &= part["family"] == row["family"]
            effects = _effects(part.loc[alike], row, metric, family)
            panels.append(SensitivityPanel(title, pe_type, str(row["config_id"]), metric, effects))
    return panels


def _effects(designs: pd.DataFrame, best: Mapping[str, Any], metric: Metric, family: Family) -> tuple[Effect, ...]:
    values = designs[list(family.places)].to_numpy(dtype=float)
    centre = np.array([best[name] for name in family.places], dtype=float)
    numbers = designs[metric.name].to_numpy(dtype=float) / float(best[metric.name])
    equal = values == centre
    found = []
    for index, parameter in enumerate(family.parameters):
        others = np.delete(equal, index, axis=1).all(axis=1)
        pairs = sorted({(float(x), float(y)) for x, y in zip(values[others, index], numbers[others], strict=True)})
        if len(pairs) > 1:
            found.append(Effect(parameter.name, parameter.unit, float(centre[index]), tuple(pairs)))
    return tuple(sorted(found, key=lambda effect: -effect.spread))


def draw_sensitivity(panels: Sequence[SensitivityPanel]) -> Figure:
    """A panel per PE type: a line per parameter from its least to its largest effect, each value written beside."""
    columns = min(2, max(1, len(panels)))
    most = max((len(panel.effects) for panel in panels), default=1)
    rows = -(-max(1, len(panels)) // columns)
    with canvas(rows, columns, width=5.2, height=1.0 + 0.45 * most) as (figure, axes):
        styles = styles_for(panel.pe_type for panel in panels)
        for panel, ax in zip(panels, axes.ravel(), strict=False):
            _draw(panel, ax, styles)
        for ax in axes.ravel()[len(panels) :]:
            ax.set_axis_off()
    return figure


def _draw(panel: SensitivityPanel, ax: Axes, styles: dict[str, tuple[str, str, bool]]) -> None:
    marker, colour, filled = styles[panel.pe_type]
    changes = [change for effect in panel.effects for _, change in effect.changes] or [1.0]
    crowded = 0.05 * (max(changes) - min(changes))
    for place, effect in enumerate(reversed(panel.effects)):
        values = [change for _, change in effect.changes]
        ax.plot([min(values), max(values)], [place, place], color=colour, linewidth=1.2, zorder=2)
        before, above = -np.inf, False
        for value, change in sorted(effect.changes, key=lambda pair: pair[1]):
            own = value == effect.at_best
            edge = "#000000" if own else colour
            face = edge if own or filled else "white"
            ax.plot(change, place, marker=marker, markersize=6, color=edge, markerfacecolor=face)
            # Neighbours too close for two numbers side by side have theirs above and below.
            above = not above if change - before < crowded else True
            before = change
            ax.annotate(
                f"{value:g}",
                (change, place),
                xytext=(0, 6 if above else -6),
                textcoords="offset points",
                ha="center",
                va="bottom" if above else "top",
                fontsize=7,
                fontweight="bold" if own else "normal",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4},
            )
    ax.axvline(1.0, color="#000000", linewidth=0.7, linestyle=":")
    ax.set_yticks(range(len(panel.effects)), [_name(effect) for effect in reversed(panel.effects)])
    ax.set_ylim(-0.6, len(panel.effects) - 0.4)
    better = "more is better" if panel.metric.maximize else "less is better"
    label = f"{panel.metric.label}, relative to the best {panel.pe_type}\n({better}; bold: the best design's value)"
    finish(ax, f"{panel.title}: {panel.pe_type}", label, "")
    ax.grid(False, axis="y")


def _name(effect: Effect) -> str:
    return f"{effect.parameter}\n({effect.unit})" if effect.unit else effect.parameter
