"""Predictions of a whole design space as one Parquet file: millions of rows, written block by block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..engines.surrogate import predict_space
from ..hardware.space import DesignSpace
from ..hardware.space_arrays import ConfigBlock, numeric_keys
from ..ppa.accelerator.models import AcceleratorModels, Prediction
from ..workloads.network import Network
from .exports import atomic

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

PREDICTIONS = "surrogate.parquet"

#: Predicted figures, as columns of a sweep's results; the clock and the area are exact.
FIGURES = (
    "clock_ghz",
    "area_mm2",
    "cycles",
    "latency_ms",
    "onchip_energy_uj",
    "dram_energy_uj",
    "energy_uj",
    "power_mw",
    "perf_per_area",
    "edp_uj_ms",
)

#: What says how far a row is to be trusted.
FLAGS = ("outside", "component_warning")

#: Rows that are written at once.
_ROW_GROUP = 1 << 17

#: Told of every block and the predictions of one network on it.
Listener = Callable[[Network, ConfigBlock, Prediction], None]


@dataclass(frozen=True, slots=True)
class PredictionCounts:
    """What was predicted.

    Attributes
    ----------
    configs, points : configs, and configs times networks. outside : configs outside the range of the training.
    seconds : of pricing alone, without writing and without what listeners do.
    """

    configs: int
    points: int
    outside: int
    seconds: float


def write_predictions(
    path: Path,
    models: AcceleratorModels,
    networks: Sequence[Network],
    space: DesignSpace,
    listeners: Sequence[Listener] = (),
    report: Callable[[int], None] = lambda done: None,
) -> PredictionCounts:
    """Predict every config of a space on networks and write one row each. Memory does not grow with the space.

    Parameters
    ----------
    models : of exactly these networks, in this order. report : told how many configs are done.

    Raises
    ------
    InputError : there are no models of a PE type, or the file cannot be written; the file of before stays.
    """
    import pyarrow.parquet as pq

    configs = outside = 0
    seconds = 0.0
    schema = _schema(space)
    with atomic(path) as unfinished, pq.ParquetWriter(unfinished, schema, compression="zstd") as writer:
        tables: list[pa.Table] = []
        blocks = predict_space(models, space)
        while True:
            began = perf_counter()
            item = next(blocks, None)
            seconds += perf_counter() - began
            if item is None:
                break
            block, predictions = item
            for network, prediction in zip(networks, predictions, strict=True):
                tables.append(_table(network, block, prediction, schema))
                for listener in listeners:
                    listener(network, block, prediction)
            configs += len(block)
            outside += int(predictions[0].outside.sum())
            if sum(table.num_rows for table in tables) >= _ROW_GROUP:
                _write(writer, tables)
                tables = []
            report(configs)
        if tables:
            _write(writer, tables)
    return PredictionCounts(configs, configs * len(networks), outside, seconds)


def _write(writer: ParquetWriter, tables: list[pa.Table]) -> None:
    import pyarrow as pa

    writer.write_table(pa.concat_tables(tables))


def _schema(space: DesignSpace) -> pa.Schema:
    import pyarrow as pa

    word, number = pa.dictionary(pa.int32(), pa.string()), pa.dictionary(pa.int32(), pa.float64())
    keys = numeric_keys(space.family)
    columns = [("network", word), ("pe_type", word), *((name, number) for name in keys)]
    return pa.schema([*columns, *((name, pa.float32()) for name in FIGURES), *((name, pa.bool_()) for name in FLAGS)])


def _table(network: Network, block: ConfigBlock, prediction: Prediction, schema: pa.Schema) -> pa.Table:
    """Rows of one block; parameters as codes into their few values, an automatic clock as null."""
    import pyarrow as pa

    same = np.zeros(len(block), dtype=np.int32)
    columns: list[pa.Array] = [
        pa.DictionaryArray.from_arrays(same, [network.name]),
        pa.DictionaryArray.from_arrays(same, [block.pe.name]),
        *(_coded(block.codes[name], block.levels[name]) for name in numeric_keys(block.family)),
        *(pa.array(getattr(prediction, name).astype(np.float32)) for name in FIGURES),
        *(pa.array(getattr(prediction, name)) for name in FLAGS),
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _coded(codes: npt.NDArray[np.intp], levels: npt.NDArray[np.float64]) -> pa.DictionaryArray:
    import pyarrow as pa

    missing = np.isnan(levels)
    indices = pa.array(codes.astype(np.int32), mask=missing[codes])
    return pa.DictionaryArray.from_arrays(indices, np.where(missing, 0.0, levels))
