"""Pareto fronts: which designs no other design beats in every objective. Pure functions over arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_BLOCK = 256

#: Points from which on it pays to look for hopeless ones first, and how many are looked at to find good ones; how many
#: of a front are candidates for these, and when a further one is worth its pass.
WORTH_A_PASS = 20_000
SAMPLE = 5_000
_LOOKED_AT = 200
_WORTH = 0.005


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
    """Points that one of a few good ones dominates: most of a large set, in one pass over what is left for each."""
    if len(costs) < WORTH_A_PASS:
        return np.zeros(len(costs), dtype=bool)
    left = np.arange(len(costs))
    for good in good_points(costs[:: len(costs) // SAMPLE], _WORTH):
        points = costs[left]
        left = left[~((points >= good).all(axis=1) & (points > good).any(axis=1))]
    found = np.ones(len(costs), dtype=bool)
    found[left] = False
    return found


def good_points(costs: npt.NDArray[np.float64], worth: float) -> npt.NDArray[np.float64]:
    """A few points of the front that together dominate most of the others, those that dominate the most first.

    Parameters
    ----------
    costs : [points, objectives], smaller is better; points with a NaN are left out.
    worth : which part of the points that are left a further good one has to dominate.

    Returns
    -------
    float [good, objectives], distinct.
    """
    points = np.unique(costs[~np.isnan(costs).any(axis=1)], axis=0)
    if len(points) == 0:
        return points
    front = points[_front_2d(points) if costs.shape[1] <= 2 else _front_nd(points)]
    # Those with a small product of ranks dominate the most; of very many, the others are not looked at.
    ranks = np.argsort(np.argsort(front, axis=0), axis=0) + 1.0
    front = front[np.argsort(np.log(ranks).sum(axis=1))[:_LOOKED_AT]]
    beaten = np.array([(points >= good).all(axis=1) & (points > good).any(axis=1) for good in front])
    good: list[int] = []
    left = np.ones(len(points), dtype=bool)
    while left.any():
        counts = np.count_nonzero(beaten[:, left], axis=1)
        best = int(np.argmax(counts))
        if counts[best] < worth * np.count_nonzero(left):
            break
        good.append(best)
        left &= ~beaten[best]
    return front[good]


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
