"""The search finds the optimum: against all mappings, and against Timeloop's mapper."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mapping_search_cases import Problem, brute_force, packed_problem, random_problem, simba_problem

from qadam_plugin.hardware.archspec import ArchSpec, Fanout, LoopConstraint, Storage
from qadam_plugin.jit import jit_lean
from qadam_plugin.mapping.corpus import energy_of, spec_of
from qadam_plugin.mapping.model import evaluate
from qadam_plugin.mapping.search import search
from qadam_plugin.mapping.search_orders import MOST_LISTED, list_orders
from qadam_plugin.mapping.search_state import MOST_ORDERS
from qadam_plugin.mapping.words import bits_at, operands_per_word, too_wide
from qadam_plugin.workloads.layer import DIMENSIONS, Layer

REFERENCES = Path(__file__).parent / "data" / "timeloop" / "mapper_refs.json.gz"

SAME = 1e-9

compiled_list_orders = jit_lean(list_orders)


def check_against_brute_force(seed: int, make: Callable[[np.random.Generator], Problem] = random_problem) -> None:
    problem = make(np.random.default_rng(seed))
    best = brute_force(problem)
    for objective, expected in (("edp", best.edp), ("energy", best.energy), ("latency", best.latency[0])):
        found = search(problem.spec, problem.layer, problem.energy, objective, packing=problem.packing)
        assert found.optimal, (seed, objective)
        assert found.cost == pytest.approx(expected, rel=SAME), (seed, objective)
        assert found.lower_bound == found.cost
        if objective == "latency" and found.evaluation is not None:
            assert found.evaluation.energy_pj == pytest.approx(best.latency[1], rel=SAME), seed


@pytest.mark.parametrize("first", range(0, 160, 20))
def test_search_equals_brute_force(first: int) -> None:
    for seed in range(first, first + 20):
        check_against_brute_force(seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 1600, 20))
def test_search_equals_brute_force_on_many_problems(first: int) -> None:
    for seed in range(first, first + 20):
        check_against_brute_force(seed)


@pytest.mark.parametrize("first", [0])
def test_search_equals_brute_force_on_simba_like_designs(first: int) -> None:
    for seed in range(first, first + 20):
        check_against_brute_force(seed, simba_problem)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(4000, 4400, 20))
def test_search_equals_brute_force_on_many_simba_like_designs(first: int) -> None:
    for seed in range(first, first + 20):
        check_against_brute_force(seed, simba_problem)


@pytest.mark.parametrize("first", range(0, 80, 20))
def test_search_equals_brute_force_with_several_elements_in_a_word(first: int) -> None:
    for seed in range(first, first + 20):
        check_against_brute_force(seed, packed_problem)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(2000, 2600, 20))
def test_search_equals_brute_force_with_several_elements_in_a_word_on_many_problems(first: int) -> None:
    for seed in range(first, first + 20):
        check_against_brute_force(seed, packed_problem)


def test_random_problems_with_bits_have_all_that_bits_change() -> None:
    problems = [packed_problem(np.random.default_rng(seed)) for seed in range(80)]
    narrow = [too_wide(problem.spec, problem.layer) is not None for problem in problems]
    assert 5 <= sum(narrow) <= 30
    fits = [
        operands_per_word(store.datawidth, bits_at(store, problem.layer, tensor), problem.packing)
        for problem, refused in zip(problems, narrow, strict=True)
        if not refused
        for store in problem.spec.storages
        for tensor in store.keep
    ]
    assert sum(fit == 1 for fit in fits) >= 50
    assert sum(fit > 1 and fit.denominator == 1 for fit in fits) >= 100
    assert sum(fit.denominator > 1 for fit in fits) >= 30
    assert sum(store.cluster_size > 1 for problem in problems for store in problem.spec.storages) >= 30


def test_random_problems_have_what_the_references_lack() -> None:
    """The brute force is no test of a bound unless the problems leave the beaten track."""
    problems = [random_problem(np.random.default_rng(seed)) for seed in range(160)]
    layers = [problem.layer for problem in problems]
    assert sum(layer.Wdilation > 1 and layer.R > 1 and layer.P > 1 for layer in layers) >= 5
    assert sum(layer.Wstride > layer.R > 1 and layer.P > 1 for layer in layers) >= 3
    assert sum(layer.G > 1 for layer in layers) >= 15
    assert sum(layer.N > 1 for layer in layers) >= 15
    assert sum(problem.spec.storages[-4].keep == ("Weights",) or _keeps_all(problem) for problem in problems) >= 20
    assert sum(len(problem.spec.storages) > 5 for problem in problems) >= 40  # split levels
    assert sum(problem.spec.rows * problem.spec.cols == 1 for problem in problems) >= 3
    assert sum(any(s.read_bandwidth for s in problem.spec.storages) for problem in problems) >= 80
    assert sum(any(p.get("leak") for p in problem.energy.energy_pj.values()) for problem in problems) >= 80
    assert sum(any(s.block_size > 1 for s in problem.spec.storages) for problem in problems) >= 80


def _keeps_all(problem: Problem) -> bool:
    return any(len(store.keep) == 3 for store in problem.spec.storages[1:])


def references() -> list[tuple[ArchSpec, dict]]:
    """Timeloop's references with their constraints."""
    data = json.loads(gzip.decompress(REFERENCES.read_bytes()))
    given = {
        (entry["level"], entry["kind"]): LoopConstraint(
            factors=entry["fixed_factors"], permutation=tuple(entry["order_innermost_first"])
        )
        for entry in data["constraints"]
    }
    none = LoopConstraint(factors=dict.fromkeys(DIMENSIONS, 1))
    cases = []
    for reference in data["refs"]:
        levels = []
        for level in spec_of(reference["arch"], REFERENCES).levels:
            if isinstance(level, Storage):
                level = replace(level, temporal=given.get((level.name, "temporal"), LoopConstraint()))
            elif isinstance(level, Fanout):
                x, y = given.get((level.name, "spatial-x"), none), given.get((level.name, "spatial-y"), none)
                level = replace(level, constraint_x=x, constraint_y=y)
            levels.append(level)
        cases.append((replace(spec_of(reference["arch"], REFERENCES), levels=tuple(levels)), reference))
    return cases


@pytest.mark.parametrize(
    ("spec", "reference"), references(), ids=lambda value: value["id"] if isinstance(value, dict) else ""
)
def test_never_worse_than_timeloop_and_proven(spec: ArchSpec, reference: dict) -> None:
    objective, key = {
        "edp": ("edp", "edp_pj_cycles"),
        "energy": ("energy", "energy_pj"),
        "delay": ("latency", "cycles"),
    }[reference["metric"]]
    found = search(spec, Layer(**reference["layer"]), energy_of(reference["arch"]), objective)
    assert found.optimal
    assert found.cost <= reference["best"][key] * (1 + SAME)
    assert found.mapping is not None
    assert evaluate(spec, Layer(**reference["layer"]), found.mapping, energy_of(reference["arch"])) == found.evaluation
    if objective == "latency":
        assert found.cost == reference["best"][key]  # Timeloop's fastest are optimal already


def test_cost_is_that_of_the_mapping() -> None:
    spec, reference = references()[0]
    found = search(spec, Layer(**reference["layer"]), energy_of(reference["arch"]))
    assert found.evaluation is not None
    assert found.cost == found.evaluation.energy_pj * found.evaluation.cycles
    assert found.gap == 0


def test_a_budget_gives_a_bound_that_the_optimum_respects() -> None:
    for seed in range(40):
        problem = random_problem(np.random.default_rng(seed))
        full = search(problem.spec, problem.layer, problem.energy)
        cut = search(problem.spec, problem.layer, problem.energy, budget=1)
        assert cut.evaluated <= 1
        assert cut.lower_bound <= full.cost * (1 + SAME) <= cut.cost * (1 + 2 * SAME)
        assert cut.optimal == (cut.lower_bound == cut.cost)


def test_growing_a_buffer_at_equal_prices_never_makes_the_optimum_worse() -> None:
    for seed in range(30):
        problem = random_problem(np.random.default_rng(seed))
        for name in [store.name for store in problem.spec.storages if store.depth is not None]:
            larger = replace(
                problem.spec,
                levels=tuple(
                    replace(level, depth=2 * level.depth + 1)
                    if isinstance(level, Storage) and level.name == name and level.depth
                    else level
                    for level in problem.spec.levels
                ),
            )
            for objective in ("edp", "energy", "latency"):
                before = search(problem.spec, problem.layer, problem.energy, objective).cost
                after = search(larger, problem.layer, problem.energy, objective).cost
                assert after <= before * (1 + SAME), (seed, name, objective)


def test_the_same_search_gives_the_same_mapping() -> None:
    spec, reference = references()[2]
    first, second = (search(spec, Layer(**reference["layer"]), energy_of(reference["arch"])) for _ in range(2))
    assert first == second


def candidate_orders(mask: int, prefix: str, neighbours: bool) -> list[list[str]]:
    fixed = np.array([[DIMENSIONS.index(d) for d in prefix] + [-1] * (8 - len(prefix))], np.int64)
    pool, marks = np.zeros((MOST_LISTED, 8), np.int64), np.zeros((MOST_LISTED + 2, 9), np.int64)
    count = compiled_list_orders(mask, fixed, 0, neighbours, pool, 0, marks)
    return [[DIMENSIONS[d] for d in order if d >= 0] for order in pool[:count]]


@pytest.mark.parametrize("neighbours", [False, True])
@pytest.mark.parametrize("prefix", ["", "GN", "CMRSNPQG"])
def test_no_set_of_dimensions_has_more_orders_than_there_is_room_for(prefix: str, neighbours: bool) -> None:
    assert max(len(candidate_orders(mask, prefix, neighbours)) for mask in range(256)) <= MOST_ORDERS


def test_candidate_orders_keep_the_fixed_order_innermost() -> None:
    every = sum(1 << DIMENSIONS.index(d) for d in "GNPC")
    orders = candidate_orders(every, "GN", False)
    assert orders
    for order in orders:
        assert order[:2] == ["G", "N"]
        assert sorted(order) == sorted("GNPC")


def test_infinite_cost_only_without_a_mapping() -> None:
    spec, reference = references()[0]
    tiny = replace(
        spec,
        levels=tuple(
            replace(level, depth=1, width=level.datawidth, keep=("Inputs", "Outputs"))
            if isinstance(level, Storage) and level.name == "shared_glb"
            else level
            for level in spec.levels
        ),
    )
    found = search(tiny, Layer(**reference["layer"]), energy_of(reference["arch"]))
    assert found.mapping is None
    assert math.isinf(found.cost)
    assert "shared_glb" in found.reason
    assert "need 2 words" in found.reason
    assert "has 1" in found.reason
