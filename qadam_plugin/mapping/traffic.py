"""Traffic of one tensor below one level of a nest: words that one child receives, and how children share them."""

from __future__ import annotations

from ..jit import jit_lean, step
from .deliveries import LOOP_AXIS, LOOP_BOUND, LOOP_SHIFT, IntArray, delivered_words
from .fanout import alike_visits, dropped_words, multicast_groups, operand_visits
from .nest_arrays import FIRST, INNER_FIRST, LOOP_OUTPUTS, LOOP_WEIGHTS, WORDS, steps_of

_INPUTS = 1


@jit_lean
def words_to_child(loops: IntArray, levels: IntArray, tile: IntArray, cycles: int, level: int, k: int) -> int:
    """Words of tensor k that one child of a level receives over the run; one operand per cycle at the MACs.

    For Weights and Outputs: tile times the bounds of all loops from the innermost moving one outward.

    Parameters
    ----------
    loops, levels, tile : of `Nest`. cycles : product of all temporal bounds.
    """
    if level == 0:
        return cycles
    begin, end = levels[level, FIRST], levels[levels.shape[0] - 1, FIRST]
    words = levels[level, WORDS + k]
    if k == _INPUTS:
        return delivered_words(loops, begin, end, tile, level, words)
    return words * loops[LOOP_WEIGHTS if k == 0 else LOOP_OUTPUTS, begin]


@jit_lean
def neighbour_visits(
    dims: IntArray, loops: IntArray, levels: IntArray, tile: IntArray, visits: IntArray, level: int, k: int
) -> bool:
    """`fanout.alike_visits` of one container and tensor, into `visits`.

    Weights and Outputs have none above a level: a temporal step of theirs always exceeds the offsets of the children.
    """
    end = levels[levels.shape[0] - 1, FIRST]
    if level == 0:
        return operand_visits(loops, steps_of(dims, loops, end, k), end, visits)
    if k != _INPUTS:
        return False
    return alike_visits(loops, levels[level, FIRST], end, tile, level, levels[level, WORDS + _INPUTS], visits)


@step
def sharing(
    dims: IntArray,
    loops: IntArray,
    inner: IntArray,
    levels: IntArray,
    tile: IntArray,
    visits: IntArray,
    children: IntArray,
    table: IntArray,
    row: int,
    level: int,
    k: int,
) -> tuple[int, int, int]:
    """Multicast and neighbours at a container.

    Parameters
    ----------
    dims : `Tables.dims`. loops, inner, levels, tile, visits, children, table : of `Nest`. row : children along X, see
    `fanout`.

    Returns
    -------
    groups : multicast groups. saved, links : see `fanout.dropped_words`.
    """
    begin, end = levels[level, INNER_FIRST], levels[level + 1, INNER_FIRST]
    if k == _INPUTS:
        groups = 1
        crossing = False
        for j in range(begin, end):
            if inner[LOOP_AXIS, j] >= 0:
                groups *= inner[LOOP_BOUND, j]
                for other in range(begin, j):
                    crossing = crossing or inner[LOOP_AXIS, other] == inner[LOOP_AXIS, j]
        if crossing:
            groups = multicast_groups(
                inner[LOOP_BOUND, begin:], inner[LOOP_AXIS, begin:], inner[LOOP_SHIFT, begin:], end - begin
            )
    else:
        groups = levels[level + 1, WORDS + k] // levels[level, WORDS + k]  # no overlap: a group for each tile
    if level > 0 and k != _INPUTS:
        return groups, 0, 0
    if not neighbour_visits(dims, loops, levels, tile, visits, level, k):
        return groups, 0, 0
    first, last = levels[level, FIRST], levels[levels.shape[0] - 1, FIRST]
    steps = steps_of(dims, inner, end, k)
    saved, links = dropped_words(groups, visits, first, last, inner, steps, begin, end, row, children, table)
    return groups, saved, links
