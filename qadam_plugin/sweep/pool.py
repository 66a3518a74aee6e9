"""Where a sweep's tasks are done: in this process, or in several."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Protocol

from ..engines.base import Engine
from ..errors import RunError
from .worker import Answer, Task, answer, start, work


class Pool(Protocol):
    """Where tasks are done: in this process, or in several."""

    @property
    def waiting(self) -> int:
        """Submitted and not yet collected."""
        ...

    def submit(self, task: Task) -> None:
        """Take a task."""
        ...

    def collect(self) -> list[Answer]:
        """Wait for at least one answer."""
        ...

    def stop(self) -> None:
        """Begin nothing new, end what is begun after the layer at hand."""
        ...

    def collect_finished(self) -> list[Answer]:
        """After `stop`: answers of what had begun; failures are left out."""
        ...


@contextmanager
def open_pool(engine: Engine, jobs: int) -> Iterator[Pool]:
    """Somewhere to do tasks: this process for one job, else as many processes, which end with the block."""
    if jobs == 1:
        yield _HerePool(engine)
        return
    # Spawned, not forked: a fork would copy threads' locks, and a store's open file.
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=start, initargs=(engine, stop)) as executor:
        yield _ProcessPool(executor, stop.set)


class _HerePool:
    """Does each task when it is collected, in this process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tasks: list[Task] = []
        self._stop = threading.Event()

    @property
    def waiting(self) -> int:
        return len(self._tasks)

    def submit(self, task: Task) -> None:
        self._tasks.append(task)

    def collect(self) -> list[Answer]:
        return [answer(self._engine, self._tasks.pop(0), self._stop.is_set)]

    def stop(self) -> None:
        self._stop.set()

    def collect_finished(self) -> list[Answer]:
        self._tasks.clear()
        return []


class _ProcessPool:
    """Hands each task to a worker process."""

    def __init__(self, executor: ProcessPoolExecutor, stop: Callable[[], None]) -> None:
        self._executor, self._stop = executor, stop
        self._futures: set[Future[list[Answer]]] = set()

    @property
    def waiting(self) -> int:
        return len(self._futures)

    def submit(self, task: Task) -> None:
        with _explained_death(), _interrupt_held():
            self._futures.add(self._executor.submit(work, (task,)))

    def collect(self) -> list[Answer]:
        done, self._futures = wait(self._futures, return_when=FIRST_COMPLETED)
        with _explained_death():
            return [found for future in done for found in future.result()]

    def stop(self) -> None:
        self._stop()
        for future in self._futures:
            future.cancel()

    def collect_finished(self) -> list[Answer]:
        done, self._futures = wait(self._futures)
        sound = [future for future in done if not future.cancelled() and future.exception() is None]
        return [found for future in sound for found in future.result()]


@contextmanager
def _interrupt_held() -> Iterator[None]:
    """Hold Ctrl-C back during the block. Processes started inside never get it: not even while they are starting."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _explained_death() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool:
        raise RunError(
            "a worker process died (out of memory, or killed); results so far are kept: run the same command again, "
            "with fewer --jobs if memory is short"
        ) from None
