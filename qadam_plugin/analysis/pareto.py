"""Pareto fronts: which designs no other design beats in every objective. Pure functions over arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_BLOCK = 256

#: Points from which on it pays to look for hopeless ones first, how many are looked at to find good ones, and how many
#: of these are used at most.
_WORTH_A_PASS = 20_000
_SAMPLE = 5_000
_GOOD = 100


def pareto_mask(costs: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Points that no other point dominates.

    A point dominates another when it is nowhere worse and somewhere better. Equal points do not dominate each other:
    all of them are on the front, or none. A point with a NaN is never on the front and dominates nothing.

    Parameters
    ----------
    costs : [points, objectives], smaller is better; infinities are allowed.

    Returns
    -------
    bool [points]. One and two objectives take O(n log n) time; more take O(n f) with a front of f points.

    Raises
    ------
    ValueError : not two-dimensional, or no objectives.
    """
    if costs.ndim != 2 or costs.shape[1] == 0:
        raise ValueError(f"costs must be [points, objectives] with at least one objective, not {costs.shape}")
    mask = np.zeros(len(costs), dtype=bool)
    sound = np.flatnonzero(~np.isnan(costs).any(axis=1))
    if sound.size == 0:
        return mask
    sound = sound[~_outclassed(costs[sound])]
    # Equal points share one fate: only distinct ones are compared, in lexicographic order.
    distinct, group = np.unique(costs[sound], axis=0, return_inverse=True)
    front = _front_2d(distinct) if costs.shape[1] <= 2 else _front_nd(distinct)
    mask[sound] = front[group.ravel()]
    return mask


def _outclassed(costs: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Points that one of a few good ones dominates: most of a large set, in one pass over what is left for each.

    The good ones are on the front of a sample, those with the least product of ranks first: they dominate the most.
    """
    if len(costs) < _WORTH_A_PASS:
        return np.zeros(len(costs), dtype=bool)
    sample = np.unique(costs[:: len(costs) // _SAMPLE], axis=0)
    ranks = np.argsort(np.argsort(sample, axis=0), axis=0) + 1.0
    order = np.argsort(np.log(ranks).sum(axis=1))
    front = _front_2d(sample) if costs.shape[1] <= 2 else _front_nd(sample)
    left = np.arange(len(costs))
    for good in sample[order[front[order]]][:_GOOD]:
        points = costs[left]
        left = left[~((points >= good).all(axis=1) & (points > good).any(axis=1))]
    found = np.ones(len(costs), dtype=bool)
    found[left] = False
    return found


def oriented(values: npt.NDArray[np.float64], maximize: Sequence[bool]) -> npt.NDArray[np.float64]:
    """Costs from values [points, objectives]: columns to be maximised change their sign."""
    return np.where(np.asarray(maximize, dtype=bool), -values, values)


def _front_2d(points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Front of distinct points in lexicographic order, one or two columns.

    Whatever dominates a point stands before it: it is on the front when its last column is below the least before it.
    """
    last = points[:, -1]
    least_before = np.concatenate(([np.inf], np.minimum.accumulate(last)[:-1]))
    front = last < least_before
    front[0] = True
    return front


def _front_nd(points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Front of distinct points in lexicographic order, any number of columns.

    Kung, Luccio, Preparata 1975: in this order only earlier points dominate later ones, so each block is compared with
    the front so far, then with itself.
    """
    front = np.zeros(len(points), dtype=bool)
    kept = points[:0]
    for start in range(0, len(points), _BLOCK):
        block = points[start : start + _BLOCK]
        alive = ~_dominated(block, kept)
        alive[alive] = ~_dominated(block[alive], block[alive])
        front[start : start + _BLOCK] = alive
        kept = np.concatenate((kept, block[alive]))
    return front


def _dominated(points: npt.NDArray[np.float64], by: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which of `points` some other, different point of `by` is nowhere worse than."""
    found = np.zeros(len(points), dtype=bool)
    for start in range(0, len(by), _BLOCK):
        part = by[start : start + _BLOCK]
        no_worse = (part[None, :, :] <= points[:, None, :]).all(axis=2)
        different = (part[None, :, :] != points[:, None, :]).any(axis=2)
        found |= (no_worse & different).any(axis=1)
    return found
