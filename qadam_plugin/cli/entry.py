"""Where `qadam-tl` starts: Ctrl-C while the commands are still being loaded ends it like any other."""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> None:
    """Run the command line; see `app.main`."""
    try:
        from .app import main as run
    except KeyboardInterrupt:
        print("qadam-tl: interrupted", file=sys.stderr)
        sys.exit(130)
    run(argv)
