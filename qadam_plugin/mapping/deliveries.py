"""How many words a level hands to the level below it, for one tensor: Timeloop's rule in closed form.

The rule
--------
Timeloop (``analysis/nest-analysis.cpp``; default engine, not the polyhedral one) walks the temporal loops at and
above a level, but visits only the indices 0 and 1 of each; index 1 stands for all that remain. Each visit asks for
the child's tile, a box. What is handed over is the whole tile, or the tile without the previous one if the step
from the previous visit equals a remembered one (or none is remembered), or nothing if the tile did not move. A step
that differs from the remembered one erases it.

The closed form
---------------
Between two successive visits exactly one loop k goes from 0 to 1 and all loops inside it fall back from 1 to 0, so the
step is ``t_k = d_k - sum(d_j, j inside k)``: n steps, not 2^n. Let loop 1 be the innermost loop that moves the tile.
Each step of another loop outside it directly follows a step of loop 1, which leaves ``t_1`` remembered, and is directly
followed by one. So the memory is always empty or ``t_1``, and

    words = tile + sum over k of D_k * (b_k - 1) * product(b_j, j outside k)
    D_1 = |tile minus tile moved by t_1|;  D_k = 0 if t_k = 0, D_1 if t_k = t_1, else the whole tile.

Approximations of Timeloop that follow from it, kept because people compare with Timeloop:

* a halo is reused along one direction only; after a change of direction the whole tile is handed over again;
* a wrap-around is judged from index 1, not from the last index: some halos are kept that a machine would lose and the
  other way round, and a filter loop outside an output loop may look stationary (``t_k = 0``) when it is not;
* Outputs follow the same rule: each delta is one more arrival of this partial-sum tile.

Tiles of Weights and Outputs never overlap, so for them all this is tile times the bounds of all loops from the
innermost moving one outward.

Loops are columns of a table, innermost first, bounds of 1 left out. Its rows:

* `LOOP_BOUND`: iterations;
* `LOOP_AXIS`: axis of Inputs that the loop moves along, -1 if it does not move them;
* `LOOP_SHIFT`: displacement of one iteration along that axis, >= 0;
* `LOOP_STEP`: the same displacement as one integer for the whole coordinate vector (`packing`), so that steps add up
  and compare as scalars;
* `LOOP_OTHER`: the same for another tensor, where one is asked for;
* `LOOP_DIM`, `LOOP_SCALE`: its dimension, and the product of the bounds of that dimension inside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..jit import step

#: Axes of a tensor at most: Inputs have N, C, width, height, G.
AXES = 5

#: Rows of a table of loops.
LOOP_BOUND, LOOP_AXIS, LOOP_SHIFT, LOOP_STEP, LOOP_OTHER, LOOP_DIM, LOOP_SCALE = range(7)

IntArray = NDArray[np.int64]


def packing(extents: IntArray) -> IntArray:
    """Weights that turn a displacement vector into one integer without collisions.

    Parameters
    ----------
    extents : int64 (AXES,), extents of the whole tensor in words.

    Returns
    -------
    int64 (AXES,): ``step = sum(displacement[a] * weight[a])`` is injective for ``|displacement[a]| <= 2 * extents[a]``.
    """
    return np.concatenate(([1], np.cumprod(4 * extents[:-1] + 1)))


@step
def fresh_words(shift: int, extent: int, tile: int) -> int:
    """Words of a tile that its copy moved by `shift` along an axis of this `extent` lacks: size minus overlap."""
    if shift >= extent:
        return tile
    return tile // extent * shift


@step
def delivered_words(loops: IntArray, begin: int, end: int, extents: IntArray, row: int, tile: int) -> int:
    """Words of Inputs handed to one child over the whole run, spatial sharing left out.

    Parameters
    ----------
    loops : int64 (7, at least `end`), temporal loops; those at and above the level are `begin` to `end`.
    extents : int64 (any, AXES), `extents[row]` is the child's tile. tile : its size.
    """
    first = begin
    while first < end and loops[LOOP_AXIS, first] < 0:
        first += 1
    if first == end:
        return tile
    fresh = fresh_words(loops[LOOP_SHIFT, first], extents[row, loops[LOOP_AXIS, first]], tile)
    repeated = loops[LOOP_STEP, first]
    inside = 0
    for j in range(first, end):
        inside += loops[LOOP_STEP, j]
    outer = 1  # iterations of the loops outside the current one
    words = tile
    for k in range(end - 1, first, -1):
        bound = loops[LOOP_BOUND, k]
        inside -= loops[LOOP_STEP, k]
        step = loops[LOOP_STEP, k] - inside
        if step == repeated:
            words += fresh * (bound - 1) * outer
        elif step != 0:
            words += tile * (bound - 1) * outer
        outer *= bound
    return words + fresh * (loops[LOOP_BOUND, first] - 1) * outer
