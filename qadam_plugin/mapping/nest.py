"""A mapping: the loop nest over an architecture's levels, as Timeloop writes it."""

from __future__ import annotations

from dataclasses import dataclass

TEMPORAL, SPATIAL_X, SPATIAL_Y = "temporal", "spatial-x", "spatial-y"


@dataclass(frozen=True, slots=True)
class LevelLoops:
    """Loops of one level.

    Attributes
    ----------
    level : name of a storage or of a spatial container.
    kind : ``temporal``, ``spatial-x`` or ``spatial-y``. A container with both axes has two entries, Y first.
    loops : (dimension, bound), outermost first; bounds of 1 are left out.
    """

    level: str
    kind: str
    loops: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Mapping:
    """Entries outermost first, one for each storage and each used axis of each container, empty ones included."""

    entries: tuple[LevelLoops, ...]
