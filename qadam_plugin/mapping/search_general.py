"""Search where no proof is at hand: an annealed descent over factors and orders, and a bound that holds for all.

Moves shift one prime factor of a dimension from one slot to another, or bring a dimension to another place of a
level's order. The random numbers are a fixed sequence: the same input gives the same answer.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from ..jit import jit_lean, step
from .counts import CYCLES, VALID, Counts, count_mapping
from .deliveries import IntArray
from .mapspace import FIXED, LARGEST, Space
from .nest_arrays import Nest
from .plan import Plan
from .search_state import FloatArray, beats, cost_of
from .tables import SLOT_LEVEL, SLOT_MESH, Tables

_D = 8
_TENSORS = 3
_INPUTS = 1
_OUTPUTS = 2

#: Relative worsening that is accepted with probability 1/e, at the start and at the end of each round.
_HOT, _COLD = 0.5, 0.002
_ROUNDS = 4

#: Mappings of a descent.
_BEST, _CURRENT, _TRIAL = range(3)


def descend(
    tables: Tables, space: Space, nest: Nest, counts: Counts, objective: int, budget: int
) -> tuple[IntArray, IntArray, FloatArray, int]:
    """Best mapping among so many.

    Returns
    -------
    factors, orders (S, 8), cost and tie-breaker (2,), mappings priced. The cost is infinite if none was valid.
    """
    slots = tables.slots.shape[1]
    factors, orders = np.ones((3, slots, _D), np.int64), np.stack([space.orders] * 3)
    best = np.full(2, np.inf)
    priced = _anneal(tables, space, nest, counts, objective, budget, factors, orders, best)
    return factors[_BEST], orders[_BEST], best, priced


@jit_lean
def _anneal(
    tables: Tables,
    space: Space,
    nest: Nest,
    counts: Counts,
    objective: int,
    budget: int,
    factors: IntArray,
    orders: IntArray,
    best: FloatArray,
) -> int:
    """Rounds of moves from the best mapping so far. Returns how many mappings were priced.

    Parameters
    ----------
    factors, orders : int64 (3, S, 8), receive the best, the current and the trial mapping. best : as `State.best`.
    """
    _start(tables, space, factors[_BEST])
    _copy(factors, orders, _BEST, _CURRENT)
    cost, tie = _cost(tables, nest, counts, factors[_BEST], orders[_BEST], objective)
    best[0], best[1] = cost, tie
    current = cost
    seed = 12345
    priced = 1
    per_round = max(1, budget // _ROUNDS)
    while priced < budget:
        progress = (priced % per_round) / per_round
        heat = _HOT * (_COLD / _HOT) ** progress
        if priced % per_round == 0:
            _copy(factors, orders, _BEST, _CURRENT)
            current = best[0]
        _copy(factors, orders, _CURRENT, _TRIAL)
        seed = _move(tables, space, factors[_TRIAL], orders[_TRIAL], seed)
        cost, tie = _cost(tables, nest, counts, factors[_TRIAL], orders[_TRIAL], objective)
        priced += 1
        seed = _following(seed)
        chance = (seed >> 8 & 0xFFFF) / 65536.0
        worse = math.log(cost / current) if current < np.inf and cost < np.inf else 0.0
        if current == np.inf or (cost < np.inf and (worse <= 0.0 or math.exp(-worse / heat) > chance)):
            _copy(factors, orders, _TRIAL, _CURRENT)
            current = cost
        if beats(cost, tie, best):
            best[0], best[1] = cost, tie
            _copy(factors, orders, _TRIAL, _BEST)
    return priced


@step
def _copy(factors: IntArray, orders: IntArray, source: int, target: int) -> None:
    """Copy one mapping onto another."""
    for slot in range(factors.shape[1]):
        for d in range(_D):
            factors[target, slot, d] = factors[source, slot, d]
            orders[target, slot, d] = orders[source, slot, d]


@step
def _following(seed: int) -> int:
    """Next of a linear congruential sequence (the constants of ANSI C)."""
    return (seed * 1103515245 + 12345) & 0x7FFFFFFF


@step
def _start(tables: Tables, space: Space, factors: IntArray) -> None:
    """Factors, all 1 before: the demanded ones, everything else as far outside as the constraints allow."""
    slots = tables.slots.shape[1]
    for d in range(_D):
        rest = tables.dims[0, d]
        for slot in range(slots):
            if space.limits[FIXED, slot, d] > 1 and rest % space.limits[FIXED, slot, d] == 0:
                factors[slot, d] = space.limits[FIXED, slot, d]
                rest //= space.limits[FIXED, slot, d]
        for slot in range(slots):
            if space.limits[FIXED, slot, d] > 0 or tables.slots[SLOT_MESH, slot] > 0:
                continue
            most = 1
            for j in range(space.divisors.shape[1]):
                bound = space.divisors[d, j]
                if bound > 0 and rest % bound == 0 and bound <= space.limits[LARGEST, slot, d]:
                    most = bound
            factors[slot, d] = most
            rest //= most


@step
def _cost(
    tables: Tables, nest: Nest, counts: Counts, factors: IntArray, orders: IntArray, objective: int
) -> tuple[float, float]:
    """Cost and tie-breaker; infinite if the mapping is invalid."""
    if count_mapping(tables, factors, orders, nest, counts) != VALID:
        return np.inf, np.inf
    return cost_of(objective, counts.total[0], float(counts.summary[CYCLES]))


@step
def _move(tables: Tables, space: Space, factors: IntArray, orders: IntArray, seed: int) -> int:
    """Change a mapping by one random move; returns the seed."""
    slots = tables.slots.shape[1]
    for _ in range(64):
        seed = _following(seed)
        d = (seed >> 16) % _D
        seed = _following(seed)
        source = (seed >> 16) % slots
        seed = _following(seed)
        if seed >> 16 & 3 == 0:
            free = int(space.free[source])
            if free > 1 and factors[source, d] > 1:
                _reorder(orders[source], free, d, (seed >> 18) % free)
                return seed
            continue
        target = (seed >> 18) % slots
        if _shift(tables, space, factors, d, source, target):
            return seed
    return seed


@step
def _reorder(order: IntArray, free: int, d: int, place: int) -> None:
    """Bring a dimension to another of the free places, which are the outermost."""
    at = -1
    for j in range(free):
        if order[j] == d:
            at = j
    if at < 0:
        return
    while at < place:
        order[at] = order[at + 1]
        at += 1
    while at > place:
        order[at] = order[at - 1]
        at -= 1
    order[place] = d


@step
def _shift(tables: Tables, space: Space, factors: IntArray, d: int, source: int, target: int) -> bool:
    """Move the least prime factor of one loop to another slot, if the constraints allow it."""
    bound = factors[source, d]
    if source == target or bound == 1 or space.limits[FIXED, source, d] or space.limits[FIXED, target, d]:
        return False
    prime = 2
    while bound % prime:
        prime += 1
    if factors[target, d] * prime > space.limits[LARGEST, target, d]:
        return False
    if tables.slots[SLOT_MESH, target]:
        for other in range(tables.slots.shape[1]):  # one factor per dimension and container
            same = tables.slots[SLOT_LEVEL, other] == tables.slots[SLOT_LEVEL, target]
            if same and other != target and other != source and factors[other, d] > 1:
                return False
            if same and other == source and bound > prime:
                return False
    factors[source, d] //= prime
    factors[target, d] *= prime
    return True


def least_cost(plan: Plan, objective: int) -> float:
    """A bound for any mapping: all MACs busy, and `least_energy` with leakage for as long as that takes."""
    macs = math.prod(int(b) for b in plan.bounds)
    cycles = -(-macs // int(plan.macs[0]))
    leak = sum(float(plan.energy[level, 3]) for level in range(plan.container.size))
    energy = least_energy(plan) + leak * cycles
    return (energy * cycles, energy, float(cycles))[objective]


def least_energy(plan: Plan) -> float:
    """pJ that any mapping takes at least, without leakage: operations and their operands, every tensor moved once.

    Left out is what neighbours may hand on without a read (operands below a container, and all of Inputs), so this
    holds for every architecture.
    """
    macs = math.prod(int(b) for b in plan.bounds)
    energy = macs * plan.compute
    for k in range(_TENSORS):
        keepers = [int(level) for level in np.flatnonzero(plan.keep[:, k])]
        innermost = keepers[0]
        if not plan.container[: innermost + 1].any():
            operands = (2,) if k == _OUTPUTS else (0,)
            energy += _accesses(plan, innermost, k, macs) * sum(float(plan.energy[innermost, a]) for a in operands)
        if k == _INPUTS:
            continue
        words = _all_words(plan, k)
        for child, parent in pairwise(keepers):
            energy += _accesses(plan, parent, k, words) * float(plan.energy[parent, 2 if k == _OUTPUTS else 0])
            if k != _OUTPUTS:
                energy += _accesses(plan, child, k, words) * float(plan.energy[child, 1])
    return energy


def _accesses(plan: Plan, level: int, k: int, elements: float) -> float:
    """Accesses that all instances of a level need at least to move so many elements of tensor k, nothing rounded up."""
    fit, within = (int(number) for number in plan.fit[level, k])
    return elements * within / fit / (int(plan.block[level]) * int(plan.cluster_size[level]))


def _all_words(plan: Plan, k: int) -> float:
    """Words of the whole tensor, Weights or Outputs."""
    return float(math.prod(int(b) for b, axis in zip(plan.bounds, plan.axes[k], strict=True) if axis >= 0))
