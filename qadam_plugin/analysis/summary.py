"""The closing table of a sweep: the best config of each PE type, and how far it is from the best INT16."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..hardware.family import Family, family_named
from .groups import column, comparable
from .metrics import METRICS, Metric

if TYPE_CHECKING:
    import pandas as pd

#: The metrics of the paper's comparison: performance per area, and energy on chip and with DRAM.
COMPARED = ("perf_per_area", "onchip_energy_uj", "energy_uj")

REFERENCE = "int16"


@dataclass(frozen=True, slots=True)
class Best:
    """The best config of one PE type in one metric.

    Attributes
    ----------
    ratio : how many times better than the best config of the reference PE type: performance per area over the
        reference's, the reference's energy over this one's; None when the reference has no result.
    config : the winner in its family's words: rows x columns, depths of the ifmap, weights and psum spads, buffer.
    """

    pe_type: str
    metric: Metric
    value: float
    ratio: float | None
    config_id: str
    config: str
    clock_ghz: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The best configs of one group of comparable results.

    Attributes
    ----------
    clock : ``auto`` (each at its own), or GHz (all at one).
    best : by PE type, those of the best performance per area first; one entry for each of `COMPARED`.
    families : of these.
    """

    network: str
    batch: int
    engine: str
    objective: str
    clock: str
    best: tuple[Best, ...]
    families: tuple[Family, ...] = ()


def compare(results: pd.DataFrame, families: Sequence[Family] = ()) -> list[Comparison]:
    """Best configs per group, PE type and metric, in the order of the table. Ties go to the first row.

    Parameters
    ----------
    results : columns of ``results.csv``, sorted as there; results without valid mapping are passed over.
    families : of the results, where some are not shipped.
    """
    found = []
    for key, part in comparable(results):
        best = [best for name in COMPARED for best in _best(part, METRICS[name], families)]
        rank = {item.pe_type: item.value for item in best if item.metric.name == "perf_per_area"}
        best.sort(key=lambda item: (-rank[item.pe_type], item.pe_type, COMPARED.index(item.metric.name)))
        shared = {name: key[name] for name in ("network", "batch", "engine", "objective", "clock")}
        names = dict.fromkeys(part["family"]) if "family" in part else ()
        named = tuple(family_named(name, families) for name in names)
        found.append(Comparison(**shared, best=tuple(best), families=named))
    return found


def _best(part: pd.DataFrame, metric: Metric, families: Sequence[Family]) -> list[Best]:
    numbers = column(part, metric.name)
    types = part["pe_type"].to_numpy()
    winners: dict[str, int] = {}
    for pe_type in dict.fromkeys(types):
        rows = np.flatnonzero(types == pe_type)
        winners[pe_type] = int(rows[(np.argmax if metric.maximize else np.argmin)(numbers[rows])])
    reference = float(numbers[winners[REFERENCE]]) if REFERENCE in winners else None
    found = []
    for pe_type, index in winners.items():
        value, ratio = float(numbers[index]), None
        if reference is not None:
            ratio = value / reference if metric.maximize else reference / value
        row = part.iloc[index].to_dict()
        words = family_named(row.get("family"), families).short(row)
        found.append(Best(pe_type, metric, value, ratio, row["config_id"], words, row["clock_ghz"]))
    return found
