"""The file of a result store: creating it whole, locking it, checking it, and what to say when it cannot be used."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import InputError, QadamError, RunError

DATABASE = "results.sqlite"
LOCK = "sweep.lock"

#: Number of the schema, kept in SQLite's ``user_version``; raised whenever the tables change, or how the sums in
#: `results` are made of their layers.
SCHEMA_VERSION = 4

#: The tables of an empty store. A family's parameters become columns of `designs` with its first design.
SCHEMA = """
CREATE TABLE designs (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, config_id TEXT NOT NULL, engine TEXT NOT NULL,
    fingerprint TEXT NOT NULL, family TEXT NOT NULL, family_digest TEXT NOT NULL, place BLOB NOT NULL,
    pe_type TEXT NOT NULL, act_bits INTEGER NOT NULL, weight_bits INTEGER NOT NULL, acc_bits INTEGER NOT NULL,
    clock TEXT NOT NULL, valid INTEGER NOT NULL, reason TEXT NOT NULL, clock_ghz REAL NOT NULL, area_um2 REAL NOT NULL,
    out_of_range TEXT NOT NULL, estimators TEXT NOT NULL
);
CREATE INDEX designs_in_order ON designs (place);
CREATE TABLE families (digest TEXT PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE layers (
    key TEXT PRIMARY KEY, design INTEGER NOT NULL, objective TEXT NOT NULL, shape TEXT NOT NULL,
    valid INTEGER NOT NULL, reason TEXT NOT NULL, cycles INTEGER NOT NULL, timeloop_pj REAL NOT NULL,
    onchip_pj REAL NOT NULL, dram_pj REAL NOT NULL, idle_pj REAL NOT NULL, mac_pj REAL NOT NULL,
    utilization REAL NOT NULL, psum_spills INTEGER NOT NULL, optimal INTEGER NOT NULL, lower_bound REAL NOT NULL,
    mapping TEXT NOT NULL, accesses TEXT NOT NULL, leakage TEXT NOT NULL
);
CREATE INDEX layers_of_design ON layers (design);
CREATE TABLE results (
    network TEXT NOT NULL, batch INTEGER NOT NULL, objective TEXT NOT NULL, design INTEGER NOT NULL,
    valid INTEGER NOT NULL, reason TEXT NOT NULL, energy_uj REAL, onchip_energy_uj REAL, dram_energy_uj REAL,
    idle_energy_uj REAL, cycles INTEGER, latency_ms REAL, power_mw REAL, perf_per_area REAL, edp_uj_ms REAL,
    utilization REAL, psum_spills INTEGER, timeloop_energy_uj REAL, mac_energy_uj REAL, optimal INTEGER,
    PRIMARY KEY (network, batch, objective, design)
) WITHOUT ROWID;
CREATE TABLE runs (
    run TEXT PRIMARY KEY, space TEXT NOT NULL, engine TEXT NOT NULL, fingerprint TEXT NOT NULL,
    objective TEXT NOT NULL, batch INTEGER NOT NULL, clock TEXT NOT NULL, configs INTEGER NOT NULL,
    finished INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE networks (key TEXT PRIMARY KEY, name TEXT NOT NULL, layers TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE run_networks (run TEXT NOT NULL, network TEXT NOT NULL, PRIMARY KEY (run, network)) WITHOUT ROWID;
CREATE TABLE run_designs (run TEXT NOT NULL, design INTEGER NOT NULL, PRIMARY KEY (run, design)) WITHOUT ROWID;
"""

#: Bytes of a store that is checked whole whenever it is opened. In a larger one SQLite finds a damaged page when it
#: reads it: a check of everything would take longer than most answers.
_CHECKED_WHOLE = 64 * 2**20

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def file_error(error: OSError, path: Path) -> QadamError:
    """What to tell a person when a file of the store cannot be written."""
    target = Path(error.filename) if isinstance(error.filename, str) else path
    reason = (error.strerror or str(error)).lower()
    if error.errno in _FULL:
        return RunError(f"{target}: {reason}; results so far are kept, make room and run the same command again")
    return InputError(target, "", f"cannot be written ({reason}); choose a folder that can be with --out")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors inside the block into one clear line about `path`."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)
        if "full" in text or "disk I/O" in text:
            raise RunError(
                f"{path}: {text}; results so far are kept, make room and run the same command again"
            ) from None
        if "locked" in text:
            raise InputError(path, "", "is in use by another program; wait for it, or choose another --out") from None
        if "unable to open" in text or "readonly" in text:
            raise InputError(path, "", f"cannot be opened ({text}); choose another --out") from None
        raise _damaged(path, text) from None
    except OSError as error:
        raise file_error(error, path) from None


def lock_directory(directory: Path) -> IO[str]:
    """Make the folder and take it for writing; the lock lasts until the file is closed or the process is gone.

    Raises
    ------
    InputError : the folder cannot be written, or another sweep is writing there now.
    """
    path = directory / LOCK
    with explained(directory):
        directory.mkdir(parents=True, exist_ok=True)
        handle = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise file_error(error, path) from None
        raise InputError(
            directory, "", "another sweep is writing here now; wait for it, or choose another --out"
        ) from None
    return handle


def open_for_writing(directory: Path) -> sqlite3.Connection:
    """Open the store of a locked folder, creating it if there is none.

    Raises
    ------
    InputError : the file is damaged, of another version, or cannot be written; it is left as it is.
    """
    path = directory / DATABASE
    if path.exists():
        open_for_reading(directory).close()
    else:
        _create(path)
    with explained(path):
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def open_for_reading(directory: Path) -> sqlite3.Connection:
    """Open the store of a folder, which nothing done with the connection can change.

    Raises
    ------
    InputError : there is none, or it is damaged or of another version.
    """
    path = directory / DATABASE
    if not path.is_file():
        raise InputError(path, "", "no results here; `qadam-tl sweep --out DIR` makes them")
    with explained(path):
        if _cut_short(path):
            raise _damaged(path, "its end is missing")
        # In a folder that cannot be written SQLite cannot keep its index of the log, and nobody can be writing either.
        mode = "mode=ro" if os.access(directory, os.W_OK) else "mode=ro&immutable=1"
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True, isolation_level=None)
        verdict = "ok"
        if path.stat().st_size <= _CHECKED_WHOLE:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    if verdict != "ok":
        connection.close()
        raise _damaged(path, str(verdict).splitlines()[0])
    if version != SCHEMA_VERSION:
        connection.close()
        raise InputError(
            path, "", f"has schema {version}, this version of qadam-tl writes {SCHEMA_VERSION}; choose another --out"
        )
    return connection


def _cut_short(path: Path) -> bool:
    """Whether a database ends before its last page does: SQLite would read zeros there and notice nothing.

    With a write-ahead log beside it the file may rightly be shorter, and SQLite looks itself.
    """
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size > 0:
        return False
    # https://www.sqlite.org/fileformat.html#the_database_header: page size at byte 16, pages at 28, big-endian.
    with path.open("rb") as handle:
        header = handle.read(100)
    if len(header) < 100:
        return True
    page_size = int.from_bytes(header[16:18], "big")
    page_size = 65536 if page_size == 1 else page_size
    return header.startswith(b"SQLite format 3") and path.stat().st_size < page_size * int.from_bytes(
        header[28:32], "big"
    )


def _damaged(path: Path, text: str) -> InputError:
    return InputError(
        path,
        "",
        f"is damaged or no result store ({text}); nothing was changed: restore it, move it away, or use another --out",
    )


def _create(path: Path) -> None:
    """Make an empty store under another name first: a store that exists is always whole."""
    unfinished = path.with_name(f".{path.name}.part")
    with explained(path):
        unfinished.unlink(missing_ok=True)
        connection = sqlite3.connect(unfinished, isolation_level=None)
        try:
            connection.executescript(SCHEMA)
            connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()
        unfinished.replace(path)
