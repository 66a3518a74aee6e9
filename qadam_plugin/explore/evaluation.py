"""Answers to a search's suggestions, through the result store: nothing is computed twice, everything is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..analysis.metrics import TOP1
from ..engines.base import Engine
from ..hardware.config import AcceleratorConfig
from ..sweep.keys import design_key, layer_key, network_key
from ..sweep.pool import Pool
from ..sweep.rows import TOTAL_COLUMNS
from ..sweep.store import ResultStore
from ..sweep.totals import batched
from ..sweep.worker import Answer, Task
from ..workloads.layer import Layer
from ..workloads.network import Network


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one config came to.

    Attributes
    ----------
    valid : whether the config can be built and every layer mapped; else `reason` says why not.
    metrics : metrics by name; empty where there is no mapping.
    """

    valid: bool
    reason: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)


class Evaluator(Protocol):
    """Where a search gets its answers."""

    def evaluate(self, configs: Sequence[AcceleratorConfig]) -> list[Outcome]:
        """The outcome of each config, in their order."""
        ...


class StoreEvaluator:
    """Evaluates one network with an engine, and keeps every row in a store under a run that was begun there.

    What the store has is taken from there. On an error or Ctrl-C what had been answered is kept. PE types in `top1`
    have that accuracy as a further metric.
    """

    def __init__(
        self,
        store: ResultStore,
        pool: Pool[Answer],
        engine: Engine,
        network: Network,
        objective: str,
        batch: int,
        run: str,
        top1: Mapping[str, float],
    ) -> None:
        self._store, self._pool, self._engine = store, pool, engine
        self._objective, self._batch, self._run, self._top1 = objective, batch, run, top1
        self._network = network_key(network)
        self._shapes = tuple(dict.fromkeys(batched(item.layer, batch) for item in network.layers))

    def evaluate(self, configs: Sequence[AcceleratorConfig]) -> list[Outcome]:
        """The outcome of each config, in their order."""
        keys = [design_key(config, self._engine) for config in configs]
        self._store.link_designs(self._run, keys)
        try:
            for key, config in zip(keys, configs, strict=True):
                missing = self._missing(key)
                if missing or self._store.design_valid(key) is None:
                    self._pool.submit(Task(key, config, self._objective, missing))
            while self._pool.waiting:
                self._keep()
        except BaseException:
            self._pool.stop()
            while self._pool.waiting:
                self._keep(finished=True)
            raise
        return [self._outcome(key, config.pe.name) for key, config in zip(keys, configs, strict=True)]

    def _keep(self, *, finished: bool = False) -> None:
        for item in self._pool.collect_finished() if finished else self._pool.collect():
            task = item.task
            self._store.add(task.design, self._engine, task.config, item.facts, task.objective, item.layers)

    def _missing(self, design: str) -> tuple[tuple[str, Layer], ...]:
        """Layers that a design lacks; none for one that is known to be impossible."""
        if self._store.design_valid(design) is False:
            return ()
        have = self._store.layer_keys(design)
        wanted = {layer_key(design, shape, self._objective): shape for shape in self._shapes}
        return tuple((key, shape) for key, shape in wanted.items() if key not in have)

    def _outcome(self, design: str, pe_type: str) -> Outcome:
        sql = f"""SELECT r.valid, r.reason, d.clock_ghz, d.area_um2 * 1e-6, {",".join(TOTAL_COLUMNS)}
            FROM results r JOIN designs d ON d.id = r.design
            WHERE d.key = ? AND r.network = ? AND r.batch = ? AND r.objective = ?"""
        ((valid, reason, clock_ghz, area_mm2, *totals),) = self._store.query(
            sql, (design, self._network, self._batch, self._objective)
        )
        if not valid:
            return Outcome(False, reason)
        metrics = {**dict(zip(TOTAL_COLUMNS, totals, strict=True)), "clock_ghz": clock_ghz, "area_mm2": area_mm2}
        if pe_type in self._top1:
            metrics[TOP1.name] = self._top1[pe_type]
        return Outcome(True, "", metrics)
