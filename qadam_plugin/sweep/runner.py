"""Runs a sweep: every config and layer that the store lacks, wherever a pool does it, kept as soon as it is there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..engines.base import Engine
from ..hardware.config import AcceleratorConfig
from ..hardware.space import DesignSpace
from ..workloads.layer import Layer
from ..workloads.network import Network
from .keys import design_key, layer_key, network_key, run_key
from .pool import Pool, open_pool
from .records import Run
from .store import ResultStore
from .totals import batched
from .worker import Answer, Task

_LINK_BATCH = 500


@dataclass(frozen=True)
class SweepPlan:
    """What to sweep.

    Attributes
    ----------
    space : the configs, a design space or some chosen ones. space_name : what the exports call it.
    clock : ``auto``, GHz, or ``space`` when the space says it; already part of `space`.
    """

    space: DesignSpace | Sequence[AcceleratorConfig]
    space_name: str
    networks: tuple[Network, ...]
    engine: Engine
    objective: str
    batch: int
    clock: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sweep is: configs done, configs in all, layers computed now, layers found in the store."""

    done: int
    configs: int
    computed_layers: int
    reused_layers: int


@dataclass(frozen=True, slots=True)
class SweepCounts:
    """What a sweep did, counted in results (one per config and network).

    Attributes
    ----------
    run : key of the run in the exports.
    computed : results of which at least one layer was computed now.
    reused : results that were there as a whole.
    """

    run: str
    configs: int
    computed: int
    reused: int


def usable_cpus() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_sweep(plan: SweepPlan, store: ResultStore, jobs: int, report: Callable[[Progress], None]) -> SweepCounts:
    """`sweep_on` this machine, with `jobs` processes."""
    with open_pool(plan.engine, jobs) as pool:
        return sweep_on(pool, plan, store, report)


def sweep_on(
    pool: Pool[Answer], plan: SweepPlan, store: ResultStore, report: Callable[[Progress], None]
) -> SweepCounts:
    """Fill the store with every row of a plan that it lacks; what is there is never computed again.

    Rows are kept config by config: a process killed at any time loses at most those being computed. On Ctrl-C the
    workers finish the layer at hand if that takes no longer than a moment, its rows are kept, and KeyboardInterrupt
    goes on to the caller. Memory does not grow with the number of configs. Results do not depend on the pool.

    Raises
    ------
    RunError : the engine failed, or a worker process died; rows so far are kept.
    InputError : the store cannot be written.
    """
    run = _begin(plan, store)
    sweep = _Sweep(plan, store, run, report)
    try:
        for task in sweep.tasks():
            pool.submit(task)
            while pool.waiting >= pool.room:
                sweep.keep(pool.collect())
        while pool.waiting:
            sweep.keep(pool.collect())
    except BaseException:
        pool.stop()
        while pool.waiting:
            sweep.keep(pool.collect_finished())
        raise
    store.finish_run(run.key)
    return SweepCounts(run.key, run.configs, sweep.computed, sweep.reused)


def _begin(plan: SweepPlan, store: ResultStore) -> Run:
    settings = (plan.engine.name, plan.objective, plan.batch, plan.clock)
    run = Run(
        key=run_key(plan.space, plan.networks, settings),
        space=plan.space_name,
        engine=plan.engine.name,
        fingerprint=plan.engine.fingerprint,
        objective=plan.objective,
        batch=plan.batch,
        clock=plan.clock,
        configs=len(plan.space),
    )
    store.begin_run(run, plan.networks)
    return run


class _Sweep:
    """Walks the configs of one run: says what is missing, and keeps what comes back."""

    def __init__(self, plan: SweepPlan, store: ResultStore, run: Run, report: Callable[[Progress], None]) -> None:
        self._plan, self._store, self._run, self._report = plan, store, run, report
        self._networks = [
            {batched(item.layer, plan.batch) for item in network.layers}
            for network in {network_key(network): network for network in plan.networks}.values()
        ]
        # Ordered, each shape once: networks share rows of equal layers.
        shapes = (batched(item.layer, plan.batch) for network in plan.networks for item in network.layers)
        self._shapes = tuple(dict.fromkeys(shapes))
        self._done = self._computed_layers = self._reused_layers = 0
        self.computed = self.reused = 0

    def tasks(self) -> Iterator[Task]:
        """Tasks for what the store lacks, in the order of the space; links every design to the run."""
        links: list[str] = []
        for config in self._plan.space:
            key = design_key(config, self._plan.engine)
            task = self._missing(key)
            if task is not None:
                self._store.link_designs(self._run.key, [key])
                yield Task(key, config, self._plan.objective, task)
                continue
            self.reused += len(self._networks)
            links.append(key)
            if len(links) >= _LINK_BATCH:
                self._store.link_designs(self._run.key, links)
                links = []
            self._advance(1)
        self._store.link_designs(self._run.key, links)

    def _missing(self, design: str) -> tuple[tuple[str, Layer], ...] | None:
        """Layers that a design lacks; None when nothing is left to do."""
        valid = self._store.design_valid(design)
        if valid is False:
            return None
        have = self._store.layer_keys(design) if valid else set()
        wanted = [(layer_key(design, shape, self._plan.objective), shape) for shape in self._shapes]
        missing = tuple((key, shape) for key, shape in wanted if key not in have)
        self._reused_layers += len(wanted) - len(missing)
        lacking = {shape for _, shape in missing}
        if valid and not lacking:
            return None
        fresh = sum(1 for network in self._networks if valid is None or network & lacking)
        self.computed += fresh
        self.reused += len(self._networks) - fresh
        return missing

    def keep(self, answers: list[Answer]) -> None:
        """Store what came back."""
        with self._store.together():
            for item in answers:
                task = item.task
                self._store.add(task.design, self._plan.engine, task.config, item.facts, task.objective, item.layers)
        self._computed_layers += sum(len(item.layers) for item in answers)
        self._advance(len(answers))

    def _advance(self, configs: int) -> None:
        self._done += configs
        self._report(Progress(self._done, self._run.configs, self._computed_layers, self._reused_layers))
