"""Which stored results are looked at: conditions, and accuracies joined to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..userfile import suggestion
from .accuracy import ACCURACY_COLUMNS, AccuracyTable, missing_accuracy, read_accuracy, with_accuracy
from .groups import GROUP, select
from .normalize import CRITERION

if TYPE_CHECKING:
    import pandas as pd

    from ..hardware.expressions import Expression
    from ..sweep.store import ResultStore


@dataclass(frozen=True)
class Selection:
    """Results of a store.

    Attributes
    ----------
    everything : all of them, with accuracies where a file of them was given; labelled with their positions.
    kept : those that meet the condition.
    missing : which networks and PE types have no accuracy, in words; empty if none was asked for or all have one.
    """

    everything: pd.DataFrame
    kept: pd.DataFrame
    missing: str = ""


def read_results(
    store: ResultStore, columns: Iterable[str], where: str | None, accuracy: Path | None, normalize: str | None
) -> Selection:
    """Read a store's results as ``--where``, ``--accuracy`` and ``--normalize`` ask for them.

    Parameters
    ----------
    columns : those that are needed, besides what groups results and what the options need; none of an accuracy file.

    Raises
    ------
    InputError : a condition, a file of accuracies or a PE type that cannot be used.
    """
    from ..sweep.exports import results_frame

    table, condition = _checked(store, where, accuracy)
    needed = {"valid", "pe_type", *GROUP, *columns, *(condition.names if condition else ())}
    if normalize is not None:
        needed |= {"config_id", CRITERION.name}
    everything = results_frame(store, needed)
    if normalize is not None and normalize not in set(everything["pe_type"]):
        known = sorted(set(everything["pe_type"]))
        raise InputError("--normalize", "", f"no result of PE type '{normalize}'; {suggestion(normalize, known)}")
    missing = ""
    if table is not None:
        missing = _missing(everything, table)
        everything = with_accuracy(everything, table)
    if condition is None:
        return Selection(everything, everything, missing)
    columns = {name: everything[name].to_numpy() for name in everything}
    return Selection(everything, select(everything, condition.mask(columns)), missing)


def _checked(
    store: ResultStore, where: str | None, accuracy: Path | None
) -> tuple[AccuracyTable | None, Expression | None]:
    """What can be checked before the results are read."""
    from ..hardware.expressions import parse

    table = None if accuracy is None else read_accuracy(accuracy)
    names = [name for name, _ in store.columns()] + ([] if table is None else list(ACCURACY_COLUMNS))
    return table, None if where is None else parse(where, names, "--where")


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
