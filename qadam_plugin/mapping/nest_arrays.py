"""A loop nest as flat arrays, innermost loop first: what deliveries and tiles are computed from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._jit import jit
from .deliveries import AXES, IntArray
from .tables import AXIS, SHIFT, SLOT_LEVEL, SLOT_MESH, STEP, Tables

_DIMENSIONS = 8
_INPUTS = 1
_C, _M, _R, _S, _N, _P, _Q, _G = range(_DIMENSIONS)

#: Rows of `Nest.loops` and `Nest.inner`.
LOOP_BOUND, LOOP_DIM, LOOP_SCALE, LOOP_AXIS, LOOP_SHIFT, LOOP_STEP = range(6)
#: Columns of `Nest.levels`; WORDS has one per tensor, TILE one per axis of Inputs.
FIRST, INNER_FIRST, USED_X, USED_Y, WORDS, TILE = 0, 1, 2, 3, 4, 7


class Nest(NamedTuple):
    """Loops of one mapping, innermost first, bounds of 1 left out. Scratch space: reused from mapping to mapping.

    Attributes
    ----------
    loops : int64 (6, S * 8), temporal loops: iterations; dimension; product of the bounds of the same dimension inside;
        axis, shift and packed step of Inputs, see `deliveries`.
    inner : int64 (6, S * 8), spatial loops likewise, X inside Y within a container.
    levels : int64 (L + 1, 12), row l: number of temporal and of spatial loops inside level l; children in use along X
        and Y; words of each tensor's tile and extents of the Inputs' tile *below* level l, one operand for level 0.
    visits : int64 (2, S * 8), for `fanout.alike_visits`.
    extents : int64 (8,), product of all bounds of each dimension.
    """

    loops: IntArray
    inner: IntArray
    levels: IntArray
    visits: IntArray
    extents: IntArray


def empty_nest(tables: Tables) -> Nest:
    """Scratch space for the mappings of a tables."""
    loops = tables.slots.shape[1] * _DIMENSIONS
    return Nest(
        loops=np.zeros((6, loops), np.int64),
        inner=np.zeros((6, loops), np.int64),
        levels=np.ones((len(tables.levels) + 1, TILE + AXES), np.int64),
        visits=np.zeros((2, loops), np.int64),
        extents=np.ones(_DIMENSIONS, np.int64),
    )


@jit
def flatten(tables: Tables, factors: IntArray, orders: IntArray, nest: Nest) -> None:
    """Fill `nest` from a mapping, innermost slot first.

    Parameters
    ----------
    factors, orders : int64 (S, 8), see `plan.mapping_arrays`.
    """
    dims = tables.dims
    loops, inner, levels, extents = nest.loops, nest.inner, nest.levels, nest.extents
    extents[:] = 1
    temporal = 0
    spatial = 0
    slot = tables.slots.shape[1] - 1
    for level in range(tables.levels.shape[0]):
        levels[level, FIRST] = temporal
        levels[level, INNER_FIRST] = spatial
        levels[level, USED_X] = 1
        levels[level, USED_Y] = 1
        while slot >= 0 and tables.slots[SLOT_LEVEL, slot] == level:
            mesh = tables.slots[SLOT_MESH, slot]
            for place in range(_DIMENSIONS - 1, -1, -1):
                dimension = orders[slot, place]
                bound = factors[slot, dimension]
                if bound == 1:
                    continue
                scale = extents[dimension]
                extents[dimension] = scale * bound
                if mesh > 0:
                    levels[level, USED_X - 1 + mesh] *= bound
                    target, j = inner, spatial
                    spatial += 1
                else:
                    target, j = loops, temporal
                    temporal += 1
                target[LOOP_BOUND, j] = bound
                target[LOOP_DIM, j] = dimension
                target[LOOP_SCALE, j] = scale
                target[LOOP_AXIS, j] = dims[AXIS + _INPUTS, dimension]
                target[LOOP_SHIFT, j] = scale * dims[SHIFT, dimension]
                target[LOOP_STEP, j] = scale * dims[STEP + _INPUTS, dimension]
            slot -= 1
        c, m, r, s = extents[_C], extents[_M], extents[_R], extents[_S]
        n, p, q, g = extents[_N], extents[_P], extents[_Q], extents[_G]
        width = 1 + (r - 1) * dims[SHIFT, _R] + (p - 1) * dims[SHIFT, _P]
        height = 1 + (s - 1) * dims[SHIFT, _S] + (q - 1) * dims[SHIFT, _Q]
        levels[level + 1, WORDS] = c * m * r * s * g
        levels[level + 1, WORDS + 1] = n * c * width * height * g
        levels[level + 1, WORDS + 2] = n * m * p * q * g
        levels[level + 1, TILE] = n
        levels[level + 1, TILE + 1] = c
        levels[level + 1, TILE + 2] = width
        levels[level + 1, TILE + 3] = height
        levels[level + 1, TILE + 4] = g
    levels[tables.levels.shape[0], FIRST] = temporal
    levels[tables.levels.shape[0], INNER_FIRST] = spatial


@jit
def tensor_steps(tables: Tables, loops: IntArray, count: int, k: int) -> IntArray:
    """Packed steps of any tensor, int64 (count,); those of Inputs lie ready in the loops."""
    steps = np.empty(count, np.int64)
    for j in range(count):
        steps[j] = loops[LOOP_SCALE, j] * tables.dims[STEP + k, loops[LOOP_DIM, j]]
    return steps
