"""The file of a search: every design it evaluated, in order, and how the hypervolume grew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..analysis.hypervolume import hypervolume
from ..analysis.pareto import pareto_mask
from ..sweep.exports import write_csv
from .session import Found

NAME = "explore.csv"


def write_history(found: Found, directory: Path) -> None:
    """Write ``explore.csv``, all or nothing.

    Raises
    ------
    InputError, RunError : it cannot be written; the file of before stays.
    """
    objectives = [objective.name for objective in found.ledger.question.objectives]
    columns = [("trial", "integer"), ("config_id", "text"), ("pe_type", "text"), ("valid", "flag"), ("reason", "text")]
    columns += [("feasible", "flag"), ("front", "flag"), *((name, "number") for name in objectives)]
    write_csv(directory / NAME, [*columns, ("hypervolume", "number")], _rows(found, objectives))


def _rows(found: Found, objectives: list[str]) -> Iterator[dict[str, Any]]:
    """Rows in the order of the search; hypervolumes have one reference: the worst valid point of all."""
    ledger = found.ledger
    front = {item.point for item in ledger.front()}
    _, every = ledger.costs(feasible=False)
    reference = every.max(axis=0) if len(every) else np.zeros(len(objectives))
    best, volume = np.empty((0, len(objectives))), 0.0
    for number, item in enumerate(ledger.evaluations.values(), 1):
        metrics = item.outcome.metrics
        if item.feasible:
            cost = ledger.question.costs([metrics])
            if not (best <= cost).all(axis=1).any():
                best = np.concatenate([best, cost])
                best = best[pareto_mask(best)]
                volume = hypervolume(best, reference)
        config = found.grid.config(item.point)
        yield {
            "trial": number,
            "config_id": config.config_id,
            "pe_type": config.pe.name,
            "valid": item.outcome.valid,
            "reason": item.outcome.reason,
            "feasible": item.feasible,
            "front": item.point in front,
            **{name: metrics.get(name) for name in objectives},
            "hypervolume": volume,
        }
