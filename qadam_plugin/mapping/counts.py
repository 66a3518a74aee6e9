"""All counts, energy and cycles of one mapping, from arrays to arrays: the one kernel that every caller shares.

The steps follow Timeloop: flatten the nest, check it, count deliveries per level and tensor as if every level kept
everything, pass traffic through the levels that bypass, turn it into reads, fills and updates, price them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._jit import jit
from .deliveries import AXES, IntArray, delivered_words, separable_words
from .fanout import alike_visits, shared_words
from .nest_arrays import Nest, flatten
from .plan import Plan

FloatArray = NDArray[np.float64]

_TENSORS = 3
_DIMENSIONS = 8
_INPUTS = 1
_OUTPUTS = 2

#: Verdicts of `count_mapping`, in the order Timeloop finds them.
VALID, FACTOR_PRODUCT, NO_FANOUT, MAC_INSTANCES, MAC_X, MAC_Y, FANOUT_X, FANOUT_Y, CAPACITY = range(9)


class Counts(NamedTuple):
    """Result arrays; levels innermost first.

    Attributes
    ----------
    summary : int64 (6,), verdict, its level, required, available, compute cycles, spatial product.
    accesses, arrivals, links : int64 (L, 3), totals of `fanout.shared_words` per instance, before bypassing.
    content : float64 (L, 3), accesses after bypassing.
    capacity, partition, reads, fills, updates : int64 (L, 3), per instance.
    instances : int64 (L,), instances in use. fanout : int64 (L,), children in use.
    throttling : float64 (L,). cycles : int64 (L,).
    leakage : float64 (L,), pJ of all instances in use. energy : float64 (L, 3), pJ per instance.
    totals : float64 (2,), energy in pJ and cycles of the whole run.
    """

    summary: IntArray
    accesses: IntArray
    arrivals: IntArray
    links: IntArray
    content: FloatArray
    capacity: IntArray
    partition: IntArray
    reads: IntArray
    fills: IntArray
    updates: IntArray
    instances: IntArray
    fanout: IntArray
    throttling: FloatArray
    cycles: IntArray
    leakage: FloatArray
    energy: FloatArray
    totals: FloatArray


def empty_counts(levels: int) -> Counts:
    """Result arrays for an architecture of so many levels."""
    per_tensor = (levels, _TENSORS)
    return Counts(
        summary=np.zeros(6, np.int64),
        accesses=np.zeros(per_tensor, np.int64),
        arrivals=np.zeros(per_tensor, np.int64),
        links=np.zeros(per_tensor, np.int64),
        content=np.zeros(per_tensor),
        capacity=np.zeros(per_tensor, np.int64),
        partition=np.zeros(per_tensor, np.int64),
        reads=np.zeros(per_tensor, np.int64),
        fills=np.zeros(per_tensor, np.int64),
        updates=np.zeros(per_tensor, np.int64),
        instances=np.zeros(levels, np.int64),
        fanout=np.zeros(levels, np.int64),
        throttling=np.ones(levels),
        cycles=np.zeros(levels, np.int64),
        leakage=np.zeros(levels),
        energy=np.zeros(per_tensor),
        totals=np.zeros(2),
    )


@jit
def count_mapping(plan: Plan, factors: IntArray, orders: IntArray, nest: Nest, counts: Counts) -> int:
    """Count and price one mapping.

    Parameters
    ----------
    plan : architecture, layer, energies.
    factors, orders : int64 (S, 8), the mapping, see `plan.mapping_arrays`.
    nest : scratch space. counts : receives the result; only `summary` is meaningful if the mapping is invalid.

    Returns
    -------
    The verdict, `VALID` or what Timeloop finds first.
    """
    dimension, product = flatten(plan, factors, orders, nest)
    if dimension >= 0:
        return _refuse(counts, FACTOR_PRODUCT, dimension, plan.bounds[dimension], product)
    verdict = _check(plan, factors, nest, counts)
    if verdict != VALID:
        return verdict
    _deliver(plan, nest, counts)
    _bypass(plan, counts)
    _act(plan, counts)
    _price(plan, counts)
    return VALID


@jit
def _refuse(counts: Counts, verdict: int, where: int, required: int, available: int) -> int:
    counts.summary[0] = verdict
    counts.summary[1] = where
    counts.summary[2] = required
    counts.summary[3] = available
    return verdict


@jit
def _check(plan: Plan, factors: IntArray, nest: Nest, counts: Counts) -> int:
    """Fan-outs and capacities, in Timeloop's order: parser, MACs, then levels from the inside.

    Timeloop names the MACs when a fan-out is exceeded; a single container of several that is exceeded while the whole
    array is not gets a verdict of its own.
    """
    levels = plan.container.size
    used = np.ones((levels, 2), np.int64)
    for slot in range(plan.slot_level.size):
        axis = plan.slot_spatial[slot] - 1
        if axis >= 0:
            for dimension in range(_DIMENSIONS):
                used[plan.slot_level[slot], axis] *= factors[slot, dimension]
    x, y = 1, 1
    for level in range(levels):
        x *= used[level, 0]
        y *= used[level, 1]
        children = used[level, 0] * used[level, 1]
        if children > 1 and plan.mesh[level, 0] * plan.mesh[level, 1] == 1:
            return _refuse(counts, NO_FANOUT, level, children, 1)
    if x * y > plan.macs[0]:
        return _refuse(counts, MAC_INSTANCES, 0, x * y, plan.macs[0])
    if x > plan.macs[1]:
        return _refuse(counts, MAC_X, 0, x, plan.macs[1])
    if y > plan.macs[2]:
        return _refuse(counts, MAC_Y, 0, y, plan.macs[2])
    instances = x * y
    for level in range(levels):
        for axis in range(2):
            if used[level, axis] > plan.mesh[level, axis]:
                return _refuse(counts, FANOUT_X + axis, level, used[level, axis], plan.mesh[level, axis])
        counts.fanout[level] = used[level, 0] * used[level, 1]
        instances //= counts.fanout[level]
        counts.instances[level] = instances
        held = 0
        for k in range(_TENSORS):
            words = 1
            for axis in range(AXES):
                words *= nest.tile[level + 1, k, axis]
            counts.capacity[level, k] = words
            if plan.keep[level, k]:
                held += words
        if held > plan.size[level]:
            return _refuse(counts, CAPACITY, level, held, plan.size[level])
    cycles = 1
    for loop in range(nest.first[levels]):
        cycles *= nest.bounds[loop]
    counts.summary[0] = VALID
    counts.summary[4] = cycles
    counts.summary[5] = x * y
    return VALID


@jit
def _deliver(plan: Plan, nest: Nest, counts: Counts) -> None:
    """Accesses, arrivals and links of every level and tensor, as if every level kept everything."""
    levels = plan.container.size
    for k in range(_TENSORS):
        for level in range(levels):
            operands = level == 0 and plan.container[0]
            words = words_to_child(plan, nest, counts, level, k)
            counts.accesses[level, k] = words
            counts.arrivals[level, k] = words
            counts.links[level, k] = 0
            if counts.fanout[level] == 1:
                continue
            inner = nest.inner_first[level]
            taken, alike = candidates(nest, level, k, operands)
            accesses, arrivals, links = shared_words(
                words,
                taken,
                alike,
                nest.inner_bounds[inner:],
                nest.inner_axes[k, inner:],
                nest.inner_shifts[k, inner:],
                nest.inner_steps[k, inner:],
                nest.inner_first[level + 1] - inner,
                plan.mesh[level, 0],
            )
            counts.accesses[level, k] = accesses
            counts.arrivals[level, k] = arrivals
            counts.links[level, k] = links


@jit
def words_to_child(plan: Plan, nest: Nest, counts: Counts, level: int, k: int) -> int:
    """Words of tensor k that one child of a level receives over the whole run; at the MACs one operand per cycle."""
    if level == 0:
        return counts.summary[4]
    first = nest.first[level]
    count = nest.first[plan.container.size] - first
    if k != _INPUTS:
        return separable_words(nest.bounds[first:], nest.axes[k, first:], count, counts.capacity[level - 1, k])
    return delivered_words(
        nest.bounds[first:],
        nest.axes[k, first:],
        nest.shifts[k, first:],
        nest.steps[k, first:],
        count,
        nest.tile[level, k],
    )


@jit
def candidates(nest: Nest, level: int, k: int, operands: bool) -> tuple[IntArray, IntArray]:
    """`alike_visits` of one container and tensor."""
    first = nest.first[level]
    return alike_visits(
        nest.bounds[first:],
        nest.axes[k, first:],
        nest.shifts[k, first:],
        nest.steps[k, first:],
        nest.first[nest.first.size - 1] - first,
        nest.tile[level, k],
        operands,
    )


@jit
def _bypass(plan: Plan, counts: Counts) -> None:
    """Pass traffic up through levels that do not keep the tensor.

    What crosses a bypassed level is its own traffic, times the children, over the average multicast; and nothing
    can be handed on between neighbours that do not keep it. Exact only where all groups have one size: Timeloop's rule.
    """
    for k in range(_TENSORS):
        counts.content[0, k] = counts.accesses[0, k]
        for level in range(1, plan.top[k] + 1):
            if plan.keep[level - 1, k]:
                counts.content[level, k] = counts.accesses[level, k]
            else:
                counts.content[level, k] = (
                    counts.content[level - 1, k]
                    * counts.fanout[level]
                    * counts.accesses[level, k]
                    / counts.arrivals[level, k]
                )


@jit
def _round(value: float) -> int:
    """Nearest integer, halves away from zero, as C's ``round``."""
    return math.floor(value + 0.5) if value >= 0 else -math.floor(0.5 - value)


@jit
def _act(plan: Plan, counts: Counts) -> None:
    """Reads, fills and updates per instance.

    Timeloop's approximations: draining partial sums to the level above costs no reads of their own; the first
    arrival of each output is not read back, counted by the level's share of the tensor (`partition`, cut to an
    integer at each fan-out); words handed on between neighbours are divided by all instances in use, although they
    are counted per instance of the level above: with several of those the traffic is under-counted.
    """
    levels = plan.container.size
    for k in range(_TENSORS):
        partition = counts.capacity[levels - 1, k]
        for level in range(levels - 1, -1, -1):
            if level < levels - 1 and counts.fanout[level + 1] > 1:
                partition = partition * counts.capacity[level, k] // counts.capacity[level + 1, k]
            counts.partition[level, k] = partition
            if not plan.keep[level, k]:
                continue
            content = counts.content[level, k]
            peer = 0.0
            share = 0.0
            if level < levels - 1:
                peer = counts.links[level + 1, k] / counts.instances[level]
                share = counts.arrivals[level + 1, k] / counts.fanout[level + 1]
            reads = content + peer
            fills = share + peer
            if k == _OUTPUTS:
                counts.updates[level, k] = _round(content)
                counts.reads[level, k] = _round(reads - partition)
                counts.fills[level, k] = 0 if level == plan.top[k] else _round(fills - partition)
            else:
                counts.updates[level, k] = 0
                counts.reads[level, k] = _round(reads)
                counts.fills[level, k] = 0 if level == plan.top[k] else int(fills)


@jit
def _price(plan: Plan, counts: Counts) -> None:
    """Throttling, cycles and energy.

    Rates are summed per tensor in double precision, in Timeloop's order: an exact ratio may come out one cycle
    higher, and does so in Timeloop too. There is no fill or drain latency.
    """
    levels = plan.container.size
    computes = counts.summary[4]
    cycles = computes
    for level in range(levels):
        counts.throttling[level] = 1.0
        counts.cycles[level] = computes
        if plan.container[level]:
            continue
        read_rate = 0.0
        write_rate = 0.0
        for k in range(_TENSORS):
            if plan.keep[level, k]:
                read_rate += counts.reads[level, k] / computes
                write_rate += (counts.fills[level, k] + counts.updates[level, k]) / computes
        throttling = 1.0
        if read_rate > plan.bandwidth[level, 0]:
            throttling = plan.bandwidth[level, 0] / read_rate
        if write_rate > plan.bandwidth[level, 1]:
            throttling = min(throttling, plan.bandwidth[level, 1] / write_rate)
        counts.throttling[level] = throttling
        counts.cycles[level] = math.ceil(computes / throttling)
        cycles = max(cycles, counts.cycles[level])
    total = plan.compute * (computes * counts.summary[5])
    for level in range(levels):
        if plan.container[level]:
            continue
        block = plan.block[level]
        for k in range(_TENSORS):
            if plan.keep[level, k]:
                counts.energy[level, k] = (
                    (-(-counts.reads[level, k] // block)) * plan.energy[level, 0]
                    + (-(-counts.fills[level, k] // block)) * plan.energy[level, 1]
                    + (-(-counts.updates[level, k] // block)) * plan.energy[level, 2]
                )
                total += counts.energy[level, k] * counts.instances[level]
        counts.leakage[level] = plan.energy[level, 3] * cycles * counts.instances[level]
        total += counts.leakage[level]
    counts.totals[0] = total
    counts.totals[1] = cycles
