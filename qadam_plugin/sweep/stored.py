"""Reading a result store: its runs, groups of comparable results, designs, results and layers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..engines.base import LayerResult
from ..hardware.family import Family, default_family, stored_family
from ..workloads.layer import Layer
from . import database
from .columns import result_columns
from .records import Group, NetworkShapes, Run
from .rows import LAYER_COLUMNS, layer_result

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from .conditions import SQLCondition

_T = TypeVar("_T")

#: Values that one SQL statement is given at most.
MANY = 500

_FETCHED = 10_000


class StoredResults:
    """What can be asked of an open store; `store.ResultStore` opens it.

    Parameters
    ----------
    changing : whether results may come while it is open: what was read is then not kept.
    """

    def __init__(self, connection: sqlite3.Connection, directory: Path, *, changing: bool) -> None:
        self._connection, self._changing = connection, changing
        self._ids: dict[Group, npt.NDArray[np.int64]] = {}
        self._families: dict[str, Family] | None = None
        self.directory = directory
        self.path = directory / database.DATABASE

    def query(self, sql: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows of a SELECT, one at a time."""
        return chain.from_iterable(self.query_many(sql, values))

    def query_many(self, sql: str, values: Sequence[object] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """Rows of a SELECT, many at a time."""
        with database.explained(self.path):
            cursor = self._connection.execute(sql, values)
            while rows := cursor.fetchmany(_FETCHED):
                yield rows

    def design_valid(self, key: str) -> bool | None:
        """Whether a stored design can be built; None when it is not stored."""
        for (valid,) in self.query("SELECT valid FROM designs WHERE key = ?", (key,)):
            return bool(valid)
        return None

    def layer_keys(self, design: str) -> set[str]:
        """Keys of the layer rows that a design has."""
        sql = "SELECT key FROM layers WHERE design = (SELECT id FROM designs WHERE key = ?)"
        return {key for (key,) in self.query(sql, (design,))}

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

    def design_count(self) -> int:
        """Designs of the store: they have the ids from one on."""
        ((count,),) = self.query("SELECT max(id) FROM designs")
        return count or 0

    def design_ids(self, group: Group) -> npt.NDArray[np.int64]:
        """Designs with a result in a group, [results], sorted by their parameters."""
        import numpy as np

        if group not in self._ids:
            # A whole number comes out of a long word many times faster than as a row of Python.
            key = (group.network.key, group.batch, group.objective)
            summed = self._numbers(
                "SELECT group_concat(design) FROM results WHERE network = ? AND batch = ? AND objective = ?", key
            )
            runs = f"SELECT group_concat(design) FROM run_designs WHERE run IN ({marks(group.runs)})"
            linked = self._numbers(runs, group.runs)
            # Nothing is sorted here: an index holds all designs in order.
            rows = self.query_many("SELECT id FROM designs ORDER BY place")
            order = np.concatenate([np.zeros(0, np.int64), *(np.array(part, np.int64)[:, 0] for part in rows)])
            member, found = np.zeros((2, int(order.max(initial=0)) + 1), dtype=np.bool_)
            member[linked] = found[summed] = True
            ids = order[(member & found)[order]]
            if self._changing:
                return ids
            self._ids[group] = ids
        return self._ids[group]

    def _numbers(self, sql: str, values: Sequence[object]) -> npt.NDArray[np.int64]:
        """Whole numbers of a SELECT that joins them with commas; none for NULL."""
        import numpy as np

        ((text,),) = self.query(sql, values)
        return np.fromstring(text or "", np.int64, sep=",")

    def results(
        self,
        group: Group,
        values: Sequence[str],
        designs: Sequence[int] | None = None,
        condition: SQLCondition | None = None,
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Results of a group, many at a time, each as the id of its design and `values`, in no promised order.

        Among them are designs that were unlinked from the group's runs: `design_ids` has those that were not.

        Parameters
        ----------
        values : SQL on the columns of `results`, which is r, and `designs`, which is d.
        designs : ids of those that are wanted, at most 500; left out, all.
        condition : what they meet; left out, nothing.
        """
        words = ["r.network = ?", "r.batch = ?", "r.objective = ?", "d.engine = ?", "d.fingerprint = ?"]
        given: list[object] = [group.network.key, group.batch, group.objective, group.engine, group.fingerprint]
        if designs is not None:
            words.append(f"r.design IN ({marks(designs)})")
            given.extend(designs)
        if condition is not None:
            words.append(condition.text)
            given.extend(condition.values)
        sql = f"""SELECT {", ".join(("r.design", *values))} FROM results r JOIN designs d ON d.id = r.design
            WHERE {" AND ".join(words)}"""
        return self.query_many(sql, given)

    def design_runs(self, group: Group, designs: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """Runs of a group that designs, at most 500, belong to, sorted."""
        found: dict[int, tuple[str, ...]] = {}
        sql = f"SELECT design FROM run_designs WHERE run = ? AND design IN ({marks(designs)})"
        for run in group.runs:
            for (id,) in self.query(sql, (run, *designs)):
                found[id] = (*found.get(id, ()), run)
        return found

    def layer_results(self, keys: Sequence[str], *, details: bool) -> dict[str, LayerResult]:
        """Layer rows by key; without `details` their mappings, accesses and leakage are left out."""
        found: dict[str, LayerResult] = {}
        columns = LAYER_COLUMNS if details else LAYER_COLUMNS[:-3]
        for part in parts(keys):
            sql = f"SELECT {','.join(columns)} FROM layers WHERE key IN ({marks(part)})"
            for values in self.query(sql, part):
                row: dict[str, Any] = dict(zip(columns, values, strict=True))
                found[row["key"]] = layer_result(row)
        return found


def marks(values: Sequence[object]) -> str:
    """Question marks for the values of an SQL statement."""
    return ",".join("?" * len(values))


def parts(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Values in parts that an SQL statement can take."""
    for start in range(0, len(values), MANY):
        yield values[start : start + MANY]
