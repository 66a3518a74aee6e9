"""Settings of the timeloop engine: which Timeloop, how its mapper searches, and where energies come from."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ..userfile import parse_mapping, read_text, validate

#: Timeloop's names of what to make small, in order, for each objective of `engines.base.OBJECTIVES`.
METRICS = {"edp": ["edp"], "energy": ["energy", "delay"], "latency": ["delay", "energy"]}


class MapperSettings(BaseModel):
    """How timeloop-mapper searches: keys and meaning are Timeloop's own. What makes the metric is ``--objective``."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    algorithm: Literal["random", "random_pruned", "linear_pruned", "hybrid", "exhaustive"] = "random_pruned"
    "How mappings are drawn."
    num_threads: int = Field(default=1, ge=1, le=256)
    "Threads of one job; results repeat only for equal numbers. Jobs in parallel are ``--jobs`` of the sweep."
    victory_condition: int = Field(default=500, ge=1)
    "Valid mappings in a row without a better one that end a thread's search."
    timeout: int = Field(default=15000, ge=1)
    "Invalid mappings in a row (a count, no time) that end a thread's search."
    search_size: int = Field(default=0, ge=0)
    "Valid mappings after which the search ends; 0: no such limit."
    max_permutations_per_if_visit: int = Field(default=16, ge=1)
    "random_pruned and hybrid: loop orders tried for each choice of factors."
    filter_revisits: bool = False
    "random: remember mappings that were tried."


class TimeloopSettings(BaseModel):
    """The file behind ``--engine-settings`` of the timeloop engine. Every key is optional."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    python: str | None = None
    "Interpreter that has the v4 front end (pytimeloop or timeloopfe). Left out: QADAM_TIMELOOP_PYTHON, or found."
    energies: Literal["auto", "accelergy", "models"] = "auto"
    "Who makes ERT and ART: Accelergy with our plug-in, or our models. auto: Accelergy if it finds the plug-in."
    mapper: MapperSettings = MapperSettings()
    "How timeloop-mapper searches."
    limit_s: float = Field(default=3600.0, gt=0, allow_inf_nan=False)
    "Seconds after which a job has failed. Never cuts a search short: a job is done, or an error."
    keep_jobs: str | None = None
    "Folder that keeps every job's folder, to look at. Left out: they are removed."


def load_settings(path: Path | None) -> TimeloopSettings:
    """Settings from a file; None gives the defaults. Relative paths in it are taken from the file's folder.

    Raises
    ------
    InputError : the file cannot be read, or a key is unknown or has an impossible value.
    """
    if path is None:
        return TimeloopSettings()
    settings = validate(TimeloopSettings, parse_mapping(read_text(path), path), path)
    # A bare word such as python3 is looked up in PATH; anything with a folder in it stands where the file says.
    here = path.resolve().parent
    python, keep = settings.python, settings.keep_jobs
    return settings.model_copy(
        update={
            "python": str(here / python) if python and "/" in python else python,
            "keep_jobs": str(here / keep) if keep else None,
        }
    )


def mapper_yaml_fields(settings: MapperSettings, objective: str) -> dict[str, object]:
    """Fields of Timeloop's v0.4 ``mapper`` section."""
    fields: dict[str, object] = {
        "version": 0.4,
        # The front end knows `optimization_metric`, a list; Timeloop reads a list only under the plural, and else warns
        # and takes EDP.
        "optimization_metrics": METRICS[objective],
        "live_status": False,
        **settings.model_dump(exclude={"search_size"}),
    }
    if settings.search_size:
        fields["search_size"] = settings.search_size
    return fields
