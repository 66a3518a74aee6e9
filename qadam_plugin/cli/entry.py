"""Where `qadam-tl` starts and ends: Ctrl-C while it is being loaded is like any other, and nothing once it is done."""

from __future__ import annotations

import signal

from .interruption import EXIT_CODE, InterruptGuard


def main(argv: list[str] | None = None) -> None:
    """Run the command line; see `app.main`."""
    guard = InterruptGuard()
    try:
        guard.start()
        from .app import main as run

        run(argv)
    except SystemExit as ended:
        # What is done in spite of Ctrl-C is done; a failure came of it.
        if not guard.raised or not ended.code:
            raise
        guard.leave(said=ended.code == EXIT_CODE)
    except BaseException as error:
        # A library may have made another error of Ctrl-C.
        if not (guard.raised or isinstance(error, KeyboardInterrupt)):
            raise
        guard.leave(said=False)
    finally:
        # What follows is the interpreter's clean-up, in which Ctrl-C would kill it although all is done.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
