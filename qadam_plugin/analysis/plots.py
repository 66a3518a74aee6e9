"""Plots of stored results. What to draw is collected apart from the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .fronts import values as metric_values
from .groups import GROUP, column, comparable
from .metrics import Metric
from .pareto import oriented, pareto_mask
from .summary import REFERENCE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Marker, colour and filling per PE type. Colours of Okabe and Ito (2008), told apart by colour-blind people; shapes
#: and fillings tell them apart in black and white.
STYLES: dict[str, tuple[str, str, bool]] = {
    "fp32": ("s", "#000000", False),
    "int16": ("o", "#0072B2", True),
    "int8": ("D", "#56B4E9", False),
    "lightpe1": ("^", "#D55E00", True),
    "lightpe2": ("v", "#009E73", False),
}
_OTHER_STYLES = (("P", "#CC79A7", True), ("X", "#E69F00", True), ("*", "#999999", True), ("h", "#F0E442", True))

_COLUMNS = 3


@dataclass(frozen=True)
class Panel:
    """Numbers of one panel.

    Attributes
    ----------
    title : network and what else sets the group apart.
    points : PE type -> [configs, 2], x and y.
    front : [points, 2], x ascending.
    x_label, y_label : axis labels, normalisation and direction included.
    """

    title: str
    points: dict[str, npt.NDArray[np.float64]]
    front: npt.NDArray[np.float64]
    x_label: str
    y_label: str


def collect_panels(results: pd.DataFrame, x: Metric, y: Metric, *, normalize: bool) -> list[Panel]:
    """One panel per group of comparable results that has a valid one.

    Normalised, both axes are relative to the INT16 config with the best `perf_per_area`, as in the paper's Fig. 4; a
    group without INT16 takes the best config of any PE type, and its labels say so.
    """
    groups = comparable(results)
    varying = [name for name in GROUP[1:] if len({key[name] for key, _ in groups}) > 1]
    return [_panel(key, part, varying, x, y, normalize) for key, part in groups]


def _panel(
    group: dict[str, Any], part: pd.DataFrame, varying: list[str], x: Metric, y: Metric, normalize: bool
) -> Panel:
    types = part["pe_type"].to_numpy()
    values = metric_values(part, (x, y))
    scale = np.ones(2)
    against = ""
    if normalize:
        against = "best INT16"
        eligible = types == REFERENCE
        if not eligible.any():
            eligible = np.ones(len(part), dtype=bool)
        base = int(np.argmax(np.where(eligible, column(part, "perf_per_area"), -np.inf)))
        if types[base] != REFERENCE:
            against = f"best config, {types[base]}"
        scale = values[base].copy()
    # A metric that is zero at the reference (spills, say) cannot be relative to it.
    scale[scale == 0] = 1.0
    values = values / scale
    front = values[pareto_mask(oriented(values, [x.maximize, y.maximize]))]
    return Panel(
        title=", ".join([group["network"], *(f"{name} {str(group[name])[:12]}" for name in varying)]),
        points={str(name): values[types == name] for name in sorted(set(types), key=_style_order)},
        front=np.unique(front, axis=0),
        x_label=_axis_label(x, against),
        y_label=_axis_label(y, against),
    )


def _axis_label(metric: Metric, against: str) -> str:
    better = "more is better" if metric.maximize else "less is better"
    what = f"{metric.label}, relative to {against}" if against else metric.title
    return f"{what}\n({better})"


def _style_order(name: str) -> tuple[int, str]:
    known = list(STYLES)
    return (known.index(name) if name in known else len(known), name)


def draw_panels(panels: Sequence[Panel]) -> Figure:
    """Draw panels in a grid: one mark per PE type, the Pareto front as a dashed line."""
    import matplotlib
    from matplotlib.figure import Figure

    count = max(1, len(panels))
    columns = min(_COLUMNS, count)
    rows = -(-count // columns)
    with matplotlib.rc_context({"svg.hashsalt": "qadam-tl", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(1.2 + 4.4 * columns, 0.9 + 3.7 * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        styles = _styles(panels)
        for panel, ax in zip(panels, axes, strict=False):
            _draw(panel, ax, styles)
        for ax in axes[len(panels) :]:
            ax.set_axis_off()
        handles = {label: handle for ax in axes for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
        if handles:
            order = sorted(handles, key=lambda name: (name == _FRONT, _style_order(name)))
            figure.legend([handles[name] for name in order], order, loc="outside upper center", ncols=len(order))
    return figure


_FRONT = "Pareto front"


def _styles(panels: Sequence[Panel]) -> dict[str, tuple[str, str, bool]]:
    names = sorted({name for panel in panels for name in panel.points} - set(STYLES))
    others = {name: _OTHER_STYLES[index % len(_OTHER_STYLES)] for index, name in enumerate(names)}
    return {**STYLES, **others}


def _draw(panel: Panel, ax: Axes, styles: dict[str, tuple[str, str, bool]]) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

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
        )
    ax.plot(
        panel.front[:, 0], panel.front[:, 1], linestyle="--", color="#000000", linewidth=1.3, label=_FRONT, zorder=4
    )
    for column_index, axis, set_scale in ((0, ax.xaxis, ax.set_xscale), (1, ax.yaxis, ax.set_yscale)):
        every = np.concatenate([points[:, column_index] for points in panel.points.values()])
        # Ranges of more than a decade are read on a logarithmic axis.
        if every.min() > 0 and every.max() > 10 * every.min():
            set_scale("log")
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter(NullFormatter())
    ax.set_title(panel.title, fontsize=9)
    ax.set_xlabel(panel.x_label)
    ax.set_ylabel(panel.y_label)
    ax.grid(True, which="major", color="#dddddd", linewidth=0.5)
    ax.set_axisbelow(True)


#: Formats a figure can be written in, each without the date and the versions that would make equal figures differ.
FORMATS: dict[str, dict[str, str | None]] = {
    "png": {"Software": "qadam-tl"},
    "svg": {"Date": None, "Creator": "qadam-tl"},
    "pdf": {"CreationDate": None, "Creator": "qadam-tl", "Producer": None},
}


def save_figure(figure: Figure, path: Path, kind: str) -> None:
    """Write a figure in one of `FORMATS`; equal figures give equal bytes.

    Raises
    ------
    OSError : the file cannot be written.
    """
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "qadam-tl", "svg.fonttype": "none"}):
        figure.savefig(path, format=kind, dpi=160, metadata=FORMATS[kind])
