"""All mappings of one layer that no other beats in energy and cycles.

The MACs' energy is the same for every mapping of a layer, so it is left out: whatever an operation costs, the best
mapping for energy, latency or EDP is a point of this front. One front thus serves every bit-width that packs alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import QadamError
from ..hardware.archspec import ArchSpec
from ..ppa.energy_table import EnergyTable
from ..workloads.layer import Layer
from .bulk import evaluate_many
from .counts import empty_counts
from .mapspace import make_space
from .nest import Mapping
from .nest_arrays import empty_nest
from .plan import make_plan
from .search import INNER_LIMIT, OBJECTIVES, to_mapping
from .search_exact import search_space
from .search_general import descend, least_energy
from .search_reason import undividable, why_none
from .search_state import DROPPED, EVALUATED, FRONT, POINTS
from .tables import pack
from .words import WORD, too_wide

#: Mappings priced for each objective where nothing can be proven.
_DESCENT_BUDGET = 30_000


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """One mapping of a front.

    Attributes
    ----------
    energy_pj : Timeloop's sum without the MACs' operations.
    """

    mapping: Mapping
    energy_pj: float
    cycles: int

    def cost(self, objective: str, mac_pj: float = 0.0) -> tuple[float, float]:
        """Cost and tie-breaker, as `search.search` has them, with so many pJ of the layer's operations."""
        energy = self.energy_pj + mac_pj
        if objective == "latency":
            return float(self.cycles), energy
        return (energy * self.cycles, energy) if objective == "edp" else (energy, float(self.cycles))


@dataclass(frozen=True, slots=True)
class Front:
    """Mappings of one layer that no other found beats in energy and cycles.

    Attributes
    ----------
    points : by cycles, the fastest first; energy falls from one to the next. Empty if no mapping is valid.
    bound_pj : a mapping that is better than the points takes at least so much energy; infinite if there is none.
    evaluated : mappings priced one by one.
    reason : empty, or why no mapping is valid.
    """

    points: tuple[FrontPoint, ...]
    bound_pj: float
    evaluated: int
    reason: str = ""

    @property
    def complete(self) -> bool:
        """Whether it is proven that these are all."""
        return math.isinf(self.bound_pj)

    def best(self, objective: str, mac_pj: float = 0.0) -> FrontPoint:
        """The best point for edp, energy or latency (ties by energy) with so many pJ of the layer's operations.

        Raises
        ------
        QadamError : an unknown objective, or no point.
        """
        if objective not in OBJECTIVES:
            raise QadamError(f"objective {objective!r} is none of {', '.join(OBJECTIVES)}")
        if not self.points:
            raise QadamError(self.reason)
        return min(self.points, key=lambda point: point.cost(objective, mac_pj))


@dataclass(frozen=True, slots=True)
class _Part:
    """What one way to keep and bypass adds to a front."""

    points: list[FrontPoint]
    bound_pj: float
    evaluated: int


def search_front(
    spec: ArchSpec, layer: Layer, energy: EnergyTable, budget: int | None = None, packing: str = WORD
) -> Front:
    """Find all mappings that the spec's constraints allow and no other one beats in energy and cycles.

    Deterministic. Complete where `search.search` proves its answers, unless the budget ends before; elsewhere the
    best mappings that descents for each objective find.

    Parameters
    ----------
    energy : pJ per action of every storage; the MAC's is not looked at.
    budget : mappings to price at most; None lets the proof finish, and gives 30 000 to each descent.
    packing : how elements lie in words, one of `words.PACKINGS`.

    Raises
    ------
    QadamError : an unknown packing, or a budget below 1.
    InputError : an action without energy, or a tensor that no level keeps.
    """
    if budget is not None and budget < 1:
        raise QadamError(f"budget {budget} must be at least 1")
    if reason := undividable(spec, layer):
        return Front((), math.inf, 0, reason)
    choices = [choice for choice in spec.bypass_choices() if too_wide(choice, layer) is None]
    if not choices and (narrow := too_wide(spec, layer)) is not None:
        return Front((), math.inf, 0, narrow.text)
    mac = spec.compute.name
    stores = EnergyTable({**energy.energy_pj, mac: {**energy.energy_pj.get(mac, {}), "compute": 0.0}})
    parts = [_search_one(choice, layer, stores, budget, packing) for choice in choices]
    points = _undominated([point for part in parts for point in part.points])
    reason = "" if points else why_none(choices[0], layer, packing)
    return Front(points, min(part.bound_pj for part in parts), sum(part.evaluated for part in parts), reason)


def _search_one(spec: ArchSpec, layer: Layer, energy: EnergyTable, budget: int | None, packing: str) -> _Part:
    """Front of one way to keep and bypass."""
    plan = make_plan(spec, layer, energy, packing)
    tables = pack(plan)
    space, provable = make_space(spec, layer, plan)
    floor = least_energy(plan)
    if provable:
        most = np.iinfo(np.int64).max if budget is None else budget
        answer = search_space(tables, space, FRONT, floor, most, INNER_LIMIT)
        if answer is not None:
            state, left, _ = answer
            count = int(state.scalars[POINTS])
            bound = floor if state.scalars[DROPPED] else left
            points = _points(spec, layer, energy, packing, state.front_factors[:count], state.front_orders[:count])
            return _Part(points, bound, int(state.scalars[EVALUATED]))
    found = [
        descend(tables, space, empty_nest(tables), empty_counts(tables), objective, budget or _DESCENT_BUDGET)
        for objective in OBJECTIVES.values()
    ]
    valid = [(factors, orders) for factors, orders, best, _ in found if best[0] < math.inf]
    factors = np.array([factors for factors, _ in valid]).reshape(-1, *space.orders.shape)
    orders = np.array([orders for _, orders in valid]).reshape(factors.shape)
    points = _points(spec, layer, energy, packing, factors, orders)
    return _Part(points, floor, sum(int(priced) for _, _, _, priced in found))


def _points(
    spec: ArchSpec,
    layer: Layer,
    energy: EnergyTable,
    packing: str,
    factors: NDArray[np.int64],
    orders: NDArray[np.int64],
) -> list[FrontPoint]:
    """Points of mappings (N, S, 8), priced as `evaluate` prices them."""
    priced = evaluate_many(spec, layer, energy, factors, orders, packing)
    assert priced.valid.all(), "search found an invalid mapping"
    return [
        FrontPoint(to_mapping(spec, factors[n], orders[n]), float(priced.energy_pj[n]), int(priced.cycles[n]))
        for n in range(len(factors))
    ]


def _undominated(points: list[FrontPoint]) -> tuple[FrontPoint, ...]:
    """Those that no other is as good as in both, by cycles."""
    kept: list[FrontPoint] = []
    for point in sorted(points, key=lambda point: (point.cycles, point.energy_pj)):
        if not kept or point.energy_pj < kept[-1].energy_pj:
            kept.append(point)
    return tuple(kept)
