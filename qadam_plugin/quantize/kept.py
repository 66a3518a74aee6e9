"""What a search keeps in its folder besides the store: fronts of layers, and errors that were dear to find."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from ..engines.fronts import Front, FrontPoint
from ..hardware.config import AcceleratorConfig
from ..sweep.database import explained
from ..sweep.keys import canonical, layer_fields
from ..workloads.layer import Layer

NAME = "quantize.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS fronts (key TEXT PRIMARY KEY, front BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS errors (source TEXT, setting TEXT, error REAL NOT NULL, PRIMARY KEY (source, setting))
    WITHOUT ROWID;
"""


def front_key(fingerprint: str, config: AcceleratorConfig, shape: Layer, packing: Sequence[object]) -> str:
    """Content hash of all that a front depends on; `shape` is without bits."""
    text = canonical(["front", fingerprint, config.identity, layer_fields(shape), packing])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class KeptFronts:
    """Fronts by key and errors by setting, in one file of a folder. One writer: whoever holds the folder's store.

    Every addition is one transaction: a process killed at any time loses at most what was being added.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME
        with explained(self.path):
            self._connection = sqlite3.connect(self.path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.executescript(_SCHEMA)
            self._known = {key for (key,) in self._connection.execute("SELECT key FROM fronts")}

    def __enter__(self) -> KeptFronts:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def __len__(self) -> int:
        return len(self._known)

    def front(self, key: str) -> Front:
        """A kept front."""
        with explained(self.path):
            ((blob,),) = self._connection.execute("SELECT front FROM fronts WHERE key = ?", (key,)).fetchall()
        points, reason, exact = json.loads(zlib.decompress(blob))
        return Front(tuple(map(_point, points)), reason, exact)

    def add(self, fronts: Iterable[tuple[str, Front]]) -> None:
        """Keep fronts by key."""
        rows = [(key, zlib.compress(_text(front).encode(), 1)) for key, front in fronts]
        with explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR IGNORE INTO fronts VALUES (?,?)", rows)
            self._connection.execute("COMMIT")
        self._known.update(key for key, _ in rows)

    def errors(self, source: str) -> dict[str, float]:
        """Errors that a source has given, by setting."""
        with explained(self.path):
            return dict(self._connection.execute("SELECT setting, error FROM errors WHERE source = ?", (source,)))

    def add_error(self, source: str, setting: str, error: float) -> None:
        """Keep the error of a setting."""
        with explained(self.path):
            self._connection.execute("INSERT OR REPLACE INTO errors VALUES (?,?,?)", (source, setting, error))


def _text(front: Front) -> str:
    points = [(point.energy_pj, point.cycles, point.operations, point.mapping) for point in front.points]
    return canonical([points, front.reason, front.exact])


def _point(values: list) -> FrontPoint:
    energy_pj, cycles, operations, mapping = values
    loops = tuple((level, kind, tuple((name, bound) for name, bound in bounds)) for level, kind, bounds in mapping)
    return FrontPoint(energy_pj, cycles, operations, loops)
