"""Where jobs, a sweep's tasks say, are done: what every such place promises, and this machine's."""

from __future__ import annotations

import multiprocessing
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from ..engines.base import Engine
from ..errors import RunError
from ..processes import end_processes, interrupt_held, spawning
from .worker import Job, start, work

#: Tasks waiting per process: enough that none runs dry, few enough that memory does not grow with the space.
QUEUE_PER_PROCESS = 4

#: Seconds that workers get after Ctrl-C: to finish the layer at hand, then to clear up.
_GRACE_S = (0.3, 0.1)


A = TypeVar("A")


class Pool(ABC, Generic[A]):
    """Where jobs with answers of one kind are done: in this process, in several, or on many machines.

    Promises: the answer of every submitted job comes back from `collect` once, in any order, unless an error is raised
    or `stop` was called; what comes back does not depend on where it was done. `QadamError` says what went wrong in
    one line.
    """

    @property
    @abstractmethod
    def waiting(self) -> int:
        """Submitted and not yet collected."""

    @property
    @abstractmethod
    def room(self) -> int:
        """How many jobs it takes to have waiting so that nobody runs dry."""

    @abstractmethod
    def submit(self, job: Job[A]) -> None:
        """Take a job."""

    @abstractmethod
    def collect(self) -> list[A]:
        """Wait for at least one answer."""

    @abstractmethod
    def stop(self) -> None:
        """Begin nothing new, end what is begun after the layer at hand."""

    @abstractmethod
    def collect_finished(self) -> list[A]:
        """After `stop`: answers of what had begun and ends within a second; failures are left out.

        Nothing is waiting afterwards.
        """


@contextmanager
def open_pool(engine: Engine, jobs: int, scheduler: str | None = None) -> Iterator[Pool[Any]]:
    """Somewhere to do jobs as long as the block lasts.

    Parameters
    ----------
    jobs : this process for one, else as many processes, which end with the block.
    scheduler : address of a Dask scheduler, whose workers do the jobs instead, a sweep's tasks only; they stay.

    Raises
    ------
    InputError : the scheduler cannot be used.
    """
    if scheduler is not None:
        from .dask_pool import open_cluster

        with open_cluster(engine, scheduler) as cluster:
            yield cluster
        return
    if jobs == 1:
        yield _HerePool(engine)
        return
    context = spawning()
    stop = context.Event()
    before = set(multiprocessing.active_children())
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=start, initargs=(engine, stop)) as executor:
        pool = _ProcessPool(executor, jobs, stop.set, lambda: set(multiprocessing.active_children()) - before)
        try:
            yield pool
        except BaseException:
            # Answers that somebody wants are collected by now; a worker that is still starting would be waited for.
            with interrupt_held():
                end_processes(pool.workers(), _GRACE_S[1])
            raise


class _HerePool(Pool[A]):
    """Does each job when it is collected, in this process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs: list[Job[A]] = []
        self._stop = threading.Event()

    @property
    def waiting(self) -> int:
        return len(self._jobs)

    @property
    def room(self) -> int:
        return 1

    def submit(self, job: Job[A]) -> None:
        self._jobs.append(job)

    def collect(self) -> list[A]:
        return [self._jobs.pop(0).do(self._engine, self._stop.is_set)]

    def stop(self) -> None:
        self._stop.set()

    def collect_finished(self) -> list[A]:
        self._jobs.clear()
        return []


class _ProcessPool(Pool[A]):
    """Hands each job to a worker process."""

    def __init__(
        self,
        executor: ProcessPoolExecutor,
        jobs: int,
        stop: Callable[[], None],
        workers: Callable[[], Collection[BaseProcess]],
    ) -> None:
        self._executor, self._jobs, self._stop, self.workers = executor, jobs, stop, workers
        self._futures: set[Future[list[A]]] = set()

    @property
    def waiting(self) -> int:
        return len(self._futures)

    @property
    def room(self) -> int:
        return self._jobs * QUEUE_PER_PROCESS

    def submit(self, job: Job[A]) -> None:
        with _explained_death(), interrupt_held():
            self._futures.add(self._executor.submit(work, (job,)))

    def collect(self) -> list[A]:
        done, self._futures = wait(self._futures, return_when=FIRST_COMPLETED)
        with _explained_death():
            return [found for future in done for found in future.result()]

    def stop(self) -> None:
        # Nothing is cancelled: an executor whose workers then have to be killed stumbles over what is. Tasks that wait
        # come back without a layer.
        self._stop()

    def collect_finished(self) -> list[A]:
        with interrupt_held():
            done, running = wait(self._futures, timeout=_GRACE_S[0])
            for end in (BaseProcess.terminate, BaseProcess.kill):
                if running:
                    for worker in self.workers():
                        end(worker)
                    ended, running = wait(running, timeout=_GRACE_S[1])
                    done |= ended
        self._futures = set()
        sound = [future for future in done if not future.cancelled() and future.exception() is None]
        return [found for future in sound for found in future.result()]


@contextmanager
def _explained_death() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool:
        raise RunError(
            "a worker process died (out of memory, or killed); results so far are kept: run the same command again, "
            "with fewer --jobs if memory is short"
        ) from None
