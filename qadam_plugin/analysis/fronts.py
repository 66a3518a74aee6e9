"""Pareto fronts of stored results: one front for each set of results that may be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .groups import column, comparable
from .metrics import Metric
from .pareto import oriented, pareto_mask

if TYPE_CHECKING:
    import pandas as pd


def front_mask(results: pd.DataFrame, metrics: Sequence[Metric]) -> npt.NDArray[np.bool_]:
    """Rows of a results table on the Pareto front of their group.

    Returns
    -------
    bool array [rows]; results without valid mapping are never on a front.
    """
    chosen: set[object] = set()
    for _, part in comparable(results):
        costs = oriented(values(part, metrics), [metric.maximize for metric in metrics])
        chosen.update(part.index[pareto_mask(costs)])
    return np.array([label in chosen for label in results.index], dtype=bool)


def values(results: pd.DataFrame, metrics: Sequence[Metric]) -> npt.NDArray[np.float64]:
    """Metrics of results, [rows, metrics]."""
    return np.column_stack([column(results, metric.name) for metric in metrics])
