"""Queries and Pareto fronts on a store of a million results.

    python benchmarks/store_million.py [--results N] [--keep DIR]

Fills a store with N results through its own interface, one made-up layer on N configs (the numbers are drawn, not
mapped), then times whole commands, start of Python included: seconds on the clock, CPU seconds and peak memory.
Files are read once before, as they are after a sweep. The store is made in a temporary folder, or in DIR, where it
stays and is taken again.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from qadam_plugin.engines.base import Access, Design, DesignFacts, Engine, LayerResult
from qadam_plugin.hardware.config import AcceleratorConfig
from qadam_plugin.hardware.space import DesignSpace, parse_space
from qadam_plugin.sweep.keys import design_key, layer_key, run_key
from qadam_plugin.sweep.records import Run
from qadam_plugin.sweep.store import ResultStore
from qadam_plugin.workloads.layer import Layer
from qadam_plugin.workloads.network import Network, NetworkLayer

#: 1 008 000 configs.
_SPACE = """
pe_type: [fp32, int16, int8, lightpe1, lightpe2]
rows: {from: 4, to: 32, step: 2}
cols: {from: 4, to: 34, step: 2}
ifmap_spad_depth: [8, 12, 16, 24, 32]
weights_spad_depth: [48, 96, 112, 160, 192, 224, 256]
psum_spad_depth: [8, 12, 16, 24, 32]
glb_kib: [32, 64, 108, 128, 256, 512]
clock: [auto]
"""

_NETWORK = Network("one-layer", "none", (NetworkLayer("conv", "conv", Layer(C=16, M=16, R=3, S=3, P=32, Q=32), 1),))

_ADDED_TOGETHER = 5000

_COMMANDS = {
    "pareto": (),
    "pareto, 2 metrics, --where": (
        "--x",
        "area_mm2",
        "--y",
        "latency_ms",
        "--where",
        "area_mm2 < 2 and rows * cols <= 256",
    ),
    "pareto, 3 metrics, --where": (
        *("--x", "energy_uj", "--y", "latency_ms", "--metric", "area_mm2"),
        *("--where", 'pe_type != "fp32" and glb_kib >= 64'),
    ),
    "query: one row's config": ("--where", 'pe_type == "lightpe1" and rows == 12 and cols == 14 and glb_kib == 108'),
}


class DrawnEngine(Engine):
    """Stands in the keys; maps nothing."""

    name = "drawn"
    fingerprint = "0123456789abcdef"  # pyright: ignore[reportAssignmentType]

    def design(self, config: AcceleratorConfig) -> Design:
        raise AssertionError("nothing is mapped here")


def drawn(config: AcceleratorConfig, dice: random.Random) -> tuple[DesignFacts, LayerResult]:
    """Plausible numbers: more PEs are faster and larger, more bits cost more, the rest is chance."""
    pes, bits = config.rows * config.cols, config.pe.weight_bits
    noise = 0.7 + 0.6 * dice.random()
    area = noise * (pes * (200.0 * bits + config.weights_spad_depth * bits) + 1500.0 * config.glb_kib)
    macs = _NETWORK.layers[0].layer.macs
    onchip = macs * bits * (0.2 + 0.3 * dice.random()) + 40.0 * area**0.5 * dice.random()
    dram = 1e8 / config.glb_kib**0.5 * (0.5 + dice.random())
    result = LayerResult(
        valid=True,
        mapping=(("DRAM", "temporal", (("M", 16),)),),
        accesses=(Access("DRAM", "Weights", 2304, 0, 0, 1, dram),),
        leakage_pj={"GLB": 1.0},
        cycles=int(macs / pes / (0.5 + 0.5 * dice.random())) + 1,
        timeloop_pj=onchip + dram,
        onchip_pj=onchip,
        dram_pj=dram,
        idle_pj=0.01 * onchip,
        mac_pj=0.2 * onchip,
        utilization=dice.random(),
        psum_spills=0,
        optimal=True,
        lower_bound=1.0,
    )
    return DesignFacts(True, "", 1.2 - bits / 64, area), result


def fill(directory: Path, space: DesignSpace, count: int) -> None:
    """Make the store of `count` results."""
    engine, dice = DrawnEngine(), random.Random(1)
    key = run_key((), (_NETWORK,), ("drawn", count))
    run = Run(key, "drawn", engine.name, engine.fingerprint, "edp", 1, "space", count)
    layer = _NETWORK.layers[0].layer
    with ResultStore.writing(directory) as store:
        store.begin_run(run, (_NETWORK,))
        for part in _parts(iter(space), count):
            with store.together():
                keys = [design_key(config, engine) for config in part]
                store.link_designs(key, keys)
                for design, config in zip(keys, part, strict=True):
                    facts, result = drawn(config, dice)
                    store.add(design, engine, config, facts, "edp", ((layer_key(design, layer, "edp"), layer, result),))
        store.finish_run(key)


def _parts(configs: Iterator[AcceleratorConfig], count: int) -> Iterator[list[AcceleratorConfig]]:
    """Configs, scattered over the space as a sweep's processes leave them, some at a time."""
    chosen = islice(configs, count)
    while part := list(islice(chosen, _ADDED_TOGETHER)):
        part.sort(key=lambda config: hashlib.sha256(config.config_id.encode()).digest())
        yield part


def timed(arguments: tuple[str, ...], directory: Path) -> str:
    """Run a command; what it took."""
    program = "import sys; from qadam_plugin.cli.app import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, "pareto", str(directory), *arguments, "--json"]
    output = directory / "answer.json"
    with output.open("w") as handle:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=handle)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    points = output.read_text().count('"config_id"')
    cpu = usage.ru_utime + usage.ru_stime
    return f"{seconds:.1f} s, {cpu:.1f} s of CPU, {usage.ru_maxrss / 1024:.0f} MiB; {points} points on the front"


def main() -> None:
    """Print one line per command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=int, default=1_000_000, help="results in the store")
    parser.add_argument("--keep", type=Path, help="folder of a store that stays")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        directory = arguments.keep or Path(scratch)
        if not (directory / "results.sqlite").exists():
            began = time.process_time()
            fill(directory, parse_space(_SPACE, "drawn"), arguments.results)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            size = (directory / "results.sqlite").stat().st_size / 2**20
            seconds = time.process_time() - began
            print(
                f"store of {arguments.results} results: {seconds:.0f} s of CPU, {peak:.0f} MiB, {size:.0f} MiB on disk"
            )
        for name, given in _COMMANDS.items():
            print(f"{name}: {timed(given, directory)}", flush=True)


if __name__ == "__main__":
    main()
