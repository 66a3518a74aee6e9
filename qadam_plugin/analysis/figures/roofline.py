"""Rooflines: what each layer reaches, and whether the MACs or the DRAM bound it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..designs import ShownDesign, ShownGroup
from .style import canvas, dashes_for, finish, log_axis, shared_legend, styles_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 3


@dataclass(frozen=True)
class Roofline:
    """One design.

    Attributes
    ----------
    peak_gmacs : 10^9 MACs per second with every MAC busy.
    dram_gbps : GB/s of the DRAM, all tensors together, in one direction; infinite for a family without the parameter.
    layers : name of each layer shape.
    points : [layers, 2], MACs per byte of DRAM traffic, and 10^9 MACs per second.
    share : [layers], part of the network's time that all layers of the shape take, 0 to 1.
    """

    pe_type: str
    peak_gmacs: float
    dram_gbps: float
    layers: tuple[str, ...]
    points: npt.NDArray[np.float64]
    share: npt.NDArray[np.float64]

    def roof(self, intensity: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Most that any layer can reach: [n] MACs per byte -> [n] 10^9 MACs per second."""
        return np.minimum(self.peak_gmacs, self.dram_gbps * intensity)


@dataclass(frozen=True)
class RooflinePanel:
    """One group of comparable results."""

    title: str
    designs: tuple[Roofline, ...]


def collect_roofline(groups: Sequence[ShownGroup]) -> list[RooflinePanel]:
    """Rooflines of the shown designs. A group without designs is passed over."""
    return [
        RooflinePanel(group.title, tuple(_roofline(design) for design in group.designs))
        for group in groups
        if group.designs
    ]


def _roofline(design: ShownDesign) -> Roofline:
    clock_ghz = float(design.row["clock_ghz"])
    macs = np.array([layer.macs for layer in design.layers], dtype=float)
    cycles = np.array([layer.cycles for layer in design.layers], dtype=float)
    dram_bytes = np.array([layer.dram_bytes for layer in design.layers])
    times = cycles * np.array([layer.count for layer in design.layers])
    return Roofline(
        pe_type=design.pe_type,
        peak_gmacs=design.peak_gmacs,
        dram_gbps=float(design.row.get("dram_gbps", np.inf)),
        layers=tuple(layer.name for layer in design.layers),
        points=np.column_stack([macs / dram_bytes, macs / cycles * clock_ghz]),
        share=times / times.sum(),
    )


def draw_roofline(panels: Sequence[RooflinePanel]) -> Figure:
    """A panel per group: a mark per layer, its area the layer's share of the time; a roof per PE type."""
    count = max(1, len(panels))
    columns = min(_COLUMNS, count)
    with canvas(-(-count // columns), columns, width=5.4, height=4.2) as (figure, axes):
        styles = styles_for(design.pe_type for panel in panels for design in panel.designs)
        for panel, ax in zip(panels, axes.ravel(), strict=False):
            _draw(panel, ax, styles)
        for ax in axes.ravel()[len(panels) :]:
            ax.set_axis_off()
        shared_legend(figure, axes.ravel())
    return figure


def _draw(panel: RooflinePanel, ax: Axes, styles: dict[str, tuple[str, str, bool]]) -> None:
    every = np.concatenate([design.points for design in panel.designs])
    low = every[:, 0].min() / 2
    ridge = max(design.peak_gmacs / design.dram_gbps for design in panel.designs)
    high = max(every[:, 0].max(), ridge) * 2
    intensity = np.geomspace(low, high, 200)
    for design in panel.designs:
        marker, colour, filled = styles[design.pe_type]
        ax.plot(intensity, design.roof(intensity), linestyle=dashes_for(design.pe_type), linewidth=1.1, color=colour)
        ax.scatter(
            *design.points.T,
            s=12 + 220 * design.share,
            marker=marker,
            facecolors=colour if filled else "none",
            edgecolors=colour,
            linewidths=0.9,
            alpha=0.85,
            label=f"{design.pe_type}",
        )
    lows = [float(design.roof(intensity).min()) for design in panel.designs]
    bottom = min(float(every[:, 1].min()), *lows) / 1.5
    top = max(design.peak_gmacs for design in panel.designs) * 1.5
    ax.set_xlim(low, high)
    ax.set_ylim(bottom, top)
    log_axis(ax, "x", float(np.log10(high / low)))
    log_axis(ax, "y", float(np.log10(top / bottom)))
    finish(
        ax,
        panel.title,
        "MACs per byte of DRAM traffic\n(mark's area: share of the time; lines: roofs of MACs and DRAM)",
        "10⁹ MACs per second\n(more is better)",
    )
