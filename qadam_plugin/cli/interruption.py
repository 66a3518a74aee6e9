"""Ctrl-C ends a command within a second, whatever it is doing.

Python raises KeyboardInterrupt between two of its own steps: not while a kernel computes or a library is being loaded,
and what a library calls back cannot hand it on. A thread beside the command ends the process where that takes too long.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

EXIT_CODE = 130

MESSAGE = "qadam-tl: interrupted"

#: Seconds that Python gets to raise KeyboardInterrupt, and then the command to keep what it has and say so, which takes
#: a fraction of that unless the machine is busy.
_RAISED_S, _ENDED_S = 0.8, 2.5

#: Seconds in which worker processes clear up before they are killed.
_GRACE_S = 0.05

_BETWEEN_LOOKS_S = 0.05

_SHOW_CURSOR = b"\r\n\x1b[?25h"

_summaries: list[Callable[[], str]] = []


@contextmanager
def summary_at_ctrl_c(summary: Callable[[], str]) -> Iterator[None]:
    """Say a line where Ctrl-C ends the block, also in the midst of what Python cannot interrupt.

    Parameters
    ----------
    summary : gives the line at that moment, such as what is kept.
    """
    _summaries.append(summary)
    try:
        yield
    except KeyboardInterrupt:
        _summaries.remove(summary)
        print(summary(), file=sys.stderr)
        raise
    finally:
        with suppress(ValueError):
            _summaries.remove(summary)


class InterruptGuard:
    """Sees to it that Ctrl-C ends this process.

    Attributes
    ----------
    raised : KeyboardInterrupt has been raised: whatever error follows came of it.
    """

    def __init__(self) -> None:
        self.raised = False
        self._lost = False

    def start(self) -> None:
        """Begin to watch, where Ctrl-C is not ignored or somebody else's."""
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            return
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        signal.signal(signal.SIGINT, self._raise)
        said = sys.unraisablehook

        def hook(unraisable: UnraisableHookArgs) -> None:
            if issubclass(unraisable.exc_type, KeyboardInterrupt):
                self._lost = True
            else:
                said(unraisable)

        sys.unraisablehook = hook
        # The thread never takes the signal: where the command holds it back, it waits.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        threading.Thread(target=self._watch, args=(reading,), daemon=True).start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def leave(self, *, said: bool) -> NoReturn:
        """End this process in good order, without Python's clearing up of memory, which can take a second.

        Parameters
        ----------
        said : the last line is written.
        """
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        with suppress(OSError, ValueError):
            if not said:
                print(MESSAGE, file=sys.stderr)
            sys.stderr.flush()
        _end_workers()
        atexit._run_exitfuncs()
        os._exit(EXIT_CODE)

    def _raise(self, number: int, frame: FrameType | None) -> None:
        self.raised = True
        signal.default_int_handler(number, frame)

    def _watch(self, reading: int) -> None:
        while signal.SIGINT not in os.read(reading, 64):
            pass
        began = time.monotonic()
        while time.monotonic() - began < (_ENDED_S if self.raised else _RAISED_S):
            time.sleep(_BETWEEN_LOOKS_S)
            if self._lost:
                self._lost = False
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        _end_workers()
        # The stream's own lock may be held by the thread that is stuck.
        try:
            lines = "".join(f"{line}\n" for line in [*(summary() for summary in reversed(_summaries)), MESSAGE])
            os.write(2, (_SHOW_CURSOR if os.isatty(2) else b"") + lines.encode())
        finally:
            # Also where nobody reads any more.
            os._exit(EXIT_CODE)


def _end_workers() -> None:
    if "multiprocessing" in sys.modules:
        from multiprocessing import active_children

        from ..processes import end_processes

        end_processes(active_children(), _GRACE_S)
