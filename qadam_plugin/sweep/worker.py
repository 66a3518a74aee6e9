"""What a worker process of a sweep does: make a config ready, map its layers, hand the results back."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from typing import Any, Protocol, TypeVar

from ..engines.base import DesignFacts, Engine, LayerResult
from ..errors import QadamError, RunError
from ..hardware.config import AcceleratorConfig
from ..processes import silence_unraisable
from ..workloads.layer import Layer


class StopFlag(Protocol):
    """An event that tells workers to stop early; `multiprocessing.Event` and `threading.Event` are such."""

    def is_set(self) -> bool:
        """Whether to stop."""
        ...


A_co = TypeVar("A_co", covariant=True)


class Job(Protocol[A_co]):
    """Work that a pool does somewhere: picklable, as is what comes of it."""

    def do(self, engine: Engine, stopped: Callable[[], bool]) -> A_co:
        """Do it; what is left when `stopped` says so is left out of the answer."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """Layers of one config that the store lacks.

    Attributes
    ----------
    design : key of the design.
    layers : (key, shape) of each layer to map.
    """

    design: str
    config: AcceleratorConfig
    objective: str
    layers: tuple[tuple[str, Layer], ...]

    def do(self, engine: Engine, stopped: Callable[[], bool]) -> Answer:
        """The answer of an engine."""
        return answer(engine, self, stopped)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a task. A stopped worker answers with the layers it had done."""

    task: Task
    facts: DesignFacts
    layers: tuple[tuple[str, Layer, LayerResult], ...]


def answer(engine: Engine, task: Task, stopped: Callable[[], bool]) -> Answer:
    """Do a task.

    Raises
    ------
    RunError : the engine failed, which its interface says it never does: config, layer and error are named.
    """
    doing = "design"
    try:
        design = engine.design(task.config)
        done: list[tuple[str, Layer, LayerResult]] = []
        for key, layer in task.layers if design.facts.valid else ():
            if stopped():
                break
            doing = str(layer)
            done.append((key, layer, design.run(layer, task.objective)))
    except QadamError:
        raise
    except Exception as error:
        raise RunError(
            f"engine {engine.name} failed on config {task.config.config_id} ({task.config.values}), {doing}: "
            f"{type(error).__name__}: {error}"
        ) from error
    return Answer(task, design.facts, tuple(done))


#: Engine and stop flag of this process, set once by `start` when the process is a worker, else empty. A process pool
#: hands tasks to plain functions, so what outlives a task (the engine's loaded tables) has to be kept by the module.
_process: list[tuple[Engine, StopFlag]] = []


def start(engine: Engine, stop: StopFlag) -> None:
    """Make this process a worker, which ends when its parent is gone. Ctrl-C is the parent's: see `pool`."""
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
        # Python would end without clearing up what an engine has begun, a tool of its own say.
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
        silence_unraisable(SystemExit)
    _process[:] = [(engine, stop)]


def work(jobs: Sequence[Job[Any]]) -> list[Any]:
    """Do jobs in a process that `start` made a worker."""
    engine, stop = _process[0]
    return [job.do(engine, stop.is_set) for job in jobs]


def _end_with(sentinel: int) -> None:
    """End this process at once when its parent dies: the pool's pipes would keep it waiting for ever."""
    connection.wait([sentinel])
    os._exit(1)
