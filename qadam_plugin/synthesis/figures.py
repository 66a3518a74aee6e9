"""Figures of any point: who measures the points of which table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .measure import Measurement, measure
from .narrow import measure_narrow
from .point import Point
from .subword_measure import measure_subword

#: Tables whose figures are not those of `measure.measure`.
_MEASURES: dict[str, Callable[[Point, Measurement, Path | None], dict[str, float]]] = {
    "mac_bits": measure_narrow,
    "mac_subword": measure_subword,
}


def figures_of(point: Point, how: Measurement, cache: Path | None = None) -> dict[str, float]:
    """Figures of a point by column, in the order of its table.

    Raises
    ------
    RunError : a tool is missing or fails, synthesis drops a port, or the netlist fails its vectors.
    InputError : the cell library or CACTI's source is not the expected one.
    """
    return _MEASURES.get(point.family, measure)(point, how, cache)
