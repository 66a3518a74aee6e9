"""The engines that `qadam-tl` knows, in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..errors import InputError
from .base import Engine

DEFAULT_ENGINE = "rowstationary"


def _rowstationary(settings: Path | None) -> Engine:
    from .rowstationary import rowstationary_engine

    return rowstationary_engine(settings)


def _timeloop(settings: Path | None) -> Engine:
    from .timeloop import timeloop_engine

    return timeloop_engine(settings)


#: Predicts whole networks from accelerator models (`engines.surrogate`): no `Engine`, and not made here.
SURROGATE = "surrogate"

#: Name -> factory, which is given the file of ``--engine-settings``. A factory imports its engine, so that listing the
#: names costs nothing.
ENGINES: dict[str, Callable[[Path | None], Engine]] = {"rowstationary": _rowstationary, "timeloop": _timeloop}


def make_engine(name: str, settings: Path | None = None) -> Engine:
    """The engine of that name, with the settings of a file; None are its defaults.

    Raises
    ------
    InputError : no such engine, or settings that it does not take.
    RunError : what the engine needs is not there.
    """
    factory = ENGINES.get(name)
    if factory is None:
        known = ", ".join(sorted([*ENGINES, SURROGATE]))
        raise InputError("--engine", "", f"unknown engine '{name}'; known: {known}")
    return factory(settings)
