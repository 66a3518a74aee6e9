"""All inner choices that fit, by depth first through the inner variables."""

from __future__ import annotations

import numpy as np

from ..jit import jit_lean, step
from .deliveries import IntArray
from .mapspace import FAR_LEVEL, FIXED, LARGEST, Space
from .search_inner import held_words, set_factor
from .search_state import State
from .tables import BOUND, CONTAINER, MESH_X, MESH_Y, SIZE, SLOT_LEVEL, SLOT_MESH, Tables

#: Rows of a walk.
_CHOICE, _CURSOR = range(2)

#: Stores of this size hold any tile.
_LARGE = 2**62


def list_choices(tables: Tables, space: Space, state: State, limit: int) -> tuple[IntArray, IntArray]:
    """Inner choices that fit containers and stores.

    Parameters
    ----------
    limit : stop once there are more.

    Returns
    -------
    int64 (choices, V), the bound of each inner variable; int64 (choices,), MACs in use.
    """
    variables = space.variables.shape[1]
    out, macs = np.ones((4096, variables), np.int64), np.empty(4096, np.int64)
    walk = np.ones((2, variables + 1), np.int64)
    walk[_CURSOR] = -1
    used = np.ones(tables.slots.shape[1], np.int64)
    left = tables.dims[BOUND].copy()
    state.extents[: len(tables.levels) + 1] = 1
    if not least_fits(tables, space, state):
        return out[:0], macs[:0]
    count, depth = _fill(tables, space, state, walk, used, left, 0, 0, out, macs)
    while depth >= 0 and count <= limit:
        out, macs = np.concatenate([out, np.ones_like(out)]), np.concatenate([macs, macs])
        count, depth = _fill(tables, space, state, walk, used, left, depth, count, out, macs)
    return out[:count], macs[:count]


@jit_lean
def _fill(
    tables: Tables,
    space: Space,
    state: State,
    walk: IntArray,
    used: IntArray,
    left: IntArray,
    depth: int,
    count: int,
    out: IntArray,
    macs: IntArray,
) -> tuple[int, int]:
    """Go on with the walk until `out` is full. Returns how many choices there are, and the depth, -1 at the end.

    Parameters
    ----------
    walk : int64 (2, V + 1), bound chosen at each depth, place of it among the divisors.
    used : int64 (S,), children in use along each container's axis. left : int64 (8,), what is left of each dimension.
    """
    variables = space.variables.shape[1]
    while depth >= 0:
        if depth == variables:
            if count == macs.size:
                return count, depth
            macs[count] = 1
            for v in range(variables):
                out[count, v] = walk[_CHOICE, v]
                if tables.slots[SLOT_MESH, space.variables[0, v]]:
                    macs[count] *= walk[_CHOICE, v]
            count += 1
            depth -= 1
            continue
        slot, d = space.variables[0, depth], space.variables[1, depth]
        before = walk[_CHOICE, depth]
        if before > 1:
            _unset(tables, space, state, depth, before)
            left[d] *= before
            used[slot] //= before
            walk[_CHOICE, depth] = 1
        cursor = walk[_CURSOR, depth] + 1
        taken = 0
        while cursor < space.divisors.shape[1]:
            bound = int(space.divisors[d, cursor])
            if bound == 0 or bound > min(left[d], space.limits[LARGEST, slot, d]):
                break
            if left[d] % bound == 0 and _allowed(tables, space, walk, depth, bound, used):
                set_factor(tables, space, state, depth, bound)
                if bound == 1 or _fits(tables, state, tables.slots[SLOT_LEVEL, slot], space.places[FAR_LEVEL]):
                    taken = bound
                    break
                _unset(tables, space, state, depth, bound)
                break  # tiles only grow from here
            cursor += 1
        if taken == 0:
            walk[_CURSOR, depth] = -1
            depth -= 1
            continue
        walk[_CURSOR, depth] = cursor
        walk[_CHOICE, depth] = taken
        left[d] //= taken
        used[slot] *= taken
        depth += 1
    return count, depth


@step
def _unset(tables: Tables, space: Space, state: State, v: int, bound: int) -> None:
    """Bound of one inner variable back to 1."""
    slot, d = space.variables[0, v], space.variables[1, v]
    state.factors[slot, d] = 1
    if bound > 1:
        for row in range(tables.slots[SLOT_LEVEL, slot] + 1, tables.levels.shape[0] + 1):
            state.extents[row, d] //= bound


@step
def _allowed(tables: Tables, space: Space, walk: IntArray, depth: int, bound: int, used: IntArray) -> bool:
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
        place = space.variables[0, other]
        same = space.variables[1, other] == d and place != slot and tables.slots[SLOT_LEVEL, place] == level
        if same and walk[_CHOICE, other] > 1:
            return False
    return True


@step
def _fits(tables: Tables, state: State, innermost: int, end: int) -> bool:
    """Whether what the inner loops chosen so far span fits every store from one level to before another."""
    for level in range(innermost, end):
        size = tables.levels[level, SIZE]
        if size > _LARGE or tables.levels[level, CONTAINER]:
            continue
        held = held_words(tables, level, state.extents, level + 1, state.tiles, 0)
        if held > size:
            return False
    return True


@jit_lean
def least_fits(tables: Tables, space: Space, state: State) -> bool:
    """Whether stores hold one word of each tensor, and those that no loops lie outside of all of their tensors."""
    return _fits(tables, state, 0, space.places[FAR_LEVEL]) and _whole_fits(tables, space, state)


@step
def _whole_fits(tables: Tables, space: Space, state: State) -> bool:
    """Whether stores that no loops lie outside of hold all of their tensors."""
    for level in range(space.places[FAR_LEVEL], tables.levels.shape[0]):
        held = held_words(tables, level, tables.dims, BOUND, state.tiles, 0)
        if held > tables.levels[level, SIZE]:
            return False
    return True
