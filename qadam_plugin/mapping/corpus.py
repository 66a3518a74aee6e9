"""Reading mappings that Timeloop evaluated, and replaying them.

Four schemas, told apart by content: Eyeriss-like cases (levels implied by ``cols`` and ``rows``), cases of any level
order (``arch.order``, ``arch.spatial``), best mappings of Timeloop's mapper (``refs``), and cases with several elements
in a word (``layer.bitwidths``, see `corpus_packed`).
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
from .corpus_compare import differences
from .corpus_packed import (
    Gating,
    gating_of,
    newer_result,
    packed_energy,
    packed_layer,
    packed_mapping,
    packed_spec,
    packing_differences,
)
from .model import evaluate
from .nest import LevelLoops, Mapping

_EYERISS_ORDER = ("DRAM", "shared_glb", "PE_column", "PE", "ifmap_spad", "weights_spad", "psum_spad", "mac")


@dataclass(frozen=True, slots=True)
class ReferenceCase:
    """One mapping with Timeloop's result.

    Attributes
    ----------
    result : Timeloop's figures as written in the file.
    packed : whether the file gives the counts before packing, too.
    gating : of a packed case.
    whole : whether the mapping's counts are those of the Timeloop that is modelled; else its packing alone is.
    """

    id: str
    spec: ArchSpec
    layer: Layer
    mapping: Mapping
    energy: EnergyTable
    result: dict[str, Any]
    packed: bool = False
    gating: Gating | None = None
    whole: bool = True


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
            return _packed_case(path, record)
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


def _packed_case(path: Path, record: dict[str, Any]) -> ReferenceCase:
    """A record with several elements in a word."""
    arch, gating = record["arch"], gating_of(record)
    return ReferenceCase(
        id=record["id"],
        spec=packed_spec(arch, path),
        layer=packed_layer(record["layer"]),
        mapping=packed_mapping(record["mapping"]),
        energy=packed_energy(arch),
        result=record["result"],
        packed=True,
        gating=gating,
        whole=gating is None and not record["strata"]["zero_step_rule_matters"],
    )


def replay(case: ReferenceCase) -> list[str]:
    """Evaluate the mapping of a case; every figure that differs from Timeloop's, empty if all agree."""
    lines: list[str] = []
    expected = case.result
    if case.packed:
        lines += packing_differences(case.spec, case.layer, case.energy, case.gating, expected)
        expected = newer_result(case.spec, case.layer, case.energy, expected)
    if case.whole:
        lines += differences(evaluate(case.spec, case.layer, case.mapping, case.energy), expected)
    return lines


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
