"""Bounds of near for one inner choice, listed with their lower bounds and taken best first."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..jit import step
from .bounds import least_cost_of_choice
from .deliveries import IntArray
from .mapspace import FAR_LEVEL, FAR_SLOT, FIXED, LARGEST, NEAR, NEAR_LEVEL, NEAR_SLOT, OUTSIDE, TENSOR, ZONE, Space
from .search_inner import held_words, tile_words
from .search_state import (
    BOUNDED,
    FAR_LOOPS,
    FAR_STEP,
    NEAR_LOOPS,
    NEAR_STEP,
    REST,
    TILED,
    WHOLE,
    FloatArray,
    State,
    improves,
)
from .tables import SIZE, Tables

_D = 8

#: Bounds of near that there is room for, per inner choice.
_MOST_TILES = 4_000_000


class Tiles(NamedTuple):
    """Bounds of near for one inner choice. Scratch space.

    Attributes
    ----------
    bounds : int64 (n, 8). costs, ties : float64 (n,), lower bounds. order : int64 (n,), a heap of their places.
    cursor : int64 (9,), place among the divisors at each depth of the walk.
    """

    bounds: IntArray
    costs: FloatArray
    ties: FloatArray
    order: IntArray
    cursor: IntArray


def empty_tiles(space: Space) -> Tiles:
    """Room for all bounds of near that there can be, within reason."""
    most = math.prod(int(number) for number in (space.divisors > 0).sum(axis=1))
    size = min(most, _MOST_TILES)
    return Tiles(
        bounds=np.empty((size, _D), np.int64),
        costs=np.empty(size),
        ties=np.empty(size),
        order=np.empty(size, np.int64),
        cursor=np.empty(_D + 1, np.int64),
    )


@step
def list_near(tables: Tables, space: Space, state: State, objective: int, tiles: Tiles) -> int:
    """Bounds of near for one inner choice that may be worth a try, as a heap by their lower bounds.

    Returns
    -------
    How many there are; one more than there is room for if there are more.
    """
    count = _walk_near(tables, space, state, objective, tiles)
    if count <= tiles.costs.size:
        for j in range(count):
            tiles.order[j] = j
        for j in range(count // 2 - 1, -1, -1):
            _sift(tiles, j, count)
    return count


@step
def take_near(tables: Tables, space: Space, state: State, tiles: Tiles, count: int) -> None:
    """Take the best of so many bounds from the heap and set near and far by it."""
    near = tables.levels.shape[0] + NEAR_LOOPS
    best = tiles.order[0]
    for d in range(_D):
        state.extents[near, d] = tiles.bounds[best, d]
    tiles.order[0] = tiles.order[count - 1]
    _sift(tiles, 0, count - 1)
    _set_near(tables, space, state)


@step
def _sift(tiles: Tiles, place: int, count: int) -> None:
    """Restore the heap below one place: each entry's bound is at most those of its two children."""
    moving = tiles.order[place]
    child = 2 * place + 1
    while child < count:
        if child + 1 < count and _before(tiles, tiles.order[child + 1], tiles.order[child]):
            child += 1
        if not _before(tiles, tiles.order[child], moving):
            break
        tiles.order[place] = tiles.order[child]
        place = child
        child = 2 * place + 1
    tiles.order[place] = moving


@step
def _before(tiles: Tiles, first: int, second: int) -> bool:
    """Whether one bound comes before another: by cost, tie-breaker, place."""
    if tiles.costs[first] != tiles.costs[second]:
        return tiles.costs[first] < tiles.costs[second]
    if tiles.ties[first] != tiles.ties[second]:
        return tiles.ties[first] < tiles.ties[second]
    return first < second


@step
def _set_near(tables: Tables, space: Space, state: State) -> None:
    """Far's bounds and near's tiles, once near's bounds are chosen."""
    levels, edges = tables.levels.shape[0], space.edges.shape[1]
    extents = state.extents
    state.scalars[TILED] = 1
    for d in range(_D):
        extents[levels + FAR_LOOPS, d] = extents[levels + REST, d] // extents[levels + NEAR_LOOPS, d]
        extents[levels + FAR_STEP, d] = extents[levels + NEAR_STEP, d] * extents[levels + NEAR_LOOPS, d]
    for b in range(edges):
        k, zone = space.edges[TENSOR, b], space.edges[ZONE, b]
        if zone == NEAR:
            words = tile_words(tables.dims, extents, levels + FAR_STEP, k, state.tiles, edges + b)
            state.flows[b, WHOLE] = words
        elif zone == OUTSIDE:
            state.flows[b, WHOLE] = tile_words(tables.dims, tables.dims, 0, k, state.tiles, edges + b)


@step
def _walk_near(tables: Tables, space: Space, state: State, objective: int, tiles: Tiles) -> int:
    """Bounds of near that fit and whose lower bound is below the best cost, into `tiles`.

    Returns
    -------
    How many there are; one more than there is room for if there are more.
    """
    levels = tables.levels.shape[0]
    near, reach = levels + NEAR_LOOPS, levels + FAR_STEP
    extents = state.extents
    rest = levels + REST
    cursor = tiles.cursor
    for d in range(_D):
        cursor[d] = -1
        extents[rest, d] = extents[near, d]
        extents[near, d] = 1
        extents[reach, d] = extents[levels + NEAR_STEP, d]
    cursor[_D] = -1
    count = 0
    depth = 0
    while depth >= 0:
        if depth == _D:
            _set_near(tables, space, state)
            state.scalars[BOUNDED] += 1
            cost, tie = least_cost_of_choice(tables, space, state, objective)
            if improves(cost, tie, state):
                if count == tiles.costs.size:
                    return count + 1
                for d in range(_D):
                    tiles.bounds[count, d] = extents[near, d]
                tiles.costs[count] = cost
                tiles.ties[count] = tie
                count += 1
            depth -= 1
            continue
        cursor[depth] += 1
        taken = 0
        while cursor[depth] < space.divisors.shape[1]:
            bound = int(space.divisors[depth, cursor[depth]])
            if bound == 0 or bound > extents[rest, depth]:
                break
            if _may_stand(space, extents[rest, depth], depth, bound):
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
    return count


@step
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


@step
def _near_fits(tables: Tables, space: Space, state: State) -> bool:
    """Whether the stores from near to far hold their tiles."""
    row = tables.levels.shape[0] + FAR_STEP
    for level in range(space.places[NEAR_LEVEL], space.places[FAR_LEVEL]):
        held = held_words(tables, level, state.extents, row, state.tiles, 2 * space.edges.shape[1] - 1)
        if held > tables.levels[level, SIZE]:
            return False
    return True
