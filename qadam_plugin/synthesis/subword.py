"""MACs of operands that share words: design, golden model and vectors.

A word of W bits holds one operand of W bits, two of W / 2 or four of W / 4 (its mode); an operation adds the products
of all of them to one partial sum. Activations lie in their word with the first operand lowest, weights in reverse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..hardware.pe_types import PEType
from ..hardware.subword import subword_modes
from .designs import Design
from .golden import Bits, mask, to_bits, to_signed
from .golden_cycles import expected_outputs
from .operands import REDUCTION_TERMS, activations, weights
from .sources import Port, module_source, top_source
from .vectors import check_vectors, mac_stimulus, warmup_cycles

_FILES = ("rank", "op_pipeline", "product_subword", "mac_subword")

Draw = Callable[[PEType, str, int, np.random.Generator], Bits]

#: Cycles from operands to result: operand registers, the rank behind the products, result register.
_LATENCY = 3


def subword_design(pe: PEType, clock_gating: bool = True) -> Design:
    """Multiply-accumulate unit of a PE type of family ``subword``: psum plus the products of two words' operands."""
    inputs = (
        Port("rst", 1),
        Port("mode", 2),
        Port("en", 1),
        Port("chain", 1),
        Port("first", 1),
        Port("act", pe.act_bits),
        Port("weight", pe.act_bits),
        Port("psum", pe.acc_bits),
        Port("psum_in", pe.acc_bits),
    )
    outputs = (Port("take", 1), Port("valid", 1), Port("busy", 1), Port("psum_out", pe.acc_bits))
    name = f"mac_subword_w{pe.act_bits}_acc{pe.acc_bits}_p1{'' if clock_gating else '_ungated'}"
    parameters = {"WORD": pe.act_bits, "ACC_BITS": pe.acc_bits, "CLOCK_GATING": int(clock_gating)}
    top = top_source(name, "mac_subword", parameters, inputs, outputs)
    texts = (*(module_source(each) for each in _FILES), top)
    # Its ports beside the mode behave as those of a MAC with one pipeline rank and without zero gating.
    known = parameters | {"PIPELINE": 1, "ZERO_GATING": 0}
    return Design(name, "mac", texts, MappingProxyType(known), inputs, outputs, _LATENCY, clock_gating, pe)


def unpacked(words: Bits, bits: int, count: int, reverse: bool = False) -> NDArray[np.int64]:
    """Signed operands of words, (words, count), the first in the lowest bits, or with `reverse` in the uppermost."""
    parts = [to_signed(words >> np.uint64(bits * k) & mask(bits), bits) for k in range(count)]
    return np.stack(parts[::-1] if reverse else parts, axis=-1)


def packed(operands: NDArray[np.int64], bits: int, reverse: bool = False) -> Bits:
    """Words of signed operands, (words, count): the inverse of `unpacked`."""
    ordered = operands[..., ::-1] if reverse else operands
    words = np.zeros(operands.shape[:-1], dtype=np.uint64)
    for k in range(operands.shape[-1]):
        words |= to_bits(ordered[..., k], bits) << np.uint64(bits * k)
    return words


def subword_products(act: Bits, weight: Bits, word: int, bits: int) -> NDArray[np.int64]:
    """Sum over the operands of two words of their products, as signed integers."""
    count = word // bits
    return (unpacked(act, bits, count) * unpacked(weight, bits, count, reverse=True)).sum(axis=-1)


def subword_expected(design: Design, rows: Bits) -> Bits:
    """Outputs of a subword MAC for rows of inputs; see `golden_cycles.expected_outputs`.

    The sum of products times one, in a plain integer MAC of the same pipeline. The mode is that of the row in which an
    operation enters: it must stand still while one is under way.
    """
    assert design.pe is not None
    word, names = design.pe.act_bits, [port.name for port in design.inputs]
    act, weight, mode = (rows[:, names.index(name)] for name in ("act", "weight", "mode"))
    each = [subword_products(act, weight, word, bits) for bits in subword_modes(word)]
    wide = 2 * word + 2
    plain = replace(design, pe=PEType("", "int", wide, 2, design.pe.acc_bits))
    inputs = rows.copy()
    inputs[:, names.index("act")] = to_bits(np.choose(mode.astype(np.int64), each), wide)
    inputs[:, names.index("weight")] = 1
    return expected_outputs(plain, inputs)


def subword_vectors(design: Design, count: int, seed: int, modes: Sequence[int] | None = None) -> Bits:
    """Vectors that check a subword MAC: in each mode every pair of corner operands, in all places of a word at once,
    then `count` random rows, half of them of corners; a pause before the next mode.

    Parameters
    ----------
    modes : bits of an operand in the modes to check; None: all modes.
    """
    assert design.pe is not None
    chosen = modes or subword_modes(design.pe.act_bits)
    parts = [_vectors_of(design, bits, count, seed + number) for number, bits in enumerate(chosen)]
    return np.concatenate(parts)


def _vectors_of(design: Design, bits: int, count: int, seed: int) -> Bits:
    assert design.pe is not None
    word = design.pe.act_bits
    rng = np.random.default_rng(seed)
    rows = check_vectors(design, count, seed)
    names = [port.name for port in design.inputs]
    top = 1 << (bits - 1)
    corners = np.array(sorted({0, 1, -1, top - 1, -top, top // 2}))
    pairs = np.array(np.meshgrid(corners, corners)).reshape(2, -1)
    alike = slice(warmup_cycles(design), warmup_cycles(design) + pairs.shape[1])
    # A third of the rows keep the corners and numbers of whole words.
    kept = rng.random(len(rows)) < 1 / 3
    kept[alike] = False
    for index, (name, reverse) in enumerate((("act", False), ("weight", True))):
        shape = (len(rows), word // bits)
        drawn = np.where(rng.random(shape) < 0.5, rng.choice(corners, shape), rng.integers(-top, top, shape))
        drawn[alike] = pairs[index][:, np.newaxis]
        column = names.index(name)
        rows[:, column] = np.where(kept, rows[:, column], packed(drawn, bits, reverse))
    rows[alike, names.index("en")] = 1
    rows[alike, names.index("chain")] = 0
    rows[:, names.index("mode")] = subword_modes(word).index(bits)
    pause = np.repeat(rows[-1:], _LATENCY + 1, axis=0)
    # Zero is the product in every mode, so that what is under way without gating shows no change of it.
    pause[:, [names.index("en"), names.index("act")]] = 0
    return np.concatenate([rows, pause])


def subword_stimulus(
    design: Design, bits: int, used: int, distribution: str, count: int, seed: int, mode: str = "compute"
) -> Bits:
    """Operations of a subword MAC for its energy, one per cycle.

    Parameters
    ----------
    bits : of an operand, which is the mode. used : operands of a word that are not zero, the first ones.
    distribution : of `operands.DISTRIBUTIONS`, full scale that of the operands. mode : of `vectors.MAC_MODES`.
    """
    assert design.pe is not None
    word, acc_bits = design.pe.act_bits, design.pe.acc_bits
    names = [port.name for port in design.inputs]
    rows = mac_stimulus(replace(design, pe=PEType("", "int", word, word, acc_bits)), distribution, count, seed, mode)
    rng = np.random.default_rng(seed)
    held = warmup_cycles(design)
    act, weight = (_words(draw, bits, word // bits, used, distribution, len(rows), rng) for draw in _DRAWN)
    total = np.zeros(len(rows), dtype=np.int64)
    lengths = rng.integers(0, REDUCTION_TERMS + 1, len(rows))
    for term in range(REDUCTION_TERMS):
        left, right = (_words(draw, bits, word // bits, used, distribution, len(rows), rng) for draw in _DRAWN)
        total += np.where(term < lengths, (left * right).sum(axis=-1), 0)
    if mode == "gated":
        act[held:] = 0
    columns = {"act": packed(act, bits), "weight": packed(weight, bits, True), "psum": to_bits(total, acc_bits)}
    for name, values in columns.items():
        rows[:, names.index(name)] = values
        if mode == "idle":
            rows[held:, names.index(name)] = values[held - 1]
    rows[:, names.index("mode")] = subword_modes(word).index(bits)
    return rows


_DRAWN = (activations, weights)


def _words(
    draw: Draw, bits: int, count: int, used: int, distribution: str, length: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Operands of words, (length, count), zero from the place `used` on."""
    drawn = draw(PEType("", "int", bits, bits, 2 * bits), distribution, length * count, rng)
    operands = to_signed(drawn, bits).reshape(length, count)
    operands[:, used:] = 0
    return operands
