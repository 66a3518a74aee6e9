"""Energy and area reference tables (ERT, ART) of an architecture: written from our models, or Accelergy's, checked."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError, RunError
from ..hardware.archspec import ArchSpec
from ..ppa.energy_table import EnergyTable
from ..ppa.ert_file import read_ert
from ..ppa.pricing import PricedSpec
from ..userfile import UniqueKeyLoader, parse_yaml, read_text

#: How close Accelergy's answers must come to this version's models.
TOLERANCE = 1e-9

#: What `estimators` says of tables that our models wrote.
MODELS = "models"

#: Our plug-in's name in Accelergy's summaries.
OURS = "qadam-tl"

#: Actions that Timeloop charges in a dense design. A MAC's leakage is none of them.
_STORAGE_ACTIONS, _MAC_ACTIONS = ("read", "write", "update", "leak"), ("compute",)

_RANGE = re.compile(r"\[(\d+)\.\.(\d+)\]")


@dataclass(frozen=True, slots=True)
class ReferenceTables:
    """Tables of one architecture, ready for Timeloop.

    Attributes
    ----------
    ert, art : content of the files.
    energy : pJ per action.
    area_um2 : all instances of each component.
    estimators : (component, who answered for it), outermost first.
    """

    ert: str
    art: str
    energy: EnergyTable
    area_um2: Mapping[str, float]
    estimators: tuple[tuple[str, str], ...]


def write_tables(spec: ArchSpec, priced: PricedSpec, folder: Path) -> ReferenceTables:
    """ERT and ART of our models' prices, in Accelergy's format, as ``ERT.yaml`` and ``ART.yaml`` in a folder."""
    names = {part.name: f"system_top_level.{part.name}[1..{part.instances}]" for part in priced.components}
    energies = priced.energy.energy_pj
    ert = [
        {
            "name": names[part.name],
            "actions": [{"name": name, "arguments": {}, "energy": pj} for name, pj in energies[part.name].items()],
        }
        for part in priced.components
    ]
    art = [{"name": names[part.name], "area": part.estimate.area_um2} for part in priced.components]
    for kind, tables in (("ERT", ert), ("ART", art)):
        text = yaml.safe_dump({kind: {"version": "0.4", "tables": tables}}, sort_keys=False)
        (folder / f"{kind}.yaml").write_text(text, encoding="utf-8")
    return read_tables(spec, folder, tuple((part.name, MODELS) for part in priced.components))


def read_tables(spec: ArchSpec, folder: Path, estimators: tuple[tuple[str, str], ...]) -> ReferenceTables:
    """``ERT.yaml`` and ``ART.yaml`` of a folder.

    Raises
    ------
    InputError : a file is missing or is none, or it has no entry for a component: Timeloop would silently price it
        itself.
    """
    ert, art = folder / "ERT.yaml", folder / "ART.yaml"
    return ReferenceTables(read_text(ert), read_text(art), read_ert(ert, spec), read_art(art, spec), estimators)


def read_art(path: Path, spec: ArchSpec) -> dict[str, float]:
    """Area of each storage and of the MACs of an architecture, all instances together, um^2.

    Raises
    ------
    InputError : not an ART, or a component is missing.
    """
    data = parse_yaml(read_text(path), path, UniqueKeyLoader)
    tables = _tables(data, "ART", path)
    areas: dict[str, float] = {}
    instances = {level.name: level.instances for level in (*spec.storages, spec.compute)}
    for index, table in enumerate(tables):
        name, area = component(str(table.get("name", ""))), table.get("area")
        if name not in instances:
            continue
        if isinstance(area, bool) or not isinstance(area, int | float) or not math.isfinite(area) or area < 0:
            raise InputError(path, f"ART.tables[{index}].area", f"an area in um^2, 0 or more, is wanted, not {area!r}")
        areas[name] = area * instances[name]
    for name in instances:
        if name not in areas:
            raise InputError(path, "ART.tables", f"no table for {name} of {spec.name}")
    return {name: areas[name] for name in instances}


def read_estimators(ert_summary: Path, art_summary: Path, spec: ArchSpec) -> tuple[tuple[str, str], ...]:
    """Who answered Accelergy for each component, energies and areas together, from its summaries.

    Raises
    ------
    InputError : not Accelergy's summaries, or a component is missing.
    """
    found: dict[str, dict[str, None]] = {}
    for path, kind in ((ert_summary, "ERT_summary"), (art_summary, "ART_summary")):
        data = parse_yaml(read_text(path), path)
        for table in _tables(data, kind, path, "table_summary"):
            answers = table.get("primitive_estimation(s)", table.get("primitive_estimations"))
            names = found.setdefault(component(str(table.get("name", ""))), {})
            names.update(dict.fromkeys([answers] if isinstance(answers, str) else _named(answers)))
    levels = (*spec.storages, spec.compute)
    for level in levels:
        if not found.get(level.name):
            raise InputError(ert_summary, "ERT_summary.table_summary", f"no estimator is named for {level.name}")
    return tuple((level.name, ", ".join(found[level.name])) for level in levels)


def check_accelergy(tables: ReferenceTables, priced: PricedSpec) -> None:
    """Refuse answers that are not our models': other plug-ins, placeholders, another version of ours.

    Raises
    ------
    RunError : names the component, who answered, and the figures.
    """
    for name, who in tables.estimators:
        strangers = [word for word in who.split(", ") if word != OURS]
        if strangers:
            raise RunError(
                f"Accelergy's {', '.join(strangers)} answered for {name}, not our estimator: "
                "see `qadam-tl plugin status`"
            )
    for part in priced.components:
        wanted = priced.energy.energy_pj[part.name]
        given = tables.energy.energy_pj[part.name]
        actions = _MAC_ACTIONS if part is priced.components[-1] else _STORAGE_ACTIONS
        figures = [(f"{action} (pJ)", given.get(action, math.nan), wanted[action]) for action in actions]
        figures.append(("area (um^2)", tables.area_um2[part.name], part.estimate.area_um2 * part.instances))
        for what, found, expected in figures:
            if not math.isclose(found, expected, rel_tol=TOLERANCE, abs_tol=1e-12):
                raise RunError(
                    f"Accelergy answers {found!r} for {what} of {part.name}, this version's models {expected!r}: the "
                    "plug-in that Accelergy finds is another version; see `qadam-tl plugin status`"
                )


def component(name: str) -> str:
    """Component of a table's name: ``system.PE[1..168].mac[1..168]`` is ``mac``."""
    return _RANGE.sub("", name).rsplit(".", 1)[-1]


def _named(answers: Any) -> list[str]:
    """Estimators in a summary's answers: ``{name, estimator}``, or ``{name: {estimator}}`` in the verbose one."""
    if isinstance(answers, list):
        return [name for answer in answers for name in _named(answer)]
    if not isinstance(answers, dict):
        return []
    if "estimator" in answers:
        return [str(answers["estimator"])]
    return [name for answer in answers.values() for name in _named(answer)]


def _tables(data: Any, kind: str, path: Path, key: str = "tables") -> list[dict[str, Any]]:
    section = data.get(kind) if isinstance(data, dict) else None
    tables = section.get(key) if isinstance(section, dict) else None
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise InputError(path, f"{kind}.{key}", "a list of tables is wanted, as Accelergy writes it")
    return tables
