"""The paper's headline comparison on our models: best design per PE type against the best INT16.

Sweeps a design space on the given networks twice, each design at its own clock and all at one common clock, and prints
for each the ratios of performance per area and energy, on chip and with DRAM, beside those that QADAM publishes
(arXiv 2205.13045: averages over nine panels). The results stay in the folder, so a second call only prints.

    python benchmarks/paper_ratios.py [--space SPACE.yaml] [--out DIR] [--clock GHZ] [NETWORK ...]
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from qadam_plugin.analysis.groups import select
from qadam_plugin.analysis.summary import Comparison, compare
from qadam_plugin.engines.registry import make_engine
from qadam_plugin.hardware.space import DesignSpace, default_space, load_space
from qadam_plugin.sweep.exports import results_frame
from qadam_plugin.sweep.runner import Progress, SweepPlan, run_sweep, usable_cpus
from qadam_plugin.sweep.store import ResultStore
from qadam_plugin.workloads.network import load_network

NETWORKS = ("vgg16-imagenet", "resnet20-cifar10", "resnet56-cifar10")

#: How many times better than the best INT16: performance per area, energy. FP32: 1 / 1.8 and 1 / 1.5.
PAPER = {"lightpe1": (4.8, 4.7), "lightpe2": (4.1, 4.0), "int16": (1.0, 1.0), "fp32": (1 / 1.8, 1 / 1.5)}

METRICS = ("perf_per_area", "onchip_energy_uj", "energy_uj")


def main() -> None:
    """Sweep, then print one table per network and clock."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    parser.add_argument("--space", type=Path)
    parser.add_argument("--out", type=Path, default=Path("paper-ratios"))
    parser.add_argument("--clock", type=float, default=0.2, help="the common clock, GHz")
    options = parser.parse_args()
    space = load_space(options.space) if options.space else default_space()
    engine = make_engine("rowstationary")
    networks = tuple(load_network(name) for name in options.networks)
    with ResultStore.writing(options.out) as store:
        for clock_ghz in (None, options.clock):
            plan = SweepPlan(
                space=at_clock(space, clock_ghz),
                space_name=options.space.name if options.space else "default",
                networks=networks,
                engine=engine,
                objective="edp",
                batch=1,
                clock="auto" if clock_ghz is None else repr(clock_ghz),
            )
            run_sweep(plan, store, usable_cpus(), _silent)
        results = results_frame(store)
    ours = results["network"].isin([n.name for n in networks]) & (results["fingerprint"] == engine.fingerprint)
    for comparison in compare(select(results, ours)):
        print_comparison(comparison)


def at_clock(space: DesignSpace, clock_ghz: float | None) -> DesignSpace:
    """The same space at one clock; None: each design at its own."""
    axes = tuple((key, (clock_ghz,) if key == "clock" else values) for key, values in space.axes)
    return replace(space, axes=axes)


def print_comparison(comparison: Comparison) -> None:
    """Ratios to the best INT16, ours and the paper's, and the best designs they stand for."""
    clock = "own clock" if comparison.clock == "auto" else f"{comparison.clock} GHz"
    print(f"\n{comparison.network}, {clock}: times better than the best INT16 (paper's average in brackets)")
    print(f"{'':10}{'perf/area':>16}{'energy on chip':>18}{'energy with DRAM':>18}")
    found = {(best.pe_type, best.metric.name): best for best in comparison.best}
    for pe_type in dict.fromkeys(best.pe_type for best in comparison.best):
        ratios = [found[pe_type, name].ratio for name in METRICS]
        perf, energy = PAPER.get(pe_type, (None, None))
        cells = [
            f"{ratio:.2f}" + (f" ({paper:.2f})" if paper is not None else "")
            for ratio, paper in zip(ratios, (perf, energy, energy), strict=True)
            if ratio is not None
        ]
        print(f"{pe_type:10}" + "".join(f"{cell:>{16 if i == 0 else 18}}" for i, cell in enumerate(cells)))
    for pe_type in dict.fromkeys(best.pe_type for best in comparison.best):
        for name in METRICS[:2]:
            best = found[pe_type, name]
            design = f"{best.config}, {best.clock_ghz:g} GHz"
            print(f"  best {name} of {pe_type}: {best.value:.4g} {best.metric.unit}: {design}")


def _silent(progress: Progress) -> None:
    """A benchmark prints its result only."""


if __name__ == "__main__":
    main()
