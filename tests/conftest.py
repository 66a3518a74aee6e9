"""What reports say about every test: which real tools it asks, and under which Python."""

from __future__ import annotations

import platform

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Write the tools of ``pytest.mark.real`` into the JUnit report, which `.ci/summary.py` counts."""
    python = ".".join(platform.python_version_tuple()[:2])
    for item in items:
        for mark in item.iter_markers("real"):
            item.user_properties.append(("real tool", f"{mark.args[0]}, Python {python}"))
