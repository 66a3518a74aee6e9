"""Reading Accelergy's energy reference table (``ERT.yaml``)."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..hardware.archspec import ArchSpec
from ..userfile import parse_yaml, read_text
from .energy_table import EnergyTable

_RANGE = re.compile(r"\[[^\]]*\]")


def read_ert(path: str | Path, spec: ArchSpec) -> EnergyTable:
    """Energies in pJ of every storage and of the MAC of an architecture.

    Names are taken as Accelergy writes them: the part after the last dot, without its range, so that
    ``system.PE[1..168].ifmap_spad[1..168]`` is ``ifmap_spad``. Tables of other components and further actions are
    passed over. Missing `update` and `leak` are left out (Timeloop prices an update as a write, and no leakage); for
    a missing `read`, `write` or `compute` Timeloop would take a built-in formula: refused.

    Raises
    ------
    InputError : not an ERT, a component or action is missing, or two tables disagree.
    """
    source = str(path)
    data = parse_yaml(read_text(path), source)
    if isinstance(data, dict) and "ERT_summary" in data:
        raise InputError(source, "ERT_summary", "this is Accelergy's summary; give the ERT itself (ERT.yaml)")
    tables = data.get("ERT", {}).get("tables") if isinstance(data, dict) and isinstance(data.get("ERT"), dict) else None
    if not isinstance(tables, list):
        raise InputError(source, "ERT.tables", "a list of tables is wanted, as Accelergy writes it")
    wanted: dict[str, tuple[str, ...]] = {level.name: ("read", "write") for level in spec.storages}
    wanted[spec.compute.name] = ("compute",)
    found: dict[str, dict[str, float]] = {}
    for index, table in enumerate(tables):
        key = f"ERT.tables[{index}]"
        if not isinstance(table, dict) or not isinstance(table.get("name"), str):
            raise InputError(source, key, "a table with name and actions is wanted")
        name = _RANGE.sub("", table["name"]).rsplit(".", 1)[-1]
        if name not in wanted:
            continue
        actions = _actions(table.get("actions"), key, source)
        if found.setdefault(name, actions) != actions:
            raise InputError(source, f"{key}.name", f"a second table for {name}, with other energies")
    for name, needed in wanted.items():
        if name not in found:
            known = ", ".join(str(table["name"]) for table in tables) or "none"
            raise InputError(source, "ERT.tables", f"no table for {name} of {spec.name}; the file has: {known}")
        for action in needed:
            if action not in found[name]:
                raise InputError(source, f"ERT.tables {name}", f"no action {action}; it has: {', '.join(found[name])}")
    return EnergyTable(found)


def _actions(written: Any, key: str, source: str) -> dict[str, float]:
    """Energy per action of one table, pJ."""
    if not isinstance(written, list):
        raise InputError(source, f"{key}.actions", "a list of actions is wanted")
    energies: dict[str, float] = {}
    for index, action in enumerate(written):
        place = f"{key}.actions[{index}]"
        if not isinstance(action, dict) or not isinstance(action.get("name"), str):
            raise InputError(source, place, "an action with name and energy is wanted")
        name, energy = action["name"], action.get("energy")
        if isinstance(energy, bool) or not isinstance(energy, int | float) or not math.isfinite(energy) or energy < 0:
            raise InputError(source, f"{place}.energy", f"an energy in pJ, 0 or more, is wanted, not {energy!r}")
        if energies.setdefault(name, float(energy)) != energy:
            raise InputError(source, place, f"a second energy for {name}, which depends on arguments: not supported")
    return energies
