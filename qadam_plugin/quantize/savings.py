"""What mixed bits save against uniform ones at no more error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .search import Candidate


@dataclass(frozen=True, slots=True)
class Saving:
    """The best setting whose error is not above that of a uniform one.

    Attributes
    ----------
    saved : share of the uniform setting's cost; 0 where it is the best itself.
    """

    uniform: Candidate
    best: Candidate
    saved: float


def savings(uniform: Sequence[Candidate], front: Sequence[Candidate], column: str = "energy_uj") -> list[Saving]:
    """For each uniform setting what the front saves, in the order of `uniform`."""
    return [saving_at(item, front, item.error, column) for item in uniform]


def saving_at(uniform: Candidate, front: Sequence[Candidate], error: float, column: str = "energy_uj") -> Saving:
    """What the front saves against a uniform setting, where an error up to `error` is allowed."""
    allowed = [item for item in (uniform, *front) if item.error <= error or item is uniform]
    best = min(allowed, key=lambda item: item.value(column))
    return Saving(uniform, best, 1.0 - best.value(column) / uniform.value(column))
