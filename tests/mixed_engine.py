"""A small engine for tests of searches over bits: three mappings per layer, of which the best depends on the MAC."""

from __future__ import annotations

import time
from dataclasses import dataclass

from qadam_plugin.engines.base import Design, DesignFacts, LayerResult
from qadam_plugin.engines.fronts import Front, FrontPoint, MixedDesign, MixedEngine
from qadam_plugin.hardware.config import AcceleratorConfig
from qadam_plugin.workloads.layer import Layer


@dataclass(frozen=True)
class ArithmeticMixedDesign(MixedDesign):
    """Words of 16 bits; a layer of two bits or fewer per weight has no mapping on a single row."""

    config: AcceleratorConfig
    delay_seconds: float
    mac_energy: float

    @property
    def facts(self) -> DesignFacts:
        return DesignFacts(True, "", 0.5, 2e6)

    def packing(self, layer: Layer) -> tuple[object, ...]:
        return (*tuple(16 // (bits or 16) for bits in layer.bits), self._impossible(layer))

    def front(self, layer: Layer) -> Front:
        time.sleep(self.delay_seconds)
        if self._impossible(layer):
            return Front((), "one row is too few for weights of two bits")
        words = sum(
            -(-count // (16 // (bits or 16)))
            for count, bits in zip((layer.weights, layer.inputs, layer.outputs), layer.bits, strict=True)
        )
        base = layer.macs // self.config.rows
        return Front(
            tuple(
                FrontPoint(energy * words, cycles * base, layer.macs, (("DRAM", "temporal", (("M", cycles),)),))
                for energy, cycles in ((7.0, 3), (4.5, 4), (3.0, 6))
            )
        )

    def operation_pj(self, layer: Layer) -> float:
        return self.mac_energy * (layer.weight_bits or 16) * (layer.input_bits or 16)

    def priced(self, layer: Layer, point: FrontPoint, objective: str) -> LayerResult:
        mac_pj = self.operation_pj(layer) * point.operations
        return LayerResult(
            valid=True,
            mapping=point.mapping,
            cycles=point.cycles,
            timeloop_pj=point.energy_pj + mac_pj,
            onchip_pj=mac_pj + 11.0,
            dram_pj=point.energy_pj,
            idle_pj=11.0,
            mac_pj=mac_pj,
            utilization=0.5,
            optimal=True,
        )

    def run(self, layer: Layer, objective: str) -> LayerResult:
        """All mappings tried, as an engine that knows nothing of fronts would."""
        front = self.front(layer)
        if not front.points:
            return LayerResult(False, front.reason)
        results = [self.priced(layer, point, objective) for point in front.points]
        cost = {
            "edp": lambda item: item.timeloop_pj * item.cycles,
            "energy": lambda item: item.timeloop_pj,
            "latency": lambda item: item.cycles,
        }[objective]
        return min(results, key=cost)

    def _impossible(self, layer: Layer) -> bool:
        return self.config.rows == 1 and (layer.weight_bits or 16) <= 2


@dataclass(frozen=True)
class ArithmeticMixedEngine(MixedEngine):
    """`mac_energy` : pJ per product of operand bits."""

    delay_seconds: float = 0.0
    mac_energy: float = 0.001
    name = "mixed"
    takes_bits = True

    @property
    def fingerprint(self) -> str:
        return f"mixed-{self.mac_energy}"

    @property
    def front_fingerprint(self) -> str:
        return "mixed"

    def design(self, config: AcceleratorConfig) -> Design:
        return ArithmeticMixedDesign(config, self.delay_seconds, self.mac_energy)
