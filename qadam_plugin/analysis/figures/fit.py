"""The paper's Fig. 3: figures of synthesis, or of exact mapping, against what the models predict."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...ppa.composition import compose, deviations
from ...ppa.families import FAMILIES, Quantity
from ...ppa.library import ModelLibrary
from ...ppa.tables import load_table
from ...userfile import read_text
from ..metrics import METRICS
from .style import OTHER_STYLES, STYLES, canvas, finish, scale_axis, style_order, styles_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Panels of the component models: quantities by unit as the models write it, and as axes do.
_PANELS = {
    "area": ("um^2", "µm²"),
    "leakage": ("uW", "µW"),
    "energy per action": ("pJ", "pJ"),
    "critical path": ("ns", "ns"),
}

#: Panels of PEs and arrays, by the columns of `composition.FIGURES`.
_WHOLE_PANELS = {
    "area_um2": ("area of PEs", "µm²"),
    "leakage_uw": ("leakage of PEs", "µW"),
    "energy_pj": ("energy of PEs per cycle", "pJ"),
    "path_ns": ("critical path of PEs", "ns"),
}

#: Panels of whole accelerators, of the figures that held-out configs are kept for.
_ACCELERATOR_FIGURES = ("latency_ms", "power_mw", "onchip_energy_uj", "perf_per_area")

_FAMILY_NAMES = {"mac": "MAC", "spad": "scratchpad", "control": "control", "glb": "global buffer"}

#: Looks of the component models' points; those of PE types are in `style`.
_COMPONENT_STYLES = {
    "MAC fp": STYLES["fp32"],
    "MAC int": STYLES["int16"],
    "MAC shift-add": STYLES["lightpe1"],
    "scratchpad": STYLES["lightpe2"],
    "control": OTHER_STYLES[0],
    "global buffer": OTHER_STYLES[1],
}


@dataclass(frozen=True)
class FitPanel:
    """Actual and predicted values of one quantity.

    Attributes
    ----------
    title : the quantity.
    unit : of actual and predicted values.
    points : family of components or PE type -> [points, 2], actual and predicted.
    """

    title: str
    unit: str
    points: dict[str, npt.NDArray[np.float64]]

    @property
    def errors(self) -> dict[str, npt.NDArray[np.float64]]:
        """Relative errors of predictions, by family or PE type, [points]: 0.01 is 1 % too much."""
        return {name: values[:, 1] / values[:, 0] - 1 for name, values in self.points.items()}


@dataclass(frozen=True, slots=True)
class FitErrors:
    """Sizes of the relative errors of one family or PE type in one panel: 0.01 is 1 %."""

    panel: str
    name: str
    points: int
    median: float
    largest: float


def fit_errors(panels: Sequence[FitPanel]) -> list[FitErrors]:
    """Errors of every family or PE type in every panel, in their order."""
    return [
        FitErrors(panel.title, name, len(errors), float(np.median(np.abs(errors))), float(np.abs(errors).max()))
        for panel in panels
        for name, errors in panel.errors.items()
    ]


def collect_component_fit(tables: Path, library: ModelLibrary) -> list[FitPanel]:
    """Area, leakage, energy per action and critical path of every characterised component against its model.

    DRAM, whose models are one constant each, and the array's area, which is no component, are left out.

    Parameters
    ----------
    tables : folder of the characterisation tables that the library was fitted to.
    """
    found: dict[str, dict[str, list[tuple[float, float]]]] = {name: {} for name in _PANELS}
    for family_name, words in _FAMILY_NAMES.items():
        family = FAMILIES[family_name]
        rows = load_table(tables / f"{family.name}.csv", family)
        for quantity in family.quantities:
            panel = _panel_of(quantity)
            if panel is None:
                continue
            for row in rows:
                model = library.find(family.name, row.variant, quantity.name)
                if model is None or quantity.column not in row.figures:
                    continue
                series = f"{words} {row.variant}" if family_name == "mac" else words
                pair = (row.figures[quantity.column], model.predict(row.parameters))
                found[panel].setdefault(series, []).append(pair)
    return [
        FitPanel(name, unit, {series: np.array(pairs) for series, pairs in found[name].items()})
        for name, (_, unit) in _PANELS.items()
    ]


def _panel_of(quantity: Quantity) -> str | None:
    if quantity.unit == "ns":
        return "critical path" if quantity.name == "critical_path" else None
    units = {unit: name for name, (unit, _) in _PANELS.items()}
    return units.get(quantity.unit.removesuffix(" per cycle"))


def collect_whole_fit(tables: Path, library: ModelLibrary) -> list[FitPanel]:
    """PEs and arrays composed of fitted parts against the same ones synthesised flat, by PE type.

    The models never saw these, apart from the area that an array adds to its PEs.

    Parameters
    ----------
    tables : folder of the characterisation tables that the library was fitted to.
    """
    found: dict[str, dict[str, list[tuple[float, float]]]] = {column: {} for column in _WHOLE_PANELS}
    for each in sorted(deviations(library, tables), key=lambda each: style_order(each.pe.name)):
        whole = compose(library, each.pe, each.depths, each.rows, each.cols)
        for column, relative in each.relative.items():
            predicted = float(getattr(whole, column))
            found[column].setdefault(each.pe.name, []).append((predicted / (1 + relative), predicted))
    return [
        FitPanel(title, unit, {name: np.array(pairs) for name, pairs in found[column].items()})
        for column, (title, unit) in _WHOLE_PANELS.items()
    ]


def collect_accelerator_fit(path: Path) -> list[FitPanel]:
    """Whole accelerators: exact results against the fitted models, on configs that were held out, all networks.

    Parameters
    ----------
    path : the file that ``qadam-tl surrogate fit`` leaves: columns pe_type, figure, actual, predicted.

    Raises
    ------
    InputError : no such file, or not of that kind.
    """
    again = f"`qadam-tl surrogate fit {path.parent}` makes it"
    if not path.is_file():
        raise InputError(path, "", f"no such file; {again}")
    found: dict[str, dict[str, list[tuple[float, float]]]] = {name: {} for name in _ACCELERATOR_FIGURES}
    try:
        for row in csv.DictReader(read_text(path).splitlines()):
            if row["figure"] in found:
                pair = (float(row["actual"]), float(row["predicted"]))
                found[row["figure"]].setdefault(row["pe_type"], []).append(pair)
    except (KeyError, TypeError, ValueError):
        raise InputError(path, "", f"is damaged; {again} anew") from None
    return [
        FitPanel(METRICS[name].label, METRICS[name].unit, {kind: np.array(pairs) for kind, pairs in series.items()})
        for name, series in found.items()
        if series
    ]


def draw_fit(groups: Sequence[Sequence[FitPanel]]) -> Figure:
    """Per group of panels: above, predicted against actual; below, the relative error against actual."""
    names = {name for panels in groups for panel in panels for name in panel.points}
    styles = {**styles_for(names - set(_COMPONENT_STYLES)), **_COMPONENT_STYLES}
    columns = max((len(panels) for panels in groups), default=1)
    with canvas(2 * len(groups), columns, width=3.9, height=2.9) as (figure, axes):
        for panels, upper, lower in zip(groups, axes[::2], axes[1::2], strict=True):
            for panel, parity, error in zip(panels, upper, lower, strict=False):
                _draw_parity(panel, parity, styles)
                _draw_error(panel, error, styles)
            # What lies on the diagonal leaves the corner above it free.
            _legend(upper[0])
            for ax in (*upper[len(panels) :], *lower[len(panels) :]):
                ax.set_axis_off()
    return figure


def _legend(ax: Axes) -> None:
    handles = {name: handle for handle, name in zip(*ax.get_legend_handles_labels(), strict=True)}
    order = [*STYLES, *_COMPONENT_STYLES]
    names = sorted(handles, key=lambda name: order.index(name) if name in order else len(order))
    ax.legend([handles[name] for name in names], names, loc="upper left", fontsize=7, framealpha=0.9)


def _percent(value: float) -> str:
    return f"{value:.0f} %" if value >= 10 else f"{value:.2g} %"


def _draw_parity(panel: FitPanel, ax: Axes, styles: Mapping[str, tuple[str, str, bool]]) -> None:
    _marks(ax, panel.points, styles)
    every = np.concatenate(list(panel.points.values()))
    ends = [every.min(), every.max()]
    ax.plot(ends, ends, color="#000000", linewidth=0.8, linestyle="--", label="predicted = actual", zorder=1)
    scale_axis(ax, "x", every)
    scale_axis(ax, "y", every)
    finish(ax, panel.title, f"actual {panel.title} ({panel.unit})", f"predicted ({panel.unit})")


def _draw_error(panel: FitPanel, ax: Axes, styles: Mapping[str, tuple[str, str, bool]]) -> None:
    errors = panel.errors
    points = {name: np.column_stack([panel.points[name][:, 0], 100 * errors[name]]) for name in errors}
    _marks(ax, points, styles)
    ax.axhline(0, color="#000000", linewidth=0.8, linestyle="--", zorder=1)
    scale_axis(ax, "x", np.concatenate([values[:, 0] for values in points.values()]))
    sizes = 100 * np.abs(np.concatenate(list(errors.values())))
    words = f"size of errors: median {_percent(float(np.median(sizes)))}, largest {_percent(float(sizes.max()))}"
    finish(ax, words, f"actual {panel.title} ({panel.unit})", "predicted over actual, less 1 (%)")


def _marks(
    ax: Axes, points: Mapping[str, npt.NDArray[np.float64]], styles: Mapping[str, tuple[str, str, bool]]
) -> None:
    # Families of few points stand before those of many.
    for name, values in sorted(points.items(), key=lambda item: -len(item[1])):
        marker, colour, filled = styles[name]
        face = colour if filled else "none"
        ax.scatter(
            *values.T, s=14, marker=marker, facecolors=face, edgecolors=colour, linewidths=0.7, alpha=0.8, label=name
        )
