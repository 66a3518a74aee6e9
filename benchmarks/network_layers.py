"""Search every layer of the shipped networks on the shipped designs: proof, CPU seconds and slowest layers.

    python benchmarks/network_layers.py [--objective edp|energy|latency] [--design NAME] [--network NAME] [--slowest N]

Energies come from the fitted models. Layers of one shape are searched once per design. The last line is
``proven: N of M, median CPU S s, slowest S s``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

from qadam_plugin.hardware.spec_reader import read_spec
from qadam_plugin.mapping.search import OBJECTIVES, search
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.library import load_library
from qadam_plugin.ppa.pricing import price_spec
from qadam_plugin.workloads.layer import Layer
from qadam_plugin.workloads.network import load_network, network_names


def main() -> int:
    """Search everything that was asked for."""
    parser = argparse.ArgumentParser(description="Search every layer of the shipped networks.")
    parser.add_argument("--objective", choices=sorted(OBJECTIVES), default="edp")
    parser.add_argument("--design", help="one design only, such as int16")
    parser.add_argument("--network", help="one network only, such as resnet50-imagenet")
    parser.add_argument("--slowest", type=int, default=5, help="how many of the slowest layers to list (5)")
    arguments = parser.parse_args()
    folder = data_dir("arch_specs") / "timeloop"
    designs = [arguments.design] if arguments.design else sorted(path.stem for path in folder.glob("*.yaml"))
    networks = [arguments.network] if arguments.network else network_names()
    library = load_library()
    times: list[tuple[float, str]] = []
    proven = 0
    for index, design in enumerate(designs):
        spec = read_spec(folder / f"{design}.yaml")
        energy = price_spec(spec, library).energy
        if index == 0:
            search(spec, Layer(C=2, M=2), energy, arguments.objective)
        known: dict[Layer, tuple[float, bool]] = {}
        for name in networks:
            network_seconds = 0.0
            for entry in load_network(name).layers:
                if entry.layer not in known:
                    start = time.process_time()
                    found = search(spec, entry.layer, energy, arguments.objective)
                    known[entry.layer] = (time.process_time() - start, found.optimal)
                    times.append((known[entry.layer][0], f"{design} {name} {entry.name}: {entry.layer.bounds}"))
                    proven += found.optimal
                    if not found.optimal:
                        print(f"not proven: {times[-1][1]}: {found.reason or f'gap {found.gap:.2%}'}")
                network_seconds += known[entry.layer][0]
            print(f"{design:<12} {name:<22} {network_seconds:>8.3f} s", flush=True)
    for seconds, where in sorted(times, reverse=True)[: arguments.slowest]:
        print(f"{seconds:>8.3f} s  {where}")
    seconds = [entry[0] for entry in times]
    print(
        f"proven: {proven} of {len(times)}, median CPU {statistics.median(seconds):.4f} s, slowest {max(seconds):.3f} s"
    )
    return 0 if proven == len(times) else 1


if __name__ == "__main__":
    sys.exit(main())
