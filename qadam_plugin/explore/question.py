"""What a search is asked for: which metrics to make good, and which limits a design has to keep."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..analysis.hypervolume import log_costs
from ..analysis.metrics import TOP1, Metric, metric
from ..errors import InputError

_LEAST = 1e-9

_LIMIT = re.compile(r"\s*(\w+)\s*(<=|>=)\s*([-+.\w]+)\s*")


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on a metric that a design has to keep.

    Attributes
    ----------
    upper : whether the metric may be at most `bound`, else at least.
    """

    metric: Metric
    upper: bool
    bound: float

    def excess(self, value: float) -> float:
        """How far a value is beyond the bound, as the logarithm of their ratio; not above zero where it is kept."""
        ratio = math.log(value / self.bound) if self.bound > 0 and value > 0 else value - self.bound
        return ratio if self.upper else -ratio

    def __str__(self) -> str:
        return f"{self.metric.name} {'<=' if self.upper else '>='} {self.bound:g}"


@dataclass(frozen=True)
class Question:
    """Objectives and limits of a search.

    Attributes
    ----------
    objectives : at least one metric; each counts on a logarithmic axis, where a design twice as good counts alike
        everywhere.
    """

    objectives: tuple[Metric, ...]
    limits: tuple[Limit, ...] = ()

    @property
    def needs_accuracy(self) -> bool:
        """Whether accuracy is an objective or has a limit."""
        return TOP1 in self.objectives or any(limit.metric == TOP1 for limit in self.limits)

    @property
    def maximize(self) -> list[bool]:
        """Per objective, whether more is better."""
        return [objective.maximize for objective in self.objectives]

    def values(self, results: list[Mapping[str, float]]) -> npt.NDArray[np.float64]:
        """The objectives of results, [results, objectives]; zero counts as next to nothing, to have a logarithm."""
        rows = [[max(result[objective.name], _LEAST) for objective in self.objectives] for result in results]
        return np.array(rows, dtype=float).reshape(len(rows), len(self.objectives))

    def costs(self, results: list[Mapping[str, float]]) -> npt.NDArray[np.float64]:
        """Costs on logarithmic axes, smaller is better, [results, objectives]."""
        return log_costs(self.values(results), self.maximize)

    def keeps_limits(self, result: Mapping[str, float]) -> bool:
        """Whether a result keeps every limit."""
        return all(limit.excess(result[limit.metric.name]) <= 0 for limit in self.limits)


def parse_objectives(names: list[str], option: str = "--objective", *, accuracy: bool = False) -> tuple[Metric, ...]:
    """Objectives by name, each once; `accuracy` says whether accuracies were given.

    Raises
    ------
    InputError : an unknown metric, or one that can be zero, which a logarithmic axis cannot show.
    """
    found = tuple(dict.fromkeys(metric(name, option, accuracy=accuracy) for name in names))
    for item in found:
        if item.name in _CAN_BE_ZERO:
            raise InputError(option, "", f"'{item.name}' can be zero and cannot be an objective; use --constraint")
    return found


#: Metrics that are zero on many designs.
_CAN_BE_ZERO = ("psum_spills",)


def parse_limit(text: str, option: str = "--constraint", *, accuracy: bool = False) -> Limit:
    """A limit such as ``area_mm2 <= 2``; `accuracy` says whether accuracies were given.

    Raises
    ------
    InputError : not of that form, an unknown metric, or no number.
    """
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise InputError(option, "", f"'{text}' is no limit; one such as 'area_mm2 <= 2' is wanted")
    name, comparison, number = match.groups()
    bounded = metric(name, option, accuracy=accuracy)
    try:
        bound = float(number)
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        raise InputError(option, "", f"'{text}': a number is wanted, not '{number}'")
    return Limit(bounded, comparison == "<=", bound)
