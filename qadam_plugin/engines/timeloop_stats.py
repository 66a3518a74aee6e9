"""Reading what Timeloop writes: counts and energies of a run, from its stats and its XML.

The XML (``*.map+stats.xml``) has counts and energies in full precision, but neither the leakage nor the sum; the text
(``*.stats.txt``) has both, with two decimals. Taken are the XML's figures, with leakage from the energy table; the
text's leakage and sum then check that nothing was missed.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import RunError
from ..ppa.energy_table import EnergyTable
from ..workloads.layer import TENSORS
from .base import Access

#: The text's energies have two decimals, pJ per level and fJ for the sum per compute.
_HALF_DIGIT = 0.005 * (1 + 1e-6)

#: What binary fractions and the order of a sum may change.
_ROUNDING = 1e-9

_ROOT_END = "</boost_serialization>"

_LEVEL = re.compile(r"^=== (\S+) ===$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class StoreStats:
    """One storage level: `tensors` it keeps by name, and the leakage of its instances in use over all cycles."""

    tensors: Mapping[str, Access]
    leakage_energy_pj: float


@dataclass(frozen=True, slots=True)
class RunStats:
    """One mapping as Timeloop counts and prices it.

    Attributes
    ----------
    computes : multiply-accumulate operations.
    utilization : computes / (MAC instances * cycles).
    energy_pj : MACs, all levels, leakage of the stores in use.
    mac_energy_pj : the MACs' part of it.
    levels : storage levels by name, outermost first.
    """

    cycles: int
    computes: int
    utilization: float
    energy_pj: float
    mac_energy_pj: float
    levels: Mapping[str, StoreStats]


def read_stats(stats: str, xml: str, energy: EnergyTable, source: str) -> RunStats:
    """Counts and energies of one run.

    Parameters
    ----------
    stats, xml : content of ``*.stats.txt`` and ``*.map+stats.xml``.
    energy : the table that Timeloop was given.
    source : names the run in messages.

    Raises
    ------
    RunError : a form that is not known, a level that Timeloop priced with figures of its own, or a leakage or sum in
        the text that the XML and the table do not give.
    """
    cycles = int(_field(r"^Cycles: (\d+)$", stats, source))
    computes = int(_field(r"^Computes = (\d+)$", stats, source))
    sections = _sections(stats)
    try:
        # timeloop-model closes its archive too late: the last tag is missing.
        engine = ElementTree.fromstring(xml if _ROOT_END in xml else xml + _ROOT_END).find("engine")
        items = [] if engine is None else engine.findall("./topology_/levels_/item/px")
        mac = items[0]
        mac_name, mac_pj = _text(mac, "specs_/LevelSpecs/level_name"), float(_text(mac, "energy_"))
        instances = int(_text(mac, "specs_/instances/t_"))
        levels = {
            name: _store(item, name, sections[name], energy, cycles, source)
            for item in reversed(items[1:])
            if (name := _text(item, "specs_/LevelSpecs/level_name")) in energy.energy_pj
        }
    except (ElementTree.ParseError, IndexError, KeyError, ValueError) as error:
        raise RunError(f"{source}: a form of Timeloop's results that is not known: {error!r}") from None
    missing = set(energy.energy_pj) - set(levels) - {mac_name}
    if missing:
        raise RunError(f"{source}: Timeloop's results have no level {', '.join(sorted(missing))}")
    total = mac_pj + sum(
        level.leakage_energy_pj + sum(access.energy_pj for access in level.tensors.values())
        for level in levels.values()
    )
    per_compute_fj = float(_field(r"^\s*Total\s*= (\S+)$", stats, source))
    _check(total * 1000 / computes, per_compute_fj, "energy per compute (fJ)", source)
    return RunStats(cycles, computes, computes / (instances * cycles), total, mac_pj, levels)


def _store(
    item: ElementTree.Element, name: str, section: str, energy: EnergyTable, cycles: int, source: str
) -> StoreStats:
    """One storage level from its part of the XML and of the text."""
    priced_by = _field(r"^\s*Vector access energy source\s*: (\S+)$", section, source)
    if priced_by != "ERT":
        raise RunError(f"{source}: Timeloop priced {name} by itself ({priced_by}), not with the ERT it was given")
    kept, instances = _per_tensor(item, "keep"), _per_tensor(item, "utilized_instances")
    reads, fills, updates = (_per_tensor(item, what) for what in ("reads", "fills", "updates"))
    costs = [_per_tensor(item, what) for what in ("energy", "temporal_reduction_energy", "addr_gen_energy")]
    tensors: dict[str, Access] = {}
    for k, tensor in enumerate(TENSORS):
        if not int(kept[k]):
            continue
        used = float(instances[k])
        if used != int(used):
            raise ValueError(f"{name} uses {used} instances for {tensor}")
        count = int(used)
        tensors[tensor] = Access(
            level=name,
            tensor=tensor,
            reads=int(reads[k]) * count,
            fills=int(fills[k]) * count,
            updates=int(updates[k]) * count,
            instances=count,
            energy_pj=sum(float(cost[k]) for cost in costs) * count,
        )
    in_use = max((access.instances for access in tensors.values()), default=0)
    leakage = energy.energy_pj[name].get("leak", 0.0) * cycles * in_use
    _check(leakage, float(_field(r"^\s*Leakage energy \(total\)\s*: (\S+) pJ$", section, source)), name, source)
    return StoreStats(tensors, leakage)


def _per_tensor(item: ElementTree.Element, name: str) -> list[str]:
    """Figures of one kind, in the order of the problem's data spaces, which is that of `TENSORS`."""
    return [entry.text or "" for entry in item.findall(f"./stats_/{name}/PerDataSpace/item")]


def _text(item: ElementTree.Element, path: str) -> str:
    found = item.findtext(path)
    if found is None:
        raise KeyError(path)
    return found


def _sections(stats: str) -> dict[str, str]:
    """Parts of the text by the level that heads them; each level's first part is the one with its specs and stats."""
    parts: dict[str, str] = {}
    marks = list(_LEVEL.finditer(stats))
    for mark, end in zip(marks, [*(other.start() for other in marks[1:]), len(stats)], strict=True):
        parts.setdefault(mark[1], stats[mark.end() : end])
    return parts


def _field(pattern: str, text: str, source: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise RunError(f"{source}: Timeloop's stats have no line {pattern}")
    return found[1]


def _check(value: float, printed: float, what: str, source: str) -> None:
    if abs(value - printed) > _HALF_DIGIT + _ROUNDING * abs(printed):
        raise RunError(f"{source}: {what} is {value!r} from counts and energy table, {printed!r} in Timeloop's stats")
