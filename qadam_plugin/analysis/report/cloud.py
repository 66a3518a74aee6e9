"""The designs that the interactive front shows, each with its architecture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...hardware.describe import arch_yaml
from ...sweep.frames import results_frame
from ...sweep.points import stored_config
from ...sweep.store import ResultStore
from ..fronts import values
from ..metrics import Metric
from ..pareto import oriented, pareto_mask

if TYPE_CHECKING:
    import pandas as pd

#: Points on a page, all groups together: with many more, a browser takes long to draw them.
MOST_POINTS = 20_000

_COMMAND = "qadam-tl report"


@dataclass(frozen=True)
class Cloud:
    """Designs of one group of comparable results.

    Attributes
    ----------
    rows : columns of the results, one row per shown design.
    metrics : [shown, axes], in the units of the axes.
    archs : Timeloop v0.4 YAML per shown design; None for a config that this version does not make.
    total : designs with a valid mapping, shown or not.
    """

    rows: tuple[Mapping[str, Any], ...]
    metrics: npt.NDArray[np.float64]
    archs: tuple[str | None, ...]
    total: int


def collect_clouds(
    store: ResultStore,
    groups: Sequence[tuple[Mapping[str, Any], pd.DataFrame]],
    axes: Sequence[Metric],
    needed: Sequence[frozenset[str]],
    most: int = MOST_POINTS,
) -> list[Cloud]:
    """Designs of every group: all, or where the page would have more than `most`, a sample with every front in it.

    Every front: of any PE types together or alone, in any two of the axes.

    Parameters
    ----------
    needed : config ids per group that are shown in any case.
    """
    share = most // max(1, len(groups))
    known: dict[tuple[str, float], str | None] = {}
    found = []
    for (_, part), names in zip(groups, needed, strict=True):
        kept = np.flatnonzero(_shown(part, axes, names, share))
        frame = results_frame(store, rows=part.index.to_numpy()[kept])
        rows = [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
        archs: list[str | None] = []
        for row in rows:
            key = (row["config_id"], row["clock_ghz"])
            if key not in known:
                known[key] = _arch(row, store)
            archs.append(known[key])
        metrics = values(part, axes)[kept]
        found.append(Cloud(tuple(rows), metrics, tuple(archs), len(part)))
    return found


def _shown(part: pd.DataFrame, axes: Sequence[Metric], names: frozenset[str], most: int) -> npt.NDArray[np.bool_]:
    if len(part) <= most:
        return np.ones(len(part), dtype=bool)
    mask = np.array(part["config_id"].isin(list(names)), dtype=bool)
    types = part["pe_type"].to_numpy()
    costs = oriented(values(part, axes), [axis.maximize for axis in axes])
    for name in dict.fromkeys(types):
        rows = np.flatnonzero(types == name)
        for pair in combinations(range(len(axes)), 2):
            mask[rows[pareto_mask(costs[rows][:, pair])]] = True
    rest = np.flatnonzero(~mask)
    spare = max(0, most - int(mask.sum()))
    mask[rest[np.linspace(0, len(rest) - 1, min(spare, len(rest))).astype(int)]] = True
    return mask


def _arch(row: Mapping[str, Any], store: ResultStore) -> str | None:
    try:
        return arch_yaml(stored_config(row, store), float(row["clock_ghz"]), _COMMAND)
    except InputError:
        return None
