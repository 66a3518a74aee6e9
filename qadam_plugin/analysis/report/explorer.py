"""What the page's script is given: points, looks and bars, as JSON values. `report.js` is its only reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...hardware.family import Family
from ..figures.energy import StackedBars
from ..figures.style import bar_styles_for, style_order, styles_for
from .collect import GroupReport, Report

#: Marker of matplotlib -> plotly's symbol.
_SYMBOLS = {
    **{"s": "square", "o": "circle", "D": "diamond", "^": "triangle-up", "v": "triangle-down"},
    **{"P": "cross", "X": "x", "*": "star", "h": "hexagon"},
}

#: Outlines of these symbols for the legend, in a box from -5 to 5.
OUTLINES = {
    "square": "M-4-4H4V4H-4Z",
    "circle": "M-4.5 0A4.5 4.5 0 1 0 4.5 0A4.5 4.5 0 1 0 -4.5 0Z",
    "diamond": "M0-5L5 0L0 5L-5 0Z",
    "triangle-up": "M0-4.5L5 4H-5Z",
    "triangle-down": "M0 4.5L5-4H-5Z",
    "cross": "M-1.8-5H1.8V-1.8H5V1.8H1.8V5H-1.8V1.8H-5V-1.8H-1.8Z",
    "x": "M-4.8-2.4L-2.4-4.8L0-2.4L2.4-4.8L4.8-2.4L2.4 0L4.8 2.4L2.4 4.8L0 2.4L-2.4 4.8L-4.8 2.4L-2.4 0Z",
    "star": "M0-5L1.2-1.6H4.8L1.9.6L3 4L0 2L-3 4L-1.9.6L-4.8-1.6H-1.2Z",
    "hexagon": "M0-5L4.3-2.5V2.5L0 5L-4.3 2.5V-2.5Z",
}

#: Hatch of matplotlib, one stroke of it -> plotly's pattern.
_PATTERNS = {"": "", "/": "/", "\\": "\\", ".": ".", "x": "x", "-": "-", "+": "+", "o": ".", "*": "x"}


def looks(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Symbol, colour and filling of PE types, in their order everywhere."""
    styles = styles_for(names)
    return {
        name: {"symbol": _SYMBOLS[styles[name][0]], "colour": styles[name][1], "filled": styles[name][2]}
        for name in sorted(set(names), key=style_order)
    }


def explorer_data(report: Report) -> dict[str, Any]:
    """The JSON value of the page's data block."""
    archs = _Archs()
    parameters, families = [item.name for item in report.parameters], [family.name for family in report.families]
    groups = [_group(group, archs, parameters, families) for group in report.groups]
    return {
        "axes": [
            {"name": axis.name, "label": axis.label, "unit": axis.unit, "title": axis.title, "maximize": axis.maximize}
            for axis in report.axes
        ],
        "looks": looks([width.pe_type for width in report.widths]),
        "parameters": [{"name": item.name, "unit": item.unit} for item in report.parameters],
        "families": [{"name": "" if item.default else item.name, "hover": _hover(item)} for item in report.families],
        "groups": groups,
        "archs": archs.json(),
    }


def _hover(family: Family) -> list[str]:
    """Lines beside a point, with names of parameters in braces."""
    return list(family.texts.hover) or [", ".join(f"{name} {{{name}}}" for name in family.shown)]


def _group(group: GroupReport, archs: _Archs, parameters: Sequence[str], families: Sequence[str]) -> dict[str, Any]:
    rows = group.cloud.rows
    bars = []
    if group.energy is not None:
        bars = [_bars(group.energy.by_component), _bars(group.energy.by_layer)]
    return {
        "types": [str(row["pe_type"]) for row in rows],
        "ids": [str(row["config_id"]) for row in rows],
        "families": [families.index(str(row["family"])) for row in rows],
        "clocks": [float(row["clock_ghz"]) for row in rows],
        "parameters": [[_plain(row.get(name)) for name in parameters] for row in rows],
        "metrics": [[None if value != value else float(value) for value in axis] for axis in group.cloud.metrics.T],
        "archs": [archs.add(arch) for arch in group.cloud.archs],
        "bars": bars,
    }


def _plain(value: float | None) -> float | int | None:
    """A number as JSON has it; None for a parameter that a design's family does not have."""
    if value is None or value != value:
        return None
    number = float(value)
    return int(number) if number.is_integer() else number


def _bars(bars: StackedBars) -> dict[str, Any]:
    styles = bar_styles_for(bars.parts)
    return {
        "bars": list(bars.bars),
        "parts": [
            {
                "name": name,
                "values": [float(value) for value in values],
                "colour": styles[name][0],
                "pattern": _PATTERNS[styles[name][1][:1]],
            }
            for name, values in bars.parts.items()
        ],
    }


class _Archs:
    """Architectures of many designs, small: files of one form share all lines but a few.

    Each distinct line stands once. A file is the number of another one of as many lines, and what differs from it as
    pairs of place and line; or, the first of its form, all its lines.
    """

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}
        self._first: dict[tuple[str, int], int] = {}
        self._whole: list[list[int]] = []
        self._files: dict[str, int] = {}
        self._coded: list[list[int]] = []

    def add(self, text: str | None) -> int | None:
        """Number of a file."""
        if text is None or text in self._files:
            return None if text is None else self._files[text]
        lines = text.split("\n")
        codes = [self._lines.setdefault(line, len(self._lines)) for line in lines]
        form = (next((line for line in lines if "_mac" in line), ""), len(lines))
        if form not in self._first:
            self._first[form] = len(self._whole)
            self._whole.append(codes)
        base = self._first[form]
        changes = [
            item
            for place, (code, other) in enumerate(zip(codes, self._whole[base], strict=True))
            if code != other
            for item in (place, code)
        ]
        self._files[text] = len(self._coded)
        self._coded.append([base, *changes])
        return self._files[text]

    def json(self) -> dict[str, Any]:
        """Lines, whole files, and every file."""
        return {"lines": list(self._lines), "whole": self._whole, "files": self._coded}
