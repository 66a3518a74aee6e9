"""Best first through inner choices and near's bounds, until no bound is below the best cost: that is the proof."""

from __future__ import annotations

import numpy as np

from ._jit import inlined, jit, jit_lean
from .bounds import least_cost_of_choice
from .counts import Counts
from .deliveries import IntArray
from .mapspace import FAR_LEVEL, FAR_SLOT, FIXED, LARGEST, NEAR, NEAR_LEVEL, NEAR_SLOT, OUTSIDE, TENSOR, ZONE, Space
from .nest_arrays import Nest
from .search_choices import list_choices
from .search_inner import set_extents, set_inner, tile_words
from .search_leaf import price_orders
from .search_state import (
    ENERGY,
    EVALUATED,
    FAR_LOOPS,
    FAR_STEP,
    NEAR_LOOPS,
    NEAR_STEP,
    TILED,
    WHOLE,
    FloatArray,
    State,
    beats,
    cost_of,
)
from .tables import BOUND, KEEP, SIZE, Tables

_D = 8
_TENSORS = 3

#: Inner choices that are searched before the others get their bounds.
_FIRST = 256


@jit
def search_space(
    tables: Tables,
    space: Space,
    state: State,
    nest: Nest,
    counts: Counts,
    objective: int,
    floor_pj: float,
    budget: int,
    limit: int,
) -> tuple[bool, float, int]:
    """Search all of a provable space.

    Choices that use most MACs come first; once a good mapping is known, most others need no bound of their own.

    Parameters
    ----------
    state : receives the best mapping.
    floor_pj : no mapping takes less energy.
    budget : mappings to price at most. limit : inner choices to list at most.

    Returns
    -------
    Whether the search was complete; else the least bound among what it left out; inner choices.
    """
    choices, macs = list_choices(tables, space, state, limit)
    total = macs.size
    if total > limit:
        return False, 0.0, total
    order = np.argsort(-macs, kind="mergesort")
    operations = 1
    for d in range(_D):
        operations *= tables.dims[BOUND, d]
    done = 0
    while done < total:
        end = min(total, done + _FIRST) if done == 0 and objective != ENERGY else total
        taken = np.empty(end - done, np.int64)
        costs, ties = np.empty(end - done), np.empty(end - done)
        count = _bound_choices(
            tables, space, state, choices, macs, order, done, objective, floor_pj, operations, taken, costs, ties
        )
        left = np.inf
        if end < total:
            left, _ = cost_of(objective, floor_pj, float(operations // macs[order[end]]))
        for j in _ascending(costs[:count], ties[:count]):
            bound = float(costs[j])
            if not beats(bound, float(ties[j]), state.best):
                break
            if state.scalars[EVALUATED] >= budget:
                return False, min(left, bound), total
            set_extents(tables, space, choices, taken[j], state)
            set_inner(tables, space, state)
            missed = _search_near(tables, space, state, nest, counts, objective, budget)
            if missed < np.inf:
                return False, min(left, missed, bound), total
        done = end
    return True, np.inf, total


@jit_lean
def _bound_choices(
    tables: Tables,
    space: Space,
    state: State,
    choices: IntArray,
    macs: IntArray,
    order: IntArray,
    begin: int,
    objective: int,
    floor_pj: float,
    operations: int,
    taken: IntArray,
    costs: FloatArray,
    ties: FloatArray,
) -> int:
    """Lower bounds of the next choices in order; how many are below the best cost, which are listed.

    Parameters
    ----------
    taken, costs, ties : (n,), receive the choice, the bound of its cost and of its tie-breaker; n are looked at.
    operations : multiply-accumulates of the layer. floor_pj : no mapping takes less energy.
    """
    count = 0
    for place in range(begin, begin + taken.size):
        i = order[place]
        cost, tie = cost_of(objective, floor_pj, float(operations // macs[i]))
        if not beats(cost, tie, state.best):
            break  # nor do those that use fewer MACs
        set_extents(tables, space, choices, i, state)
        set_inner(tables, space, state)
        cost, tie = least_cost_of_choice(tables, space, state, objective)
        if beats(cost, tie, state.best):
            taken[count], costs[count], ties[count] = i, cost, tie
            count += 1
    return count


@jit
def _ascending(costs: FloatArray, ties: FloatArray) -> IntArray:
    """Indices by cost, then tie-breaker, then place."""
    by_tie = np.argsort(ties, kind="mergesort")
    return by_tie[np.argsort(costs[by_tie], kind="mergesort")]


@jit
def _search_near(
    tables: Tables, space: Space, state: State, nest: Nest, counts: Counts, objective: int, budget: int
) -> float:
    """All bounds of near for one inner choice. Returns the least bound left out when the budget ends, else infinity."""
    levels = tables.levels.shape[0]
    rest = state.extents[levels + NEAR_LOOPS].copy()
    tiles, costs, ties = _list_near(tables, space, state, rest, objective)
    for i in _ascending(costs, ties):
        bound = float(costs[i])
        if not beats(bound, float(ties[i]), state.best):
            break
        if state.scalars[EVALUATED] >= budget:
            return bound
        for d in range(_D):
            state.extents[levels + NEAR_LOOPS, d] = tiles[i, d]
        _set_near(tables, space, state, rest)
        price_orders(tables, space, state, nest, counts, objective, budget)
    return np.inf


@jit_lean
def _set_near(tables: Tables, space: Space, state: State, rest: IntArray) -> None:
    """Far's bounds and near's tiles, once near's bounds are chosen."""
    levels, edges = tables.levels.shape[0], space.edges.shape[1]
    extents = state.extents
    state.scalars[TILED] = 1
    for d in range(_D):
        extents[levels + FAR_LOOPS, d] = rest[d] // extents[levels + NEAR_LOOPS, d]
        extents[levels + FAR_STEP, d] = extents[levels + NEAR_STEP, d] * extents[levels + NEAR_LOOPS, d]
    for b in range(edges):
        k, zone = space.edges[TENSOR, b], space.edges[ZONE, b]
        if zone == NEAR:
            words = tile_words(tables.dims, extents, levels + FAR_STEP, k, state.tiles, edges + b)
            state.flows[b, WHOLE] = words
        elif zone == OUTSIDE:
            state.flows[b, WHOLE] = tile_words(tables.dims, tables.dims, 0, k, state.tiles, edges + b)


@jit
def _list_near(
    tables: Tables, space: Space, state: State, rest: IntArray, objective: int
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Bounds of near that fit and whose lower bound is below the best cost, with that bound."""
    levels = tables.levels.shape[0]
    tiles, costs, ties = np.ones((256, _D), np.int64), np.empty(256), np.empty(256)
    cursor = np.full(_D + 1, -1, np.int64)
    for d in range(_D):
        state.extents[levels + NEAR_LOOPS, d] = 1
        state.extents[levels + FAR_STEP, d] = state.extents[levels + NEAR_STEP, d]
    count, depth = _fill_near(tables, space, state, rest, objective, cursor, 0, 0, tiles, costs, ties)
    while depth >= 0:
        tiles, costs, ties = _grown(tiles, costs, ties)
        count, depth = _fill_near(tables, space, state, rest, objective, cursor, depth, count, tiles, costs, ties)
    return tiles[:count], costs[:count], ties[:count]


@jit_lean
def _fill_near(
    tables: Tables,
    space: Space,
    state: State,
    rest: IntArray,
    objective: int,
    cursor: IntArray,
    depth: int,
    count: int,
    tiles: IntArray,
    costs: FloatArray,
    ties: FloatArray,
) -> tuple[int, int]:
    """Go on with the walk until `tiles` is full. Returns how many there are, and the depth, -1 at the end.

    Parameters
    ----------
    rest : int64 (8,), what the inner choice leaves. cursor : int64 (9,), place among the divisors at each depth.
    """
    levels = tables.levels.shape[0]
    near, reach = levels + NEAR_LOOPS, levels + FAR_STEP
    extents = state.extents
    while depth >= 0:
        if depth == _D:
            if count == costs.size:
                return count, depth
            _set_near(tables, space, state, rest)
            cost, tie = least_cost_of_choice(tables, space, state, objective)
            if beats(cost, tie, state.best):
                for d in range(_D):
                    tiles[count, d] = extents[near, d]
                costs[count] = cost
                ties[count] = tie
                count += 1
            depth -= 1
            continue
        cursor[depth] += 1
        taken = 0
        while cursor[depth] < space.divisors.shape[1]:
            bound = int(space.divisors[depth, cursor[depth]])
            if bound == 0 or bound > rest[depth]:
                break
            if _may_stand(space, rest[depth], depth, bound):
                extents[reach, depth] = extents[levels + NEAR_STEP, depth] * bound
                if bound == 1 or _near_fits(tables, space, state):
                    taken = bound
                break
            cursor[depth] += 1
        if taken == 0:
            cursor[depth] = -1
            extents[near, depth] = 1
            extents[reach, depth] = extents[levels + NEAR_STEP, depth]
            depth -= 1
            continue
        extents[near, depth] = taken
        depth += 1
    return count, depth


@jit
def _grown(rows: IntArray, costs: FloatArray, ties: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Copies of twice the length."""
    count = costs.size
    more = np.ones((2 * count, rows.shape[1]), np.int64)
    more_costs, more_ties = np.empty(2 * count), np.empty(2 * count)
    more[:count], more_costs[:count], more_ties[:count] = rows, costs, ties
    return more, more_costs, more_ties


@inlined
def _may_stand(space: Space, rest: int, d: int, bound: int) -> bool:
    """Whether near may have this bound and far what remains of the rest."""
    if rest % bound:
        return False
    near, far = space.places[NEAR_SLOT], space.places[FAR_SLOT]
    if near < 0:
        if bound > 1:
            return False
    elif bound > space.limits[LARGEST, near, d] or space.limits[FIXED, near, d] not in (0, bound):
        return False
    remains = rest // bound
    return remains <= space.limits[LARGEST, far, d] and space.limits[FIXED, far, d] in (0, remains)


@inlined
def _near_fits(tables: Tables, space: Space, state: State) -> bool:
    """Whether the stores from near to far hold their tiles."""
    row = tables.levels.shape[0] + FAR_STEP
    for level in range(space.places[NEAR_LEVEL], space.places[FAR_LEVEL]):
        held = 0
        for k in range(_TENSORS):
            if tables.levels[level, KEEP + k]:
                held += tile_words(tables.dims, state.extents, row, k, state.tiles, 2 * space.edges.shape[1] - 1)
        if held > tables.levels[level, SIZE]:
            return False
    return True
