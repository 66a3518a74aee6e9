"""How soon `qadam-tl explore` finds the front of a space that is known exactly.

Sweeps the space once, whole, into a folder where it stays. Then each sampler searches it, by the code of `qadam-tl
explore` but with looked-up results, until a tenth of the space is evaluated or nothing better is left to find. Prints
the share of the true front's hypervolume, on logarithmic axes with the space's worst valid point as reference, after
some numbers of evaluations: the median over the seeds, and the worst.

    python benchmarks/explore.py [--space SPACE.yaml] [--network NAME] [--out DIR] [--seeds N] [SAMPLER ...]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import optuna

from qadam_plugin.analysis.groups import select
from qadam_plugin.analysis.hypervolume import hypervolume
from qadam_plugin.analysis.metrics import METRICS
from qadam_plugin.analysis.pareto import pareto_mask
from qadam_plugin.engines.registry import make_engine
from qadam_plugin.explore.evaluation import Outcome
from qadam_plugin.explore.grid import Grid
from qadam_plugin.explore.question import Question, parse_objectives
from qadam_plugin.explore.samplers import SAMPLERS, make_sampler
from qadam_plugin.explore.search import explore
from qadam_plugin.hardware.config import AcceleratorConfig
from qadam_plugin.hardware.space import DesignSpace, load_space, parse_space
from qadam_plugin.sweep.exports import results_frame
from qadam_plugin.sweep.runner import SweepPlan, run_sweep, usable_cpus
from qadam_plugin.sweep.store import ResultStore
from qadam_plugin.workloads.network import load_network

SPACE = """
pe_type: [fp32, int16, lightpe1, lightpe2]
rows: [6, 8, 12, 16]
cols: [8, 12, 14, 16]
ifmap_spad_depth: [6, 12, 24]
weights_spad_depth: [28, 56, 112, 224]
psum_spad_depth: [8, 24]
glb_kib: [32, 64, 128, 256]
"""

QUESTIONS = (("perf_per_area", "onchip_energy_uj"), ("latency_ms", "energy_uj", "area_mm2"))

#: Shares of the space after which the hypervolume is printed.
SHARES = (0.01, 0.02, 0.05, 0.1)

#: The share of the true front's hypervolume that counts as found.
GOAL = 0.95


@dataclass(frozen=True)
class KnownSpace:
    """A space with the outcome of each of its configs, by config_id."""

    space: DesignSpace
    outcomes: dict[str, Outcome]


class NothingLeft(Exception):
    """The whole hypervolume is found."""


class Lookup:
    """An evaluator that knows every outcome, and notes the share of the hypervolume after each.

    Attributes
    ----------
    shares : of the true front's hypervolume, one for each config evaluated.
    """

    def __init__(self, known: KnownSpace, question: Question) -> None:
        self._known, self._question = known, question
        every = question.costs([outcome.metrics for outcome in known.outcomes.values() if outcome.valid])
        self._reference = every.max(axis=0)
        self._whole = hypervolume(every, self._reference)
        self._front = every[:0]
        self.shares: list[float] = []

    def evaluate(self, configs: Sequence[AcceleratorConfig]) -> list[Outcome]:
        """Look the outcomes up.

        Raises
        ------
        NothingLeft : the configs so far have the whole hypervolume, so that a search can find no more.
        """
        found = [self._known.outcomes[config.config_id] for config in configs]
        for outcome in found:
            if outcome.valid:
                front = np.concatenate([self._front, self._question.costs([outcome.metrics])])
                self._front = front[pareto_mask(front)]
            self.shares.append(hypervolume(self._front, self._reference) / self._whole)
        if self.shares[-1] > 1 - 1e-12:
            raise NothingLeft
        return found


@dataclass(frozen=True)
class Search:
    """One search to be run: which sampler, with which dice, for what."""

    known: KnownSpace
    sampler: str
    seed: int
    objectives: tuple[str, ...]
    evaluations: int


def main() -> None:
    """Sweep, search, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("samplers", nargs="*", default=list(SAMPLERS))
    parser.add_argument("--space", type=Path)
    parser.add_argument("--network", default="resnet20-cifar10")
    parser.add_argument("--out", type=Path, default=Path("explore-exact"))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=usable_cpus())
    options = parser.parse_args()
    space = load_space(options.space) if options.space else parse_space(SPACE, "benchmarks/explore.py")
    known = enumerated(space, options.network, options.out, options.jobs)
    valid = sum(outcome.valid for outcome in known.outcomes.values())
    print(f"{len(known.outcomes)} configs on {options.network}, {valid} with a valid mapping")
    evaluations = len(known.outcomes) // 10
    with ProcessPoolExecutor(options.jobs) as pool:
        for objectives in QUESTIONS:
            print_question(known, objectives, options.samplers, options.seeds, evaluations, pool)


def enumerated(space: DesignSpace, network: str, out: Path, jobs: int) -> KnownSpace:
    """Every config of the space, swept; what `out` has already is not computed again."""
    engine = make_engine("rowstationary")
    plan = SweepPlan(space, "benchmark", (load_network(network),), engine, "edp", 1, "space")
    with ResultStore.writing(out) as store:
        run = run_sweep(plan, store, jobs, _silent).run
        frame = results_frame(store)
    ours = select(frame, [run in runs.split() for runs in frame["runs"]])
    metrics = ours.filter(items=list(METRICS)).to_dict("records")
    rows = zip(ours["config_id"], ours["valid"], ours["reason"], metrics, strict=True)
    return KnownSpace(space, {key: Outcome(bool(valid), reason, dict(values)) for key, valid, reason, values in rows})


def print_question(
    known: KnownSpace,
    objectives: tuple[str, ...],
    samplers: list[str],
    seeds: int,
    evaluations: int,
    pool: ProcessPoolExecutor,
) -> None:
    """One table: samplers down, shares of the space across."""
    at = [int(share * len(known.outcomes)) for share in SHARES]
    at[-1] = evaluations
    print(f"\n{' and '.join(objectives)}: share of the true front's hypervolume, median of {seeds} seeds (worst)")
    heads = "".join(f"{f'{count} ({share:.0%})':>20}" for share, count in zip(SHARES, at, strict=True))
    print(f"{'sampler':10}{heads}{f'{GOAL:.0%} after':>12}{'CPU s':>8}")
    for sampler in samplers:
        searches = [Search(known, sampler, seed, objectives, evaluations) for seed in range(1, seeds + 1)]
        found = list(pool.map(shares_found, searches))
        curves = np.array([curve for curve, _ in found])
        cells = "".join(f"{f'{np.median(curves[:, n - 1]):.2%} ({curves[:, n - 1].min():.2%})':>20}" for n in at)
        first = np.median([float(np.argmax(found >= GOAL)) + 1 if found[-1] >= GOAL else np.inf for found in curves])
        reached = f"{first:.0f}" if first <= evaluations else "not"
        print(f"{sampler:10}{cells}{reached:>12}{np.median([seconds for _, seconds in found]):>8.1f}", flush=True)


def shares_found(search: Search) -> tuple[npt.NDArray[np.float64], float]:
    """Share of the true hypervolume after each evaluation [evaluations], and the CPU seconds of the search."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    question = Question(parse_objectives(list(search.objectives)))
    grid = Grid.of(search.known.space)
    lookup = Lookup(search.known, question)
    sampler = make_sampler(search.sampler, grid, search.seed)
    began = time.process_time()
    with suppress(NothingLeft):
        explore(question, grid, sampler, lookup, None, search.evaluations, 8, _silent)
    seconds = time.process_time() - began
    shares = np.ones(search.evaluations)
    shares[: len(lookup.shares)] = lookup.shares
    return shares, seconds


def _silent(progress: object) -> None:
    """A benchmark prints its result only."""


if __name__ == "__main__":
    main()
