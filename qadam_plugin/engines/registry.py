"""The engines that `qadam-tl` knows, in one place."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import InputError
from .base import Engine

DEFAULT_ENGINE = "rowstationary"


def _rowstationary() -> Engine:
    from .rowstationary import RowStationaryEngine

    return RowStationaryEngine()


#: Name -> factory. A factory imports its engine, so that listing the names costs nothing.
ENGINES: dict[str, Callable[[], Engine]] = {"rowstationary": _rowstationary}


def make_engine(name: str) -> Engine:
    """The engine of that name.

    Raises
    ------
    InputError : no such engine.
    """
    factory = ENGINES.get(name)
    if factory is None:
        raise InputError("--engine", "", f"unknown engine '{name}'; known: {', '.join(sorted(ENGINES))}")
    return factory()
