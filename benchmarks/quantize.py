"""`qadam-tl quantize` on MobileNets: how long a search takes, whether it beats chance, and what mixed bits save.

    python benchmarks/quantize.py [--out DIR] [--seeds N] [--jobs N] [--networks ...] [--designs ...] [--highest N]
                                   [-- time hypervolume savings bound]

- time: a search of 2000 settings, MobileNetV2 on Eyeriss, from an empty folder, results in the store included. Wall
  time, and CPU seconds of this process and its workers: half of the latter is what two quiet cores take for them.
- hypervolume: the search against random settings, 2000 evaluations each, on logarithmic axes with the worst uniform
  setting of both objectives as reference.
- savings: energy of the best found setting against uniform ones at no more quantization noise, and against uniform
  8 bits where the noise may be a multiple of its own; MobileNetV1 and V2 on the Eyeriss-like and Simba-like designs,
  operations priced by their bits and all at full width.

- bound: the same savings by the settings of least energy + weight x noise, for many weights, by dynamic programming
  along the layers. Energy and noise are sums over layers, so these are the convex hull of the true front.

The error is the quantization noise of Gaussian weights and half-Gaussian activations: a proxy, no accuracy. Fronts of
layers stay in DIR and are shared by all parts.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import optuna

from qadam_plugin.engines.fronts import MixedEngine
from qadam_plugin.engines.rowstationary import RowStationaryEngine, RowStationarySettings
from qadam_plugin.hardware.config import load_config
from qadam_plugin.paths import data_dir
from qadam_plugin.quantize.errors import noise_proxy
from qadam_plugin.quantize.evaluation import FrontEvaluator
from qadam_plugin.quantize.kept import KeptFronts
from qadam_plugin.quantize.noise import gaussian_noise_to_signal
from qadam_plugin.quantize.savings import savings
from qadam_plugin.quantize.search import Candidate, Progress, costs, front, make_sampler, search, volume
from qadam_plugin.quantize.session import QuantizePlan, run_quantize, seed_settings
from qadam_plugin.quantize.settings import Room, Setting, label
from qadam_plugin.sweep.pool import open_pool
from qadam_plugin.sweep.runner import usable_cpus
from qadam_plugin.sweep.store import ResultStore
from qadam_plugin.workloads.network import load_network

FloatArray = npt.NDArray[np.float64]

OBJECTIVES = ("energy_uj", "error")

#: Bits that are searched, unless `--highest` says more, and the uniform ones that others are compared with.
LOWEST, COMPARED = 2, 8

EVALUATIONS, POPULATION = 2000, 50

DESIGNS = {"eyeriss": "eyeriss168.yaml", "simba": "simba_like.yaml"}

NETWORKS = ("mobilenetv1-imagenet", "mobilenetv2-imagenet")

#: Multiples of the noise of uniform 8 bits.
MULTIPLES = (1, 2, 4, 8, 16, 64, 256)


@dataclass
class Bench:
    """One network on one design, with the fronts in a folder."""

    room: Room
    bits: tuple[int, int]
    evaluator: FrontEvaluator
    error: Callable[[Setting], float]

    def search(self, name: str, seed: int) -> list[Candidate]:
        """Settings of one search; a random one begins with nothing."""
        sampler = make_sampler(name, POPULATION, seed, len(self.room.sizes))
        seeds = seed_settings(self.room, self.bits, EVALUATIONS) if name == "nsga2" else []
        return search(
            self.room,
            OBJECTIVES,
            self.evaluator,
            self.error,
            sampler,
            seeds,
            EVALUATIONS,
            POPULATION,
            _shown(),
        )

    def uniform(self) -> list[Candidate]:
        """The same bits everywhere."""
        settings = [self.room.uniform(bits) for bits in range(LOWEST, COMPARED + 1)]
        found = zip(settings, self.evaluator.evaluate(settings), strict=True)
        return [Candidate(setting, cost, self.error(setting)) for setting, cost in found]


@dataclass(frozen=True)
class Given:
    """What the command line says."""

    out: Path
    jobs: int
    networks: list[str]
    designs: list[str]
    highest: int


@contextmanager
def bench(network: str, design: str, mac_energy: str, given: Given) -> Iterator[Bench]:
    """Open the folder's fronts for one network and design."""
    loaded = load_network(network)
    bits = (LOWEST, given.highest)
    room = Room.of(loaded, bits, load_config(data_dir("arch_specs") / DESIGNS[design]))
    source = noise_proxy(loaded.steps, None, "relu")
    engine = _engine(mac_energy)
    with KeptFronts(given.out) as kept, open_pool(engine, given.jobs) as pool:
        evaluator = FrontEvaluator(room, engine, pool, kept, "edp", 1)
        yield Bench(room, bits, evaluator, lambda setting: source.error(setting.widths))


def _engine(mac_energy: str) -> MixedEngine:
    return RowStationaryEngine(RowStationarySettings.model_validate({"mac_energy": mac_energy}))


def _shown() -> Callable[[Progress], None]:
    last = time.monotonic()

    def report(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last > 60:
            last = time.monotonic()
            print(f"  ... {progress.done} of {progress.evaluations}, {progress.mapped} layers mapped", flush=True)

    return report


def time_search(out: Path, jobs: int) -> None:
    """A whole search into an empty folder."""
    if (out / "quantize.sqlite").exists():
        print(f"time: {out} is not empty, the fronts there are used")
    network = load_network(NETWORKS[1])
    began, cpu = time.monotonic(), os.times()
    plan = QuantizePlan(
        network=network,
        hardware=load_config(data_dir("arch_specs") / DESIGNS["eyeriss"]),
        hardware_name="eyeriss",
        engine=_engine("bits"),
        map_for="edp",
        batch=1,
        objectives=OBJECTIVES,
        bits=(LOWEST, COMPARED),
        source=noise_proxy(network.steps, None, "relu"),
        evaluations=EVALUATIONS,
        population=POPULATION,
        seed=1,
    )
    with ResultStore.writing(out) as store:
        found = run_quantize(plan, store, jobs, _shown())
    now = os.times()
    own = now.user + now.system - cpu.user - cpu.system
    workers = now.children_user + now.children_system - cpu.children_user - cpu.children_system
    print(
        f"time: {network.name} on eyeriss, {len(found.candidates)} evaluations, {found.mapped} fronts mapped: "
        f"{time.monotonic() - began:.0f} s with {jobs} processes; CPU {own:.0f} s here, {workers:.0f} s in workers",
        flush=True,
    )


def compare(given: Given, seeds: int) -> None:
    """Hypervolumes of the search and of random settings."""
    with bench(NETWORKS[1], "eyeriss", "bits", given) as at:
        reference = costs(at.uniform(), OBJECTIVES).max(axis=0)
        began = [item for item in at.uniform() if item.valid]
        alone = volume(began, OBJECTIVES, reference)
        print(f"hypervolume: {NETWORKS[1]} on eyeriss; the uniform settings alone {alone:.4f}")
        won = 0
        for seed in range(1, seeds + 1):
            found = {name: volume(at.search(name, seed), OBJECTIVES, reference) for name in ("nsga2", "random")}
            won += found["nsga2"] > found["random"]
            print(f"  seed {seed:2}: nsga2 {found['nsga2']:.4f}  random {found['random']:.4f}", flush=True)
        print(f"hypervolume: the search wins {won} of {seeds}", flush=True)


def save(given: Given) -> None:
    """Energy saved at no more noise."""
    for network in given.networks:
        for design in given.designs:
            for mac_energy in ("bits", "fixed"):
                with bench(network, design, mac_energy, given) as at:
                    uniform = at.uniform()
                    found = front(at.search("nsga2", 1), OBJECTIVES)
                _print_savings(f"{network} on {design}, MAC energy {mac_energy}", uniform, found)


def bound(given: Given) -> None:
    """Savings of the convex hull of the true front."""
    for network in given.networks:
        for design in given.designs:
            with bench(network, design, "bits", given) as at:
                hull = _hull(at)
                uniform = at.uniform()
            _print_savings(f"{network} on {design}, MAC energy bits, convex hull", uniform, hull)


def _hull(at: Bench) -> list[Candidate]:
    """Settings of least energy + weight x noise. A layer's energy depends on its bits and the next activations."""
    steps, bits = at.room.network.steps, range(at.bits[0], at.bits[1] + 1)
    assert all(step.feeds == (after.name,) for step, after in itertools.pairwise(steps)), "the network is a chain"
    energy = np.full((len(steps), len(bits), len(bits), len(bits)), np.inf)
    noise = np.zeros((2, len(bits)))
    for even, odd, weights in itertools.product(bits, bits, bits):
        # All neighbours of two layers, in either place, at once.
        widths = tuple((odd if place % 2 else even, weights) for place in range(len(steps)))
        setting = Setting((), widths)
        at.evaluator.evaluate([setting])
        for place, result in enumerate(at.evaluator.layer_results(setting)):
            here, after = (odd, even) if place % 2 else (even, odd)
            after = here if place == len(steps) - 1 else after
            energy[place, here - bits[0], weights - bits[0], after - bits[0]] = result.energy_pj
    for place, count in enumerate(bits):
        noise[:, place] = gaussian_noise_to_signal(count, signed=False), gaussian_noise_to_signal(count)
    chosen = {_cheapest(energy, noise, weight) for weight in np.geomspace(1e1, 1e15, 600)}
    settings = [Setting((), tuple((a + bits[0], w + bits[0]) for a, w in widths)) for widths in chosen]
    found = zip(settings, at.evaluator.evaluate(settings), strict=True)
    return front([Candidate(setting, cost, at.error(setting)) for setting, cost in found], OBJECTIVES)


def _cheapest(energy: FloatArray, noise: FloatArray, weight: float) -> tuple[tuple[int, int], ...]:
    """Places of (activations, weights) with the least sum of energy + weight x noise, from the last layer backwards."""
    costs_at = energy + weight * (noise[0][:, None, None] + noise[1][None, :, None])
    count = energy.shape[1]
    behind = np.zeros(count)
    choices = []
    for layer in costs_at[::-1]:
        flat = (layer + behind).reshape(count, -1)
        choices.append(flat.argmin(axis=1))
        behind = flat.min(axis=1)
    activations, widths = int(behind.argmin()), []
    for choice in choices[::-1]:
        weights, after = divmod(int(choice[activations]), count)
        widths.append((activations, weights))
        activations = after
    return tuple(widths)


def _print_savings(title: str, uniform: list[Candidate], found: list[Candidate]) -> None:
    last = uniform[-1]
    totals = last.cost.totals
    assert totals is not None
    share = totals.mac_energy_uj / totals.energy_uj
    cost = f"{totals.energy_uj:.0f} uJ ({share:.0%} of it MACs), {totals.cycles} cycles"
    print(f"\nsavings: {title}: uniform 8,8 takes {cost}")
    against = "  ".join(f"{label(item.uniform.setting.widths)}: {item.saved:5.1%}" for item in savings(uniform, found))
    print(f"  mixed against the uniform setting of no less noise       {against}")
    alone = "  ".join(f"{label(item.setting.widths)}: {_saved(item, last):5.1%}" for item in uniform)
    print(f"  the uniform setting itself against uniform 8,8           {alone}")
    cells = []
    for multiple in MULTIPLES:
        allowed = [item for item in [last, *found] if item.error <= last.error * multiple * (1 + 1e-9)]
        best = min(allowed, key=lambda item: item.value("energy_uj"))
        cells.append(f"x{multiple}: {_saved(best, last):5.1%}")
    print(f"  mixed against uniform 8,8 at multiples of its noise      {'  '.join(cells)}", flush=True)


def _saved(item: Candidate, other: Candidate) -> float:
    return 1 - item.value("energy_uj") / other.value("energy_uj")


def main() -> None:
    """Run the chosen parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["time", "hypervolume", "savings", "bound"])
    parser.add_argument("--out", type=Path, default=Path("quantize-benchmark"))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=usable_cpus())
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS), help="of savings")
    parser.add_argument("--designs", nargs="+", choices=list(DESIGNS), default=list(DESIGNS), help="of savings")
    parser.add_argument("--highest", type=int, default=COMPARED, help="bits that are searched at most")
    parsed = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    parsed.out.mkdir(parents=True, exist_ok=True)
    given = Given(parsed.out, parsed.jobs, parsed.networks, parsed.designs, parsed.highest)
    for part in parsed.parts:
        if part == "time":
            time_search(given.out, given.jobs)
        elif part == "hypervolume":
            compare(given, parsed.seeds)
        elif part == "savings":
            save(given)
        elif part == "bound":
            bound(given)
        else:
            parser.error(f"unknown part '{part}'")


if __name__ == "__main__":
    main()
