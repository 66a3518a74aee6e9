"""Files made from the store: results.csv, results.parquet, layers.parquet, runs.csv. Equal stores give equal files."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from .columns import LAYER_COLUMNS, RUN_COLUMNS, arrow_schema
from .database import explained
from .frames import results_frame, stored_rows
from .results import design_results, layer_rows
from .store import ResultStore

__all__ = ["ExportCounts", "atomic", "csv_text", "results_frame", "stored_rows", "write_csv", "write_exports"]

_BATCH_ROWS = 2000


@dataclass(frozen=True, slots=True)
class ExportCounts:
    """Rows of one run among the exported results."""

    results: int
    invalid: int


class _RowWriter(Protocol):
    def add(self, row: dict[str, Any]) -> None:
        """Take one row."""
        ...

    def flush(self) -> None:
        """Write what is still held."""
        ...


class _CsvRows:
    def __init__(self, path: Path, columns: Sequence[tuple[str, str]]) -> None:
        self._handle = path.open("w", encoding="utf-8", newline="")
        self._names = [name for name, _ in columns]
        self._writer = csv.writer(self._handle, lineterminator="\n")
        self._writer.writerow(self._names)

    def add(self, row: dict[str, Any]) -> None:
        self._writer.writerow([csv_text(row.get(name)) for name in self._names])

    def flush(self) -> None:
        self._handle.close()


class _ParquetRows:
    def __init__(self, path: Path, columns: tuple[tuple[str, str], ...]) -> None:
        import pyarrow.parquet as pq

        self._schema = arrow_schema(columns)
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) >= _BATCH_ROWS:
            self._write()

    def flush(self) -> None:
        if self._rows:
            self._write()
        self._writer.close()

    def _write(self) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []


def csv_text(value: object) -> str:
    """One CSV field: numbers in their shortest exact form, flags as true or false, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A name to write to; it becomes `path` when the block ends well, and is removed when not."""
    unfinished = path.with_name(f".{path.name}.part")
    with explained(path):
        try:
            yield unfinished
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def write_csv(path: Path, columns: Sequence[tuple[str, str]], rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as CSV, all or nothing."""
    with atomic(path) as unfinished:
        writer = _CsvRows(unfinished, columns)
        try:
            for row in rows:
                writer.add(row)
        finally:
            writer.flush()


def write_exports(store: ResultStore, run: str) -> ExportCounts:
    """Write results.csv, results.parquet, layers.parquet and runs.csv beside the store; count the rows of one run.

    Constant memory in the number of configs.

    Raises
    ------
    InputError, RunError : a file cannot be written; the file of before stays.
    """
    directory, columns = store.directory, store.columns()
    results = invalid = 0
    with ExitStack() as stack:

        def opened(name: str, make: Callable[[Path], _RowWriter]) -> _RowWriter:
            writer = make(stack.enter_context(atomic(directory / name)))
            stack.callback(writer.flush)
            return writer

        tables = (
            opened("results.csv", lambda path: _CsvRows(path, columns)),
            opened("results.parquet", lambda path: _ParquetRows(path, columns)),
        )
        layers = opened("layers.parquet", lambda path: _ParquetRows(path, LAYER_COLUMNS))
        for group in store.groups():
            for result in design_results(store, group, details=True):
                for table in tables:
                    table.add(result.row)
                for row in layer_rows(result):
                    layers.add(row)
                if run in result.runs:
                    results += 1
                    invalid += not result.row["valid"]
    _write_runs(store)
    return ExportCounts(results, invalid)


def _write_runs(store: ResultStore) -> None:
    rows = []
    for run, finished, networks in store.runs():
        fields = asdict(run)
        rows.append({**fields, "run": fields.pop("key"), "networks": " ".join(networks), "finished": finished})
    write_csv(store.directory / "runs.csv", [(name, "text") for name in RUN_COLUMNS], rows)
