"""The mappings a spec allows for one layer, as arrays: factors per slot, orders, and who hands words to whom.

The space is cut in three. *Far* is the outermost storage outside all containers that may carry loops, *near* the next
one; everything inside them (containers, scratchpads) is the *inner* part. A mapping is an inner choice, the loops of
near, and what is left for far; near and far have an order. Storages whose factors are all fixed to 1, such as the outer
stores of a split level, carry no loops and drop out by themselves.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..hardware.archspec import ArchSpec, Fanout, LoopConstraint, Storage
from ..workloads.layer import DIMENSIONS, RELEVANT, TENSORS, Layer
from .plan import Plan

IntArray = NDArray[np.int64]

#: Where the child of a boundary is.
AT_MAC, INSIDE, NEAR, OUTSIDE = -1, 0, 1, 2

#: Rows of `Space.edges`, entries of `Space.places`, planes of `Space.limits`.
TENSOR, CHILD, PARENT, ZONE = range(4)
NEAR_SLOT, FAR_SLOT, NEAR_LEVEL, FAR_LEVEL = range(4)
FIXED, LARGEST = range(2)

_D = len(DIMENSIONS)
_SLIDING = frozenset("RSPQ")
_INPUTS = TENSORS.index("Inputs")


class Space(NamedTuple):
    """Arrays of S slots (outermost first, as in `plan.Plan`), V inner variables, B boundaries.

    Attributes
    ----------
    divisors : int64 (8, D), ascending, 0 beyond the last.
    limits : int64 (2, S, 8), exact (0: free) and largest bound of each dimension in each slot.
    variables : int64 (2, V), slot and dimension of each inner loop that may be longer than 1, by dimension.
    orders : int64 (S, 8), dimensions of every slot, outermost first; near and far get theirs from the search.
    free : int64 (S,), places of each order, outermost first, that no constraint fixes.
    places : int64 (4,), slots of near (-1: none) and far; their levels, counted from the inside. Without near its level
        is that of far.
    prefixes : int64 (2, 8), near's and far's dimensions whose order is fixed, innermost first; -1 beyond the last.
    slot_of : int64 (L,), first slot of each level, counted from the inside: of a container Y, then X follows.
    temporal : int64, inner slots that may carry temporal loops, innermost first.
    edges : int64 (4, B), tensor; who is served: the next keeper inside (-1: the MACs); by whom; and where the
        child is: `AT_MAC`, `INSIDE` near, from `NEAR` to far, or `OUTSIDE`. By tensor, innermost first.
    """

    divisors: IntArray
    limits: IntArray
    variables: IntArray
    orders: IntArray
    free: IntArray
    places: IntArray
    prefixes: IntArray
    slot_of: IntArray
    temporal: IntArray
    edges: IntArray


def slot_constraints(spec: ArchSpec) -> list[LoopConstraint]:
    """Constraint of each slot, outermost first; two for each container, Y before X."""
    constraints: list[LoopConstraint] = []
    for level in spec.levels[:-1]:
        if isinstance(level, Fanout):
            constraints += [level.constraint_y, level.constraint_x]
        elif isinstance(level, Storage):
            constraints.append(level.temporal)
    return constraints


def make_space(spec: ArchSpec, layer: Layer, plan: Plan) -> tuple[Space, bool]:
    """Mapspace of one layer on one architecture, and whether near, far and the inner factors decide all costs."""
    constraints = slot_constraints(spec)
    fixed, largest = _limits(constraints, layer, plan)
    live = np.any(largest > 1, axis=1)
    near, far = _outer_slots(plan, live)
    pairs = [
        (slot, d)
        for d in range(_D)
        for slot in range(len(constraints) - 1, -1, -1)
        if slot not in (near, far) and largest[slot, d] > 1
    ]
    levels = [int(plan.slot_level[near if near >= 0 else far]), int(plan.slot_level[far])]
    prefixes = [constraints[near].permutation if near >= 0 else (), constraints[far].permutation]
    edges = _edges(plan, *levels)
    temporal = [slot for slot in np.flatnonzero(live) if slot not in (near, far) and not plan.slot_spatial[slot]]
    space = Space(
        divisors=_divisors(layer.bounds),
        limits=np.stack([fixed, largest]),
        variables=np.array(pairs, np.int64).reshape(-1, 2).T.copy(),
        orders=np.array([_outermost_first(c.permutation) for c in constraints], np.int64),
        free=np.array([_D - len(c.permutation) for c in constraints], np.int64),
        places=np.array([near, far, *levels], np.int64),
        prefixes=np.array([[DIMENSIONS.index(d) for d in p] + [-1] * (_D - len(p)) for p in prefixes], np.int64),
        slot_of=np.array(
            [np.flatnonzero(plan.slot_level == level)[0] for level in range(plan.container.size)], np.int64
        ),
        temporal=np.array(temporal[::-1], np.int64),
        edges=edges,
    )
    return space, _provable(plan, constraints, largest, live, (near, far), edges)


def _limits(constraints: list[LoopConstraint], layer: Layer, plan: Plan) -> tuple[IntArray, IntArray]:
    """Exact and largest bounds of each slot; what a layer's bound, a mesh or a constraint allows."""
    fixed = np.zeros((len(constraints), _D), np.int64)
    largest = np.tile(np.array(layer.bounds, np.int64), (len(constraints), 1))
    for slot, constraint in enumerate(constraints):
        for index, dimension in enumerate(DIMENSIONS):
            fixed[slot, index] = constraint.factors.get(dimension, 0)
            limit = constraint.max_factors.get(dimension, constraint.factors.get(dimension, largest[slot, index]))
            if plan.slot_spatial[slot]:
                limit = min(limit, plan.mesh[plan.slot_level[slot], plan.slot_spatial[slot] - 1])
            largest[slot, index] = min(largest[slot, index], limit)
            if fixed[slot, index]:
                largest[slot, index] = min(largest[slot, index], fixed[slot, index])
    return fixed, largest


def _outer_slots(plan: Plan, live: NDArray[np.bool_]) -> tuple[int, int]:
    """(near, far): slots outside all containers that may carry loops; far is the outermost slot if none may."""
    outside: list[int] = []
    for slot in range(live.size):
        if plan.slot_spatial[slot]:
            break
        outside.append(slot)
    usable = [slot for slot in outside if live[slot]]
    far = usable[0] if usable else 0
    return (usable[1] if len(usable) > 1 else -1), far


def _edges(plan: Plan, near_level: int, far_level: int) -> IntArray:
    """Pairs of neighbouring keepers of each tensor, see `Space.edges`."""
    rows: list[tuple[int, int, int, int]] = []
    for k in range(len(TENSORS)):
        keepers = [-1, *np.flatnonzero(plan.keep[:, k]).tolist()]
        for child, parent in pairwise(keepers):
            zone = AT_MAC if child < 0 else INSIDE if child < near_level else NEAR if child < far_level else OUTSIDE
            rows.append((k, child, parent, zone))
    return np.array(rows, np.int64).T.copy()


def _provable(
    plan: Plan,
    constraints: list[LoopConstraint],
    largest: IntArray,
    live: NDArray[np.bool_],
    outer: tuple[int, int],
    edges: IntArray,
) -> bool:
    """Whether near, far and the inner factors decide all costs.

    Not so if a container stands directly above the MACs, if inner loops outside a container or a spad move Inputs, or
    if inner loops stand in a free order that matters.
    """
    if plan.container[0] or plan.slot_spatial[outer[1]]:
        return False
    containers = np.flatnonzero(plan.container)
    for slot in np.flatnonzero(live):
        if slot in outer:
            continue
        level = plan.slot_level[slot]
        dims = {name for name, most in zip(DIMENSIONS, largest[slot], strict=True) if most > 1}
        free = len(dims - set(constraints[slot].permutation)) > 1
        if plan.slot_spatial[slot]:
            if free and dims & _SLIDING:
                return False
            continue
        if containers.size and containers.min() < level:
            return False
        for k, keeper in zip(edges[0], edges[1], strict=True):
            if not 0 <= keeper < level:
                continue
            moving = dims & RELEVANT[TENSORS[k]]
            if k == _INPUTS and moving:
                return False
            if free and moving and moving != dims:
                return False
    return True


def _outermost_first(permutation: tuple[str, ...]) -> list[int]:
    """All dimensions outermost first; `permutation` is innermost first, what it leaves out lies outside."""
    rest = [d for d in DIMENSIONS if d not in permutation]
    return [DIMENSIONS.index(d) for d in [*rest, *reversed(permutation)]]


def _divisors(bounds: tuple[int, ...]) -> IntArray:
    """Divisors of each bound in rows, filled up with zeros."""
    rows = [[f for f in range(1, bound + 1) if bound % f == 0] for bound in bounds]
    table = np.zeros((_D, max(map(len, rows))), np.int64)
    for index, row in enumerate(rows):
        table[index, : len(row)] = row
    return table
