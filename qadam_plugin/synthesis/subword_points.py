"""Points of the table ``mac_subword``: MACs of operands that share words, in each of their modes."""

from __future__ import annotations

from collections.abc import Iterator

from ..hardware.pe_types import SUBWORD_TYPES
from ..hardware.subword import subword_modes
from .point import Point
from .subword import subword_design


def subword_points() -> Iterator[Point]:
    """Every PE type of the family in every mode, whole words first."""
    for pe in SUBWORD_TYPES.values():
        design = subword_design(pe)
        for bits in subword_modes(pe.act_bits):
            columns = {
                "mode": f"w{pe.act_bits}_b{bits}",
                "word_bits": pe.act_bits,
                "acc_bits": pe.acc_bits,
                "operand_bits": bits,
                "lanes": pe.act_bits // bits,
                "pipeline": 1,
            }
            yield Point("mac_subword", f"{design.name}_b{bits}", columns, 30, design)
