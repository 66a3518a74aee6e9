"""A characterisation run: every point that is not there yet, on several processes; a table when all its rows are."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import NoReturn

from ..errors import InputError, RunError
from ..processes import end_processes, interrupt_held, silence_unraisable, spawning
from .cacti import build_cacti
from .figures import figures_of
from .liberty import CellLibrary
from .library import cache_folder, cell_library
from .measure import Measurement
from .points import Point, all_points
from .rows import Row, RowStore, formatted, table_text, write_whole
from .synth import yosys_version

#: Seconds that a worker gets to clean up before it is ended.
_GRACE = 0.25


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: rows there, rows in all, the last one and the seconds that it took (0: it was kept)."""

    done: int
    total: int
    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run made: the tables written, rows measured now, rows kept from earlier runs."""

    tables: tuple[Path, ...]
    measured: int
    kept: int


def characterize(
    points: Sequence[Point],
    how: Measurement,
    out: Path,
    jobs: int,
    report: Callable[[Progress], None],
    fresh: bool = False,
) -> Outcome:
    """Measure points and write their tables to the folder `out`; a table holds the points given, in their order.

    Every row is kept in the user's cache as it is finished, so a run that was stopped goes on where it was. The same
    points, seed, tools and library give the same tables, whatever `jobs` is.

    Parameters
    ----------
    jobs : worker processes; 0 measures in this one, where Ctrl-C waits for the simulation at hand.
    fresh : measure all points anew, kept or not.

    Raises
    ------
    RunError : a tool is missing or failed, a netlist fails its vectors, a file cannot be written, or a worker process
        died; finished rows are kept, and no table of a family with missing rows is written.
    InputError : the cell library or CACTI's source is not the expected one, or `out` is no folder that can be written.
    """
    _check_folder(out)
    library = _tools(points)
    store = RowStore(cache_folder() / "rows", how, library)
    rows: dict[str, Row] = {}
    if not fresh:
        rows = {_key(point): row for point in points if (row := store.find(point))}
    kept = len(rows)
    if kept:
        report(Progress(kept, len(points), f"{kept} rows of earlier runs", 0.0))
    missing = sorted((point for point in points if _key(point) not in rows), key=lambda point: -point.weight)
    for point, figures, seconds in _measured(missing, how, jobs):
        rows[_key(point)] = store.add(point, figures)
        report(Progress(len(rows), len(points), point.name, seconds))
    tables = []
    for family in dict.fromkeys(point.family for point in points):
        of_family = [rows[_key(point)] for point in points if point.family == family]
        path = out / f"{family}.csv"
        write_whole(path, table_text(family, of_family, how, library))
        tables.append(path)
    return Outcome(tuple(tables), len(missing), kept)


def _check_folder(out: Path) -> None:
    """Refuse before the first measurement what would fail behind the last."""
    place = out.absolute()
    while not place.exists() and not place.is_symlink():
        place = place.parent
    if not place.is_dir():
        raise InputError(place, "", "is not a folder; tables need one")
    try:
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        raise InputError(place, "", f"cannot be written to ({error.strerror}); tables need another folder") from None


def _tools(points: Sequence[Point]) -> CellLibrary | None:
    """What the points need, fetched and built here, once, before workers could all begin to; the cell library."""
    circuits = any(point.design is not None for point in points)
    if circuits:
        yosys_version()
    try:
        library = cell_library() if circuits else None
        if any(point.design is None for point in points):
            build_cacti()
    except OSError as error:
        raise RunError(f"the cache cannot be used: {error}; XDG_CACHE_HOME names another folder") from None
    return library


def _key(point: Point) -> str:
    return f"{point.family}/{point.name}"


Finished = tuple[Point, dict[str, str], float]


def _measured(points: Sequence[Point], how: Measurement, jobs: int) -> Iterator[Finished]:
    """Points with their figures, as they are finished; workers end at once if it is left early."""
    if jobs == 0:
        for point in points:
            yield point, *_work(point.family, point.name, how)
        return
    context = spawning()
    others = set(multiprocessing.active_children())
    with ProcessPoolExecutor(max(1, min(jobs, len(points))), mp_context=context, initializer=_start) as pool:
        try:
            with interrupt_held():
                points_of = {pool.submit(_work, point.family, point.name, how): point for point in points}
            futures: set[Future[tuple[dict[str, str], float]]] = set(points_of)
            while futures:
                done, futures = wait(futures, return_when=FIRST_COMPLETED)
                # Sound ones first, so that they are kept even if another of the batch failed.
                for future in sorted(done, key=lambda each: each.exception() is not None):
                    yield points_of[future], *future.result()
        except BrokenProcessPool:
            raise RunError("a worker process died; finished rows are kept: run the same command again") from None
        except BaseException:
            # Ctrl-C, a failed point, a full disk: what is under way would take minutes and could not be kept.
            workers = set(multiprocessing.active_children()) - others
            end_processes(workers, _GRACE)
            for group in [worker.pid for worker in workers if worker.pid]:
                with suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
            raise


def _work(family: str, name: str, how: Measurement) -> tuple[dict[str, str], float]:
    """Measure one point, by its name: designs do not travel between processes."""
    began = time.monotonic()
    try:
        figures = formatted(figures_of(_points()[family, name], how))
    except OSError as error:
        raise RunError(f"{name}: {error}") from None
    except _Ended:
        # Told to end: its folders are removed by now.
        _end_group()
    return figures, time.monotonic() - began


@cache
def _points() -> dict[tuple[str, str], Point]:
    return {(point.family, point.name): point for point in all_points()}


class _Ended(BaseException):
    """A worker was told to end."""


def _start() -> None:
    """Make a worker leave Ctrl-C to the parent, end when it is told to, and not outlive the parent.

    It has a process group of its own: what its tools have started ends with it.
    """
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _told_to_end)
    silence_unraisable(_Ended)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _told_to_end(*_: object) -> None:
    raise _Ended


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    _end_group()


def _end_group() -> NoReturn:
    """End this worker and all that it has started."""
    os.killpg(0, signal.SIGKILL)
    raise AssertionError("still there")
