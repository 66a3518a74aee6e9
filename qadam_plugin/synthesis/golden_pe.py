"""What a PE, or an array of them, computes: a run of the control's walk over all its operations, in its order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..hardware.pe_types import PEType
from .golden import Bits, products, sums


@dataclass(frozen=True, eq=False)
class Run:
    """Operands of one run of an array; a single PE is an array of one row and column.

    Attributes
    ----------
    weights : (rows, filters, taps) raw bits; row r of the array holds filter row r.
    activations : (rows + cols - 1, words) raw bits, one sequence per diagonal.
    psums : (cols, positions, filters) raw bits that enter each column at its lower end.
    step : activations by which the window moves from one position to the next.
    """

    weights: Bits
    activations: Bits
    psums: Bits
    step: int

    @property
    def filters(self) -> int:
        """Filters that every PE computes at once."""
        return self.weights.shape[1]

    @property
    def taps(self) -> int:
        """Activations in a window."""
        return self.weights.shape[2]

    @property
    def positions(self) -> int:
        """Positions of the window."""
        return self.psums.shape[1]


def walk(filters: int, taps: int) -> tuple[np.ndarray, np.ndarray]:
    """Filter and tap of every operation of a position, in order: within a round both change with every operation."""
    rounds, filter_index = np.divmod(np.arange(filters * taps), filters)
    return filter_index, (filter_index + rounds) % taps


def weight_stream(run: Run) -> Bits:
    """Weights of each row in the order in which its PEs take them, (rows, filters * taps)."""
    filter_index, tap = walk(run.filters, run.taps)
    return run.weights[:, filter_index, tap]


def run_results(pe: PEType, run: Run, zero_gating: bool = False) -> Bits:
    """Partial sums that leave each column at its upper end, (cols, positions, filters)."""
    total = run.psums
    columns = np.arange(total.shape[0])
    starts = np.arange(run.positions) * run.step
    for row in range(run.weights.shape[0] - 1, -1, -1):
        window = run.activations[
            (row + columns)[:, np.newaxis, np.newaxis], starts[:, np.newaxis] + np.arange(run.taps)
        ]
        total = sums(pe, total, _position_sums(pe, run.weights[row], window, zero_gating))
    return total


def _position_sums(pe: PEType, weights: Bits, window: Bits, zero_gating: bool) -> Bits:
    """Sums of one PE row without the chain: weights (filters, taps), window (cols, positions, taps)."""
    filters, taps = weights.shape
    total = np.zeros((*window.shape[:2], filters), dtype=np.uint64)
    for around in range(taps):
        tap = (np.arange(filters) + around) % taps
        act, weight = np.broadcast_arrays(window[:, :, tap], weights[np.arange(filters), tap])
        total = sums(pe, total, products(pe, act, weight, zero_gating))
    return total
