"""A sweep's plan from what a person asks for, all of it checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ..engines.base import OBJECTIVES
from ..engines.registry import DEFAULT_ENGINE, make_engine
from ..errors import InputError
from ..hardware.config import AcceleratorConfig, parse_clock
from ..hardware.space import DesignSpace, default_space, load_space
from ..workloads.bits import BitsLike, as_bits
from ..workloads.network import Network, load_network
from .runner import SweepPlan


def plan_sweep(
    space: DesignSpace | Sequence[AcceleratorConfig] | Path | None,
    networks: Iterable[str | Path | Network],
    *,
    objective: str = "edp",
    engine: str = DEFAULT_ENGINE,
    engine_settings: Path | None = None,
    batch: int = 1,
    clock: str | None = None,
    bits: BitsLike | None = None,
) -> SweepPlan:
    """Plan of a sweep.

    Parameters
    ----------
    space : a design space, its file or some configs; None: the shipped one.
    networks : names, files or our own; repeated ones count once.
    clock : GHz or ``auto`` for every config; None: as the space says.
    bits : bit-widths that every network is given; None: those of its file, if any.

    Raises
    ------
    InputError : whatever cannot be used, under the name of the command line's option.
    """
    if objective not in OBJECTIVES:
        raise InputError("--objective", "", f"unknown objective '{objective}'; known: {', '.join(OBJECTIVES)}")
    ghz = None if clock is None else parse_clock(clock, "--clock")
    maker = make_engine(engine, engine_settings)
    loaded = plan_networks(dict.fromkeys(networks), bits)
    _check_names(loaded)
    check_takes_bits(engine, maker.takes_bits, loaded)
    designs = default_space() if space is None else load_space(space) if isinstance(space, Path) else space
    return SweepPlan(
        space=designs if clock is None else at_clock(designs, ghz),
        space_name="default" if space is None else space.name if isinstance(space, Path) else "given",
        networks=loaded,
        engine=maker,
        objective=objective,
        batch=batch,
        clock="space" if clock is None else "auto" if ghz is None else repr(ghz),
    )


def plan_networks(networks: Iterable[str | Path | Network], bits: BitsLike | None) -> tuple[Network, ...]:
    """Networks by name, from files or as they are, with these bit-widths; None: those that they have.

    Raises
    ------
    InputError : no such network, or bits that do not fit it.
    """
    loaded = tuple(item if isinstance(item, Network) else load_network(item) for item in networks)
    if bits is None:
        return loaded
    given = as_bits(bits, "--bits")
    return tuple(network.with_bits(given) for network in loaded)


def check_takes_bits(engine: str, takes_bits: bool, networks: Iterable[Network]) -> None:
    """Raise InputError if an engine that knows no bit-widths is given a network that has some."""
    for network in networks:
        if network.has_bits and not takes_bits:
            message = f"engine {engine} knows no bit-widths, and {network.name} has some; use engine {DEFAULT_ENGINE}"
            raise InputError("--engine", "", message)


def at_clock(
    space: DesignSpace | Sequence[AcceleratorConfig], clock_ghz: float | None
) -> DesignSpace | Sequence[AcceleratorConfig]:
    """The same designs at one clock; None: each at its own."""
    if not isinstance(space, DesignSpace):
        return [replace(config, clock_ghz=clock_ghz) for config in space]
    return replace(space, axes=tuple((key, (clock_ghz,) if key == "clock" else values) for key, values in space.axes))


def _check_names(networks: tuple[Network, ...]) -> None:
    names = [network.name for network in networks]
    for name in names:
        if names.count(name) > 1:
            raise InputError("--network", "", f"two networks are named '{name}'; give one of them another name")
