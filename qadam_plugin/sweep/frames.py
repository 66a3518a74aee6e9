"""The results of a store as one table, or its rows one by one, in the order of ``results.csv``."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .filters import RowFilter
from .records import Group
from .results import LISTS, SHARED, DesignResult, design_results, python_value, result_rows, shared_values, sql_of
from .store import ResultStore
from .stored import parts

if TYPE_CHECKING:
    import pandas as pd

Positions = npt.NDArray[np.intp]
Designs = npt.NDArray[np.int64]


def results_frame(
    store: ResultStore,
    columns: Collection[str] | None = None,
    rows: Positions | None = None,
    only: RowFilter | None = None,
) -> pd.DataFrame:
    """Stored results as a table with the columns of ``results.csv``, sorted as there.

    Time and memory grow with the number of columns: ask for those that are needed.

    Parameters
    ----------
    columns : those that are wanted; left out, all.
    rows : positions of the rows that are wanted, ascending; left out, all. They are the index of the table.
    only : which rows are wanted, if not all; more may be there. Their positions are the index of the table.
    """
    import pandas as pd

    kinds = {name: kind for name, kind in store.columns() if columns is None or name in columns}
    read: list[tuple[Positions, dict[str, Any]]] = []
    with _no_collection():
        before = 0
        for group, ids, chosen in _places(store, rows):
            wanted = only if rows is None else RowFilter(designs=chosen.tolist())
            places, made = _columns(store, group, ids, kinds, wanted or RowFilter())
            read.append((before + places, made))
            before += len(ids)
    # Without rows the columns still have their kinds.
    read = [part for part in read if len(part[0])] or read
    if not read:
        return pd.DataFrame({name: _array([], kind) for name, kind in kinds.items()})
    frame = pd.concat([pd.DataFrame(made) for _, made in read], ignore_index=True)
    if rows is None and only is None:
        return frame
    return frame.set_axis(np.concatenate([places for places, _ in read]), axis="index")


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
    for group, _, chosen in _places(store, rows):
        yield from (row.columns for row in result_rows(store, group, chosen.tolist()))


def stored_designs(store: ResultStore, rows: Positions) -> Iterator[DesignResult]:
    """Results at ascending positions with the details of their layers; one for each position."""
    for group, _, chosen in _places(store, rows):
        yield from design_results(store, group, details=True, designs=chosen.tolist())


def _places(store: ResultStore, rows: Positions | None) -> Iterator[tuple[Group, Designs, Designs]]:
    """Groups, and in each its designs in order, and those whose results are wanted."""
    before = 0
    for group in store.groups():
        ids = store.design_ids(group)
        yield group, ids, ids if rows is None else ids[rows[(rows >= before) & (rows < before + len(ids))] - before]
        before += len(ids)


def _columns(
    store: ResultStore, group: Group, ids: Designs, wanted: Mapping[str, str], only: RowFilter
) -> tuple[Positions, dict[str, Any]]:
    """Columns, given with their kinds, of results of a group's designs in order, and their positions among these."""
    columns = [_Column("", "integer"), *(_Column(name, kind) for name, kind in wanted.items() if name not in SHARED)]
    for chunk in _chunks(store, group, [sql_of(column.name) for column in columns[1:]], only):
        for column, values in zip(columns, zip(*chunk, strict=True), strict=True):
            column.add(values)
    designs = columns[0].values()
    place = np.full(1 + max(designs.max(initial=0), ids.max(initial=0)), -1, dtype=np.intp)
    place[ids] = np.arange(len(ids))
    order = np.argsort(place[designs])
    # Designs that are no longer linked have no place.
    order = order[np.count_nonzero(place[designs] < 0) :]
    designs = designs[order]
    made = {column.name: column.values(order) for column in columns[1:]}
    if "runs" in wanted:
        made["runs"] = _runs(store, group, designs)
    for name, value in shared_values(group).items():
        made[name] = _repeated(value, len(designs))
    return place[designs], {name: made[name] for name in wanted}


class _Column:
    """One column of many results, as its values come."""

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self._kind = "integer" if kind == "text" else kind
        self._words: dict[str, int] | None = {} if kind == "text" else None
        self._pieces = [_array((), self._kind)]

    def add(self, values: Sequence[Any]) -> None:
        if self.name in LISTS:
            values = [python_value(self.name, value) for value in values]
        if (words := self._words) is not None:
            # Most columns have few words: their places in a list of them are smaller and faster than they are.
            values = [words.setdefault(value, len(words)) for value in values]
        self._pieces.append(_array(values, self._kind))

    def values(self, order: Positions | None = None) -> Any:
        """The column in an order of its rows; left out, in that of their coming."""
        whole = np.concatenate(self._pieces)
        chosen = whole if order is None else whole[order]
        return chosen if self._words is None else _words(self._words, chosen)


def _chunks(
    store: ResultStore, group: Group, values: Sequence[str], only: RowFilter
) -> Iterator[list[tuple[Any, ...]]]:
    """Results with the id of their design, many at a time."""
    condition = only.sql(group, dict(store.columns()))
    if only.designs is None:
        return store.results(group, values, condition=condition)
    return chain.from_iterable(store.results(group, values, part, condition) for part in parts(only.designs))


def _runs(store: ResultStore, group: Group, ids: npt.NDArray[np.int64]) -> Any:
    if len(group.runs) == 1:
        return _repeated(group.runs[0], len(ids))
    found = [
        " ".join(runs[id]) for part in parts(ids.tolist()) for runs in [store.design_runs(group, part)] for id in part
    ]
    return np.array(found, dtype=object)


def _repeated(value: str | int, count: int) -> Any:
    places = np.zeros(count, np.int64)
    return _words({value: 0}, places) if isinstance(value, str) else places + value


def _words(words: Collection[str], places: npt.NDArray[np.int64]) -> Any:
    """A column of words by their places among the different ones, as pandas keeps words."""
    import pandas as pd

    return pd.Series(np.array(list(words), dtype=object)).array.take(places)


def _array(values: Sequence[Any], kind: str) -> npt.NDArray[Any]:
    """One column: NaN for a number that is not there, which makes integers floats; false for such a flag."""
    if kind == "text":
        return np.array(values, dtype=object)
    if kind == "flag":
        return np.array(values, dtype=bool)
    if kind == "integer" and None not in values:
        return np.array(values, dtype=np.int64)
    return np.array(values, dtype=np.float64)
