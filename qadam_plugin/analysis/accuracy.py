"""Accuracies that a person measured, joined to results by network and PE type. None ship: no value is invented."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from ..usertable import read_table

if TYPE_CHECKING:
    import pandas as pd

#: Columns of an accuracy file, in any order.
COLUMNS = ("network", "pe_type", "top1_mean", "top1_spread")

#: Columns that `with_accuracy` adds to results: `top1_mean` and `top1_spread` of the file.
ACCURACY_COLUMNS = ("top1", "top1_spread")


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Top-1 accuracy of one network trained for one PE type.

    Attributes
    ----------
    top1_mean : percent, mean over the trials.
    top1_spread : standard deviation over the trials in percentage points; None where the file leaves it out.
    """

    top1_mean: float
    top1_spread: float | None


@dataclass(frozen=True)
class AccuracyTable:
    """Accuracies of one file.

    Attributes
    ----------
    rows : by (network, PE type).
    source : the file, for messages.
    """

    rows: Mapping[tuple[str, str], Accuracy]
    source: str

    def of(self, network: str, pe_type: str) -> Accuracy | None:
        """Accuracy of a network with a PE type; None where the file has none."""
        return self.rows.get((network, pe_type))


def read_accuracy(path: str | Path) -> AccuracyTable:
    """Read an accuracy file: CSV with the columns `COLUMNS`; lines that start with ``#`` are comments.

    Raises
    ------
    InputError : names file, line and column: no such file, a missing, unknown or repeated column, a cell too many or
        too few, a name that is missing, a number that is no percentage, a network and PE type given twice.
    """
    rows: dict[tuple[str, str], Accuracy] = {}
    first: dict[tuple[str, str], str] = {}
    for where, cells in read_table(path, COLUMNS).rows():
        key = (_name(cells, "network", where, path), _name(cells, "pe_type", where, path))
        if key in rows:
            raise InputError(path, where, f"{key[0]} with {key[1]} already stands in {first[key]}")
        rows[key], first[key] = _accuracy(cells, where, path), where
    return AccuracyTable(rows, str(path))


def with_accuracy(results: pd.DataFrame, table: AccuracyTable) -> pd.DataFrame:
    """Results with the columns `ACCURACY_COLUMNS` added; NaN where the table has nothing.

    Raises
    ------
    InputError : not one result has an accuracy; the message names what the results have.
    """
    pairs = list(zip(results["network"], results["pe_type"], strict=True))
    found = {pair: table.of(*pair) for pair in dict.fromkeys(pairs)}
    if found and not any(found.values()):
        known = "; ".join(f"{network} with {pe_type}" for network, pe_type in found)
        raise InputError(table.source, "", f"no row is of a network and PE type of these results: {known}")
    top1 = [math.nan if (item := found[pair]) is None else item.top1_mean for pair in pairs]
    spread = [
        math.nan if (item := found[pair]) is None or item.top1_spread is None else item.top1_spread for pair in pairs
    ]
    return results.assign(top1=np.array(top1, dtype=float), top1_spread=np.array(spread, dtype=float))


def missing_accuracy(results: pd.DataFrame, table: AccuracyTable) -> list[tuple[str, str]]:
    """(network, PE type) of the results that the table says nothing about, in their order."""
    pairs = dict.fromkeys(zip(results["network"], results["pe_type"], strict=True))
    return [pair for pair in pairs if table.of(*pair) is None]


def _name(cells: Mapping[str, str], column: str, where: str, path: str | Path) -> str:
    if not cells[column]:
        raise InputError(path, f"{where}, column {column}", "is empty")
    return cells[column]


def _accuracy(cells: Mapping[str, str], where: str, path: str | Path) -> Accuracy:
    mean = _percent(cells, "top1_mean", where, path)
    # One percent is what guessing among a hundred classes gives: such a mean is a fraction.
    if 0 < mean <= 1:
        place = f"{where}, column top1_mean"
        raise InputError(path, place, f"percent is wanted: {100 * mean:g}, not {cells['top1_mean']}")
    spread = _percent(cells, "top1_spread", where, path) if cells["top1_spread"] else None
    return Accuracy(mean, spread)


def _percent(cells: Mapping[str, str], column: str, where: str, path: str | Path) -> float:
    try:
        value = float(cells[column])
    except ValueError:
        value = math.nan
    if not 0 <= value <= 100:
        raise InputError(path, f"{where}, column {column}", f"0 to 100 percent is wanted, not '{cells[column]}'")
    return value
