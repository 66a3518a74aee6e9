"""The best mapping of one layer on one architecture.

Where near, far and the inner factors decide all costs (`mapspace.make_space` says so: row-stationary designs, joint
or split, and others whose inner loops have no free order that matters) the whole space is searched and the answer is
proven. Elsewhere the best of a deterministic descent is returned with a lower bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import QadamError
from ..hardware.archspec import ArchSpec
from ..ppa.energy_table import EnergyTable
from ..workloads.layer import DIMENSIONS, Layer
from .counts import empty_counts
from .evaluation import Evaluation
from .mapspace import Space, make_space
from .model import evaluate
from .nest import SPATIAL_X, SPATIAL_Y, LevelLoops, Mapping
from .nest_arrays import empty_nest
from .plan import Plan, make_plan, slot_names
from .search_exact import Effort, search_space
from .search_general import descend, least_cost, least_energy
from .search_reason import undividable, why_none
from .search_state import EDP, ENERGY, EVALUATED, LATENCY
from .tables import Tables, pack
from .words import WORD, too_wide

OBJECTIVES = {"edp": EDP, "energy": ENERGY, "latency": LATENCY}

#: Inner choices that are listed at most: beyond, memory and time are better spent on a descent.
INNER_LIMIT = 2_000_000

#: Mappings priced by a descent, where nothing can be proven.
_DESCENT_BUDGET = 300_000


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The best mapping found.

    Attributes
    ----------
    mapping, evaluation : None if no mapping is valid.
    objective : ``edp`` (pJ times cycles), ``energy`` (pJ) or ``latency`` (cycles; ties by energy).
    cost : in the objective's unit; infinite if there is no mapping.
    lower_bound : no mapping of the space costs less. Equal to `cost` if that is proven.
    optimal : whether it is proven, up to rounding (1e-12 relative).
    evaluated : mappings priced one by one.
    reason : empty, or why no mapping is valid.
    efforts : of each complete search, one for each way to keep and bypass; none after a descent.
    """

    mapping: Mapping | None
    evaluation: Evaluation | None
    objective: str
    cost: float
    lower_bound: float
    optimal: bool
    evaluated: int
    reason: str
    efforts: tuple[Effort, ...] = field(default=(), compare=False)

    @property
    def gap(self) -> float:
        """How far the cost may lie above the optimum, relative to the bound; 0 if proven."""
        if self.optimal or self.cost == self.lower_bound:
            return 0.0
        return self.cost / self.lower_bound - 1 if self.lower_bound > 0 else math.inf


@dataclass(frozen=True, slots=True)
class _Found:
    """Answer for one way to keep and bypass."""

    factors: NDArray[np.int64]
    orders: NDArray[np.int64]
    cost: float
    tie: float
    lower_bound: float
    evaluated: int
    effort: Effort | None


def search(
    spec: ArchSpec,
    layer: Layer,
    energy: EnergyTable,
    objective: str = "edp",
    budget: int | None = None,
    packing: str = WORD,
) -> SearchResult:
    """Find the best mapping that the spec's constraints allow.

    Deterministic. Tensors that the spec neither keeps nor bypasses at a store are tried both ways.

    Parameters
    ----------
    energy : pJ per action of every storage and of the MAC.
    budget : mappings to price at most; None lets the proof finish.
    packing : how elements lie in words, one of `words.PACKINGS`.

    Raises
    ------
    QadamError : an unknown objective or packing, or a budget below 1.
    InputError : an action without energy, or a tensor that no level keeps.
    """
    if objective not in OBJECTIVES:
        raise QadamError(f"objective {objective!r} is none of {', '.join(OBJECTIVES)}")
    if budget is not None and budget < 1:
        raise QadamError(f"budget {budget} must be at least 1")
    if reason := undividable(spec, layer):
        return SearchResult(None, None, objective, math.inf, math.inf, True, 0, reason)
    choices = [choice for choice in spec.bypass_choices() if too_wide(choice, layer) is None]
    if not choices and (narrow := too_wide(spec, layer)) is not None:
        return SearchResult(None, None, objective, math.inf, math.inf, True, 0, narrow.text)
    best: tuple[ArchSpec, _Found] | None = None
    bound, evaluated = math.inf, 0
    efforts: tuple[Effort, ...] = ()
    for choice in choices:
        found = _search_one(choice, layer, energy, OBJECTIVES[objective], budget, packing)
        bound = min(bound, found.lower_bound)
        evaluated += found.evaluated
        efforts += (found.effort,) if found.effort else ()
        if best is None or (found.cost, found.tie) < (best[1].cost, best[1].tie):
            best = (choice, found)
    assert best is not None
    chosen, found = best
    if math.isinf(found.cost):
        reason = why_none(chosen, layer, packing)
        return SearchResult(None, None, objective, math.inf, bound, math.isinf(bound), evaluated, reason, efforts)
    mapping = to_mapping(chosen, found.factors, found.orders)
    evaluation = evaluate(chosen, layer, mapping, energy, packing)
    assert evaluation.valid, f"search found an invalid mapping: {evaluation.violation}"
    cost = cost_of(evaluation, objective)
    optimal = bound >= found.cost
    return SearchResult(
        mapping, evaluation, objective, cost, cost if optimal else min(bound, cost), optimal, evaluated, "", efforts
    )


def cost_of(evaluation: Evaluation, objective: str) -> float:
    """Cost of an evaluated mapping in the unit of the objective."""
    if objective == "energy":
        return evaluation.energy_pj
    return evaluation.edp if objective == "edp" else float(evaluation.cycles)


def to_mapping(spec: ArchSpec, factors: NDArray[np.int64], orders: NDArray[np.int64]) -> Mapping:
    """A mapping from factors and orders (S, 8), as `plan.mapping_arrays` reads them."""
    entries: list[LevelLoops] = []
    axes = {level.name: (level.mesh_y, level.mesh_x) for level in spec.fanouts}
    for slot, (name, kind) in enumerate(slot_names(spec)):
        loops = tuple((DIMENSIONS[d], int(factors[slot, d])) for d in orders[slot] if factors[slot, d] > 1)
        if name in axes:
            own, other = axes[name] if kind == SPATIAL_Y else axes[name][::-1]
            if own == 1 and (other > 1 or kind == SPATIAL_Y):
                continue
            assert kind in (SPATIAL_X, SPATIAL_Y)
        entries.append(LevelLoops(name, kind, loops))
    return Mapping(tuple(entries))


def _search_one(
    spec: ArchSpec, layer: Layer, energy: EnergyTable, objective: int, budget: int | None, packing: str
) -> _Found:
    plan = make_plan(spec, layer, energy, packing)
    tables = pack(plan)
    space, provable = make_space(spec, layer, plan)
    if provable:
        found = _prove(plan, tables, space, objective, budget)
        if found is not None:
            return found
    return _descend(plan, tables, space, objective, budget)


def _prove(plan: Plan, tables: Tables, space: Space, objective: int, budget: int | None) -> _Found | None:
    """Complete search; None if there are more candidates than there is room for."""
    most = np.iinfo(np.int64).max if budget is None else budget
    answer = search_space(tables, space, objective, least_energy(plan), most, INNER_LIMIT)
    if answer is None:
        return None
    state, left, effort = answer
    cost = float(state.best[0])
    evaluated = int(state.scalars[EVALUATED])
    return _Found(state.best_factors, state.best_orders, cost, float(state.best[1]), min(left, cost), evaluated, effort)


def _descend(plan: Plan, tables: Tables, space: Space, objective: int, budget: int | None) -> _Found:
    """Best of a descent, with the bound that holds for every mapping."""
    most = _DESCENT_BUDGET if budget is None else budget
    factors, orders, best, evaluated = descend(tables, space, empty_nest(tables), empty_counts(tables), objective, most)
    bound = least_cost(plan, objective)
    return _Found(factors, orders, float(best[0]), float(best[1]), min(bound, float(best[0])), int(evaluated), None)
