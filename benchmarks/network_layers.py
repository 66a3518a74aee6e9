"""Search every layer of the shipped networks on the shipped designs: proof, CPU seconds and slowest layers.

    python benchmarks/network_layers.py [--objective edp|energy|latency] [--design NAME] [--network NAME] [--slowest N]
                                        [--profile] [--nests N]

Energies come from the fitted models. Layers of one shape are searched once per design. ``--profile`` adds, for each
stage of the search, what it looked at and its share of the CPU time; ``--nests N`` prints the loop nests of the first
N layers of each network. The last line is ``proven: N of M, median CPU S s, slowest S s``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

from qadam_plugin.hardware.archspec import ArchSpec
from qadam_plugin.hardware.spec_reader import read_spec
from qadam_plugin.mapping.nest_text import nest_text
from qadam_plugin.mapping.search import OBJECTIVES, SearchResult, search
from qadam_plugin.mapping.search_exact import Effort
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
    parser.add_argument("--profile", action="store_true", help="what each stage of the search looked at, and its time")
    parser.add_argument("--nests", type=int, default=0, metavar="N", help="loop nests of the first N layers (0)")
    arguments = parser.parse_args()
    folder = data_dir("arch_specs") / "timeloop"
    designs = [arguments.design] if arguments.design else sorted(path.stem for path in folder.glob("*.yaml"))
    networks = [arguments.network] if arguments.network else network_names()
    library = load_library()
    times: list[tuple[float, str]] = []
    efforts: list[Effort] = []
    proven = 0
    for index, design in enumerate(designs):
        spec = read_spec(folder / f"{design}.yaml")
        energy = price_spec(spec, library).energy
        if index == 0:
            search(spec, Layer(C=2, M=2), energy, arguments.objective)
        known: dict[Layer, tuple[float, SearchResult]] = {}
        for name in networks:
            network_seconds = 0.0
            for place, entry in enumerate(load_network(name).layers):
                if entry.layer not in known:
                    start = time.process_time()
                    found = search(spec, entry.layer, energy, arguments.objective)
                    known[entry.layer] = (time.process_time() - start, found)
                    times.append((known[entry.layer][0], f"{design} {name} {entry.name}: {entry.layer.bounds}"))
                    efforts += found.efforts
                    proven += found.optimal
                    if not found.optimal:
                        print(f"not proven: {times[-1][1]}: {found.reason or f'gap {found.gap:.2%}'}")
                network_seconds += known[entry.layer][0]
                if place < arguments.nests:
                    _print_nest(spec, entry.name, *known[entry.layer])
            print(f"{design:<12} {name:<22} {network_seconds:>8.3f} s", flush=True)
    for seconds, where in sorted(times, reverse=True)[: arguments.slowest]:
        print(f"{seconds:>8.3f} s  {where}")
    seconds = [entry[0] for entry in times]
    if arguments.profile:
        _print_profile(efforts, sum(seconds))
    print(
        f"proven: {proven} of {len(times)}, median CPU {statistics.median(seconds):.4f} s, slowest {max(seconds):.3f} s"
    )
    return 0 if proven == len(times) else 1


def _print_nest(spec: ArchSpec, name: str, seconds: float, found: SearchResult) -> None:
    """One layer's best mapping, with its cost."""
    if found.mapping is None or found.evaluation is None:
        print(f"{name}: {found.reason}")
        return
    result = found.evaluation
    proof = "proven" if found.optimal else f"gap {found.gap:.2%}"
    print(
        f"{name}: {result.energy_pj / 1e6:.2f} uJ, {result.cycles} cycles, utilisation {result.utilization:.3f}, "
        f"{proof} in {seconds * 1e3:.1f} ms\n\n{nest_text(spec, found.mapping, result)}"
    )


def _print_profile(efforts: list[Effort], seconds: float) -> None:
    """Sums over all searches: what each stage looked at, its CPU seconds and their share."""
    listed, bounded, inside = (
        sum(getattr(effort, stage) for effort in efforts) for stage in ("list_s", "bound_s", "search_s")
    )
    choices, opened, near, tried, priced = (
        sum(getattr(effort, number) for effort in efforts)
        for number in ("choices", "opened", "bounded", "tried", "priced")
    )
    rest = seconds - listed - bounded - inside
    for stage, what, spent in (
        ("inner choices listed", f"{choices} fit", listed),
        ("inner choices bounded", f"{opened} opened", bounded),
        ("near's bounds and leaves", f"{near} bounded, {tried} tried, {priced} mappings priced", inside),
        ("plan, tables, final count", f"{len(efforts)} searches", rest),
    ):
        print(f"{stage:<26} {spent:>9.3f} s {spent / seconds:>6.1%}  {what}")


if __name__ == "__main__":
    sys.exit(main())
