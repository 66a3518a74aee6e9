"""Reading mappings that Timeloop evaluated, and comparing an evaluation with its figures.

Three schemas, told apart by content: Eyeriss-like cases (levels implied by ``cols`` and ``rows``), cases of any level
order (``arch.order``, ``arch.spatial``), and best mappings of Timeloop's mapper (``refs``).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..hardware.archspec import ArchSpec, Compute, Fanout, Level, Storage
from ..ppa.energy_table import EnergyTable
from ..workloads.layer import Layer
from .evaluation import Evaluation, LevelResult, NetworkCounts
from .nest import LevelLoops, Mapping

_EYERISS_ORDER = ("DRAM", "shared_glb", "PE_column", "PE", "ifmap_spad", "weights_spad", "psum_spad", "mac")
_COUNTS = (
    "utilized_capacity",
    "utilized_instances",
    "partition_size",
    "reads",
    "fills",
    "updates",
    "temporal_reductions",
    "address_generations",
)
_ENERGY_TOLERANCE = 1e-6

#: Timeloop prints utilisation and accesses of a multicast class with two decimals.
_PRINTED = 0.00501


@dataclass(frozen=True, slots=True)
class ReferenceCase:
    """One mapping with Timeloop's result.

    Attributes
    ----------
    result : Timeloop's figures as written in the file.
    """

    id: str
    spec: ArchSpec
    layer: Layer
    mapping: Mapping
    energy: EnergyTable
    result: dict[str, Any]


def read_cases(path: Path) -> Iterator[ReferenceCase]:
    """Cases of one file, plain or gzip: one JSON object per line, or one object with ``refs``.

    Raises
    ------
    InputError : unreadable, not JSON, or of a schema that is not known.
    """
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(path, "", f"cannot be read as text or gzip: {error}") from error
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        whole = None
    if isinstance(whole, dict) and "refs" in whole:
        for index, record in enumerate(whole["refs"]):
            yield _case(path, f"refs[{index}]", record, "best")
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                raise InputError(path, f"line {number}", f"not a JSON object: {error}") from error
            yield _case(path, f"line {number}", record, "")


def _case(path: Path, where: str, record: Any, nested: str) -> ReferenceCase:
    """One record; `nested` is the key that holds mapping and result, empty if the record does."""
    try:
        arch, shape = record["arch"], record["layer"]
        answer = record[nested] if nested else record
        if "bitwidths" in shape:
            raise InputError(path, f"{where}.layer.bitwidths", "unsupported schema: bit-packed words are not modelled")
        spec = spec_of(arch, path)
        mapping = Mapping(
            tuple(
                LevelLoops(entry["level"], entry["kind"], tuple((d, b) for d, b in entry["loops"]))
                for entry in answer["mapping"]
            )
        )
        return ReferenceCase(record["id"], spec, Layer(**shape), mapping, energy_of(arch), answer["result"])
    except (KeyError, TypeError, ValueError) as error:
        expected = "expected id, arch, layer, mapping and result of a known corpus"
        raise InputError(path, where, f"unsupported schema ({error!r}): {expected}") from error


def spec_of(arch: dict[str, Any], source: object) -> ArchSpec:
    """Architecture of a record."""
    order = arch.get("order", _EYERISS_ORDER)
    spatial = arch.get("spatial", {"PE_column": {"X": arch["cols"]}, "PE": {"Y": arch["rows"]}})
    levels: list[Level] = []
    fanouts: list[int] = []
    for name in order[:-1]:
        if name in spatial:
            mesh_x, mesh_y = spatial[name].get("X", 1), spatial[name].get("Y", 1)
            levels.append(Fanout(name, mesh_x, mesh_y))
            fanouts.append(mesh_x * mesh_y)
            continue
        given = arch["levels"][name]
        levels.append(
            Storage(
                name=name,
                cls="DRAM" if given["depth"] is None else "SRAM",
                width=given["width"],
                datawidth=given["datawidth"],
                depth=given["depth"],
                keep=tuple(given["keep"]),
                read_bandwidth=given["read_bandwidth"],
                write_bandwidth=given["write_bandwidth"],
                instances=prod(fanouts),
            )
        )
    levels.append(Compute(order[-1], "mac", instances=prod(fanouts)))
    return ArchSpec(name="reference", levels=tuple(levels), source=str(source))


def energy_of(arch: dict[str, Any]) -> EnergyTable:
    """Energies of a record, pJ."""
    return EnergyTable({name: level["energy_pj"] for name, level in arch["levels"].items()})


def differences(found: Evaluation, expected: dict[str, Any]) -> list[str]:
    """Every figure that differs from Timeloop's, as lines ``where: ours, Timeloop's``; empty if all agree.

    Integers and cycles must be equal, energies within 1e-6 relative, what Timeloop prints with two decimals equal to
    these; an invalid mapping must have the same kind of verdict, level and figures.
    """
    if not expected["valid"]:
        return _verdict_differences(found, expected["verdicts"][0])
    if found.violation is not None:
        return [f"verdict: {found.violation.cls} at {found.violation.level}, valid"]
    lines: list[str] = []
    for key in ("cycles", "compute_cycles", "utilized_macs", "computes"):
        _equal(lines, key, getattr(found, key), expected[key])
    _close(lines, "energy_total_pj", found.energy_pj, expected["energy_total_pj"])
    _close(lines, "mac_energy_pj", found.mac_energy_pj, expected["mac_energy_pj"])
    if abs(100 * found.utilization - expected["utilization_percent"]) > _PRINTED:
        lines.append(f"utilization_percent: {100 * found.utilization}, {expected['utilization_percent']}")
    _equal(lines, "levels", sorted(found.levels), sorted(expected["levels"]))
    for name, level in expected["levels"].items():
        if name in found.levels:
            _level_differences(lines, name, found.levels[name], level)
    for pair, tensors in expected["networks"].items():
        ours = found.networks.get(pair, {})
        _equal(lines, pair, sorted(ours), sorted(tensors))
        for tensor, network in tensors.items():
            if tensor in ours:
                _network_differences(lines, f"{pair}.{tensor}", ours[tensor], network)
    return lines


def _verdict_differences(found: Evaluation, verdict: dict[str, Any]) -> list[str]:
    """Differences from the verdict on an invalid mapping; fields that Timeloop does not give are not compared."""
    if found.violation is None:
        return [f"verdict: valid, {verdict['cls']}"]
    ours = found.violation
    lines: list[str] = []
    _equal(lines, "verdict", ours.cls, verdict["cls"])
    if "got" in verdict:
        _equal(lines, "dimension", ours.dimension, verdict["dimension"])
        _equal(lines, "product", (ours.required, ours.available), (verdict["required"], verdict["got"]))
    elif "required" in verdict:
        _equal(lines, "level", ours.level, verdict["level"])
        _equal(
            lines, "required, available", (ours.required, ours.available), (verdict["required"], verdict["available"])
        )
    return lines


def _level_differences(lines: list[str], name: str, found: LevelResult, expected: dict[str, Any]) -> None:
    """Compare one storage."""
    _equal(lines, f"{name}.cycles", found.cycles, expected["cycles"])
    _close(lines, f"{name}.throttling", found.throttling, expected["throttling"])
    _close(lines, f"{name}.leakage_energy_pj", found.leakage_energy_pj, expected["leakage_energy_pj"])
    _equal(lines, f"{name} keeps", sorted(found.tensors), sorted(expected["dataspaces"]))
    for tensor, counts in expected["dataspaces"].items():
        if tensor in found.tensors:
            for key in _COUNTS:
                _equal(lines, f"{name}.{tensor}.{key}", getattr(found.tensors[tensor], key), counts[key])
            _close(lines, f"{name}.{tensor}.energy", found.tensors[tensor].energy_pj, counts["energy_total_pj"])


def _network_differences(lines: list[str], where: str, found: NetworkCounts, expected: dict[str, Any]) -> None:
    """Compare one network and tensor."""
    _equal(lines, f"{where}.fanout", found.fanout, expected["fanout"])
    _close(lines, f"{where}.link_transfers", found.link_transfers, expected["link_transfers"])
    _close(lines, f"{where}.spatial_reductions", found.spatial_reductions, expected["spatial_reductions"])
    classes = [tuple(group) for group in expected["ingresses"]]
    _equal(lines, f"{where}.classes", [c[:2] for c in found.ingresses], [c[:2] for c in sorted(classes)])
    for ours, theirs in zip(found.ingresses, sorted(classes), strict=False):
        if abs(ours[2] - theirs[2]) > _PRINTED:
            lines.append(f"{where}.accesses: {ours[2]}, {theirs[2]}")


def _equal(lines: list[str], where: str, found: object, expected: object) -> None:
    if found != expected:
        lines.append(f"{where}: {found}, {expected}")


def _close(lines: list[str], where: str, found: float, expected: float) -> None:
    if abs(found - expected) > _ENERGY_TOLERANCE * max(abs(expected), abs(found)):
        lines.append(f"{where}: {found}, {expected}")
