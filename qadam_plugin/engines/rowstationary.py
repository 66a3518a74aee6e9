"""The embedded mapper as an engine: searches the row-stationary mapspace of a config's spec, priced by our models."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ..errors import InputError
from ..hardware.archspec import ArchSpec
from ..hardware.build import build_spec
from ..hardware.config import AcceleratorConfig
from ..hardware.pe_types import PEType
from ..mapping.evaluation import Evaluation
from ..ppa.library import ModelLibrary, load_library
from ..ppa.pricing import PricedSpec, layer_energy, price_spec, resolve_clock_ghz
from ..workloads.layer import Layer
from .base import Access, Design, DesignFacts, Engine, LayerResult, UnbuildableDesign
from .sources import sources_digest

if TYPE_CHECKING:
    from ..mapping.search import SearchResult

#: Whatever stands in these decides an answer; with the tables, they are the engine's fingerprint.
_SOURCES = ("engines/rowstationary.py", "hardware", "mapping", "ppa", "workloads/layer.py")


class RowStationaryEngine(Engine):
    """Best mapping by exact search, with Timeloop's counts.

    The spec is the one that ``qadam-tl arch`` writes for the config, at the config's clock; energies, area and clock
    come from the fitted models.
    """

    name = "rowstationary"
    takes_bits = True

    def __reduce__(self) -> tuple[type[RowStationaryEngine], tuple[()]]:
        # Tables are loaded where they are used: a pickle carries nothing.
        return (RowStationaryEngine, ())

    @cached_property
    def library(self) -> ModelLibrary:
        """The fitted models."""
        return load_library()

    @cached_property
    def fingerprint(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Digest of the code that maps, counts and prices, and of the models' tables."""
        return sources_digest(_SOURCES, self.library.digest)

    def design(self, config: AcceleratorConfig) -> Design:
        """Build and price the spec of a config."""
        try:
            clock_ghz = resolve_clock_ghz(config, self.library)
            spec = build_spec(config, clock_ghz)
            priced = price_spec(spec, self.library)
        except InputError as error:
            return UnbuildableDesign(DesignFacts(valid=False, reason=error.message))
        return RowStationaryDesign(config.pe, clock_ghz, spec, priced)


class RowStationaryDesign(Design):
    """One config's spec with its prices."""

    def __init__(self, pe: PEType, clock_ghz: float, spec: ArchSpec, priced: PricedSpec) -> None:
        self._pe, self._spec, self._priced = pe, spec, priced
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
        found = search(self._spec, layer, self._priced.energy, objective)
        if found.mapping is None or found.evaluation is None:
            return LayerResult(valid=False, reason=found.reason)
        return self._result(found, found.evaluation)

    def _result(self, found: SearchResult, evaluation: Evaluation) -> LayerResult:
        energy = layer_energy(self._priced, evaluation)
        assert found.mapping is not None
        return LayerResult(
            valid=True,
            mapping=tuple((entry.level, entry.kind, entry.loops) for entry in found.mapping.entries),
            accesses=_accesses(evaluation),
            leakage_pj={name: level.leakage_energy_pj for name, level in evaluation.levels.items()},
            cycles=evaluation.cycles,
            timeloop_pj=evaluation.energy_pj,
            onchip_pj=energy.onchip_pj,
            dram_pj=energy.dram_pj,
            idle_pj=energy.idle_pj,
            mac_pj=evaluation.mac_energy_pj,
            utilization=evaluation.utilization,
            psum_spills=_psum_spills(self._spec, evaluation),
            optimal=found.optimal,
            lower_bound=found.lower_bound,
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
