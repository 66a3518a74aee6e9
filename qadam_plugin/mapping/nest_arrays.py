"""A loop nest as flat arrays, innermost loop first: what deliveries and tiles are computed from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._jit import jit
from .deliveries import AXES, IntArray
from .plan import Plan

_TENSORS = 3
_DIMENSIONS = 8
_INPUTS = 1
_C, _M, _R, _S, _N, _P, _Q, _G = range(_DIMENSIONS)


class Nest(NamedTuple):
    """Loops of one mapping, innermost first, bounds of 1 left out. Scratch space: reused from mapping to mapping.

    Attributes
    ----------
    bounds, dims, scales : int64 (S * 8,), temporal loops: iterations, dimension, product of the bounds of the same
        dimension inside.
    axes, shifts, steps : int64 (S * 8,), how they move Inputs, see `deliveries`.
    inner_bounds, inner_dims, inner_scales, inner_axes, inner_shifts, inner_steps : the same of spatial loops, X inside
        Y within a container.
    first, inner_first : int64 (L + 1,), number of temporal and of spatial loops inside a level.
    used : int64 (L, 2), children in use along X and Y.
    tile : int64 (L + 1, 5), extents of the Inputs' tile at and inside level l - 1; row 0 is one operand.
    words : int64 (L + 1, 3), size of each tensor's tile, likewise.
    taken, alike : int64 (S * 8,), for `fanout.alike_visits`.
    extents : int64 (8,), product of all bounds of each dimension.
    """

    bounds: IntArray
    dims: IntArray
    scales: IntArray
    axes: IntArray
    shifts: IntArray
    steps: IntArray
    inner_bounds: IntArray
    inner_dims: IntArray
    inner_scales: IntArray
    inner_axes: IntArray
    inner_shifts: IntArray
    inner_steps: IntArray
    first: IntArray
    inner_first: IntArray
    used: IntArray
    tile: IntArray
    words: IntArray
    taken: IntArray
    alike: IntArray
    extents: IntArray


def empty_nest(levels: int, slots: int) -> Nest:
    """Scratch space for mappings of an architecture with so many levels and slots."""
    loops = slots * _DIMENSIONS
    return Nest(
        *(np.zeros(loops, np.int64) for _ in range(12)),
        first=np.zeros(levels + 1, np.int64),
        inner_first=np.zeros(levels + 1, np.int64),
        used=np.ones((levels, 2), np.int64),
        tile=np.ones((levels + 1, AXES), np.int64),
        words=np.ones((levels + 1, _TENSORS), np.int64),
        taken=np.zeros(loops, np.int64),
        alike=np.zeros(loops, np.int64),
        extents=np.ones(_DIMENSIONS, np.int64),
    )


@jit
def flatten(plan: Plan, factors: IntArray, orders: IntArray, nest: Nest) -> None:
    """Fill `nest` from a mapping, innermost slot first.

    Parameters
    ----------
    factors, orders : int64 (S, 8), see `plan.mapping_arrays`.
    """
    extents = nest.extents
    extents[:] = 1
    loops = 0
    inner = 0
    slot = plan.slot_level.size - 1
    for level in range(plan.container.size):
        nest.first[level] = loops
        nest.inner_first[level] = inner
        nest.used[level, 0] = 1
        nest.used[level, 1] = 1
        while slot >= 0 and plan.slot_level[slot] == level:
            mesh_axis = plan.slot_spatial[slot]
            for place in range(_DIMENSIONS - 1, -1, -1):
                dimension = orders[slot, place]
                bound = factors[slot, dimension]
                if bound == 1:
                    continue
                scale = extents[dimension]
                extents[dimension] = scale * bound
                axis = plan.axes[_INPUTS, dimension]
                shift = scale * plan.shifts[_INPUTS, dimension]
                step = scale * plan.steps[_INPUTS, dimension]
                if mesh_axis > 0:
                    nest.used[level, mesh_axis - 1] *= bound
                    nest.inner_bounds[inner] = bound
                    nest.inner_dims[inner] = dimension
                    nest.inner_scales[inner] = scale
                    nest.inner_axes[inner] = axis
                    nest.inner_shifts[inner] = shift
                    nest.inner_steps[inner] = step
                    inner += 1
                else:
                    nest.bounds[loops] = bound
                    nest.dims[loops] = dimension
                    nest.scales[loops] = scale
                    nest.axes[loops] = axis
                    nest.shifts[loops] = shift
                    nest.steps[loops] = step
                    loops += 1
            slot -= 1
        c, m, r, s = extents[_C], extents[_M], extents[_R], extents[_S]
        n, p, q, g = extents[_N], extents[_P], extents[_Q], extents[_G]
        width = 1 + (r - 1) * plan.shifts[_INPUTS, _R] + (p - 1) * plan.shifts[_INPUTS, _P]
        height = 1 + (s - 1) * plan.shifts[_INPUTS, _S] + (q - 1) * plan.shifts[_INPUTS, _Q]
        nest.tile[level + 1, 0] = n
        nest.tile[level + 1, 1] = c
        nest.tile[level + 1, 2] = width
        nest.tile[level + 1, 3] = height
        nest.tile[level + 1, 4] = g
        nest.words[level + 1, 0] = c * m * r * s * g
        nest.words[level + 1, 1] = n * c * width * height * g
        nest.words[level + 1, 2] = n * m * p * q * g
    nest.first[plan.container.size] = loops
    nest.inner_first[plan.container.size] = inner


@jit
def tensor_steps(plan: Plan, dims: IntArray, scales: IntArray, count: int, k: int) -> IntArray:
    """Packed steps of any tensor, int64 (count,); those of Inputs lie ready in `Nest`."""
    steps = np.empty(count, np.int64)
    for j in range(count):
        steps[j] = scales[j] * plan.steps[k, dims[j]]
    return steps
