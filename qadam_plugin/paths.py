"""Where the data that ships with the package lies: inside it in a wheel, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_dir(name: str) -> Path:
    """Folder of shipped data: ``arch_specs``, ``estimator_tables`` or ``problems``.

    Raises
    ------
    FileNotFoundError : neither the wheel's nor the checkout's place holds it (a broken installation).
    """
    for candidate in (_PACKAGE / "data" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"shipped data '{name}' is missing from {_PACKAGE}: reinstall qadam-tl")
