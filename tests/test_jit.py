"""Where machine code is kept: any install, several workers at once, no stale code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import FunctionType

import pytest

from qadam_plugin import jit as jit_module

WORKER = """
import sys
sys.path.insert(0, sys.argv[1])
import outer
print(outer.twice_plus(20))
"""
INNER = """
from qadam_plugin.jit import {decorator}

ADDED = {added}

@{decorator}
def plus(x: int) -> int:
    return x + ADDED
"""
OUTER = """
from inner import plus
from qadam_plugin.jit import jit

@jit
def twice_plus(x: int) -> int:
    return 2 * plus(x)
"""


def worker(sources: Path, cache: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, "-c", WORKER, str(sources)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answers(workers: list[subprocess.Popen[str]]) -> list[str]:
    finished = [process.communicate() for process in workers]
    assert [error for _, error in finished if error] == []
    return [out.strip() for out, _ in finished]


@pytest.mark.parametrize("decorator", ["jit_lean", "step"])
def test_workers_that_start_together_share_one_cache_and_never_use_stale_code(tmp_path: Path, decorator: str) -> None:
    sources, cache = tmp_path / "sources", tmp_path / "cache"
    sources.mkdir()
    (sources / "outer.py").write_text(OUTER)
    (sources / "inner.py").write_text(INNER.format(decorator=decorator, added=1))
    assert answers([worker(sources, cache) for _ in range(3)]) == ["42"] * 3
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*.nbc")}
    assert before
    assert answers([worker(sources, cache)]) == ["42"]
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.nbc")} == before
    # Only the called kernel's file changes: Numba alone would go on with the caller's old code.
    (sources / "inner.py").write_text(INNER.format(decorator=decorator, added=2))
    assert answers([worker(sources, cache)]) == ["44"]


def test_the_first_folder_that_can_be_written_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(blocked))  # a file: no folder can be made below it
    monkeypatch.setattr(jit_module, "__file__", str(blocked / "jit.py"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    jit_module._cache_root.cache_clear()
    try:
        assert jit_module._cache_root() == tmp_path / "cache" / "qadam-tl"
        jit_module._cache_root.cache_clear()
        monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
        monkeypatch.setattr(jit_module.tempfile, "gettempdir", lambda: str(tmp_path / "shared"))
        assert jit_module._cache_root() is None
        (tmp_path / "shared").mkdir()
        jit_module._cache_root.cache_clear()
        private = jit_module._cache_root()
        assert private == tmp_path / "shared" / f"qadam-tl-{os.getuid()}"
        assert private.stat().st_mode & 0o077 == 0
    finally:
        jit_module._cache_root.cache_clear()


def test_without_any_folder_kernels_are_compiled_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit_module, "_cache_root", lambda: None)
    assert jit_module.jit(_add)(2) == 3


def test_a_step_is_compiled_into_kernels_and_stays_a_function_of_python() -> None:
    compiled = jit_module.jit(_twice)
    assert compiled(20) == _twice(20) == 42
    assert isinstance(_plus_one, FunctionType)


def _add(x: int) -> int:
    return x + 1


@jit_module.step
def _plus_one(x: int) -> int:
    return x + 1


def _twice(x: int) -> int:
    return 2 * _plus_one(x)
