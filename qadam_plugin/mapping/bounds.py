"""Lower bounds of what any order of near's and far's loops costs.

The joint bound. The innermost loop of a level that is longer than 1 belongs to one of {P, Q, N}, {C, R, S}, {M}, {G}:
only Weights, only Outputs, only Inputs, or nothing is reused over it. The bound is the least of the sums of these
*cases*, one for near and one for far, not the sum of each tensor's least. Block sizes are not rounded up, so each
price grows in proportion to the words; nor are words that hold several elements: what is called words here are the
elements, as if each had a word, and prices and bandwidths are those of one element.
"""

from __future__ import annotations

import math

import numpy as np

from ..jit import step
from .deliveries import IntArray, fresh_words
from .mapspace import CHILD, INSIDE, NEAR, PARENT, TENSOR, ZONE, Space
from .search_state import (
    ABOVE,
    BASE,
    CARRIES,
    CHILD_PJ,
    CYCLES,
    FAR_LOOPS,
    FAR_STEP,
    FRONT,
    INSTANCES,
    LEAST_ABOVE,
    LEAST_CHILD,
    NEAR_LOOPS,
    NEAR_STEP,
    ONES,
    OPEN,
    PARENT_PJ,
    READ_WORDS,
    SHARE,
    TILED,
    TOLERANCE,
    WHOLE,
    WRITE_WORDS,
    State,
    cost_of,
)
from .tables import AXIS, BOUND, CONTAINER, LEAK, READ_BANDWIDTH, SHIFT, WRITE_BANDWIDTH, Tables

_D = 8
_C, _M, _R, _S, _N, _P, _Q, _G = range(_D)
_WEIGHTS, _INPUTS, _OUTPUTS = range(3)

#: Cases: what the innermost loop of a level belongs to; NONE if the level has no loop.
PQN, CRS, M, G, NONE = range(5)

#: Timeloop's counts may fall below ideal reuse where a filter and an output loop of one axis both stand outside a tile;
#: not below half of it.
_WRAP = 0.5


@step
def least_cost_of_choice(tables: Tables, space: Space, state: State, objective: int) -> tuple[float, float]:
    """Lower bound of cost and tie-breaker over all cases; of a front that of each by itself.

    Parameters
    ----------
    state : inner choice set; bounds of near and far in `extents`. While they are not chosen (`TILED`) near's row holds
        all outer loops, in any division, and near receives what it must at least.
    """
    levels = tables.levels.shape[0]
    near, far = levels + NEAR_LOOPS, levels + FAR_LOOPS
    tiled = state.scalars[TILED] == 1
    near_cases = _possible_cases(state.extents, near, space.prefixes, 0 if tiled else -1)
    far_cases = _possible_cases(state.extents, far, space.prefixes, 1)
    best_cost, best_tie = np.inf, np.inf
    for near_case in range(5):
        if not near_cases >> near_case & 1:
            continue
        for far_case in range(5):
            if not far_cases >> far_case & 1:
                continue
            energy, cycles = _least_price(tables, space, state, near_case, far_case, tiled)
            cost, tie = cost_of(objective, energy, cycles)
            if objective == FRONT:
                best_cost, best_tie = min(best_cost, cost), min(best_tie, tie)
            elif cost < best_cost or (cost == best_cost and tie < best_tie):
                best_cost, best_tie = cost, tie
    return best_cost, best_tie


@step
def _possible_cases(extents: IntArray, row: int, prefixes: IntArray, prefix: int) -> int:
    """Bit set of the cases that a level with these bounds can have; `prefix` -1 knows of no fixed order."""
    if prefix >= 0:
        for j in range(_D):
            d = prefixes[prefix, j]
            if d >= 0 and extents[row, d] > 1:
                return 1 << _case_of(d)
    cases = 0
    for d in range(_D):
        if extents[row, d] > 1:
            cases |= 1 << _case_of(d)
    return cases if cases else 1 << NONE


@step
def _case_of(d: int) -> int:
    if d in (_P, _Q, _N):
        return PQN
    if d in (_C, _R, _S):
        return CRS
    return M if d == _M else G


@step
def _least_price(
    tables: Tables, space: Space, state: State, near_case: int, far_case: int, tiled: bool
) -> tuple[float, float]:
    """Least energy and cycles of one case."""
    levels = tables.levels.shape[0]
    flows, stores, extents = state.flows, state.stores, state.extents
    near, far, ones = levels + NEAR_LOOPS, levels + FAR_LOOPS, levels + ONES
    lead_case = far_case if near_case == NONE else near_case
    handed_on = state.scalars[CARRIES] > 0 and lead_case != M
    near_iterations, far_iterations = iterations(extents, near), iterations(extents, far)
    for level in range(levels):
        stores[level, READ_WORDS] = 0.0
        stores[level, WRITE_WORDS] = 0.0
    energy = state.constant[0]
    for b in range(space.edges.shape[1]):
        k, zone = space.edges[TENSOR, b], space.edges[ZONE, b]
        above = flows[b, ABOVE]
        if zone <= INSIDE:
            words = flows[b, BASE]
            if k == _INPUTS:
                if zone == INSIDE:
                    words = _input_words(
                        tables.dims, state.tiles, b, words, extents, levels + NEAR_STEP, near, far, near_case, far_case
                    )
            elif zone == INSIDE:
                words *= near_iterations * far_iterations
                if flows[b, OPEN] > 0.0:
                    words /= _reuse(extents, near, far, near_case, far_case, near_iterations, k // 2)
        elif zone == NEAR and tiled:
            words = flows[b, WHOLE]
            if k == _INPUTS:
                row = space.edges.shape[1] + b
                words = _input_words(
                    tables.dims, state.tiles, row, words, extents, levels + FAR_STEP, ones, far, NONE, far_case
                )
            else:
                words *= far_iterations / _reuse(extents, ones, far, NONE, far_case, 1, k // 2)
        else:
            words = compulsory_words(tables.dims, extents, levels, k)
        child_words, parent_words = words, words * above
        if handed_on and k == _INPUTS and flows[b, LEAST_ABOVE] < above:
            parent_words = max(0.0, words * flows[b, LEAST_ABOVE] - 1.0)
            child_words = max(0.0, words * flows[b, LEAST_CHILD] - 1.0)
        energy += child_words * flows[b, CHILD_PJ] + parent_words * flows[b, PARENT_PJ]
        parent, child = space.edges[PARENT, b], space.edges[CHILD, b]
        at_parent = state.words_each[parent, k]
        stores[parent, READ_WORDS] += parent_words * at_parent
        if child >= 0:
            stores[child, WRITE_WORDS] += child_words * state.words_each[child, k]
        if k == _OUTPUTS:
            stores[parent, READ_WORDS] -= stores[parent, SHARE] * at_parent
            stores[parent, WRITE_WORDS] += parent_words * at_parent
            if child >= 0:
                stores[child, WRITE_WORDS] -= stores[child, SHARE] * state.words_each[child, k]
    cycles = float(state.scalars[CYCLES])
    leak = 0.0
    for level in range(levels):
        if not tables.levels[level, CONTAINER]:
            leak += tables.prices[level, LEAK] * stores[level, INSTANCES]
            taken = max(
                stores[level, READ_WORDS] / tables.prices[level, READ_BANDWIDTH],
                stores[level, WRITE_WORDS] / tables.prices[level, WRITE_BANDWIDTH],
            )
            if taken > cycles:
                cycles = math.ceil(taken * (1.0 - TOLERANCE))
    return energy + leak * cycles, cycles


@step
def iterations(extents: IntArray, row: int) -> int:
    """Product of one row."""
    product = 1
    for d in range(_D):
        product *= extents[row, d]
    return product


@step
def _own_iterations(extents: IntArray, row: int, case: int) -> int:
    """Iterations of the dimensions of one case."""
    if case == PQN:
        return extents[row, _P] * extents[row, _Q] * extents[row, _N]
    return extents[row, _C] * extents[row, _R] * extents[row, _S]


@step
def _reuse(
    extents: IntArray, near: int, far: int, near_case: int, far_case: int, near_iterations: int, own: int
) -> int:
    """Most reuse of Weights or Outputs, whose case is `own`: near's loops, and far's if near has no others."""
    product = 1
    if near_case != NONE:
        if near_case != own:
            return 1
        product = _own_iterations(extents, near, own)
        if product != near_iterations:
            return product
    return product * _own_iterations(extents, far, own) if far_case == own else product


@step
def _input_words(
    dims: IntArray,
    tiles: IntArray,
    tile: int,
    words: float,
    extents: IntArray,
    steps: int,
    near: int,
    far: int,
    near_case: int,
    far_case: int,
) -> float:
    """Least words of Inputs for a child.

    Parameters
    ----------
    tile : row of `tiles`, of `words` words.
    steps : row of `extents` with all loops that lie inside the first of these.
    near, far : rows of `extents` with the bounds outside the child.
    """
    near_moving = iterations(extents, near) // extents[near, _M]
    far_moving = iterations(extents, far) // extents[far, _M]
    lead, lead_case = near, near_case
    repeats = extents[near, _M] * extents[far, _M]
    if near_case == NONE:
        lead, lead_case = far, far_case
    if lead_case == M:
        repeats = 1
        if near_case == M and (near_moving > 1 or far_case != M):
            repeats = extents[far, _M]
    every = words * near_moving * far_moving
    if lead_case == G:
        return every * repeats
    any_start = near_case == M and near_moving == 1  # M alone leads: any loop of far may follow
    least = every
    for axis in range(2, 4):
        output, kernel = _P + axis - 2, _R + axis - 2
        if not any_start:
            by_output = lead_case != CRS and extents[lead, output] > 1
            by_kernel = lead_case != PQN and extents[lead, kernel] > 1
            if not (by_output or by_kernel):
                continue
        near_run = extents[near, output] * extents[near, kernel]
        through = near_run == near_moving  # the run goes on in far
        outputs, kernels = extents[near, output], extents[near, kernel]
        if through:
            outputs *= extents[far, output]
            kernels *= extents[far, kernel]
        run = outputs * kernels
        if run == 1:
            continue
        fresh = words
        if outputs > 1:
            shift = dims[SHIFT, output] * extents[steps, output]
            fresh = min(fresh, float(fresh_words(shift, tiles[tile, axis], int(words))))
        if kernels > 1:
            shift = dims[SHIFT, kernel] * extents[steps, kernel]
            fresh = min(fresh, float(fresh_words(shift, tiles[tile, axis], int(words))))
        if outputs > 1 and kernels > 1:
            in_run = max(words, _WRAP * fresh * run)
        elif near_run > 2 or (near_run == 2 and not through):
            in_run = (words + fresh * (near_run - 1)) * (run // near_run)
        else:
            in_run = words + fresh * (run - 1)
        least = min(least, in_run * (near_moving * far_moving // run))
    return least * repeats


@step
def compulsory_words(dims: IntArray, extents: IntArray, levels: int, k: int) -> float:
    """Least words of a tensor that any store receives over the run.

    For Inputs the distinct coordinates, not their bounding box (with a dilation, or a stride longer than the window,
    that box has holes which nobody need move), with the wrap's slack. Row `levels` of `extents` holds all inner loops.
    """
    words = 1.0
    if k != _INPUTS:
        for d in range(_D):
            if dims[AXIS + k, d] >= 0:
                words *= dims[BOUND, d]
        return words
    words = float(dims[BOUND, _N] * dims[BOUND, _C] * dims[BOUND, _G])
    wrapped = False
    for axis in range(2):
        outputs, kernels = dims[BOUND, _P + axis], dims[BOUND, _R + axis]
        stride, dilation = dims[SHIFT, _P + axis], dims[SHIFT, _R + axis]
        if extents[levels, _R + axis] == kernels:
            window = (kernels - 1) * dilation + 1
            words *= min((outputs - 1) * stride + window, outputs * window)
        elif outputs == 1:
            words *= kernels
        else:
            a, b = stride, dilation
            while b:
                a, b = b, a % b
            shared = max(0, outputs - dilation // a) * max(0, kernels - stride // a)
            words *= outputs * kernels - shared
            wrapped = True
    return words * _WRAP if wrapped else words
