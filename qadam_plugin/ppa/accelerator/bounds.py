"""What a network costs at least on each of many configs: the analytic part of the accelerator models.

Cycles of a layer are bounded by the PEs that its dimensions can fill and by every tensor's way over its part of the
DRAM's bandwidth, once each; the bounds of the layers are added up. Energy counts what nearly every mapping has: all
operations with their scratchpad accesses, each word once through the global buffer and DRAM, leakage over the least
cycles. What a mapping does beyond, the polynomials of `ppa.accelerator.models` say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...hardware.pe_types import PEType
from ...hardware.space_arrays import ConfigBlock
from ...workloads.layer import Layer
from ...workloads.network import Network
from ..library import ModelLibrary
from .prices import BlockPrices, dram_word_pj
from .utilization import least_cycles

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NetworkBounds:
    """Bounds of one network on the configs of a block; each array is [configs].

    Attributes
    ----------
    cycles, onchip_pj, dram_pj : least cycles, and energies that nearly every mapping has; DRAM's is one number.
    utilization : part of the PEs that the network can keep busy, 0 to 1.
    memory : least cycles with the DRAM's bandwidth over those without, 1 or more.
    """

    cycles: Array
    onchip_pj: Array
    dram_pj: Array
    utilization: Array
    memory: Array


class NetworkBounder:
    """Bounds of one network on one PE type, block by block; what depends on rows and columns alone is kept."""

    def __init__(self, network: Network, batch: int, pe: PEType, library: ModelLibrary) -> None:
        layers = [replace(item.layer, N=item.layer.N * batch) for item in network.layers]
        self._layers = layers
        self._counts = np.array([item.count for item in network.layers], dtype=float)
        self._words = np.array([[inputs_read(x), x.weights, x.outputs] for x in layers], dtype=float)
        self._bits = np.array([pe.act_bits, pe.weight_bits, pe.act_bits], dtype=float)
        self._macs = float(self._counts @ np.array([layer.macs for layer in layers], dtype=float))
        self._totals = self._counts @ self._words
        self._dram_pj = float(self._totals @ np.array(dram_word_pj(pe, library)))
        self._kept: dict[tuple[int, int], Array] = {}

    def bound(self, block: ConfigBlock, prices: BlockPrices) -> NetworkBounds:
        """Bounds on the configs of a block."""
        first, which = block.distinct(_BOUND_BY, also=prices.clock_ghz)
        free, least = self._cycles(block.take(first), prices.clock_ghz[first])
        pes = block.column("rows") * block.column("cols")
        memory, utilization = least / free, self._macs / free
        least = least[which]
        onchip = self._macs * prices.operation_pj + prices.idle_pj * least
        onchip += self._totals[0] * prices.ifmap_pj + self._totals[2] * prices.psum_pj
        return NetworkBounds(
            cycles=least,
            onchip_pj=onchip,
            dram_pj=np.full(len(block), self._dram_pj),
            utilization=utilization[which] / pes,
            memory=memory[which],
        )

    def _cycles(self, block: ConfigBlock, clock_ghz: Array) -> tuple[Array, Array]:
        """Least cycles without and with the DRAM's bandwidth, each [configs]."""
        shapes = zip(block.column("rows"), block.column("cols"), strict=True)
        array = np.array([self._array_cycles(int(rows), int(cols)) for rows, cols in shapes])
        weights = block.column("dram_weights_share")
        ifmap = block.column("dram_ifmap_share")
        shares = (ifmap, weights, 1 - weights - ifmap)
        cycles_per_bit = clock_ghz / (block.column("dram_gbps") * 8)
        cycles = array
        for words, bits, share in zip(self._words.T, self._bits, shares, strict=True):
            cycles = np.maximum(cycles, (cycles_per_bit * bits / share)[:, None] * words)
        return array @ self._counts, cycles @ self._counts

    def _array_cycles(self, rows: int, cols: int) -> Array:
        """Least cycles of each layer on one array."""
        if (rows, cols) not in self._kept:
            found = [least_cycles(layer, rows, cols) for layer in self._layers]
            self._kept[rows, cols] = np.array(found, dtype=float)
        return self._kept[rows, cols]


#: Parameters that the least cycles depend on, beside the clock.
_BOUND_BY = ("rows", "cols", "dram_gbps", "dram_weights_share", "dram_ifmap_share")


def inputs_read(layer: Layer) -> int:
    """Words of Inputs that take part in a layer: pixels that strides pass over are left out."""
    columns = _touched(layer.P, layer.R, layer.Wstride, layer.Wdilation)
    rows = _touched(layer.Q, layer.S, layer.Hstride, layer.Hdilation)
    return layer.N * layer.C * layer.G * columns * rows


def _touched(outputs: int, filters: int, stride: int, dilation: int) -> int:
    """Distinct positions ``output * stride + tap * dilation`` along one axis."""
    return len(np.unique(np.add.outer(np.arange(outputs) * stride, np.arange(filters) * dilation)))


#: Analytic variables of the polynomials, beside a config's own parameters.
VARIABLES: Mapping[str, Callable[[NetworkBounds], Array]] = {
    "utilization": lambda bounds: bounds.utilization,
    "memory": lambda bounds: bounds.memory,
}
