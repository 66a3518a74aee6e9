"""A loop nest as flat arrays, innermost loop first: what deliveries and tiles are computed from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

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
    visits : int64 (2, S * 8), for `fanout.alike_visits`.
    children : int64 (2, most children of a container), for `fanout.dropped_words`. table : for `fanout.distinct`.
    extents : int64 (8,), product of all bounds of each dimension.
    """

    loops: IntArray
    inner: IntArray
    levels: IntArray
    tile: IntArray
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
        visits=np.zeros((2, loops), np.int64),
        children=np.zeros((2, children), np.int64),
        table=np.zeros(1 << (2 * children).bit_length(), np.int64),
        extents=np.ones(_DIMENSIONS, np.int64),
    )


@jit_lean
def flatten(tables: Tables, factors: IntArray, orders: IntArray, nest: Nest) -> None:
    """Fill `nest` from a mapping, innermost slot first.

    Parameters
    ----------
    factors, orders : int64 (S, 8), see `plan.mapping_arrays`.
    """
    dims, slots = tables.dims, tables.slots
    loops, inner, levels, extents, tile = nest.loops, nest.inner, nest.levels, nest.extents, nest.tile
    depth = tables.levels.shape[0]
    extents[:] = 1
    temporal = 0
    spatial = 0
    slot = slots.shape[1] - 1
    for level in range(depth):
        levels[level, FIRST] = temporal
        levels[level, INNER_FIRST] = spatial
        levels[level, USED_X] = 1
        levels[level, USED_Y] = 1
        while slot >= 0 and slots[SLOT_LEVEL, slot] == level:
            mesh = slots[SLOT_MESH, slot]
            for place in range(_DIMENSIONS - 1, -1, -1):
                dimension = orders[slot, place]
                bound = factors[slot, dimension]
                if bound == 1:
                    continue
                scale = extents[dimension]
                extents[dimension] = scale * bound
                axis = dims[AXIS + _INPUTS, dimension]
                shift = scale * dims[SHIFT, dimension]
                step = scale * dims[STEP + _INPUTS, dimension]
                if mesh > 0:
                    levels[level, USED_X - 1 + mesh] *= bound
                    inner[LOOP_BOUND, spatial] = bound
                    inner[LOOP_DIM, spatial] = dimension
                    inner[LOOP_SCALE, spatial] = scale
                    inner[LOOP_AXIS, spatial] = axis
                    inner[LOOP_SHIFT, spatial] = shift
                    inner[LOOP_STEP, spatial] = step
                    spatial += 1
                else:
                    loops[LOOP_BOUND, temporal] = bound
                    loops[LOOP_DIM, temporal] = dimension
                    loops[LOOP_SCALE, temporal] = scale
                    loops[LOOP_AXIS, temporal] = axis
                    loops[LOOP_SHIFT, temporal] = shift
                    loops[LOOP_STEP, temporal] = step
                    temporal += 1
            slot -= 1
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
def steps_of(dims: IntArray, loops: IntArray, count: int, k: int) -> int:
    """The row of a table of loops that holds the packed steps of a tensor; filled if it is not Inputs."""
    if k == _INPUTS:
        return LOOP_STEP
    for j in range(count):
        loops[LOOP_OTHER, j] = loops[LOOP_SCALE, j] * dims[STEP + k, loops[LOOP_DIM, j]]
    return LOOP_OTHER
