"""Test vectors: random and corner ones that check a design, and operands of a distribution that make it work.

Rows are cycles, columns the design's input ports, values raw bits. Each sequence starts with `warmup_cycles` rows that
reset the design and give every register a value; what the outputs show in them is undefined, and energy is counted
behind them.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np

from ..hardware.pe_types import PEType
from .designs import Design
from .formats import FloatFormat, operand_format, sum_format
from .golden import Bits, mask, products
from .golden_pe import Run
from .operands import activations, partial_sums, weights
from .sources import Port

MAC_MODES = ("compute", "gated", "idle")
SPAD_MODES = ("read", "write", "idle")

_RESET_CYCLES = 2


def warmup_cycles(design: Design) -> int:
    """Rows at the head of every sequence of vectors for a MAC or a scratchpad that only bring it into a known state."""
    return _RESET_CYCLES + (design.parameters["DEPTH"] if design.kind == "spad" else design.latency + 1)


def check_vectors(design: Design, count: int, seed: int) -> Bits:
    """Vectors that check a MAC or a scratchpad: every corner combination of its operands, then `count` random rows.

    MAC: enable, chain, first and operands all change at random; half of the operands are drawn from the corners, for
    floating point also pairs of close exponents, where cancellation and rounding happen. Scratchpad: reads and writes
    at random.
    """
    rng = np.random.default_rng(seed)
    if design.kind == "spad":
        return np.concatenate([_spad_warmup(design, rng), _random_accesses(design, count, rng)])
    corners = _corner_rows(design)
    rows = np.concatenate([_random_operations(design, warmup_cycles(design), rng), corners])
    rows = np.concatenate([rows, _random_operations(design, count, rng)])
    return _with_warmup(design, rows)


def mac_stimulus(design: Design, distribution: str, count: int, seed: int, mode: str = "compute") -> Bits:
    """Operations of a MAC for its energy, one per cycle.

    Parameters
    ----------
    distribution : of `operands.DISTRIBUTIONS`.
    mode : ``compute``; ``gated``: every activation is zero; ``idle``: nothing enters and the inputs hold still.

    Raises
    ------
    ValueError : unknown distribution or mode.
    """
    _check(mode, MAC_MODES)
    assert design.pe is not None
    rng = np.random.default_rng(seed)
    total = warmup_cycles(design) + count
    act = activations(design.pe, distribution, total, rng)
    weight = weights(design.pe, distribution, total, rng)
    psum = partial_sums(design.pe, distribution, total, rng)
    if mode == "gated":
        act[warmup_cycles(design) :] = 0
    rows = _rows(design, total, {"en": 1, "act": act, "weight": weight, "psum": psum})
    if mode == "idle":
        held = warmup_cycles(design)
        rows[held:] = rows[held - 1]
        rows[held:, [port.name for port in design.inputs].index("en")] = 0
    return _with_warmup(design, rows)


def spad_stimulus(design: Design, mode: str, data: Bits, seed: int) -> Bits:
    """Accesses of a scratchpad for its energy, one per cycle, addresses in ascending order as the PE makes them.

    Parameters
    ----------
    mode : ``read`` one word per cycle, of contents that are the first words of `data`; ``write`` `data`, word by word,
        while the read port stands still; ``idle``: nothing moves.
    data : (cycles,) raw bits; its length is the number of cycles behind the warm-up.

    Raises
    ------
    ValueError : unknown mode.
    """
    _check(mode, SPAD_MODES)
    rng = np.random.default_rng(seed)
    depth, cycles = design.parameters["DEPTH"], len(data)
    address = np.arange(cycles, dtype=np.uint64) % np.uint64(depth)
    start = _spad_warmup(design, rng, data)
    names = [port.name for port in design.inputs]
    rows = np.repeat(start[-1:], cycles, axis=0)
    rows[:, names.index("wen")] = mode == "write"
    one_address = "addr" in names
    if mode == "write":
        rows[:, names.index("wdata")] = data & mask(design.parameters["WIDTH"])
        rows[:, names.index("addr" if one_address else "waddr")] = address
    if mode == "read":
        rows[:, names.index("addr" if one_address else "raddr")] = address
    return np.concatenate([start, rows])


def random_run(design: Design, distribution: str, taps: int, filters: int, positions: int, step: int, seed: int) -> Run:
    """Operands of a run of a PE or an array, with partial sums entering the chain."""
    assert design.pe is not None
    rng = np.random.default_rng(seed)
    rows, cols = design.parameters.get("ROWS", 1), design.parameters.get("COLS", 1)
    words = taps + (positions - 1) * step
    return Run(
        weights(design.pe, distribution, rows * filters * taps, rng).reshape(rows, filters, taps),
        activations(design.pe, distribution, (rows + cols - 1) * words, rng).reshape(rows + cols - 1, words),
        partial_sums(design.pe, distribution, cols * positions * filters, rng).reshape(cols, positions, filters),
        step,
    )


def corner_values(port: Port, pe: PEType) -> Bits:
    """Operands at the edges of a MAC's port: limits, zero and one, and for floating point the special numbers."""
    if pe.family == "fp":
        return _float_corners(sum_format(pe) if port.name in ("psum", "psum_in") else operand_format(pe))
    if pe.family == "shift-add" and port.name == "weight":
        if pe.shift_terms == 1:
            return np.arange(16, dtype=np.uint64)
        edges = (0, 1, 6, 7, 8, 14, 15)
        return np.array([high << 4 | low for high, low in product(edges, edges)], dtype=np.uint64)
    top = 1 << (port.bits - 1)
    return np.array(sorted({0, 1, top - 1, top, (2 * top) - 1, top // 2}), dtype=np.uint64)


def _float_corners(form: FloatFormat) -> Bits:
    """Zero, subnormal, smallest and largest normal numbers, one and its neighbour, infinity, NaN; both signs."""
    top, fraction = int(mask(form.exponent_bits)), form.fraction_bits
    one = form.bias << fraction
    sizes = [
        0,
        1,
        (1 << fraction) - 1,
        1 << fraction,
        (1 << fraction) + 1,
        one,
        one + 1,
        one - 1,
        one | ((1 << fraction) - 1),
        (top << fraction) - 1,
        top << fraction,
        (top << fraction) | 1,
    ]
    sign = 1 << (form.bits - 1)
    return np.array([size | negative for size in sizes for negative in (0, sign)], dtype=np.uint64)


def _corner_rows(design: Design) -> Bits:
    """Every combination of corner operands, as products and as chain operations."""
    assert design.pe is not None
    ports = {port.name: port for port in design.inputs}
    corners = {name: corner_values(ports[name], design.pe) for name in ("act", "weight", "psum", "psum_in")}
    act, weight, psum = (
        grid.ravel() for grid in np.meshgrid(corners["act"], corners["weight"], corners["psum"], indexing="ij")
    )
    computed = _rows(design, len(act), {"en": 1, "act": act, "weight": weight, "psum": psum})
    psum, psum_in = (grid.ravel() for grid in np.meshgrid(corners["psum"], corners["psum_in"], indexing="ij"))
    # What is added is taken a cycle or two behind its operation: hold each long enough for both.
    chained = _rows(design, len(psum), {"en": 1, "chain": 1, "psum": psum, "psum_in": psum_in})
    return np.concatenate([computed, np.repeat(chained, 3, axis=0)])


def _random_operations(design: Design, count: int, rng: np.random.Generator) -> Bits:
    assert design.pe is not None
    columns: dict[str, Bits] = {
        "en": (rng.random(count) < 0.75).astype(np.uint64),
        "chain": (rng.random(count) < 0.25).astype(np.uint64),
        "first": (rng.random(count) < 0.1).astype(np.uint64),
    }
    for port in design.inputs:
        if port.name in ("act", "weight", "psum", "psum_in"):
            wild = rng.integers(0, int(mask(port.bits)), count, dtype=np.uint64, endpoint=True)
            corner = rng.choice(corner_values(port, design.pe), count)
            columns[port.name] = np.where(rng.random(count) < 0.3, corner, wild)
    if design.pe.family == "fp":
        # What plain random numbers hardly ever meet: ties, the ends of the range, cancellation.
        form = operand_format(design.pe)
        columns |= _hard_factors(form, columns["act"], columns["weight"], rng)
        near = _close_to_products(design.pe, columns["act"], columns["weight"], rng)
        columns["psum"] = np.where(rng.random(count) < 2 / 3, near, columns["psum"])
    return _rows(design, count, columns)


def _hard_factors(form: FloatFormat, act: Bits, weight: Bits, rng: np.random.Generator) -> dict[str, Bits]:
    """A third of the factors with few significant bits, and a quarter with a product at an end of the range."""
    count, bias = len(act), form.bias
    cleared = rng.integers(0, form.fraction_bits + 1, (2, count), dtype=np.uint64)
    short = rng.random(count) < 1 / 3
    act, weight = (
        np.where(short, factor >> zeros << zeros, factor) for factor, zeros in zip((act, weight), cleared, strict=True)
    )
    top = int(mask(form.exponent_bits))
    shift = np.uint64(form.fraction_bits)
    act_field = (act >> shift).astype(np.int64) & top
    product_field = np.where(rng.random(count) < 0.5, 0, top) + rng.integers(-2, 3, count)
    field = np.clip(product_field + bias - act_field, 0, top - 1).astype(np.uint64)
    edge = (weight & ~(np.uint64(top) << shift)) | field << shift
    return {"act": act, "weight": np.where(rng.random(count) < 1 / 4, edge, weight)}


def _close_to_products(pe: PEType, act: Bits, weight: Bits, rng: np.random.Generator) -> Bits:
    """Partial sums near their product, any sign.

    Exponents differ by at most two (cancellation), or by up to the width of a significand (sticky bits); fractions are
    the product's, or any, or close to one (carries).
    """
    form, count = sum_format(pe), len(act)
    fraction_mask, top = mask(form.fraction_bits), int(mask(form.exponent_bits))
    product_bits = products(pe, act, weight)
    field = (product_bits >> np.uint64(form.fraction_bits)).astype(np.int64) & top
    reach = np.where(rng.random(count) < 0.5, 2, form.fraction_bits + 4)
    field = np.clip(field + rng.integers(-reach, reach + 1), 0, top - 1).astype(np.uint64)
    sign = rng.integers(0, 2, count, dtype=np.uint64) << np.uint64(form.bits - 1)
    any_fraction = rng.integers(0, 1 << form.fraction_bits, count, dtype=np.uint64)
    full = fraction_mask - rng.integers(0, 8, count, dtype=np.uint64)
    fraction = np.choose(rng.integers(0, 3, count), [product_bits & fraction_mask, any_fraction, full])
    return sign | (field << np.uint64(form.fraction_bits)) | fraction


def _random_accesses(design: Design, count: int, rng: np.random.Generator) -> Bits:
    depth, width = design.parameters["DEPTH"], design.parameters["WIDTH"]
    return _rows(
        design,
        count,
        {
            "wen": rng.integers(0, 2, count, dtype=np.uint64),
            "waddr": rng.integers(0, depth, count, dtype=np.uint64),
            "wdata": rng.integers(0, int(mask(width)), count, dtype=np.uint64, endpoint=True),
            "raddr": rng.integers(0, depth, count, dtype=np.uint64),
            "addr": rng.integers(0, depth, count, dtype=np.uint64),
        },
    )


def _spad_warmup(design: Design, rng: np.random.Generator, data: Bits | None = None) -> Bits:
    """Rows that write every word once; the rest of the warm-up writes the last word again."""
    depth, width, rows = design.parameters["DEPTH"], design.parameters["WIDTH"], warmup_cycles(design)
    address = np.minimum(np.arange(rows), depth - 1).astype(np.uint64)
    words = rng.integers(0, int(mask(width)), depth, dtype=np.uint64, endpoint=True)
    if data is not None:
        words[: len(data)] = data[:depth] & mask(width)
    return _rows(design, rows, {"wen": 1, "waddr": address, "addr": address, "wdata": words[address]})


def _with_warmup(design: Design, rows: Bits) -> Bits:
    """The rows with a reset in the first ones and an operation in each of the others of the warm-up."""
    names = [port.name for port in design.inputs]
    rows[:_RESET_CYCLES, names.index("rst")] = 1
    rows[: warmup_cycles(design), names.index("en")] = 1
    rows[: warmup_cycles(design), names.index("chain")] = 0
    return rows


def _rows(design: Design, count: int, columns: Mapping[str, Bits | int]) -> Bits:
    """Rows of vectors from columns by port name; ports that are not named are zero."""
    rows = np.zeros((count, len(design.inputs)), dtype=np.uint64)
    for index, port in enumerate(design.inputs):
        rows[:, index] = columns.get(port.name, 0)
    return rows


def _check(word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        raise ValueError(f"one of {', '.join(known)} is wanted, not '{word}'")
