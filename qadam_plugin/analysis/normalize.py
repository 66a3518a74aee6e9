"""Results relative to a reference: the config of one PE type with the best performance per area, as in the paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .fronts import values as metric_values
from .groups import column, comparable, group_key
from .metrics import METRICS, TOP1, Metric

if TYPE_CHECKING:
    import pandas as pd

#: What makes a config the best of its PE type: the paper's choice for Fig. 4.
CRITERION = METRICS["perf_per_area"]


@dataclass(frozen=True, slots=True)
class Reference:
    """What one group's results are relative to.

    Attributes
    ----------
    pe_type, config_id : the config. Of another PE type than was asked for where the group has none of that.
    row : its columns in the results.
    """

    pe_type: str
    config_id: str
    row: Mapping[str, Any]

    @property
    def label(self) -> str:
        """Words for an axis or a title."""
        return f"best {self.pe_type}"

    def scale(self, metrics: Sequence[Metric]) -> npt.NDArray[np.float64]:
        """What to divide each metric by, [metrics].

        One for a metric that is zero at the reference (spills, say), and for accuracy, which stays in percent.
        """
        found = np.array([1.0 if metric == TOP1 else float(self.row[metric.name]) for metric in metrics])
        found[found == 0] = 1.0
        return found


def references(results: pd.DataFrame, pe_type: str) -> dict[tuple[Any, ...], Reference]:
    """Reference of every group of comparable results, by `groups.group_key`.

    A group without that PE type takes its best config of any type.
    """
    return {group_key(key): reference(part, pe_type) for key, part in comparable(results)}


def reference(part: pd.DataFrame, pe_type: str) -> Reference:
    """Reference of one group of comparable results, of which there is at least one."""
    types = part["pe_type"].to_numpy()
    eligible = types == pe_type
    if not eligible.any():
        eligible = np.ones(len(part), dtype=bool)
    best = int(np.argmax(np.where(eligible, column(part, CRITERION.name), -np.inf)))
    found = str(types[best])
    row = {str(name): value for name, value in part.iloc[best].to_dict().items()}
    return Reference(found, str(row["config_id"]), row)


def relative_columns(
    results: pd.DataFrame, metrics: Sequence[Metric], found: Mapping[tuple[Any, ...], Reference]
) -> dict[str, npt.NDArray[np.float64]]:
    """Columns ``METRIC_relative``, each [rows]; NaN for results without valid mapping."""
    columns = {f"{metric.name}_relative": np.full(len(results), np.nan) for metric in metrics}
    places = {label: place for place, label in enumerate(results.index)}
    for key, part in comparable(results):
        scaled = metric_values(part, metrics) / found[group_key(key)].scale(metrics)
        rows = [places[label] for label in part.index]
        for values, column_values in zip(scaled.T, columns.values(), strict=True):
            column_values[rows] = values
    return columns
