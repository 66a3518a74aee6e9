"""Worker processes and Ctrl-C: what every place that starts some does about them."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from multiprocessing import get_context, resource_tracker
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs


#: For the process that removes the semaphores of processes that are gone, and warns of each.
_TRACKER_IS_QUIET = "ignore::UserWarning:multiprocessing.resource_tracker"


def spawning() -> SpawnContext:
    """How worker processes are started: spawned, not forked, which would copy threads' locks and open files.

    Ctrl-C may come between the removal of a semaphore and the note that it is gone, or before both. Python's process
    that looks after semaphores then does what is left, and would warn about it after the last line of the command.
    """
    sys.warnoptions.append(_TRACKER_IS_QUIET)
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.remove(_TRACKER_IS_QUIET)
    return get_context("spawn")


@contextmanager
def interrupt_held() -> Iterator[None]:
    """Hold Ctrl-C back during the block. Processes started inside never get it: not even while they are starting."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_processes(workers: Collection[BaseProcess], grace_s: float) -> None:
    """End processes: they are told to, and those that are not gone after a moment are killed."""
    for worker in workers:
        worker.terminate()
    deadline = time.monotonic() + grace_s
    for worker in workers:
        worker.join(max(0.0, deadline - time.monotonic()))
        worker.kill()


def silence_unraisable(*kinds: type[BaseException]) -> None:
    """Say nothing of such exceptions where Python cannot raise them: in what a library calls back or clears up."""
    said = sys.unraisablehook

    def hook(unraisable: UnraisableHookArgs) -> None:
        if not issubclass(unraisable.exc_type, kinds):
            said(unraisable)

    sys.unraisablehook = hook
