"""Digest of parts of the package's own source, for the fingerprints of engines."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def sources_digest(parts: Sequence[str], seed: str) -> str:
    """16 hex digits over the Python files of `parts`, files and folders named from the package's, and a `seed`."""
    state = hashlib.sha256(seed.encode())
    for part in parts:
        path = _PACKAGE / part
        for source in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            state.update(f"\0{source.relative_to(_PACKAGE).as_posix()}\0".encode())
            state.update(source.read_bytes())
    return state.hexdigest()[:16]
