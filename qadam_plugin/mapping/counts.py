"""All counts, energy and cycles of one mapping, from arrays to arrays: the one kernel that every caller shares.

The steps follow Timeloop: flatten the nest, check it, count deliveries per level and tensor as if every level kept
everything, pass traffic through the levels that bypass, turn it into reads, fills and updates, price them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import inlined, jit_lean, step
from .deliveries import IntArray
from .nest_arrays import USED_X, USED_Y, WORDS, Nest, collect, flatten
from .tables import (
    BLOCK,
    BLOCK_BITS,
    BOUND,
    CLUSTERS,
    CONTAINER,
    FIT,
    KEEP,
    LEAK,
    MESH_X,
    MESH_Y,
    READ,
    READ_BANDWIDTH,
    SIZE,
    UPDATE,
    WITHIN,
    WRITE,
    WRITE_BANDWIDTH,
    Tables,
)
from .traffic import sharing, words_to_child
from .words import words_of

FloatArray = NDArray[np.float64]

_TENSORS = 3
_DIMENSIONS = 8
_OUTPUTS = 2

#: A load below this fraction of a bandwidth limit does not throttle, whatever the rounding of the rates.
_CLEARLY = 1 - 1e-9

#: Verdicts of `count_mapping`, in the order Timeloop finds them.
VALID, FACTOR_PRODUCT, NO_FANOUT, MAC_INSTANCES, MAC_X, MAC_Y, FANOUT_X, FANOUT_Y, CAPACITY = range(9)

#: Entries of `Counts.summary`.
VERDICT, WHERE, REQUIRED, AVAILABLE, COMPUTE_CYCLES, MACS, CYCLES = range(7)
#: Columns of `Counts.traffic` and `Counts.flows`, of `Counts.stores` and `Counts.rates`.
ACCESSES, ARRIVALS, LINKS, READS, FILLS, UPDATES = range(6)
CONTENT, ENERGY = range(2)
INSTANCES, FANOUT, LEVEL_CYCLES = range(3)
THROTTLING, LEAKAGE = range(2)


class Counts(NamedTuple):
    """Results of one mapping, levels innermost first.

    Attributes
    ----------
    summary : int64 (7,), verdict, its level, required, available; compute cycles, MACs in use, cycles of the run.
    traffic : int64 (L, 3, 6), per level and tensor and per instance: words read above with each multicast counted once,
        words that arrive at all children together, words handed on between neighbours, all before bypassing; reads,
        fills, updates.
    flows : float64 (L, 3, 2), accesses after bypassing; pJ per instance, or per cluster of those that share accesses.
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
        traffic=np.zeros((levels, _TENSORS, 6), np.int64),
        flows=np.zeros((levels, _TENSORS, 2)),
        stores=np.zeros((levels, 3), np.int64),
        rates=np.ones((levels, 2)),
        total=np.zeros(1),
    )


@jit_lean
def count_mapping(
    tables: Tables, factors: NDArray[np.integer], orders: NDArray[np.integer], nest: Nest, counts: Counts
) -> int:
    """Count and price one mapping.

    Parameters
    ----------
    tables : architecture, layer, energies.
    factors, orders : integers (S, 8), the mapping, see `plan.mapping_arrays`.
    nest : scratch space. counts : receives the result; only `summary` is meaningful if the mapping is invalid.

    Returns
    -------
    The verdict, `VALID` or what Timeloop finds first.
    """
    return count_loops(tables, nest, collect(tables, factors, orders, nest), counts)


@step
def count_loops(tables: Tables, nest: Nest, loops: int, counts: Counts) -> int:
    """`count_mapping` of so many collected loops: apart, so that it is compiled once for all types of integers."""
    flatten(tables, nest, loops)
    _check(tables, nest, counts)
    if counts.summary[VERDICT] == VALID:
        _count_traffic(tables, nest, counts)
        _count_accesses(tables, nest, counts)
        _price(tables, counts)
    return counts.summary[VERDICT]


@inlined
def _check(tables: Tables, nest: Nest, counts: Counts) -> None:
    """Fan-outs and capacities, in Timeloop's order: parser, MACs, then levels from the inside.

    Timeloop names the MACs when a fan-out is exceeded; a single container of several that is exceeded while the whole
    array is not gets a verdict of its own.
    """
    dims, store, macs = tables.dims, tables.levels, tables.macs
    levels, extents = nest.levels, nest.extents
    summary, stores = counts.summary, counts.stores
    depth = store.shape[0]
    verdict, where, required, available = VALID, 0, 0, 0
    for dimension in range(_DIMENSIONS):
        if extents[dimension] != dims[BOUND, dimension] and verdict == VALID:
            verdict, where = FACTOR_PRODUCT, dimension
            required, available = dims[BOUND, dimension], extents[dimension]
    x, y = 1, 1
    for level in range(depth):
        children = levels[level, USED_X] * levels[level, USED_Y]
        stores[level, FANOUT] = children
        if children > 1:
            x *= levels[level, USED_X]
            y *= levels[level, USED_Y]
            if store[level, MESH_X] * store[level, MESH_Y] == 1 and verdict == VALID:
                verdict, where, required, available = NO_FANOUT, level, children, 1
    if verdict == VALID:
        if x * y > macs[0]:
            verdict, required, available = MAC_INSTANCES, x * y, macs[0]
        elif x > macs[1]:
            verdict, required, available = MAC_X, x, macs[1]
        elif y > macs[2]:
            verdict, required, available = MAC_Y, y, macs[2]
    instances = 1
    for level in range(depth - 1, -1, -1):
        stores[level, INSTANCES] = instances
        instances *= stores[level, FANOUT]
    for level in range(depth):
        if verdict != VALID:
            break
        used_x, used_y = levels[level, USED_X], levels[level, USED_Y]
        if used_x > store[level, MESH_X]:
            verdict, where, required, available = FANOUT_X, level, used_x, store[level, MESH_X]
        elif used_y > store[level, MESH_Y]:
            verdict, where, required, available = FANOUT_Y, level, used_y, store[level, MESH_Y]
        else:
            held = 0
            for k in range(_TENSORS):
                words = levels[level + 1, WORDS + k]
                if tables.packed:
                    words = words_of(words, store[level, FIT + k], store[level, WITHIN + k])
                held += store[level, KEEP + k] * words
            if held > store[level, SIZE]:
                verdict, where, required, available = CAPACITY, level, held, store[level, SIZE]
    cycles = 1
    for dimension in range(_DIMENSIONS):
        cycles *= extents[dimension]
    if x * y > 1:
        cycles //= x * y
    summary[VERDICT] = verdict
    summary[WHERE] = where
    summary[REQUIRED] = required
    summary[AVAILABLE] = available
    summary[COMPUTE_CYCLES] = cycles
    summary[MACS] = x * y


@inlined
def _count_traffic(tables: Tables, nest: Nest, counts: Counts) -> None:
    """Accesses, arrivals and links as if every level kept everything, then accesses after bypassing.

    What crosses a bypassed level is its own traffic, times the children, over the average multicast; and nothing
    can be handed on between neighbours that do not keep it. Exact only where all groups have one size: Timeloop's
    rule. Figures that nothing needs (between levels that bypass) stay unset.
    """
    dims, store, top = tables.dims, tables.levels, tables.top
    loops, inner, levels, tile, visits = nest.loops, nest.inner, nest.levels, nest.tile, nest.visits
    traffic, flows, stores, scratch = counts.traffic, counts.flows, counts.stores, nest.children
    cycles, table = counts.summary[COMPUTE_CYCLES], nest.table
    for k in range(_TENSORS):
        content = float(cycles)
        for level in range(top[k] + 1):
            children = stores[level, FANOUT]
            kept_below = level == 0 or store[level - 1, KEEP + k] == 1
            groups, saved, links = 1, 0, 0
            if children > 1:
                row = store[level, MESH_X]
                groups, saved, links = sharing(dims, loops, inner, levels, tile, visits, scratch, table, row, level, k)
            traffic[level, k, LINKS] = links
            if kept_below or links > 0:
                words = words_to_child(loops, levels, tile, cycles, level, k)
                accesses, arrivals = groups * words - saved, children * words - links
                traffic[level, k, ACCESSES] = accesses
                traffic[level, k, ARRIVALS] = arrivals
                content = float(accesses) if kept_below else content * children * accesses / arrivals
            else:
                content *= groups
            flows[level, k, CONTENT] = content


@step
def _round(value: float) -> int:
    """Nearest integer, halves away from zero, as C's ``round``."""
    return math.floor(value + 0.5) if value >= 0 else -math.floor(0.5 - value)


@inlined
def _count_accesses(tables: Tables, nest: Nest, counts: Counts) -> None:
    """Reads, fills and updates per instance.

    Timeloop's approximations: draining partial sums to the level above costs no reads of their own; the first
    arrival of each output is not read back, counted by the level's share of the tensor (partition, cut to an
    integer at each fan-out); words handed on between neighbours are divided by all instances in use, although they are
    counted per instance of the level above: with several of those the traffic is under-counted.

    Where words hold several elements, the figures of the whole run are divided and rounded up, each by itself.
    """
    store, top, levels = tables.levels, tables.top, nest.levels
    traffic, flows, stores = counts.traffic, counts.flows, counts.stores
    depth = store.shape[0]
    for k in range(_TENSORS):
        partition = levels[depth, WORDS + k]
        for level in range(depth - 1, -1, -1):
            if k == _OUTPUTS and level < depth - 1 and stores[level + 1, FANOUT] > 1:
                partition = partition * levels[level + 1, WORDS + k] // levels[level + 2, WORDS + k]
            if store[level, KEEP + k] == 0:
                continue
            content = flows[level, k, CONTENT]
            peer = 0.0
            share = 0.0
            if level < top[k]:
                links, children = traffic[level + 1, k, LINKS], stores[level + 1, FANOUT]
                share = float(traffic[level + 1, k, ARRIVALS])
                if children > 1:
                    share /= children
                if links > 0:
                    peer = links / stores[level, INSTANCES]
            if k == _OUTPUTS:
                traffic[level, k, UPDATES] = _round(content)
                traffic[level, k, READS] = _round(content + peer - partition)
                traffic[level, k, FILLS] = 0 if level == top[k] else _round(share + peer - partition)
            else:
                traffic[level, k, UPDATES] = 0
                traffic[level, k, READS] = _round(content + peer)
                traffic[level, k, FILLS] = int(share + peer)
            if tables.packed:
                fit, within = store[level, FIT + k], store[level, WITHIN + k]
                for column in range(READS, UPDATES + 1):
                    traffic[level, k, column] = words_of(traffic[level, k, column], fit, within)


@step
def _accesses_of_block(words: int, block: int, bits: int) -> int:
    """Accesses of `block` words that hold so many words; `bits` is its logarithm, -1 if it is no power of two."""
    return (words + block - 1) >> bits if bits >= 0 else (words + block - 1) // block


@inlined
def _price(tables: Tables, counts: Counts) -> None:
    """Throttling, cycles and energy.

    Rates are summed per tensor in double precision, in Timeloop's order: an exact ratio may come out one cycle
    higher, and does so in Timeloop too. There is no fill or drain latency.
    """
    store, prices = tables.levels, tables.prices
    traffic, flows, stores, rates = counts.traffic, counts.flows, counts.stores, counts.rates
    depth = store.shape[0]
    computes = counts.summary[COMPUTE_CYCLES]
    cycles = computes
    total = tables.compute * (computes * counts.summary[MACS])
    for level in range(depth):
        if store[level, CONTAINER] == 1:
            continue
        block, bits = store[level, BLOCK], store[level, BLOCK_BITS]
        clusters = min(stores[level, INSTANCES], store[level, CLUSTERS])
        read, written = 0, 0
        for k in range(_TENSORS):
            if store[level, KEEP + k] == 0:
                continue
            reads, fills, updates = traffic[level, k, READS], traffic[level, k, FILLS], traffic[level, k, UPDATES]
            read += reads
            written += fills + updates
            energy = (
                _accesses_of_block(reads, block, bits) * prices[level, READ]
                + _accesses_of_block(fills, block, bits) * prices[level, WRITE]
                + _accesses_of_block(updates, block, bits) * prices[level, UPDATE]
            )
            flows[level, k, ENERGY] = energy
            total += energy * clusters
        read_limit, write_limit = prices[level, READ_BANDWIDTH], prices[level, WRITE_BANDWIDTH]
        throttling = 1.0
        needed = computes
        if read > read_limit * computes * _CLEARLY or written > write_limit * computes * _CLEARLY:
            read_rate = 0.0
            write_rate = 0.0
            for k in range(_TENSORS):
                if store[level, KEEP + k] == 1:
                    read_rate += traffic[level, k, READS] / computes
                    write_rate += (traffic[level, k, FILLS] + traffic[level, k, UPDATES]) / computes
            if read_rate > read_limit:
                throttling = read_limit / read_rate
            if write_rate > write_limit:
                throttling = min(throttling, write_limit / write_rate)
            if throttling < 1.0:
                needed = math.ceil(computes / throttling)
        rates[level, THROTTLING] = throttling
        stores[level, LEVEL_CYCLES] = needed
        cycles = max(cycles, needed)
    for level in range(depth):
        leakage = prices[level, LEAK] * cycles * stores[level, INSTANCES]
        rates[level, LEAKAGE] = leakage
        total += leakage
    counts.total[0] = total
    counts.summary[CYCLES] = cycles
