"""What a mapping costs: Timeloop's counts per level and tensor, cycles, energy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class TensorCounts:
    """Counts of one tensor at one level, in words and **per instance**, as Timeloop reports them.

    Attributes
    ----------
    energy_pj : sum over all instances in use, without leakage.
    operands_per_word : elements in a word, an integer or (`words`: ideal packing) a fraction.
    wasted_bits_per_word, wasted_bits_per_storage : bits of a full word, and of all words that the tile takes, that hold
        nothing. Empty places of the last word are not counted.
    """

    utilized_capacity: int
    utilized_instances: int
    partition_size: int
    reads: int
    fills: int
    updates: int
    temporal_reductions: int
    address_generations: int
    energy_pj: float
    operands_per_word: Fraction = Fraction(1)
    wasted_bits_per_word: int = 0

    @property
    def wasted_bits_per_storage(self) -> int:
        """Bits that hold nothing in the words of the tile."""
        return self.wasted_bits_per_word * self.utilized_capacity


@dataclass(frozen=True, slots=True)
class LevelResult:
    """One storage level.

    Attributes
    ----------
    cycles : cycles this level needs, throttled by its bandwidth.
    throttling : <= 1; 1 is not bandwidth bound.
    tensors : counts of the tensors it keeps, by name.
    leakage_energy_pj : all utilised instances, over the whole run.
    """

    cycles: int
    throttling: float
    tensors: Mapping[str, TensorCounts]
    leakage_energy_pj: float


@dataclass(frozen=True, slots=True)
class NetworkCounts:
    """Traffic of one tensor between two adjacent levels, per instance of the upper one.

    ``ingresses`` holds (multicast, scatter, accesses).
    """

    fanout: int
    ingresses: tuple[tuple[int, int, float], ...]
    link_transfers: float
    spatial_reductions: float


@dataclass(frozen=True, slots=True)
class Violation:
    """Why a mapping is invalid: Timeloop's verdict.

    Attributes
    ----------
    cls : ``factor_product_mismatch``, ``no_spatial_fanout``, ``mac_instances_exceeded``,
        ``mac_x_expansion_exceeded``, ``mac_y_expansion_exceeded`` or ``capacity_exceeded``; and, not Timeloop's words,
        ``fanout_x_exceeded`` or ``fanout_y_exceeded`` for one container of several, and ``word_too_narrow``.
    level : where; empty for a factor mismatch.
    required, available : words, instances, products or bits, by class. For a factor mismatch: the layer's bound, and
        what the factors multiply to.
    dimension : the dimension of a factor mismatch, else empty.
    tensor : the tensor that words are too narrow for, else empty.
    """

    cls: str
    level: str
    required: int
    available: int
    dimension: str = ""
    tensor: str = ""

    @property
    def text(self) -> str:
        """The verdict as a sentence."""
        if self.cls == "factor_product_mismatch":
            return f"loops over {self.dimension} multiply to {self.available}, the layer has {self.required}"
        if self.cls == "capacity_exceeded":
            return f"{self.level} would hold {self.required} words, it has room for {self.available}"
        if self.cls == "word_too_narrow":
            return f"{self.level} has words of {self.available} bits, too narrow for {self.tensor} of {self.required}"
        axis = {"x": " along X", "y": " along Y"}.get(self.cls.split("_")[1], "")
        return f"{self.level} would need {self.required} instances{axis}, it has {self.available}"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Result of pricing one mapping.

    Attributes
    ----------
    violation : None when the mapping is valid; every other field is then filled.
    energy_pj : Timeloop-comparable sum: MACs, all levels, leakage of utilised storage instances.
    utilization : computes / (MAC instances * cycles).
    networks : by "upper <==> lower", then tensor.
    """

    violation: Violation | None = None
    cycles: int = 0
    compute_cycles: int = 0
    utilized_macs: int = 0
    computes: int = 0
    energy_pj: float = 0.0
    mac_energy_pj: float = 0.0
    utilization: float = 0.0
    levels: Mapping[str, LevelResult] = field(default_factory=dict)
    networks: Mapping[str, Mapping[str, NetworkCounts]] = field(default_factory=dict)

    @property
    def valid(self) -> bool:
        """Whether the mapping fits the architecture and the layer."""
        return self.violation is None

    @property
    def edp(self) -> float:
        """Energy-delay product, pJ times cycles."""
        return self.energy_pj * self.cycles
