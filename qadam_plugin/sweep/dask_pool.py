"""Tasks of a sweep on the workers of a Dask scheduler."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ..engines.base import Engine
from ..errors import InputError, QadamError, RunError
from .pool import QUEUE_PER_PROCESS, Pool
from .remote import Misfit, check, do, order_for
from .worker import Answer, Job

if TYPE_CHECKING:
    from distributed import Client, Future

_OPTION = "--scheduler"

#: Seconds to reach the scheduler and for its first worker.
_REACH_S = 10

#: Seconds that a sweep waits without any worker before it gives up: machines that went away may come back.
_PATIENCE_S = 60

#: Seconds for what is ready when a sweep is stopped.
_GRACE_S = 0.5

_KEPT = "results so far are kept, and the same command goes on from there"


@contextmanager
def open_cluster(engine: Engine, address: str) -> Iterator[Pool[Answer]]:
    """The workers of the scheduler at an address, as long as the block lasts. The cluster stays as it was.

    Raises
    ------
    InputError : Dask is not installed, nothing answers at the address, there are no workers, or one of them has other
        code or tables.
    """
    try:
        import distributed
        from distributed.comm.addressing import get_address_host_port
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise InputError(_OPTION, "", "needs Dask, which is not installed: pip install 'qadam-tl[dask]'") from None
    _quiet()
    try:
        # A client that was given no address at all would wait for its own end.
        get_address_host_port(address)
        client = distributed.Client(address, timeout=_REACH_S, set_as_default=False, name="qadam-tl")
    except (OSError, ValueError, TypeError, CommClosedError) as error:
        raise InputError(
            _OPTION,
            "",
            f"no Dask scheduler answers at '{address}' ({_line(error)}); tcp://HOST:8786 is what it looks like",
        ) from None
    try:
        pool = _DaskPool(client, engine, address)
        pool.check_workers()
        with client.as_current():
            yield pool
    finally:
        # Closing tells the scheduler to forget this sweep; one that is gone is not waited for.
        with suppress(Exception):
            client.close(timeout=_GRACE_S)


class _DaskPool(Pool[Answer]):
    """Each task is a future. The scheduler gives the tasks of a worker that is lost to the others."""

    def __init__(self, client: Client, engine: Engine, address: str) -> None:
        self._client, self._order, self._address = client, order_for(engine), address
        self._farewell = f"the Dask scheduler at {address} is gone; {_KEPT}"
        self._futures: set[Future] = set()

    def check_workers(self) -> None:
        """See that there are workers, all of them with this machine's code and tables."""
        try:
            self._client.wait_for_workers(1, timeout=_REACH_S)
        except TimeoutError:
            start = f"start some with 'dask worker {self._address}'"
            raise InputError(_OPTION, "", f"the scheduler at '{self._address}' has no workers; {start}") from None
        answers: Any = self._client.run(check, self._order, on_error="return")
        for worker, error in sorted(answers.items()):
            if isinstance(error, BaseException):
                raise InputError(_OPTION, "", _unfit(worker, error))

    @property
    def waiting(self) -> int:
        return len(self._futures)

    @property
    def room(self) -> int:
        with self._gone():
            threads: Any = self._client.nthreads()
        return QUEUE_PER_PROCESS * max(1, sum(threads.values()))

    def submit(self, job: Job[Answer]) -> None:
        # Not pure: equal tasks of an earlier sweep are not looked for. Any number of workers may be lost.
        with self._gone():
            self._futures.add(self._client.submit(do, self._order, job, pure=False, key=f"qadam-tl-{uuid4().hex}"))

    def collect(self) -> list[Answer]:
        done = self._wait()
        self._futures -= done
        return [self._answer(future) for future in done]

    def _wait(self) -> set[Future]:
        """At least one future that has come to an end."""
        from distributed import wait

        alone_since: float | None = None
        while True:
            with self._gone(), suppress(TimeoutError):
                found: Any = wait(self._futures, timeout=1, return_when="FIRST_COMPLETED")
                return set(found.done)
            with self._gone():
                if self._client.status != "running":
                    raise OSError(self._client.status)
                workers = self._client.scheduler_info(n_workers=-1)["workers"]
            if workers:
                alone_since = None
                continue
            alone_since = alone_since or time.monotonic()
            if time.monotonic() - alone_since > _PATIENCE_S:
                raise RunError(f"the Dask scheduler at {self._address} has had no workers for {_PATIENCE_S} s; {_KEPT}")

    @contextmanager
    def _gone(self) -> Iterator[None]:
        """What asking a scheduler that is gone comes to, in one line."""
        from distributed import CancelledError

        try:
            yield
        except (CancelledError, OSError):
            raise RunError(self._farewell) from None

    def _answer(self, future: Future) -> Answer:
        from distributed import CancelledError, KilledWorker

        try:
            return future.result()
        except Misfit as error:
            raise RunError(f"{_unfit('of the cluster', error)}; {_KEPT}") from None
        except QadamError as error:
            raise RunError(f"on a Dask worker: {error}; {_KEPT}") from None
        except KilledWorker as error:
            raise RunError(
                f"{error.allowed_failures + 1} Dask workers died on the same config (out of memory?); {_KEPT}"
            ) from None
        except (CancelledError, OSError):
            raise RunError(self._farewell) from None
        except Exception as error:
            raise RunError(f"{_unfit('of the cluster', error)}; {_KEPT}") from None

    def stop(self) -> None:
        with suppress(Exception):
            self._client.cancel([future for future in self._futures if not future.done()])

    def collect_finished(self) -> list[Answer]:
        until = time.monotonic() + _GRACE_S
        found = []
        for future in self._futures:
            if future.status == "finished" and time.monotonic() < until:
                with suppress(Exception):
                    found.append(future.result(timeout=until - time.monotonic()))
        self._futures = set()
        return found


def _quiet() -> None:
    """What a person has to know is said in our one line; Dask's own lines and tables would surround it."""
    from distributed.versions import VersionMismatchWarning

    for name in ("distributed", "distributed.client", "distributed.core", "distributed.comm", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore", VersionMismatchWarning)


def _unfit(worker: str, error: BaseException) -> str:
    """Why a worker cannot do tasks."""
    if isinstance(error, QadamError):
        return f"worker {worker} {error}; install the same qadam-tl there"
    if isinstance(error, ImportError):
        return f"worker {worker} cannot load what it needs ({_line(error)}); install the same qadam-tl there"
    return f"worker {worker} cannot do tasks ({type(error).__name__}: {_line(error)}); install the same qadam-tl there"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
