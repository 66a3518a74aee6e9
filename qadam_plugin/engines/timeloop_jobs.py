"""One folder per job: what goes in, whether it worked, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from ..errors import RunError
from ..hardware.archspec import ArchSpec, Fanout, Level, LoopConstraint, Storage
from ..hardware.spec_writer import spec_yaml
from ..mapping.mapping_yaml import mapping_yaml, read_mapping
from ..mapping.nest import SPATIAL_X, SPATIAL_Y, Mapping
from ..ppa.pricing import PricedSpec
from ..workloads.layer import Layer
from ..workloads.timeloop_problem import problem_yaml
from .timeloop_process import Answer, Job, call_front_end, complaint
from .timeloop_settings import TimeloopSettings, mapper_yaml_fields
from .timeloop_stats import RunStats, read_stats
from .timeloop_tables import ReferenceTables, check_accelergy, read_estimators, read_tables
from .timeloop_tools import Toolchain, search_path

MAPPER, MODEL, ACCELERGY = "timeloop-mapper", "timeloop-model", "accelergy"

_COMMAND = "qadam-tl, for the timeloop engine"

#: What timeloop-mapper prints when its search ends without a mapping.
_NO_MAPPING = "no valid mappings found"

#: What it prints when it falls back to a metric of its own.
_OTHER_METRIC = "no optimization metric(s) specified"


@dataclass(frozen=True, slots=True)
class Found:
    """A mapping that timeloop-mapper found, with Timeloop's figures; both None, and why, when it found none."""

    mapping: Mapping | None
    stats: RunStats | None
    reason: str = ""


class TimeloopRunner:
    """Runs Timeloop's tools on architectures and layers. Every call works in the folder it is given, and only there.

    Parameters
    ----------
    toolchain : which Timeloop.
    settings : how its mapper searches; time limit.
    """

    def __init__(self, toolchain: Toolchain, settings: TimeloopSettings) -> None:
        self._toolchain, self._settings = toolchain, settings

    def accelergy(self, spec: ArchSpec, priced: PricedSpec, folder: Path) -> ReferenceTables:
        """ERT and ART by Accelergy, in a folder.

        Raises
        ------
        RunError : Accelergy failed, or somebody else than our estimators answered for a component.
        """
        if spec.technology is not None and spec.technology.strip() == "-1":
            raise RunError(f"{spec.name}: technology -1 asks Accelergy for placeholder figures; name a real one")
        arch = _written(folder / "arch.yaml", spec_yaml(spec, _COMMAND))
        # The front end makes one input of everything, so it wants a problem even here.
        problem = _written(folder / "problem.yaml", problem_yaml(Layer(), _COMMAND))
        failures = self._call([Job(ACCELERGY, folder, (arch, problem))]).failures
        if failures[0] or not (folder / "ART.yaml").is_file():
            raise RunError(f"Accelergy failed on {spec.name}: {_why(failures[0], folder)}")
        estimators = read_estimators(folder / "ERT_summary_verbose.yaml", folder / "ART_summary_verbose.yaml", spec)
        tables = read_tables(spec, folder, estimators)
        check_accelergy(tables, priced)
        return tables

    def search(self, spec: ArchSpec, tables: ReferenceTables, layer: Layer, objective: str, folder: Path) -> Found:
        """Best mapping of a layer that timeloop-mapper finds.

        Raises
        ------
        RunError : Timeloop failed.
        """
        mapper = yaml.safe_dump({"mapper": mapper_yaml_fields(self._settings.mapper, objective)}, sort_keys=False)
        inputs = (
            _written(folder / "arch.yaml", spec_yaml(spec, _COMMAND)),
            _written(folder / "problem.yaml", problem_yaml(layer, _COMMAND)),
            _written(folder / "mapper.yaml", mapper),
        )
        failure = self._call([Job(MAPPER, folder, inputs, _table_files(tables, folder))]).failures[0]
        if _OTHER_METRIC in _log(folder):
            raise RunError(f"this front end does not hand the objective '{objective}' on to timeloop-mapper")
        found = folder / f"{MAPPER}.map.yaml"
        if not failure and _NO_MAPPING in _log(folder):
            return Found(None, None, f"timeloop-mapper found no valid mapping ({_ending(folder)})")
        if failure or not found.is_file():
            raise RunError(f"timeloop-mapper failed on {spec.name}, {layer}: {_why(failure, folder)}")
        return Found(_on_used_axes(read_mapping(found, spec, layer), spec), _stats(folder, MAPPER, tables))

    def evaluate(
        self, spec: ArchSpec, tables: ReferenceTables, mapped: Sequence[tuple[Layer, Mapping]], folder: Path
    ) -> list[RunStats | str]:
        """What timeloop-model says of given mappings: its figures, or why it refuses the mapping.

        Raises
        ------
        RunError : the front end cannot be run.
        """
        free = without_loop_constraints(spec)
        jobs = []
        for index, (layer, mapping) in enumerate(mapped):
            here = folder / f"layer{index}"
            here.mkdir()
            inputs = (
                _written(here / "arch.yaml", spec_yaml(free, _COMMAND)),
                _written(here / "problem.yaml", problem_yaml(layer, _COMMAND)),
                _written(here / "mapping.yaml", mapping_yaml(free, mapping, _COMMAND)),
            )
            jobs.append(Job(MODEL, here, inputs, _table_files(tables, here)))
        answers: list[RunStats | str] = []
        for job, failure in zip(jobs, self._call(jobs).failures, strict=True):
            done = not failure and (job.folder / f"{MODEL}.stats.txt").is_file()
            answers.append(_stats(job.folder, MODEL, tables) if done else _why(failure, job.folder))
        return answers

    def _call(self, jobs: Sequence[Job]) -> Answer:
        python = self._toolchain.python
        return call_front_end(python, jobs, self._settings.limit_s * len(jobs), search_path(python))


def _on_used_axes(mapping: Mapping, spec: ArchSpec) -> Mapping:
    """The mapping without entries of axes along which a container has one child."""
    single = {
        (f.name, kind) for f in spec.fanouts for kind, n in ((SPATIAL_X, f.mesh_x), (SPATIAL_Y, f.mesh_y)) if n == 1
    }
    return Mapping(tuple(entry for entry in mapping.entries if (entry.level, entry.kind) not in single))


def without_loop_constraints(spec: ArchSpec) -> ArchSpec:
    """The architecture with all loops free: the front end would join its constraints with a mapping's entries."""

    def freed(level: Level) -> Level:
        if isinstance(level, Storage):
            return replace(level, temporal=LoopConstraint())
        if isinstance(level, Fanout):
            return replace(level, constraint_x=LoopConstraint(), constraint_y=LoopConstraint())
        return level

    return replace(spec, levels=tuple(freed(level) for level in spec.levels))


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _table_files(tables: ReferenceTables, folder: Path) -> tuple[Path, Path]:
    """ERT and ART in a job's folder: with both given, Timeloop does not run Accelergy."""
    return _written(folder / "ERT.yaml", tables.ert), _written(folder / "ART.yaml", tables.art)


def _stats(folder: Path, tool: str, tables: ReferenceTables) -> RunStats:
    stats, xml = folder / f"{tool}.stats.txt", folder / f"{tool}.map+stats.xml"
    if not stats.is_file() or not xml.is_file():
        raise RunError(f"{tool} wrote no results: {complaint(_log(folder))}")
    return read_stats(stats.read_text(encoding="utf-8"), xml.read_text(encoding="utf-8"), tables.energy, tool)


def _log(folder: Path) -> str:
    log = folder / "log.txt"
    return log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""


def _why(failure: str, folder: Path) -> str:
    """A failure in one line: the front end's error, or the end of the tool's log."""
    if failure and not failure.startswith("exit code"):
        return failure
    return f"{failure or 'it wrote no results'}: {complaint(_log(folder))}"


def _ending(folder: Path) -> str:
    """How the search ended, in timeloop-mapper's words."""
    for line in _log(folder).splitlines():
        if "STATEMENT:" in line:
            return line.split("STATEMENT:", 1)[1].strip().rstrip(".")
    return "its search space is empty"
