"""Floating-point formats of the MACs."""

from __future__ import annotations

from dataclasses import dataclass

from ..hardware.pe_types import PEType


@dataclass(frozen=True, slots=True)
class FloatFormat:
    """A binary interchange format: sign, exponent and fraction, the leading one left out.

    Attributes
    ----------
    name : as in results.
    exponent_bits, fraction_bits : widths of the two fields.
    """

    name: str
    exponent_bits: int
    fraction_bits: int

    @property
    def bits(self) -> int:
        """Width of a number."""
        return 1 + self.exponent_bits + self.fraction_bits

    @property
    def bias(self) -> int:
        """What is taken off the exponent field."""
        return (1 << (self.exponent_bits - 1)) - 1


FP16 = FloatFormat("fp16", 5, 10)
BF16 = FloatFormat("bf16", 8, 7)
FP32 = FloatFormat("fp32", 8, 23)

#: BF16 operands and sums. A config cannot name it: `PEType` knows floating point by its width alone.
BF16_PE = PEType("bf16", "fp", 16, 16, 16)


def operand_format(pe: PEType) -> FloatFormat:
    """Format of activations and weights of a floating-point PE type; 16 bits are binary16 unless its name is bf16."""
    return _format(pe.act_bits, pe.name)


def sum_format(pe: PEType) -> FloatFormat:
    """Format of partial sums of a floating-point PE type."""
    return _format(pe.acc_bits, pe.name)


def _format(bits: int, name: str) -> FloatFormat:
    if bits == 32:
        return FP32
    return BF16 if name == BF16_PE.name else FP16
