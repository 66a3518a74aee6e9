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
def child_offsets(bounds: IntArray, steps: IntArray, begin: int, end: int) -> IntArray:
    """Offset of every child, as packed steps; the innermost loop is the fastest.

    Parameters
    ----------
    bounds, steps : spatial loops of the container, innermost first (X loops, then Y loops): `begin` to `end`.

    Returns
    -------
    int64 (product of bounds,)
    """
    children = 1
    for j in range(begin, end):
        children *= bounds[j]
    offsets = np.zeros(children, np.int64)
    filled = 1
    for j in range(begin, end):
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
    """Number of different values. Children lie in runs of equal offsets, so few are compared with all before them."""
    found = 0
    for j in range(values.size):
        new = True
        for other in range(j - 1, -1, -1):
            if values[other] == values[j]:
                new = False
                break
        if new:
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
def may_be_served(bounds: IntArray, steps: IntArray, begin: int, end: int, row: int, step: int) -> bool:
    """Whether any child can have a neighbour at this step: a quick test before the children are listed.

    Exact for containers with one axis; in a container of several rows it says yes whenever several are in use.
    """
    inside = 0
    children = 1
    for j in range(begin, end):
        carry = steps[j] - inside
        if step in (carry, -carry):
            return True
        inside += (bounds[j] - 1) * steps[j]
        children *= bounds[j]
    return 1 < row < children


@jit
def alike_visits(
    bounds: IntArray,
    axes: IntArray,
    shifts: IntArray,
    steps: IntArray,
    begin: int,
    end: int,
    extents: IntArray,
    tile: int,
    taken: IntArray,
    alike: IntArray,
) -> bool:
    """Visits at which a neighbour can serve: those whose delta is of the same kind as at the visit before.

    Parameters
    ----------
    bounds, axes, shifts, steps, begin, end, extents, tile : as for `delivered_words`.
    taken, alike : int64, receive at `begin` to `end` the step ``t_k`` of each loop, and the words that one child
        receives over all such visits of the loop.

    Returns
    -------
    Whether there is any such visit; if not, `taken` and `alike` are not set.
    """
    if begin == end or axes[begin] < 0:
        return False  # every step of another loop follows a visit at which nothing moved
    fresh = fresh_words(shifts[begin], extents[int(axes[begin])], tile)
    inside = 0
    for j in range(begin, end):
        inside += steps[j]
    outer = 1
    before = 1 if fresh == tile else 0  # visits at index 0 of the first loop with a delta of the kind of its own
    for k in range(end - 1, begin, -1):
        inside -= steps[k]
        taken[k] = steps[k] - inside
        alike[k] = 0
        if taken[k] != 0 and (taken[k] == steps[begin] or fresh == tile):
            before += (bounds[k] - 1) * outer
            alike[k] = (bounds[k] - 1) * outer * fresh
        outer *= bounds[k]
    taken[begin] = steps[begin]
    alike[begin] = (bounds[begin] - 1) * before * fresh
    return before > 0


@jit
def operand_visits(bounds: IntArray, steps: IntArray, end: int, taken: IntArray, alike: IntArray) -> bool:
    """`alike_visits` of MACs directly below a container: each asks for one operand at every visit, moved or not."""
    inside = 0
    for j in range(end):
        inside += steps[j]
    outer = 1
    for k in range(end - 1, -1, -1):
        inside -= steps[k]
        taken[k] = steps[k] - inside
        alike[k] = (bounds[k] - 1) * outer
        outer *= bounds[k]
    return end > 0


@jit
def dropped_words(
    groups: int,
    taken: IntArray,
    alike: IntArray,
    begin: int,
    end: int,
    bounds: IntArray,
    steps: IntArray,
    inner_begin: int,
    inner_end: int,
    row: int,
) -> tuple[int, int]:
    """What neighbours hand on.

    Parameters
    ----------
    groups : multicast groups of the container.
    taken, alike, begin, end : from `alike_visits`.
    bounds, steps, inner_begin, inner_end : spatial loops of the container, innermost first.
    row : see `served_by_neighbour`.

    Returns
    -------
    saved : words no longer read above, each multicast counted once.
    links : words handed on, which therefore no longer arrive from above.
    """
    saved, links = 0, 0
    for k in range(begin, end):
        if alike[k] and may_be_served(bounds, steps, inner_begin, inner_end, row, taken[k]):
            served, rest = served_by_neighbour(child_offsets(bounds, steps, inner_begin, inner_end), row, taken[k])
            fewer = groups - distinct(rest) if served else 0
            if fewer > 0:
                saved += fewer * alike[k]
                links += served * alike[k]
    return saved, links
