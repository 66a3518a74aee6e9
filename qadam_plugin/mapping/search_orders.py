"""Loop orders of one level that can differ in cost.

A tensor is reused over the loops inside the innermost one that moves it. So of an order three things matter: the
loops inside the first that moves Weights, those inside the first that moves Outputs, and for Inputs the leading M
loop and the run of innermost loops along one sliding axis. Everything outside may stand anywhere.
"""

from __future__ import annotations

import numpy as np

from ..jit import jit
from .deliveries import IntArray

_D = 8
_C, _M, _R, _S, _N, _P, _Q, _G = range(_D)

#: Dimensions that move Weights, Outputs, as bit sets over `DIMENSIONS`.
MOVES_WEIGHTS = 1 << _C | 1 << _M | 1 << _R | 1 << _S | 1 << _G
MOVES_OUTPUTS = 1 << _N | 1 << _M | 1 << _P | 1 << _Q | 1 << _G

_WIDTH = 1 << _R | 1 << _P
_HEIGHT = 1 << _S | 1 << _Q

_MOST = 4096


@jit
def typed(value: int) -> int:
    """The same integer, not as a literal (a sum is none): Numba would compile what is called with it once more."""
    return value + 0


@jit
def candidate_orders(mask: int, prefix: IntArray, neighbours: bool) -> IntArray:
    """Orders of the dimensions in a bit set, without those that another one beats or equals for any bounds.

    Parameters
    ----------
    mask : dimensions with bounds above 1.
    prefix : dimensions whose order is fixed, innermost first; -1 is none.
    neighbours : words may pass between neighbouring children: then a shorter run may be cheaper than a longer one, and
        M between the loops of a run is not always worse.

    Returns
    -------
    int64 (orders, 8), dimensions innermost first, -1 beyond the last.
    """
    found = np.full((_MOST, _D), -1, np.int64)
    marks = np.zeros((_MOST, 4), np.int64)
    kept = typed(0)
    length = 0
    for d in range(_D):
        length += mask >> d & 1
    sequence = np.full(_D + 1, -1, np.int64)
    forced = typed(0)
    for d in prefix:
        if d >= 0 and mask >> d & 1:
            sequence[forced] = d
            forced += 1
    mark = np.zeros(4, np.int64)
    position = forced
    if length > forced:
        sequence[position] = -1
    while True:
        decided = _mark(sequence, position, mask, neighbours, mark)
        if decided or position == length:
            full = np.full(_D, -1, np.int64)
            used = 0
            for j in range(position):
                full[j] = sequence[j]
                used |= 1 << sequence[j]
            place = position
            for d in range(_D):
                if mask >> d & 1 and not used >> d & 1:
                    full[place] = d
                    place += 1
            kept = _insert(found, marks, kept, full, mark, neighbours)
            position -= 1
        else:
            sequence[position] = -1
        # Step to the next sequence: raise the last choice, or go back.
        while position >= forced:
            used = 0
            for j in range(position):
                used |= 1 << sequence[j]
            following = sequence[position] + 1
            while following < _D and (not mask >> following & 1 or used >> following & 1):
                following += 1
            if following < _D:
                sequence[position] = following
                break
            position -= 1
        if position < forced:
            return found[:kept].copy()
        position += 1


@jit
def _mark(sequence: IntArray, count: int, mask: int, neighbours: bool, mark: IntArray) -> bool:
    """What matters of the innermost `count` loops; True if no further loop can change it.

    mark: loops inside the first that moves Weights, the same for Outputs, run of Inputs as digits of base 9 (0: none),
    whether M leads.
    """
    mark[:] = 0
    weights_open, outputs_open = True, True
    axis = 0
    run_open = True
    digits, pending, weight = 0, 0, 1
    used = 0
    for j in range(count):
        d = sequence[j]
        bit = 1 << d
        used |= bit
        if weights_open and MOVES_WEIGHTS & bit:
            weights_open = False
        if weights_open:
            mark[0] |= bit
        if outputs_open and MOVES_OUTPUTS & bit:
            outputs_open = False
        if outputs_open:
            mark[1] |= bit
        if not run_open:
            continue
        if d == _M:
            if axis == 0:
                mark[3] = 1
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
    mark[2] = digits
    if run_open and axis > 0 and not axis & mask & ~used:
        run_open = False
    return not (weights_open or outputs_open or run_open)


@jit
def _insert(found: IntArray, marks: IntArray, kept: int, order: IntArray, mark: IntArray, neighbours: bool) -> int:
    """Add an order unless one that is there beats it; drop those it beats. Returns how many there are."""
    for j in range(kept):
        if _covers(marks[j], mark, neighbours):
            return kept
    left = 0
    for j in range(kept):
        if not _covers(mark, marks[j], neighbours):
            if left != j:
                marks[left] = marks[j]
                found[left] = found[j]
            left += 1
    marks[left] = mark
    found[left] = order
    return left + 1


@jit
def _covers(first: IntArray, second: IntArray, neighbours: bool) -> bool:
    """Whether the first order costs no more than the second, whatever the bounds are."""
    if second[0] & ~first[0] or second[1] & ~first[1]:
        return False
    if first[2] == second[2] and first[3] == second[3]:
        return True
    return not neighbours and second[2] == 0 and first[3] >= second[3]
