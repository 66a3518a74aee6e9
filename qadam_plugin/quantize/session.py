"""One call of `qadam-tl quantize`: a search on kept fronts, then its front and the uniform ones, mapped."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import optuna

from ..engines.fronts import MixedEngine
from ..errors import InputError, RunError
from ..explore.grid import Grid, Point
from ..hardware.config import AcceleratorConfig
from ..hardware.space import DesignSpace
from ..sweep.keys import design_key, network_key
from ..sweep.pool import Pool, open_pool
from ..sweep.runner import SweepPlan, sweep_on
from ..sweep.store import ResultStore
from ..workloads.network import Network
from .errors import ErrorSource, ListedErrors
from .evaluation import FrontEvaluator
from .kept import KeptFronts
from .search import Candidate, Progress, front, make_sampler, search
from .settings import Room, Setting, as_bits

#: What a kept sum may differ from the store's by: sums of other mappings that cost the same, each rounded.
_TOLERANCE = 1e-9

_POINT_TRIES = 10_000

#: Part of the evaluations that settings to begin with may take.
_SEEDED = 0.25


@dataclass(frozen=True)
class QuantizePlan:
    """What to search, and how.

    Attributes
    ----------
    hardware : one config, or a design space whose axes are searched too; hardware_name : what the exports call it.
    map_for : what layers are mapped for: ``edp``, ``energy`` or ``latency``.
    objectives : columns, as `search.OBJECTIVES` has them.
    bits : lowest and highest that are searched.
    evaluations : settings to evaluate, repeated ones included.
    """

    network: Network
    hardware: AcceleratorConfig | DesignSpace
    hardware_name: str
    engine: MixedEngine
    map_for: str
    batch: int
    objectives: tuple[str, ...]
    bits: tuple[int, int]
    source: ErrorSource
    evaluations: int
    population: int
    seed: int


@dataclass(frozen=True)
class Quantized:
    """What a search came to.

    Attributes
    ----------
    candidates : every evaluated setting in order, repeated ones included.
    front : valid ones that no other beats in the objectives.
    uniform : the same bits everywhere, fewest first, on the hardware that the search began with.
    runs : keys of the runs in the store that hold front and uniform settings.
    mapped : fronts of layers that were computed now.
    """

    room: Room
    candidates: list[Candidate]
    front: list[Candidate]
    uniform: list[Candidate]
    runs: tuple[str, ...]
    mapped: int


def run_quantize(
    plan: QuantizePlan,
    store: ResultStore,
    jobs: int,
    report: Callable[[Progress], None],
) -> Quantized:
    """Search, keeping fronts and errors in the store's folder, then map front and uniform settings into the store.

    The same plan always evaluates the same settings; what was kept is not computed again, so that a search that was
    interrupted goes on, and so does one with more evaluations.

    Raises
    ------
    RunError : the engine or a function for the error failed, or a worker process died; results so far are kept.
    InputError : the folder cannot be written, or an error is missing.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    room = Room.of(plan.network, plan.bits, plan.hardware)
    with KeptFronts(store.directory) as kept, open_pool(plan.engine, jobs) as pool:
        evaluator = FrontEvaluator(room, plan.engine, pool, kept, plan.map_for, plan.batch)
        error = _error(plan.source, kept)
        uniform = list(dict.fromkeys(room.uniform(bits, _first_point(room, plan.seed)) for bits in _range(plan.bits)))
        if isinstance(plan.source, ListedErrors):
            candidates = _listed(plan, evaluator, plan.source, report)
        else:
            sampler = make_sampler("nsga2", plan.population, plan.seed, len(room.sizes))
            candidates = search(
                room,
                plan.objectives,
                evaluator,
                error,
                sampler,
                seed_settings(room, plan.bits, plan.evaluations, uniform[0].point),
                plan.evaluations,
                plan.population,
                report,
            )
        first = {item.setting: item for item in reversed(candidates)}
        good = front(candidates, plan.objectives)
        alike = [first[setting] for setting in uniform if setting in first and first[setting].valid]
        report(Progress(len(candidates), len(candidates), len(good), evaluator.mapped, finishing=True))
        runs = _keep_exact(plan, room, [*alike, *good], store, pool)
    return Quantized(room, candidates, good, alike, runs, evaluator.mapped)


def seed_settings(room: Room, bits: tuple[int, int], evaluations: int, point: Point = ()) -> list[Setting]:
    """What a search begins with: the same bits everywhere, then the same pair in every layer if these are few."""
    uniform = [room.uniform(count, point) for count in _range(bits)]
    pairs = [room.everywhere(a, w, point) for a in _range(bits) for w in _range(bits)]
    seeds = list(dict.fromkeys([*uniform, *pairs]))
    return seeds if len(seeds) <= evaluations * _SEEDED else list(dict.fromkeys(uniform))


def _range(bits: tuple[int, int]) -> range:
    return range(bits[0], bits[1] + 1)


def _first_point(room: Room, seed: int) -> Point:
    """Where in the design space the uniform settings stand: a point of the seed's."""
    if not isinstance(room.hardware, Grid):
        return ()
    dice = np.random.default_rng(seed)
    for _ in range(_POINT_TRIES):
        point = tuple(int(dice.integers(size)) for size in room.hardware.sizes)
        if room.allows(point):
            return point
    raise InputError("--space", "where", f"none of {_POINT_TRIES} random designs meets the conditions")


def _error(source: ErrorSource, kept: KeptFronts) -> Callable[[Setting], float]:
    """The error of a setting, kept if it is dear."""
    name = source.kept
    if name is None:
        return lambda setting: source.error(setting.widths)
    known = kept.errors(name)

    def found(setting: Setting) -> float:
        key = " ".join(f"{a},{w}" for a, w in setting.widths)
        if key not in known:
            known[key] = source.error(setting.widths)
            kept.add_error(name, key, known[key])
        return known[key]

    return found


def _listed(
    plan: QuantizePlan, evaluator: FrontEvaluator, source: ListedErrors, report: Callable[[Progress], None]
) -> list[Candidate]:
    """Every setting whose error is known."""
    settings = [Setting((), widths) for widths in source.settings]

    def note(done: int, good: int) -> None:
        report(Progress(done, len(settings), good, evaluator.mapped))

    costs = evaluator.evaluate(settings, lambda: note(0, 0))
    found = [
        Candidate(setting, cost, math.nan if cost.reason else source.error(setting.widths))
        for setting, cost in zip(settings, costs, strict=True)
    ]
    note(len(found), len(front(found, plan.objectives)))
    return found


def _keep_exact(
    plan: QuantizePlan,
    room: Room,
    candidates: list[Candidate],
    store: ResultStore,
    pool: Pool,
) -> tuple[str, ...]:
    """Map candidates by the ordinary runner into the store, and compare with what the search was told.

    Raises
    ------
    RunError : a result is not the sum of its kept fronts: one of both is wrong.
    """
    steps = plan.network.steps
    by_point: dict[Point, dict[Setting, Candidate]] = {}
    for item in candidates:
        by_point.setdefault(item.setting.point, {})[item.setting] = item
    runs = []
    for point, items in by_point.items():
        config = room.config(point)
        networks = {setting: plan.network.with_bits(as_bits(steps, setting.widths)) for setting in items}
        settings = (plan.engine, plan.map_for, plan.batch, "space")
        sweep = SweepPlan([config], plan.hardware_name, tuple(networks.values()), *settings)
        runs.append(sweep_on(pool, sweep, store, lambda progress: None).run)
        key = design_key(config, plan.engine)
        for setting, network in networks.items():
            _compare(store, key, plan, network, items[setting])
    return tuple(runs)


def _compare(store: ResultStore, design: str, plan: QuantizePlan, network: Network, item: Candidate) -> None:
    sql = """SELECT r.energy_uj, r.cycles, r.mac_energy_uj FROM results r JOIN designs d ON d.id = r.design
        WHERE d.key = ? AND r.network = ? AND r.batch = ? AND r.objective = ?"""
    rows = list(store.query(sql, (design, network_key(network), plan.batch, plan.map_for)))
    totals = item.cost.totals
    assert totals is not None
    told = (totals.energy_uj, totals.cycles, totals.mac_energy_uj)
    if len(rows) != 1 or any(abs(a - b) > _TOLERANCE * abs(b) for a, b in zip(rows[0], told, strict=True)):
        raise RunError(f"{network.name}: the store has {rows}, the search was told {told}; please report this")
