"""What a Dask worker does for a sweep elsewhere: the same as a worker process, after a look at its own versions."""

from __future__ import annotations

import pickle
import threading
from dataclasses import dataclass

from .. import __version__
from ..engines.base import Engine
from ..errors import RunError
from .worker import Answer, Job


@dataclass(frozen=True, slots=True)
class Order:
    """Who is to do tasks.

    Attributes
    ----------
    engine : pickled.
    version, fingerprint : of qadam-tl and of the engine, as the sweep has them.
    """

    engine: bytes
    version: str
    fingerprint: str


class Misfit(RunError):
    """A worker whose code or tables are not those of the sweep. Its line goes on from the worker's name."""


#: Engines by order, which keep their loaded tables from task to task. Dask hands tasks to plain functions, so what
#: outlives a task has to be kept by the module.
_engines: dict[Order, Engine] = {}

#: Engines are not made for threads: those of one worker take turns.
_turn = threading.Lock()


def order_for(engine: Engine) -> Order:
    """The order that makes a worker do as this process would."""
    return Order(pickle.dumps(engine), __version__, engine.fingerprint)


def do(order: Order, task: Job[Answer]) -> Answer:
    """Do a task on this worker.

    Raises
    ------
    Misfit : other code or tables than the sweep's.
    RunError : the engine failed.
    """
    with _turn:
        return task.do(_engine(order), _never)


def check(order: Order) -> None:
    """See that this worker can do tasks.

    Raises
    ------
    Misfit : other code or tables than the sweep's.
    """
    with _turn:
        _engine(order)


def _engine(order: Order) -> Engine:
    found = _engines.get(order)
    if found is None:
        if order.version != __version__:
            raise Misfit(f"has qadam-tl {__version__}, this machine {order.version}")
        found = pickle.loads(order.engine)
        if found.fingerprint != order.fingerprint:
            raise Misfit(
                f"has other code or tables of engine {found.name} than this machine "
                f"(fingerprint {found.fingerprint}, here {order.fingerprint})"
            )
        _engines[order] = found
    return found


def _never() -> bool:
    return False
