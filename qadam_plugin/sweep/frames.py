"""The results of a store as one table, or its rows one by one, in the order of ``results.csv``."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .results import LISTS, SHARED, DesignResult, design_results, python_value, result_rows, shared_values, sql_of
from .store import Group, ResultStore, parts

if TYPE_CHECKING:
    import pandas as pd

Positions = npt.NDArray[np.intp]


def results_frame(
    store: ResultStore, columns: Collection[str] | None = None, rows: Positions | None = None
) -> pd.DataFrame:
    """Stored results as a table with the columns of ``results.csv``, sorted as there.

    Time and memory grow with the number of columns: ask for those that are needed.

    Parameters
    ----------
    columns : those that are wanted; left out, all.
    rows : positions of the rows that are wanted, ascending; left out, all. They are the index of the table.
    """
    import pandas as pd

    kinds = {name: kind for name, kind in store.columns() if columns is None or name in columns}
    with _no_collection():
        if rows is None:
            made = [_columns(store, group, kinds, None) for group in store.groups()]
        else:
            made = [_columns(store, group, kinds, ids) for group, ids in _places(store, rows)]
    found = [pd.DataFrame(columns) for columns in made]
    # Without rows the columns still have their kinds.
    found = [part for part in found if len(part)] or found
    if not found:
        return pd.DataFrame({name: _array([], kind) for name, kind in kinds.items()})
    frame = pd.concat(found, ignore_index=True)
    return frame if rows is None else frame.set_axis(rows, axis="index")


@contextmanager
def _no_collection() -> Iterator[None]:
    """No search for cycles among the tuples of rows: there are none, and it takes a fifth of the time of a million."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def stored_rows(store: ResultStore, rows: Positions | None = None) -> Iterator[dict[str, Any]]:
    """Rows of ``results.csv`` in its order: all of them, or those at ascending positions."""
    for group, ids in _places(store, rows):
        yield from (row.columns for row in result_rows(store, group, ids.tolist()))


def stored_designs(store: ResultStore, rows: Positions) -> Iterator[DesignResult]:
    """Results at ascending positions with the details of their layers; one for each position."""
    for group, ids in _places(store, rows):
        yield from design_results(store, group, details=True, designs=ids.tolist())


def _places(store: ResultStore, rows: Positions | None) -> Iterator[tuple[Group, npt.NDArray[np.int64]]]:
    """Groups, and in each the designs whose results are wanted, in order."""
    before = 0
    for group in store.groups():
        ids = store.design_ids(group)
        wanted = ids if rows is None else ids[rows[(rows >= before) & (rows < before + len(ids))] - before]
        before += len(ids)
        yield group, wanted


def _columns(
    store: ResultStore, group: Group, wanted: Mapping[str, str], ids: npt.NDArray[np.int64] | None
) -> dict[str, npt.NDArray[Any]]:
    """Columns, given with their kinds, of a group's results in order: all of them, or those of designs in order."""
    own = [name for name in wanted if name not in SHARED]
    kinds = ["integer", *(wanted[name] for name in own)]
    pieces: list[list[npt.NDArray[Any]]] = [[_array((), kind)] for kind in kinds]
    words: dict[str, str] = {}
    for chunk in _chunks(store, group, [sql_of(name) for name in own], ids):
        for piece, kind, name, values in zip(pieces, kinds, ("", *own), zip(*chunk, strict=True), strict=True):
            column: Sequence[Any] = values
            if name in LISTS:
                column = [python_value(name, value) for value in values]
            if kind == "text":
                # Equal words share one object: most columns have few.
                column = [words.setdefault(value, value) for value in column]
            piece.append(_array(column, kind))
    found, *columns = (np.concatenate(piece) for piece in pieces)
    if ids is None:
        ids = store.design_ids(group, found)
    place = np.zeros(int(found.max(initial=0)) + 1, dtype=np.intp)
    place[found] = np.arange(len(found))
    order = place[ids]
    made = {name: column[order] for name, column in zip(own, columns, strict=True)}
    if "runs" in wanted:
        made["runs"] = _runs(store, group, ids)
    for name, value in shared_values(group).items():
        made[name] = np.full(len(ids), value, dtype=object if isinstance(value, str) else np.int64)
    return {name: made[name] for name in wanted}


def _chunks(
    store: ResultStore, group: Group, values: Sequence[str], ids: npt.NDArray[np.int64] | None
) -> Iterator[list[tuple[Any, ...]]]:
    """Results with the id of their design, many at a time."""
    if ids is None:
        return store.results(group, values)
    return chain.from_iterable(store.results(group, values, part) for part in parts(ids.tolist()))


def _runs(store: ResultStore, group: Group, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    if len(group.runs) == 1:
        return np.full(len(ids), group.runs[0], dtype=object)
    found = [
        " ".join(runs[id]) for part in parts(ids.tolist()) for runs in [store.design_runs(group, part)] for id in part
    ]
    return np.array(found, dtype=object)


def _array(values: Sequence[Any], kind: str) -> npt.NDArray[Any]:
    """One column: NaN for a number that is not there, which makes integers floats; false for such a flag."""
    if kind == "text":
        return np.array(values, dtype=object)
    if kind == "flag":
        return np.array(values, dtype=bool)
    if kind == "integer" and None not in values:
        return np.array(values, dtype=np.int64)
    return np.array(values, dtype=np.float64)
