"""Pareto fronts of stored results: one front for each set of results that may be compared."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..sweep.filters import Rivals, RowFilter
from ..sweep.frames import results_frame
from .groups import column, comparable, met
from .metrics import Metric
from .pareto import SAMPLE, WORTH_A_PASS, good_points, oriented, pareto_mask

if TYPE_CHECKING:
    import pandas as pd

    from ..hardware.expressions import Expression
    from ..sweep.store import ResultStore

#: Which part of the results that are left a further rival has to dominate: each costs time on every one of these.
_WORTH = 0.02

#: Sets of comparable results that have rivals, the largest first: there may be one for every clock.
_MOST_SETS = 20


def front_mask(results: pd.DataFrame, metrics: Sequence[Metric]) -> npt.NDArray[np.bool_]:
    """Rows of a results table on the Pareto front of their group.

    Returns
    -------
    bool array [rows]; results without valid mapping are never on a front.
    """
    chosen = [part.index[pareto_mask(_costs(part, metrics))].to_numpy() for _, part in comparable(results)]
    return results.index.isin(np.concatenate(chosen)) if chosen else np.zeros(len(results), dtype=bool)


def values(results: pd.DataFrame, metrics: Sequence[Metric]) -> npt.NDArray[np.float64]:
    """Metrics of results, [rows, metrics]."""
    return np.column_stack([column(results, metric.name) for metric in metrics])


def _costs(results: pd.DataFrame, metrics: Sequence[Metric]) -> npt.NDArray[np.float64]:
    return oriented(values(results, metrics), [metric.maximize for metric in metrics])


def front_candidates(
    store: ResultStore, columns: Collection[str], metrics: Sequence[Metric], where: Expression | None
) -> pd.DataFrame:
    """Results that meet a condition, without most of those that are on no front of `metrics`.

    Of a large store a sample is read first; what its best designs dominate is not read any more.

    Parameters
    ----------
    columns : as of `results_frame`; the metrics, what groups results and the names of the condition are among them.
    """
    count, rivals = store.design_count(), ()
    if count >= WORTH_A_PASS:
        chosen = np.unique(np.random.default_rng(0).integers(1, count + 1, SAMPLE)).tolist()
        rivals = _rivals(filtered(store, columns, RowFilter(where, designs=chosen)), metrics)
    return filtered(store, columns, RowFilter(where, rivals))


def filtered(store: ResultStore, columns: Collection[str], only: RowFilter) -> pd.DataFrame:
    """Results that meet a filter's condition, labelled with their positions."""
    found = results_frame(store, columns, only=only)
    return found if only.where is None else met(found, only.where)


def _rivals(sample: pd.DataFrame, metrics: Sequence[Metric]) -> tuple[Rivals, ...]:
    objectives = tuple((metric.name, metric.maximize) for metric in metrics)
    signs = np.array([-1.0 if metric.maximize else 1.0 for metric in metrics])
    found = []
    for key, part in sorted(comparable(sample), key=lambda item: -len(item[1]))[:_MOST_SETS]:
        points = good_points(_costs(part, metrics), _WORTH) * signs
        found.append(Rivals(key, objectives, tuple(map(tuple, points.tolist()))))
    return tuple(found)
