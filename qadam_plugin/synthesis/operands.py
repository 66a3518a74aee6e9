"""Operands of a neural network's layers as random numbers: activations, weights and partial sums as raw bits.

Distributions, with full scale 1 for integers: ``gaussian``, activations and weights normal with full scale at
`FULL_SCALE_SIGMAS` standard deviations; ``uniform`` over the whole range; ``relu``, as gaussian with negative
activations zero. Floating-point operands are the same real numbers. Partial sums are sums of products of the same kind.
"""

from __future__ import annotations

import numpy as np

from ..hardware.pe_types import MAX_SHIFT, PEType
from .formats import operand_format
from .golden import Bits, float_bits, products, sums, to_bits

DISTRIBUTIONS = ("gaussian", "uniform", "relu")

#: Standard deviations between zero and full scale: about where the largest of ten thousand normal weights lies.
FULL_SCALE_SIGMAS = 4.0

#: A stimulus' partial sums are those of reductions of up to so many terms.
REDUCTION_TERMS = 16


def activations(pe: PEType, distribution: str, count: int, rng: np.random.Generator) -> Bits:
    """Activations of a distribution."""
    values = _values(distribution, count, rng)
    if distribution == "relu":
        values = np.maximum(values, 0.0)
    if pe.family == "fp":
        return float_bits(values, operand_format(pe))
    return _integers(values, pe.act_bits)


def weights(pe: PEType, distribution: str, count: int, rng: np.random.Generator) -> Bits:
    """Weights of a distribution; shift-add ones are the nearest codes, uniform ones any code."""
    if pe.family == "shift-add" and distribution == "uniform":
        return rng.integers(0, 1 << pe.weight_bits, count, dtype=np.uint64)
    values = _values(distribution, count, rng)
    if pe.family == "fp":
        return float_bits(values, operand_format(pe))
    if pe.family == "int":
        return _integers(values, pe.weight_bits)
    return shift_codes(values, pe.shift_terms)


def partial_sums(pe: PEType, distribution: str, count: int, rng: np.random.Generator) -> Bits:
    """Sums of 0 to `REDUCTION_TERMS` products of a distribution's activations and weights."""
    total = np.zeros(count, dtype=np.uint64)
    lengths = rng.integers(0, REDUCTION_TERMS + 1, count)
    for term in range(REDUCTION_TERMS):
        factor = products(pe, activations(pe, distribution, count, rng), weights(pe, distribution, count, rng))
        total = np.where(term < lengths, sums(pe, total, factor), total)
    return total


def shift_codes(values: np.ndarray, terms: int) -> Bits:
    """Weights as sums of one or two signed powers of two, 2^0 to 2^-7, each fitted to what the earlier ones leave.

    LightNN (arXiv 1802.02178): the power with the nearest exponent; a rest below 2^-7.5 becomes zero. The code of -2^-7
    means zero, so a negative rest there becomes -2^-6 or zero, whichever is nearer.
    """
    packed = np.zeros(values.shape, dtype=np.uint64)
    rest = np.asarray(values, dtype=np.float64)
    for term in range(terms):
        size = np.abs(rest)
        exponent = np.clip(np.rint(-np.log2(np.where(size == 0, 1.0, size))), 0, MAX_SHIFT)
        missing = (rest < 0) & (exponent == MAX_SHIFT)
        exponent = np.where(missing, MAX_SHIFT - 1, exponent)
        zero = size < np.where(missing, 2.0**-MAX_SHIFT, 2.0 ** -(MAX_SHIFT + 0.5))
        code = np.where(zero, 0b1111, exponent + 8 * (rest < 0)).astype(np.uint64)
        packed |= code << np.uint64(4 * term)
        rest = np.where(zero, rest, rest - np.sign(rest) * 2.0**-exponent)
    return packed


def _values(distribution: str, count: int, rng: np.random.Generator) -> np.ndarray:
    """Real numbers, full scale 1."""
    if distribution not in DISTRIBUTIONS:
        raise ValueError(f"one of {', '.join(DISTRIBUTIONS)} is wanted, not '{distribution}'")
    if distribution == "uniform":
        return rng.uniform(-1.0, 1.0, count)
    return rng.normal(0.0, 1.0 / FULL_SCALE_SIGMAS, count)


def _integers(values: np.ndarray, bits: int) -> Bits:
    """Real numbers of full scale 1 as two's complement integers, rounded and saturated."""
    scale = 1 << (bits - 1)
    return to_bits(np.clip(np.rint(values * scale), -scale, scale - 1).astype(np.int64), bits)
