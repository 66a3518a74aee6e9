"""A figure of stored results by the name of its kind, as the command line and Python ask for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InputError
from ...hardware.family import known_names
from ...sweep.store import ResultStore
from ..groups import valid_results
from ..metrics import metric
from ..selection import read_results
from .kinds import KINDS, PlotRequest

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def stored_figure(
    directory: Path,
    kind: str,
    *,
    where: str | None = None,
    accuracy: Path | None = None,
    x: str | None = None,
    y: str | None = None,
    normalize: str | None = None,
    best: str | None = None,
) -> tuple[Figure, str]:
    """A figure, and which networks and PE types have no accuracy, in words.

    Parameters
    ----------
    kind : of `KINDS`.
    x, y, normalize : of ``pareto``: its metrics, and the PE type that they are relative to.
    best : metric that the best designs are best in.

    Raises
    ------
    InputError : whatever cannot be used, or nothing to show.
    """
    chosen, given = KINDS[kind], accuracy is not None
    if kind == "accuracy" and not given:
        raise InputError("--accuracy", "", "plot accuracy needs a file of accuracies: --accuracy FILE")
    axes = (
        metric(x or "onchip_energy_uj", "--x", accuracy=given),
        metric(y or "perf_per_area", "--y", accuracy=given),
    )
    criterion = metric(best or "perf_per_area", "--metric", accuracy=given)
    needed = {*chosen.columns, *(item.name for item in (*axes, criterion))}
    with ResultStore.reading(directory) as store:
        if chosen.parameters:
            needed.update(known_names(store.families()))
        selected = read_results(store, needed, where, accuracy, normalize)
        if valid_results(selected.kept).empty:
            raise InputError(directory, "", "no result with a valid mapping" + (" meets --where" if where else ""))
        request = PlotRequest(store, selected, *axes, normalize, criterion)
        return chosen.make(request), selected.missing
