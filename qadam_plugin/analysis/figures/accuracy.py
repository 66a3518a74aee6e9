"""The paper's Figs. 5 and 6: accuracy against performance per area and against energy, best design per PE type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...workloads.network import DATASETS
from ..designs import BestDesign, best_designs
from ..groups import GROUP
from ..metrics import METRICS, TOP1, Metric
from ..pareto import oriented, pareto_mask
from .pareto import axis_label, draw_front
from .style import canvas, finish, scale_axis, shared_legend, styles_for

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: x of Fig. 5 and of Fig. 6.
COSTS = (METRICS["perf_per_area"], METRICS["onchip_energy_uj"])

#: Where the names of networks stand beside their points: each at a side of its own, so that near points can be told.
_LABELS = (((7, 4), "left"), ((7, -10), "left"), ((-7, 4), "right"), ((-7, -10), "right"))


@dataclass(frozen=True, slots=True)
class AccuracyPoint:
    """The best design of one PE type on one network.

    Attributes
    ----------
    cost : in the unit of the panel's metric.
    top1, spread : percent and percentage points; None where the spread is not known.
    """

    network: str
    pe_type: str
    config_id: str
    cost: float
    top1: float
    spread: float | None


@dataclass(frozen=True)
class AccuracyPanel:
    """Networks of one data set, whose accuracies may be compared.

    Attributes
    ----------
    title : the data set, or the network where its name ends with none.
    metric : what `AccuracyPoint.cost` is.
    points : by network and PE type.
    front : [points, 2], cost and top-1, ascending cost.
    """

    title: str
    metric: Metric
    points: tuple[AccuracyPoint, ...]
    front: npt.NDArray[np.float64]


def collect_accuracy(results: pd.DataFrame) -> list[AccuracyPanel]:
    """Two panels, of `COSTS`, per data set and group of comparable results.

    Every config of a PE type has the type's accuracy, so the best config stands for the type: the one with the least
    energy, or the most performance per area.

    Parameters
    ----------
    results : with the columns of `accuracy.with_accuracy`; those without accuracy are passed over.
    """
    known = results.loc[results["top1"].notna()]
    panels = []
    best = {metric.name: best_designs(known, metric) for metric in COSTS}
    keys = [key for key, _ in best[COSTS[0].name]]
    sets = [(dataset(key["network"]), *(key[name] for name in GROUP[1:])) for key in keys]
    for chosen in dict.fromkeys(sets):
        words = [str(chosen[0])]
        words += [
            f"{name} {str(value)[:12]}"
            for name, value in zip(GROUP[1:], chosen[1:], strict=True)
            if _varies(keys, name)
        ]
        for metric in COSTS:
            points = [
                _point(key, design, metric)
                for place, (key, designs) in zip(sets, best[metric.name], strict=True)
                if place == chosen
                for design in designs.values()
            ]
            values = np.array([[point.cost, point.top1] for point in points])
            front = values[pareto_mask(oriented(values, [metric.maximize, TOP1.maximize]))]
            panels.append(AccuracyPanel(", ".join(words), metric, tuple(points), np.unique(front, axis=0)))
    return panels


def dataset(network: str) -> str:
    """Data set that a network's name ends with; the name itself where it ends with none."""
    ending = network.rpartition("-")[2]
    return ending if ending in DATASETS else network


def _varies(keys: Sequence[dict[str, Any]], name: str) -> bool:
    return len({key[name] for key in keys}) > 1


def _point(key: dict[str, Any], design: BestDesign, metric: Metric) -> AccuracyPoint:
    row = design.row
    spread = float(row["top1_spread"])
    return AccuracyPoint(
        network=key["network"],
        pe_type=row["pe_type"],
        config_id=row["config_id"],
        cost=float(row[metric.name]),
        top1=float(row["top1"]),
        spread=None if np.isnan(spread) else spread,
    )


def draw_accuracy(panels: Sequence[AccuracyPanel]) -> Figure:
    """A row per data set: Fig. 5 on the left, Fig. 6 on the right."""
    with canvas(max(1, len(panels) // len(COSTS)), len(COSTS)) as (figure, axes):
        styles = styles_for(point.pe_type for panel in panels for point in panel.points)
        for panel, ax in zip(panels, axes.ravel(), strict=False):
            _draw(panel, ax, styles)
        shared_legend(figure, axes.ravel())
    return figure


def _draw(panel: AccuracyPanel, ax: Axes, styles: dict[str, tuple[str, str, bool]]) -> None:
    networks = list(dict.fromkeys(point.network for point in panel.points))
    for point in panel.points:
        marker, colour, filled = styles[point.pe_type]
        ax.errorbar(
            point.cost,
            point.top1,
            yerr=point.spread,
            linestyle="none",
            marker=marker,
            markersize=6,
            color=colour,
            markerfacecolor=colour if filled else "none",
            capsize=2.5,
            elinewidth=0.8,
            label=point.pe_type,
        )
        if len(networks) > 1:
            words = point.network.removesuffix(f"-{dataset(point.network)}")
            offset, side = _LABELS[networks.index(point.network) % len(_LABELS)]
            place = (point.cost, point.top1)
            ax.annotate(words, place, xytext=offset, textcoords="offset points", ha=side, fontsize=7)
    ax.margins(x=0.18, y=0.1)
    draw_front(ax, panel.front)
    scale_axis(ax, "x", np.array([point.cost for point in panel.points]))
    finish(ax, panel.title, axis_label(panel.metric), axis_label(TOP1))
