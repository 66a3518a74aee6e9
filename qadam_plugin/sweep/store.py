"""The result store: what a sweep has computed, under content hashes, so that nothing is computed twice."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from ..engines.base import DesignFacts, Engine, LayerResult
from ..hardware.config import AcceleratorConfig
from ..workloads.layer import Layer
from ..workloads.network import Network
from . import database
from .keys import canonical, network_key, network_layers
from .rows import DESIGN_COLUMNS, LAYER_COLUMNS, design_row, layer_result, layer_row


@dataclass(frozen=True, slots=True)
class Run:
    """One sweep as it was asked for.

    Attributes
    ----------
    key : names the run in the exports; equal requests have equal keys.
    space : where the design space came from, without folders.
    clock : ``auto``, GHz, or ``space`` when the space says it.
    """

    key: str
    space: str
    engine: str
    fingerprint: str
    objective: str
    batch: int
    clock: str
    configs: int


@dataclass(frozen=True, slots=True)
class NetworkShapes:
    """A network as stored: (layer name, kind, count, shape at batch 1)."""

    key: str
    name: str
    layers: tuple[tuple[str, str, int, Layer], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Results that may be compared with each other, config by config: all but the config is equal."""

    network: NetworkShapes
    batch: int
    engine: str
    objective: str
    fingerprint: str
    runs: tuple[str, ...]


class ResultStore:
    """One folder's results. Open it with `writing` or `reading`, as a context manager.

    Promises: every `add_*` is one transaction, so that a process killed at any time leaves a whole store that lacks at
    most what was being added; a key that is already there keeps its row; one writer at a time, readers at any time.
    """

    def __init__(self, connection: sqlite3.Connection, directory: Path, lock: IO[str] | None) -> None:
        self._connection, self._lock = connection, lock
        self.directory = directory
        self.path = directory / database.DATABASE

    @classmethod
    def writing(cls, directory: Path) -> ResultStore:
        """Open a folder for a sweep, making it if needed.

        Raises
        ------
        InputError : it cannot be written, is damaged, or another sweep has it.
        """
        lock = database.lock_directory(directory)
        try:
            return cls(database.open_for_writing(directory), directory, lock)
        except BaseException:
            lock.close()
            raise

    @classmethod
    def reading(cls, directory: Path) -> ResultStore:
        """Open a folder's results to read them.

        Raises
        ------
        InputError : there are none, or they are damaged.
        """
        return cls(database.open_for_reading(directory), directory, None)

    def __enter__(self) -> ResultStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let go of the folder."""
        self._connection.close()
        if self._lock is not None:
            self._lock.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with database.explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def query(self, sql: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows of a SELECT, one at a time."""
        with database.explained(self.path):
            yield from self._connection.execute(sql, values)

    def begin_run(self, run: Run, networks: Iterable[Network]) -> None:
        """Note a run, or begin it anew: designs of an earlier run of that key are unlinked, their rows stay."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM run_designs WHERE run = ?", (run.key,))
            connection.execute("DELETE FROM run_networks WHERE run = ?", (run.key,))
            connection.execute("INSERT OR REPLACE INTO runs VALUES (?,?,?,?,?,?,?,?,0)", astuple(run))
            for network in networks:
                row = (network_key(network), network.name, canonical(network_layers(network)))
                connection.execute("INSERT OR IGNORE INTO networks VALUES (?,?,?)", row)
                connection.execute("INSERT OR IGNORE INTO run_networks VALUES (?,?)", (run.key, row[0]))

    def link_designs(self, run: str, designs: Iterable[str]) -> None:
        """Note which designs belong to a run."""
        with self._transaction() as connection:
            connection.executemany("INSERT OR IGNORE INTO run_designs VALUES (?,?)", ((run, key) for key in designs))

    def finish_run(self, run: str) -> None:
        """Note that every row of a run is there."""
        with self._transaction() as connection:
            connection.execute("UPDATE runs SET finished = 1 WHERE run = ?", (run,))

    def design_valid(self, key: str) -> bool | None:
        """Whether a stored design can be built; None when it is not stored."""
        for (valid,) in self.query("SELECT valid FROM designs WHERE key = ?", (key,)):
            return bool(valid)
        return None

    def layer_keys(self, design: str) -> set[str]:
        """Keys of the layer rows that a design has."""
        return {key for (key,) in self.query("SELECT key FROM layers WHERE design = ?", (design,))}

    def add(
        self,
        key: str,
        engine: Engine,
        config: AcceleratorConfig,
        facts: DesignFacts,
        objective: str,
        layers: Sequence[tuple[str, Layer, LayerResult]],
    ) -> None:
        """Add a design and layer rows (key, shape, result) of it, all or none."""
        with self._transaction() as connection:
            connection.execute(
                f"INSERT OR IGNORE INTO designs VALUES ({','.join('?' * len(DESIGN_COLUMNS))})",
                design_row(key, engine, config, facts),
            )
            connection.executemany(
                f"INSERT OR IGNORE INTO layers VALUES ({','.join('?' * len(LAYER_COLUMNS))})",
                (layer_row(row_key, key, objective, shape, result) for row_key, shape, result in layers),
            )

    def runs(self) -> list[tuple[Run, bool, tuple[str, ...]]]:
        """Every run with whether it is finished and its networks' names, sorted by key."""
        found = []
        for *fields, finished in self.query("SELECT * FROM runs ORDER BY run"):
            sql = (
                "SELECT n.name FROM run_networks r JOIN networks n ON n.key = r.network WHERE r.run = ? ORDER BY n.name"
            )
            found.append((Run(*fields), bool(finished), tuple(name for (name,) in self.query(sql, (fields[0],)))))
        return found

    def groups(self) -> list[Group]:
        """Groups of comparable results, sorted by network, batch, engine, objective."""
        sql = """SELECT n.name, n.key, r.batch, r.engine, r.objective, r.fingerprint, group_concat(r.run), n.layers
            FROM runs r JOIN run_networks rn ON rn.run = r.run JOIN networks n ON n.key = rn.network
            GROUP BY n.name, n.key, r.batch, r.engine, r.objective, r.fingerprint
            ORDER BY n.name, r.batch, r.engine, r.objective, n.key, r.fingerprint"""
        found = []
        for name, key, batch, engine, objective, fingerprint, runs, layers in self.query(sql):
            shapes = tuple((item, kind, count, Layer(**shape)) for item, kind, count, shape in json.loads(layers))
            network = NetworkShapes(key, name, shapes)
            found.append(Group(network, batch, engine, objective, fingerprint, tuple(sorted(runs.split(",")))))
        return found

    def designs(self, group: Group) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
        """Designs of a group's runs, each as its columns and the runs it belongs to, sorted by parameters."""
        marks = ",".join("?" * len(group.runs))
        sql = f"""SELECT {", ".join(f"d.{name}" for name in DESIGN_COLUMNS)}, group_concat(rd.run)
            FROM run_designs rd JOIN designs d ON d.key = rd.design WHERE rd.run IN ({marks}) GROUP BY d.key
            ORDER BY d.pe_type, d.rows, d.cols, d.ifmap_spad_depth, d.weights_spad_depth, d.psum_spad_depth,
                d.glb_kib, d.glb_bandwidth, d.dram_gbps, d.clock, d.config_id"""
        for *fields, runs in self.query(sql, group.runs):
            row: dict[str, Any] = dict(zip(DESIGN_COLUMNS, fields, strict=True))
            row["out_of_range"] = tuple(json.loads(row["out_of_range"]))
            row["estimators"] = tuple((part, who) for part, who in json.loads(row["estimators"]))
            yield row, tuple(sorted(runs.split(",")))

    def layer_results(self, keys: Sequence[str], *, details: bool) -> dict[str, LayerResult]:
        """Layer rows by key; without `details` their mappings, accesses and leakage are left out."""
        found: dict[str, LayerResult] = {}
        columns = LAYER_COLUMNS if details else LAYER_COLUMNS[:-3]
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            sql = f"SELECT {','.join(columns)} FROM layers WHERE key IN ({','.join('?' * len(part))})"
            for values in self.query(sql, part):
                row: dict[str, Any] = dict(zip(columns, values, strict=True))
                found[row["key"]] = layer_result(row)
        return found
