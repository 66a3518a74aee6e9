"""What is searched: bits of every layer's activations and weights, and the hardware that a design space leaves open."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ..explore.grid import Grid, Point
from ..hardware.config import AcceleratorConfig
from ..hardware.pe_types import PEType
from ..hardware.space import DesignSpace
from ..workloads.bits import Bits, LayerBits, Step
from ..workloads.network import Network

#: Bits of (activations, weights) of every layer, in the order of the network's steps.
Widths = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """One candidate.

    Attributes
    ----------
    point : place of the config in the design space; empty where there is one config only.
    """

    point: Point
    widths: Widths


@dataclass(frozen=True)
class Room:
    """All candidates of a search: a gene per layer and operand, then a gene per varying axis of the hardware.

    Attributes
    ----------
    lowest, highest : bits that a gene may have. What is wider than an operand of the PE type is taken as that wide.
    hardware : one config, or the grid of a design space.
    """

    network: Network
    lowest: int
    highest: int
    hardware: AcceleratorConfig | Grid

    @classmethod
    def of(cls, network: Network, bits: tuple[int, int], hardware: AcceleratorConfig | DesignSpace) -> Room:
        """The room of a network on a config or on any config of a design space."""
        found = Grid.of(hardware) if isinstance(hardware, DesignSpace) else hardware
        return cls(network, *bits, found)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Number of values of each gene."""
        bits = (self.highest - self.lowest + 1,) * (2 * len(self.network.steps))
        return (*bits, *self.hardware.sizes) if isinstance(self.hardware, Grid) else bits

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name of each gene."""
        layers = [f"{step.name}.{what}" for step in self.network.steps for what in ("activations", "weights")]
        axes = self.hardware.names if isinstance(self.hardware, Grid) else ()
        return (*layers, *(f"hardware.{name}" for name in axes))

    def config(self, point: Point) -> AcceleratorConfig:
        """The config at a point."""
        return self.hardware.config(point) if isinstance(self.hardware, Grid) else self.hardware

    def allows(self, point: Point) -> bool:
        """Whether the config at a point meets the conditions of the space."""
        return not isinstance(self.hardware, Grid) or self.hardware.allows(point)

    def setting(self, genes: Sequence[int]) -> Setting:
        """The setting of genes, each the place of its value, 0 the smallest."""
        count = 2 * len(self.network.steps)
        point = tuple(genes[count:])
        pe = self.config(point).pe
        bits = [gene + self.lowest for gene in genes[:count]]
        return Setting(point, tuple(self._fitting(pe, *pair) for pair in zip(bits[::2], bits[1::2], strict=True)))

    def uniform(self, bits: int, point: Point = ()) -> Setting:
        """The same bits everywhere."""
        return self.everywhere(bits, bits, point)

    def everywhere(self, activations: int, weights: int, point: Point = ()) -> Setting:
        """The same bits of activations, and of weights, in every layer."""
        pair = self._fitting(self.config(point).pe, activations, weights)
        return Setting(point, (pair,) * len(self.network.steps))

    def genes(self, setting: Setting) -> tuple[int, ...]:
        """Genes of a setting, as `setting` reads them."""
        return (*(bits - self.lowest for pair in setting.widths for bits in pair), *setting.point)

    def _fitting(self, pe: PEType, activations: int, weights: int) -> tuple[int, int]:
        return min(activations, pe.act_bits), min(weights, pe.weight_bits)


def output_widths(steps: Sequence[Step], widths: Widths) -> tuple[int, ...]:
    """Bits of every layer's output: as many as the layers that read it want, the widest where they differ.

    An output that leaves the network has as many as the layer's own activations.
    """
    activations = {step.name: pair[0] for step, pair in zip(steps, widths, strict=True)}
    return tuple(max((activations[reader] for reader in step.feeds), default=activations[step.name]) for step in steps)


def label(widths: Widths) -> str:
    """What tells a setting from others: ``8,4`` where all layers are alike, else ``mixed-`` and a digest."""
    if len(set(widths)) == 1:
        return ",".join(str(bits) for bits in widths[0])
    return "mixed-" + hashlib.sha256(repr(widths).encode()).hexdigest()[:8]


def as_bits(steps: Sequence[Step], widths: Widths) -> Bits:
    """Bits for `Network.with_bits`, which names the network after the setting's label."""
    outputs = output_widths(steps, widths)
    layers = {
        step.name: LayerBits(activations, weights, output)
        for step, (activations, weights), output in zip(steps, widths, outputs, strict=True)
    }
    return Bits(label(widths), layers)


def bits_file(steps: Sequence[Step], widths: Widths, comment: str) -> str:
    """Text of a file for ``--bits``: a layer a line, bits of activations, weights and outputs."""
    outputs = output_widths(steps, widths)
    lines = [f"{step.name}: [{a}, {w}, {o}]" for step, (a, w), o in zip(steps, widths, outputs, strict=True)]
    return "\n".join([f"# {comment}", "# layer: [activations, weights, outputs]", *lines, ""])
