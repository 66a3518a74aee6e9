"""Golden models of the MAC's arithmetic: whole arrays of operations at once, bit for bit what the RTL computes.

Numbers travel as raw bits in ``uint64`` arrays. Integers are two's complement and wrap. A shift-add weight is one
or two codes of four bits, sign and exponent e, each worth +-2^-e and zero for the code of -2^-7; products are scaled by
2^7, so they are whole and exact.

Floating point: every operation is done in binary64 and rounded once more, to nearest even, to the format. A second
rounding cannot change the result where 53 >= 2 p + 2 for p significant bits (Figueroa 1995, for + and *): p is
24 at most here. Subnormal operands count as zero; a result that is below the smallest normal number after rounding
becomes a zero of its sign, as on x86 with DAZ and FTZ. The only NaN is the quiet one without sign.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..hardware.pe_types import MAX_SHIFT, PEType
from .formats import FloatFormat, operand_format, sum_format

Bits = NDArray[np.uint64]

_ZERO_CODE = 0b1111


def mask(bits: int) -> np.uint64:
    """The lowest `bits` bits set."""
    return np.uint64((1 << bits) - 1)


def to_signed(bits: Bits, width: int) -> NDArray[np.int64]:
    """Two's complement numbers of `width` bits (1 to 64) as integers."""
    unused = np.uint64(64 - width)
    return (bits << unused).astype(np.int64) >> np.int64(64 - width)


def to_bits(values: NDArray[np.int64], width: int) -> Bits:
    """Integers as two's complement of `width` bits, wrapped."""
    return values.astype(np.uint64) & mask(width)


def shift_add_products(act: Bits, weight: Bits, act_bits: int, terms: int) -> NDArray[np.int64]:
    """Products of activations and codes of one or two powers of two, scaled by 2^7.

    Parameters
    ----------
    act, weight : raw bits, of equal shape.
    act_bits, terms : width of an activation; terms of a weight, the first in its lowest four bits.
    """
    value = to_signed(act, act_bits)
    total = np.zeros_like(value)
    for term in range(terms):
        code = (weight >> np.uint64(4 * term)) & mask(4)
        shifted = value << (MAX_SHIFT - (code & mask(3)).astype(np.int64))
        signed = np.where(code >> np.uint64(3), -shifted, shifted)
        total += np.where(code == _ZERO_CODE, 0, signed)
    return total


def float_values(bits: Bits, form: FloatFormat) -> NDArray[np.float64]:
    """Values of floating-point numbers; subnormal ones are zero."""
    fraction_bits = np.uint64(form.fraction_bits)
    fraction = bits & mask(form.fraction_bits)
    exponent = (bits >> fraction_bits) & mask(form.exponent_bits)
    top = mask(form.exponent_bits)
    significand = (fraction | (np.uint64(1) << fraction_bits)).astype(np.float64)
    size = np.ldexp(significand, exponent.astype(np.int64) - (form.bias + form.fraction_bits))
    size = np.where(exponent == 0, 0.0, size)
    size = np.where(exponent == top, np.where(fraction == 0, np.inf, np.nan), size)
    return np.where(bits >> np.uint64(form.bits - 1), -size, size)


def float_bits(values: NDArray[np.float64], form: FloatFormat) -> Bits:
    """Nearest floating-point numbers, ties to even; see the module's rule for small ones and NaN."""
    finite = np.isfinite(values)
    # |value| = significand * 2^exponent with significand in [0.5, 1); whole after scaling, rint rounds ties to even.
    significand, exponent = np.frexp(np.where(finite, np.abs(values), 0.0))
    whole = np.rint(np.ldexp(significand, form.fraction_bits + 1)).astype(np.uint64)
    over = whole >> np.uint64(form.fraction_bits + 1) != 0
    field = exponent.astype(np.int64) - 1 + form.bias + over
    fraction = np.where(over, np.uint64(0), whole & mask(form.fraction_bits))
    top = int(mask(form.exponent_bits))
    fraction_bits = np.uint64(form.fraction_bits)
    packed = (np.clip(field, 0, top).astype(np.uint64) << fraction_bits) | fraction
    infinity = np.uint64(top) << fraction_bits
    packed = np.where((field <= 0) | (values == 0), np.uint64(0), packed)
    packed = np.where((finite & (field >= top) & (values != 0)) | np.isinf(values), infinity, packed)
    signed = packed | (np.signbit(values).astype(np.uint64) << np.uint64(form.bits - 1))
    quiet = infinity | (np.uint64(1) << np.uint64(form.fraction_bits - 1))
    return np.where(np.isnan(values), quiet, signed)


def products(pe: PEType, act: Bits, weight: Bits, zero_gating: bool = False) -> Bits:
    """Products as they reach the adder, raw bits of the partial sum's width.

    Zero gating changes floating point only: a product with a zero (or subnormal) operand is +0, also with infinity
    and NaN.
    """
    if pe.family == "shift-add":
        return to_bits(shift_add_products(act, weight, pe.act_bits, pe.shift_terms), pe.acc_bits)
    if pe.family == "int":
        return to_bits(to_signed(act, pe.act_bits) * to_signed(weight, pe.weight_bits), pe.acc_bits)
    form = operand_format(pe)
    left, right = float_values(act, form), float_values(weight, form)
    with np.errstate(invalid="ignore"):
        exact = left * right
    if zero_gating:
        exact = np.where((left == 0) | (right == 0), 0.0, exact)
    return float_bits(exact, sum_format(pe))


def sums(pe: PEType, psum: Bits, term: Bits) -> Bits:
    """Partial sums after adding a term, raw bits of the partial sum's width."""
    if pe.family != "fp":
        return (psum + term) & mask(pe.acc_bits)
    form = sum_format(pe)
    with np.errstate(invalid="ignore"):
        total = float_values(psum, form) + float_values(term, form)
    return float_bits(total, form)
