"""Best first through inner choices and near's bounds, until no bound is below the best cost: that is the proof."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from ..jit import jit_lean
from .bounds import iterations, least_cost_of_choice
from .counts import Counts, empty_counts
from .deliveries import IntArray
from .mapspace import Space
from .nest_arrays import Nest, empty_nest
from .search_choices import list_choices
from .search_inner import set_extents, set_inner
from .search_leaf import price_orders
from .search_near import Tiles, empty_tiles, list_near, take_near
from .search_state import (
    BOUNDED,
    ENERGY,
    EVALUATED,
    FRONT,
    OPENED,
    TRIED,
    FloatArray,
    State,
    cost_of,
    empty_state,
    improves,
)
from .tables import BOUND, Tables

#: Inner choices that are searched before the others get their bounds.
_FIRST = 256


@dataclass(frozen=True, slots=True)
class Effort:
    """What a complete search looked at, and CPU seconds of its stages.

    Attributes
    ----------
    choices : inner choices that fit; opened : those of which near's bounds were listed, the others' bounds were enough.
    bounded : bounds of near that fit; tried : those of which the orders were priced.
    priced : mappings priced.
    list_s, bound_s, search_s : listing inner choices, bounding them, everything inside the opened ones.
    """

    choices: int
    opened: int
    bounded: int
    tried: int
    priced: int
    list_s: float
    bound_s: float
    search_s: float


def search_space(
    tables: Tables, space: Space, objective: int, floor_pj: float, budget: int, limit: int
) -> tuple[State, float, Effort] | None:
    """Search all of a provable space.

    Choices that use most MACs come first; once a good mapping is known, most others need no bound of their own. For a
    front they are taken by their bounds of energy alone: each that is opened then has to be, as all points of less
    energy are known.

    Parameters
    ----------
    floor_pj : no mapping takes less energy.
    budget : mappings to price at most. limit : inner choices to list at most.

    Returns
    -------
    The state with the best mapping or the front, the least bound among what was left out when the budget ended
    (infinite if nothing was), and what it took; None if there are more candidates than there is room for.
    """
    state = empty_state(tables, space, objective)
    begin = time.process_time()
    choices, macs = list_choices(tables, space, state, limit)
    if len(macs) > limit:
        return None
    nest, counts, tiles = empty_nest(tables), empty_counts(tables), empty_tiles(space)
    order = np.argsort(-macs, kind="stable")
    listed = time.process_time()
    bound_s, missed, done = 0.0, np.inf, 0
    while done < len(order):
        end = min(len(order), _FIRST) if done == 0 and objective not in (ENERGY, FRONT) else len(order)
        taken, costs, ties = np.empty(end - done, np.int64), np.empty(end - done), np.empty(end - done)
        before = time.process_time()
        count = _bound_choices(
            tables, space, state, choices, macs, order, done, objective, floor_pj, taken, costs, ties
        )
        best_first = np.lexsort((ties[:count], costs[:count]))
        bound_s += time.process_time() - before
        missed = _search_choices(
            tables,
            space,
            state,
            nest,
            counts,
            choices,
            taken[best_first],
            costs[best_first],
            ties[best_first],
            objective,
            budget,
            tiles,
        )
        if missed < 0.0:
            return None
        if missed < np.inf:
            if end < len(order):
                operations = math.prod(int(bound) for bound in tables.dims[BOUND])
                missed = min(missed, cost_of(objective, floor_pj, operations / int(macs[order[end]]))[0])
            break
        done = end
    effort = Effort(
        choices=len(macs),
        opened=int(state.scalars[OPENED]),
        bounded=int(state.scalars[BOUNDED]),
        tried=int(state.scalars[TRIED]),
        priced=int(state.scalars[EVALUATED]),
        list_s=listed - begin,
        bound_s=bound_s,
        search_s=time.process_time() - listed - bound_s,
    )
    return state, missed, effort


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
    taken: IntArray,
    costs: FloatArray,
    ties: FloatArray,
) -> int:
    """Lower bounds of the next choices in order; how many are below the best cost, which are listed.

    Parameters
    ----------
    taken, costs, ties : (n,), receive the choice, the bound of its cost and of its tie-breaker; n are looked at.
    floor_pj : no mapping takes less energy.
    """
    count = 0
    operations = iterations(tables.dims, BOUND)
    for place in range(begin, begin + taken.size):
        i = order[place]
        cost, tie = cost_of(objective, floor_pj, float(operations // macs[i]))
        if not improves(cost, tie, state):
            break  # nor do those that use fewer MACs
        set_extents(tables, space, choices, i, state)
        set_inner(tables, space, state)
        cost, tie = least_cost_of_choice(tables, space, state, objective)
        if improves(cost, tie, state):
            taken[count], costs[count], ties[count] = i, cost, tie
            count += 1
    return count


@jit_lean
def _search_choices(
    tables: Tables,
    space: Space,
    state: State,
    nest: Nest,
    counts: Counts,
    choices: IntArray,
    taken: IntArray,
    costs: FloatArray,
    ties: FloatArray,
    objective: int,
    budget: int,
    tiles: Tiles,
) -> float:
    """Search inner choices, best bound first, and of each near's bounds, best first.

    Returns the least bound left out if the budget ends, else infinity; below 0 if there is no room for near's bounds.
    """
    for place in range(taken.size):
        if not improves(costs[place], ties[place], state):
            if objective == FRONT:
                continue
            break
        if state.scalars[EVALUATED] >= budget:
            return costs[place]
        set_extents(tables, space, choices, taken[place], state)
        set_inner(tables, space, state)
        state.scalars[OPENED] += 1
        count = list_near(tables, space, state, objective, tiles)
        if count > tiles.costs.size:
            return -1.0
        while count > 0:
            best = tiles.order[0]
            bound = float(tiles.costs[best])
            # Of a front the choice's least cycles: those of the bounds that follow may be fewer than this one's.
            tie = ties[place] if objective == FRONT else float(tiles.ties[best])
            if not improves(bound, tie, state):
                break
            if state.scalars[EVALUATED] >= budget:
                return min(bound, costs[place])
            hopeless = not improves(bound, float(tiles.ties[best]), state)
            take_near(tables, space, state, tiles, count)
            count -= 1
            if hopeless:
                continue
            state.scalars[TRIED] += 1
            if not price_orders(tables, space, state, nest, counts, objective, budget):
                return min(bound, costs[place])
    return np.inf
