"""The samplers that a search can use, in one place, and what makes each of their suggestions a new config."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from ..errors import InputError
from .grid import Grid, Point

#: Suggestions that are asked for before a taken one is moved to the nearest free point.
_TRIES = 4


def _tpe(grid: Grid, seed: int) -> BaseSampler:
    return TPESampler(seed=seed, multivariate=True, constant_liar=True, n_startup_trials=32)


def _nsga2(grid: Grid, seed: int) -> BaseSampler:
    return NSGAIISampler(seed=seed, population_size=16)


def _random(grid: Grid, seed: int) -> BaseSampler:
    return RandomSampler(seed=seed)


#: Name -> factory.
SAMPLERS: dict[str, Callable[[Grid, int], BaseSampler]] = {"nsga2": _nsga2, "tpe": _tpe, "random": _random}


def make_sampler(name: str, grid: Grid, seed: int) -> FreshSampler:
    """The sampler of that name.

    Raises
    ------
    InputError : no such sampler.
    """
    factory = SAMPLERS.get(name)
    if factory is None:
        raise InputError("--sampler", "", f"unknown sampler '{name}'; known: {', '.join(SAMPLERS)}")
    return FreshSampler(factory(grid, seed), grid, seed)


def distributions(grid: Grid) -> dict[str, BaseDistribution]:
    """Optuna's view of a grid: PE types by name, numbers by their place in the order, so that neighbours are alike."""
    return {
        key: CategoricalDistribution([value.name for value in values])
        if key == "pe_type"
        else IntDistribution(0, len(values) - 1)
        for key, values in grid.axes
    }


def params_of(point: Point, grid: Grid) -> dict[str, Any]:
    """Optuna's parameters of a point."""
    return {
        key: values[index].name if key == "pe_type" else index
        for (key, values), index in zip(grid.axes, point, strict=True)
    }


def point_of(params: dict[str, Any], grid: Grid) -> Point:
    """The point of Optuna's parameters."""
    return tuple(
        [value.name for value in values].index(params[key]) if key == "pe_type" else int(params[key])
        for key, values in grid.axes
    )


class FreshSampler(BaseSampler):
    """Suggests what another sampler suggests, and never a config that the space lacks or that was taken before.

    A suggestion that is taken or breaks a condition of the space is asked for again a few times, then moved to the
    nearest free point: samplers that have found the good region go on in its neighbourhood.

    Attributes
    ----------
    taken : points not to suggest; the search adds to it.
    exhausted : whether a suggestion could not be made since no free point is left; that suggestion is a taken one.
    """

    def __init__(self, inner: BaseSampler, grid: Grid, seed: int) -> None:
        self._inner, self._grid = inner, grid
        self._distributions = distributions(grid)
        self._dice = np.random.default_rng(seed)
        self.taken: set[Point] = set()
        self.exhausted = False

    def reseed_rng(self) -> None:
        self._inner.reseed_rng()

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._distributions

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Parameters of a free point."""
        point = self._suggestion(study, trial)
        for _ in range(_TRIES - 1):
            if point not in self.taken and self._grid.allows(point):
                break
            point = self._suggestion(study, trial)
        free = self._grid.free_near(point, self.taken, self._dice)
        self.exhausted = free is None
        return params_of(point if free is None else free, self._grid)

    def _suggestion(self, study: Study, trial: FrozenTrial) -> Point:
        inner = self._inner
        params = inner.sample_relative(study, trial, inner.infer_relative_search_space(study, trial))
        for name, distribution in self._distributions.items():
            if name not in params:
                params[name] = inner.sample_independent(study, trial, name, distribution)
        return point_of(params, self._grid)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        self._inner.before_trial(study, trial)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        self._inner.after_trial(study, trial, state, values)
