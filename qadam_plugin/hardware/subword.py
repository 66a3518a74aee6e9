"""PE types whose words hold several operands: their modes, and how many products they make for a layer."""

from __future__ import annotations

from dataclasses import replace

from ..workloads.layer import Layer
from .pe_types import PEType


def subword_modes(word_bits: int) -> tuple[int, int, int]:
    """Bits of an operand in each mode of a word, the whole word first."""
    return (word_bits, word_bits // 2, word_bits // 4)


def operand_mode(pe: PEType, weight_bits: int | None, input_bits: int | None) -> int:
    """Bits of an operand in the narrowest mode that holds both operands; None: as wide as the word."""
    wanted = max(bits or pe.act_bits for bits in (weight_bits, input_bits))
    return min((bits for bits in subword_modes(pe.act_bits) if bits >= wanted), default=pe.act_bits)


def lanes(pe: PEType, layer: Layer) -> int:
    """Products that a PE makes per cycle of a layer and adds to one partial sum: neighbours in C.

    1 for every family but ``subword``. A layer with one channel per group has nothing to add and uses one lane.
    """
    if pe.family != "subword" or layer.C == 1:
        return 1
    return pe.act_bits // operand_mode(pe, layer.weight_bits, layer.input_bits)


def in_mode(pe: PEType, layer: Layer) -> Layer:
    """The layer as a PE type keeps it: of family ``subword`` operands as wide as the mode, and outputs as some mode."""
    if pe.family != "subword" or layer.bits == (None, None, None):
        return layer
    bits = operand_mode(pe, layer.weight_bits, layer.input_bits)
    outputs = None if layer.output_bits is None else operand_mode(pe, 1, layer.output_bits)
    return replace(layer, weight_bits=bits, input_bits=bits, output_bits=outputs)
