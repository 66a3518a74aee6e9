"""The embedded mapper as an engine: searches the row-stationary mapspace of a config's spec, priced by our models."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ..errors import InputError
from ..hardware.archspec import ArchSpec
from ..hardware.build import build_spec
from ..hardware.config import AcceleratorConfig
from ..hardware.pe_types import PEType
from ..mapping.evaluation import Evaluation
from ..mapping.nest import LevelLoops, Mapping
from ..ppa.layer_pricing import PricedLayer, as_mapped, price_work
from ..ppa.library import ModelLibrary, load_library
from ..ppa.pricing import PricedSpec, layer_energy, price_spec, resolve_clock_ghz
from ..userfile import parse_mapping, read_text, validate
from ..workloads.layer import TENSORS, Layer
from .base import Access, Design, DesignFacts, LayerResult, UnbuildableDesign
from .fronts import Front, FrontPoint, Loops, MixedDesign, MixedEngine
from .rowstationary_front import loops_of, mixed_front
from .sources import sources_digest

#: Whatever stands in these decides an answer; with the tables, they are the engine's fingerprint.
_SOURCES = (
    "engines/rowstationary.py",
    "engines/rowstationary_front.py",
    "hardware",
    "mapping",
    "ppa",
    "workloads/layer.py",
)


class RowStationarySettings(BaseModel):
    """The file behind ``--engine-settings`` of the rowstationary engine. Every key is optional."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    mac_energy: Literal["bits", "fixed"] = "bits"
    "What an operation costs: less on a layer's narrow operands, or always as much as at full width."
    packing: Literal["word", "ideal"] = "word"
    "How narrow elements lie in words: whole ones only (the published rule), or across words without waste."


MAC_ENERGIES, PACKINGS = ("bits", "fixed"), ("word", "ideal")

_DEFAULTS = RowStationarySettings()


def rowstationary_engine(settings_file: Path | None) -> RowStationaryEngine:
    """The engine with the settings of a file, or the defaults.

    Raises
    ------
    InputError : the file cannot be read, or a key is unknown or has an impossible value.
    """
    if settings_file is None:
        return RowStationaryEngine()
    written = parse_mapping(read_text(settings_file), settings_file)
    return RowStationaryEngine(validate(RowStationarySettings, written, settings_file))


class RowStationaryEngine(MixedEngine):
    """Best mapping by exact search, with Timeloop's counts.

    The spec is the one that ``qadam-tl arch`` writes for the config, at the config's clock; energies, area and clock
    come from the fitted models, the energy of an operation for the layer's bits.
    """

    name = "rowstationary"
    takes_bits = True

    def __init__(self, settings: RowStationarySettings = _DEFAULTS) -> None:
        self.settings = settings

    def __reduce__(self) -> tuple[type[RowStationaryEngine], tuple[RowStationarySettings]]:
        # Tables are loaded where they are used: a pickle carries none.
        return (RowStationaryEngine, (self.settings,))

    @cached_property
    def library(self) -> ModelLibrary:
        """The fitted models."""
        return load_library()

    @cached_property
    def fingerprint(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Digest of the code that maps, counts and prices, of the models' tables and of the settings."""
        return sources_digest(_SOURCES, repr((self.library.digest, self.settings.model_dump_json())))

    @cached_property
    def front_fingerprint(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Digest of the code, of the tables and of how elements are packed; not of what an operation costs."""
        return sources_digest(_SOURCES, repr((self.library.digest, self.settings.packing)))

    def design(self, config: AcceleratorConfig) -> Design:
        """Build and price the spec of a config."""
        try:
            clock_ghz = resolve_clock_ghz(config, self.library)
            spec = build_spec(config, clock_ghz)
            priced = price_spec(spec, self.library)
        except InputError as error:
            return UnbuildableDesign(DesignFacts(valid=False, reason=error.message))
        by_bits = self.library if self.settings.mac_energy == "bits" else None
        return RowStationaryDesign(config.pe, clock_ghz, spec, priced, by_bits, self.settings.packing)


class RowStationaryDesign(MixedDesign):
    """One config's spec with its prices.

    Parameters
    ----------
    library : models that price an operation for a layer's bits; None: it costs what it costs at full width, and makes
        one product.
    packing : how narrow elements lie in words.
    """

    def __init__(
        self,
        pe: PEType,
        clock_ghz: float,
        spec: ArchSpec,
        priced: PricedSpec,
        library: ModelLibrary | None,
        packing: str,
    ) -> None:
        self._pe, self._spec, self._priced, self._library, self._packing = pe, spec, priced, library, packing
        self._priced_at: dict[tuple[int | None, int | None, int], PricedSpec] = {}
        self._facts = DesignFacts(True, "", clock_ghz, priced.total_area_um2, tuple(map(str, priced.warnings)))

    @property
    def facts(self) -> DesignFacts:
        return self._facts

    def run(self, layer: Layer, objective: str) -> LayerResult:
        """Search the best mapping of one layer and price it."""
        # The compiled search is loaded where it runs: the process that hands out the work does without.
        from ..mapping.search import search

        too_wide = self._pe.too_narrow_for(*layer.bits)
        if too_wide:
            return LayerResult(valid=False, reason=too_wide)
        work = self._work(layer)
        found = search(self._spec, work.layer, work.priced.energy, objective, packing=self._packing)
        if found.mapping is None or found.evaluation is None:
            return LayerResult(valid=False, reason=found.reason)
        loops = loops_of(found.mapping)
        return self._result(layer, work, loops, found.evaluation, found.optimal, found.lower_bound)

    def packing(self, layer: Layer) -> tuple[object, ...]:
        """Elements per word of each tensor at each level that keeps it, or why the layer does not fit."""
        from ..mapping.words import bits_at, operands_per_word, too_wide

        work = self._work(layer)
        narrow = too_wide(self._spec, work.layer)
        reason = self._pe.too_narrow_for(*layer.bits) or ("" if narrow is None else narrow.text)
        if reason:
            return (reason,)
        elements = (
            str(operands_per_word(storage.datawidth, bits_at(storage, work.layer, tensor), self._packing))
            for storage in self._spec.storages
            for tensor in TENSORS
            if tensor in storage.keep
        )
        return (*elements, *((f"{work.products} products",) if work.products > 1 else ()))

    def front(self, layer: Layer) -> Front:
        """Every mapping that may be the best, by exact search."""
        too_wide = self._pe.too_narrow_for(*layer.bits)
        if too_wide:
            return Front((), too_wide)
        return mixed_front(self._spec, self._work(layer).layer, self._priced.energy, self._packing)

    def operation_pj(self, layer: Layer) -> float:
        """Energy of one operation on operands of the layer's bits, all of a word's."""
        return self._work(layer).priced.energy.energy_pj[self._spec.compute.name]["compute"]

    def priced(self, layer: Layer, point: FrontPoint, objective: str) -> LayerResult:
        """What the layer costs with a mapping of its front."""
        from ..mapping.model import evaluate
        from ..mapping.search import cost_of

        work = self._work(layer)
        mapping = Mapping(tuple(LevelLoops(*entry) for entry in point.mapping))
        evaluation = evaluate(self._spec, work.layer, mapping, work.priced.energy, self._packing)
        return self._result(layer, work, point.mapping, evaluation, True, cost_of(evaluation, objective))

    def _work(self, layer: Layer) -> PricedLayer:
        """The layer as the mapper gets it, with the prices while the design works on it."""
        mapped, products = as_mapped(self._pe, layer, self._library is not None)
        if self._library is None:
            return PricedLayer(mapped, self._priced)
        key = (layer.input_bits, layer.weight_bits, products)
        found = self._priced_at.get(key)
        if found is None:
            found = self._priced_at[key] = price_work(self._pe, self._spec, self._priced, layer, self._library)
        return PricedLayer(mapped, found, products)

    def _result(
        self,
        layer: Layer,
        work: PricedLayer,
        loops: Loops,
        evaluation: Evaluation,
        optimal: bool,
        lower_bound: float,
    ) -> LayerResult:
        energy = layer_energy(work.priced, evaluation)
        filled = layer.C / (work.layer.C * work.products)
        return LayerResult(
            valid=True,
            mapping=loops,
            accesses=_accesses(evaluation),
            leakage_pj={name: level.leakage_energy_pj for name, level in evaluation.levels.items()},
            cycles=evaluation.cycles,
            timeloop_pj=evaluation.energy_pj,
            onchip_pj=energy.onchip_pj,
            dram_pj=energy.dram_pj,
            idle_pj=energy.idle_pj,
            mac_pj=evaluation.mac_energy_pj,
            utilization=evaluation.utilization * filled,
            psum_spills=_psum_spills(self._spec, evaluation),
            optimal=optimal,
            lower_bound=lower_bound,
        )


def _accesses(evaluation: Evaluation) -> tuple[Access, ...]:
    """Counts of all instances together, from Timeloop's per instance."""
    return tuple(
        Access(
            level=name,
            tensor=tensor,
            reads=counts.reads * counts.utilized_instances,
            fills=counts.fills * counts.utilized_instances,
            updates=counts.updates * counts.utilized_instances,
            instances=counts.utilized_instances,
            energy_pj=counts.energy_pj,
        )
        for name, level in evaluation.levels.items()
        for tensor, counts in level.tensors.items()
    )


def _psum_spills(spec: ArchSpec, evaluation: Evaluation) -> int:
    """Partial sums read back from the outermost storage of Outputs: the finished ones are only written there."""
    outermost = next(storage.name for storage in spec.storages if "Outputs" in storage.keep)
    counts = evaluation.levels[outermost].tensors["Outputs"]
    return counts.reads * counts.utilized_instances
