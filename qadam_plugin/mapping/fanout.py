"""Sharing of words among the children of a spatial fan-out: multicast and neighbour transfers.

The first child gets what `deliveries` says; child c gets the same, moved by its offset, which is linear in its
spatial indices. Children of equal offset form one multicast group, read once. Timeloop's approximations: windows that
overlap partly share nothing, and two nested containers are judged one after the other, so Eyeriss' diagonal reuse is
not seen.

A child is served by a neighbour when its words equal, as a set, what the neighbour received one visit earlier. Two
deltas are equal only if they are of one kind (whole tile, or tile without its overlap with the one before) and the
offsets differ by just the step of this visit. In the closed form of `deliveries` a delta is whole, or has step
``t_1``, so per step t_k one question is left: how many children have a neighbour with ``offset(neighbour) -
offset(child) = t_k``. Timeloop drops them from a visit only if that lowers the visit's number of groups.

MACs directly below a container ask for their operand at every visit, moved or not. So an operand that stays while a
neighbour had it one visit earlier (step 0, equal offsets) counts as handed on, and the store above is not read: by
Timeloop's rule accumulation along a row of MACs is free.
"""

from __future__ import annotations

import numpy as np

from ._jit import jit
from .deliveries import IntArray, fresh_words


@jit
def child_offsets(bounds: IntArray, steps: IntArray, count: int) -> IntArray:
    """Offset of every child, as packed steps; the innermost loop is the fastest.

    Parameters
    ----------
    bounds, steps : spatial loops of the container, innermost first (X loops, then Y loops); the first `count` are used.

    Returns
    -------
    int64 (product of bounds,)
    """
    children = 1
    for j in range(count):
        children *= bounds[j]
    offsets = np.zeros(children, np.int64)
    filled = 1
    for j in range(count):
        for index in range(1, bounds[j]):
            for c in range(filled):
                offsets[index * filled + c] = offsets[c] + index * steps[j]
        filled *= bounds[j]
    return offsets


@jit
def served_by_neighbour(offsets: IntArray, row: int, step: int) -> tuple[int, IntArray]:
    """Children that a neighbour serves at a visit of this step, and the offsets of the others.

    Parameters
    ----------
    offsets : int64 (children,), from `child_offsets`.
    row : children of one row of the grid: the *physical* width of the container, although children are numbered by the
        width in use. That is how Timeloop does it; in a partly used container it misses real neighbours.
    step : packed step of the visit.

    Returns
    -------
    (number served, int64 (children - served,))
    """
    children = offsets.size
    left = np.empty(children, np.int64)
    kept = 0
    for c in range(children):
        wanted = offsets[c] + step
        column = c % row
        if not (
            (column > 0 and offsets[c - 1] == wanted)
            or (column + 1 < row and c + 1 < children and offsets[c + 1] == wanted)
            or (c >= row and offsets[c - row] == wanted)
            or (c + row < children and offsets[c + row] == wanted)
        ):
            left[kept] = offsets[c]
            kept += 1
    return children - kept, left[:kept]


@jit
def distinct(values: IntArray) -> int:
    """Number of different values."""
    if values.size == 0:
        return 0
    ordered = np.sort(values)
    found = 1
    for j in range(1, ordered.size):
        if ordered[j] != ordered[j - 1]:
            found += 1
    return found


@jit
def multicast_groups(bounds: IntArray, axes: IntArray, shifts: IntArray, count: int) -> int:
    """Number of different offsets, without listing the children.

    Per axis at most two loops move (an output and a filter dimension). With shifts a, b over their greatest common
    divisor, ``i * a + j * b`` takes ``I * J - max(0, I - b) * max(0, J - a)`` values: each value that several (i, j)
    share is counted once less for every further one.
    """
    groups = 1
    for j in range(count):
        if axes[j] < 0:
            continue
        partner = -1
        for other in range(count):
            if other != j and axes[other] == axes[j]:
                partner = other
        if partner < 0:
            groups *= bounds[j]
        elif partner > j:
            a, b = shifts[j], shifts[partner]
            x, y = a, b
            while y:
                x, y = y, x % y
            lacking = max(0, bounds[j] - b // x) * max(0, bounds[partner] - a // x)
            groups *= bounds[j] * bounds[partner] - lacking
    return groups


@jit
def may_be_served(bounds: IntArray, steps: IntArray, count: int, row: int, step: int) -> bool:
    """Whether any child can have a neighbour at this step: a quick test before the children are listed.

    Exact for containers with one axis; in a container of several rows it says yes whenever rows are in use.
    """
    children = 1
    for j in range(count):
        children *= bounds[j]
    if 1 < row < children:
        return True
    inside = 0
    for j in range(count):
        carry = steps[j] - inside
        if step in (carry, -carry):
            return True
        inside += (bounds[j] - 1) * steps[j]
    return False


@jit
def alike_visits(
    bounds: IntArray, axes: IntArray, shifts: IntArray, steps: IntArray, count: int, extents: IntArray, operands: bool
) -> tuple[IntArray, IntArray]:
    """Visits at which a neighbour can serve: those whose delta is of the same kind as at the visit before.

    Parameters
    ----------
    bounds, axes, shifts, steps, count, extents : temporal loops above and the child's tile, as for `delivered_words`.
    operands : the children are MACs: each asks for its one operand at every visit, moved or not.

    Returns
    -------
    int64 (count,), (count,): per loop k the step ``t_k``, and the words that one child receives over all such visits
    of the loop.
    """
    taken = np.empty(count, np.int64)
    words = np.zeros(count, np.int64)
    outer = 1
    for j in range(count):
        outer *= bounds[j]
    inside = 0
    if operands:
        for k in range(count):
            outer //= bounds[k]
            taken[k] = steps[k] - inside
            inside += steps[k]
            words[k] = (bounds[k] - 1) * outer
        return taken, words
    if count == 0 or axes[0] < 0:
        return taken, words  # every step of another loop follows a visit at which nothing moved
    tile = 1
    for axis in range(extents.size):
        tile *= extents[axis]
    fresh = fresh_words(shifts[0], extents[int(axes[0])], tile)
    taken[0] = inside = steps[0]
    outer //= bounds[0]
    before = 1 if fresh == tile else 0  # visits at index 0 of loop 0 with a delta of the kind of loop 0's own
    for k in range(1, count):
        outer //= bounds[k]
        taken[k] = steps[k] - inside
        inside += steps[k]
        if taken[k] != 0 and (taken[k] == steps[0] or fresh == tile):
            before += (bounds[k] - 1) * outer
            words[k] = (bounds[k] - 1) * outer * fresh
    words[0] = (bounds[0] - 1) * before * fresh
    return taken, words


@jit
def shared_words(
    words: int,
    taken: IntArray,
    alike: IntArray,
    bounds: IntArray,
    axes: IntArray,
    shifts: IntArray,
    steps: IntArray,
    count: int,
    row: int,
) -> tuple[int, int, int]:
    """Totals of one tensor at a container.

    Parameters
    ----------
    words : words that one child receives over the whole run.
    taken, alike : from `alike_visits`.
    bounds, axes, shifts, steps, count : spatial loops of the container, innermost first.
    row : see `served_by_neighbour`.

    Returns
    -------
    accesses : words read above, each multicast counted once.
    arrivals : words that arrive from above at all children together.
    links : words handed on between neighbours.
    """
    children = 1
    for j in range(count):
        children *= bounds[j]
    groups = multicast_groups(bounds, axes, shifts, count)
    accesses, arrivals, links = groups * words, children * words, 0
    for k in range(taken.size):
        if alike[k] and may_be_served(bounds, steps, count, row, taken[k]):
            served, rest = served_by_neighbour(child_offsets(bounds, steps, count), row, taken[k])
            saved = groups - distinct(rest) if served else 0
            if saved > 0:
                accesses -= saved * alike[k]
                arrivals -= served * alike[k]
                links += served * alike[k]
    return accesses, arrivals, links
