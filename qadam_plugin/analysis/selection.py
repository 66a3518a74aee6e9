"""Which stored results are looked at: conditions, and accuracies joined to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from ..hardware.expressions import parse
from ..sweep.filters import RowFilter
from ..sweep.frames import results_frame
from ..userfile import suggestion
from .accuracy import ACCURACY_COLUMNS, AccuracyTable, missing_accuracy, read_accuracy, with_accuracy
from .fronts import filtered, front_candidates
from .groups import GROUP, met
from .normalize import CRITERION

if TYPE_CHECKING:
    import pandas as pd

    from ..hardware.expressions import Expression
    from ..sweep.store import ResultStore
    from .metrics import Metric

#: A column of one row, of each kind.
_EXAMPLES = {
    "text": np.array(["word"], dtype=object),
    "integer": np.array([1]),
    "number": np.array([1.0]),
    "flag": np.array([True]),
}


@dataclass(frozen=True)
class Selection:
    """Results of a store.

    Attributes
    ----------
    kept : those that meet the condition, labelled with their positions.
    missing : which networks and PE types have no accuracy, in words; empty if none was asked for or all have one.
    """

    kept: pd.DataFrame
    missing: str
    _read: Callable[[], pd.DataFrame]

    @cached_property
    def everything(self) -> pd.DataFrame:
        """All results, also those that the condition left out; with accuracies where a file of them was given.

        Ask for it while the store is open: where nothing needed it before, it is read now.
        """
        return self._read()


def read_results(
    store: ResultStore,
    columns: Iterable[str],
    where: str | None,
    accuracy: Path | None,
    normalize: str | None,
    front: Sequence[Metric] = (),
) -> Selection:
    """Read a store's results as ``--where``, ``--accuracy`` and ``--normalize`` ask for them.

    Parameters
    ----------
    columns : those that are needed, besides what groups results and what the options need; none of an accuracy file.
    front : metrics, if nothing but the front of them is wanted: other results may then be missing.

    Raises
    ------
    InputError : a condition, a file of accuracies or a PE type that cannot be used.
    """
    table, condition = _checked(store, where, accuracy)
    needed = {"valid", "pe_type", *GROUP, *columns, *(condition.names if condition else ())}
    if normalize is not None:
        needed |= {"config_id", CRITERION.name}

    def read_all() -> pd.DataFrame:
        return results_frame(store, needed)

    if table is None and normalize is None:
        if front:
            return Selection(front_candidates(store, needed, front, condition), "", read_all)
        return Selection(filtered(store, needed, RowFilter(condition)), "", read_all)
    everything = read_all()
    known = sorted(everything["pe_type"].unique())
    if normalize is not None and normalize not in known:
        raise InputError("--normalize", "", f"no result of PE type '{normalize}'; {suggestion(normalize, known)}")
    missing = ""
    if table is not None:
        missing = _missing(everything, table)
        everything = with_accuracy(everything, table)
    kept = everything if condition is None else met(everything, condition)
    return Selection(kept, missing, lambda: everything)


def _checked(
    store: ResultStore, where: str | None, accuracy: Path | None
) -> tuple[AccuracyTable | None, Expression | None]:
    """What can be checked before the results are read."""
    table = None if accuracy is None else read_accuracy(accuracy)
    if where is None:
        return table, None
    kinds = dict(store.columns())
    if table is not None:
        kinds |= dict.fromkeys(ACCURACY_COLUMNS, "number")
    condition = parse(where, list(kinds), "--where")
    # Words and numbers that do not go together are refused also where no row gets as far as to be compared.
    condition.refuse_mixed({name for name, kind in kinds.items() if kind == "text"})
    condition.mask({name: _EXAMPLES[kind] for name, kind in kinds.items()})
    return table, condition


def _missing(results: pd.DataFrame, table: AccuracyTable) -> str:
    pairs = "; ".join(f"{network} with {pe_type}" for network, pe_type in missing_accuracy(results, table))
    return f"{table.source} has no accuracy for {pairs}" if pairs else ""


def check_folder(output: Path) -> None:
    """Refuse a file in a folder that does not exist, before anything is computed for it.

    Raises
    ------
    InputError : there is no such folder.
    """
    if not output.parent.is_dir():
        raise InputError(output, "", f"there is no folder {output.parent}")
