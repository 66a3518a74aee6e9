"""Hypervolume: how much of the space of objectives a set of designs beats. Pure functions over arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .pareto import oriented

Array = npt.NDArray[np.float64]


def hypervolume(costs: Array, reference: Array) -> float:
    """Volume between a reference point and the points that dominate it (Zitzler and Thiele 1998), exact.

    Parameters
    ----------
    costs : [points, objectives], smaller is better. Points that are not better than the reference in every objective
        add nothing; nor do points with a NaN, nor an empty set.
    reference : [objectives], the worst that counts.

    Returns
    -------
    Volume in the product of the objectives' units: only ratios of volumes with one reference mean anything. Two and
    three objectives take O(n log n) time (moocore: Fonseca, Paquete, Lopez-Ibanez 2006; Guerreiro, Fonseca 2017).

    Raises
    ------
    ValueError : shapes that do not fit, or a reference that is not finite.
    """
    import moocore

    if costs.ndim != 2 or reference.shape != (costs.shape[1],) or costs.shape[1] == 0:
        raise ValueError(f"costs {costs.shape} and reference {reference.shape} do not fit: one reference per objective")
    if not np.isfinite(reference).all():
        raise ValueError(f"the reference {reference} is not finite")
    better = costs[(costs < reference).all(axis=1)]
    return float(moocore.hypervolume(np.ascontiguousarray(better), ref=reference)) if len(better) else 0.0


def log_costs(values: Array, maximize: Sequence[bool]) -> Array:
    """Costs on logarithmic axes, where a design twice as good counts alike everywhere.

    Parameters
    ----------
    values : [points, objectives], above zero. maximize : [objectives], whether more is better.
    """
    return oriented(np.log(values), maximize)
