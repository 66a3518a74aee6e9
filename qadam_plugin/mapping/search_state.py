"""Scratch space of one search, objectives, and when a cost is better than another.

Few arrays with named rows and columns: compiled functions pass arrays on at a cost that grows with their number.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import step
from .deliveries import AXES, IntArray
from .mapspace import Space
from .search_orders import MOST_LISTED
from .tables import BLOCK, FIT, READ, UPDATE, WITHIN, WRITE, Tables

FloatArray = NDArray[np.float64]

_D = 8

#: Objectives, as integers for the kernels; `FRONT` is all of energy and cycles that nothing else beats in both.
EDP, ENERGY, LATENCY, FRONT = range(4)

#: A cost is an improvement only beyond this relative difference: rounding errors are smaller.
TOLERANCE = 1e-12

#: Rows of `State.extents` after the L + 1 of the levels.
NEAR_LOOPS, FAR_LOOPS, NEAR_STEP, FAR_STEP, ONES, REST = 1, 2, 3, 4, 5, 6

#: Columns of `State.flows`.
ABOVE, LEAST_ABOVE, LEAST_CHILD, BASE, OPEN, WHOLE, CHILD_PJ, PARENT_PJ, CHILD_WORDS, PARENT_WORDS = range(10)

#: Columns of `State.stores`.
INSTANCES, CLUSTERS_USED, SHARE, READ_WORDS, WRITE_WORDS = range(5)

#: Entries of `State.scalars`.
CYCLES, MACS, CARRIES, EVALUATED, POOLED, TILED, OPENED, BOUNDED, TRIED, POINTS, DROPPED = range(11)

#: Points of a front that there is room for.
MOST_POINTS = 512

#: No set of dimensions has more candidate orders.
MOST_ORDERS = 32


class State(NamedTuple):
    """Scratch space, reused from candidate to candidate, and the best mapping so far. L levels, B boundaries, S slots.

    Attributes
    ----------
    factors, orders, best_factors, best_orders : int64 (S, 8), a candidate and the best mapping.
    extents : int64 (L + 7, 8). Row l: product of the bounds inside level l. Then, from L: bounds of near, of far (what
        the inner part leaves, while near is not chosen); all bounds inside near, inside far; ones; what the inner
        part leaves.
    flows : float64 (B, 10). What the parent hands out per word of one child, and the least of it if neighbours
        hand on what they can; share of a child's words that then still comes from above; words of the child's tile,
        times inner loops that no outer one can reuse it over; whether outer loops can reuse it; tile of a child at or
        outside near; pJ per word at child and parent; words of the candidate.
    tiles : int64 (2 B, 5), Inputs' tile of each child: inside near, then at or outside near.
    stores : float64 (L, 5), instances in use; those, or the clusters they share accesses in; share of Outputs of one
        instance, in elements; words read and written.
    words_each : float64 (L, 3), words that an element of each tensor takes.
    per_element : float64 (L, 3, 3), pJ of reading, writing and updating one element of each tensor (columns), words and
        blocks not rounded up.
    constant : float64 (1,), pJ that do not depend on outer loops.
    scalars : int64 (11,), cycles without throttling, MACs in use, number of carries, mappings priced, pool rows in use;
        1 once near and far are chosen and `flows` holds near's tiles; for `Effort` inner choices opened, near's bounds
        that fit, and those whose orders were priced; points of the front so far (-1: one objective is searched), and
        those that there was no room for.
    carries : int64, offsets between neighbours that could hand on Inputs; -1 for any.
    loops : int64 (7, 16), outer loops as `deliveries` wants them, for Inputs.
    listed : int64 (2, 4, 256), where the orders of a set of dimensions begin in `pool`, and how many (-1: not listed).
    pool : int64 (rows, 8), orders. marks : int64, scratch space of `search_orders`.
    best : float64 (2,), cost and tie-breaker.
    front : float64 (F, 2), energy and cycles of the front's points, by cycles. front_factors, front_orders :
        int64 (F, S, 8), their mappings. F is 0 where one objective is searched.
    """

    factors: IntArray
    orders: IntArray
    best_factors: IntArray
    best_orders: IntArray
    extents: IntArray
    flows: FloatArray
    tiles: IntArray
    stores: FloatArray
    words_each: FloatArray
    per_element: FloatArray
    constant: FloatArray
    scalars: IntArray
    carries: IntArray
    loops: IntArray
    listed: IntArray
    pool: IntArray
    marks: IntArray
    best: FloatArray
    front: FloatArray
    front_factors: IntArray
    front_orders: IntArray


def empty_state(tables: Tables, space: Space, objective: int = EDP) -> State:
    """Scratch space of a search that has found nothing yet."""
    points = MOST_POINTS if objective == FRONT else 0
    levels, slots, edges = len(tables.levels), tables.slots.shape[1], space.edges.shape[1]
    per_word = tables.prices[:, [READ, WRITE, UPDATE]] / tables.levels[:, [BLOCK]]
    words_each = tables.levels[:, WITHIN : WITHIN + 3] / tables.levels[:, FIT : FIT + 3]
    return State(
        factors=np.ones((slots, _D), np.int64),
        orders=space.orders.copy(),
        best_factors=np.ones((slots, _D), np.int64),
        best_orders=space.orders.copy(),
        extents=np.ones((levels + 7, _D), np.int64),
        flows=np.zeros((edges, 10)),
        tiles=np.ones((2 * edges, AXES), np.int64),
        stores=np.zeros((levels, 5)),
        words_each=words_each,
        per_element=per_word[:, :, None] * words_each[:, None, :],
        constant=np.zeros(1),
        scalars=np.array([0] * POINTS + [0 if points else -1, 0], np.int64),
        carries=np.zeros(4 * slots * _D, np.int64),
        loops=np.zeros((7, 2 * _D), np.int64),
        listed=np.full((2, 4, 256), -1, np.int64),
        pool=np.empty((4 * 256 * MOST_ORDERS + MOST_LISTED, _D), np.int64),
        marks=np.zeros((MOST_LISTED + 2, _D + 1), np.int64),
        best=np.full(2, np.inf),
        front=np.empty((points, 2)),
        front_factors=np.empty((points, slots, _D), np.int64),
        front_orders=np.empty((points, slots, _D), np.int64),
    )


@step
def cost_of(objective: int, energy: float, cycles: float) -> tuple[float, float]:
    """Cost and tie-breaker: pJ times cycles, pJ, or cycles (then pJ); of a front pJ and, as tie-breaker, cycles."""
    if objective == EDP:
        return energy * cycles, 0.0
    if objective == ENERGY:
        return energy, 0.0
    if objective == FRONT:
        return energy, cycles
    return cycles, energy


@step
def beats(cost: float, tie: float, best: FloatArray) -> bool:
    """Whether a cost, or a bound of one, is below the best by more than rounding."""
    if cost < best[0] * (1.0 - TOLERANCE):
        return True
    return cost == best[0] and tie < best[1] * (1.0 - TOLERANCE)


@step
def improves(cost: float, tie: float, state: State) -> bool:
    """Whether a cost, or a bound of one, beats the best, or no point of the front is as good in both."""
    points = state.scalars[POINTS]
    if points < 0:
        return beats(cost, tie, state.best)
    for j in range(points - 1, -1, -1):
        if state.front[j, 1] <= tie:
            return cost < state.front[j, 0] * (1.0 - TOLERANCE)
    return True


@step
def keep(cost: float, tie: float, state: State) -> None:
    """Keep the mapping at hand as the best, or as a point of the front in the place of those that it is as good as."""
    points = state.scalars[POINTS]
    if points < 0:
        state.best[0], state.best[1] = cost, tie
        copy_mapping(state.factors, state.orders, state.best_factors, state.best_orders)
        return
    first = 0
    while first < points and state.front[first, 1] < tie:
        first += 1
    end = first
    while end < points and state.front[end, 0] >= cost * (1.0 - TOLERANCE):
        end += 1
    if first == end:
        if points == state.front.shape[0]:
            state.scalars[DROPPED] += 1
            return
        for j in range(points, first, -1):
            _move_point(state, j - 1, j)
        state.scalars[POINTS] = points + 1
    elif end > first + 1:
        for j in range(end, points):
            _move_point(state, j, j - end + first + 1)
        state.scalars[POINTS] = points - (end - first - 1)
    state.front[first, 0], state.front[first, 1] = cost, tie
    copy_mapping(state.factors, state.orders, state.front_factors[first], state.front_orders[first])


@step
def _move_point(state: State, source: int, target: int) -> None:
    """Move a point of the front to another place."""
    state.front[target, 0], state.front[target, 1] = state.front[source, 0], state.front[source, 1]
    copy_mapping(
        state.front_factors[source],
        state.front_orders[source],
        state.front_factors[target],
        state.front_orders[target],
    )


@step
def copy_mapping(factors: IntArray, orders: IntArray, to_factors: IntArray, to_orders: IntArray) -> None:
    """Copy a mapping, all (S, 8)."""
    for slot in range(factors.shape[0]):
        for d in range(_D):
            to_factors[slot, d] = factors[slot, d]
            to_orders[slot, d] = orders[slot, d]
