"""How busy the MACs are, layer by layer, in the best design of each PE type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..designs import ShownGroup
from .energy import layer_name
from .style import canvas, finish, styles_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class UtilizationPanel:
    """One group of comparable results.

    Attributes
    ----------
    layers : layer shapes in the order of the network.
    percent : PE type -> [layers], operations over MACs times cycles.
    mean : PE type -> over the whole network, layers weighted with their MACs, percent.
    """

    title: str
    layers: tuple[str, ...]
    percent: dict[str, npt.NDArray[np.float64]]
    mean: dict[str, float]


def collect_utilization(groups: Sequence[ShownGroup]) -> list[UtilizationPanel]:
    """Utilisation of the shown designs. A group without designs is passed over."""
    panels = []
    for group in groups:
        if not group.designs:
            continue
        percent, mean = {}, {}
        for design in group.designs:
            values = np.array([100 * layer.utilization for layer in design.layers])
            weights = np.array([layer.macs * layer.count for layer in design.layers], dtype=float)
            percent[design.pe_type], mean[design.pe_type] = values, float(np.average(values, weights=weights))
        names = tuple(layer_name(layer) for layer in group.designs[0].layers)
        panels.append(UtilizationPanel(group.title, names, percent, mean))
    return panels


def draw_utilization(panels: Sequence[UtilizationPanel]) -> Figure:
    """A row per group, a mark per layer and PE type."""
    widest = max((len(panel.layers) for panel in panels), default=1)
    with canvas(max(1, len(panels)), 1, width=min(14.0, 4.5 + 0.22 * widest)) as (figure, axes):
        styles = styles_for(name for panel in panels for name in panel.percent)
        for panel, ax in zip(panels, axes.ravel(), strict=False):
            _draw(panel, ax, styles)
    return figure


def _draw(panel: UtilizationPanel, ax: Axes, styles: dict[str, tuple[str, str, bool]]) -> None:
    places = np.arange(len(panel.layers))
    count = len(panel.percent)
    for index, (name, values) in enumerate(panel.percent.items()):
        marker, colour, filled = styles[name]
        # Side by side, so that equal values do not hide each other.
        shift = 0.16 * (index - (count - 1) / 2)
        ax.plot(
            places + shift,
            values,
            linestyle="none",
            marker=marker,
            markersize=5,
            color=colour,
            markerfacecolor=colour if filled else "white",
            label=f"{name}: mean {panel.mean[name]:.1f} %",
        )
    ax.set_xticks(places, panel.layers, rotation=90 if len(panel.layers) > 4 else 0, fontsize=7)
    ax.set_ylim(0, 105)
    finish(ax, panel.title, "layer (× how many have its shape)", "utilization of the MACs (%)\n(more is better)")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
