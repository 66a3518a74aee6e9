"""Candidate forms of every family: lean ones with a physical reason, and the terms that may join them.

A form with a pool is grown under cross-validation (`regression.grow`); one without is tried as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from .features import polynomial


@dataclass(frozen=True, slots=True)
class Form:
    """A candidate, fitted to the quantity or to its natural logarithm (always positive then).

    Attributes
    ----------
    terms : of the lean form. pool : terms that may join them, one by one.
    beyond : terms of the form that continues the polynomial outside the range of its points, where a rich one would
        run away; none: it is rich enough in reasons to go on by itself.
    """

    terms: tuple[str, ...]
    log: bool = False
    pool: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()

    @property
    def candidates(self) -> tuple[str, ...]:
        """Terms of the lean form, then the rest of the pool."""
        return tuple(dict.fromkeys((*self.terms, *self.pool)))


def forms(*terms: tuple[str, ...], log: bool = False) -> tuple[Form, ...]:
    """Forms without pools."""
    return tuple(Form(each, log) for each in terms)


def _times(terms: tuple[str, ...], factor: str) -> tuple[str, ...]:
    return tuple(factor if term == "1" else f"{term}*{factor}" for term in terms)


CONSTANT = {"": forms(("1",))}

# Integer MACs. Partial products and registers to begin with. The pool: the last adder (carry chain, prefix tree), the
# accumulator's, what differs in a Booth array, and what pipelining adds or makes larger because timing is tighter.
_INT_POOL = (
    *("act_bits", "weight_bits", "acc_bits", "narrower_bits", "act_bits^2", "weight_bits^2", "acc_bits^2"),
    *("act_bits*narrower_bits", "weight_bits*narrower_bits", "act_bits*weight_bits*narrower_bits"),
    *("log2(act_bits)", "log2(weight_bits)", "log2(acc_bits)", "log2(operand_bits)", "log2(narrower_bits)"),
    *("act_bits*log2(weight_bits)", "weight_bits*log2(act_bits)", "act_bits*weight_bits*log2(operand_bits)"),
    *("acc_bits*log2(acc_bits)", "operand_bits*log2(operand_bits)", "operand_bits*acc_bits"),
    "act_bits*weight_bits*guard_bits",
    *_times(("1", "act_bits", "weight_bits", "acc_bits", "narrower_bits", "act_bits*weight_bits"), "booth"),
    *_times(("act_bits*booth_rows", "operand_bits*log2(operand_bits)"), "booth"),
    *("odd_weight*booth", "act_bits*odd_weight", "act_bits*odd_weight*booth"),
    *_times(("1", "act_bits", "weight_bits", "acc_bits", "guard_bits", "act_bits*weight_bits"), "merged"),
    *_times(("1", "act_bits", "weight_bits", "acc_bits", "act_bits*weight_bits"), "split"),
    *("pipeline", "register_bits*pipeline"),
)

# Shift-add MACs: shifted and added terms, and registers.
_SHIFT_ADD_POOL = (
    *("act_bits", "shift_terms", "acc_bits", "guard_bits", "acc_bits*shift_terms", "act_bits*acc_bits"),
    *("act_bits^2", "acc_bits^2", "acc_bits*log2(acc_bits)", "act_bits*log2(acc_bits)"),
    *("log2(act_bits)", "log2(acc_bits)", "log2(act_bits)*shift_terms", "act_bits*acc_bits*shift_terms"),
    *_times(("1", "act_bits", "acc_bits", "shift_terms", "act_bits*shift_terms"), "merged"),
    *_times(("1", "act_bits", "acc_bits", "shift_terms", "act_bits*shift_terms"), "split"),
)

# Floating point: three formats, five depths. Few points, so forms are given whole.
_FP_BULK = forms(
    ("1", "act_bits*weight_bits", "acc_bits", "act_bits*split", "acc_bits*pipeline"),
    ("1", "act_bits*weight_bits", "acc_bits", "act_bits*split", "acc_bits*split", "acc_bits*pipeline"),
    ("1", "act_bits*weight_bits", "acc_bits", "act_bits*merged", "acc_bits*sum_ranks^2", "acc_bits*pipeline"),
    ("1", "act_bits*weight_bits", "acc_bits", "act_bits*weight_bits*merged", "acc_bits*merged", "acc_bits*sum_ranks"),
)
_FP_PATH = forms(
    ("1", "acc_bits", "act_bits", "merged", "acc_bits*sum_ranks", "acc_bits*sum_ranks^2"),
    ("1", "acc_bits", "merged", "sum_ranks", "sum_ranks^2"),
)
_FP_IDLE = forms(("1", "pipeline"), ("1", "pipeline", "acc_bits"), ("1", "pipeline", "act_bits", "acc_bits"))

_INT_LEAN = ("1", "act_bits*weight_bits", "register_bits")
_SHIFT_ADD_LEAN = ("1", "act_bits*shift_terms", "register_bits")
_INT = (Form(_INT_LEAN, pool=_INT_POOL, beyond=_INT_LEAN),)
_SHIFT_ADD = (Form(_SHIFT_ADD_LEAN, pool=_SHIFT_ADD_POOL, beyond=_SHIFT_ADD_LEAN),)

MAC_BULK = {"int": _INT, "shift-add": _SHIFT_ADD, "fp": _FP_BULK}
MAC_PATH = {"int": _INT, "shift-add": _SHIFT_ADD, "fp": _FP_PATH}
MAC_IDLE = {"int": _INT, "shift-add": _SHIFT_ADD, "fp": _FP_IDLE}

# Narrow operands: the logarithm of what is left of the energy, of terms that vanish at full width. What the multiplier
# saves depends on its part of the whole: on its size, and on the accumulator beside it.
_CUTS = (
    *("act_cut", "weight_cut", "product_cut", "booth_cut", "act_cut*weight_cut"),
    *("act_cut^2", "weight_cut^2", "product_cut^2", "log2(act_share)", "log2(weight_share)"),
)
_NARROW_SIZES = ("log2(act_bits)", "log2(weight_bits)", "log2(acc_bits)", "guard_bits")
_NARROW_POOL = (*_CUTS, *(term for size in _NARROW_SIZES for term in _times(_CUTS, size)))
_NARROW = (Form(("act_cut", "weight_cut"), log=True, pool=_NARROW_POOL),)
NARROW = {"int": _NARROW, "shift-add": _NARROW}

# A register file of d words of w bits: bits, word lines (d) and data lines (w). The pool: multiplexer trees and the
# decoder, whose structure changes with the bits of the address and, in ways of its own, where one or two ports need it.
_SPAD_LEAN = ("1", "depth", "width", "depth*width")
_SPAD_STEPS = ("up_to_8_words", "up_to_32_words", "above_128_words")
_SEPARATE_STEPS = (*_SPAD_STEPS, "up_to_11_words", "up_to_16_words", "up_to_19_words", "power_of_two_words")
_SHARED_STEPS = (*_SPAD_STEPS, "up_to_14_words", "up_to_16_words", "up_to_48_words")
_SPAD_POOL = (
    *("address_bits", "address_bits^2", "width*address_bits", "depth*address_bits"),
    *("depth*width*address_bits", "depth*width*address_bits^2", "depth*width*address_bits^3"),
    *("decoded_words", "decoded_words*width", "depth^2", "width^2", "depth^2*width", "depth*width^2"),
    *("log2(depth)", "log2(width)", "width*log2(depth)", "depth*log2(width)", "log2(depth)*log2(width)"),
    *("depth*log2(depth)", "depth*width*log2(depth)"),
)
_SPAD_PATH_POOL = (*_SPAD_POOL, "width", "depth", "depth*width", "log2(depth)^2", "log2(width)^2")
_SPAD_PATH_LEAN = ("1", "log2(depth)", "log2(width)")


def _stepped(pool: tuple[str, ...], steps: tuple[str, ...]) -> tuple[str, ...]:
    return (*pool, *(term for step in steps for term in _times(_SPAD_LEAN, step)))


# One decoder for both ports: how it is built sets the cost per bit. Steps that hide one another begin together.
_SHARED_POOL = _stepped(_SPAD_POOL, _SHARED_STEPS)
_SHARED_BEGIN = ("up_to_14_words", "up_to_16_words", "up_to_32_words", "above_128_words")
SPAD_BULK = {
    "separate": (Form(_SPAD_LEAN, pool=_stepped(_SPAD_POOL, _SEPARATE_STEPS), beyond=_SPAD_LEAN),),
    "shared": tuple(
        Form((*_SPAD_LEAN, *(f"depth*width*{step}" for step in steps)), pool=_SHARED_POOL, beyond=_SPAD_LEAN)
        for steps in ((), _SHARED_BEGIN)
    ),
}
SPAD_PATH = {
    variant: (Form(_SPAD_PATH_LEAN, pool=_stepped(_SPAD_PATH_POOL, steps), beyond=_SPAD_PATH_LEAN),)
    for variant, steps in (("separate", _SEPARATE_STEPS), ("shared", _SHARED_STEPS))
}

# Control of a PE: counters of three addresses and their comparisons.
_ADDRESSES = ("ifmap_address_bits", "weights_address_bits", "psum_address_bits")
_CONTROL_POOL = (
    *polynomial(_ADDRESSES, 2),
    *("log2(ifmap_depth)", "log2(weights_depth)", "log2(psum_depth)", "ifmap_depth", "weights_depth", "psum_depth"),
)
CONTROL = {"": (Form(("1", *_ADDRESSES), pool=_CONTROL_POOL, beyond=("1", *_ADDRESSES)),)}

_GLB_LOGS = ("log2(capacity_bits)", "log2(width)", "log2(banks)")
# CACTI's answers are close to power laws of capacity, word width and banks, bent by the partition it chooses. Three
# numbers of banks do not determine a cube of their logarithm.
_GLB_POOL = tuple(term for term in polynomial(_GLB_LOGS, 4) if not term.endswith(("log2(banks)^3", "log2(banks)^4")))
GLB = {"": (Form(polynomial(_GLB_LOGS, 2), log=True, pool=_GLB_POOL, beyond=("1", *_GLB_LOGS)),)}

# Settings that all PEs of an array share, wiring along its edges: less per PE, the more there are.
ARRAY = {"": forms(("1",), ("1", "share_per_pe"), ("1", "edge_per_pe"))}
