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
from .deliveries import IntArray, delivered_words
from .fanout import alike_visits, dropped_words, multicast_groups, operand_visits
from .nest_arrays import Nest, flatten, tensor_steps
from .plan import Plan

FloatArray = NDArray[np.float64]

_TENSORS = 3
_DIMENSIONS = 8
_WEIGHTS = 0
_INPUTS = 1
_OUTPUTS = 2

#: Verdicts of `count_mapping`, in the order Timeloop finds them.
VALID, FACTOR_PRODUCT, NO_FANOUT, MAC_INSTANCES, MAC_X, MAC_Y, FANOUT_X, FANOUT_Y, CAPACITY = range(9)


class Counts(NamedTuple):
    """Result arrays; levels innermost first.

    Attributes
    ----------
    summary : int64 (6,), verdict, its level, required, available, compute cycles, spatial product.
    accesses, arrivals, links : int64 (L, 3), words read above with each multicast counted once, words that arrive at
        all children together, words handed on between neighbours; per instance of the level, before bypassing.
    content : float64 (L, 3), accesses after bypassing.
    partition, reads, fills, updates : int64 (L, 3), per instance.
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
    flatten(plan, factors, orders, nest)
    verdict = _check(plan, nest, counts)
    if verdict == VALID:
        _deliver(plan, nest, counts)
        _share(plan, nest, counts)
        _bypass(plan, counts)
        _act(plan, nest, counts)
        _price(plan, counts)
    return verdict


@jit
def _refuse(counts: Counts, verdict: int, where: int, required: int, available: int) -> int:
    counts.summary[0] = verdict
    counts.summary[1] = where
    counts.summary[2] = required
    counts.summary[3] = available
    return verdict


@jit
def _check(plan: Plan, nest: Nest, counts: Counts) -> int:
    """Fan-outs and capacities, in Timeloop's order: parser, MACs, then levels from the inside.

    Timeloop names the MACs when a fan-out is exceeded; a single container of several that is exceeded while the whole
    array is not gets a verdict of its own.
    """
    levels = plan.container.size
    for dimension in range(_DIMENSIONS):
        if nest.extents[dimension] != plan.bounds[dimension]:
            return _refuse(counts, FACTOR_PRODUCT, dimension, plan.bounds[dimension], nest.extents[dimension])
    x, y = 1, 1
    for level in range(levels):
        children = nest.used[level, 0] * nest.used[level, 1]
        counts.fanout[level] = children
        if children > 1:
            x *= nest.used[level, 0]
            y *= nest.used[level, 1]
            if plan.mesh[level, 0] * plan.mesh[level, 1] == 1:
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
            if nest.used[level, axis] > plan.mesh[level, axis]:
                return _refuse(counts, FANOUT_X + axis, level, nest.used[level, axis], plan.mesh[level, axis])
        if counts.fanout[level] > 1:
            instances //= counts.fanout[level]
        counts.instances[level] = instances
        held = 0
        for k in range(_TENSORS):
            if plan.keep[level, k]:
                held += nest.words[level + 1, k]
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
    """Words that one child of each level receives, as if every level kept everything; one operand per cycle at the
    MACs.

    Outermost level first. For Weights and Outputs `moving` is the product of the bounds from the innermost moving
    loop met so far outward.
    """
    levels = plan.container.size
    end = nest.first[levels]
    loop = end
    product, weights, outputs = 1, 1, 1
    for level in range(levels - 1, 0, -1):
        begin = nest.first[level]
        while loop > begin:
            loop -= 1
            product *= nest.bounds[loop]
            if plan.axes[_WEIGHTS, nest.dims[loop]] >= 0:
                weights = product
            if plan.axes[_OUTPUTS, nest.dims[loop]] >= 0:
                outputs = product
        counts.accesses[level, _WEIGHTS] = weights * nest.words[level, _WEIGHTS]
        counts.accesses[level, _OUTPUTS] = outputs * nest.words[level, _OUTPUTS]
        counts.accesses[level, _INPUTS] = delivered_words(
            nest.bounds, nest.axes, nest.shifts, nest.steps, begin, end, nest.tile[level], nest.words[level, _INPUTS]
        )
    for k in range(_TENSORS):
        counts.accesses[0, k] = counts.summary[4]


@jit
def _share(plan: Plan, nest: Nest, counts: Counts) -> None:
    """Multicast and neighbours: turn the words of one child into accesses, arrivals and links."""
    for level in range(plan.container.size):
        children = counts.fanout[level]
        begin, end = nest.inner_first[level], nest.inner_first[level + 1]
        for k in range(_TENSORS):
            words = counts.accesses[level, k]
            counts.links[level, k] = 0
            counts.arrivals[level, k] = words
            if children == 1:
                continue
            counts.arrivals[level, k] = children * words
            if k == _INPUTS:
                groups = multicast_groups(nest.inner_bounds, nest.inner_axes, nest.inner_shifts, begin, end)
            else:
                groups = 1
                for j in range(begin, end):
                    if plan.axes[k, nest.inner_dims[j]] >= 0:
                        groups *= nest.inner_bounds[j]
            counts.accesses[level, k] = groups * words
            if (k == _INPUTS or level == 0) and neighbour_visits(plan, nest, level, k):
                saved, links = dropped_words(
                    groups,
                    nest.taken,
                    nest.alike,
                    nest.first[level],
                    nest.first[plan.container.size],
                    nest.inner_bounds,
                    tensor_steps(plan, nest.inner_dims, nest.inner_scales, end, k) if level == 0 else nest.inner_steps,
                    begin,
                    end,
                    plan.mesh[level, 0],
                )
                counts.accesses[level, k] -= saved
                counts.arrivals[level, k] -= links
                counts.links[level, k] = links


@jit
def neighbour_visits(plan: Plan, nest: Nest, level: int, k: int) -> bool:
    """`fanout.alike_visits` of one container and tensor, into `nest.taken` and `nest.alike`.

    Weights and Outputs have none above a level: a temporal step of theirs always exceeds the offsets of the children.
    """
    end = nest.first[plan.container.size]
    if level == 0:
        steps = tensor_steps(plan, nest.dims, nest.scales, end, k)
        return operand_visits(nest.bounds, steps, end, nest.taken, nest.alike)
    if k != _INPUTS:
        return False
    return alike_visits(
        nest.bounds,
        nest.axes,
        nest.shifts,
        nest.steps,
        nest.first[level],
        end,
        nest.tile[level],
        nest.words[level, _INPUTS],
        nest.taken,
        nest.alike,
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
            elif counts.fanout[level] == 1:
                counts.content[level, k] = counts.content[level - 1, k]
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
def _act(plan: Plan, nest: Nest, counts: Counts) -> None:
    """Reads, fills and updates per instance.

    Timeloop's approximations: draining partial sums to the level above costs no reads of their own; the first
    arrival of each output is not read back, counted by the level's share of the tensor (`partition`, cut to an
    integer at each fan-out); words handed on between neighbours are divided by all instances in use, although they
    are counted per instance of the level above: with several of those the traffic is under-counted.
    """
    levels = plan.container.size
    for k in range(_TENSORS):
        partition = nest.words[levels, k]
        for level in range(levels - 1, -1, -1):
            if level < levels - 1 and counts.fanout[level + 1] > 1:
                partition = partition * nest.words[level + 1, k] // nest.words[level + 2, k]
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
