"""The result store: what a sweep has computed, under content hashes, so that nothing is computed twice."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, TypeVar

from ..engines.base import DesignFacts, Engine, LayerResult
from ..hardware.config import AcceleratorConfig
from ..hardware.family import Family, default_family, known_names, stored_family
from ..workloads.layer import Layer
from ..workloads.network import Network
from . import database
from .columns import result_columns
from .keys import canonical, layer_key, network_key, network_layers
from .records import Due, Group, NetworkShapes, Run
from .rows import LAYER_COLUMNS, RESULT_COLUMNS, design_row, layer_result, layer_row, result_row
from .totals import batched

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_T = TypeVar("_T")

#: Values that one SQL statement is given at most.
MANY = 500

_FETCHED = 10_000


class ResultStore:
    """One folder's results. Open it with `writing` or `reading`, as a context manager.

    A result is a network on a design, summed when the last of its layers comes and kept beside them, so that reading
    results touches no layer.

    Promises: every `add` is one transaction, so that a process killed at any time leaves a whole store that lacks at
    most what was being added; a key that is already there keeps its row; one writer at a time, readers at any time,
    each of which sees one moment of the store.
    """

    def __init__(self, connection: sqlite3.Connection, directory: Path, lock: IO[str] | None) -> None:
        self._connection, self._lock = connection, lock
        self._due: tuple[Due, ...] = ()
        self._unlinked: dict[str, str] = {}
        self._ids: dict[Group, npt.NDArray[np.int64]] = {}
        self._families: dict[str, Family] | None = None
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

    def query(self, sql: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows of a SELECT, one at a time."""
        return chain.from_iterable(self.query_many(sql, values))

    def query_many(self, sql: str, values: Sequence[object] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """Rows of a SELECT, many at a time."""
        with database.explained(self.path):
            cursor = self._connection.execute(sql, values)
            while rows := cursor.fetchmany(_FETCHED):
                yield rows

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
            sql = f"SELECT key, id FROM designs WHERE key IN ({_marks(part)})"
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
                sql = f"""SELECT id, valid, reason, clock_ghz, area_um2 FROM designs d WHERE id IN ({_marks(part)})
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
            f"INSERT OR IGNORE INTO results VALUES ({_marks(RESULT_COLUMNS)})", result_row(due.key, id, facts, layers)
        )

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
        sql = "SELECT key FROM layers WHERE design = (SELECT id FROM designs WHERE key = ?)"
        return {key for (key,) in self.query(sql, (design,))}

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
                f"INSERT OR IGNORE INTO designs ({','.join(design)}) VALUES ({_marks(list(design))})",
                tuple(design.values()),
            )
            ((id,),) = connection.execute("SELECT id FROM designs WHERE key = ?", (key,))
            connection.executemany(
                f"INSERT OR IGNORE INTO layers VALUES ({_marks(LAYER_COLUMNS)})",
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

    def _known(self) -> dict[str, Family]:
        """Families of the store's designs by digest."""
        if self._families is None:
            rows = self.query("SELECT digest, name, text FROM families")
            self._families = {
                digest: stored_family(digest, text, f"{self.path}: {name}") for digest, name, text in rows
            }
        return self._families

    def families(self) -> tuple[Family, ...]:
        """Families of the designs, the default one first; it alone where there are no designs."""
        found = sorted(self._known().values(), key=lambda family: (not family.default, family.name, family.digest))
        return tuple(found) or (default_family(),)

    def family(self, name: str, config_id: str) -> Family:
        """Family of that name; where several designs have different ones of that name, that of a config."""
        named = [family for family in self.families() if family.name == name]
        if len(named) > 1:
            sql = "SELECT family_digest FROM designs WHERE config_id = ? LIMIT 1"
            for (digest,) in self.query(sql, (config_id,)):
                return self._known()[digest]
        return named[0]

    def columns(self) -> tuple[tuple[str, str], ...]:
        """Columns of ``results.csv``: name and kind of value, in order."""
        return result_columns(self.families())

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

    def design_ids(self, group: Group, found: npt.NDArray[np.int64] | None = None) -> npt.NDArray[np.int64]:
        """Designs with a result in a group, [results], sorted by their parameters; `found` are these if known."""
        import numpy as np

        if group not in self._ids:
            if found is None:
                found = _first_column(self.results(group, ()))
            # Nothing is sorted here: an index holds all designs in order.
            order = _first_column(self.query_many("SELECT id FROM designs ORDER BY place"))
            member = np.zeros(int(order.max(initial=0)) + 1, dtype=np.bool_)
            member[found] = True
            ids = order[member[order]]
            if self._lock is not None:
                return ids
            # What is only read does not change.
            self._ids[group] = ids
        return self._ids[group]

    def results(
        self, group: Group, values: Sequence[str], designs: Sequence[int] | None = None
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Results of a group, many at a time, each as the id of its design and `values`, in no promised order.

        Parameters
        ----------
        values : SQL on the columns of `results`, which is r, and `designs`, which is d.
        designs : ids of those that are wanted, at most 500; left out, all.
        """
        chosen = "" if designs is None else f"AND r.design IN ({_marks(designs)})"
        sql = f"""SELECT {", ".join(("r.design", *values))} FROM results r JOIN designs d ON d.id = r.design
            WHERE r.network = ? AND r.batch = ? AND r.objective = ? {chosen}
            AND EXISTS (SELECT 1 FROM run_designs x WHERE x.run IN ({_marks(group.runs)}) AND x.design = r.design)"""
        given = () if designs is None else tuple(designs)
        return self.query_many(sql, (group.network.key, group.batch, group.objective, *given, *group.runs))

    def design_runs(self, group: Group, designs: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """Runs of a group that designs, at most 500, belong to, sorted."""
        found: dict[int, tuple[str, ...]] = {}
        sql = f"SELECT design FROM run_designs WHERE run = ? AND design IN ({_marks(designs)})"
        for run in group.runs:
            for (id,) in self.query(sql, (run, *designs)):
                found[id] = (*found.get(id, ()), run)
        return found

    def layer_results(self, keys: Sequence[str], *, details: bool) -> dict[str, LayerResult]:
        """Layer rows by key; without `details` their mappings, accesses and leakage are left out."""
        found: dict[str, LayerResult] = {}
        columns = LAYER_COLUMNS if details else LAYER_COLUMNS[:-3]
        for part in parts(keys):
            sql = f"SELECT {','.join(columns)} FROM layers WHERE key IN ({_marks(part)})"
            for values in self.query(sql, part):
                row: dict[str, Any] = dict(zip(columns, values, strict=True))
                found[row["key"]] = layer_result(row)
        return found


def _marks(values: Sequence[object]) -> str:
    """Question marks for the values of an SQL statement."""
    return ",".join("?" * len(values))


def _first_column(chunks: Iterator[list[tuple[Any, ...]]]) -> npt.NDArray[np.int64]:
    import numpy as np

    return np.concatenate([np.zeros(0, np.int64), *(np.array([row[0] for row in rows], np.int64) for rows in chunks)])


def parts(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Values in parts that an SQL statement can take."""
    for start in range(0, len(values), MANY):
        yield values[start : start + MANY]
