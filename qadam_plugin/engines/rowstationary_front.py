"""The mappings of one layer of which one is the best, whatever an operation of the MAC costs."""

from __future__ import annotations

from ..hardware.archspec import ArchSpec
from ..mapping.nest import Mapping
from ..ppa.energy_table import EnergyTable
from ..workloads.layer import Layer
from .fronts import Front, FrontPoint, Loops


def loops_of(mapping: Mapping) -> Loops:
    """A mapping as results keep it."""
    return tuple((entry.level, entry.kind, entry.loops) for entry in mapping.entries)


def mixed_front(spec: ArchSpec, layer: Layer, energy: EnergyTable, packing: str) -> Front:
    """The mapper's front in the words of `fronts`."""
    # Compiled, and loaded where it runs.
    from ..mapping.search_front import search_front

    found = search_front(spec, layer, energy, packing=packing)
    points = tuple(
        FrontPoint(point.energy_pj, point.cycles, layer.macs, loops_of(point.mapping)) for point in found.points
    )
    return Front(points, found.reason, found.complete)
