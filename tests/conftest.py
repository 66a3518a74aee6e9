"""What holds for every test: Ctrl-C reaches its processes, no example is timed, reports say which tools are asked."""

from __future__ import annotations

import platform
import signal

import pytest
from hypothesis import settings

# Tests assert what is computed, never how fast: a busy machine fails none.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_configure() -> None:
    """Let programs under test be interrupted: a shell that runs the tests in the background has them ignore Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Write the tools of ``pytest.mark.real`` into the JUnit report, which `.ci/summary.py` counts."""
    python = ".".join(platform.python_version_tuple()[:2])
    for item in items:
        for mark in item.iter_markers("real"):
            item.user_properties.append(("real tool", f"{mark.args[0]}, Python {python}"))
