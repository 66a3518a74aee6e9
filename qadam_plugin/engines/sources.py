"""Digest of parts of the package's own source, for the fingerprints of engines."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent

#: What only predicts exact answers.
SURROGATE_SOURCES = ("hardware/space_arrays.py", "ppa/accelerator")

#: What an engine's answer about a given config does not depend on: a change there makes no stored result stale.
NO_PART_OF_ANSWERS = (*SURROGATE_SOURCES, "hardware/space.py", "hardware/expressions.py")


def sources_digest(parts: Sequence[str], seed: str, without: Sequence[str] = NO_PART_OF_ANSWERS) -> str:
    """16 hex digits over the Python files of `parts` and a `seed`.

    Parts and what is left out of them are files and folders named from the package's.
    """
    state = hashlib.sha256(seed.encode())
    left_out = [_PACKAGE / part for part in without]
    for part in parts:
        path = _PACKAGE / part
        for source in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if any(source.is_relative_to(other) for other in left_out):
                continue
            state.update(f"\0{source.relative_to(_PACKAGE).as_posix()}\0".encode())
            state.update(source.read_bytes())
    return state.hexdigest()[:16]
