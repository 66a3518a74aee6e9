"""A loop nest as flat arrays, innermost loop first: what deliveries and tiles are computed from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._jit import jit
from .deliveries import AXES, IntArray
from .plan import Plan

_TENSORS = 3
_DIMENSIONS = 8


class Nest(NamedTuple):
    """Loops of one mapping, innermost first, bounds of 1 left out. Scratch space: reused from mapping to mapping.

    Attributes
    ----------
    bounds : int64 (S * 8,), temporal loops.
    inner_bounds : int64 (S * 8,), spatial loops, X inside Y within a container.
    first, inner_first : int64 (L + 1,), number of temporal and of spatial loops inside a level.
    axes, shifts, steps, inner_axes, inner_shifts, inner_steps : int64 (3, S * 8), see `deliveries`.
    tile : int64 (L + 1, 3, 5), extents of each tensor's tile at and inside level l - 1; index 0 is one operand.
    """

    bounds: IntArray
    inner_bounds: IntArray
    first: IntArray
    inner_first: IntArray
    axes: IntArray
    shifts: IntArray
    steps: IntArray
    inner_axes: IntArray
    inner_shifts: IntArray
    inner_steps: IntArray
    tile: IntArray


def empty_nest(levels: int, slots: int) -> Nest:
    """Scratch space for mappings of an architecture with so many levels and slots."""
    loops = slots * _DIMENSIONS
    return Nest(
        bounds=np.zeros(loops, np.int64),
        inner_bounds=np.zeros(loops, np.int64),
        first=np.zeros(levels + 1, np.int64),
        inner_first=np.zeros(levels + 1, np.int64),
        axes=np.zeros((_TENSORS, loops), np.int64),
        shifts=np.zeros((_TENSORS, loops), np.int64),
        steps=np.zeros((_TENSORS, loops), np.int64),
        inner_axes=np.zeros((_TENSORS, loops), np.int64),
        inner_shifts=np.zeros((_TENSORS, loops), np.int64),
        inner_steps=np.zeros((_TENSORS, loops), np.int64),
        tile=np.ones((levels + 1, _TENSORS, AXES), np.int64),
    )


@jit
def flatten(plan: Plan, factors: IntArray, orders: IntArray, nest: Nest) -> tuple[int, int]:
    """Fill `nest` from a mapping, innermost slot first.

    Parameters
    ----------
    factors, orders : int64 (S, 8), see `plan.mapping_arrays`.

    Returns
    -------
    The first dimension whose factors do not multiply to the layer's bound and what they multiply to; (-1, 0) if all do.
    """
    extents = np.ones(_DIMENSIONS, np.int64)
    levels = plan.container.size
    for k in range(_TENSORS):
        for axis in range(AXES):
            nest.tile[0, k, axis] = 1
    loops = 0
    inner_loops = 0
    slot = plan.slot_level.size - 1
    for level in range(levels):
        nest.first[level] = loops
        nest.inner_first[level] = inner_loops
        while slot >= 0 and plan.slot_level[slot] == level:
            is_spatial = plan.slot_spatial[slot] > 0
            for place in range(_DIMENSIONS - 1, -1, -1):
                dimension = orders[slot, place]
                bound = factors[slot, dimension]
                if bound == 1:
                    continue
                scale = extents[dimension]
                if is_spatial:
                    nest.inner_bounds[inner_loops] = bound
                    for k in range(_TENSORS):
                        axis = plan.axes[k, dimension]
                        shift = plan.shifts[k, dimension] * scale
                        nest.inner_axes[k, inner_loops] = axis
                        nest.inner_shifts[k, inner_loops] = shift
                        nest.inner_steps[k, inner_loops] = shift * plan.weights[k, axis] if axis >= 0 else 0
                    inner_loops += 1
                else:
                    nest.bounds[loops] = bound
                    for k in range(_TENSORS):
                        axis = plan.axes[k, dimension]
                        shift = plan.shifts[k, dimension] * scale
                        nest.axes[k, loops] = axis
                        nest.shifts[k, loops] = shift
                        nest.steps[k, loops] = shift * plan.weights[k, axis] if axis >= 0 else 0
                    loops += 1
                extents[dimension] = scale * bound
            slot -= 1
        for k in range(_TENSORS):
            for axis in range(AXES):
                nest.tile[level + 1, k, axis] = 1
            for dimension in range(_DIMENSIONS):
                axis = plan.axes[k, dimension]
                if axis >= 0:
                    nest.tile[level + 1, k, axis] += plan.shifts[k, dimension] * (extents[dimension] - 1)
    nest.first[levels] = loops
    nest.inner_first[levels] = inner_loops
    for dimension in range(_DIMENSIONS):
        if extents[dimension] != plan.bounds[dimension]:
            return dimension, extents[dimension]
    return -1, 0
