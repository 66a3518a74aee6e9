"""Golden models against numpy's floating point, exact fractions and plain Python integers."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from qadam_plugin.hardware.pe_types import PE_TYPES, PEType
from qadam_plugin.synthesis.designs import mac_design
from qadam_plugin.synthesis.formats import BF16, BF16_PE, FP16, FP32, FloatFormat
from qadam_plugin.synthesis.golden import float_values, products, sums
from qadam_plugin.synthesis.golden_pe import Run, run_results, walk, weight_stream
from qadam_plugin.synthesis.operands import shift_codes
from qadam_plugin.synthesis.vectors import check_vectors, corner_values

FP16_PE = PEType("fp16", "fp", 16, 16, 16)
MIXED_PE = PEType("mixed", "fp", 16, 16, 32)


def _operands(pe: PEType, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Activations, weights and partial sums of a MAC's check vectors: corners and hard cases among them."""
    design = mac_design(pe)
    rows = check_vectors(design, count, seed=7)
    names = [port.name for port in design.inputs]
    return tuple(rows[:, names.index(name)] for name in ("act", "weight", "psum"))  # type: ignore[return-value]


def _exact(bits: int, form: FloatFormat) -> Fraction | str:
    """Value by the definition of the format; subnormal numbers are zero."""
    sign = -1 if bits >> (form.bits - 1) else 1
    exponent = bits >> form.fraction_bits & ((1 << form.exponent_bits) - 1)
    fraction = bits & ((1 << form.fraction_bits) - 1)
    if exponent == (1 << form.exponent_bits) - 1:
        return "nan" if fraction else ("+inf" if sign > 0 else "-inf")
    if exponent == 0:
        return Fraction(0)
    return sign * (1 + Fraction(fraction, 1 << form.fraction_bits)) * Fraction(2) ** (exponent - form.bias)


def _rounded(value: Fraction, form: FloatFormat) -> int:
    """Bits of a nonzero value: nearest, ties to even, exponent unbounded; then overflow and flush to zero."""
    size, exponent = abs(value), 0
    while size >= 2:
        size, exponent = size / 2, exponent + 1
    while size < 1:
        size, exponent = size * 2, exponent - 1
    scaled = size * (1 << form.fraction_bits)
    whole = scaled.numerator // scaled.denominator
    rest = scaled - whole
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2):
        whole += 1
    if whole == 2 << form.fraction_bits:
        whole, exponent = whole // 2, exponent + 1
    field = exponent + form.bias
    top = (1 << form.exponent_bits) - 1
    sign = (value < 0) << (form.bits - 1)
    if field <= 0:
        return sign
    if field >= top:
        return sign | top << form.fraction_bits
    return sign | field << form.fraction_bits | (whole - (1 << form.fraction_bits))


@pytest.mark.parametrize(
    ("pe", "form", "total"),
    [(PE_TYPES["fp32"], FP32, FP32), (FP16_PE, FP16, FP16), (BF16_PE, BF16, BF16), (MIXED_PE, FP16, FP32)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_float_operations_are_the_exact_result_rounded_once(pe: PEType, form: FloatFormat, total: FloatFormat) -> None:
    act, weight, psum = (column[-3000:] for column in _operands(pe, 3000))
    term = products(pe, act, weight)
    result = sums(pe, psum, term)
    checked = 0
    for a, w, p, t, s in zip(act.tolist(), weight.tolist(), psum.tolist(), term.tolist(), result.tolist(), strict=True):
        left, right, before, added = _exact(a, form), _exact(w, form), _exact(p, total), _exact(t, total)
        if isinstance(left, Fraction) and isinstance(right, Fraction):
            negative = (a >> (form.bits - 1)) ^ (w >> (form.bits - 1))
            assert t == (_rounded(left * right, total) if left * right else negative << (total.bits - 1))
        if isinstance(before, Fraction) and isinstance(added, Fraction) and before + added:
            assert s == _rounded(before + added, total)
            checked += 1
    assert checked > 1500


def test_fp32_agrees_with_numpy_where_results_are_normal() -> None:
    pe = PE_TYPES["fp32"]
    act, weight, psum = (column.astype(np.uint32) for column in _operands(pe, 50_000))

    def numbers(bits: np.ndarray) -> np.ndarray:
        tiny = bits & 0x7F800000 == 0
        return np.where(tiny, bits & 0x80000000, bits).astype(np.uint32).view(np.float32)

    with np.errstate(all="ignore"):
        exact = numbers(act) * numbers(weight)
        # At the smallest normal number numpy rounds to a subnormal's spacing before the flush: another rule.
        border = np.abs(exact) == np.finfo(np.float32).tiny
        term = numbers(exact.view(np.uint32))
        total = numbers((numbers(psum) + term).view(np.uint32))
    ours = products(pe, act.astype(np.uint64), weight.astype(np.uint64)).astype(np.uint32)
    assert border.sum() < len(act) / 20
    _same(ours[~border], term[~border])
    ours = sums(pe, psum.astype(np.uint64), term.view(np.uint32).astype(np.uint64)).astype(np.uint32)
    _same(ours, total)


def test_fp16_agrees_with_numpy_where_results_are_normal() -> None:
    act, weight, _ = (column.astype(np.uint16) for column in _operands(FP16_PE, 50_000))

    def numbers(bits: np.ndarray) -> np.ndarray:
        tiny = bits & 0x7C00 == 0
        return np.where(tiny, bits & 0x8000, bits).astype(np.uint16).view(np.float16)

    with np.errstate(all="ignore"):
        exact = numbers(act) * numbers(weight)
    border = np.abs(exact) == np.finfo(np.float16).tiny
    ours = products(FP16_PE, act.astype(np.uint64), weight.astype(np.uint64)).astype(np.uint16)
    _same(ours[~border], numbers(exact.view(np.uint16))[~border])


def _same(bits: np.ndarray, values: np.ndarray) -> None:
    """Equal bits, with any NaN equal to any."""
    nan = np.isnan(values)
    assert np.array_equal(np.isnan(bits.view(values.dtype)), nan)
    assert np.array_equal(bits[~nan], values.view(bits.dtype)[~nan])


@pytest.mark.parametrize(
    ("left", "right", "term"),
    [
        ("0", "inf", "nan"),
        ("inf", "-1", "-inf"),
        ("nan", "0", "nan"),
        ("-0", "1", "-0"),
        ("subnormal", "1", "0"),
        ("subnormal", "inf", "nan"),
        ("max", "max", "inf"),
        ("min", "half", "0"),
    ],
)
def test_special_products(left: str, right: str, term: str) -> None:
    words = {
        "0": 0,
        "-0": 1 << 31,
        "1": 0x3F800000,
        "-1": 0xBF800000,
        "half": 0x3F000000,
        "subnormal": 1,
        "min": 1 << 23,
    }
    words |= {"max": 0x7F7FFFFF, "inf": 0x7F800000, "-inf": 0xFF800000, "nan": 0x7FC00000}
    got = products(PE_TYPES["fp32"], *(np.array([words[name]], dtype=np.uint64) for name in (left, right)))
    assert got.tolist() == [words[term]]


def test_opposite_numbers_sum_to_positive_zero_and_opposite_infinities_to_nan() -> None:
    pe = PE_TYPES["fp32"]
    left = np.array([0x40490FDB, 0x7F800000, 0x80000000, 0x80000000], dtype=np.uint64)
    right = np.array([0xC0490FDB, 0xFF800000, 0x80000000, 0], dtype=np.uint64)
    assert sums(pe, left, right).tolist() == [0, 0x7FC00000, 0x80000000, 0]


def test_zero_gating_makes_zero_times_infinity_zero() -> None:
    pe = PE_TYPES["fp32"]
    zero, infinity = np.array([1 << 31], dtype=np.uint64), np.array([0x7F800000], dtype=np.uint64)
    assert products(pe, zero, infinity).tolist() == [0x7FC00000]
    assert products(pe, zero, infinity, zero_gating=True).tolist() == [0]


@pytest.mark.parametrize(("act_bits", "terms"), [(4, 1), (8, 1), (8, 2), (16, 2)])
def test_shift_add_product_is_activation_times_sum_of_powers_of_two(act_bits: int, terms: int) -> None:
    value = [Fraction(-1 if code & 8 else 1, 1 << (code & 7)) for code in range(16)]
    value[0b1111] = Fraction(0)
    pe = PEType("any", "shift-add", act_bits, 4 * terms, 40, terms)
    acts = sorted({*range(-(1 << (act_bits - 1)), 1 << (act_bits - 1), 1 + (1 << act_bits) // 67), -1, 0, 1})
    pairs = list(product(acts, range(16**terms)))
    act = np.array([a & ((1 << act_bits) - 1) for a, _ in pairs], dtype=np.uint64)
    weight = np.array([w for _, w in pairs], dtype=np.uint64)
    for (a, w), got in zip(pairs, products(pe, act, weight).tolist(), strict=True):
        exact = a * 128 * sum(value[w >> (4 * term) & 15] for term in range(terms))
        assert exact.denominator == 1
        assert got == exact % (1 << 40)


@pytest.mark.parametrize(("act_bits", "weight_bits", "acc_bits"), [(2, 2, 4), (8, 8, 16), (16, 16, 40), (16, 3, 64)])
def test_integer_sums_wrap(act_bits: int, weight_bits: int, acc_bits: int) -> None:
    pe = PEType("any", "int", act_bits, weight_bits, acc_bits)
    act, weight, psum = _operands(pe, 2000)

    def signed(bits: int, width: int) -> int:
        return bits - (1 << width) if bits >> (width - 1) else bits

    got = sums(pe, psum, products(pe, act, weight)).tolist()
    for a, w, p, result in zip(act.tolist(), weight.tolist(), psum.tolist(), got, strict=True):
        assert result == (p + signed(a, act_bits) * signed(w, weight_bits)) % (1 << acc_bits)


def test_weights_become_the_nearest_codes() -> None:
    values = np.linspace(-1.2, 1.2, 481)
    code = np.array([(-1 if c & 8 else 1) * 2.0 ** -(c & 7) for c in range(16)])
    code[0b1111] = 0.0
    one = code[shift_codes(values, 1).astype(int)]
    two = shift_codes(values, 2).astype(int)
    both = code[two & 15] + code[two >> 4]
    inside = np.abs(values) <= 1
    # A power of two is nearest by its exponent, so it misses by less than sqrt(2) - 1; the second one misses the rest.
    worst = (np.sqrt(2) - 1) * np.abs(values) + 1e-12
    assert np.all((np.abs(one - values) <= worst + 2.0**-7)[inside])
    assert np.all((np.abs(both - values) <= (np.sqrt(2) - 1) * worst + 2.0**-7)[inside])
    assert np.abs(both - values).mean() < np.abs(one - values).mean() / 2


@pytest.mark.parametrize(("filters", "taps"), [(1, 1), (1, 5), (4, 4), (6, 4), (3, 7), (16, 12)])
def test_walk_visits_every_pair_once_and_moves_both_indices(filters: int, taps: int) -> None:
    filter_index, tap = walk(filters, taps)
    assert sorted(zip(filter_index.tolist(), tap.tolist(), strict=True)) == list(product(range(filters), range(taps)))
    # A filter comes back after exactly one round: its partial sum has that long to be written.
    assert np.array_equal(filter_index, np.arange(filters * taps) % filters)
    if filters > 1 and taps > 1:
        assert np.all(np.diff(filter_index) != 0)


def test_array_computes_a_two_dimensional_convolution() -> None:
    rng = np.random.default_rng(3)
    rows, cols, filters, taps, positions, step = 3, 4, 5, 3, 6, 2
    pe = PE_TYPES["int16"]
    kernel = rng.integers(-900, 900, (rows, filters, taps))
    image = rng.integers(-900, 900, (rows + cols - 1, taps + (positions - 1) * step))
    start = rng.integers(-(1 << 30), 1 << 30, (cols, positions, filters))
    run = Run(
        (kernel & 0xFFFF).astype(np.uint64), (image & 0xFFFF).astype(np.uint64),
        (start & ((1 << 40) - 1)).astype(np.uint64), step,
    )  # fmt: skip
    expected = start.copy()
    for c, x, m in product(range(cols), range(positions), range(filters)):
        patch = image[c : c + rows, x * step : x * step + taps]
        expected[c, x, m] += int((patch * kernel[:, m, :]).sum())
    assert np.array_equal(run_results(pe, run), (expected & ((1 << 40) - 1)).astype(np.uint64))
    assert weight_stream(run)[0, filters] == run.weights[0, 0, 1]


def test_float_corners_hold_every_class_of_number() -> None:
    port = mac_design(PE_TYPES["fp32"]).inputs[3]
    values = float_values(corner_values(port, PE_TYPES["fp32"]), FP32)
    assert np.isnan(values).any() and np.isinf(values).sum() == 2 and (values == 0).sum() >= 4
    assert np.abs(values[np.isfinite(values)]).max() == np.finfo(np.float32).max


@pytest.mark.parametrize(("name", "longest"), [("int16", 511), ("int8", 511), ("lightpe1", 511), ("lightpe2", 255)])
def test_documented_reductions_are_the_longest_that_cannot_overflow(name: str, longest: int) -> None:
    pe = PE_TYPES[name]
    lowest = np.array([1 << (pe.act_bits - 1)], dtype=np.uint64)
    # The weight of the largest size and negative sign: -2^15, -2^7, or codes of -2^0.
    weight = {"lightpe1": 0x8, "lightpe2": 0x88}.get(name, 1 << (pe.weight_bits - 1))
    largest = int(products(pe, lowest, np.array([weight], dtype=np.uint64))[0])
    assert longest * largest < 1 << (pe.acc_bits - 1) <= (longest + 1) * largest
