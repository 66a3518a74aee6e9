"""The search itself: ask for configs, evaluate them, tell what they came to, until enough are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import optuna
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from ..analysis.hypervolume import hypervolume
from ..analysis.pareto import pareto_mask
from .evaluation import Evaluator, Outcome
from .grid import Grid, Point
from .question import Question
from .samplers import FreshSampler, distributions, point_of

#: Name of a trial's attribute that holds its outcome.
OUTCOME = "outcome"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One config that the search has an answer for.

    Attributes
    ----------
    feasible : whether it has a mapping and keeps every limit.
    """

    point: Point
    outcome: Outcome
    feasible: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is.

    Attributes
    ----------
    done, trials : distinct configs evaluated, and wanted.
    front : configs on the front so far.
    hypervolume : on logarithmic axes, with the worst valid point so far as reference; it grows when better points are
        found, and also when a worse worst point is.
    """

    done: int
    trials: int
    front: int
    hypervolume: float


def directions(question: Question) -> list[StudyDirection]:
    """Optuna's directions of the objectives, which are told to it as logarithms."""
    return [StudyDirection.MAXIMIZE if maximize else StudyDirection.MINIMIZE for maximize in question.maximize]


class Ledger:
    """Every config that a search has an answer for, each once, in the order in which it learnt of them."""

    def __init__(self, question: Question, grid: Grid) -> None:
        self.question, self._grid = question, grid
        self.evaluations: dict[Point, Evaluation] = {}

    def add(self, trial: FrozenTrial) -> bool:
        """Take over a finished trial; False when its config was known."""
        point = point_of(trial.params, self._grid)
        if point in self.evaluations:
            return False
        outcome = Outcome(**trial.user_attrs[OUTCOME])
        feasible = outcome.valid and self.question.keeps_limits(outcome.metrics)
        self.evaluations[point] = Evaluation(point, outcome, feasible)
        return True

    def costs(self, *, feasible: bool) -> tuple[list[Evaluation], npt.NDArray[np.float64]]:
        """Valid evaluations, or feasible ones only, with their costs on logarithmic axes."""
        chosen = [item for item in self.evaluations.values() if (item.feasible if feasible else item.outcome.valid)]
        return chosen, self.question.costs([item.outcome.metrics for item in chosen])

    def front(self) -> list[Evaluation]:
        """Feasible configs that no other beats in every objective."""
        chosen, costs = self.costs(feasible=True)
        return [item for item, good in zip(chosen, pareto_mask(costs), strict=True) if good] if chosen else []

    def hypervolume(self) -> float:
        """Hypervolume of the front, the worst valid point as reference."""
        _, every = self.costs(feasible=False)
        _, costs = self.costs(feasible=True)
        return hypervolume(costs, every.max(axis=0)) if len(costs) else 0.0


def explore(
    question: Question,
    grid: Grid,
    sampler: FreshSampler,
    evaluator: Evaluator,
    kept: Study | None,
    trials: int,
    at_once: int,
    report: Callable[[Progress], None],
) -> Ledger:
    """Evaluate configs until `trials` distinct ones are known, those that were kept before included.

    Configs are suggested `at_once` at a time, before any of them is answered: so what is found depends on the seed and
    on that number, and not on how many processes evaluate. Ends early when the space has no further config.

    Parameters
    ----------
    kept : where finished trials are kept, and read when other machines leave theirs; None keeps nothing. The sampler
        works on a study in memory: what is a dozen small steps to a sampler is one to the database.
    """
    study = optuna.create_study(directions=directions(question), sampler=sampler)
    ledger = Ledger(question, grid)
    while True:
        for trial in [] if kept is None else finished(kept):
            if ledger.add(trial):
                study.add_trial(trial)
        sampler.taken.update(ledger.evaluations)
        done = len(ledger.evaluations)
        report(Progress(done, trials, len(ledger.front()), ledger.hypervolume()))
        asked: list[tuple[Trial, Point]] = []
        while len(asked) < min(at_once, trials - done) and (found := _ask(study, grid, sampler)):
            asked.append(found)
        if not asked:
            return ledger
        outcomes = evaluator.evaluate([grid.config(point) for _, point in asked])
        for (trial, _), outcome in zip(asked, outcomes, strict=True):
            told = _tell(study, trial, outcome, question)
            ledger.add(told)
            if kept is not None:
                kept.add_trial(told)


def finished(kept: Study) -> list[FrozenTrial]:
    """Trials of a study that have an answer."""
    return kept.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _ask(study: Study, grid: Grid, sampler: FreshSampler) -> tuple[Trial, Point] | None:
    """A trial with a config that is new; None when none is left."""
    if sampler.exhausted:
        return None
    trial = study.ask(distributions(grid))
    if sampler.exhausted:
        study.tell(trial, state=TrialState.FAIL)
        return None
    point = point_of(trial.params, grid)
    sampler.taken.add(point)
    return trial, point


def _tell(study: Study, trial: Trial, outcome: Outcome, question: Question) -> FrozenTrial:
    trial.set_user_attr(OUTCOME, {"valid": outcome.valid, "reason": outcome.reason, "metrics": dict(outcome.metrics)})
    trial.set_constraint("mapping", 0.0 if outcome.valid else 1.0)
    for limit in question.limits:
        excess = limit.excess(outcome.metrics[limit.metric.name]) if outcome.valid else 1.0
        trial.set_constraint(str(limit), excess)
    # A trial needs values; those of a config without any are never looked at, only its constraint is.
    values = question.values([outcome.metrics])[0] if outcome.valid else np.ones(len(question.objectives))
    return study.tell(trial, [math.log10(value) for value in values])
