"""Recomputing the best of a predicted design space with the exact engine, into an ordinary result store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from ..hardware.config import AcceleratorConfig
from ..hardware.space import DesignSpace
from ..hardware.space_arrays import ConfigBlock
from ..ppa.accelerator.models import Prediction, SurrogateFile
from ..sweep.frames import results_frame
from ..sweep.runner import Progress, SweepCounts, SweepPlan, run_sweep
from ..sweep.store import ResultStore
from ..workloads.network import Network
from .fronts import front_mask
from .groups import GROUP, select
from .metrics import Metric
from .refine import Candidates, error_bands, neighbours

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Refined:
    """What was recomputed.

    Attributes
    ----------
    configs : all that were recomputed. counts : of the exact sweep over them.
    predicted : how many of them the predicted fronts had.
    rounds : exact sweeps until no config beside an exact front was left to compute, or `complete` is False.
    """

    configs: tuple[AcceleratorConfig, ...]
    counts: SweepCounts
    predicted: int
    rounds: int
    complete: bool


class Refinement:
    """Gathers candidates while a space is predicted, then recomputes them and whatever lies beside the exact fronts.

    Parameters
    ----------
    plan : the exact sweep of the whole space, of which a part will be run. metrics : the objectives of the fronts.
    limit : exact configs at most.
    """

    def __init__(self, plan: SweepPlan, file: SurrogateFile, metrics: Sequence[Metric], limit: int) -> None:
        self._plan, self._file, self._metrics, self._limit = plan, file, tuple(metrics), limit
        self._candidates: dict[tuple[str, float | None], Candidates] = {}

    def listen(self, network: Network, block: ConfigBlock, prediction: Prediction) -> None:
        """Take the predictions of a block. Designs at their own clock and at each fixed one have their own fronts."""
        levels, codes = block.levels["clock"], block.codes["clock"]
        for code in np.unique(codes):
            clock = None if np.isnan(levels[code]) else float(levels[code])
            key = (network.name, clock)
            if key not in self._candidates:
                bands = error_bands(self._file.errors, network.name, self._metrics)
                self._candidates[key] = Candidates(self._metrics, bands, self._limit)
            rows = np.flatnonzero(codes == code)
            if len(rows) == len(block):
                self._candidates[key].add(block, prediction)
            else:
                self._candidates[key].add(block.take(rows), prediction.take(rows))

    def recompute(self, store: ResultStore, jobs: int, report: Callable[[Progress], None]) -> Refined:
        """Run the exact engine on the predicted fronts, what the models' errors leave open, and every step around.

        Then on every step around the exact fronts, until these have no neighbour that was not computed.

        Raises
        ------
        RunError, InputError : as `run_sweep`.
        """
        space = self._plan.space
        assert isinstance(space, DesignSpace)
        gathered = [candidates.chosen() for candidates in self._candidates.values()]
        fronts = _by_id(chain.from_iterable(front for front, _ in gathered))
        chosen = dict(fronts)
        # What is nearest to some front first, taken from the fronts in turn.
        self._extend(chosen, _in_turn([open_ for _, open_ in gathered]))
        fresh: Mapping[str, AcceleratorConfig] = fronts
        rounds = 0
        while True:
            self._extend(chosen, chain.from_iterable(neighbours(space, config) for config in fresh.values()))
            name = f"{self._plan.space_name}, refined"
            plan = replace(self._plan, space=tuple(chosen.values()), space_name=name)
            counts = run_sweep(plan, store, jobs, report)
            rounds += 1
            fresh = {key: chosen[key] for key in self._exact_front(store, chosen)}
            around = chain.from_iterable(neighbours(space, config) for config in fresh.values())
            complete = all(config.config_id in chosen for config in around)
            if complete or len(chosen) >= self._limit:
                return Refined(tuple(chosen.values()), counts, len(fronts), rounds, complete)

    def _extend(self, chosen: dict[str, AcceleratorConfig], more: Iterable[AcceleratorConfig]) -> None:
        for config in more:
            if len(chosen) >= self._limit:
                return
            chosen.setdefault(config.config_id, config)

    def _exact_front(self, store: ResultStore, chosen: Mapping[str, AcceleratorConfig]) -> list[str]:
        """Recomputed configs on the exact front of one of the networks."""
        columns = {"config_id", "valid", *GROUP, *(metric.name for metric in self._metrics)}
        results = results_frame(store, columns)
        mine = (
            results["config_id"].isin(list(chosen))
            & results["network"].isin([network.name for network in self._plan.networks])
            & (results["engine"] == self._plan.engine.name)
            & (results["fingerprint"] == self._plan.engine.fingerprint)
            & (results["objective"] == self._plan.objective)
            & (results["batch"] == self._plan.batch)
        )
        ours: pd.DataFrame = select(results, mine)
        return list(dict.fromkeys(select(ours, front_mask(ours, self._metrics))["config_id"]))


def _by_id(configs: Iterable[AcceleratorConfig]) -> dict[str, AcceleratorConfig]:
    return {config.config_id: config for config in configs}


def _in_turn(lists: Sequence[Sequence[AcceleratorConfig]]) -> Iterable[AcceleratorConfig]:
    for place in range(max((len(each) for each in lists), default=0)):
        yield from (each[place] for each in lists if place < len(each))
