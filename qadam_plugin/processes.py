"""Worker processes and Ctrl-C: what every place that starts some does about them."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs


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
