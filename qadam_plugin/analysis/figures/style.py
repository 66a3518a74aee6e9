"""How figures look: marks, hatches and axes that read in black and white and by colour-blind people; and saving."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
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
OTHER_STYLES = (("P", "#CC79A7", True), ("X", "#E69F00", True), ("*", "#999999", True), ("h", "#F0E442", True))

#: Dashes that go with the markers, in the same order.
DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))

#: Colour and hatch of a part of a stacked bar, innermost component first.
BAR_STYLES: dict[str, tuple[str, str]] = {
    "MAC": ("#000000", ""),
    "ifmap spad": ("#56B4E9", "////"),
    "weights spad": ("#0072B2", ""),
    "psum spad": ("#CC79A7", "\\\\\\\\"),
    "global buffer": ("#009E73", "...."),
    "DRAM": ("#E69F00", "xxxx"),
    "idle": ("#FFFFFF", "----"),
}
_OTHER_BARS = (("#D55E00", "++++"), ("#F0E442", "oooo"), ("#999999", "****"))

#: Formats a figure can be written in, each without the date and the versions that would make equal figures differ.
FORMATS: dict[str, dict[str, str | None]] = {
    "png": {"Software": "qadam-tl"},
    "svg": {"Date": None, "Creator": "qadam-tl"},
    "pdf": {"CreationDate": None, "Creator": "qadam-tl", "Producer": None},
}

_RC: dict[Any, Any] = {"svg.hashsalt": "qadam-tl", "svg.fonttype": "none", "font.size": 9, "hatch.linewidth": 0.6}


def style_order(name: str) -> tuple[int, str]:
    """Sorting key of PE types: the named ones first, in one order everywhere."""
    known = list(STYLES)
    return (known.index(name) if name in known else len(known), name)


def styles_for(names: Iterable[str]) -> dict[str, tuple[str, str, bool]]:
    """Marker, colour and filling of PE types, those of general PE types included."""
    others = sorted(set(names) - set(STYLES))
    return {**STYLES, **{name: OTHER_STYLES[index % len(OTHER_STYLES)] for index, name in enumerate(others)}}


def bar_styles_for(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Colour and hatch of components, unknown ones included."""
    others = [name for name in dict.fromkeys(names) if name not in BAR_STYLES]
    return {**BAR_STYLES, **{name: _OTHER_BARS[index % len(_OTHER_BARS)] for index, name in enumerate(others)}}


def dashes_for(name: str) -> Any:
    """Dashes of a PE type's lines."""
    return DASHES[style_order(name)[0] % len(DASHES)]


@contextmanager
def canvas(
    rows: int, columns: int, *, width: float = 4.4, height: float = 3.7
) -> Iterator[tuple[Figure, npt.NDArray[Any]]]:
    """A figure with a grid of axes [rows, columns], `width` x `height` inches each, to be drawn within the block."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_RC):
        figure = Figure(figsize=(1.2 + width * columns, 0.9 + height * rows), layout="constrained")
        yield figure, np.atleast_2d(figure.subplots(rows, columns, squeeze=False))


def shared_legend(figure: Figure, axes: Iterable[Axes], order: Sequence[str] | None = None) -> None:
    """One legend above all panels, its entries in `order` or as PE types are sorted, everything else behind them."""
    handles = {label: handle for ax in axes for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    if not handles:
        return
    if order is None:
        names = sorted(handles, key=style_order)
    else:
        names = sorted(handles, key=lambda name: order.index(name) if name in order else len(order))
    columns = min(len(names), max(2, int(figure.get_figwidth() / 1.5)))
    figure.legend([handles[name] for name in names], names, loc="outside upper center", ncols=columns)


def scale_axis(ax: Axes, which: Literal["x", "y"], numbers: npt.NDArray[np.float64]) -> None:
    """Make an axis logarithmic where positive values span more than a factor of five."""
    finite = numbers[np.isfinite(numbers)]
    if finite.size and finite.min() > 0 and finite.max() > 5 * finite.min():
        log_axis(ax, which, float(np.log10(finite.max() / finite.min())))


def log_axis(ax: Axes, which: Literal["x", "y"], decades: float) -> None:
    """Logarithmic, with plain numbers at 1, 2 and 5, or at powers of ten where there are more than three decades."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis, set_scale = (ax.xaxis, ax.set_xscale) if which == "x" else (ax.yaxis, ax.set_yscale)
    set_scale("log")
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades <= 3 else (1,)))
    axis.set_major_formatter("{x:.10g}")
    axis.set_minor_formatter(NullFormatter())


def finish(ax: Axes, title: str, x_label: str, y_label: str) -> None:
    """Title, axis labels and a faint grid behind everything."""
    ax.set_title(title, fontsize=9)
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.grid(True, which="major", color="#dddddd", linewidth=0.5)
    ax.set_axisbelow(True)


def save_figure(figure: Figure, path: Path, kind: str) -> None:
    """Write a figure in one of `FORMATS`; equal figures give equal bytes.

    Raises
    ------
    OSError : the file cannot be written.
    """
    import matplotlib

    with matplotlib.rc_context(_RC):
        figure.savefig(path, format=kind, dpi=160, metadata=FORMATS[kind])
