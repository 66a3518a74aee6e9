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

from ..jit import jit_lean, step
from .deliveries import LOOP_AXIS, LOOP_BOUND, LOOP_SHIFT, LOOP_STEP, IntArray, fresh_words

#: Odd constant of multiplicative hashing.
_MIXER = 0x9E3779B97F4A7C1


@jit_lean
def child_offsets(loops: IntArray, steps: int, begin: int, end: int, offsets: IntArray) -> int:
    """Offset of every child, as packed steps; the innermost loop is the fastest.

    Parameters
    ----------
    loops : int64 (7, at least `end`), see `deliveries`; the spatial loops of the container are `begin` to `end`, X
        loops inside Y loops. steps : the row that holds the packed steps of the tensor.
    offsets : int64 (at least the number of children,), receives the offsets.

    Returns
    -------
    The number of children.
    """
    offsets[0] = 0
    filled = 1
    for j in range(begin, end):
        for index in range(1, loops[LOOP_BOUND, j]):
            for c in range(filled):
                offsets[index * filled + c] = offsets[c] + index * loops[steps, j]
        filled *= loops[LOOP_BOUND, j]
    return filled


@jit_lean
def unserved_children(offsets: IntArray, children: int, row: int, step: int, left: IntArray) -> int:
    """Children that no neighbour serves at a visit of this step.

    Parameters
    ----------
    offsets : int64 (at least `children`,), from `child_offsets`.
    row : children of one row of the grid: the *physical* width of the container, although children are numbered by the
        width in use. That is how Timeloop does it; in a partly used container it misses real neighbours.
    step : packed step of the visit.
    left : int64 (at least `children`,), receives their offsets.

    Returns
    -------
    Their number.
    """
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
    return kept


@step
def distinct(values: IntArray, count: int, table: IntArray) -> int:
    """Number of different values among the first `count`.

    Parameters
    ----------
    table : int64 (a power of two, at least twice `count`), scratch space of a hash table with linear probing; holds
        places in `values`.
    """
    mask = table.size - 1
    for slot in range(table.size):
        table[slot] = -1
    found = 0
    for j in range(count):
        slot = (values[j] * _MIXER >> 24) & mask
        while table[slot] >= 0 and values[table[slot]] != values[j]:
            slot = (slot + 1) & mask
        if table[slot] < 0:
            table[slot] = j
            found += 1
    return found


@step
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


@step
def may_be_served(loops: IntArray, steps: int, begin: int, end: int, row: int, step: int) -> bool:
    """Whether any child can have a neighbour at this step: a quick test before the children are listed.

    Parameters
    ----------
    loops, steps, begin, end : as for `child_offsets`. row : children of one row of the grid, see `unserved_children`.
    """
    inside = 0
    children = 1
    along_rows = False
    for j in range(begin, end):
        if children == row:
            inside, along_rows = 0, True  # neighbours in the next row stand in the same column: X loops keep still
        carry = loops[steps, j] - inside
        if step in (carry, -carry):
            return True
        inside += (loops[LOOP_BOUND, j] - 1) * loops[steps, j]
        children *= loops[LOOP_BOUND, j]
    return row < children and not along_rows


@step
def alike_visits(
    loops: IntArray, begin: int, end: int, extents: IntArray, row: int, tile: int, visits: IntArray
) -> bool:
    """Visits at which a neighbour can serve: those whose delta is of the same kind as at the visit before.

    Parameters
    ----------
    loops, begin, end, extents, row, tile : as for `deliveries.delivered_words`.
    visits : int64 (2, at least `end`), receives at `begin` to `end` the step ``t_k`` of each loop, and the words that
        one child receives over all such visits of the loop.

    Returns
    -------
    Whether there is any such visit; if not, `visits` is not set.
    """
    if begin == end or loops[LOOP_AXIS, begin] < 0:
        return False  # every step of another loop follows a visit at which nothing moved
    fresh = fresh_words(loops[LOOP_SHIFT, begin], extents[row, loops[LOOP_AXIS, begin]], tile)
    repeated = loops[LOOP_STEP, begin]
    inside = 0
    for j in range(begin, end):
        inside += loops[LOOP_STEP, j]
    outer = 1
    before = 1 if fresh == tile else 0  # visits at index 0 of the first loop with a delta of the kind of its own
    for k in range(end - 1, begin, -1):
        inside -= loops[LOOP_STEP, k]
        step = loops[LOOP_STEP, k] - inside
        visits[0, k] = step
        visits[1, k] = 0
        if step != 0 and (step == repeated or fresh == tile):
            number = (loops[LOOP_BOUND, k] - 1) * outer
            before += number
            visits[1, k] = number * fresh
        outer *= loops[LOOP_BOUND, k]
    visits[0, begin] = repeated
    visits[1, begin] = (loops[LOOP_BOUND, begin] - 1) * before * fresh
    return before > 0


@step
def operand_visits(loops: IntArray, steps: int, end: int, visits: IntArray) -> bool:
    """`alike_visits` of MACs directly below a container: each asks for one operand at every visit, moved or not."""
    inside = 0
    for j in range(end):
        inside += loops[steps, j]
    outer = 1
    for k in range(end - 1, -1, -1):
        inside -= loops[steps, k]
        visits[0, k] = loops[steps, k] - inside
        visits[1, k] = (loops[LOOP_BOUND, k] - 1) * outer
        outer *= loops[LOOP_BOUND, k]
    return end > 0


@step
def dropped_words(
    groups: int,
    visits: IntArray,
    first: int,
    last: int,
    loops: IntArray,
    steps: int,
    begin: int,
    end: int,
    row: int,
    children: IntArray,
    table: IntArray,
) -> tuple[int, int]:
    """What neighbours hand on.

    Parameters
    ----------
    groups : multicast groups of the container.
    visits, first, last : from `alike_visits`, for temporal loops `first` to `last`.
    loops, steps, begin, end : spatial loops, as for `child_offsets`.
    row : see `unserved_children`.
    children : int64 (2, at least the number of children), scratch space. table : see `distinct`.

    Returns
    -------
    saved : words no longer read above, each multicast counted once.
    links : words handed on, which therefore no longer arrive from above.
    """
    saved, links = 0, 0
    offsets, left = children[0], children[1]
    for k in range(first, last):
        if visits[1, k] and may_be_served(loops, steps, begin, end, row, visits[0, k]):
            number = child_offsets(loops, steps, begin, end, offsets)
            kept = unserved_children(offsets, number, row, visits[0, k], left)
            fewer = groups - distinct(left, kept, table)
            if fewer > 0:
                saved += fewer * visits[1, k]
                links += (number - kept) * visits[1, k]
    return saved, links
