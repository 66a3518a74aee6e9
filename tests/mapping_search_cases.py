"""Random small problems, and the best mapping by trying all of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qadam_plugin.hardware.archspec import ArchSpec, Compute, Fanout, Level, LoopConstraint, Storage
from qadam_plugin.mapping.bulk import evaluate_many
from qadam_plugin.mapping.mapspace import slot_constraints
from qadam_plugin.mapping.plan import make_plan
from qadam_plugin.ppa.energy_table import EnergyTable
from qadam_plugin.workloads.layer import DIMENSIONS, TENSORS, Layer

_NO_BITS = {"weight_bits": None, "input_bits": None, "output_bits": None}

NO_LOOPS = LoopConstraint(factors=dict.fromkeys(DIMENSIONS, 1))

COLUMN = LoopConstraint(factors=dict.fromkeys("NCPRS", 1), permutation=tuple("GNCPRSQM"))
ROW = LoopConstraint(factors=dict.fromkeys("NPQR", 1), permutation=tuple("GNPQRSCM"))
SPADS = (
    ("ifmap_spad", "Inputs", LoopConstraint(factors=dict.fromkeys(DIMENSIONS, 1))),
    ("weights_spad", "Weights", LoopConstraint(factors=dict.fromkeys("NMPQSG", 1), permutation=tuple("GNMPQSCR"))),
    ("psum_spad", "Outputs", LoopConstraint(factors=dict.fromkeys("NCRSPQG", 1), permutation=tuple("GNCPQRSM"))),
)


@dataclass(frozen=True)
class Problem:
    """One architecture, layer and energy table, and how elements lie in words."""

    spec: ArchSpec
    layer: Layer
    energy: EnergyTable
    packing: str = "word"


@dataclass(frozen=True)
class Optimum:
    """Least costs over all mappings, infinite if none is valid; and how many there are."""

    edp: float
    energy: float
    latency: tuple[float, float]
    mappings: int


def random_problem(rng: np.random.Generator) -> Problem:
    """A row-stationary design with random sizes and prices, and a layer that is small enough to try everything."""
    outer, outer_prices = _outer_levels(rng)
    rows, cols = int(rng.choice([1, 2, 3, 4])), int(rng.choice([1, 2, 3, 4]))
    levels: list[Level] = [
        *outer,
        Fanout("PE_column", mesh_x=cols, constraint_x=COLUMN, constraint_y=NO_LOOPS),
        Fanout("PE", mesh_y=rows, constraint_x=NO_LOOPS, constraint_y=ROW),
    ]
    prices = dict(outer_prices)
    for name, tensor, constraint in SPADS:
        store = _store(rng, name, (tensor,), int(rng.choice([1, 2, 3, 4, 8, 16])), constraint, rows * cols)
        levels.append(store)
        prices[name] = _prices(rng, 1.0)
    levels.append(Compute("mac", "mac", rows * cols))
    prices["mac"] = {"compute": float(rng.uniform(0.1, 2))}
    return Problem(ArchSpec("random", tuple(levels)), random_layer(rng), EnergyTable(prices))


def simba_problem(rng: np.random.Generator) -> Problem:
    """A Simba-like design: inputs above vector MACs, partial sums above their lanes, weights in two levels below."""
    outer, prices = _outer_levels(rng)
    pes, vectors, lanes = (int(rng.choice([1, 2, 3, 4])) for _ in range(3))
    inner: list[Level] = []
    instances = 1
    for name, tensor, mesh, on_x, spatial, temporal in (
        ("input_buffer", "Inputs", pes, True, ("MCG", "NPQRSMCG"), ("", "")),
        ("accumulator", "Outputs", vectors, False, ("MG", "NPQRSCMG"), ("", "")),
        ("weight_buffer", "Weights", lanes, False, ("C", "NPQRSMGC"), ("CMRS", "GNPQRSCM")),
        ("weight_register", "Weights", 1, False, ("", ""), ("NPQ", "GMCRSNPQ")),
    ):
        loops = _only(*spatial)
        if name != "weight_register":
            x, y = (loops, NO_LOOPS) if on_x else (NO_LOOPS, loops)
            mesh_x, mesh_y = (mesh, 1) if on_x else (1, mesh)
            inner.append(Fanout(f"in_{name}", mesh_x, mesh_y, constraint_x=x, constraint_y=y))
        instances *= mesh
        depth = int(rng.choice([1, 2, 3, 4, 8, 16, 48]))
        inner.append(_store(rng, name, (tensor,), depth, _only(*temporal), instances))
        prices[name] = _prices(rng, 1.0)
    prices["mac"] = {"compute": float(rng.uniform(0.1, 2))}
    levels = (*outer, *inner, Compute("mac", "mac", instances))
    return Problem(ArchSpec("simba", levels), random_layer(rng), EnergyTable(prices))


def _only(dimensions: str, order: str) -> LoopConstraint:
    """Loops over these dimensions only, in a fixed order, innermost first."""
    return LoopConstraint(factors={d: 1 for d in DIMENSIONS if d not in dimensions}, permutation=tuple(order))


def packed_problem(rng: np.random.Generator) -> Problem:
    """A random problem with bits of its tensors, words of different widths, partial sums and shared accesses."""
    problem = random_problem(rng) if rng.random() < 0.7 else simba_problem(rng)
    levels: list[Level] = []
    for level in problem.spec.levels:
        if not isinstance(level, Storage):
            levels.append(level)
            continue
        word = int(rng.choice([8, 12, 16, 24]))
        cluster = int(rng.choice([n for n in (1, 1, 2, 3, 4) if level.instances % n == 0]))
        levels.append(
            replace(
                level,
                datawidth=word,
                width=word * level.block_size * cluster,
                cluster_size=cluster,
                partial_sums=bool(rng.random() < 0.3),
            )
        )
    bits = [None if rng.random() < 0.25 else int(rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 8, 10])) for _ in TENSORS]
    layer = replace(problem.layer, weight_bits=bits[0], input_bits=bits[1], output_bits=bits[2])
    packing = "ideal" if rng.random() < 0.4 else "word"
    return Problem(replace(problem.spec, levels=tuple(levels)), layer, problem.energy, packing)


def _outer_levels(rng: np.random.Generator) -> tuple[list[Level], dict[str, dict[str, float]]]:
    """DRAM and global buffer, joint or split by tensor."""
    fixed_order = LoopConstraint(permutation=("G", "N")) if rng.random() < 0.4 else LoopConstraint()
    kept = ("Weights", "Inputs", "Outputs") if rng.random() < 0.4 else ("Inputs", "Outputs")
    size = int(rng.choice([1, 8, 16, 24, 48, 200, 2000], p=[0.04, 0.16, 0.16, 0.16, 0.16, 0.16, 0.16]))
    levels: list[Level] = []
    for name, tensors, depth in (("DRAM", TENSORS, None), ("glb", kept, size)):
        parts = [(tensor,) for tensor in rng.permutation(tensors)] if rng.random() < 0.35 else [tuple(tensors)]
        for index, part in enumerate(parts):
            constraint = fixed_order if index == len(parts) - 1 else NO_LOOPS
            share = None if depth is None else max(1, depth // len(parts))
            levels.append(_store(rng, f"{name}_{index}" if len(parts) > 1 else name, part, share, constraint, 1))
    return levels, {level.name: _prices(rng, 100.0 if "DRAM" in level.name else 8.0) for level in levels}


def _store(
    rng: np.random.Generator,
    name: str,
    tensors: tuple[str, ...],
    depth: int | None,
    constraint: LoopConstraint,
    instances: int,
) -> Storage:
    def bandwidth() -> float | None:
        return None if rng.random() < 0.6 else float(rng.choice([0.25, 0.5, 1, 2, 4]))

    block = int(rng.choice([1, 1, 2, 4]))
    return Storage(
        name=name,
        cls="SRAM",
        width=8 * block,
        datawidth=8,
        depth=depth,
        keep=tuple(str(t) for t in tensors),
        read_bandwidth=bandwidth(),
        write_bandwidth=bandwidth(),
        temporal=constraint,
        instances=instances,
    )


def _prices(rng: np.random.Generator, scale: float) -> dict[str, float]:
    prices = {action: float(scale * rng.uniform(0.3, 1.5)) for action in ("read", "write", "update")}
    prices["leak"] = float(scale * rng.uniform(0, 0.3)) if rng.random() < 0.4 else 0.0
    return prices


def random_layer(rng: np.random.Generator) -> Layer:
    """A layer with at most four dimensions in use and few factorisations."""
    small, large = (2, 3), (2, 3, 4, 6)
    sizes = {"C": large, "M": large, "R": small, "S": small, "N": small, "P": large, "Q": large, "G": (2, 3, 4)}
    weights = np.array([1.0, 1.0, 1.3, 1.3, 0.6, 1.5, 1.5, 0.6])
    count = int(rng.choice([2, 3, 4], p=[0.2, 0.4, 0.4]))
    chosen = rng.choice(len(DIMENSIONS), size=count, replace=False, p=weights / weights.sum())
    bounds = {DIMENSIONS[d]: int(rng.choice(sizes[DIMENSIONS[d]])) for d in chosen}
    coefficients = {name: int(rng.choice([1, 1, 2, 3, 4])) for name in ("Wstride", "Hstride", "Wdilation", "Hdilation")}
    return Layer(**bounds, **coefficients)


def brute_force(problem: Problem) -> Optimum:
    """Price every factorisation in every order."""
    edp = energy = math.inf
    latency = (math.inf, math.inf)
    total = 0
    for factors, orders in all_mappings(problem):
        total += len(factors)
        result = evaluate_many(problem.spec, problem.layer, problem.energy, factors, orders, problem.packing)
        if not result.valid.any():
            continue
        pj, cycles = result.energy_pj[result.valid], result.cycles[result.valid].astype(float)
        edp = min(edp, float((pj * cycles).min()))
        energy = min(energy, float(pj.min()))
        fastest = cycles.min()
        latency = min(latency, (float(fastest), float(pj[cycles == fastest].min())))
    return Optimum(edp, energy, latency, total)


def brute_front(problem: Problem) -> list[tuple[int, float]]:
    """Cycles and energy without the MACs' of all mappings that no other one beats in both, by cycles."""
    macs = problem.energy.energy_pj["mac"]["compute"] * problem.layer.macs
    least: dict[int, float] = {}
    for factors, orders in all_mappings(problem):
        result = evaluate_many(problem.spec, problem.layer, problem.energy, factors, orders, problem.packing)
        for cycles in np.unique(result.cycles[result.valid]):
            energy = float(result.energy_pj[result.cycles == cycles].min())
            least[int(cycles)] = min(energy - macs, least.get(int(cycles), math.inf))
    front: list[tuple[int, float]] = []
    for cycles in sorted(least):
        if not front or least[cycles] < front[-1][1] * (1 - 1e-9):
            front.append((cycles, least[cycles]))
    return front


def all_mappings(problem: Problem) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Factors and orders (N, S, 8) of all mappings that the constraints allow, valid or not, in chunks."""
    plan = make_plan(problem.spec, replace(problem.layer, **_NO_BITS), problem.energy)
    constraints = slot_constraints(problem.spec)
    per_dimension = [
        _splits(bound, [_choices(c, d, bound) for c in constraints])
        for d, bound in zip(DIMENSIONS, problem.layer.bounds, strict=True)
    ]
    chunk_factors: list[NDArray[np.int64]] = []
    chunk_orders: list[NDArray[np.int64]] = []
    for combination in itertools.product(*per_dimension):
        factors = np.array(combination, np.int64).T
        if _both_axes(plan.slot_level, plan.slot_spatial, factors) or _too_wide(problem.spec, factors):
            continue
        slots = [
            _slot_orders(factors[s], constraints[s].permutation, bool(plan.slot_spatial[s]))
            for s in range(len(factors))
        ]
        for orders in itertools.product(*slots):
            chunk_factors.append(factors)
            chunk_orders.append(np.array(orders, np.int64))
            if len(chunk_factors) == 20000:
                yield np.array(chunk_factors), np.array(chunk_orders)
                chunk_factors, chunk_orders = [], []
    if chunk_factors:
        yield np.array(chunk_factors), np.array(chunk_orders)


def _choices(constraint: LoopConstraint, dimension: str, bound: int) -> list[int]:
    if dimension in constraint.factors:
        return [constraint.factors[dimension]]
    most = constraint.max_factors.get(dimension, bound)
    return [f for f in range(1, bound + 1) if bound % f == 0 and f <= most]


def _splits(bound: int, choices: list[list[int]]) -> list[tuple[int, ...]]:
    """All ways to write a bound as a product of one choice per slot."""
    if not choices:
        return [()] if bound == 1 else []
    return [(f, *rest) for f in choices[0] if bound % f == 0 for rest in _splits(bound // f, choices[1:])]


def _both_axes(level: NDArray[np.int64], spatial: NDArray[np.int64], factors: NDArray[np.int64]) -> bool:
    """Whether a dimension stands on both axes of one container, which Timeloop cannot express."""
    return any(
        level[a] == level[b] and ((factors[a] > 1) & (factors[b] > 1)).any()
        for a, b in itertools.combinations(np.flatnonzero(spatial), 2)
    )


def _too_wide(spec: ArchSpec, factors: NDArray[np.int64]) -> bool:
    slot = 0
    for level in spec.levels[:-1]:
        if isinstance(level, Fanout):
            if factors[slot].prod() > level.mesh_y or factors[slot + 1].prod() > level.mesh_x:
                return True
            slot += 2
        else:
            slot += 1
    return False


def _slot_orders(factors: NDArray[np.int64], permutation: tuple[str, ...], spatial: bool) -> list[list[int]]:
    """Orders of one slot, outermost first, that differ in loops longer than 1."""
    used = [d for d in range(8) if factors[d] > 1]
    fixed = [DIMENSIONS.index(d) for d in permutation if factors[DIMENSIONS.index(d)] > 1]
    free = [d for d in used if d not in fixed]
    unused = [d for d in range(8) if factors[d] == 1]
    return [[*unused, *order, *reversed(fixed)] for order in itertools.permutations(free)]
