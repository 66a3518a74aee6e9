"""What settings cost: the sum of the best mappings of their layers, through kept fronts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import fsum

from ..engines.base import Design, Engine, LayerResult
from ..engines.fronts import Front, MixedDesign, MixedEngine
from ..errors import RunError
from ..explore.grid import Point
from ..hardware.config import AcceleratorConfig
from ..sweep.pool import Pool
from ..sweep.totals import NetworkTotals, batched, network_totals
from ..workloads.layer import Layer
from .kept import KeptFronts, front_key
from .settings import Room, Setting, output_widths

#: Layers that a process is given at once.
_LAYERS_PER_JOB = 4


@dataclass(frozen=True, slots=True)
class Cost:
    """What a setting costs.

    Attributes
    ----------
    reason : empty, or why there is no mapping; then the rest is meaningless.
    totals : sums over the layers; its `edp_uj_ms` is the network's: total energy times total latency.
    layer_edp_sum_uj_ms : sum of the layers' own energy-delay products.
    """

    reason: str
    totals: NetworkTotals | None = None
    layer_edp_sum_uj_ms: float = 0.0
    area_mm2: float = 0.0


@dataclass(frozen=True, slots=True)
class FrontJob:
    """Fronts of layers (key, layer) on one config, for a worker process."""

    config: AcceleratorConfig
    layers: tuple[tuple[str, Layer], ...]

    def do(self, engine: Engine, stopped: Callable[[], bool]) -> list[tuple[str, Front]]:
        """The fronts, those that were done when the work was stopped."""
        design = engine.design(self.config)
        assert isinstance(design, MixedDesign)
        found: list[tuple[str, Front]] = []
        for key, layer in self.layers:
            if stopped():
                break
            try:
                found.append((key, design.front(layer)))
            except Exception as error:
                raise RunError(
                    f"engine {engine.name} failed on config {self.config.config_id}, {layer}: "
                    f"{type(error).__name__}: {error}"
                ) from error
        return found


#: A layer of a setting: place of its shape, its kind, bits of activations, weights and outputs.
_Part = tuple[int, str, int, int, int]


class _ConfigCosts:
    """Costs of layers on one config, as far as they are known."""

    def __init__(self, config: AcceleratorConfig, design: Design) -> None:
        self.config, self.design = config, design
        self.results: dict[_Part, LayerResult] = {}


class FrontEvaluator:
    """Evaluates settings of one room. What is not kept yet is mapped by the pool, and kept as it comes.

    On an error or Ctrl-C what had been mapped is kept.
    """

    def __init__(
        self,
        room: Room,
        engine: MixedEngine,
        pool: Pool[list[tuple[str, Front]]],
        kept: KeptFronts,
        objective: str,
        batch: int,
    ) -> None:
        self._room, self._engine, self._pool, self._kept = room, engine, pool, kept
        self._objective, self._batch = objective, batch
        network = room.network
        shapes: dict[Layer, int] = {}
        places: dict[str, tuple[int, str]] = {}
        for item in network.layers:
            shape = batched(replace(item.layer, weight_bits=None, input_bits=None, output_bits=None), batch)
            place = shapes.setdefault(shape, len(shapes))
            places.update((name, (place, item.kind)) for name in item.members)
        self._shapes = tuple(shapes)
        self._places = [places[step.name] for step in network.steps]
        self._names = {(place, kind): name for name, (place, kind) in reversed(list(places.items()))}
        self._configs: dict[Point, _ConfigCosts] = {}
        self.mapped = 0

    def evaluate(self, settings: Sequence[Setting], report: Callable[[], None] = lambda: None) -> list[Cost]:
        """The cost of each setting, in their order; `report` is called whenever layers were mapped."""
        parts = [self._parts(setting) for setting in settings]
        wanted: dict[str, tuple[AcceleratorConfig, Layer]] = {}
        open_parts: list[tuple[_ConfigCosts, _Part, Layer, str]] = []
        seen: set[tuple[Point, _Part]] = set()
        for setting, counted in zip(settings, parts, strict=True):
            costs = self._costs(setting.point)
            if not isinstance(costs.design, MixedDesign):
                continue
            for part in counted:
                if part in costs.results or (setting.point, part) in seen:
                    continue
                seen.add((setting.point, part))
                layer = self._layer(part)
                packing = costs.design.packing(layer)
                key = front_key(self._engine.front_fingerprint, costs.config, self._shapes[part[0]], packing)
                open_parts.append((costs, part, layer, key))
                if key not in self._kept:
                    wanted.setdefault(key, (costs.config, layer))
        self._map(wanted, report)
        self._price(open_parts)
        return [self._cost(setting, counted) for setting, counted in zip(settings, parts, strict=True)]

    def layer_results(self, setting: Setting) -> list[LayerResult]:
        """What each layer of an evaluated setting costs, in the order of the network; mappings are left out."""
        costs, outputs = self._costs(setting.point), output_widths(self._room.network.steps, setting.widths)
        return [
            costs.results[(*place, activations, weights, output)]
            for place, (activations, weights), output in zip(self._places, setting.widths, outputs, strict=True)
        ]

    def _map(self, wanted: dict[str, tuple[AcceleratorConfig, Layer]], report: Callable[[], None]) -> None:
        by_config: dict[str, tuple[AcceleratorConfig, list[tuple[str, Layer]]]] = {}
        for key, (config, layer) in wanted.items():
            by_config.setdefault(config.config_id, (config, []))[1].append((key, layer))
        pool = self._pool
        try:
            for config, layers in by_config.values():
                for start in range(0, len(layers), _LAYERS_PER_JOB):
                    pool.submit(FrontJob(config, tuple(layers[start : start + _LAYERS_PER_JOB])))
                    while pool.waiting >= pool.room:
                        self._keep(pool.collect(), report)
            while pool.waiting:
                self._keep(pool.collect(), report)
        except BaseException:
            pool.stop()
            while pool.waiting:
                self._keep(pool.collect_finished(), lambda: None)
            raise

    def _keep(self, answers: Sequence[list[tuple[str, Front]]], report: Callable[[], None]) -> None:
        fronts = [item for found in answers for item in found]
        self._kept.add(fronts)
        self.mapped += len(fronts)
        report()

    def _price(self, parts: Sequence[tuple[_ConfigCosts, _Part, Layer, str]]) -> None:
        """Results of layers whose fronts are kept. Layers of one front that cost alike share the pricing."""
        shared: dict[tuple[str, float], LayerResult] = {}
        fronts: tuple[str, Front] | None = None
        for costs, part, layer, key in sorted(parts, key=lambda item: item[3]):
            if fronts is None or fronts[0] != key:
                fronts = key, self._kept.front(key)
            front, design = fronts[1], costs.design
            assert isinstance(design, MixedDesign)
            if not front.points:
                costs.results[part] = LayerResult(valid=False, reason=front.reason)
                continue
            operation_pj = design.operation_pj(layer)
            found = shared.get((key, operation_pj))
            if found is None:
                point = front.best(operation_pj, self._objective)
                found = design.priced(layer, point, self._objective)
                # Only sums are wanted: what the store keeps of a layer is large.
                found = replace(found, mapping=(), accesses=(), leakage_pj={}, optimal=front.exact)
                shared[key, operation_pj] = found
            costs.results[part] = found

    def _cost(self, setting: Setting, parts: Counter[_Part]) -> Cost:
        costs = self._costs(setting.point)
        facts = costs.design.facts
        if not facts.valid:
            return Cost(facts.reason)
        layers = [(costs.results[part], self._shapes[part[0]].macs, count) for part, count in parts.items()]
        for part, (result, _, _) in zip(parts, layers, strict=True):
            if not result.valid:
                return Cost(f"{self._names[part[0], part[1]]}: {result.reason}")
        area_mm2 = facts.area_um2 * 1e-6
        totals = network_totals(layers, facts.clock_ghz, area_mm2, self._batch)
        per_layer = fsum(result.energy_pj * result.cycles * count for result, _, count in layers)
        return Cost("", totals, per_layer * 1e-12 / facts.clock_ghz, area_mm2)

    def _parts(self, setting: Setting) -> Counter[_Part]:
        """Layers of a setting, each with how often it occurs, equal as the layers of a network with bits are."""
        outputs = output_widths(self._room.network.steps, setting.widths)
        return Counter(
            (*place, activations, weights, output)
            for place, (activations, weights), output in zip(self._places, setting.widths, outputs, strict=True)
        )

    def _layer(self, part: _Part) -> Layer:
        place, _, activations, weights, outputs = part
        return replace(self._shapes[place], weight_bits=weights, input_bits=activations, output_bits=outputs)

    def _costs(self, point: Point) -> _ConfigCosts:
        found = self._configs.get(point)
        if found is None:
            config = self._room.config(point)
            found = self._configs[point] = _ConfigCosts(config, self._engine.design(config))
        return found
