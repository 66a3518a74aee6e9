"""Polynomials over design parameters and analytic variables, for arrays of configs.

Terms are written as in `ppa.features`: ``log2(rows)*log2(glb_kib)``. Parameters and the analytic variables of
`bounds.VARIABLES` enter by their logarithm (designs differ by factors), the shares of split levels as they are (0 is
a share).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ...hardware.space_arrays import ConfigBlock, numeric_keys
from ..features import Factor, parse_term, polynomial
from .bounds import VARIABLES, NetworkBounds

Array = npt.NDArray[np.float64]

#: Highest degree of a polynomial.
DEGREE = 3

#: A column is a sum of others when less than this part of its length is its own on the training configs. With less,
#: coefficients of columns that are nearly alike grow large with opposite signs, and between the points of a grid, where
#: the columns part, predictions are off by any factor.
_OWN = 0.01

#: A variable whose logarithms to base 2 are no further apart over the training configs has no terms: what it would be
#: given as coefficient is noise, and elsewhere the variable may be large.
_SAME = 0.01


class TermValues:
    """Values of terms for the configs of one block; factors and products are worked out once.

    Parameters
    ----------
    bounds : of the network that ``utilization`` and ``memory`` stand for.
    shared : values kept from another network's terms on the same block, without analytic variables.
    """

    def __init__(self, block: ConfigBlock, bounds: NetworkBounds, shared: dict[tuple[Factor, ...], Array]) -> None:
        self._block, self._bounds = block, bounds
        self._shared = shared
        self._own: dict[tuple[Factor, ...], Array] = {}

    def matrix(self, texts: Sequence[str]) -> Array:
        """Value of each term, [configs, terms]."""
        found = np.empty((len(texts), len(self._block)))
        for row, text in zip(found, texts, strict=True):
            factors = _plain_factors(text)
            kept = self._kept(factors)
            if factors in kept or not factors:
                row[:] = kept.get(factors, 1.0)
            elif len(factors) == 1:
                row[:] = self._single(factors[0])
            else:
                np.multiply(self._product(factors[:-1]), self._product(factors[-1:]), out=row)
            kept[factors] = row
        return found.T

    def _product(self, factors: tuple[Factor, ...]) -> Array:
        kept = self._kept(factors)
        if factors not in kept:
            last = self._single(factors[-1])
            kept[factors] = last if len(factors) == 1 else self._product(factors[:-1]) * last
        return kept[factors]

    def _kept(self, factors: tuple[Factor, ...]) -> dict[tuple[Factor, ...], Array]:
        return self._own if any(factor.name in VARIABLES for factor in factors) else self._shared

    def _single(self, factor: Factor) -> Array:
        variable = VARIABLES.get(factor.name)
        if variable is not None:
            return np.log2(variable(self._bounds)) if factor.log else variable(self._bounds)
        levels = self._block.levels[factor.name]
        return (np.log2(levels) if factor.log else levels)[self._block.codes[factor.name]]


@lru_cache(maxsize=4096)
def _plain_factors(text: str) -> tuple[Factor, ...]:
    """Factors of a term with powers written out, so that ``a^2*b`` builds on ``a``, then ``a*a``."""
    factors = parse_term(text).factors
    return tuple(Factor(factor.name, factor.log, 1) for factor in factors for _ in range(factor.power))


def candidate_forms(
    block: ConfigBlock, bounds: NetworkBounds, degree: int = DEGREE, analytic: bool = True
) -> list[tuple[str, ...]]:
    """Terms of the polynomials of rising degree that the training configs can determine.

    The first is the constant. Parameters that do not vary have no terms; a term that is a sum of earlier ones on these
    configs (the square of a parameter with two values) is left out. Without `analytic` all terms are of the configs'
    own parameters.
    """
    keys = [name for name in numeric_keys(block.family) if name != "clock"]
    names = [_factor(name) for name in keys if len(np.unique(block.codes[name])) > 1]
    names += [f"log2({name})" for name, value in VARIABLES.items() if analytic and _varies(value, bounds)]
    terms = polynomial(names, degree)
    matrix = TermValues(block, bounds, {}).matrix(terms)
    kept = [terms[index] for index in independent_columns(matrix)]
    sizes = Counter(parse_term(text).degree for text in kept)
    forms = [tuple(kept[: sum(sizes[d] for d in range(top + 1))]) for top in range(degree + 1)]
    return list(dict.fromkeys(forms))


def _factor(name: str) -> str:
    return name if name.endswith("_share") else f"log2({name})"


def _varies(variable: Callable[[NetworkBounds], Array], bounds: NetworkBounds) -> bool:
    return bool(np.ptp(np.log2(variable(bounds))) > _SAME)


def independent_columns(matrix: Array) -> list[int]:
    """Indices of the columns that are no sum of those before them (Gram-Schmidt, twice for accuracy)."""
    basis = np.empty((0, len(matrix)))
    kept = []
    for index, column in enumerate((matrix / np.linalg.norm(matrix, axis=0)).T):
        rest = column - basis.T @ (basis @ column)
        rest -= basis.T @ (basis @ rest)
        length = np.linalg.norm(rest)
        if length > _OWN:
            basis = np.vstack([basis, rest / length])
            kept.append(index)
    return kept
