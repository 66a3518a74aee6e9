"""Fronts of energy and cycles of every layer of a network, at many bit-widths: points and CPU seconds.

    python benchmarks/layer_fronts.py [--design NAME] [--network NAME] [--bits N,N,...] [--check]

Every layer shape (mobilenetv2-imagenet on int16 when left out) is searched once for each way that bits of weights and
activations out of N, N, ... (2 to 8 and 16) lie in the design's words; outputs have the activations' bits. With
``--check`` the best point for each objective is compared with the search for that objective. The last line is
``complete: N of M, median CPU S s, sum S s, slowest S s``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import replace
from itertools import product

from qadam_plugin.hardware.spec_reader import read_spec
from qadam_plugin.mapping.search import OBJECTIVES, search
from qadam_plugin.mapping.search_front import Front, search_front
from qadam_plugin.mapping.words import fits_of
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.library import load_library
from qadam_plugin.ppa.pricing import price_spec
from qadam_plugin.workloads.layer import Layer
from qadam_plugin.workloads.network import load_network


def main() -> int:
    """Search all fronts; the exit code is 0 if all are complete and agree."""
    parser = argparse.ArgumentParser(description="Fronts of energy and cycles of a network's layers.")
    parser.add_argument("--design", default="int16")
    parser.add_argument("--network", default="mobilenetv2-imagenet")
    parser.add_argument("--bits", default="2,3,4,5,6,7,8,16")
    parser.add_argument("--check", action="store_true", help="compare with the search for each objective")
    arguments = parser.parse_args()
    widths = [int(bits) for bits in arguments.bits.split(",")]
    spec = read_spec(data_dir("arch_specs") / "timeloop" / f"{arguments.design}.yaml")
    energy = price_spec(spec, load_library()).energy
    operation = energy.energy_pj[spec.compute.name]["compute"]
    search_front(spec, Layer(C=2, M=2), energy)
    shapes = dict.fromkeys(entry.layer for entry in load_network(arguments.network).layers)
    times: list[tuple[float, str]] = []
    points: list[int] = []
    complete = wrong = 0
    for shape in shapes:
        layers = [
            replace(shape, weight_bits=weights, input_bits=inputs, output_bits=inputs)
            for weights, inputs in product(widths, widths)
        ]
        for layer in {fits_of(spec, layer): layer for layer in layers}.values():
            start = time.process_time()
            front = search_front(spec, layer, energy)
            times.append((time.process_time() - start, f"{layer.bounds} bits {layer.bits}"))
            points.append(len(front.points))
            complete += front.complete
            if arguments.check:
                wrong += sum(
                    not _agrees(front, search(spec, layer, energy, o).cost, o, operation * layer.macs)
                    for o in OBJECTIVES
                )
    for seconds, where in sorted(times, reverse=True)[:5]:
        print(f"{seconds:>8.3f} s  {where}")
    print(f"{len(shapes)} shapes, points: median {statistics.median(points):g}, most {max(points)}")
    if arguments.check:
        print(f"best points that differ from a search: {wrong}")
    seconds = [entry[0] for entry in times]
    print(
        f"complete: {complete} of {len(times)}, median CPU {statistics.median(seconds):.4f} s, "
        f"sum {sum(seconds):.1f} s, slowest {max(seconds):.3f} s"
    )
    return 0 if complete == len(times) and not wrong else 1


def _agrees(front: Front, cost: float, objective: str, mac_pj: float) -> bool:
    """Whether a front's best point costs what a search found."""
    return abs(front.best(objective, mac_pj).cost(objective, mac_pj)[0] - cost) <= 1e-9 * cost


if __name__ == "__main__":
    sys.exit(main())
