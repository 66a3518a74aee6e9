"""Files of a search besides those of the store: every setting it evaluated, and its front as files for ``--bits``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..explore.grid import Grid
from ..sweep.columns import arrow_schema
from ..sweep.exports import atomic, write_csv
from ..sweep.rows import TOTAL_COLUMNS
from .search import Candidate
from .session import Quantized
from .settings import bits_file, label

NAME = "quantize"

#: Folder of the front's files.
FOLDER = "bits"

_INTEGERS = ("cycles", "psum_spills")

Columns = list[tuple[str, str]]


def setting_columns(found: Quantized, error: str) -> Columns:
    """Columns of `setting_rows` with their kinds; `error` is what the source calls it."""
    axes = found.room.hardware.names if isinstance(found.room.hardware, Grid) else ()
    totals = [(name, "integer" if name in _INTEGERS else "number") for name in TOTAL_COLUMNS if name != "optimal"]
    return [
        *(("evaluation", "integer"), ("setting", "text"), ("config_id", "text"), *((axis, "text") for axis in axes)),
        *(("front", "flag"), ("uniform", "flag"), ("valid", "flag"), ("reason", "text"), (error, "number")),
        *totals,
        *(("layer_edp_sum_uj_ms", "number"), ("area_mm2", "number"), ("optimal", "flag")),
        *((name, "integer") for name in found.room.names if not name.startswith("hardware.")),
    ]


def setting_rows(found: Quantized, error: str) -> Iterator[dict[str, Any]]:
    """Every distinct setting in the order it was first evaluated, bits of each layer in columns of their own."""
    front = {item.setting for item in found.front}
    uniform = {item.setting for item in found.uniform}
    seen = set()
    for number, item in enumerate(found.candidates, 1):
        if item.setting in seen:
            continue
        seen.add(item.setting)
        yield {
            "evaluation": number,
            "setting": label(item.setting.widths),
            **_hardware(found, item),
            "front": item.setting in front,
            "uniform": item.setting in uniform,
            "valid": item.valid,
            "reason": item.cost.reason,
            **_numbers(item, error),
            **dict(zip(found.room.names, [bits for pair in item.setting.widths for bits in pair], strict=False)),
        }


def _hardware(found: Quantized, item: Candidate) -> dict[str, Any]:
    config = found.room.config(item.setting.point)
    axes = found.room.hardware.names if isinstance(found.room.hardware, Grid) else ()
    return {"config_id": config.config_id, **{axis: str(config.values[axis]) for axis in axes}}


def _numbers(item: Candidate, error: str) -> dict[str, Any]:
    totals = item.cost.totals
    if totals is None:
        return {}
    return {
        error: item.error,
        **{name: getattr(totals, name) for name in TOTAL_COLUMNS},
        "layer_edp_sum_uj_ms": item.cost.layer_edp_sum_uj_ms,
        "area_mm2": item.cost.area_mm2,
    }


def write_settings(found: Quantized, error: str, directory: Path) -> None:
    """Write quantize.csv, quantize.parquet and a file for ``--bits`` per setting of the front.

    Raises
    ------
    InputError, RunError : a file cannot be written; the file of before stays.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = setting_columns(found, error)
    write_csv(directory / f"{NAME}.csv", columns, setting_rows(found, error))
    table = pa.Table.from_pylist(list(setting_rows(found, error)), schema=arrow_schema(tuple(columns)))
    with atomic(directory / f"{NAME}.parquet") as unfinished:
        pq.write_table(table, unfinished, compression="zstd")
    folder = directory / FOLDER
    folder.mkdir(exist_ok=True)
    network = found.room.network
    for item in found.front:
        totals = item.cost.totals
        assert totals is not None
        comment = f"{network.name}: {totals.energy_uj:.6g} uJ, {totals.cycles} cycles, {error} {item.error:.6g}"
        with atomic(folder / f"{label(item.setting.widths)}.yaml") as unfinished:
            unfinished.write_text(bits_file(network.steps, item.setting.widths, comment), encoding="utf-8")
