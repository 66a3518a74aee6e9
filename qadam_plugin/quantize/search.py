"""NSGA-II over the bits of a network's layers, on Optuna."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import optuna
from optuna.distributions import BaseDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler
from optuna.samplers.nsgaii import PolynomialMutation, UniformCrossover
from optuna.study import StudyDirection

from ..analysis.hypervolume import hypervolume
from ..analysis.pareto import pareto_mask
from ..errors import InputError
from .evaluation import Cost, FrontEvaluator
from .settings import Room, Setting

#: Least value of an objective that has a logarithm: an error of nothing counts as this.
_LEAST = 1e-12

#: Genes of a setting that mutate, on average, and the index of their polynomial mutation (Deb and Agrawal 1995).
_MUTATIONS, _ETA = 3, 3.0

#: Objectives of a search by the words of ``--objectives``. `layer-edp` is the sum of the layers' own products.
OBJECTIVES = {
    "energy": "energy_uj",
    "onchip-energy": "onchip_energy_uj",
    "latency": "latency_ms",
    "edp": "edp_uj_ms",
    "layer-edp": "layer_edp_sum_uj_ms",
    "area": "area_mm2",
    "error": "error",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A setting with its answer."""

    setting: Setting
    cost: Cost
    error: float

    @property
    def valid(self) -> bool:
        """Whether every layer has a mapping."""
        return not self.cost.reason

    def value(self, column: str) -> float:
        """One of `OBJECTIVES`."""
        if column == "error":
            return self.error
        if hasattr(self.cost, column):
            return getattr(self.cost, column)
        return getattr(self.cost.totals, column)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is.

    Attributes
    ----------
    mapped : fronts of layers that were computed now.
    finishing : whether the settings on the front are being mapped into the store.
    """

    done: int
    evaluations: int
    front: int
    mapped: int
    finishing: bool = False


def parse_objectives(text: str, option: str = "--objectives") -> tuple[str, ...]:
    """Columns of objectives such as ``energy,error``.

    Raises
    ------
    InputError : an unknown word, or fewer than two.
    """
    words = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
    for word in words:
        if word not in OBJECTIVES:
            raise InputError(option, "", f"unknown objective '{word}'; known: {', '.join(OBJECTIVES)}")
    if len(words) < 2:
        raise InputError(option, "", f"at least two are wanted, such as energy,error; known: {', '.join(OBJECTIVES)}")
    return tuple(OBJECTIVES[word] for word in words)


def make_sampler(name: str, population: int, seed: int, genes: int) -> BaseSampler:
    """``nsga2``, with uniform crossover and mutations of a few of the genes by a step or two, or ``random``."""
    if name == "random":
        return RandomSampler(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        mutation = PolynomialMutation(_ETA)
        return NSGAIISampler(
            population_size=population,
            crossover=UniformCrossover(),
            mutation=mutation,
            mutation_prob=min(_MUTATIONS / genes, 1.0),
            seed=seed,
        )


def costs(candidates: Sequence[Candidate], objectives: Sequence[str]) -> npt.NDArray[np.float64]:
    """Objectives of valid candidates on logarithmic axes, smaller is better, [candidates, objectives]."""
    rows = [[math.log(max(item.value(name), _LEAST)) for name in objectives] for item in candidates]
    return np.array(rows, dtype=float).reshape(len(rows), len(objectives))


def front(candidates: Sequence[Candidate], objectives: Sequence[str]) -> list[Candidate]:
    """Valid candidates that no other beats, each setting once, by the first objective."""
    valid = list({item.setting: item for item in candidates if item.valid}.values())
    if not valid:
        return []
    kept = [item for item, good in zip(valid, pareto_mask(costs(valid, objectives)), strict=True) if good]
    return sorted(kept, key=lambda item: [item.value(name) for name in objectives])


def volume(candidates: Sequence[Candidate], objectives: Sequence[str], reference: npt.NDArray[np.float64]) -> float:
    """Hypervolume on logarithmic axes."""
    return hypervolume(costs([item for item in candidates if item.valid], objectives), reference)


def search(
    room: Room,
    objectives: Sequence[str],
    evaluator: FrontEvaluator,
    error: Callable[[Setting], float],
    sampler: BaseSampler,
    seeds: Sequence[Setting],
    evaluations: int,
    at_once: int,
    report: Callable[[Progress], None],
) -> list[Candidate]:
    """Evaluate settings, `seeds` first, then what the sampler suggests, `at_once` at a time.

    Depends on the sampler's seed and on `at_once` alone: a search that is begun anew meets what it had evaluated, which
    costs next to nothing, and goes on. A suggestion that breaks a condition of the space counts as evaluated.
    """
    study = optuna.create_study(directions=[StudyDirection.MINIMIZE] * len(objectives), sampler=sampler)
    genes: dict[str, BaseDistribution] = {
        name: IntDistribution(0, size - 1) for name, size in zip(room.names, room.sizes, strict=True)
    }
    for setting in seeds:
        study.enqueue_trial(dict(zip(room.names, room.genes(setting), strict=True)))
    found: list[Candidate] = []
    good: list[Candidate] = []
    known: dict[Setting, Candidate] = {}

    def note() -> None:
        report(Progress(len(found), evaluations, len(good), evaluator.mapped))

    while len(found) < evaluations:
        trials = [study.ask(genes) for _ in range(min(at_once, evaluations - len(found)))]
        settings = [room.setting([trial.params[name] for name in room.names]) for trial in trials]
        new = [item for item in dict.fromkeys(settings) if item not in known and room.allows(item.point)]
        for setting, cost in zip(new, evaluator.evaluate(new, note), strict=True):
            known[setting] = Candidate(setting, cost, math.nan if cost.reason else error(setting))
        for trial, setting in zip(trials, settings, strict=True):
            item = known.setdefault(setting, Candidate(setting, Cost("excluded by the space's where"), math.nan))
            trial.set_constraint("mapping", 0.0 if item.valid else 1.0)
            values = costs([item], objectives)[0] if item.valid else np.zeros(len(objectives))
            study.tell(trial, list(values))
            found.append(item)
        good[:] = front([*good, *found[-len(trials) :]], objectives)
        note()
    return found
