"""Bit-packing: how many elements of a tensor a word of a storage holds.

Two policies. ``word``, the published rule (arXiv 2404.05368): ``floor(word bits / bits)`` elements, none lies across
two words, the bits left over are wasted. ``ideal``: ``word bits / bits``, elements may lie across words. Tensors never
share a word; elements without bits are as wide as the words. Partial sums lie one to a word where the storage says
that it holds such.

Counts of a whole run and tiles are divided by it, each rounded up once.
"""

from __future__ import annotations

from fractions import Fraction

from ..errors import QadamError
from ..hardware.archspec import ArchSpec, Storage
from ..jit import step
from ..workloads.layer import TENSORS, Layer
from .evaluation import Violation

WORD, IDEAL = "word", "ideal"
PACKINGS = (WORD, IDEAL)


@step
def words_of(elements: int, fit: int, within: int) -> int:
    """Words that so many elements take, if `fit` of them fit into `within` words."""
    if fit == within:
        return elements
    return -(-elements * within // fit)


def bits_at(storage: Storage, layer: Layer, tensor: str) -> int | None:
    """Bits of an element of a tensor in one storage; None if it takes a word."""
    if tensor == "Outputs" and storage.partial_sums:
        return None
    return layer.bits[TENSORS.index(tensor)]


def operands_per_word(word_bits: int, bits: int | None, packing: str = WORD) -> Fraction:
    """Elements of so many bits in a word; at least 1, wider ones are refused elsewhere.

    Raises
    ------
    QadamError : an unknown policy.
    """
    check_packing(packing)
    if bits is None or bits >= word_bits:
        return Fraction(1)
    return Fraction(word_bits // bits if packing == WORD else Fraction(word_bits, bits))


def check_packing(packing: str) -> None:
    """Refuse an unknown policy."""
    if packing not in PACKINGS:
        raise QadamError(f"packing {packing!r} is none of {', '.join(PACKINGS)}")


def wasted_bits(word_bits: int, bits: int | None, packing: str = WORD) -> int:
    """Bits of a full word that hold nothing."""
    return 0 if bits is None or packing == IDEAL else word_bits % bits


def too_wide(spec: ArchSpec, layer: Layer) -> Violation | None:
    """The first storage, outermost first, whose words are too narrow for a tensor that it keeps."""
    if layer.bits == (None, None, None):
        return None
    for storage in spec.storages:
        for tensor in storage.keep:
            bits = bits_at(storage, layer, tensor)
            if bits is not None and bits > storage.datawidth:
                return Violation("word_too_narrow", storage.name, bits, storage.datawidth, tensor=tensor)
    return None


def fits_of(spec: ArchSpec, layer: Layer, packing: str = WORD) -> tuple[Fraction, ...]:
    """Elements in a word of every storage and tensor that it keeps, outermost first.

    Layers of one shape with the same fits have the same mappings, counts and costs, apart from the MACs'.
    """
    return tuple(
        operands_per_word(storage.datawidth, bits_at(storage, layer, tensor), packing)
        for storage in spec.storages
        for tensor in storage.keep
    )
