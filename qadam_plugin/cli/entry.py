"""Where `qadam-tl` starts and ends: Ctrl-C while it is being loaded is like any other, and nothing once it is done."""

from __future__ import annotations

import signal
import sys


def main(argv: list[str] | None = None) -> None:
    """Run the command line; see `app.main`."""
    try:
        from .app import main as run

        run(argv)
    except KeyboardInterrupt:
        print("qadam-tl: interrupted", file=sys.stderr)
        sys.exit(130)
    finally:
        # What follows is the interpreter's clean-up, in which Ctrl-C would kill it although all is done.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
