"""A Timeloop v0.4 architecture, checked and flattened: what the mapper, the models and the writers work on.

Levels stand outermost first. The parts of a `!Parallel` node are serial levels in the order written, as
Timeloop's front end makes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, product
from math import prod


@dataclass(frozen=True, slots=True)
class LoopConstraint:
    """What a spec demands of the loops of one level.

    Attributes
    ----------
    factors : exact bound per dimension; dimensions left out are free.
    max_factors : largest bound per dimension (``C<=4``).
    permutation : dimensions whose order is fixed, innermost first; the others are free and lie outside them.
    """

    factors: Mapping[str, int] = field(default_factory=dict)
    max_factors: Mapping[str, int] = field(default_factory=dict)
    permutation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage level: DRAM, a buffer, a scratchpad.

    Attributes
    ----------
    cls : component class, the name the PPA models and Accelergy know it by.
    attributes : every attribute as written, for the PPA models and for writing the spec again.
    width, datawidth : bits per access and bits per word.
    depth : entries of `width` bits; None is unbounded.
    read_bandwidth, write_bandwidth : words per cycle and instance; None is unlimited.
    keep : tensors that it holds; the others bypass it.
    optional : those of `keep` that the spec neither keeps nor bypasses by name: Timeloop's mapper tries both, and so
        does `ArchSpec.bypass_choices`.
    instances : physical instances, the product of the fan-outs outside it.
    cluster_size : neighbouring instances that share one access of `width` bits: energies are per access of a whole
        cluster.
    partial_sums : Outputs are held here as accumulators, one per word, however few bits the finished ones have.
    """

    name: str
    cls: str
    width: int
    datawidth: int
    depth: int | None
    keep: tuple[str, ...]
    read_bandwidth: float | None = None
    write_bandwidth: float | None = None
    temporal: LoopConstraint = LoopConstraint()
    optional: tuple[str, ...] = ()
    instances: int = 1
    cluster_size: int = 1
    partial_sums: bool = False
    attributes: Mapping[str, object] = field(default_factory=dict)

    @property
    def block_size(self) -> int:
        """Words per access and instance."""
        return self.width // (self.datawidth * self.cluster_size)

    @property
    def size_words(self) -> int | None:
        """Capacity in words; None is unbounded."""
        return None if self.depth is None else self.depth * self.block_size


@dataclass(frozen=True, slots=True)
class Fanout:
    """A spatial container: everything inside it exists ``mesh_x * mesh_y`` times.

    A dimension that neither axis fixes to 1 may stand on either, but not on both: Timeloop has one factor per
    dimension and container.

    Attributes
    ----------
    mesh_x, mesh_y : children along X and Y; 1 allows no loop on that axis.
    constraint_x, constraint_y : constraints on the loops of each axis. A dimension that a spec's ``split``
        sends to the other axis has factor 1 here.
    """

    name: str
    mesh_x: int = 1
    mesh_y: int = 1
    constraint_x: LoopConstraint = LoopConstraint()
    constraint_y: LoopConstraint = LoopConstraint()
    attributes: Mapping[str, object] = field(default_factory=dict)

    @property
    def timeloop_name(self) -> str:
        """Name of the level that Timeloop's front end makes of it, as mappings and stats call it."""
        made = self.name.startswith("inter_") and self.name.endswith("_spatial")
        return self.name if made else f"inter_{self.name}_spatial"


@dataclass(frozen=True, slots=True)
class Compute:
    """The multiply-accumulate units, innermost."""

    name: str
    cls: str
    instances: int = 1
    attributes: Mapping[str, object] = field(default_factory=dict)


Level = Storage | Fanout | Compute

#: Where the area and the energy of a storage count: DRAM, buffers outside the array, the array. A storage in another
#: place than `usual_place` gives says so by its attribute ``place``.
PLACES = ("dram", "buffer", "array")


def usual_place(cls: str, inside: bool) -> str:
    """Place of a storage that says none; `inside` says whether it stands inside a spatial container."""
    return "dram" if cls == "qadam_DRAM" else "array" if inside else "buffer"


@dataclass(frozen=True, slots=True)
class ArchSpec:
    """A whole architecture: levels outermost first, the last one a `Compute`.

    Attributes
    ----------
    name : name of the top-level container.
    technology : as written in the spec, such as "45nm"; None if it names none.
    cycle_seconds : ``global_cycle_seconds`` of the spec, the clock period in seconds.
    source : the file it was read from, or a word for where it comes from; for messages.
    """

    name: str
    levels: tuple[Level, ...]
    technology: str | None = None
    cycle_seconds: float = 1e-9
    source: str = "<generated>"

    @property
    def storages(self) -> tuple[Storage, ...]:
        """Storage levels, outermost first."""
        return tuple(level for level in self.levels if isinstance(level, Storage))

    @property
    def fanouts(self) -> tuple[Fanout, ...]:
        """Spatial containers, outermost first."""
        return tuple(level for level in self.levels if isinstance(level, Fanout))

    @property
    def compute(self) -> Compute:
        """The innermost level."""
        last = self.levels[-1]
        assert isinstance(last, Compute)
        return last

    def bypass_choices(self) -> Iterator[ArchSpec]:
        """This spec once for every way to keep or bypass the optional tensors; all kept comes first."""
        choices = []
        for level in self.levels:
            optional = level.optional if isinstance(level, Storage) else ()
            subsets = product(*(((name,), ()) for name in optional))
            choices.append([frozenset(chain.from_iterable(kept)) for kept in subsets])
        for choice in product(*choices):
            levels = tuple(
                replace(level, keep=tuple(t for t in level.keep if t not in level.optional or t in kept), optional=())
                if isinstance(level, Storage) and level.optional
                else level
                for level, kept in zip(self.levels, choice, strict=True)
            )
            yield replace(self, levels=levels)

    @property
    def cols(self) -> int:
        """MACs along X: product of all X fan-outs."""
        return prod(f.mesh_x for f in self.fanouts)

    @property
    def rows(self) -> int:
        """MACs along Y: product of all Y fan-outs."""
        return prod(f.mesh_y for f in self.fanouts)
