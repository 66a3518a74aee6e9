"""Files that a sweep leaves for people: pareto.csv and the plot of its front; and writing figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..sweep.exports import atomic, stored_rows, write_csv
from ..sweep.frames import Positions
from ..sweep.store import ResultStore
from .figures.pareto import collect_panels, draw_panels
from .figures.ppa import X, Y
from .figures.style import save_figure
from .fronts import front_mask
from .normalize import references
from .summary import REFERENCE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def write_front(store: ResultStore, results: pd.DataFrame) -> None:
    """Write pareto.csv, pareto.png and pareto.svg beside the store.

    Parameters
    ----------
    results : `results_frame` of that store.

    Raises
    ------
    InputError, RunError : a file cannot be written; the file of before stays.
    """
    write_rows(store, np.flatnonzero(front_mask(results, (X, Y))), store.directory / "pareto.csv")
    figure = draw_panels(collect_panels(results, X, Y, relative_to=references(results, REFERENCE)))
    for name in ("pareto.png", "pareto.svg"):
        write_figure(figure, store.directory / name)


def write_rows(
    store: ResultStore, rows: Positions, path: Path, added: Mapping[str, npt.ArrayLike] | None = None
) -> None:
    """Write some rows of a store's results as CSV.

    Parameters
    ----------
    rows : positions in `results_frame`, ascending.
    added : further columns, each [len(rows)]; NaN is an empty field.
    """
    found: Iterable[dict[str, Any]] = stored_rows(store, rows)
    columns = list(store.columns())
    for name, values in (added or {}).items():
        columns.append((name, "number"))
        found = _with_column(found, name, np.asarray(values, dtype=float))
    write_csv(path, columns, found)


def _with_column(rows: Iterable[dict[str, Any]], name: str, values: Iterable[float]) -> Iterator[dict[str, Any]]:
    for row, value in zip(rows, values, strict=True):
        yield {**row, name: None if value != value else float(value)}


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure by its suffix, all or nothing."""
    with atomic(path) as unfinished:
        save_figure(figure, unfinished, path.suffix.lstrip(".").lower())
