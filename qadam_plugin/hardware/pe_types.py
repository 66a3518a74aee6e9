"""PE types: what a processing element multiplies with what, and how wide it accumulates.

Five have names; any other is a mapping ``{family, act_bits, weight_bits, acc_bits, shift_terms, name}``.
Widths of the named ones: QADAM (arXiv 2205.13045) section 3 for operands, the project's own decision for accumulators.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ..errors import InputError
from ..userfile import describe, suggestion, validate

FAMILIES = ("fp", "int", "shift-add", "subword")

#: A weight term of the shift-add family is a sign and a 3-bit exponent: LightNN, arXiv 1802.02178.
BITS_PER_SHIFT_TERM = 4
MAX_SHIFT = 7

#: IEEE 754 binary16 and binary32. bfloat16 has binary16's width and would need a field of its own: not modelled.
FP_BITS = (16, 32)

_MAX_ACC_BITS = 64


@dataclass(frozen=True, slots=True)
class PEType:
    """One kind of processing element.

    Attributes
    ----------
    name : ``int16`` or another name of `PE_TYPES`; a general type has its own or one made of its widths.
    family : ``fp``, ``int``, ``shift-add``, or ``subword`` for integers of which a word holds one, two or four.
    act_bits, weight_bits, acc_bits : bits of an activation, a weight and a partial sum.
    shift_terms : powers of two that make a weight, 1 or 2; 0 outside the shift-add family.
    """

    name: str
    family: str
    act_bits: int
    weight_bits: int
    acc_bits: int
    shift_terms: int = 0

    @property
    def product_bits(self) -> int:
        """Bits that one exact product needs: the narrowest accumulator that holds it."""
        if self.family == "fp":
            return self.act_bits
        if self.family in ("int", "subword"):
            return self.act_bits + self.weight_bits
        # The most negative activation, shifted left by 7 and negated, is 2^(act_bits + 6); two terms are twice that.
        return self.act_bits + MAX_SHIFT + self.shift_terms

    def too_narrow_for(self, weights: int | None, inputs: int | None, outputs: int | None) -> str:
        """Why a layer with operands of these bits cannot run here; empty where it can. None: as wide as the PE's own.

        Finished outputs are the activations of another layer, and are kept as such.
        """
        for bits, what, most in (
            (weights, "weights", self.weight_bits),
            (inputs, "activations", self.act_bits),
            (outputs, "outputs", self.act_bits),
        ):
            if bits is not None and bits > most:
                words = "weights" if what == "weights" else "activations"
                return f"{what} of {bits} bits do not fit {self.name}, whose {words} have {most}"
        return ""


PE_TYPES: dict[str, PEType] = {
    pe.name: pe
    for pe in (
        PEType("fp32", "fp", 32, 32, 32),
        PEType("int16", "int", 16, 16, 40),
        PEType("int8", "int", 8, 8, 24),
        PEType("lightpe1", "shift-add", 8, 4, 24, shift_terms=1),
        PEType("lightpe2", "shift-add", 8, 8, 24, shift_terms=2),
    )
}


#: PE types whose words hold several operands (`hardware.subword`). They were characterised as they are: there is no
#: general one.
SUBWORD_TYPES: dict[str, PEType] = {
    pe.name: pe for pe in (PEType("subword16", "subword", 16, 16, 40), PEType("subword8", "subword", 8, 8, 24))
}

#: Every type that has a name.
NAMED_TYPES = {**PE_TYPES, **SUBWORD_TYPES}


class PETypeModel(BaseModel):
    """A general PE type as a person writes it."""

    model_config = ConfigDict(strict=True, extra="forbid")

    family: Literal["fp", "int", "shift-add"]
    act_bits: int
    "Bits of an activation: fp 16 or 32, int 2 to 16, shift-add 4 to 16."
    weight_bits: int
    "Bits of a weight: fp as act_bits, int 2 to 16, shift-add 4 per shift term."
    acc_bits: int
    "Bits of a partial sum: at least one product, at most 64; fp 16 or 32."
    shift_terms: int = 0
    "Shift-add only: 1 or 2."
    name: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*$")
    "Shown in results; left out, it is made of the widths."


def pe_type(value: object, source: object, key: str = "pe_type") -> PEType:
    """PE type from what a person wrote: a name of `NAMED_TYPES` or a mapping of `PETypeModel`'s keys.

    A mapping that equals a named type becomes that type.

    Raises
    ------
    InputError : unknown name, or widths that the family does not allow.
    """
    if isinstance(value, str):
        if value not in NAMED_TYPES:
            raise InputError(source, key, f"unknown PE type '{value}'; {suggestion(value, NAMED_TYPES)}")
        return NAMED_TYPES[value]
    if not isinstance(value, dict):
        raise InputError(
            source,
            key,
            f"a PE type is wanted, not {describe(value)}: {', '.join(NAMED_TYPES)}, or a mapping with "
            "family, act_bits, weight_bits, acc_bits and shift_terms",
        )
    model = validate(PETypeModel, value, source, key)
    _check_widths(model, source, key)
    shape = (model.family, model.act_bits, model.weight_bits, model.acc_bits, model.shift_terms)
    for named in NAMED_TYPES.values():
        if shape == (named.family, named.act_bits, named.weight_bits, named.acc_bits, named.shift_terms):
            return named
    if model.name in NAMED_TYPES:
        raise InputError(
            source, f"{key}.name", f"'{model.name}' is a named type with other widths; choose another name"
        )
    return PEType(model.name or _generated_name(*shape), *shape)


def _generated_name(family: str, act_bits: int, weight_bits: int, acc_bits: int, shift_terms: int) -> str:
    stem = f"shift{shift_terms}" if family == "shift-add" else family
    return f"{stem}_a{act_bits}_w{weight_bits}_acc{acc_bits}"


def _check_widths(model: PETypeModel, source: object, key: str) -> None:
    """Raise InputError at the first width that the family does not allow."""

    def need(ok: bool, field: str, wanted: str) -> None:
        if not ok:
            value = getattr(model, field)
            raise InputError(source, f"{key}.{field}", f"family {model.family} wants {wanted}, not {value}")

    if model.family == "fp":
        need(model.act_bits in FP_BITS, "act_bits", "16 or 32")
        need(model.weight_bits == model.act_bits, "weight_bits", f"act_bits again ({model.act_bits})")
        need(model.acc_bits in FP_BITS and model.acc_bits >= model.act_bits, "acc_bits", "16 or 32, at least act_bits")
        need(model.shift_terms == 0, "shift_terms", "0")
        return
    if model.family == "int":
        need(2 <= model.act_bits <= 16, "act_bits", "2 to 16")
        need(2 <= model.weight_bits <= 16, "weight_bits", "2 to 16")
        need(model.shift_terms == 0, "shift_terms", "0")
    else:
        need(4 <= model.act_bits <= 16, "act_bits", "4 to 16")
        need(model.shift_terms in (1, 2), "shift_terms", "1 or 2")
        bits = BITS_PER_SHIFT_TERM * model.shift_terms
        need(model.weight_bits == bits, "weight_bits", f"{bits} (4 per shift term)")
    product = PEType("", model.family, model.act_bits, model.weight_bits, 0, model.shift_terms).product_bits
    need(product <= model.acc_bits <= _MAX_ACC_BITS, "acc_bits", f"{product} (one product) to {_MAX_ACC_BITS}")
