"""Which stored results may be compared with each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

    from ..hardware.expressions import Expression

#: Results are compared only where all of these are equal. The clock is compared as it was asked for: every design at
#: its own (``auto``), or all at one.
GROUP = ("network", "batch", "engine", "objective", "clock", "fingerprint")


def select(results: pd.DataFrame, mask: npt.ArrayLike) -> pd.DataFrame:
    """Rows of a results table; `mask` is bool [rows]."""
    return cast("pd.DataFrame", results.loc[np.asarray(mask, dtype=bool)])


def met(results: pd.DataFrame, condition: Expression) -> pd.DataFrame:
    """Results that meet a condition."""
    return select(results, condition.mask({str(name): results[name].to_numpy() for name in results}))


def valid_results(results: pd.DataFrame) -> pd.DataFrame:
    """Results with a valid mapping."""
    return select(results, results["valid"].to_numpy(dtype=bool))


def comparable(results: pd.DataFrame) -> list[tuple[dict[str, Any], pd.DataFrame]]:
    """Valid results in groups, each with the values of `GROUP` that it shares, sorted by these."""
    groups = valid_results(results).groupby(list(GROUP), sort=True)
    return [
        (dict(zip(GROUP, cast("tuple[Any, ...]", key), strict=True)), cast("pd.DataFrame", part))
        for key, part in groups
    ]


def column(results: pd.DataFrame, name: str) -> npt.NDArray[np.float64]:
    """A column as numbers [rows]; NaN where a result has none."""
    return results[name].to_numpy(dtype=float)


def titles(keys: Sequence[Mapping[str, Any]]) -> list[str]:
    """A short title per group: its network, and of `GROUP` what is not the same in all of them."""
    varying = [name for name in GROUP[1:] if len({key[name] for key in keys}) > 1]
    return [", ".join([str(key["network"]), *(f"{name} {str(key[name])[:12]}" for name in varying)]) for key in keys]


def group_key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Values of `GROUP` of a result, or of a group's key: what names the group."""
    return tuple(row[name] for name in GROUP)
