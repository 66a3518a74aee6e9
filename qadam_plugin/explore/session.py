"""One call of `qadam-tl explore`: its study in a database, its results in a store, several processes."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage
from optuna.study import Study

from ..engines.base import Engine
from ..hardware.space import DesignSpace
from ..sweep.keys import canonical, design_key, network_key
from ..sweep.pool import open_pool
from ..sweep.records import Run
from ..sweep.store import ResultStore
from ..workloads.network import Network
from .evaluation import StoreEvaluator
from .grid import Grid
from .question import Question
from .samplers import make_sampler
from .search import Evaluation, Ledger, Progress, directions, explore, finished
from .storage import storage_errors_explained


@dataclass(frozen=True)
class ExplorePlan:
    """What to search, and how.

    Attributes
    ----------
    space_name : what the exports call the space.
    map_for : what layers are mapped for: one of `engines.base.OBJECTIVES`.
    clock : ``auto``, GHz, or ``space`` when the space says it; already part of `space`.
    trials : distinct configs to evaluate, those that the study has included.
    at_once : configs that are suggested before any of them is answered.
    top1 : accuracy of the network per PE type, where accuracies were given.
    """

    space: DesignSpace
    space_name: str
    network: Network
    engine: Engine
    map_for: str
    batch: int
    clock: str
    question: Question
    sampler: str
    trials: int
    at_once: int
    seed: int
    top1: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Eight hex digits of all that decides what a config is worth: searches that share it share their trials."""
        question = [
            [objective.name for objective in self.question.objectives],
            [str(limit) for limit in self.question.limits],
            dict(self.top1) if self.question.needs_accuracy else {},
        ]
        axes = [[key, [repr(value) for value in values]] for key, values in self.space.axes]
        where = [condition.text for condition in self.space.where]
        settings = [self.engine.name, self.engine.fingerprint, self.map_for, self.batch, self.clock]
        text = canonical(
            ["explore", self.space.family.digest, axes, where, network_key(self.network), settings, question]
        )
        return hashlib.sha256(text.encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to.

    Attributes
    ----------
    run : key of its run in the store.
    study : name of its study in the database.
    known : configs that the study had an answer for before.
    """

    run: str
    study: str
    grid: Grid
    ledger: Ledger
    known: int

    @property
    def front(self) -> list[Evaluation]:
        """Feasible configs that no other beats in every objective."""
        return self.ledger.front()


def run_exploration(
    plan: ExplorePlan,
    store: ResultStore,
    storage: BaseStorage,
    jobs: int,
    report: Callable[[Progress], None],
) -> Found:
    """Search until the study of this plan knows as many configs as wanted.

    Results of what is evaluated here are kept in `store`, and those of the front wherever it was found.

    Raises
    ------
    RunError : the engine failed, a worker process died, or the database did; results so far are kept.
    InputError : the sampler is unknown, or the store cannot be written.
    """
    grid = Grid.of(plan.space)
    name = f"{plan.space_name} {plan.network.name} {plan.key}"
    with storage_errors_explained():
        kept = _study(plan, storage, name)
        known = Ledger(plan.question, grid)
        for trial in finished(kept):
            known.add(trial)
        # A search that goes on must not repeat the dice of its beginning.
        seed = (plan.seed + 1_000_003 * len(known.evaluations)) % 2**32
        sampler = make_sampler(plan.sampler, grid, seed)
        run = _begin(plan, store, grid, known)
        with open_pool(plan.engine, jobs) as pool:
            evaluator = StoreEvaluator(
                store, pool, plan.engine, plan.network, plan.map_for, plan.batch, run.key, plan.top1
            )
            ledger = explore(plan.question, grid, sampler, evaluator, kept, plan.trials, plan.at_once, report)
            # Other machines keep their results; the front's are wanted here.
            evaluator.evaluate([grid.config(item.point) for item in ledger.front()])
    store.finish_run(run.key)
    return Found(run.key, name, grid, ledger, len(known.evaluations))


def _study(plan: ExplorePlan, storage: BaseStorage, name: str) -> Study:
    study = optuna.create_study(
        storage=storage, study_name=name, directions=directions(plan.question), load_if_exists=True
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study.set_metric_names([f"log10 {objective.name}" for objective in plan.question.objectives])
    return study


def _begin(plan: ExplorePlan, store: ResultStore, grid: Grid, known: Ledger) -> Run:
    run = Run(
        key=plan.key,
        space=plan.space_name,
        engine=plan.engine.name,
        fingerprint=plan.engine.fingerprint,
        objective=plan.map_for,
        batch=plan.batch,
        clock=plan.clock,
        configs=plan.trials,
    )
    store.begin_run(run, [plan.network])
    store.link_designs(run.key, [design_key(grid.config(point), plan.engine) for point in known.evaluations])
    return run
