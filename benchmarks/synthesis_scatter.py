"""How much synthesis scatters: scratchpads of nearly the same depth, which should be alike.

    python benchmarks/synthesis_scatter.py      # needs pyosys; ten minutes of two cores

For each of a few depths, five neighbours are synthesised and accessed. The scatter is their mean distance from a
straight line through the five: what differs from one depth to the next cannot be followed by any smooth model.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import mean

import numpy as np
from published_figures import markdown

from qadam_plugin.synthesis.designs import spad_design
from qadam_plugin.synthesis.measure import Measurement, measure
from qadam_plugin.synthesis.points import Point

WIDTHS = (8, 24)
#: The middle one of five depths, with an address for each port and with one for both.
MIDDLES = {
    "separate": (7, 13, 19, 28, 40, 56, 80, 112),
    "shared": (14, 28, 36, 42, 48, 56, 72, 84, 112, 144, 208),
}
#: A straight line takes two of five degrees of freedom: distances from it come out too short by the root of this.
_FREE = 5 / 3
_QUANTITIES = {"area": "area_um2", "leakage": "leakage_uw", "path": "path_ns", "read": "read_pj", "write": "write_pj"}

Size = tuple[str, int, int]


def main() -> None:
    """Print a row per group of five, and the means over all groups."""
    groups = [
        [(addresses, depth, width) for depth in range(middle - 2, middle + 3)]
        for addresses, middles in MIDDLES.items()
        for width in WIDTHS
        for middle in middles
    ]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        found = list(pool.map(_synthesised, (size for group in groups for size in group)))
    rows, scatters = [], {addresses: [] for addresses in MIDDLES}
    for number, group in enumerate(groups):
        five = found[5 * number : 5 * number + 5]
        addresses, first, width = group[0]
        scatter = [_scatter([figures[column] for figures in five]) for column in _QUANTITIES.values()]
        scatters[addresses].append(scatter)
        reads = ", ".join(f"{figures['read_pj']:.2f}" for figures in five)
        rows.append((f"{addresses}, {first} to {first + 4} x {width} b", reads, *_percent(scatter)))
    rows += [
        (f"{addresses}, mean", "", *_percent([mean(column) for column in zip(*found, strict=True)]))
        for addresses, found in scatters.items()
    ]
    print("\n".join(markdown(("scatter, %", "reads, pJ", *_QUANTITIES), rows)))


def _synthesised(size: Size) -> Mapping[str, float]:
    addresses, depth, width = size
    design = spad_design(depth, width, one_address=addresses == "shared")
    return measure(Point("spad", design.name, {}, 1.0, design), Measurement(operations=800, checked=300))


def _scatter(values: Sequence[float]) -> float:
    """Mean relative distance of neighbours from a straight line through their logarithms."""
    steps, logs = np.arange(len(values)), np.log(values)
    line = np.polyval(np.polyfit(steps, logs, 1), steps)
    return float(np.abs(np.expm1(logs - line)).mean() * np.sqrt(_FREE))


def _percent(values: Sequence[float]) -> list[str]:
    return [f"{100 * value:.1f}" for value in values]


if __name__ == "__main__":
    main()
