"""Exact cost of the orders of one set of factors: the leaves of the search."""

from __future__ import annotations

import math

from ..jit import step
from .counts import CYCLES as COUNTED_CYCLES
from .counts import VALID, Counts, count_mapping
from .deliveries import LOOP_AXIS, LOOP_BOUND, LOOP_SHIFT, LOOP_STEP, delivered_words
from .mapspace import CHILD, FAR_SLOT, INSIDE, NEAR, NEAR_SLOT, PARENT, TENSOR, ZONE, Space
from .nest_arrays import Nest
from .search_orders import list_orders
from .search_state import (
    ABOVE,
    BASE,
    CARRIES,
    CHILD_WORDS,
    CLUSTERS_USED,
    CYCLES,
    EVALUATED,
    FAR_LOOPS,
    FAR_STEP,
    INSTANCES,
    MACS,
    NEAR_LOOPS,
    NEAR_STEP,
    OPEN,
    PARENT_WORDS,
    POOLED,
    READ_WORDS,
    SHARE,
    WHOLE,
    WRITE_WORDS,
    State,
    cost_of,
    improves,
    keep,
)
from .tables import (
    AXIS,
    BLOCK,
    CONTAINER,
    FIT,
    LEAK,
    READ,
    READ_BANDWIDTH,
    SHIFT,
    STEP,
    UPDATE,
    WITHIN,
    WRITE,
    WRITE_BANDWIDTH,
    Tables,
)

_D = 8
_INPUTS = 1
_OUTPUTS = 2


@step
def price_orders(
    tables: Tables, space: Space, state: State, nest: Nest, counts: Counts, objective: int, budget: int
) -> bool:
    """Price every order of near and far that matters; keep the best mapping. False if the budget ended before."""
    levels = tables.levels.shape[0]
    neighbours = 1 if state.scalars[CARRIES] > 0 else 0
    near_start, near_count, far_start, far_count = 0, 0, 0, 0
    for which in range(2):
        mask = _mask(state, levels + NEAR_LOOPS + which)
        if state.listed[1, 2 * which + neighbours, mask] < 0:
            _list_orders(space, state, mask, which, neighbours)
        near_start, near_count = far_start, far_count
        far_start = state.listed[0, 2 * which + neighbours, mask]
        far_count = state.listed[1, 2 * which + neighbours, mask]
    for f in range(far_start, far_start + far_count):
        for n in range(near_start, near_start + near_count):
            if state.scalars[EVALUATED] >= budget:
                return False
            state.scalars[EVALUATED] += 1
            energy, cycles = math.inf, math.inf
            near_loops = _append(tables, state, levels + NEAR_LOOPS, levels + NEAR_STEP, n, 0)
            loops = _append(tables, state, levels + FAR_LOOPS, levels + FAR_STEP, f, near_loops)
            if neighbours == 1 and _handed_on(state, loops):
                _set_mapping(tables, space, state, n, f)
                if count_mapping(tables, state.factors, state.orders, nest, counts) == VALID:
                    energy, cycles = counts.total[0], float(counts.summary[COUNTED_CYCLES])
            else:
                _set_words(tables, space, state, n, f, near_loops, loops)
                energy, cycles = _price(tables, space, state)
            cost, tie = cost_of(objective, energy, cycles)
            if improves(cost, tie, state):
                _set_mapping(tables, space, state, n, f)
                keep(cost, tie, state)
    return True


@step
def _list_orders(space: Space, state: State, mask: int, which: int, neighbours: int) -> None:
    """Put the orders of near's or far's loops, a set of dimensions, into the pool."""
    row, start = 2 * which + neighbours, state.scalars[POOLED]
    count = list_orders(mask, space.prefixes, which, neighbours == 1, state.pool, start, state.marks)
    state.listed[0, row, mask] = start
    state.listed[1, row, mask] = count
    state.scalars[POOLED] = start + count


@step
def _mask(state: State, loops: int) -> int:
    """Bit set of the dimensions with bounds above 1 in one row of the extents."""
    mask = 0
    for d in range(_D):
        if state.extents[loops, d] > 1:
            mask |= 1 << d
    return mask


@step
def _set_words(
    tables: Tables, space: Space, state: State, near_order: int, far_order: int, near_loops: int, loops: int
) -> None:
    """Words at every boundary; orders are rows of the pool, so many loops of near and of both stand in `loops`."""
    levels = tables.levels.shape[0]
    flows = state.flows
    edges = space.edges.shape[1]
    for b in range(edges):
        k, zone = space.edges[TENSOR, b], space.edges[ZONE, b]
        if zone == INSIDE:
            words = flows[b, BASE]
            if k == _INPUTS:
                words = float(delivered_words(state.loops, 0, loops, state.tiles, b, int(words)))
            else:
                words *= _repeats(tables, state, levels, near_order, far_order, k, flows[b, OPEN] > 0.0)
        elif zone == NEAR:
            words = flows[b, WHOLE]
            if k == _INPUTS:
                words = float(delivered_words(state.loops, near_loops, loops, state.tiles, edges + b, int(words)))
            else:
                words *= _repeats(tables, state, levels, -1, far_order, k, True)
        else:
            words = flows[b, BASE] if zone < INSIDE else flows[b, WHOLE]
        flows[b, CHILD_WORDS] = words
        flows[b, PARENT_WORDS] = words * flows[b, ABOVE]


@step
def _append(tables: Tables, state: State, bounds: int, steps: int, order: int, count: int) -> int:
    """Add the loops of one level to those of Inputs; returns how many there are then."""
    for j in range(_D):
        d = state.pool[order, j]
        if d < 0:
            break
        state.loops[LOOP_BOUND, count] = state.extents[bounds, d]
        state.loops[LOOP_AXIS, count] = tables.dims[AXIS + _INPUTS, d]
        state.loops[LOOP_SHIFT, count] = tables.dims[SHIFT, d] * state.extents[steps, d]
        state.loops[LOOP_STEP, count] = tables.dims[STEP + _INPUTS, d] * state.extents[steps, d]
        count += 1
    return count


@step
def _handed_on(state: State, loops: int) -> bool:
    """Whether some step equals an offset between neighbours: then only the full count is exact."""
    if loops == 0 or state.loops[LOOP_AXIS, 0] < 0:
        return False
    inside = 0
    for j in range(loops):
        step = abs(state.loops[LOOP_STEP, j] - inside)
        inside += state.loops[LOOP_STEP, j]
        for c in range(state.scalars[CARRIES]):
            if state.carries[c] == step or state.carries[c] < 0:
                return True
    return False


@step
def _repeats(tables: Tables, state: State, levels: int, near_order: int, far_order: int, k: int, is_open: bool) -> int:
    """How often a tile of Weights or Outputs arrives: the bounds from the innermost that moves it. Near -1 is none."""
    product = 1
    for which in range(2):
        order = near_order if which == 0 else far_order
        if order < 0:
            continue
        for j in range(_D):
            d = state.pool[order, j]
            if d < 0:
                break
            if tables.dims[AXIS + k, d] >= 0:
                is_open = False
            if not is_open:
                product *= state.extents[levels + NEAR_LOOPS + which, d]
    return product


@step
def _price(tables: Tables, space: Space, state: State) -> tuple[float, float]:
    """Energy and cycles from the words at every boundary, rounded and summed as Timeloop does."""
    flows, stores = state.flows, state.stores
    levels, edges = tables.levels.shape[0], space.edges.shape[1]
    base = state.scalars[CYCLES]
    energy = tables.compute * base * state.scalars[MACS]
    for level in range(levels):
        stores[level, READ_WORDS] = 0.0
        stores[level, WRITE_WORDS] = 0.0
    pending = 0.0  # updates of a store whose fills follow
    for b in range(edges):
        k, child, parent = space.edges[TENSOR, b], space.edges[CHILD, b], space.edges[PARENT, b]
        reads, fills, updates = flows[b, PARENT_WORDS], flows[b, CHILD_WORDS], 0.0
        if k == _OUTPUTS:
            updates = reads
            reads -= stores[parent, SHARE]
            fills -= stores[child, SHARE] if child >= 0 else 0.0
        fit, within = tables.levels[parent, FIT + k], tables.levels[parent, WITHIN + k]
        if fit != within:
            reads, updates = float(math.ceil(reads * within / fit)), float(math.ceil(updates * within / fit))
        block = tables.levels[parent, BLOCK]
        energy += stores[parent, CLUSTERS_USED] * (
            math.ceil(reads / block) * tables.prices[parent, READ]
            + math.ceil(updates / block) * tables.prices[parent, UPDATE]
        )
        stores[parent, READ_WORDS] += reads / base
        if child >= 0:
            fit, within = tables.levels[child, FIT + k], tables.levels[child, WITHIN + k]
            if fit != within:
                fills = float(math.ceil(fills * within / fit))
            block = tables.levels[child, BLOCK]
            energy += stores[child, CLUSTERS_USED] * math.ceil(fills / block) * tables.prices[child, WRITE]
            stores[child, WRITE_WORDS] += (fills + pending) / base
        pending = updates
        if b + 1 == edges or space.edges[TENSOR, b + 1] != k:
            stores[parent, WRITE_WORDS] += pending / base
            pending = 0.0
    cycles = float(base)
    leak = 0.0
    for level in range(levels):
        if tables.levels[level, CONTAINER]:
            continue
        leak += tables.prices[level, LEAK] * stores[level, INSTANCES]
        throttling = 1.0
        if stores[level, READ_WORDS] > tables.prices[level, READ_BANDWIDTH]:
            throttling = tables.prices[level, READ_BANDWIDTH] / stores[level, READ_WORDS]
        if stores[level, WRITE_WORDS] > tables.prices[level, WRITE_BANDWIDTH]:
            throttling = min(throttling, tables.prices[level, WRITE_BANDWIDTH] / stores[level, WRITE_WORDS])
        if throttling < 1.0:
            cycles = max(cycles, math.ceil(base / throttling))
    return energy + leak * cycles, cycles


@step
def _set_mapping(tables: Tables, space: Space, state: State, near_order: int, far_order: int) -> None:
    """Factors and orders of the whole mapping."""
    levels = tables.levels.shape[0]
    for which in range(2):
        slot = space.places[NEAR_SLOT] if which == 0 else space.places[FAR_SLOT]
        if slot < 0:
            continue
        order = near_order if which == 0 else far_order
        used = 0
        place = _D - 1
        for j in range(_D):
            d = state.pool[order, j]
            if d < 0:
                break
            state.orders[slot, place] = d
            used |= 1 << d
            place -= 1
        for d in range(_D):
            state.factors[slot, d] = state.extents[levels + NEAR_LOOPS + which, d]
            if not used >> d & 1:
                state.orders[slot, place] = d
                place -= 1
