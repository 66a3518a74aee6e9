"""What every engine promises: an accelerator config and a layer in, mapping, counts, cycles and energy out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..hardware.config import AcceleratorConfig
from ..workloads.layer import Layer

#: What a search can make as small as possible. Latency breaks ties by energy.
OBJECTIVES = ("edp", "energy", "latency")


@dataclass(frozen=True, slots=True)
class Access:
    """Traffic of one tensor at one level over the whole layer, all instances together.

    Attributes
    ----------
    reads, fills, updates : words.
    instances : instances of the level in use.
    energy_pj : energy of these accesses, leakage left out.
    """

    level: str
    tensor: str
    reads: int
    fills: int
    updates: int
    instances: int
    energy_pj: float


@dataclass(frozen=True, slots=True)
class LayerResult:
    """What one layer costs on one design.

    Attributes
    ----------
    valid : whether a mapping exists; when False, `reason` says what makes it impossible and the rest is zero.
    mapping : (level, kind, ((dimension, bound), ...)) outermost first, as `mapping.nest.LevelLoops`.
    accesses : per level and tensor, outermost level first.
    leakage_pj : per level, over the whole layer.
    timeloop_pj : the sum that Timeloop gives: MACs, all levels, leakage of the instances in use.
    onchip_pj : everything on the chip, `idle_pj` included.
    dram_pj : DRAM.
    idle_pj : what Timeloop leaves out: leakage of the MACs and of instances that are not in use.
    mac_pj : part of `onchip_pj` that the MACs take, their leakage left out.
    utilization : computes / (MAC instances * cycles), 0 to 1.
    psum_spills : partial sums that the mapping reads back from DRAM, in words.
    optimal : whether the mapping is proven the best for the objective.
    lower_bound : proven least value of the objective (pJ, cycles or pJ * cycles).
    """

    valid: bool
    reason: str = ""
    mapping: tuple[tuple[str, str, tuple[tuple[str, int], ...]], ...] = ()
    accesses: tuple[Access, ...] = ()
    leakage_pj: Mapping[str, float] = field(default_factory=dict)
    cycles: int = 0
    timeloop_pj: float = 0.0
    onchip_pj: float = 0.0
    dram_pj: float = 0.0
    idle_pj: float = 0.0
    mac_pj: float = 0.0
    utilization: float = 0.0
    psum_spills: int = 0
    optimal: bool = False
    lower_bound: float = 0.0

    @property
    def energy_pj(self) -> float:
        """Everything: on chip, idle and DRAM."""
        return self.onchip_pj + self.dram_pj


@dataclass(frozen=True, slots=True)
class DesignFacts:
    """What is known of a design before any layer is mapped.

    Attributes
    ----------
    valid : whether the config can be built; when False, `reason` says why and the numbers are zero.
    clock_ghz : the clock that the design runs at.
    area_um2 : array and global buffer, without DRAM.
    out_of_range : predictions outside the range that the models were fitted on, one line each.
    estimators : (component, who answered for its energy and area), outermost first; empty where the engine asks nobody
        but the models.
    """

    valid: bool
    reason: str = ""
    clock_ghz: float = 0.0
    area_um2: float = 0.0
    out_of_range: tuple[str, ...] = ()
    estimators: tuple[tuple[str, str], ...] = ()


class Design(ABC):
    """One config made ready for an engine: what does not depend on the layer is done once, here."""

    @property
    @abstractmethod
    def facts(self) -> DesignFacts:
        """Clock, area and what is out of range."""

    @abstractmethod
    def run(self, layer: Layer, objective: str) -> LayerResult:
        """Map and price one layer (its batch is its N).

        A layer that cannot be mapped is a result with ``valid=False``, never an exception. Never called when
        `facts.valid` is False.
        """


class UnbuildableDesign(Design):
    """A config that cannot be built: its facts say why."""

    def __init__(self, facts: DesignFacts) -> None:
        self._facts = facts

    @property
    def facts(self) -> DesignFacts:
        return self._facts

    def run(self, layer: Layer, objective: str) -> LayerResult:
        raise AssertionError(f"a design that cannot be built ({self._facts.reason}) was run")


class Engine(ABC):
    """A way to answer what a layer costs on a config.

    Promises
    --------
    - Deterministic: equal config, layer, objective and `fingerprint` give equal results, on any machine with the same
      floating point, in any order, in any process.
    - `fingerprint` covers everything besides those that changes an answer: code, tables, settings. The result store
      takes it into its keys, so a changed engine never meets its own stale results.
    - Picklable and cheap to pickle: what is heavy is loaded on first use, in the process that uses it.
    - No output, no files, no state that one answer leaves to the next, caches excepted.
    """

    #: The name that ``--engine`` knows it by.
    name: str

    #: Whether answers depend on the bit-widths of a layer. Others are never given a network that has any.
    takes_bits = False

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Hex digest of everything that changes an answer."""

    @abstractmethod
    def design(self, config: AcceleratorConfig) -> Design:
        """Make a config ready. A config that cannot be built is a design whose facts say so, never an exception."""
