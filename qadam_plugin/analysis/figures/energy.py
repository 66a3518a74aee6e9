"""Where the energy goes: by component for the best design of each PE type, and by layer for the best of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..designs import LayerCost, ShownDesign, ShownGroup, component_order
from ..metrics import Metric
from .style import bar_styles_for, canvas, finish, shared_legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class StackedBars:
    """Bars of stacked parts.

    Attributes
    ----------
    title : what is shown.
    bars : name of each bar.
    parts : component -> [bars], µJ; innermost component first.
    """

    title: str
    bars: tuple[str, ...]
    parts: dict[str, npt.NDArray[np.float64]]

    @property
    def totals(self) -> npt.NDArray[np.float64]:
        """Height of each bar, [bars], µJ."""
        return np.sum(list(self.parts.values()), axis=0)


@dataclass(frozen=True)
class EnergyBreakdown:
    """One group of comparable results.

    Attributes
    ----------
    by_component : a bar per PE type, its best design over the whole network.
    by_layer : a bar per layer shape of `design`, all layers of that shape together.
    design : the best design of all PE types.
    """

    by_component: StackedBars
    by_layer: StackedBars
    design: ShownDesign


def collect_energy(groups: Sequence[ShownGroup], criterion: Metric) -> list[EnergyBreakdown]:
    """Energy with DRAM of the shown designs, part by part. A group without designs is passed over."""
    found = []
    for group in groups:
        if not group.designs:
            continue
        best = (max if criterion.maximize else min)(group.designs, key=lambda design: design.row[criterion.name])
        by_component = _stacked(group.title, [(item.pe_type, item.layers) for item in group.designs])
        layers = [(layer_name(layer), (layer,)) for layer in best.layers]
        found.append(EnergyBreakdown(by_component, _stacked(f"{group.title}: {design_words(best)}", layers), best))
    return found


def layer_name(layer: LayerCost) -> str:
    """Name of a layer shape, with how many layers have it."""
    return layer.name if layer.count == 1 else f"{layer.name} ×{layer.count}"


def design_words(design: ShownDesign) -> str:
    """PE type and parameters of a design, as its family says them."""
    return f"{design.pe_type}, {design.family.long(design.row)}"


def _stacked(title: str, bars: Sequence[tuple[str, Sequence[LayerCost]]]) -> StackedBars:
    names = component_order(layer for _, layers in bars for layer in layers)
    parts = {
        part: np.array([sum(layer.energy_uj.get(part, 0.0) * layer.count for layer in layers) for _, layers in bars])
        for part in names
    }
    return StackedBars(title, tuple(name for name, _ in bars), parts)


def draw_energy(breakdowns: Sequence[EnergyBreakdown]) -> Figure:
    """A row per group: components on the left, layers on the right."""
    with canvas(max(1, len(breakdowns)), 2, width=5.2) as (figure, axes):
        if breakdowns:
            widest = max(len(item.by_layer.bars) for item in breakdowns)
            axes[0, 0].get_gridspec().set_width_ratios([1, max(1.0, min(2.5, widest / 8))])
            figure.set_figwidth(figure.get_figwidth() + min(4.0, 0.12 * max(0, widest - 12)))
        for item, (left, right) in zip(breakdowns, axes, strict=False):
            _draw(item.by_component, left, "PE type")
            _draw(item.by_layer, right, "layer (× how many have its shape)")
            right.tick_params(axis="x", rotation=90 if len(item.by_layer.bars) > 4 else 0, labelsize=7)
        order = list(dict.fromkeys(part for item in breakdowns for part in item.by_component.parts))
        shared_legend(figure, axes.ravel(), order)
    return figure


def _draw(bars: StackedBars, ax: Axes, x_label: str) -> None:
    styles = bar_styles_for(bars.parts)
    bottom = np.zeros(len(bars.bars))
    places = np.arange(len(bars.bars))
    for part, heights in bars.parts.items():
        colour, hatch = styles[part]
        ax.bar(
            places,
            heights,
            0.7,
            bottom=bottom,
            color=colour,
            hatch=hatch,
            edgecolor="#000000",
            linewidth=0.5,
            label=part,
        )
        bottom = bottom + heights
    ax.set_xticks(places, bars.bars)
    finish(ax, bars.title, x_label, "energy with DRAM (µJ)\n(less is better)")
    ax.grid(False, axis="x")
    ax.set_xlim(-0.7, len(bars.bars) - 0.3)
