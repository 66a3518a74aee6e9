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
from .deliveries import AXES, IntArray, delivered_words
from .fanout import alike_visits, dropped_words, multicast_groups, operand_visits
from .nest_arrays import (
    FIRST,
    INNER_FIRST,
    LOOP_AXIS,
    LOOP_BOUND,
    LOOP_DIM,
    LOOP_SHIFT,
    LOOP_STEP,
    TILE,
    USED_X,
    USED_Y,
    WORDS,
    Nest,
    flatten,
    tensor_steps,
)
from .tables import (
    AXIS,
    BLOCK,
    BOUND,
    CONTAINER,
    KEEP,
    LEAK,
    MESH_X,
    MESH_Y,
    READ,
    READ_BANDWIDTH,
    SIZE,
    UPDATE,
    WRITE,
    WRITE_BANDWIDTH,
    Tables,
)

FloatArray = NDArray[np.float64]

_TENSORS = 3
_DIMENSIONS = 8
_INPUTS = 1
_OUTPUTS = 2

#: Verdicts of `count_mapping`, in the order Timeloop finds them.
VALID, FACTOR_PRODUCT, NO_FANOUT, MAC_INSTANCES, MAC_X, MAC_Y, FANOUT_X, FANOUT_Y, CAPACITY = range(9)

#: Entries of `Counts.summary`.
VERDICT, WHERE, REQUIRED, AVAILABLE, COMPUTE_CYCLES, MACS, CYCLES = range(7)
#: Columns of `Counts.traffic` and `Counts.flows`, of `Counts.stores` and `Counts.rates`.
ACCESSES, ARRIVALS, LINKS, PARTITION, READS, FILLS, UPDATES = range(7)
CONTENT, ENERGY = range(2)
INSTANCES, FANOUT, LEVEL_CYCLES = range(3)
THROTTLING, LEAKAGE = range(2)


class Counts(NamedTuple):
    """Results of one mapping, levels innermost first.

    Attributes
    ----------
    summary : int64 (7,), verdict, its level, required, available; compute cycles, MACs in use, cycles of the run.
    traffic : int64 (L, 3, 7), per level and tensor and per instance: words read above with each multicast counted once,
        words that arrive at all children together, words handed on between neighbours, all before bypassing; share of
        the tensor; reads, fills, updates.
    flows : float64 (L, 3, 2), accesses after bypassing; pJ per instance.
    stores : int64 (L, 3), instances in use, children in use, cycles.
    rates : float64 (L, 2), throttling; pJ of leakage of all instances in use.
    total : float64 (1,), pJ of the whole run.
    """

    summary: IntArray
    traffic: IntArray
    flows: FloatArray
    stores: IntArray
    rates: FloatArray
    total: FloatArray


def empty_counts(tables: Tables) -> Counts:
    """Result arrays for the mappings of a tables."""
    levels = len(tables.levels)
    return Counts(
        summary=np.zeros(7, np.int64),
        traffic=np.zeros((levels, _TENSORS, 7), np.int64),
        flows=np.zeros((levels, _TENSORS, 2)),
        stores=np.zeros((levels, 3), np.int64),
        rates=np.ones((levels, 2)),
        total=np.zeros(1),
    )


@jit
def count_mapping(tables: Tables, factors: IntArray, orders: IntArray, nest: Nest, counts: Counts) -> int:
    """Count and price one mapping.

    Parameters
    ----------
    tables : architecture, layer, energies.
    factors, orders : int64 (S, 8), the mapping, see `plan.mapping_arrays`.
    nest : scratch space. counts : receives the result; only `summary` is meaningful if the mapping is invalid.

    Returns
    -------
    The verdict, `VALID` or what Timeloop finds first.
    """
    flatten(tables, factors, orders, nest)
    _check(tables, nest, counts)
    if counts.summary[VERDICT] == VALID:
        _count_traffic(tables, nest, counts)
        _count_accesses(tables, nest, counts)
        _price(tables, counts)
    return counts.summary[VERDICT]


@jit
def _check(tables: Tables, nest: Nest, counts: Counts) -> None:
    """Fan-outs and capacities, in Timeloop's order: parser, MACs, then levels from the inside.

    Timeloop names the MACs when a fan-out is exceeded; a single container of several that is exceeded while the whole
    array is not gets a verdict of its own.
    """
    levels = tables.levels.shape[0]
    verdict, where, required, available = VALID, 0, 0, 0
    for dimension in range(_DIMENSIONS):
        if nest.extents[dimension] != tables.dims[BOUND, dimension] and verdict == VALID:
            verdict, where = FACTOR_PRODUCT, dimension
            required, available = tables.dims[BOUND, dimension], nest.extents[dimension]
    x, y = 1, 1
    for level in range(levels):
        children = nest.levels[level, USED_X] * nest.levels[level, USED_Y]
        counts.stores[level, FANOUT] = children
        if children > 1:
            x *= nest.levels[level, USED_X]
            y *= nest.levels[level, USED_Y]
            if tables.levels[level, MESH_X] * tables.levels[level, MESH_Y] == 1 and verdict == VALID:
                verdict, where, required, available = NO_FANOUT, level, children, 1
    if verdict == VALID:
        if x * y > tables.macs[0]:
            verdict, required, available = MAC_INSTANCES, x * y, tables.macs[0]
        elif x > tables.macs[1]:
            verdict, required, available = MAC_X, x, tables.macs[1]
        elif y > tables.macs[2]:
            verdict, required, available = MAC_Y, y, tables.macs[2]
    instances = x * y
    for level in range(levels):
        if verdict != VALID:
            break
        used_x, used_y = nest.levels[level, USED_X], nest.levels[level, USED_Y]
        if used_x > tables.levels[level, MESH_X]:
            verdict, where, required, available = FANOUT_X, level, used_x, tables.levels[level, MESH_X]
        elif used_y > tables.levels[level, MESH_Y]:
            verdict, where, required, available = FANOUT_Y, level, used_y, tables.levels[level, MESH_Y]
        else:
            if used_x * used_y > 1:
                instances //= used_x * used_y
            counts.stores[level, INSTANCES] = instances
            held = 0
            for k in range(_TENSORS):
                held += tables.levels[level, KEEP + k] * nest.levels[level + 1, WORDS + k]
            if held > tables.levels[level, SIZE]:
                verdict, where, required, available = CAPACITY, level, held, tables.levels[level, SIZE]
    cycles = 1
    for loop in range(nest.levels[levels, FIRST]):
        cycles *= nest.loops[LOOP_BOUND, loop]
    summary = counts.summary
    summary[VERDICT] = verdict
    summary[WHERE] = where
    summary[REQUIRED] = required
    summary[AVAILABLE] = available
    summary[COMPUTE_CYCLES] = cycles
    summary[MACS] = x * y


@jit
def words_to_child(tables: Tables, nest: Nest, cycles: int, level: int, k: int) -> int:
    """Words of tensor k that one child of a level receives over the run; one operand per cycle at the MACs.

    For Weights and Outputs: tile times the bounds of all loops from the innermost moving one outward.
    """
    if level == 0:
        return cycles
    loops = nest.loops
    begin, end = nest.levels[level, FIRST], nest.levels[tables.levels.shape[0], FIRST]
    tile = nest.levels[level, WORDS + k]
    if k == _INPUTS:
        return delivered_words(
            loops[LOOP_BOUND],
            loops[LOOP_AXIS],
            loops[LOOP_SHIFT],
            loops[LOOP_STEP],
            begin,
            end,
            nest.levels[level, TILE : TILE + AXES],
            tile,
        )
    while begin < end and tables.dims[AXIS + k, loops[LOOP_DIM, begin]] < 0:
        begin += 1
    words = tile
    for j in range(begin, end):
        words *= loops[LOOP_BOUND, j]
    return words


@jit
def neighbour_visits(tables: Tables, nest: Nest, level: int, k: int) -> bool:
    """`fanout.alike_visits` of one container and tensor, into `nest.visits`.

    Weights and Outputs have none above a level: a temporal step of theirs always exceeds the offsets of the children.
    """
    loops = nest.loops
    end = nest.levels[tables.levels.shape[0], FIRST]
    if level == 0:
        steps = tensor_steps(tables, loops, end, k)
        return operand_visits(loops[LOOP_BOUND], steps, end, nest.visits[0], nest.visits[1])
    if k != _INPUTS:
        return False
    return alike_visits(
        loops[LOOP_BOUND],
        loops[LOOP_AXIS],
        loops[LOOP_SHIFT],
        loops[LOOP_STEP],
        nest.levels[level, FIRST],
        end,
        nest.levels[level, TILE : TILE + AXES],
        nest.levels[level, WORDS + _INPUTS],
        nest.visits[0],
        nest.visits[1],
    )


@jit
def sharing(tables: Tables, nest: Nest, level: int, k: int) -> tuple[int, int, int]:
    """Multicast and neighbours at a container.

    Returns
    -------
    groups : multicast groups. saved, links : see `fanout.dropped_words`.
    """
    inner = nest.inner
    begin, end = nest.levels[level, INNER_FIRST], nest.levels[level + 1, INNER_FIRST]
    if k == _INPUTS:
        groups = multicast_groups(
            inner[LOOP_BOUND, begin:], inner[LOOP_AXIS, begin:], inner[LOOP_SHIFT, begin:], end - begin
        )
    else:
        groups = 1
        for j in range(begin, end):
            if tables.dims[AXIS + k, inner[LOOP_DIM, j]] >= 0:
                groups *= inner[LOOP_BOUND, j]
    if not neighbour_visits(tables, nest, level, k):
        return groups, 0, 0
    saved, links = dropped_words(
        groups,
        nest.visits[0],
        nest.visits[1],
        nest.levels[level, FIRST],
        nest.levels[tables.levels.shape[0], FIRST],
        inner[LOOP_BOUND],
        tensor_steps(tables, inner, end, k),
        begin,
        end,
        tables.levels[level, MESH_X],
    )
    return groups, saved, links


@jit
def _count_traffic(tables: Tables, nest: Nest, counts: Counts) -> None:
    """Accesses, arrivals and links as if every level kept everything, then accesses after bypassing.

    What crosses a bypassed level is its own traffic, times the children, over the average multicast; and nothing
    can be handed on between neighbours that do not keep it. Exact only where all groups have one size: Timeloop's
    rule. Figures that nothing needs (between levels that bypass) stay unset.
    """
    cycles = counts.summary[COMPUTE_CYCLES]
    for k in range(_TENSORS):
        content = float(cycles)
        for level in range(tables.top[k] + 1):
            children = counts.stores[level, FANOUT]
            kept_below = level == 0 or tables.levels[level - 1, KEEP + k] == 1
            groups, saved, links = 1, 0, 0
            if children > 1:
                groups, saved, links = sharing(tables, nest, level, k)
            traffic = counts.traffic[level, k]
            traffic[LINKS] = links
            if kept_below or links > 0:
                words = words_to_child(tables, nest, cycles, level, k)
                traffic[ACCESSES] = groups * words - saved
                traffic[ARRIVALS] = children * words - links
            if kept_below:
                content = float(traffic[ACCESSES])
            elif links > 0:
                content = content * children * traffic[ACCESSES] / traffic[ARRIVALS]
            else:
                content *= groups
            counts.flows[level, k, CONTENT] = content


@jit
def _round(value: float) -> int:
    """Nearest integer, halves away from zero, as C's ``round``."""
    return math.floor(value + 0.5) if value >= 0 else -math.floor(0.5 - value)


@jit
def _count_accesses(tables: Tables, nest: Nest, counts: Counts) -> None:
    """Reads, fills and updates per instance.

    Timeloop's approximations: draining partial sums to the level above costs no reads of their own; the first
    arrival of each output is not read back, counted by the level's share of the tensor (partition, cut to an
    integer at each fan-out); words handed on between neighbours are divided by all instances in use, although they are
    counted per instance of the level above: with several of those the traffic is under-counted.
    """
    levels = tables.levels.shape[0]
    for k in range(_TENSORS):
        partition = nest.levels[levels, WORDS + k]
        for level in range(levels - 1, -1, -1):
            if level < levels - 1 and counts.stores[level + 1, FANOUT] > 1:
                partition = partition * nest.levels[level + 1, WORDS + k] // nest.levels[level + 2, WORDS + k]
            traffic = counts.traffic[level, k]
            traffic[PARTITION] = partition
            if tables.levels[level, KEEP + k] == 0:
                continue
            content = counts.flows[level, k, CONTENT]
            peer = 0.0
            share = 0.0
            if level < tables.top[k]:
                above = counts.traffic[level + 1, k]
                peer = above[LINKS] / counts.stores[level, INSTANCES]
                share = above[ARRIVALS] / counts.stores[level + 1, FANOUT]
            if k == _OUTPUTS:
                traffic[UPDATES] = _round(content)
                traffic[READS] = _round(content + peer - partition)
                traffic[FILLS] = 0 if level == tables.top[k] else _round(share + peer - partition)
            else:
                traffic[UPDATES] = 0
                traffic[READS] = _round(content + peer)
                traffic[FILLS] = int(share + peer)


@jit
def _accesses_of_block(words: int, block: int) -> int:
    """Accesses of `block` words that hold so many words."""
    return words if block == 1 else (words + block - 1) // block


@jit
def _price(tables: Tables, counts: Counts) -> None:
    """Throttling, cycles and energy.

    Rates are summed per tensor in double precision, in Timeloop's order: an exact ratio may come out one cycle
    higher, and does so in Timeloop too. There is no fill or drain latency.
    """
    levels = tables.levels.shape[0]
    computes = counts.summary[COMPUTE_CYCLES]
    cycles = computes
    for level in range(levels):
        if tables.levels[level, CONTAINER] == 1:
            continue
        read_limit, write_limit = tables.prices[level, READ_BANDWIDTH], tables.prices[level, WRITE_BANDWIDTH]
        throttling = 1.0
        needed = computes
        if read_limit < np.inf or write_limit < np.inf:
            read_rate = 0.0
            write_rate = 0.0
            for k in range(_TENSORS):
                if tables.levels[level, KEEP + k] == 1:
                    traffic = counts.traffic[level, k]
                    read_rate += traffic[READS] / computes
                    write_rate += (traffic[FILLS] + traffic[UPDATES]) / computes
            if read_rate > read_limit:
                throttling = read_limit / read_rate
            if write_rate > write_limit:
                throttling = min(throttling, write_limit / write_rate)
            if throttling < 1.0:
                needed = math.ceil(computes / throttling)
        counts.rates[level, THROTTLING] = throttling
        counts.stores[level, LEVEL_CYCLES] = needed
        cycles = max(cycles, needed)
    total = tables.compute * (computes * counts.summary[MACS])
    for level in range(levels):
        if tables.levels[level, CONTAINER] == 1:
            continue
        block = tables.levels[level, BLOCK]
        prices = tables.prices[level]
        instances = counts.stores[level, INSTANCES]
        for k in range(_TENSORS):
            if tables.levels[level, KEEP + k] == 1:
                traffic = counts.traffic[level, k]
                energy = (
                    _accesses_of_block(traffic[READS], block) * prices[READ]
                    + _accesses_of_block(traffic[FILLS], block) * prices[WRITE]
                    + _accesses_of_block(traffic[UPDATES], block) * prices[UPDATE]
                )
                counts.flows[level, k, ENERGY] = energy
                total += energy * instances
        leakage = prices[LEAK] * cycles * instances
        counts.rates[level, LEAKAGE] = leakage
        total += leakage
    counts.total[0] = total
    counts.summary[CYCLES] = cycles
