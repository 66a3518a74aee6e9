"""Inner choices: factors of containers and scratchpads, and what follows from them alone."""

from __future__ import annotations

from ..jit import step
from .deliveries import AXES, IntArray
from .mapspace import AT_MAC, CHILD, INSIDE, PARENT, TENSOR, ZONE, Space
from .search_state import (
    ABOVE,
    BASE,
    CARRIES,
    CHILD_PJ,
    CLUSTERS_USED,
    CYCLES,
    FAR_LOOPS,
    INSTANCES,
    LEAST_ABOVE,
    LEAST_CHILD,
    MACS,
    NEAR_LOOPS,
    NEAR_STEP,
    OPEN,
    PARENT_PJ,
    SHARE,
    TILED,
    State,
)
from .tables import (
    AXIS,
    BOUND,
    CLUSTERS,
    CONTAINER,
    FIT,
    KEEP,
    MESH_X,
    MESH_Y,
    SHIFT,
    SLOT_LEVEL,
    STEP,
    WITHIN,
    Tables,
)
from .words import words_of

_D = 8
_C, _M, _R, _S, _N, _P, _Q, _G = range(_D)
_TENSORS = 3
_INPUTS = 1
_OUTPUTS = 2


@step
def tile_words(dims: IntArray, extents: IntArray, row: int, k: int, tiles: IntArray, to: int) -> int:
    """Words of the tile that loops of the extents in one row span; for Inputs `tiles[to]` receives its axes."""
    if k != _INPUTS:
        words = 1
        for d in range(_D):
            if dims[AXIS + k, d] >= 0:
                words *= extents[row, d]
        return words
    width = (extents[row, _P] - 1) * dims[SHIFT, _P] + (extents[row, _R] - 1) * dims[SHIFT, _R] + 1
    height = (extents[row, _Q] - 1) * dims[SHIFT, _Q] + (extents[row, _S] - 1) * dims[SHIFT, _S] + 1
    words = 1
    for axis in range(AXES):
        tiles[to, axis] = 1
    tiles[to, dims[AXIS + k, _N]] = extents[row, _N]
    tiles[to, dims[AXIS + k, _C]] = extents[row, _C]
    tiles[to, dims[AXIS + k, _P]] = width
    tiles[to, dims[AXIS + k, _Q]] = height
    tiles[to, dims[AXIS + k, _G]] = extents[row, _G]
    for axis in range(AXES):
        words *= tiles[to, axis]
    return words


@step
def held_words(tables: Tables, level: int, extents: IntArray, row: int, tiles: IntArray, to: int) -> int:
    """Words of all tensors that a store keeps, for tiles as in `tile_words`."""
    held = 0
    for k in range(_TENSORS):
        if tables.levels[level, KEEP + k]:
            elements = tile_words(tables.dims, extents, row, k, tiles, to)
            held += words_of(elements, tables.levels[level, FIT + k], tables.levels[level, WITHIN + k])
    return held


@step
def set_extents(tables: Tables, space: Space, choices: IntArray, row: int, state: State) -> None:
    """Factors of one row of choices, the extents inside each level, and near's row with all that is left."""
    extents = state.extents
    levels = tables.levels.shape[0]
    for level in range(levels + 1):
        for d in range(_D):
            extents[level, d] = 1
    for v in range(space.variables.shape[1]):
        set_factor(tables, space, state, v, choices[row, v])
    for d in range(_D):
        extents[levels + NEAR_LOOPS, d] = tables.dims[BOUND, d] // extents[levels, d]


@step
def set_factor(tables: Tables, space: Space, state: State, v: int, bound: int) -> None:
    """Bound of one inner variable that was 1."""
    slot, d = space.variables[0, v], space.variables[1, v]
    state.factors[slot, d] = bound
    if bound > 1:
        for row in range(tables.slots[SLOT_LEVEL, slot] + 1, tables.levels.shape[0] + 1):
            state.extents[row, d] *= bound


@step
def set_inner(tables: Tables, space: Space, state: State) -> None:
    """Everything that follows from one inner choice, of which factors, extents and near's row are set."""
    extents, stores, flows = state.extents, state.stores, state.flows
    levels = tables.levels.shape[0]
    outputs = 1
    operations = 1
    for d in range(_D):
        operations *= tables.dims[BOUND, d]
        if tables.dims[AXIS + _OUTPUTS, d] >= 0:
            outputs *= tables.dims[BOUND, d]
        extents[levels + NEAR_STEP, d] = extents[levels, d]
        extents[levels + FAR_LOOPS, d] = 1
    for b in range(space.edges.shape[1]):
        flows[b, ABOVE] = 1.0
        flows[b, LEAST_ABOVE] = 1.0
        flows[b, LEAST_CHILD] = 1.0
    state.scalars[CARRIES] = 0
    state.scalars[TILED] = 0
    instances = 1
    for level in range(levels - 1, -1, -1):
        stores[level, SHARE] = outputs
        stores[level, INSTANCES] = instances
        stores[level, CLUSTERS_USED] = min(instances, tables.levels[level, CLUSTERS])
        if tables.levels[level, CONTAINER]:
            children, parts = 1, 1
            for d in range(_D):
                bound = children_along(space, state, level, d)
                children *= bound
                if tables.dims[AXIS + _OUTPUTS, d] >= 0:
                    parts *= bound
            if children > 1:
                instances *= children
                outputs //= parts
                _spread(tables, space, state, level)
    state.scalars[MACS] = instances
    state.scalars[CYCLES] = operations // instances
    for b in range(space.edges.shape[1]):
        _supply(tables, space, state, b)
    _set_prices(tables, space, state)


@step
def children_along(space: Space, state: State, level: int, d: int) -> int:
    """Bound of a dimension in one container: it stands on Y or on X."""
    slot = space.slot_of[level]
    return state.factors[slot, d] * state.factors[slot + 1, d]


@step
def _spread(tables: Tables, space: Space, state: State, level: int) -> None:
    """Multicast of one container, for every boundary that crosses it."""
    neighbours = _note_carries(tables, space, state, level)
    for b in range(space.edges.shape[1]):
        if not space.edges[CHILD, b] < level <= space.edges[PARENT, b]:
            continue
        k = space.edges[TENSOR, b]
        groups, alone = 1, 1
        for d in range(_D):
            if tables.dims[AXIS + k, d] >= 0:
                bound = children_along(space, state, level, d)
                groups *= bound
                if k == _INPUTS and tables.dims[SHIFT, d] > 0 and d in (_P, _Q, _R, _S):
                    alone *= bound
        least = groups // alone
        if alone > 1:
            groups = least * _windows(tables, space, state, level, 0) * _windows(tables, space, state, level, 1)
        state.flows[b, ABOVE] *= groups
        if k == _INPUTS and neighbours:
            state.flows[b, LEAST_ABOVE] *= least
            if level == space.edges[CHILD, b] + 1:
                state.flows[b, LEAST_CHILD] = 1.0 / alone
        else:
            state.flows[b, LEAST_ABOVE] *= groups


@step
def _windows(tables: Tables, space: Space, state: State, level: int, axis: int) -> int:
    """Different offsets along one sliding axis: values of ``i * a + j * b``, see `fanout.multicast_groups`."""
    output, kernel = _P + axis, _R + axis
    outputs = children_along(space, state, level, output)
    kernels = children_along(space, state, level, kernel)
    if outputs == 1 or kernels == 1:
        return outputs * kernels
    a = tables.dims[SHIFT, output] * state.extents[level, output]
    b = tables.dims[SHIFT, kernel] * state.extents[level, kernel]
    unit = _gcd(a, b)
    return outputs * kernels - max(0, outputs - b // unit) * max(0, kernels - a // unit)


@step
def _note_carries(tables: Tables, space: Space, state: State, level: int) -> bool:
    """Note offsets between neighbours of one container that a step of outer loops along a sliding axis may equal.

    Such a step is a sum of displacements of outer loops: a multiple of their greatest common divisor.
    """
    extents, dims = state.extents, tables.dims
    crossed = False
    for b in range(space.edges.shape[1]):
        if space.edges[TENSOR, b] == _INPUTS and space.edges[CHILD, b] < level <= space.edges[PARENT, b]:
            crossed = True
    if not crossed:
        return False
    levels = tables.levels.shape[0]
    on_width = extents[level + 1, _P] > extents[level, _P] or extents[level + 1, _R] > extents[level, _R]
    on_height = extents[level + 1, _Q] > extents[level, _Q] or extents[level + 1, _S] > extents[level, _S]
    if not (on_width or on_height):
        return False
    grid = tables.levels[level, MESH_X] > 1 and tables.levels[level, MESH_Y] > 1
    found = False
    inside = 0
    for slot in range(space.slot_of[level] + 1, space.slot_of[level] - 1, -1):
        for place in range(_D - 1, -1, -1):
            d = space.orders[slot, place]
            bound = state.factors[slot, d]
            if bound == 1 or dims[AXIS + _INPUTS, d] < 0:
                continue
            step = dims[STEP + _INPUTS, d] * extents[level, d]
            if d in (_P, _Q, _R, _S):
                output, kernel = (_P, _R) if d in (_P, _R) else (_Q, _S)
                unit = 0
                for loop in (output, kernel):
                    if extents[levels + NEAR_LOOPS, loop] > 1:
                        unit = _gcd(unit, dims[STEP + _INPUTS, loop] * extents[levels, loop])
                if unit > 0:
                    carry = -1
                    if not grid and not (on_width and on_height):
                        carry = abs(step - inside)
                    if carry < 0 or carry % unit == 0:
                        state.carries[state.scalars[CARRIES]] = carry
                        state.scalars[CARRIES] += 1
                        found = True
            inside += (bound - 1) * step
    return found


@step
def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


@step
def _supply(tables: Tables, space: Space, state: State, b: int) -> None:
    """Tile of a child inside near, and the inner loops outside it."""
    flows = state.flows
    k, child = space.edges[TENSOR, b], space.edges[CHILD, b]
    if space.edges[ZONE, b] == AT_MAC:
        flows[b, BASE] = state.scalars[CYCLES]
        flows[b, OPEN] = 0.0
        return
    if space.edges[ZONE, b] != INSIDE:
        return
    words = tile_words(tables.dims, state.extents, child + 1, k, state.tiles, b)
    is_open = True
    for slot in space.temporal:
        if tables.slots[SLOT_LEVEL, slot] <= child:
            continue
        for place in range(_D - 1, -1, -1):
            d = space.orders[slot, place]
            if state.factors[slot, d] > 1:
                if tables.dims[AXIS + k, d] >= 0:
                    is_open = False
                if not is_open:
                    words *= state.factors[slot, d]
    flows[b, BASE] = words
    flows[b, OPEN] = 1.0 if is_open else 0.0


@step
def _set_prices(tables: Tables, space: Space, state: State) -> None:
    """pJ per element at every boundary, and what is due whatever the outer loops are; nothing is rounded up here."""
    flows, stores = state.flows, state.stores
    state.constant[0] = tables.compute * state.scalars[CYCLES] * state.scalars[MACS]
    for b in range(space.edges.shape[1]):
        k, child, parent = space.edges[TENSOR, b], space.edges[CHILD, b], space.edges[PARENT, b]
        per_read = state.per_element[parent, 0, k] * stores[parent, CLUSTERS_USED]
        flows[b, PARENT_PJ] = per_read
        if k == _OUTPUTS:
            flows[b, PARENT_PJ] += state.per_element[parent, 2, k] * stores[parent, CLUSTERS_USED]
            state.constant[0] -= per_read * stores[parent, SHARE]
        flows[b, CHILD_PJ] = 0.0
        if child >= 0:
            per_fill = state.per_element[child, 1, k] * stores[child, CLUSTERS_USED]
            flows[b, CHILD_PJ] = per_fill
            if k == _OUTPUTS:
                state.constant[0] -= per_fill * stores[child, SHARE]
