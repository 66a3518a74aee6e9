"""Two metrics of every design against each other, with the Pareto front: one panel per group of comparable results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..fronts import values as metric_values
from ..groups import comparable, group_key, titles
from ..metrics import TOP1, Metric
from ..normalize import Reference
from ..pareto import oriented, pareto_mask
from .style import canvas, finish, scale_axis, shared_legend, style_order, styles_for

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The legend's word for the front.
FRONT = "Pareto front"

_COLUMNS = 3

#: More points of a PE type than this are pixels in SVG and PDF too.
_MANY = 10_000


@dataclass(frozen=True)
class Panel:
    """Numbers of one panel.

    Attributes
    ----------
    title : network and what else sets the group apart.
    points : PE type -> [configs, 2], x and y.
    config_ids : PE type -> names of these configs.
    front : [points, 2], x ascending.
    x_label, y_label : axis labels, normalisation and direction included.
    """

    title: str
    points: dict[str, npt.NDArray[np.float64]]
    config_ids: dict[str, tuple[str, ...]]
    front: npt.NDArray[np.float64]
    x_label: str
    y_label: str


def collect_panels(
    results: pd.DataFrame, x: Metric, y: Metric, *, relative_to: Mapping[tuple[Any, ...], Reference] | None = None
) -> list[Panel]:
    """One panel per group of comparable results that has a valid one.

    Parameters
    ----------
    relative_to : `normalize.references`; both axes are then relative to the group's reference, as in the paper's
        Fig. 4, and say so.
    """
    groups = comparable(results)
    return [
        _panel(title, part, x, y, None if relative_to is None else relative_to[group_key(key)])
        for title, (key, part) in zip(titles([key for key, _ in groups]), groups, strict=True)
    ]


def _panel(title: str, part: pd.DataFrame, x: Metric, y: Metric, reference: Reference | None) -> Panel:
    types = part["pe_type"].to_numpy()
    names = part["config_id"].to_numpy()
    values = metric_values(part, (x, y))
    if reference is not None:
        values = values / reference.scale((x, y))
    front = values[pareto_mask(oriented(values, [x.maximize, y.maximize]))]
    order = sorted(set(types), key=style_order)
    return Panel(
        title=title,
        points={str(name): values[types == name] for name in order},
        config_ids={str(name): tuple(map(str, names[types == name])) for name in order},
        front=np.unique(front, axis=0),
        x_label=axis_label(x, reference),
        y_label=axis_label(y, reference),
    )


def axis_label(metric: Metric, reference: Reference | None = None) -> str:
    """Words, unit or what it is relative to, and which way is better."""
    better = "more is better" if metric.maximize else "less is better"
    relative = reference is not None and metric != TOP1
    what = f"{metric.label}, relative to {reference.label}" if reference and relative else metric.title
    return f"{what}\n({better})"


def draw_panels(panels: Sequence[Panel]) -> Figure:
    """Draw panels in a grid: one mark per PE type, the Pareto front as a dashed line."""
    count = max(1, len(panels))
    columns = min(_COLUMNS, count)
    with canvas(-(-count // columns), columns) as (figure, axes):
        styles = styles_for(name for panel in panels for name in panel.points)
        for panel, ax in zip(panels, axes.ravel(), strict=False):
            _draw(panel, ax, styles)
        for ax in axes.ravel()[len(panels) :]:
            ax.set_axis_off()
        shared_legend(figure, axes.ravel())
    return figure


def _draw(panel: Panel, ax: Axes, styles: dict[str, tuple[str, str, bool]]) -> None:
    for name, points in panel.points.items():
        marker, colour, filled = styles[name]
        face = colour if filled else "none"
        ax.scatter(
            points[:, 0],
            points[:, 1],
            s=16,
            marker=marker,
            label=name,
            facecolors=face,
            edgecolors=colour,
            linewidths=0.8,
            rasterized=len(points) > _MANY,
        )
    if panel.points:
        draw_front(ax, panel.front)
        every = np.concatenate(list(panel.points.values()))
        scale_axis(ax, "x", every[:, 0])
        scale_axis(ax, "y", every[:, 1])
    else:
        ax.text(0.5, 0.5, "no results", ha="center", va="center", transform=ax.transAxes, color="#666666")
        ax.set_xticks([])
        ax.set_yticks([])
    labels = (panel.x_label, panel.y_label) if panel.points else ("", "")
    finish(ax, panel.title, *labels)


def draw_front(ax: Axes, front: npt.NDArray[np.float64]) -> None:
    """A dashed line through the points of a front [points, 2], each in a ring."""
    ax.plot(
        front[:, 0],
        front[:, 1],
        linestyle="--",
        linewidth=1.3,
        marker="o",
        markersize=9,
        markerfacecolor="none",
        markeredgewidth=0.9,
        color="#000000",
        label=FRONT,
        zorder=4,
    )
