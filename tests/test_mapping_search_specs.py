"""Architectures other than the row-stationary one, and layers that nothing can map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mapping_search_cases import NO_LOOPS, Problem, brute_force, random_problem

from qadam_plugin.errors import QadamError
from qadam_plugin.hardware.archspec import ArchSpec, Compute, Fanout, LoopConstraint, Storage
from qadam_plugin.hardware.spec_reader import read_spec
from qadam_plugin.mapping.corpus import ReferenceCase, read_cases
from qadam_plugin.mapping.model import evaluate
from qadam_plugin.mapping.search import search
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.energy_table import EnergyTable
from qadam_plugin.workloads.layer import DIMENSIONS, TENSORS, Layer

FAMILIES = Path(__file__).parent / "data" / "timeloop" / "families.jsonl.gz"

PRICES = EnergyTable(
    {
        "DRAM": {"read": 100.0, "write": 100.0},
        "buffer": {"read": 5.0, "write": 6.0},
        "PE_buffer": {"read": 1.0, "write": 1.1},
        "mac": {"compute": 1.0},
    }
)


def two_level(cols: int, depth: int) -> ArchSpec:
    """DRAM and one buffer over a row of MACs."""
    return ArchSpec(
        "two_level",
        (
            Storage("DRAM", "DRAM", 8, 8, None, TENSORS),
            Storage("buffer", "SRAM", 8, 8, depth, TENSORS),
            Fanout("MAC_row", mesh_x=cols, constraint_y=NO_LOOPS),
            Compute("mac", "mac", cols),
        ),
    )


def local_buffers(cols: int, depth: int) -> ArchSpec:
    """DRAM over a row of PEs with a buffer each: no near level, and an inner one with loops in any order."""
    row = LoopConstraint(factors=dict.fromkeys("RSPQ", 1))
    return ArchSpec(
        "local_buffers",
        (
            Storage("DRAM", "DRAM", 8, 8, None, TENSORS),
            Fanout("PE", mesh_x=cols, constraint_x=row, constraint_y=NO_LOOPS),
            Storage("PE_buffer", "SRAM", 8, 8, depth, TENSORS, instances=cols),
            Compute("mac", "mac", cols),
        ),
    )


@pytest.mark.parametrize(
    "layer",
    [Layer(C=4, M=6, P=2), Layer(P=6, R=3, M=2), Layer(P=4, R=3, C=2, Wstride=2), Layer(Q=4, S=2, Hdilation=2, G=2)],
)
def test_descent_on_two_levels_finds_the_optimum_of_small_layers(layer: Layer) -> None:
    spec = two_level(cols=3, depth=14)
    best = brute_force(Problem(spec, layer, PRICES))
    for objective, expected in (("edp", best.edp), ("energy", best.energy), ("latency", best.latency[0])):
        found = search(spec, layer, PRICES, objective)
        assert found.lower_bound <= expected * (1 + 1e-9)
        assert found.cost == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("layer", [Layer(C=4, M=6, P=2), Layer(P=6, R=3, M=2), Layer(P=4, R=3, C=2, N=2, Wstride=2)])
def test_one_level_of_loops_outside_the_array_is_proven(layer: Layer) -> None:
    spec = local_buffers(cols=4, depth=12)
    best = brute_force(Problem(spec, layer, PRICES))
    for objective, expected in (("edp", best.edp), ("energy", best.energy), ("latency", best.latency[0])):
        found = search(spec, layer, PRICES, objective)
        assert found.optimal
        assert found.cost == pytest.approx(expected, rel=1e-9)


def families() -> list[ReferenceCase]:
    """Two cases of each family: split stores, two-level, Simba-like, systolic."""
    chosen: dict[str, list[ReferenceCase]] = {}
    for case in read_cases(FAMILIES):
        chosen.setdefault(case.id.split("_")[0], []).append(case)
    return [case for cases in chosen.values() for case in cases[:2]]


@pytest.mark.parametrize("case", families(), ids=lambda case: case.id)
def test_every_family_is_mapped_no_worse_than_the_given_mapping(case: ReferenceCase) -> None:
    found = search(case.spec, case.layer, case.energy)
    given = case.result["energy_total_pj"] * case.result["cycles"]
    assert found.mapping is not None
    assert found.lower_bound <= found.cost <= given * (1 + 1e-6)
    assert evaluate(case.spec, case.layer, found.mapping, case.energy).edp == found.cost
    assert found.gap >= 0


@pytest.mark.parametrize("design", ["eyeriss168", "int16", "lightpe1"])
def test_shipped_split_designs_are_proven(design: str) -> None:
    spec = read_spec(data_dir("arch_specs") / "timeloop" / f"{design}.yaml")
    names = [level.name for level in spec.storages]
    prices = {name: {"read": 1.0, "write": 1.2} for name in names}
    prices |= {name: {"read": 200.0, "write": 200.0} for name in names if name.startswith("DRAM")}
    energy = EnergyTable(prices | {spec.compute.name: {"compute": 1.0}})
    for layer in (Layer(C=64, M=64, R=3, S=3, P=56, Q=56), Layer(G=96, R=3, S=3, P=14, Q=14), Layer(C=512, M=1000)):
        found = search(spec, layer, energy)
        assert found.optimal
        assert found.mapping is not None
        outer = [entry for entry in found.mapping.entries if entry.level in ("DRAM_weights", "DRAM_ifmap", "glb_ifmap")]
        assert all(entry.loops == () for entry in outer)


def test_optional_tensors_are_tried_kept_and_bypassed() -> None:
    """Keeping weights in a dear buffer pays only if they are used again there."""
    base = two_level(cols=1, depth=40)
    optional = replace(
        base,
        levels=(base.levels[0], replace(base.levels[1], optional=("Weights",)), *base.levels[2:]),  # pyright: ignore
    )
    for prices in (PRICES, EnergyTable({**PRICES.energy_pj, "buffer": {"read": 500.0, "write": 500.0}})):
        layer = Layer(C=4, M=4)
        without = replace(
            base, levels=(base.levels[0], replace(base.levels[1], keep=("Inputs", "Outputs")), *base.levels[2:])
        )  # pyright: ignore
        fixed = [search(spec, layer, prices, "energy").cost for spec in (base, without)]
        assert search(optional, layer, prices, "energy").cost == min(fixed)


def _with(spec: ArchSpec, name: str, **changes: object) -> ArchSpec:
    """One level changed."""
    levels = tuple(replace(level, **changes) if level.name == name else level for level in spec.levels)  # pyright: ignore
    return replace(spec, levels=levels)


def test_reason_names_the_store_that_is_too_small() -> None:
    problem = random_problem(np.random.default_rng(3))
    spec = _with(problem.spec, "psum_spad", depth=0)
    found = search(spec, problem.layer, problem.energy)
    assert found.mapping is None
    assert found.reason == "psum_spad: the least tiles need 1 words (Outputs 1), it has 0"


def test_reason_counts_dimensions_that_no_outer_level_may_take() -> None:
    spec = local_buffers(cols=2, depth=10)
    closed = LoopConstraint(factors={"R": 1, "S": 1})
    spec = _with(spec, "DRAM", temporal=closed)
    found = search(spec, Layer(R=3, S=3, C=4), PRICES)
    assert found.mapping is None
    assert found.reason == ("PE_buffer: the least tiles need 19 words (Weights 9, Inputs 9, Outputs 1), it has 10")


def test_reason_names_a_factor_that_does_not_divide() -> None:
    spec = _with(two_level(2, 100), "buffer", temporal=LoopConstraint(factors={"M": 4}))
    found = search(spec, Layer(M=6), PRICES)
    assert found.mapping is None
    assert found.reason.startswith("buffer (temporal): the constraint demands M=4, which does not divide")


def test_reason_names_a_dimension_that_the_constraints_do_not_cover() -> None:
    spec = two_level(2, 100)
    spec = _with(spec, "DRAM", temporal=LoopConstraint(factors={"P": 1}))
    spec = _with(spec, "buffer", temporal=LoopConstraint(max_factors={"P": 3}))
    found = search(spec, Layer(P=12), PRICES)
    assert found.mapping is None
    assert found.reason == "P=12: constraints allow a factor of 6 at most (buffer (temporal), MAC_row (spatial-x))"


def test_unknown_objectives_and_budgets_are_refused() -> None:
    with pytest.raises(QadamError, match="edp, energy, latency"):
        search(two_level(2, 100), Layer(M=2), PRICES, "speed")
    with pytest.raises(QadamError, match="at least 1"):
        search(two_level(2, 100), Layer(M=2), PRICES, budget=0)


def test_dimensions_cover_the_constraints_of_the_tests() -> None:
    assert set(NO_LOOPS.factors) == set(DIMENSIONS)
