"""The real Timeloop as an engine: timeloop-mapper searches, counts and prices with our models' energies."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

from ..errors import InputError, QadamError, RunError
from ..hardware.archspec import ArchSpec
from ..hardware.build import build_spec
from ..hardware.config import AcceleratorConfig
from ..hardware.space import default_space
from ..mapping.nest import LevelLoops, Mapping
from ..ppa.library import ModelLibrary, load_library
from ..ppa.pricing import PricedSpec, layer_energy, price_spec, resolve_clock_ghz
from ..workloads.layer import Layer
from .base import Design, DesignFacts, Engine, LayerResult, UnbuildableDesign
from .sources import sources_digest
from .timeloop_jobs import TimeloopRunner
from .timeloop_settings import TimeloopSettings, load_settings
from .timeloop_stats import RunStats
from .timeloop_tables import ReferenceTables, write_tables
from .timeloop_tools import Toolchain, find_toolchain

#: Whatever stands in these decides an answer; with the tables, Timeloop and the settings they are the fingerprint.
_SOURCES = (
    "engines/timeloop.py",
    "engines/timeloop_frontend.py",
    "engines/timeloop_jobs.py",
    "engines/timeloop_settings.py",
    "engines/timeloop_stats.py",
    "engines/timeloop_tables.py",
    "hardware",
    "mapping/mapping_yaml.py",
    "ppa",
    "workloads/layer.py",
    "workloads/timeloop_problem.py",
)

#: A mapping as `LayerResult` has it.
Loops = tuple[tuple[str, str, tuple[tuple[str, int], ...]], ...]

_LOG = logging.getLogger(__name__)


def timeloop_engine(settings_file: Path | None) -> TimeloopEngine:
    """The engine with the settings of a file, or the defaults.

    Raises
    ------
    InputError : the settings are wrong.
    RunError : no Timeloop is found, or `energies: accelergy` is asked for and Accelergy does not answer as it should.
    """
    settings = load_settings(settings_file)
    toolchain = find_toolchain(settings.python)
    if settings.energies != "auto":
        engine = TimeloopEngine(settings, toolchain, by_accelergy=settings.energies == "accelergy")
        if engine.by_accelergy:
            engine.try_accelergy()
        return engine
    engine = TimeloopEngine(settings, toolchain, by_accelergy=True)
    try:
        engine.try_accelergy()
    except QadamError as error:
        _LOG.info("energies are taken from the models directly: %s", error)
        return TimeloopEngine(settings, toolchain, by_accelergy=False)
    return engine


class TimeloopEngine(Engine):
    """Mappings by timeloop-mapper, on the spec that ``qadam-tl arch`` writes, with energies from the fitted models.

    ERT and ART are made once per config, by Accelergy with our plug-in or by our models directly; either way the
    figures are this version's, and each design's facts say who answered for each component.

    Parameters
    ----------
    settings : checked settings.
    toolchain : the Timeloop to run.
    by_accelergy : whether Accelergy makes the tables.
    """

    name = "timeloop"

    def __init__(self, settings: TimeloopSettings, toolchain: Toolchain, by_accelergy: bool) -> None:
        self.settings, self.toolchain, self.by_accelergy = settings, toolchain, by_accelergy

    def __reduce__(self) -> tuple[type[TimeloopEngine], tuple[TimeloopSettings, Toolchain, bool]]:
        # Tables are loaded where they are used: a pickle carries none.
        return (TimeloopEngine, (self.settings, self.toolchain, self.by_accelergy))

    @cached_property
    def library(self) -> ModelLibrary:
        """The fitted models."""
        return load_library()

    @cached_property
    def fingerprint(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Digest of the code, the models' tables, Timeloop's programs and front end, and the mapper's settings."""
        parts = (self.library.digest, self.toolchain.digest, self.settings.mapper.model_dump_json(), self.by_accelergy)
        return sources_digest(_SOURCES, repr(parts))

    def design(self, config: AcceleratorConfig) -> Design:
        """Build a config's spec, and have its tables made.

        Raises
        ------
        RunError : Accelergy failed, or other figures than this version's came from it.
        """
        try:
            clock_ghz = resolve_clock_ghz(config, self.library)
            spec = build_spec(config, clock_ghz)
            priced = price_spec(spec, self.library)
        except InputError as error:
            return UnbuildableDesign(DesignFacts(valid=False, reason=error.message))
        return TimeloopDesign(self, config.config_id, clock_ghz, spec, priced)

    def evaluate(
        self, config: AcceleratorConfig, clock_ghz: float, mapped: Sequence[tuple[Layer, Loops]]
    ) -> list[RunStats | str]:
        """What timeloop-model says of given mappings on a config: its figures, or why it refuses the mapping.

        Parameters
        ----------
        clock_ghz : the clock that the config ran at when it was mapped.
        mapped : layers with their mappings as `LayerResult` has them.

        Raises
        ------
        RunError : the front end cannot be run, or Accelergy failed.
        InputError : the config cannot be built.
        """
        spec = build_spec(config, clock_ghz)
        priced = price_spec(spec, self.library)
        tables = self.tables(config.config_id, spec, priced)
        mappings = [(layer, Mapping(tuple(LevelLoops(*entry) for entry in loops))) for layer, loops in mapped]
        with self.job_folder(f"{config.config_id}-verify") as folder:
            return self.runner.evaluate(spec, tables, mappings, folder)

    def tables(self, name: str, spec: ArchSpec, priced: PricedSpec) -> ReferenceTables:
        """ERT and ART of a spec, in a job folder of that name.

        Outside the characterised range our plug-in gives Accelergy no answer: with `energies: auto` the models then
        write the tables themselves, and each component's estimator says so.

        Raises
        ------
        RunError : Accelergy failed, or other figures than this version's came from it.
        """
        with self.job_folder(f"{name}-tables") as folder:
            if self.by_accelergy and (_in_range(priced) or self.settings.energies != "auto"):
                return self.runner.accelergy(spec, priced, folder)
            return write_tables(spec, priced, folder)

    def try_accelergy(self) -> None:
        """Have Accelergy answer for one design within the characterised range.

        Raises
        ------
        RunError, InputError : it does not, or not as our models do.
        """
        for config in default_space():
            spec = build_spec(config, resolve_clock_ghz(config, self.library))
            priced = price_spec(spec, self.library)
            if _in_range(priced):
                break
        else:
            raise RunError("no design of the default space is within the range of the models")
        with self.job_folder(f"{config.config_id}-tables") as folder:
            self.runner.accelergy(spec, priced, folder)

    @property
    def runner(self) -> TimeloopRunner:
        """What runs Timeloop's tools."""
        return TimeloopRunner(self.toolchain, self.settings)

    @contextmanager
    def job_folder(self, name: str) -> Iterator[Path]:
        """A new folder for one job: removed afterwards, or kept under that name where the settings say so."""
        if self.settings.keep_jobs is None:
            with tempfile.TemporaryDirectory(prefix="qadam-timeloop-") as folder:
                yield Path(folder)
            return
        folder = Path(self.settings.keep_jobs) / name
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        except OSError as error:
            raise RunError(f"{folder}: cannot be written ({error.strerror}); see keep_jobs of the settings") from None
        yield folder


class TimeloopDesign(Design):
    """One config's spec with its tables."""

    def __init__(self, engine: TimeloopEngine, name: str, clock_ghz: float, spec: ArchSpec, priced: PricedSpec) -> None:
        self._engine, self._name, self._spec, self._priced = engine, name, spec, priced
        self.tables = engine.tables(name, spec, priced)
        dram = {part.name for part in priced.components if part.place == "dram"}
        area_um2 = sum(area for part, area in self.tables.area_um2.items() if part not in dram)
        self._facts = DesignFacts(
            valid=True,
            clock_ghz=clock_ghz,
            # Timeloop knows no component for the wiring and control that the array adds to its PEs.
            area_um2=area_um2 + priced.overhead_area_um2,
            out_of_range=tuple(map(str, priced.warnings)),
            estimators=self.tables.estimators,
        )

    @property
    def facts(self) -> DesignFacts:
        return self._facts

    def run(self, layer: Layer, objective: str) -> LayerResult:
        """Have timeloop-mapper search one layer.

        Raises
        ------
        RunError : Timeloop failed, or its results are in a form that is not known.
        """
        with self._engine.job_folder(f"{self._name}-{layer_name(layer)}-{objective}") as folder:
            found = self._engine.runner.search(self._spec, self.tables, layer, objective, folder)
        if found.mapping is None or found.stats is None:
            return LayerResult(valid=False, reason=found.reason)
        loops = tuple((entry.level, entry.kind, entry.loops) for entry in found.mapping.entries)
        return layer_result(self._spec, self._priced, loops, found.stats)


def _in_range(priced: PricedSpec) -> bool:
    """Whether every component is within the range that its models were fitted on."""
    return not any(part.estimate.warnings for part in priced.components)


def layer_name(layer: Layer) -> str:
    """A layer's shape as a folder's name, dimensions of 1 left out: ``C16_M16_R3_S3_P8_Q8``."""
    return "_".join(f"{name}{value}" for name, value in asdict(layer).items() if value not in (1, None)) or "scalar"


def layer_result(spec: ArchSpec, priced: PricedSpec, loops: Loops, stats: RunStats) -> LayerResult:
    """Timeloop's figures of one mapping as the record that every engine gives."""
    energy = layer_energy(priced, stats)
    outermost = next(storage.name for storage in spec.storages if "Outputs" in storage.keep)
    return LayerResult(
        valid=True,
        mapping=loops,
        accesses=tuple(access for level in stats.levels.values() for access in level.tensors.values()),
        leakage_pj={name: level.leakage_energy_pj for name, level in stats.levels.items()},
        cycles=stats.cycles,
        timeloop_pj=stats.energy_pj,
        onchip_pj=energy.onchip_pj,
        dram_pj=energy.dram_pj,
        idle_pj=energy.idle_pj,
        mac_pj=stats.mac_energy_pj,
        utilization=stats.utilization,
        psum_spills=stats.levels[outermost].tensors["Outputs"].reads,
        # A sampled search proves nothing.
        optimal=False,
        lower_bound=0.0,
    )
