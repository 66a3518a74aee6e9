"""Loop orders of one level that can differ in cost.

A tensor is reused over the loops inside the innermost one that moves it. So of an order three things matter: the
loops inside the first that moves Weights, those inside the first that moves Outputs, and for Inputs the leading M
loop and the run of innermost loops along one sliding axis. Everything outside may stand anywhere.
"""

from __future__ import annotations

from ..jit import step
from .deliveries import IntArray

_D = 8
_C, _M, _R, _S, _N, _P, _Q, _G = range(_D)

#: Dimensions that move Weights, Outputs, as bit sets over `DIMENSIONS`.
MOVES_WEIGHTS = 1 << _C | 1 << _M | 1 << _R | 1 << _S | 1 << _G
MOVES_OUTPUTS = 1 << _N | 1 << _M | 1 << _P | 1 << _Q | 1 << _G

_WIDTH = 1 << _R | 1 << _P
_HEIGHT = 1 << _S | 1 << _Q

#: Orders that there is room for while those of one set are listed.
MOST_LISTED = 1024

#: Rows of the marks beside those of the orders that are kept: of the order in hand, and its loops.
_HAND, _SEQUENCE = MOST_LISTED, MOST_LISTED + 1


@step
def list_orders(
    mask: int, prefixes: IntArray, which: int, neighbours: bool, pool: IntArray, start: int, marks: IntArray
) -> int:
    """Orders of the dimensions in a bit set, without those that another one beats or equals for any bounds.

    Parameters
    ----------
    mask : dimensions with bounds above 1.
    prefixes : int64 (any, 8), row `which` has the dimensions whose order is fixed, innermost first; -1 is none.
    neighbours : words may pass between neighbouring children: then a shorter run may be cheaper than a longer one, and
        M between the loops of a run is not always worse.
    pool : int64 (start + `MOST_LISTED`, 8), receives them from `start` on, dimensions innermost first, -1 beyond the
        last. marks : int64 (`MOST_LISTED` + 2, 9), scratch space.

    Returns
    -------
    How many there are.
    """
    length = 0
    for d in range(_D):
        length += mask >> d & 1
    forced = 0
    for j in range(_D):
        d = prefixes[which, j]
        if d >= 0 and mask >> d & 1:
            marks[_SEQUENCE, forced] = d
            forced += 1
    kept = 0
    position = forced
    marks[_SEQUENCE, position] = -1
    while True:
        decided = _mark(marks, position, mask, neighbours)
        if decided or position == length:
            kept = _insert(pool, start, marks, kept, position, mask, neighbours)
            position -= 1
        else:
            marks[_SEQUENCE, position] = -1
        # Step to the next sequence: raise the last choice, or go back.
        while position >= forced:
            used = 0
            for j in range(position):
                used |= 1 << marks[_SEQUENCE, j]
            following = marks[_SEQUENCE, position] + 1
            while following < _D and (not mask >> following & 1 or used >> following & 1):
                following += 1
            if following < _D:
                marks[_SEQUENCE, position] = following
                break
            position -= 1
        if position < forced:
            return kept
        position += 1


@step
def _mark(marks: IntArray, count: int, mask: int, neighbours: bool) -> bool:
    """What matters of the innermost `count` loops in hand; True if no further loop can change it.

    Row `_HAND` receives: loops inside the first that moves Weights, the same for Outputs, run of Inputs as digits of
    base 9 (0: none), whether M leads.
    """
    weights_open, outputs_open = True, True
    inside_weights, inside_outputs, leads = 0, 0, 0
    axis = 0
    run_open = True
    digits, pending, weight = 0, 0, 1
    used = 0
    for j in range(count):
        d = marks[_SEQUENCE, j]
        bit = 1 << d
        used |= bit
        if weights_open and MOVES_WEIGHTS & bit:
            weights_open = False
        if weights_open:
            inside_weights |= bit
        if outputs_open and MOVES_OUTPUTS & bit:
            outputs_open = False
        if outputs_open:
            inside_outputs |= bit
        if not run_open:
            continue
        if d == _M:
            if axis == 0:
                leads = 1
            elif neighbours:
                pending = digits + (d + 1) * weight
                weight *= 9
            else:
                run_open = False
        elif axis == 0:
            axis = _WIDTH if bit & _WIDTH else (_HEIGHT if bit & _HEIGHT else -1)
            if axis < 0:
                run_open = False
            else:
                digits += (d + 1) * weight
                weight *= 9
        elif bit & axis:
            digits = (pending if pending else digits) + (d + 1) * weight
            pending = 0
            weight *= 9
        else:
            run_open = False
    marks[_HAND, 0] = inside_weights
    marks[_HAND, 1] = inside_outputs
    marks[_HAND, 2] = digits
    marks[_HAND, 3] = leads
    if run_open and axis > 0 and not axis & mask & ~used:
        run_open = False
    return not (weights_open or outputs_open or run_open)


@step
def _insert(pool: IntArray, start: int, marks: IntArray, kept: int, count: int, mask: int, neighbours: bool) -> int:
    """Add the order in hand, of which `count` loops are chosen, unless one that is there beats it; drop those it beats.

    Returns how many there are.
    """
    for j in range(kept):
        if _covers(marks, j, _HAND, neighbours):
            return kept
    left = 0
    for j in range(kept):
        if not _covers(marks, _HAND, j, neighbours):
            for column in range(_D):
                marks[left, column] = marks[j, column]
                pool[start + left, column] = pool[start + j, column]
            left += 1
    place = 0
    used = 0
    for j in range(count):
        pool[start + left, place] = marks[_SEQUENCE, j]
        used |= 1 << marks[_SEQUENCE, j]
        place += 1
    for d in range(_D):
        if mask >> d & 1 and not used >> d & 1:
            pool[start + left, place] = d
            place += 1
    for j in range(place, _D):
        pool[start + left, j] = -1
    for column in range(_D):
        marks[left, column] = marks[_HAND, column]
    return left + 1


@step
def _covers(marks: IntArray, first: int, second: int, neighbours: bool) -> bool:
    """Whether the first order costs no more than the second, whatever the bounds are."""
    if marks[second, 0] & ~marks[first, 0] or marks[second, 1] & ~marks[first, 1]:
        return False
    if marks[first, 2] == marks[second, 2] and marks[first, 3] == marks[second, 3]:
        return True
    return not neighbours and marks[second, 2] == 0 and marks[first, 3] >= marks[second, 3]
