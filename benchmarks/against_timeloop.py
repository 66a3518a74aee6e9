"""The embedded path against the real Timeloop: same counts, cycles, energy and area?

    python benchmarks/against_timeloop.py [--configs N] [--settings FILE] [--search]

Draws N configs (5 when left out) from the default design space, one of them with weights in the global buffer, and maps
a layer of each of five shipped networks on each with the embedded mapper. The real timeloop-model then evaluates every
mapping. Energies per action and areas come from Accelergy with our plug-in where it is installed, else from our models;
the first line says which. FILE holds settings of the timeloop engine (docs/timeloop.md).

With ``--search`` timeloop-mapper also searches every layer itself, for EDP: printed are its EDP over ours and how long
both took.

The last line is ``agree: N of M``; the exit code is 0 only if all do.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from qadam_plugin.engines.base import Design, LayerResult
from qadam_plugin.engines.registry import make_engine
from qadam_plugin.engines.timeloop import TimeloopEngine, timeloop_engine
from qadam_plugin.engines.timeloop_compare import TOLERANCE, compare_layer, refused, relative_difference
from qadam_plugin.errors import QadamError
from qadam_plugin.hardware.config import AcceleratorConfig
from qadam_plugin.hardware.space import default_space
from qadam_plugin.workloads.layer import Layer
from qadam_plugin.workloads.network import load_network

_NETWORKS = ("resnet20-cifar10", "alexnet-imagenet", "mobilenetv2-imagenet", "resnet50-imagenet", "vgg16-imagenet")

_SEED = 1


def main(arguments: Sequence[str]) -> int:
    """Compare and print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configs", type=int, default=5)
    parser.add_argument("--settings", type=Path, default=None)
    parser.add_argument("--search", action="store_true")
    options = parser.parse_args(arguments)
    try:
        engine = timeloop_engine(options.settings)
        who = "Accelergy with our plug-in (outside its range: our models)" if engine.by_accelergy else "our models"
        print(f"front end {engine.toolchain.front_end}; energies per action and areas by {who}")
        agreeing = total = 0
        for config in _configs(options.configs):
            agreeing += _compare(engine, config, options.search)
            total += len(_NETWORKS)
    except QadamError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(f"agree: {agreeing} of {total}")
    return 0 if agreeing == total else 1


def _configs(count: int) -> list[AcceleratorConfig]:
    """Configs with all PE types of the space in turn; the first keeps weights in the global buffer, too."""
    draw = random.Random(_SEED)
    designs = list(default_space())
    draw.shuffle(designs)
    names = sorted({config.pe.name for config in designs})
    by_type = {name: iter([config for config in designs if config.pe.name == name]) for name in names}
    chosen = [next(by_type[names[index % len(names)]]) for index in range(count)]
    return [chosen[0].with_values({"glb_weights_share": 0.25}), *chosen[1:]]


def _layers() -> list[tuple[str, Layer]]:
    draw = random.Random(_SEED)
    return [
        (f"{name} {item.name}", item.layer) for name in _NETWORKS for item in [draw.choice(load_network(name).layers)]
    ]


def _compare(engine: TimeloopEngine, config: AcceleratorConfig, search: bool) -> int:
    """Compare one config's layers and area, and print them; how many layers agree."""
    embedded, theirs = make_engine("rowstationary").design(config), engine.design(config)
    areas = (embedded.facts.area_um2, theirs.facts.area_um2)
    print(
        f"\n{config.config_id}: {config.values}\n  area {areas[0] * 1e-6:.6f} mm2, Timeloop {areas[1] * 1e-6:.6f}, "
        f"difference {relative_difference(*areas):.1e}"
    )
    # Compiled code is loaded before anything is timed.
    embedded.run(Layer(C=2, M=2), "edp")
    results: list[tuple[str, Layer, LayerResult, float]] = []
    for name, layer in _layers():
        began = time.perf_counter()
        results.append((name, layer, embedded.run(layer, "edp"), time.perf_counter() - began))
    mapped = [(layer, result.mapping) for _, layer, result, _ in results]
    runs = engine.evaluate(config, embedded.facts.clock_ghz, mapped)
    agreeing = 0
    for (name, layer, result, seconds), run in zip(results, runs, strict=True):
        found = refused(name, run) if isinstance(run, str) else compare_layer(name, result, run)
        agrees = found.agrees and relative_difference(*areas) <= TOLERANCE
        agreeing += agrees
        cycles = "-" if isinstance(run, str) else str(run.cycles)
        print(
            f"  {name}: {result.cycles} cycles, Timeloop {cycles}; energy {result.timeloop_pj * 1e-6:.6f} uJ, largest "
            f"difference {found.energy_difference:.1e}; {found.differing_counts} of {found.counts} counts differ: "
            f"{'agrees' if agrees else 'DIFFERS'}"
        )
        for finding in found.findings[:3]:
            print(f"    {finding}")
        if search:
            _search(theirs, layer, result, seconds)
    return agreeing


def _search(theirs: Design, layer: Layer, result: LayerResult, seconds: float) -> None:
    """Let timeloop-mapper search a layer, and print how good and how fast it was."""
    began = time.perf_counter()
    found = theirs.run(layer, "edp")
    took = time.perf_counter() - began
    if not found.valid:
        print(f"    timeloop-mapper: {found.reason}, {took:.1f} s; embedded {seconds:.2f} s")
        return
    ratio = found.cycles * found.timeloop_pj / (result.cycles * result.timeloop_pj)
    print(f"    timeloop-mapper: EDP {ratio:.3f} times ours, {took:.1f} s; embedded {seconds:.2f} s")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
