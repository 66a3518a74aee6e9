"""Energy and cycles of many given mappings of one architecture and layer, in one compiled loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import QadamError
from ..hardware.archspec import ArchSpec
from ..jit import jit_lean
from ..ppa.energy_table import EnergyTable
from ..workloads.layer import Layer
from .counts import CYCLES, VALID, Counts, FloatArray, count_mapping, empty_counts
from .deliveries import IntArray
from .nest import Mapping
from .nest_arrays import Nest, empty_nest
from .plan import make_plan, mapping_arrays, slot_names
from .tables import Tables, pack
from .words import WORD, too_wide


@dataclass(frozen=True, slots=True)
class BulkResult:
    """Costs of N mappings, bit for bit what `model.evaluate` says of each.

    Attributes
    ----------
    valid : bool (N,).
    energy_pj : float64 (N,), nan where invalid.
    cycles : int64 (N,), -1 where invalid.
    """

    valid: NDArray[np.bool_]
    energy_pj: NDArray[np.float64]
    cycles: NDArray[np.int64]


def evaluate_many(
    spec: ArchSpec,
    layer: Layer,
    energy: EnergyTable,
    factors: NDArray[np.integer],
    orders: NDArray[np.integer],
    packing: str = WORD,
) -> BulkResult:
    """Price N mappings.

    Parameters
    ----------
    factors : integers (N, S, 8), bound of each dimension (order of `DIMENSIONS`) in each slot (`plan.slot_names`).
    orders : integers (N, S, 8), permutation of 0..7 per slot: the dimensions outermost first.
        int32 factors and int8 orders are read as they are, others are converted first: reading them from memory is a
        third of the time.
    packing : how elements lie in words, one of `words.PACKINGS`.

    Raises
    ------
    QadamError : arrays of another shape.
    InputError : see `model.evaluate`.
    """
    expected = (len(factors), len(slot_names(spec)), 8)
    if factors.shape != expected or orders.shape != expected:
        raise QadamError(f"factors {factors.shape} and orders {orders.shape} must both be of shape {expected}")
    energies, cycles = np.empty(len(factors)), np.empty(len(factors), np.int64)
    if too_wide(spec, layer) is not None:
        none = np.zeros(len(factors), np.bool_)
        return BulkResult(none, np.full(len(factors), np.nan), np.full(len(factors), -1, np.int64))
    tables = pack(make_plan(spec, layer, energy, packing))
    _price_all(
        tables,
        np.ascontiguousarray(factors, np.int32),
        np.ascontiguousarray(orders, np.int8),
        empty_nest(tables),
        empty_counts(tables),
        energies,
        cycles,
    )
    return BulkResult(valid=cycles >= 0, energy_pj=energies, cycles=cycles)


def stack_mappings(spec: ArchSpec, mappings: Sequence[Mapping]) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Factors and orders (N, S, 8) of mappings, for `evaluate_many`."""
    arrays = [mapping_arrays(spec, mapping) for mapping in mappings]
    factors = np.stack([factors for factors, _ in arrays]).astype(np.int32)
    return factors, np.stack([orders for _, orders in arrays]).astype(np.int8)


@jit_lean
def _price_all(
    tables: Tables,
    factors: NDArray[np.int32],
    orders: NDArray[np.int8],
    nest: Nest,
    counts: Counts,
    energies: FloatArray,
    cycles: IntArray,
) -> None:
    """Count every mapping; energies and cycles receive the totals."""
    for n in range(factors.shape[0]):
        if count_mapping(tables, factors[n], orders[n], nest, counts) == VALID:
            energies[n] = counts.total[0]
            cycles[n] = counts.summary[CYCLES]
        else:
            energies[n] = np.nan
            cycles[n] = -1
