"""A small engine for tests of all that surrounds engines: plain arithmetic on config and shape."""

from __future__ import annotations

import time
from dataclasses import dataclass

from qadam_plugin.engines.base import Access, Design, DesignFacts, Engine, LayerResult
from qadam_plugin.hardware.config import AcceleratorConfig
from qadam_plugin.workloads.layer import Layer


@dataclass(frozen=True)
class ArithmeticDesign(Design):
    config: AcceleratorConfig
    delay_seconds: float

    @property
    def facts(self) -> DesignFacts:
        if self.config.glb_kib < 2:
            return DesignFacts(valid=False, reason="glb_kib 1 holds no entry")
        clock = self.config.clock_ghz or 16.0 / self.config.pe.weight_bits
        warnings = ("glb: 4096 KiB",) if self.config.glb_kib > 2000 else ()
        return DesignFacts(True, "", clock, 1e4 * self.config.pe.weight_bits * self.config.rows, warnings)

    def run(self, layer: Layer, objective: str) -> LayerResult:
        time.sleep(self.delay_seconds)
        if self.config.ifmap_spad_depth < layer.R:
            return LayerResult(False, f"ifmap_spad needs {layer.R} words, has {self.config.ifmap_spad_depth}")
        if self.config.rows == 13:
            raise ZeroDivisionError("thirteen")
        pes = self.config.rows * self.config.cols
        bits = self.config.pe.act_bits + self.config.pe.weight_bits
        slower = {"edp": 1.0, "energy": 1.5, "latency": 0.75}[objective]
        dram = 0.1 * bits * (layer.weights + layer.inputs + layer.outputs)
        return LayerResult(
            valid=True,
            mapping=(("DRAM", "temporal", (("M", layer.M),)), ("PE", "spatial-y", (("S", layer.S),))),
            accesses=(Access("DRAM_weights", "Weights", layer.weights, 0, 0, 1, dram),),
            leakage_pj={"DRAM_weights": 0.0, "GLB": 1.5},
            cycles=int(layer.macs / pes * slower) + 1,
            timeloop_pj=0.3 * bits * layer.macs + dram,
            onchip_pj=0.3 * bits * layer.macs + 7.0,
            dram_pj=dram,
            idle_pj=7.0,
            mac_pj=0.1 * bits * layer.macs,
            utilization=1.0 / slower if slower > 1 else 0.5,
            psum_spills=layer.outputs,
            optimal=True,
            lower_bound=1.0,
        )


@dataclass(frozen=True)
class ArithmeticEngine(Engine):
    """`version` stands for the tables and settings of a real engine."""

    version: str = "a"
    delay_seconds: float = 0.0
    name = "arithmetic"

    @property
    def fingerprint(self) -> str:
        return f"arithmetic-{self.version}"

    def design(self, config: AcceleratorConfig) -> Design:
        return ArithmeticDesign(config, self.delay_seconds)
