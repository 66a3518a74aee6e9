"""The result store: what a sweep has computed, under content hashes, so that nothing is computed twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import IO

from ..engines.base import DesignFacts, Engine, LayerResult
from ..hardware.config import AcceleratorConfig
from ..hardware.family import Family, known_names
from ..workloads.layer import Layer
from ..workloads.network import Network
from . import database
from .keys import canonical, layer_key, network_key, network_layers
from .records import Due, Run
from .rows import LAYER_COLUMNS, RESULT_COLUMNS, design_row, layer_row, result_row
from .stored import StoredResults, marks, parts
from .totals import batched


class ResultStore(StoredResults):
    """One folder's results. Open it with `writing` or `reading`, as a context manager.

    A result is a network on a design, summed when the last of its layers comes and kept beside them, so that reading
    results touches no layer.

    Promises: every `add` is one transaction, so that a process killed at any time leaves a whole store that lacks at
    most what was being added; a key that is already there keeps its row; one writer at a time, readers at any time,
    each of which sees one moment of the store.
    """

    def __init__(self, connection: sqlite3.Connection, directory: Path, lock: IO[str] | None) -> None:
        super().__init__(connection, directory, changing=lock is not None)
        self._lock = lock
        self._due: tuple[Due, ...] = ()
        self._unlinked: dict[str, str] = {}

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
        store = cls(database.open_for_reading(directory), directory, None)
        # One transaction for as long as it is open: a sweep that goes on meanwhile moves no row.
        store._connection.execute("BEGIN")
        return store

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
    def together(self) -> Iterator[None]:
        """Everything that is added in the block is added at its end, all or none."""
        with self._transaction():
            yield

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._connection.in_transaction:
            yield self._connection
            return
        with database.explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                self._families = None
                raise

    def begin_run(self, run: Run, networks: Iterable[Network]) -> None:
        """Note a run, or begin it anew: designs of an earlier run of that key are unlinked, their rows stay.

        From here on its networks are summed on every design that is linked to it.
        """
        found = {network_key(network): network for network in networks}
        with self._transaction() as connection:
            connection.execute("DELETE FROM run_designs WHERE run = ?", (run.key,))
            connection.execute("DELETE FROM run_networks WHERE run = ?", (run.key,))
            connection.execute("INSERT OR REPLACE INTO runs VALUES (?,?,?,?,?,?,?,?,0)", astuple(run))
            for key, network in found.items():
                row = (key, network.name, canonical(network_layers(network)))
                connection.execute("INSERT OR IGNORE INTO networks VALUES (?,?,?)", row)
                connection.execute("INSERT OR IGNORE INTO run_networks VALUES (?,?)", (run.key, key))
        self._unlinked = {}
        self._due = tuple(
            Due(
                (key, run.batch, run.objective),
                tuple((item.name, batched(item.layer, run.batch), item.count) for item in network.layers),
            )
            for key, network in found.items()
        )

    def link_designs(self, run: str, designs: Iterable[str]) -> None:
        """Note which designs belong to a run; one that is not stored yet is linked when it is added."""
        wanted = list(designs)
        stored: dict[str, int] = {}
        for part in parts(wanted):
            sql = f"SELECT key, id FROM designs WHERE key IN ({marks(part)})"
            stored.update(self.query(sql, part))
        self._unlinked.update((key, run) for key in wanted if key not in stored)
        if stored:
            with self._transaction() as connection:
                self._link(connection, run, stored)

    def _link(self, connection: sqlite3.Connection, run: str, designs: Mapping[str, int]) -> None:
        connection.executemany("INSERT OR IGNORE INTO run_designs VALUES (?,?)", ((run, id) for id in designs.values()))
        names = {id: key for key, id in designs.items()}
        for due in self._due:
            for part in parts(list(names)):
                sql = f"""SELECT id, valid, reason, clock_ghz, area_um2 FROM designs d WHERE id IN ({marks(part)})
                    AND NOT EXISTS (SELECT 1 FROM results WHERE (network, batch, objective, design) = (?,?,?,d.id))"""
                for id, valid, *facts in connection.execute(sql, (*part, *due.key)).fetchall():
                    self._sum(connection, due, names[id], id, DesignFacts(bool(valid), *facts), {})

    def _sum(
        self,
        connection: sqlite3.Connection,
        due: Due,
        key: str,
        id: int,
        facts: DesignFacts,
        known: Mapping[str, LayerResult],
    ) -> None:
        """Add the result of a network on a design, if all its layers are known or stored."""
        layers = []
        if facts.valid:
            keys = {shape: layer_key(key, shape, due.key[2]) for _, shape, _ in due.layers}
            lacking = [name for name in keys.values() if name not in known]
            found = {**known, **self.layer_results(lacking, details=False)}
            if any(name not in found for name in keys.values()):
                return
            layers = [(name, shape, count, found[keys[shape]]) for name, shape, count in due.layers]
        connection.execute(
            f"INSERT OR IGNORE INTO results VALUES ({marks(RESULT_COLUMNS)})", result_row(due.key, id, facts, layers)
        )

    def finish_run(self, run: str) -> None:
        """Note that every row of a run is there."""
        with self._transaction() as connection:
            connection.execute("UPDATE runs SET finished = 1 WHERE run = ?", (run,))

    def add(
        self,
        key: str,
        engine: Engine,
        config: AcceleratorConfig,
        facts: DesignFacts,
        objective: str,
        layers: Sequence[tuple[str, Layer, LayerResult]],
    ) -> None:
        """Add a design, layer rows (key, shape, result) of it, and the results that they complete, all or none."""
        with self._transaction() as connection:
            self._learn(connection, config.family)
            design = design_row(key, engine, config, facts)
            connection.execute(
                f"INSERT OR IGNORE INTO designs ({','.join(design)}) VALUES ({marks(list(design))})",
                tuple(design.values()),
            )
            ((id,),) = connection.execute("SELECT id FROM designs WHERE key = ?", (key,))
            connection.executemany(
                f"INSERT OR IGNORE INTO layers VALUES ({marks(LAYER_COLUMNS)})",
                (layer_row(row_key, id, objective, shape, result) for row_key, shape, result in layers),
            )
            known = {row_key: result for row_key, _, result in layers}
            for due in self._due:
                self._sum(connection, due, key, id, facts, known)
            run = self._unlinked.pop(key, None)
            if run is not None:
                connection.execute("INSERT OR IGNORE INTO run_designs VALUES (?,?)", (run, id))

    def _learn(self, connection: sqlite3.Connection, family: Family) -> None:
        """Keep a family that is new, and make columns for its parameters."""
        known = self._known()
        if family.digest in known:
            return
        connection.execute("INSERT INTO families VALUES (?,?,?)", (family.digest, family.name, family.text))
        have = known_names(known.values())
        for name in family.places:
            if name not in have:
                connection.execute(f"ALTER TABLE designs ADD COLUMN {name}")
        known[family.digest] = family
