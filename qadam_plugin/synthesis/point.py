"""One row of a characterisation table, and the MACs that rows are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..hardware.pe_types import MAX_SHIFT, PEType
from .designs import Design
from .formats import BF16_PE

#: Value of the column ``family`` for BF16, which has a word of FP16's width.
BF16 = "bf16"


@dataclass(frozen=True)
class Point:
    """One row of a table.

    Attributes
    ----------
    family : table.
    name : what it is, unique in its table.
    parameters : value per parameter column of the table.
    weight : about how long it takes, relative to others: long ones are begun first.
    design : the hardware; None for a global buffer.
    simulated : whether its energy is simulated (always but for most of the PEs).
    """

    family: str
    name: str
    parameters: Mapping[str, str | int]
    weight: float
    design: Design | None = None
    simulated: bool = True


def mac_columns(pe: PEType) -> dict[str, str | int]:
    """What a MAC is, by the columns of its table."""
    return {
        "family": BF16 if pe == BF16_PE else pe.family,
        "act_bits": pe.act_bits,
        "weight_bits": pe.weight_bits,
        "acc_bits": pe.acc_bits,
        "shift_terms": pe.shift_terms,
    }


def integer(act: int, weight: int, guard: int) -> PEType:
    """Integer MAC with so many bits of the accumulator above the product."""
    return PEType("", "int", act, weight, act + weight + guard)


def shift_add(act: int, terms: int, guard: int) -> PEType:
    """Shift-add MAC with so many bits of the accumulator above the product."""
    return PEType("", "shift-add", act, 4 * terms, act + MAX_SHIFT + terms - 1 + guard, terms)
