"""Noise of uniform quantisation with the range of least squared error. Pure functions over arrays.

Symmetric quantisers of b bits have the 2^b - 1 levels -L..L, L = 2^(b-1) - 1, times a step; one bit is worth plus or
minus one level. Quantisers of values that are never negative have the 2^b levels 0..2^b - 1. Values beyond the last
level are clipped to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

#: Candidate steps of each pass over a range, and passes, each between the neighbours of the best of the one before.
_CANDIDATES, _PASSES = 24, 3

#: Standard deviations beyond which a Gaussian is not clipped.
_FARTHEST = 12.0


def levels(bits: int, *, signed: bool) -> int:
    """Levels above zero; a signed quantiser has as many below."""
    return 2 ** (bits - 1) - 1 if signed else 2**bits - 1


def quantized(values: Array, step: float, bits: int, *, signed: bool = True) -> Array:
    """Values at the nearest level of a quantiser.

    Parameters
    ----------
    values : any shape. step : distance of the levels; for one signed bit the level itself.
    """
    if signed and bits == 1:
        return np.where(values < 0, -step, step)
    last = levels(bits, signed=signed)
    return np.clip(np.rint(values / step), -last if signed else 0, last) * step


def noise_to_signal(values: Array, bits: int, *, signed: bool = True) -> float:
    """Least mean squared error of a quantiser over the mean square of the values; 0 where all are zero.

    The step is searched in `_PASSES` passes, the result is that of the best step seen.
    """
    values = np.asarray(values, np.float64).ravel()
    signal = float(np.mean(values**2)) if values.size else 0.0
    if signal == 0.0:
        return 0.0
    if signed and bits == 1:
        return 1.0 - float(np.mean(np.abs(values))) ** 2 / signal
    last = levels(bits, signed=signed)
    largest = float(np.max(np.abs(values)))

    def error(step: float) -> float:
        return float(np.mean((quantized(values, step, bits, signed=signed) - values) ** 2))

    return _least(error, largest / last) / signal


def gaussian_noise_to_signal(bits: int, *, signed: bool = True) -> float:
    """`noise_to_signal` of a Gaussian in the limit of many values; not signed: of the half-normal distribution.

    The error of each cell is the integral of (x - q)^2 over the density, in closed form (Max 1960).
    """
    if signed and bits == 1:
        return 1.0 - 2.0 / math.pi
    last = levels(bits, signed=signed)
    places = np.arange(last + 1, dtype=float)
    # By symmetry over the values above zero alone, where the cell of level 0 begins.
    bounds = np.concatenate(([0.0], places[:-1] + 0.5, [math.inf]))

    def error(step: float) -> float:
        below, above = bounds[:-1] * step, bounds[1:] * step
        at = places * step
        mass = _upper(below) - _upper(above)
        first = _density(below) - _density(above)
        second = mass + below * _density(below) - np.where(np.isinf(above), 0.0, above) * _density(above)
        return float(np.sum(second - 2 * at * first + at**2 * mass)) * 2

    return _least(error, _FARTHEST / last)


def _least(error: Callable[[float], float], most: float) -> float:
    """Least error over steps above 0 and up to `most`."""
    low, high = most / _CANDIDATES, most
    best = math.inf
    for _ in range(_PASSES):
        steps = np.linspace(low, high, _CANDIDATES)
        errors = [error(float(step)) for step in steps]
        at = int(np.argmin(errors))
        best = min(best, errors[at])
        low, high = float(steps[max(at - 1, 0)]), float(steps[min(at + 1, len(steps) - 1)])
    return best


def _density(x: Array) -> Array:
    """Density of the standard normal distribution; 0 at infinity."""
    return np.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)


def _upper(x: Array) -> Array:
    """Mass of the standard normal distribution above x, exact far out."""
    from scipy.special import erfc

    return 0.5 * erfc(x / math.sqrt(2))
