"""Inner choices: factors of containers and scratchpads, and what follows from them alone."""

from __future__ import annotations

import numpy as np

from ._jit import jit
from .deliveries import AXES, IntArray
from .mapspace import AT_MAC, CHILD, FIXED, LARGEST, PARENT, TENSOR, ZONE, Space
from .search_state import (
    ABOVE,
    BASE,
    CARRIES,
    CHILD_PJ,
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
    State,
)
from .tables import AXIS, BLOCK, BOUND, CONTAINER, KEEP, MESH_X, MESH_Y, READ, SHIFT, SIZE, SLOT_LEVEL, SLOT_MESH
from .tables import STEP, UPDATE, WRITE, Tables

_D = 8
_C, _M, _R, _S, _N, _P, _Q, _G = range(_D)
_TENSORS = 3
_INPUTS = 1
_OUTPUTS = 2


@jit
def list_inner(tables: Tables, space: Space, state: State, limit: int) -> IntArray:
    """All inner choices that fit containers and inner stores.

    Parameters
    ----------
    limit : stop after so many; one more than that says that there are more.

    Returns
    -------
    int64 (choices, V), the bound of each inner variable.
    """
    variables = space.variables.shape[1]
    out = np.ones((1024, variables), np.int64)
    count = 0
    choice = np.ones(variables + 1, np.int64)
    cursor = np.full(variables + 1, -1, np.int64)
    rest = tables.dims[BOUND].copy()
    used = np.ones(tables.slots.shape[1], np.int64)
    depth = 0
    while depth >= 0:
        if depth == variables:
            set_extents(tables, space, choice, state)
            if _fits(tables, state):
                if count == out.shape[0]:
                    grown = np.ones((2 * count, variables), np.int64)
                    grown[:count] = out
                    out = grown
                out[count] = choice[:variables]
                count += 1
                if count > limit:
                    return out[:count]
            depth -= 1
            continue
        slot, d = space.variables[0, depth], space.variables[1, depth]
        if cursor[depth] >= 0:
            rest[d] *= choice[depth]
            used[slot] //= choice[depth]
        cursor[depth] += 1
        taken = 0
        while cursor[depth] < space.divisors.shape[1]:
            bound = space.divisors[d, cursor[depth]]
            if bound == 0 or bound > space.limits[LARGEST, slot, d]:
                break
            if rest[d] % bound == 0 and _allowed(tables, space, choice, depth, bound, used):
                taken = bound
                break
            cursor[depth] += 1
        if taken == 0:
            cursor[depth] = -1
            choice[depth] = 1
            depth -= 1
            continue
        choice[depth] = taken
        rest[d] //= taken
        used[slot] *= taken
        depth += 1
        cursor[depth] = -1
    return out[:count]


@jit
def _allowed(tables: Tables, space: Space, choice: IntArray, depth: int, bound: int, used: IntArray) -> bool:
    """Constraints and fan-out of one loop, given the choices before it."""
    slot, d = space.variables[0, depth], space.variables[1, depth]
    fixed = space.limits[FIXED, slot, d]
    if fixed and bound != fixed:
        return False
    kind, level = tables.slots[SLOT_MESH, slot], tables.slots[SLOT_LEVEL, slot]
    if kind == 0 or bound == 1:
        return True
    if used[slot] * bound > tables.levels[level, MESH_X if kind == 1 else MESH_Y]:
        return False
    for other in range(depth):  # one factor per dimension and container
        if space.variables[1, other] == d and choice[other] > 1 and space.variables[0, other] != slot:
            if tables.slots[SLOT_LEVEL, space.variables[0, other]] == level:
                return False
    return True


@jit
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


@jit
def set_extents(tables: Tables, space: Space, choice: IntArray, state: State) -> None:
    """Factors of one choice, and the extents inside each level."""
    extents = state.extents
    levels = tables.levels.shape[0]
    for d in range(_D):
        extents[0, d] = 1
        for level in range(levels):
            extents[level + 1, d] = 0
    for v in range(space.variables.shape[1]):
        slot, d = space.variables[0, v], space.variables[1, v]
        state.factors[slot, d] = choice[v]
        row = tables.slots[SLOT_LEVEL, slot] + 1
        extents[row, d] = max(1, extents[row, d]) * choice[v]
    for level in range(levels):
        for d in range(_D):
            extents[level + 1, d] = extents[level, d] * max(1, extents[level + 1, d])


@jit
def _fits(tables: Tables, state: State) -> bool:
    """Whether what the inner loops alone span fits every store."""
    for level in range(tables.levels.shape[0]):
        held = 0
        for k in range(_TENSORS):
            if tables.levels[level, KEEP + k]:
                held += tile_words(tables.dims, state.extents, level + 1, k, state.tiles, 0)
        if held > tables.levels[level, SIZE]:
            return False
    return True


@jit
def set_inner(tables: Tables, space: Space, choice: IntArray, state: State) -> None:
    """Everything that follows from one inner choice."""
    set_extents(tables, space, choice, state)
    extents, stores, flows = state.extents, state.stores, state.flows
    levels = tables.levels.shape[0]
    outputs = 1
    operations = 1
    for d in range(_D):
        operations *= tables.dims[BOUND, d]
        if tables.dims[AXIS + _OUTPUTS, d] >= 0:
            outputs *= tables.dims[BOUND, d]
        extents[levels + NEAR_STEP, d] = extents[levels, d]
        extents[levels + NEAR_LOOPS, d] = tables.dims[BOUND, d] // extents[levels, d]
        extents[levels + FAR_LOOPS, d] = 1
    for b in range(space.edges.shape[1]):
        flows[b, ABOVE] = 1.0
        flows[b, LEAST_ABOVE] = 1.0
        flows[b, LEAST_CHILD] = 1.0
    state.scalars[CARRIES] = 0
    instances = 1
    for level in range(levels - 1, -1, -1):
        stores[level, SHARE] = outputs
        if tables.levels[level, CONTAINER]:
            children = 1
            for d in range(_D):
                bound = extents[level + 1, d] // extents[level, d]
                children *= bound
                if tables.dims[AXIS + _OUTPUTS, d] >= 0:
                    outputs //= bound
            stores[level, INSTANCES] = instances
            instances *= children
            if children > 1:
                _spread(tables, space, state, level)
        else:
            stores[level, INSTANCES] = instances
    state.scalars[MACS] = instances
    state.scalars[CYCLES] = operations // instances
    for b in range(space.edges.shape[1]):
        _supply(tables, space, state, b)
    _set_prices(tables, space, state)


@jit
def _spread(tables: Tables, space: Space, state: State, level: int) -> None:
    """Multicast of one container, for every boundary that crosses it."""
    extents = state.extents
    neighbours = _note_carries(tables, space, state, level)
    for b in range(space.edges.shape[1]):
        if not space.edges[CHILD, b] < level <= space.edges[PARENT, b]:
            continue
        k = space.edges[TENSOR, b]
        groups, alone = 1, 1
        for d in range(_D):
            if tables.dims[AXIS + k, d] >= 0:
                bound = extents[level + 1, d] // extents[level, d]
                groups *= bound
                if k == _INPUTS and tables.dims[SHIFT, d] > 0 and d in (_P, _Q, _R, _S):
                    alone *= bound
        least = groups // alone
        if alone > 1:
            groups = least * _windows(tables, extents, level, _P, _R) * _windows(tables, extents, level, _Q, _S)
        state.flows[b, ABOVE] *= groups
        if k == _INPUTS and neighbours:
            state.flows[b, LEAST_ABOVE] *= least
            if level == space.edges[CHILD, b] + 1:
                state.flows[b, LEAST_CHILD] = 1.0 / alone
        else:
            state.flows[b, LEAST_ABOVE] *= groups


@jit
def _windows(tables: Tables, extents: IntArray, level: int, output: int, kernel: int) -> int:
    """Different offsets along one sliding axis: values of ``i * a + j * b``, see `fanout.multicast_groups`."""
    outputs = extents[level + 1, output] // extents[level, output]
    kernels = extents[level + 1, kernel] // extents[level, kernel]
    if outputs == 1 or kernels == 1:
        return outputs * kernels
    a = tables.dims[SHIFT, output] * extents[level, output]
    b = tables.dims[SHIFT, kernel] * extents[level, kernel]
    unit = _gcd(a, b)
    return outputs * kernels - max(0, outputs - b // unit) * max(0, kernels - a // unit)


@jit
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
    on_width = extents[level + 1, _P] * extents[level + 1, _R] > extents[level, _P] * extents[level, _R]
    on_height = extents[level + 1, _Q] * extents[level + 1, _S] > extents[level, _Q] * extents[level, _S]
    grid = tables.levels[level, MESH_X] > 1 and tables.levels[level, MESH_Y] > 1
    found = False
    inside = 0
    for slot in range(tables.slots.shape[1] - 1, -1, -1):
        if tables.slots[SLOT_LEVEL, slot] != level:
            continue
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


@jit
def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


@jit
def _supply(tables: Tables, space: Space, state: State, b: int) -> None:
    """Tile of a child inside near, and the inner loops outside it."""
    flows = state.flows
    k, child = space.edges[TENSOR, b], space.edges[CHILD, b]
    if space.edges[ZONE, b] == AT_MAC:
        flows[b, BASE] = state.scalars[CYCLES]
        flows[b, OPEN] = 0.0
        return
    words = tile_words(tables.dims, state.extents, child + 1, k, state.tiles, b)
    is_open = True
    for slot in range(tables.slots.shape[1] - 1, -1, -1):
        if tables.slots[SLOT_LEVEL, slot] <= child or tables.slots[SLOT_MESH, slot]:
            continue
        if slot == space.places[0] or slot == space.places[1]:
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


@jit
def _set_prices(tables: Tables, space: Space, state: State) -> None:
    """pJ per word at every boundary, and what is due whatever the outer loops are. Blocks are not rounded up here."""
    flows, stores = state.flows, state.stores
    state.constant[0] = tables.compute * state.scalars[CYCLES] * state.scalars[MACS]
    for b in range(space.edges.shape[1]):
        child, parent = space.edges[CHILD, b], space.edges[PARENT, b]
        block = tables.levels[parent, BLOCK]
        per_read = tables.prices[parent, READ] / block * stores[parent, INSTANCES]
        flows[b, PARENT_PJ] = per_read
        if space.edges[TENSOR, b] == _OUTPUTS:
            flows[b, PARENT_PJ] += tables.prices[parent, UPDATE] / block * stores[parent, INSTANCES]
            state.constant[0] -= per_read * stores[parent, SHARE]
        flows[b, CHILD_PJ] = 0.0
        if child >= 0:
            per_fill = tables.prices[child, WRITE] / tables.levels[child, BLOCK] * stores[child, INSTANCES]
            flows[b, CHILD_PJ] = per_fill
            if space.edges[TENSOR, b] == _OUTPUTS:
                state.constant[0] -= per_fill * stores[child, SHARE]
