"""One architecture, layer and energy table as plain arrays: what the compiled kernels read.

Levels are numbered innermost first here (0 is just above the MACs), because tiles grow from the inside.
A mapping becomes two arrays over *slots*: one slot per storage (its temporal loops), two per container (Y loops, then
X loops), outermost first, as in a `Mapping`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping as Table
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..hardware.archspec import ArchSpec, Fanout, Storage
from ..ppa.energy_table import EnergyTable
from ..workloads.layer import DIMENSIONS, TENSORS, Layer
from .deliveries import packing
from .nest import SPATIAL_X, SPATIAL_Y, TEMPORAL, Mapping
from .words import WORD, bits_at, check_packing, operands_per_word, too_wide

#: Axis of each tensor (rows, as `TENSORS`) along which a loop of each dimension (columns, as `DIMENSIONS`) moves; -1:
#: none.
TENSOR_AXES = np.array(
    [
        # C   M   R   S   N   P   Q   G
        [0, 1, 2, 3, -1, -1, -1, 4],  # Weights[C][M][R][S][G]
        [1, -1, 2, 3, 0, 2, 3, 4],  # Inputs[N][C][width][height][G]
        [-1, 1, -1, -1, 0, 3, 2, 4],  # Outputs[N][M][Q][P][G]
    ],
    dtype=np.int64,
)

_UNBOUNDED = np.iinfo(np.int64).max

#: Words of a tensor that are counted at most: the kernels multiply two shares of one.
_MOST_WORDS = math.isqrt(_UNBOUNDED)


class Plan(NamedTuple):
    """Arrays of L levels innermost first, S slots outermost first, 3 tensors, 8 dimensions.

    Attributes
    ----------
    bounds : int64 (8,), the layer.
    axes, shifts : int64 (3, 8), axis and displacement in words of one unit of each dimension.
    weights : int64 (3, 5), `deliveries.packing` of each tensor.
    slot_level : int64 (S,), level of each slot. slot_spatial : int64 (S,), 0 temporal, 1 X, 2 Y.
    container : bool (L,). mesh : int64 (L, 2), X and Y children; 1 for storages.
    keep : bool (L, 3). top : int64 (3,), outermost level that keeps the tensor.
    size : int64 (L,), words; the largest integer if unbounded.
    block : int64 (L,), words per access.
    cluster_size, clusters : int64 (L,), instances that share accesses; such groups, the largest integer if none do.
    fit : int64 (L, 3, 2), elements of each tensor that fit, and the words that they fit into, see `words`.
    energy : float64 (L, 4), pJ of read, write, update, and leak per cycle. compute : pJ of one MAC operation.
    bandwidth : float64 (L, 2), words per cycle read and written, inf if unlimited.
    macs : int64 (3,), MAC instances, along X, along Y.
    """

    bounds: NDArray[np.int64]
    axes: NDArray[np.int64]
    shifts: NDArray[np.int64]
    weights: NDArray[np.int64]
    slot_level: NDArray[np.int64]
    slot_spatial: NDArray[np.int64]
    container: NDArray[np.bool_]
    mesh: NDArray[np.int64]
    keep: NDArray[np.bool_]
    top: NDArray[np.int64]
    size: NDArray[np.int64]
    block: NDArray[np.int64]
    cluster_size: NDArray[np.int64]
    clusters: NDArray[np.int64]
    fit: NDArray[np.int64]
    energy: NDArray[np.float64]
    compute: float
    bandwidth: NDArray[np.float64]
    macs: NDArray[np.int64]


def make_plan(spec: ArchSpec, layer: Layer, energy: EnergyTable, packing: str = WORD) -> Plan:
    """Arrays of one architecture, layer and energy table; `packing` is one of `words.PACKINGS`.

    Raises
    ------
    InputError : a tensor that no level keeps, that is too large to count or too wide for a word, or an action without
        energy. `write`
        stands in for a missing `update`, as in Timeloop; for a missing `read` or `write` Timeloop takes a built-in
        formula, which is refused here.
    """
    check_packing(packing)
    has_bits = any(bits is not None for bits in layer.bits)
    if (violation := too_wide(spec, layer)) is not None:
        raise InputError("problem", violation.tensor, violation.text)
    inner_first = spec.levels[-2::-1]
    count = len(inner_first)
    slot_level: list[int] = []
    slot_spatial: list[int] = []
    container = np.zeros(count, np.bool_)
    mesh = np.ones((count, 2), np.int64)
    keep = np.zeros((count, len(TENSORS)), np.bool_)
    size = np.full(count, _UNBOUNDED, np.int64)
    block, cluster_size = np.ones((2, count), np.int64)
    clusters = np.full(count, _UNBOUNDED, np.int64)
    fit = np.ones((count, len(TENSORS), 2), np.int64)
    prices = np.zeros((count, 4))
    bandwidth = np.full((count, 2), np.inf)
    for index, level in enumerate(inner_first):
        if isinstance(level, Fanout):
            container[index] = True
            mesh[index] = level.mesh_x, level.mesh_y
        elif isinstance(level, Storage):
            keep[index] = [tensor in level.keep for tensor in TENSORS]
            if level.size_words is not None:
                size[index] = level.size_words
            block[index] = level.block_size
            if level.cluster_size > 1:
                cluster_size[index] = level.cluster_size
                clusters[index] = level.instances // level.cluster_size
            for k, tensor in enumerate(TENSORS if has_bits else ()):
                ratio = operands_per_word(level.datawidth, bits_at(level, layer, tensor), packing)
                fit[index, k] = ratio.as_integer_ratio()
            prices[index] = _storage_prices(level.name, energy)
            for port, limit in enumerate((level.read_bandwidth, level.write_bandwidth)):
                if limit is not None:
                    bandwidth[index, port] = limit
    for index in range(count - 1, -1, -1):
        slot_level += [index, index] if container[index] else [index]
        slot_spatial += [2, 1] if container[index] else [0]
    axes, shifts, weights = _layer_arrays(layer)
    return Plan(
        bounds=np.array(layer.bounds, np.int64),
        axes=axes,
        shifts=shifts,
        weights=weights,
        slot_level=np.array(slot_level, np.int64),
        slot_spatial=np.array(slot_spatial, np.int64),
        container=container,
        mesh=mesh,
        keep=keep,
        top=_outermost_keepers(spec, keep),
        size=size,
        block=block,
        cluster_size=cluster_size,
        clusters=clusters,
        fit=fit,
        energy=prices,
        compute=_price(spec.compute.name, energy, "compute"),
        bandwidth=bandwidth,
        macs=np.array([spec.cols * spec.rows, spec.cols, spec.rows], np.int64),
    )


def _outermost_keepers(spec: ArchSpec, keep: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Outermost level that keeps each tensor."""
    for tensor, kept in zip(TENSORS, keep.T, strict=True):
        if not kept.any():
            raise InputError(spec.source, "architecture", f"no storage keeps {tensor}: let at least one do so")
    return np.array([np.flatnonzero(kept)[-1] for kept in keep.T], np.int64)


def _layer_arrays(layer: Layer) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Axes, shifts and packing weights of the three tensors."""
    shifts = (TENSOR_AXES >= 0).astype(np.int64)
    sliding = {"R": layer.Wdilation, "P": layer.Wstride, "S": layer.Hdilation, "Q": layer.Hstride}
    for dimension, coefficient in sliding.items():
        shifts[TENSORS.index("Inputs"), DIMENSIONS.index(dimension)] = coefficient
    extents = np.array(
        [
            [layer.C, layer.M, layer.R, layer.S, layer.G],
            [layer.N, layer.C, layer.input_width, layer.input_height, layer.G],
            [layer.N, layer.M, layer.Q, layer.P, layer.G],
        ],
        np.int64,
    )
    for tensor, row in zip(TENSORS, extents.tolist(), strict=True):
        if (words := math.prod(row)) > _MOST_WORDS:
            raise InputError(
                "problem", tensor, f"{words} words; up to {_MOST_WORDS} can be counted: split the layer into parts"
            )
    return TENSOR_AXES, shifts, np.stack([packing(row) for row in extents])


def _storage_prices(name: str, energy: EnergyTable) -> tuple[float, float, float, float]:
    """pJ of read, write, update and leak of a storage."""
    actions = energy.energy_pj.get(name, {})
    write = _price(name, energy, "write")
    return _price(name, energy, "read"), write, actions.get("update", write), actions.get("leak", 0.0)


def _price(name: str, energy: EnergyTable, action: str) -> float:
    """pJ of one action."""
    actions: Table[str, float] | None = energy.energy_pj.get(name)
    if actions is None:
        known = ", ".join(sorted(energy.energy_pj)) or "none"
        raise InputError("energy table", name, f"no energies for this component; the table has: {known}")
    if action not in actions:
        known = ", ".join(sorted(actions)) or "none"
        raise InputError("energy table", f"{name}.{action}", f"no energy for this action; the table has: {known}")
    return actions[action]


def slot_names(spec: ArchSpec) -> list[tuple[str, str]]:
    """(level, kind) of each slot, outermost first."""
    names: list[tuple[str, str]] = []
    for level in spec.levels[:-1]:
        if isinstance(level, Fanout):
            names += [(level.name, SPATIAL_Y), (level.name, SPATIAL_X)]
        else:
            names.append((level.name, TEMPORAL))
    return names


def mapping_arrays(spec: ArchSpec, mapping: Mapping) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A mapping as factors and orders.

    Returns
    -------
    factors : int64 (S, 8), bound of each dimension (as `DIMENSIONS`) in each slot.
    orders : int64 (S, 8), indices of the dimensions of each slot, outermost first.

    Raises
    ------
    InputError : a level or kind that the architecture has not, a dimension twice in one level, a bound below 1.
    """
    names = slot_names(spec)
    factors = np.ones((len(names), len(DIMENSIONS)), np.int64)
    orders = np.tile(np.arange(len(DIMENSIONS)), (len(names), 1))
    place = {name: slot for slot, name in enumerate(names)}
    used: dict[str, set[str]] = {}
    for entry in mapping.entries:
        slot = place.get((entry.level, entry.kind))
        if slot is None:
            allowed = ", ".join(f"{level} ({kind})" for level, kind in names)
            raise InputError("mapping", entry.level, f"{spec.name} has no {entry.kind} loops there; it has: {allowed}")
        seen = used.setdefault(entry.level, set())
        listed: list[int] = []
        for dimension, bound in entry.loops:
            if dimension not in DIMENSIONS:
                raise InputError("mapping", entry.level, f"dimension {dimension} is none of {', '.join(DIMENSIONS)}")
            if dimension in seen:
                raise InputError(
                    "mapping", entry.level, f"dimension {dimension} stands twice; Timeloop allows one loop"
                )
            if bound < 1:
                raise InputError("mapping", entry.level, f"bound {bound} of {dimension} must be at least 1")
            seen.add(dimension)
            listed.append(DIMENSIONS.index(dimension))
            factors[slot, listed[-1]] = bound
        rest = [index for index in range(len(DIMENSIONS)) if index not in listed]
        orders[slot] = rest + listed
    return factors, orders
