"""A loop nest as flat arrays, innermost loop first: what deliveries and tiles are computed from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import inlined, jit_lean, step
from .deliveries import (
    AXES,
    LOOP_AXIS,
    LOOP_BOUND,
    LOOP_DIM,
    LOOP_OTHER,
    LOOP_SCALE,
    LOOP_SHIFT,
    LOOP_STEP,
    IntArray,
)
from .tables import AXIS, MESH_X, MESH_Y, SHIFT, SLOT_LEVEL, SLOT_MESH, STEP, Tables

_TENSORS = 3
_DIMENSIONS = 8
_INPUTS = 1
_OUTPUTS = 2
_C, _M, _R, _S, _N, _P, _Q, _G = range(_DIMENSIONS)

#: Rows of `Nest.loops` beside those of `deliveries`: iterations of all loops from the innermost one that moves Weights
#: (Outputs), at or outside this loop, outward.
LOOP_WEIGHTS, LOOP_OUTPUTS = LOOP_SCALE + 1, LOOP_SCALE + 2

#: Columns of `Nest.levels`; WORDS has one per tensor.
FIRST, INNER_FIRST, USED_X, USED_Y, WORDS = range(5)


class Nest(NamedTuple):
    """Loops of one mapping, innermost first, bounds of 1 left out. Scratch space: reused from mapping to mapping.

    Attributes
    ----------
    loops : int64 (9, S * 8 + 1), temporal loops, rows as in `deliveries` and two more.
    inner : int64 (7, S * 8), spatial loops, X inside Y within a container.
    levels : int64 (L + 1, 7), row l: number of temporal and of spatial loops inside level l; children in use along X
        and Y; words of each tensor's tile *below* level l, one operand for level 0.
    tile : int64 (L + 1, AXES), extents of the Inputs' tile below level l.
    found : int64 (3, S * 8 + 1), slot, dimension, bound of each loop.
    visits : int64 (2, S * 8), for `fanout.alike_visits`.
    children : int64 (2, most children of a container), for `fanout.dropped_words`. table : for `fanout.distinct`.
    extents : int64 (8,), product of all bounds of each dimension. scales : int64 (8,), of those met so far.
    """

    loops: IntArray
    inner: IntArray
    levels: IntArray
    tile: IntArray
    found: IntArray
    visits: IntArray
    children: IntArray
    table: IntArray
    extents: IntArray
    scales: IntArray


def empty_nest(tables: Tables) -> Nest:
    """Scratch space for the mappings of a tables."""
    loops = tables.slots.shape[1] * _DIMENSIONS
    children = int((tables.levels[:, MESH_X] * tables.levels[:, MESH_Y]).max())
    return Nest(
        loops=np.zeros((LOOP_OUTPUTS + 1, loops + 1), np.int64),
        inner=np.zeros((LOOP_SCALE + 1, loops), np.int64),
        levels=np.ones((len(tables.levels) + 1, WORDS + _TENSORS), np.int64),
        tile=np.ones((len(tables.levels) + 1, AXES), np.int64),
        found=np.zeros((3, loops + 1), np.int64),
        visits=np.zeros((2, loops), np.int64),
        children=np.zeros((2, children), np.int64),
        table=np.zeros(1 << (2 * children).bit_length(), np.int64),
        extents=np.ones(_DIMENSIONS, np.int64),
        scales=np.ones(_DIMENSIONS, np.int64),
    )


@step
def collect(tables: Tables, factors: NDArray[np.integer], orders: NDArray[np.integer], nest: Nest) -> int:
    """List the loops that are not 1, innermost first, and multiply the factors up level by level.

    Every factor is written and only those that are not 1 are kept: which ones these are cannot be foreseen, and a
    wrong guess of the processor costs more than the writing.

    Parameters
    ----------
    factors, orders : integers (S, 8), see `plan.mapping_arrays`.
    nest : receives `found`, `extents`, `levels` and `tile`.

    Returns
    -------
    The number of loops.
    """
    dims, slots, found = tables.dims, tables.slots, nest.found
    levels, tile, extents = nest.levels, nest.tile, nest.extents
    count, temporal, spatial = 0, 0, 0
    extents[:] = 1
    level = -1
    for slot in range(factors.shape[0] - 1, -1, -1):
        before = count
        for place in range(_DIMENSIONS - 1, -1, -1):
            dimension = orders[slot, place]
            bound = factors[slot, dimension]
            found[0, count] = slot
            found[1, count] = dimension
            found[2, count] = bound
            count += bound != 1
        if slots[SLOT_LEVEL, slot] != level:
            level += 1
            levels[level, USED_X] = 1
            levels[level, USED_Y] = 1
            levels[level, FIRST] = temporal
            levels[level, INNER_FIRST] = spatial
        used = 1
        for dimension in range(_DIMENSIONS):
            bound = factors[slot, dimension]
            used *= bound
            extents[dimension] *= bound
        mesh = slots[SLOT_MESH, slot]
        if mesh > 0:
            levels[level, USED_X - 1 + mesh] = used
            spatial += count - before
        else:
            temporal += count - before
        c, m, r, s = extents[_C], extents[_M], extents[_R], extents[_S]
        n, p, q, g = extents[_N], extents[_P], extents[_Q], extents[_G]
        width = 1 + (r - 1) * dims[SHIFT, _R] + (p - 1) * dims[SHIFT, _P]
        height = 1 + (s - 1) * dims[SHIFT, _S] + (q - 1) * dims[SHIFT, _Q]
        levels[level + 1, WORDS] = c * m * r * s * g
        levels[level + 1, WORDS + 1] = n * c * width * height * g
        levels[level + 1, WORDS + 2] = n * m * p * q * g
        tile[level + 1, 0] = n
        tile[level + 1, 1] = c
        tile[level + 1, 2] = width
        tile[level + 1, 3] = height
        tile[level + 1, 4] = g
    levels[level + 1, FIRST] = temporal
    levels[level + 1, INNER_FIRST] = spatial
    return count


@inlined
def flatten(tables: Tables, nest: Nest, count: int) -> None:
    """Fill the loops of `nest` from the `count` ones that `collect` found."""
    dims, slots, found = tables.dims, tables.slots, nest.found
    loops, inner, scales = nest.loops, nest.inner, nest.scales
    scales[:] = 1
    temporal = 0
    spatial = 0
    for item in range(count):
        slot, dimension, bound = found[0, item], found[1, item], found[2, item]
        scale = scales[dimension]
        scales[dimension] = scale * bound
        if slots[SLOT_MESH, slot] > 0:
            table, j = inner, spatial
            spatial += 1
        else:
            table, j = loops, temporal
            temporal += 1
        table[LOOP_BOUND, j] = bound
        table[LOOP_DIM, j] = dimension
        table[LOOP_SCALE, j] = scale
        table[LOOP_AXIS, j] = dims[AXIS + _INPUTS, dimension]
        table[LOOP_SHIFT, j] = scale * dims[SHIFT, dimension]
        table[LOOP_STEP, j] = scale * dims[STEP + _INPUTS, dimension]
    outer, weights, outputs = 1, 1, 1
    loops[LOOP_WEIGHTS, temporal] = 1
    loops[LOOP_OUTPUTS, temporal] = 1
    for j in range(temporal - 1, -1, -1):
        dimension = loops[LOOP_DIM, j]
        outer *= loops[LOOP_BOUND, j]
        weights = outer if dims[AXIS, dimension] >= 0 else weights
        outputs = outer if dims[AXIS + _OUTPUTS, dimension] >= 0 else outputs
        loops[LOOP_WEIGHTS, j] = weights
        loops[LOOP_OUTPUTS, j] = outputs


@jit_lean
def steps_of(dims: IntArray, loops: IntArray, count: int, k: int) -> int:
    """The row of a table of loops that holds the packed steps of a tensor; filled if it is not Inputs."""
    if k == _INPUTS:
        return LOOP_STEP
    for j in range(count):
        loops[LOOP_OTHER, j] = loops[LOOP_SCALE, j] * dims[STEP + k, loops[LOOP_DIM, j]]
    return LOOP_OTHER
