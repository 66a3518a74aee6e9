"""A loop nest as flat arrays, innermost loop first: what deliveries and tiles are computed from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._jit import jit_lean
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
_C, _M, _R, _S, _N, _P, _Q, _G = range(_DIMENSIONS)

#: Columns of `Nest.levels`; WORDS has one per tensor.
FIRST, INNER_FIRST, USED_X, USED_Y, WORDS = range(5)


class Nest(NamedTuple):
    """Loops of one mapping, innermost first, bounds of 1 left out. Scratch space: reused from mapping to mapping.

    Attributes
    ----------
    loops : int64 (7, S * 8), temporal loops, rows as in `deliveries`.
    inner : int64 (7, S * 8), spatial loops, X inside Y within a container.
    levels : int64 (L + 1, 7), row l: number of temporal and of spatial loops inside level l; children in use along X
        and Y; words of each tensor's tile *below* level l, one operand for level 0.
    tile : int64 (L + 1, AXES), extents of the Inputs' tile below level l.
    found : int64 (3, S * 8 + 1), slot, dimension, bound of each loop.
    visits : int64 (2, S * 8), for `fanout.alike_visits`.
    children : int64 (2, most children of a container), for `fanout.dropped_words`. table : for `fanout.distinct`.
    extents : int64 (8,), product of all bounds of each dimension.
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


def empty_nest(tables: Tables) -> Nest:
    """Scratch space for the mappings of a tables."""
    loops = tables.slots.shape[1] * _DIMENSIONS
    children = int((tables.levels[:, MESH_X] * tables.levels[:, MESH_Y]).max())
    return Nest(
        loops=np.zeros((LOOP_SCALE + 1, loops), np.int64),
        inner=np.zeros((LOOP_SCALE + 1, loops), np.int64),
        levels=np.ones((len(tables.levels) + 1, WORDS + _TENSORS), np.int64),
        tile=np.ones((len(tables.levels) + 1, AXES), np.int64),
        found=np.zeros((3, loops + 1), np.int64),
        visits=np.zeros((2, loops), np.int64),
        children=np.zeros((2, children), np.int64),
        table=np.zeros(1 << (2 * children).bit_length(), np.int64),
        extents=np.ones(_DIMENSIONS, np.int64),
    )


@jit_lean
def flatten(tables: Tables, nest: Nest, count: int) -> None:
    """Fill `nest` from the `count` loops that `collect` found."""
    dims, slots, found = tables.dims, tables.slots, nest.found
    loops, inner, levels, extents, tile = nest.loops, nest.inner, nest.levels, nest.extents, nest.tile
    depth = tables.levels.shape[0]
    extents[:] = 1
    temporal = 0
    spatial = 0
    item = 0
    for level in range(depth):
        levels[level, FIRST] = temporal
        levels[level, INNER_FIRST] = spatial
        levels[level, USED_X] = 1
        levels[level, USED_Y] = 1
        before = item
        while item < count and slots[SLOT_LEVEL, found[0, item]] == level:
            mesh = slots[SLOT_MESH, found[0, item]]
            dimension = found[1, item]
            bound = found[2, item]
            item += 1
            scale = extents[dimension]
            extents[dimension] = scale * bound
            if mesh > 0:
                levels[level, USED_X - 1 + mesh] *= bound
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
        if item == before and level > 0:  # no loops: the tile of the level below
            for column in range(WORDS, WORDS + _TENSORS):
                levels[level + 1, column] = levels[level, column]
            for axis in range(AXES):
                tile[level + 1, axis] = tile[level, axis]
            continue
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
    levels[depth, FIRST] = temporal
    levels[depth, INNER_FIRST] = spatial


@jit_lean
def collect(factors: NDArray[np.integer], orders: NDArray[np.integer], found: IntArray) -> int:
    """List the loops that are not 1, innermost first: slot, dimension, bound in the rows of `found`.

    Every factor is written and only those that are not 1 are kept: which ones these are cannot be foreseen, and a
    wrong guess of the processor costs more than the writing.

    Parameters
    ----------
    factors, orders : integers (S, 8), see `plan.mapping_arrays`. found : `Nest.found`.

    Returns
    -------
    The number of loops.
    """
    count = 0
    for slot in range(factors.shape[0] - 1, -1, -1):
        for place in range(_DIMENSIONS - 1, -1, -1):
            dimension = orders[slot, place]
            bound = factors[slot, dimension]
            found[0, count] = slot
            found[1, count] = dimension
            found[2, count] = bound
            count += bound != 1
    return count


@jit_lean
def steps_of(dims: IntArray, loops: IntArray, count: int, k: int) -> int:
    """The row of a table of loops that holds the packed steps of a tensor; filled if it is not Inputs."""
    if k == _INPUTS:
        return LOOP_STEP
    for j in range(count):
        loops[LOOP_OTHER, j] = loops[LOOP_SCALE, j] * dims[STEP + k, loops[LOOP_DIM, j]]
    return LOOP_OTHER
