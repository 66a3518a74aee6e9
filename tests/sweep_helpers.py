"""Small sweeps for tests; as a program, the `qadam-tl` command with the arithmetic engine."""

from __future__ import annotations

import sys
from pathlib import Path

from arithmetic_engine import ArithmeticEngine

from qadam_plugin.cli import app
from qadam_plugin.engines.base import Engine
from qadam_plugin.engines.registry import ENGINES
from qadam_plugin.hardware.space import DesignSpace, parse_space
from qadam_plugin.sweep.exports import ExportCounts, write_exports
from qadam_plugin.sweep.runner import SweepCounts, SweepPlan, run_sweep
from qadam_plugin.sweep.store import ResultStore
from qadam_plugin.workloads.layer import Layer
from qadam_plugin.workloads.network import Network, NetworkLayer

#: 24 configs; those with an ifmap spad of 2 words have no mapping for a 3x3 filter, those with 1 KiB cannot be built.
SPACE = """
pe_type: [int16, lightpe1]
rows: [2, 3]
cols: 4
ifmap_spad_depth: [2, 12]
glb_kib: [1, 64, 4096]
"""

NETWORK = Network(
    "tiny",
    "cifar10",
    (
        NetworkLayer("first", "conv", Layer(C=3, M=16, R=3, S=3, P=8, Q=8), 1),
        NetworkLayer("middle", "conv", Layer(C=16, M=16, R=3, S=3, P=8, Q=8), 4),
        NetworkLayer("last", "fc", Layer(C=16, M=10), 1),
    ),
)

#: Shares two of its three shapes with `NETWORK`.
RELATED = Network("related", "cifar100", (*NETWORK.layers[:2], NetworkLayer("last", "fc", Layer(C=16, M=100), 1)))

NETWORK_FILE = """
name: tiny
dataset: cifar10
layers:
  - {name: first, kind: conv, inputs: 3, outputs: 16, size: 8, kernel: 3, padding: 1}
  - {names: [a, b, c, d], kind: conv, inputs: 16, outputs: 16, size: 8, kernel: 3, padding: 1}
  - {name: last, kind: fc, inputs: 16, outputs: 10}
"""


def plan(
    space: DesignSpace | None = None,
    networks: tuple[Network, ...] = (NETWORK,),
    engine: Engine | None = None,
    objective: str = "edp",
    batch: int = 1,
) -> SweepPlan:
    """A plan with the arithmetic engine."""
    return SweepPlan(
        space=space or parse_space(SPACE, "space.yaml"),
        space_name="space.yaml",
        networks=networks,
        engine=engine or ArithmeticEngine(),
        objective=objective,
        batch=batch,
        clock="auto",
    )


def sweep(directory: Path, what: SweepPlan | None = None, jobs: int = 1) -> tuple[SweepCounts, ExportCounts]:
    """Run a plan into a folder and export it."""
    with ResultStore.writing(directory) as store:
        counts = run_sweep(what or plan(), store, jobs, lambda progress: None)
        return counts, write_exports(store, counts.run)


if __name__ == "__main__":
    # The delay makes a sweep long enough to be killed in its middle.
    ENGINES["arithmetic"] = lambda settings: ArithmeticEngine(delay_seconds=0.02)
    app.main(sys.argv[1:])
