"""Results of whole networks as rows, one design at a time, and the layers that they are made of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..engines.base import LayerResult
from ..workloads.layer import Layer
from .columns import SHARED_COLUMNS
from .keys import canonical, layer_key
from .records import Group, NetworkShapes
from .rows import TOTAL_COLUMNS
from .store import ResultStore
from .stored import parts
from .totals import batched

#: Columns that a group's results share, and the runs, which are read apart.
SHARED = ("network", "batch", "engine", "objective", "fingerprint", "runs")

#: Column of ``results.csv`` -> SQL on the result r and its design d. The other columns are columns of the design.
_SQL = {
    **{name: f"r.{name}" for name in ("valid", "reason", *TOTAL_COLUMNS)},
    "clock_ghz": "CASE WHEN d.valid THEN d.clock_ghz END",
    "area_mm2": "CASE WHEN d.valid THEN d.area_um2 * 1e-6 END",
}

_KINDS = dict(SHARED_COLUMNS)

#: Columns that are stored as JSON.
LISTS = ("out_of_range", "estimators")


def sql_of(column: str) -> str:
    """SQL of a column that is not shared by a group."""
    return _SQL.get(column, f"d.{column}")


def shared_values(group: Group) -> dict[str, Any]:
    """Columns that all results of a group share."""
    return {
        "network": group.network.name,
        "batch": group.batch,
        "engine": group.engine,
        "objective": group.objective,
        "fingerprint": group.fingerprint,
    }


def python_value(column: str, value: Any) -> Any:
    """A value of `sql_of` as ``results.csv`` has it."""
    if value is None:
        return None
    if column == "out_of_range":
        return "; ".join(json.loads(value))
    if column == "estimators":
        return "; ".join(f"{part}: {who}" for part, who in json.loads(value))
    return bool(value) if _KINDS.get(column) == "flag" else value


@dataclass(frozen=True, slots=True)
class DesignResult:
    """One design and network: the row of the results, and the layers it is made of.

    Attributes
    ----------
    row : columns of ``results.csv``; None where a result without valid mapping has no number.
    layers : (name, kind, count, shape, result), empty for a design that cannot be built.
    runs : keys of the runs it belongs to.
    """

    row: dict[str, Any]
    layers: tuple[tuple[str, str, int, Layer, LayerResult], ...]
    runs: tuple[str, ...]


def design_results(
    store: ResultStore, group: Group, *, details: bool, designs: Sequence[int] | None = None
) -> Iterator[DesignResult]:
    """Every design of a group whose layers are all there, sorted by the design's parameters.

    `details` brings the layers' mappings, accesses and leakage; `designs` are ids of those that are wanted, in order.
    """
    shapes = [batched(layer, group.batch) for _, _, _, layer in group.network.layers]
    ids = store.design_ids(group).tolist() if designs is None else designs
    for row in result_rows(store, group, ids):
        layers: tuple[tuple[str, str, int, Layer, LayerResult], ...] = ()
        if row.buildable:
            keys = [layer_key(row.design, shape, group.objective) for shape in shapes]
            found = store.layer_results(sorted(set(keys)), details=details)
            layers = _named(group.network, shapes, [found[key] for key in keys])
        yield DesignResult(row.columns, layers, row.runs)


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One row of the results.

    Attributes
    ----------
    design : key of the design.
    buildable : whether the design can be built: if not, it has no layers.
    columns : columns of ``results.csv``; None where a result without valid mapping has no number.
    runs : keys of the runs it belongs to.
    """

    design: str
    buildable: bool
    columns: dict[str, Any]
    runs: tuple[str, ...]


def result_rows(store: ResultStore, group: Group, designs: Sequence[int]) -> Iterator[ResultRow]:
    """Rows of designs by id, in the order they are given; designs without result are left out."""
    names = [name for name, _ in store.columns() if name not in SHARED]
    shared = shared_values(group)
    values = ("d.key", "d.valid", *map(sql_of, names))
    for part in parts(designs):
        found = {id: row for rows in store.results(group, values, part) for id, *row in rows}
        runs = store.design_runs(group, part)
        for id in part:
            if id in found:
                key, buildable, *row = found[id]
                columns = {name: python_value(name, value) for name, value in zip(names, row, strict=True)}
                columns |= {**shared, "runs": " ".join(runs[id])}
                yield ResultRow(key, bool(buildable), columns, runs[id])


def _named(
    network: NetworkShapes, shapes: list[Layer], results: list[LayerResult]
) -> tuple[tuple[str, str, int, Layer, LayerResult], ...]:
    pairs = zip(network.layers, shapes, results, strict=True)
    return tuple((name, kind, count, shape, result) for (name, kind, count, _), shape, result in pairs)


def layer_rows(result: DesignResult) -> Iterator[dict[str, Any]]:
    """Rows of ``layers.parquet`` of one design and network; `result` must have been read with details."""
    shared = {name: result.row[name] for name in ("config_id", "pe_type", "network", "batch", "engine", "objective")}
    shared |= {name: result.row[name] for name in ("clock", "clock_ghz", "runs", "fingerprint")}
    for name, kind, count, shape, found in result.layers:
        yield {
            **shared,
            **{"layer": name, "kind": kind, "count": count, "macs": shape.macs},
            **asdict(shape),
            **{"valid": found.valid, "reason": found.reason},
            **({} if not found.valid else _layer_numbers(found)),
        }


def _layer_numbers(found: LayerResult) -> dict[str, Any]:
    return {
        "energy_uj": found.energy_pj * 1e-6,
        "onchip_energy_uj": found.onchip_pj * 1e-6,
        "dram_energy_uj": found.dram_pj * 1e-6,
        "idle_energy_uj": found.idle_pj * 1e-6,
        "timeloop_energy_uj": found.timeloop_pj * 1e-6,
        "mac_energy_uj": found.mac_pj * 1e-6,
        "cycles": found.cycles,
        "utilization": found.utilization,
        "psum_spills": found.psum_spills,
        "optimal": found.optimal,
        "lower_bound": found.lower_bound,
        "mapping": canonical(found.mapping),
        "accesses": [asdict(access) for access in found.accesses],
        "leakage": [{"level": level, "energy_pj": energy} for level, energy in found.leakage_pj.items()],
    }
