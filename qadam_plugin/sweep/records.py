"""What a store says about its runs: what was asked for, of which networks, and which results may be compared."""

from __future__ import annotations

from dataclasses import dataclass

from ..workloads.layer import Layer


@dataclass(frozen=True, slots=True)
class Run:
    """One sweep as it was asked for.

    Attributes
    ----------
    key : names the run in the exports; equal requests have equal keys.
    space : where the design space came from, without folders.
    clock : ``auto``, GHz, or ``space`` when the space says it.
    """

    key: str
    space: str
    engine: str
    fingerprint: str
    objective: str
    batch: int
    clock: str
    configs: int


@dataclass(frozen=True, slots=True)
class NetworkShapes:
    """A network as stored: (layer name, kind, count, shape at batch 1)."""

    key: str
    name: str
    layers: tuple[tuple[str, str, int, Layer], ...]

    @property
    def has_bits(self) -> bool:
        """Whether its layers have bit-widths of their own."""
        return any(bits is not None for *_, layer in self.layers for bits in layer.bits)


@dataclass(frozen=True, slots=True)
class Group:
    """Results that may be compared with each other, config by config: all but the config is equal."""

    network: NetworkShapes
    batch: int
    engine: str
    objective: str
    fingerprint: str
    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """A network that the run at hand wants summed on each of its designs.

    Attributes
    ----------
    key : network, batch, objective.
    layers : (name, shape with its batch, how often it occurs).
    """

    key: tuple[str, int, str]
    layers: tuple[tuple[str, Layer, int], ...]
