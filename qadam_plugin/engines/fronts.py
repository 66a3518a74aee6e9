"""What a search over bit-widths asks of an engine: per layer shape and packing, every mapping that may be the best."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from ..workloads.layer import Layer
from .base import Design, Engine, LayerResult

#: A mapping as results keep it: (level, kind, ((dimension, bound), ...)), outermost first.
Loops = tuple[tuple[str, str, tuple[tuple[str, int], ...]], ...]


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """One mapping of a front.

    Attributes
    ----------
    energy_pj : the sum that Timeloop gives, the MACs' operations left out.
    operations : of the MACs; each costs what the layer's bits make it cost.
    """

    energy_pj: float
    cycles: int
    operations: int
    mapping: Loops


@dataclass(frozen=True, slots=True)
class Front:
    """Mappings of one layer of which one is the best for energy, EDP and latency, whatever an operation costs.

    Attributes
    ----------
    points : no other mapping has less energy (operations left out) in as few cycles; fewest cycles first. None where
        the layer cannot be mapped: then `reason` says why.
    exact : whether that is proven.
    """

    points: tuple[FrontPoint, ...]
    reason: str = ""
    exact: bool = True

    def best(self, operation_pj: float, objective: str) -> FrontPoint:
        """The point that is best for ``edp``, ``energy`` or ``latency`` where an operation costs so much.

        Ties go as in `mapping.search`: to less energy, and among mappings of least energy to fewer cycles.
        """

        def cost(point: FrontPoint) -> tuple[float, float]:
            energy_pj = point.energy_pj + operation_pj * point.operations
            if objective == "latency":
                return point.cycles, energy_pj
            return (energy_pj * point.cycles, energy_pj) if objective == "edp" else (energy_pj, point.cycles)

        return min(self.points, key=cost)


class MixedDesign(Design):
    """A design that tells the energy of operations from the rest, so that layers of one packing share mappings."""

    @abstractmethod
    def packing(self, layer: Layer) -> tuple[object, ...]:
        """What of a layer's bits changes its counts, as JSON can hold it: equal packings have equal fronts."""

    @abstractmethod
    def front(self, layer: Layer) -> Front:
        """Every mapping of a layer that may be the best. Slow; depends on the shape and the `packing` alone."""

    @abstractmethod
    def operation_pj(self, layer: Layer) -> float:
        """Energy of one operation of a MAC on operands of the layer's bits."""

    @abstractmethod
    def priced(self, layer: Layer, point: FrontPoint, objective: str) -> LayerResult:
        """What the layer costs with the mapping of a point of its front."""


class MixedEngine(Engine):
    """An engine whose designs are `MixedDesign`, those that cannot be built excepted."""

    @property
    @abstractmethod
    def front_fingerprint(self) -> str:
        """Hex digest of everything that changes a front, besides config, shape and packing."""
