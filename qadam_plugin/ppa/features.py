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
from math import ceil, log2, prod

Parameters = Mapping[str, float]

#: Features with a physical reason beside the plain parameters.
DERIVED: dict[str, Callable[[Parameters], float]] = {
    # Flip-flops of a MAC: both operands, the partial sum beside each rank of the product, the last rank, the result.
    "register_bits": lambda p: (
        p["act_bits"] + p["weight_bits"] + p["acc_bits"] * (2 + min(p["pipeline"], 2) + min(p["pipeline"], 1))
    ),
    # Bits of the product; carry chain of a multiplier's last adder.
    "operand_bits": lambda p: p["act_bits"] + p["weight_bits"],
    # The shorter operand has the fewer rows of partial products.
    "narrower_bits": lambda p: min(p["act_bits"], p["weight_bits"]),
    # 1 for a radix-4 Booth array; synthesis multiplies by an operand of less than 4 bits without one.
    "booth": lambda p: float(min(p["act_bits"], p["weight_bits"]) >= 4),
    # Rows of partial products of such an array, and 1 for the sign row that a weight of odd width needs beside them.
    "booth_rows": lambda p: ceil(p["weight_bits"] / 2),
    "odd_weight": lambda p: p["weight_bits"] % 2,
    # Bits of the accumulator above the product.
    "guard_bits": lambda p: p["acc_bits"] - p["act_bits"] - p["weight_bits"],
    # 1 for a MAC without registers between product and sum, whose paths add up.
    "merged": lambda p: float(p["pipeline"] == 0),
    # 1 for a MAC with registers within the product.
    "split": lambda p: float(p["pipeline"] >= 2),
    # Ranks of registers within a floating-point sum.
    "sum_ranks": lambda p: max(p["pipeline"] - 2, 0),
    # Part of the operands' bits, of the product and of the Booth rows that narrow operands do without: 0 at full width.
    "act_cut": lambda p: 1 - p["act_operand_bits"] / p["act_bits"],
    "weight_cut": lambda p: 1 - p["weight_operand_bits"] / p["weight_bits"],
    "product_cut": lambda p: 1 - p["act_operand_bits"] * p["weight_operand_bits"] / (p["act_bits"] * p["weight_bits"]),
    "booth_cut": lambda p: 1 - ceil(p["weight_operand_bits"] / 2) / ceil(p["weight_bits"] / 2),
    # Bits of a narrow operand over those of its port.
    "act_share": lambda p: p["act_operand_bits"] / p["act_bits"],
    "weight_share": lambda p: p["weight_operand_bits"] / p["weight_bits"],
    # Address of a scratchpad, and the words that a decoder of so many bits tells apart.
    "address_bits": lambda p: ceil(log2(p["depth"])),
    "decoded_words": lambda p: 2.0 ** ceil(log2(p["depth"])),
    # 1 within a range of depths: decoders of 3, 4, 5, of 6 or 7, and of 8 address bits are built in other ways, and so
    # are those of a few words more than 8, than 16 and than 32.
    "up_to_8_words": lambda p: float(p["depth"] <= 8),
    "up_to_11_words": lambda p: float(p["depth"] <= 11),
    "up_to_14_words": lambda p: float(p["depth"] <= 14),
    "up_to_16_words": lambda p: float(p["depth"] <= 16),
    "up_to_19_words": lambda p: float(p["depth"] <= 19),
    "up_to_32_words": lambda p: float(p["depth"] <= 32),
    "up_to_48_words": lambda p: float(p["depth"] <= 48),
    "above_128_words": lambda p: float(p["depth"] > 128),
    # 1 where the decoder has no output without a word.
    "power_of_two_words": lambda p: float(log2(p["depth"]).is_integer()),
    # Addresses that a PE's control counts.
    "ifmap_address_bits": lambda p: ceil(log2(p["ifmap_depth"])),
    "weights_address_bits": lambda p: ceil(log2(p["weights_depth"])),
    "psum_address_bits": lambda p: ceil(log2(p["psum_depth"])),
    # What an array has once, and what it has along its edges, per PE.
    "share_per_pe": lambda p: 1 / (p["rows"] * p["cols"]),
    "edge_per_pe": lambda p: (p["rows"] + p["cols"]) / (p["rows"] * p["cols"]),
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
