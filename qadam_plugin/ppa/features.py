"""Terms of the fitted polynomials: how a term is written, what it is worth for given parameters, its degree.

A term is ``1`` or a product of factors: ``depth*width``, ``act_bits^2``, ``log2(capacity_bits)*log2(width)``. A factor
is a parameter, a derived feature of `DERIVED`, or the binary logarithm of either, with an optional power.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from math import log2, prod

Parameters = Mapping[str, float]

#: Features with a physical reason beside the plain parameters.
DERIVED: dict[str, Callable[[Parameters], float]] = {
    # Flip-flops of a MAC: both operands and the partial sum.
    "register_bits": lambda p: p["act_bits"] + p["weight_bits"] + p["acc_bits"],
    # Carry chain of a multiplier's last adder.
    "operand_bits": lambda p: p["act_bits"] + p["weight_bits"],
    # Rows of partial products of a radix-4 Booth multiplier.
    "booth_rows": lambda p: p["weight_bits"] // 2 + 1,
    # Wires along the edges of an array.
    "edge": lambda p: p["rows"] + p["cols"],
}

_FACTOR = re.compile(r"(log2\()?([a-z][a-z0-9_]*)(\))?(?:\^(\d+))?$")


@dataclass(frozen=True)
class Factor:
    """One factor of a term: ``name``, or its logarithm, to a power."""

    name: str
    log: bool
    power: int

    def value(self, parameters: Parameters) -> float:
        """Worth of the factor. KeyError for a parameter that is not given."""
        derived = DERIVED.get(self.name)
        base = derived(parameters) if derived else parameters[self.name]
        return (log2(base) if self.log else base) ** self.power


@dataclass(frozen=True)
class Term:
    """A product of factors; the empty one is the constant 1."""

    factors: tuple[Factor, ...]

    def value(self, parameters: Parameters) -> float:
        """Worth of the term for one set of parameters."""
        return prod((factor.value(parameters) for factor in self.factors), start=1.0)

    @cached_property
    def degree(self) -> int:
        """Sum of the powers."""
        return sum(factor.power for factor in self.factors)


def parse_term(text: str) -> Term:
    """Term from its text.

    Raises
    ------
    ValueError : not a term.
    """
    if text == "1":
        return Term(())
    factors = []
    for part in text.split("*"):
        match = _FACTOR.match(part)
        if match is None or bool(match[1]) != bool(match[3]):
            raise ValueError(f"'{text}' is not a term")
        factors.append(Factor(match[2], log=bool(match[1]), power=int(match[4] or 1)))
    return Term(tuple(factors))


def polynomial(features: Sequence[str], degree: int) -> tuple[str, ...]:
    """Texts of all terms up to a degree: ``polynomial(("d", "w"), 2)`` is 1, d, w, d^2, d*w, w^2."""
    terms = ["1"]
    for size in range(1, degree + 1):
        for chosen in combinations_with_replacement(features, size):
            powers = {feature: chosen.count(feature) for feature in chosen}
            terms.append("*".join(f if n == 1 else f"{f}^{n}" for f, n in powers.items()))
    return tuple(terms)
