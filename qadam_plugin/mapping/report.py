"""The answer of `map` and `evaluate` as plain data for scripts, with the keys that scripts rely on."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .evaluation import Evaluation
from .nest import Mapping


@dataclass(frozen=True, slots=True)
class Proof:
    """How good a found mapping is.

    Attributes
    ----------
    objective : edp, energy or latency.
    optimal : proven best of its mapspace.
    gap : how far the cost may lie above the optimum, as a fraction of the lower bound; 0 if optimal.
    """

    objective: str
    optimal: bool
    gap: float


def proof_of(objective: str, cost: float, lower_bound: float, optimal: bool) -> Proof:
    """What a search proved; the gap is infinite where no lower bound above zero is known."""
    if optimal:
        return Proof(objective, True, 0.0)
    return Proof(objective, False, cost / lower_bound - 1 if lower_bound > 0 else float("inf"))


def as_json(
    mapping: Mapping | None, evaluation: Evaluation | None, reason: str = "", proof: Proof | None = None
) -> dict[str, Any]:
    """One answer as JSON data.

    Parameters
    ----------
    mapping, evaluation : None if no valid mapping exists.
    reason : why it is not valid, else empty.
    proof : of a search; None for a given mapping, then objective, optimal and gap are null.

    Returns
    -------
    ``valid, reason, objective, optimal, gap, energy_pj, cycles, edp, utilization, mapping, levels``; figures are null
    and levels empty for an invalid mapping. Counts are words per instance, ``energy_pj`` of a level is the sum of its
    instances, ``operands_per_word`` is a fraction under ideal packing only.
    """
    valid = evaluation is not None and evaluation.valid
    finite = proof is not None and proof.gap != float("inf")
    answer: dict[str, Any] = {
        "valid": valid,
        "reason": reason,
        "objective": proof.objective if proof else None,
        "optimal": proof.optimal if proof and valid else None,
        "gap": proof.gap if proof and valid and finite else None,
    }
    for key in ("energy_pj", "cycles", "edp", "utilization"):
        answer[key] = getattr(evaluation, key) if valid else None
    answer["mapping"] = [
        {"level": entry.level, "kind": entry.kind, "loops": [list(loop) for loop in entry.loops]}
        for entry in (mapping.entries if mapping else ())
    ]
    answer["levels"] = {
        name: {
            tensor: {
                "capacity": counts.utilized_capacity,
                "instances": counts.utilized_instances,
                "partition": counts.partition_size,
                "reads": counts.reads,
                "fills": counts.fills,
                "updates": counts.updates,
                "temporal_reductions": counts.temporal_reductions,
                "address_generations": counts.address_generations,
                "energy_pj": counts.energy_pj,
                "operands_per_word": _number(counts.operands_per_word),
                "wasted_bits_per_word": counts.wasted_bits_per_word,
                "wasted_bits_per_storage": counts.wasted_bits_per_storage,
            }
            for tensor, counts in level.tensors.items()
        }
        for name, level in (evaluation.levels.items() if evaluation else ())
    }
    return answer


def _number(value: Fraction) -> int | float:
    """A fraction as JSON has it."""
    return value.numerator if value.denominator == 1 else float(value)
