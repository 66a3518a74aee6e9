"""The plan of one architecture, layer and energy table in a few compact arrays: what the counting kernel reads.

Compiled functions pass arrays on at a cost that grows with their number, so many small ones are laid together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .plan import Plan

#: Rows of `Tables.dims`; AXIS and STEP have one row per tensor.
BOUND, SHIFT, AXIS, STEP = 0, 1, 2, 5
#: Rows of `Tables.slots`.
SLOT_LEVEL, SLOT_MESH = range(2)
#: Columns of `Tables.levels`; KEEP, FIT and WITHIN have one column per tensor.
CONTAINER, MESH_X, MESH_Y, SIZE, BLOCK, KEEP, BLOCK_BITS, CLUSTERS, FIT, WITHIN = 0, 1, 2, 3, 4, 5, 8, 9, 10, 13
#: Columns of `Tables.prices`.
READ, WRITE, UPDATE, LEAK, READ_BANDWIDTH, WRITE_BANDWIDTH = range(6)

_INPUTS = 1


class Tables(NamedTuple):
    """Arrays of L levels innermost first, S slots outermost first, 3 tensors, 8 dimensions.

    Attributes
    ----------
    dims : int64 (8, 8), per dimension (columns): the layer's bound; displacement of Inputs in words; axis of each
        tensor that it moves along, -1 if none; displacement of each tensor packed into one integer, see `deliveries`.
    slots : int64 (2, S), level of each slot; 0 temporal, 1 X, 2 Y.
    levels : int64 (L, 16), 1 for a container; children along X and Y; words of room (the largest integer if
        unbounded); words per access; 1 for each tensor kept; logarithm of the words per access, -1 if they are no
        power of two; groups of instances that share accesses (the largest integer if none do); elements of each tensor
        that fit into so many words, and these.
    prices : float64 (L, 6), pJ of read, write, update, and leak per cycle; words per cycle read and written, inf if
        unlimited.
    top : int64 (3,), outermost level that keeps the tensor.
    macs : int64 (3,), MAC instances, along X, along Y.
    packed : whether words hold several elements anywhere.
    compute : pJ of one MAC operation.
    """

    dims: NDArray[np.int64]
    slots: NDArray[np.int64]
    levels: NDArray[np.int64]
    prices: NDArray[np.float64]
    top: NDArray[np.int64]
    macs: NDArray[np.int64]
    packed: bool
    compute: float


def pack(plan: Plan) -> Tables:
    """Tables of a plan."""
    steps = plan.shifts * np.take_along_axis(plan.weights, np.maximum(plan.axes, 0), axis=1)
    bits = [int(block).bit_length() - 1 if block & (block - 1) == 0 else -1 for block in plan.block]
    return Tables(
        dims=np.vstack([plan.bounds, plan.shifts[_INPUTS], plan.axes, steps]),
        slots=np.stack([plan.slot_level, plan.slot_spatial]),
        levels=np.column_stack(
            [
                plan.container,
                plan.mesh,
                plan.size,
                plan.block,
                plan.keep,
                bits,
                plan.clusters,
                *np.moveaxis(plan.fit, 2, 0),
            ]
        ).astype(np.int64),
        prices=np.hstack([plan.energy, plan.bandwidth]),
        top=plan.top,
        macs=plan.macs,
        packed=bool((plan.fit[..., 0] != plan.fit[..., 1]).any()),
        compute=plan.compute,
    )
