"""Bulk evaluation gives, bit for bit, what the model says of each mapping."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from qadam_plugin.errors import QadamError
from qadam_plugin.mapping.bulk import evaluate_many, stack_mappings
from qadam_plugin.mapping.corpus import ReferenceCase, read_cases
from qadam_plugin.mapping.model import evaluate
from qadam_plugin.mapping.nest import LevelLoops, Mapping

CORPORA = Path(__file__).parent / "data" / "timeloop"


@pytest.fixture(scope="module")
def cases() -> list[ReferenceCase]:
    every = [case for name in ("model_cases", "families") for case in read_cases(CORPORA / f"{name}.jsonl.gz")]
    return every[::7]


def shuffled(mapping: Mapping, rng: random.Random) -> Mapping:
    """The same factors in another loop order."""
    return Mapping(
        tuple(LevelLoops(e.level, e.kind, tuple(rng.sample(e.loops, len(e.loops)))) for e in mapping.entries)
    )


def test_bulk_equals_the_model_bit_for_bit_valid_or_not(cases: list[ReferenceCase]) -> None:
    rng = random.Random(1)
    verdicts: dict[bool, int] = defaultdict(int)
    for case in cases:
        mappings = [case.mapping, *(shuffled(case.mapping, rng) for _ in range(3))]
        priced = evaluate_many(case.spec, case.layer, case.energy, *stack_mappings(case.spec, mappings))
        for n, mapping in enumerate(mappings):
            found = evaluate(case.spec, case.layer, mapping, case.energy)
            assert priced.valid[n] == found.valid
            verdicts[found.valid] += 1
            if found.valid:
                assert (priced.energy_pj[n], priced.cycles[n]) == (found.energy_pj, found.cycles)
            else:
                assert np.isnan(priced.energy_pj[n]) and priced.cycles[n] == -1
    assert min(verdicts.values()) > 20


def test_loop_order_within_a_level_matters(cases: list[ReferenceCase]) -> None:
    rng = random.Random(2)
    case = next(case for case in cases if case.result["valid"] and len(case.mapping.entries[0].loops) >= 3)
    mappings = [shuffled(case.mapping, rng) for _ in range(20)]
    priced = evaluate_many(case.spec, case.layer, case.energy, *stack_mappings(case.spec, mappings))
    assert len(set(priced.energy_pj)) > 1


def test_arrays_of_a_wrong_shape_are_refused(cases: list[ReferenceCase]) -> None:
    case = cases[0]
    factors, orders = stack_mappings(case.spec, [case.mapping])
    with pytest.raises(QadamError, match="must both be of shape"):
        evaluate_many(case.spec, case.layer, case.energy, factors[:, 1:], orders[:, 1:])
