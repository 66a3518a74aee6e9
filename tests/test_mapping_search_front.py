"""The front of energy and cycles: all of it, whatever an operation costs."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mapping_search_cases import brute_front, packed_problem, random_problem

from qadam_plugin.errors import QadamError
from qadam_plugin.hardware.archspec import ArchSpec, Compute, Fanout, Storage
from qadam_plugin.hardware.spec_reader import read_spec
from qadam_plugin.mapping.model import evaluate
from qadam_plugin.mapping.search import search
from qadam_plugin.mapping.search_front import search_front
from qadam_plugin.mapping.words import fits_of
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.energy_table import EnergyTable
from qadam_plugin.ppa.library import load_library
from qadam_plugin.ppa.pricing import price_spec
from qadam_plugin.workloads.layer import TENSORS, Layer

SPECS = Path(data_dir("arch_specs")) / "timeloop"
LAYER = Layer(C=16, M=24, R=3, S=3, P=14, Q=14)


@pytest.fixture(scope="module")
def eyeriss() -> tuple[ArchSpec, EnergyTable]:
    spec = read_spec(SPECS / "eyeriss168.yaml")
    return spec, price_spec(spec, load_library()).energy


def check_against_brute_force(seed: int) -> int:
    make = packed_problem if seed % 2 else random_problem
    problem = make(np.random.default_rng(seed))
    expected = brute_front(problem)
    found = search_front(problem.spec, problem.layer, problem.energy, packing=problem.packing)
    assert found.complete
    assert [point.cycles for point in found.points] == [cycles for cycles, _ in expected], seed
    macs = problem.energy.energy_pj["mac"]["compute"] * problem.layer.macs
    for point, (_, energy) in zip(found.points, expected, strict=True):
        assert point.energy_pj == pytest.approx(energy, rel=1e-9, abs=1e-9 * macs), seed
    assert bool(found.points) != bool(found.reason)
    return len(expected)


@pytest.mark.parametrize("first", [0, 30])
def test_front_equals_brute_force(first: int) -> None:
    sizes = [check_against_brute_force(seed) for seed in range(first, first + 30)]
    assert max(sizes) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("first", range(3000, 3600, 20))
def test_front_equals_brute_force_on_many_problems(first: int) -> None:
    for seed in range(first, first + 20):
        check_against_brute_force(seed)


@pytest.mark.parametrize("mac_pj", [0.0, 0.05, 2.0, 500.0])
@pytest.mark.parametrize("objective", ["edp", "energy", "latency"])
def test_the_best_mapping_is_on_the_front_whatever_an_operation_costs(
    eyeriss: tuple[ArchSpec, EnergyTable], objective: str, mac_pj: float
) -> None:
    spec, energy = eyeriss
    layer = replace(LAYER, weight_bits=4, input_bits=8, output_bits=8)
    priced = EnergyTable({**energy.energy_pj, "mac": {**energy.energy_pj["mac"], "compute": mac_pj}})
    best = search(spec, layer, priced, objective)
    point = search_front(spec, layer, energy).best(objective, mac_pj * layer.macs)
    assert point.cost(objective, mac_pj * layer.macs)[0] == pytest.approx(best.cost, rel=1e-9)


def test_a_point_is_what_its_mapping_costs(eyeriss: tuple[ArchSpec, EnergyTable]) -> None:
    spec, energy = eyeriss
    found = search_front(spec, LAYER, energy)
    assert len(found.points) > 1
    for point in found.points:
        evaluation = evaluate(spec, LAYER, point.mapping, energy)
        assert evaluation.cycles == point.cycles
        assert evaluation.energy_pj - evaluation.mac_energy_pj == pytest.approx(point.energy_pj, rel=1e-12)
    for first, second in zip(found.points, found.points[1:], strict=False):
        assert first.cycles < second.cycles and first.energy_pj > second.energy_pj


def test_bits_that_pack_alike_have_one_front(eyeriss: tuple[ArchSpec, EnergyTable]) -> None:
    spec, energy = eyeriss
    six, eight, five = (replace(LAYER, weight_bits=bits, input_bits=8, output_bits=8) for bits in (6, 8, 5))
    assert fits_of(spec, six) == fits_of(spec, eight) != fits_of(spec, five)
    assert search_front(spec, six, energy) == search_front(spec, eight, energy)
    assert fits_of(spec, six, "ideal") != fits_of(spec, eight, "ideal")


def test_a_budget_says_from_where_on_the_front_may_have_gaps(eyeriss: tuple[ArchSpec, EnergyTable]) -> None:
    spec, energy = eyeriss
    full = search_front(spec, LAYER, energy)
    for budget in (1, 20, 300):
        cut = search_front(spec, LAYER, energy, budget=budget)
        assert cut.evaluated <= budget
        if cut.complete:
            assert cut.points == full.points
        for point in full.points:
            known = any(p.cycles <= point.cycles and p.energy_pj <= point.energy_pj for p in cut.points)
            assert known or point.energy_pj >= cut.bound_pj


def test_a_design_where_nothing_is_proven_has_a_front_with_a_bound() -> None:
    spec = ArchSpec(
        "row of MACs",
        (
            Storage("DRAM", "DRAM", 16, 16, None, TENSORS),
            Storage("buffer", "SRAM", 16, 16, 512, TENSORS),
            Fanout("macs", 8),
            Compute("mac", "mac", 8),
        ),
    )
    prices = {"read": 1.0, "write": 1.0}
    energy = EnergyTable({"DRAM": {"read": 100.0, "write": 100.0}, "buffer": prices, "mac": {"compute": 1.0}})
    found = search_front(spec, Layer(C=8, M=8, P=6), energy, budget=2000)
    assert found.points and not found.complete
    assert 0 < found.bound_pj <= found.points[-1].energy_pj


def test_a_layer_that_does_not_fit_has_no_points_and_a_reason(eyeriss: tuple[ArchSpec, EnergyTable]) -> None:
    spec, energy = eyeriss
    found = search_front(spec, replace(LAYER, weight_bits=20), energy)
    assert (found.points, found.bound_pj) == ((), math.inf)
    assert "too narrow for Weights of 20" in found.reason
    with pytest.raises(QadamError, match="too narrow"):
        found.best("edp")
    with pytest.raises(QadamError, match="objective 'speed'"):
        search_front(spec, LAYER, energy).best("speed")
