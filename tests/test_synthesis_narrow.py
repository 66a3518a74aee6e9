"""Operands narrower than a MAC's ports: what the stimuli of the table ``mac_bits`` are made of."""

from __future__ import annotations

import numpy as np
import pytest

from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.synthesis.designs import mac_design
from qadam_plugin.synthesis.golden import products, to_signed
from qadam_plugin.synthesis.narrow import LOWER, UPPER, narrow_stimulus
from qadam_plugin.synthesis.vectors import mac_stimulus

COUNT = 3000


def columns(name: str, act: int, weight: int, place: str = UPPER, distribution: str = "gaussian") -> dict:
    design = mac_design(PE_TYPES[name])
    rows = narrow_stimulus(design, act, weight, distribution, COUNT, 1, place)
    return {port.name: rows[:, index] for index, port in enumerate(design.inputs)}


@pytest.mark.parametrize("distribution", ["gaussian", "uniform"])
@pytest.mark.parametrize("name", ["int16", "int8", "lightpe1", "lightpe2"])
def test_at_full_width_the_stimulus_is_that_of_the_mac(name: str, distribution: str) -> None:
    pe = PE_TYPES[name]
    design = mac_design(pe)
    for place in (UPPER, LOWER):
        rows = narrow_stimulus(design, pe.act_bits, pe.weight_bits, distribution, COUNT, 7, place)
        assert np.array_equal(rows, mac_stimulus(design, distribution, COUNT, 7))


def test_the_same_numbers_stand_in_the_upper_bits_or_extended_in_the_lower_ones() -> None:
    upper, lower = columns("int16", 6, 3), columns("int16", 6, 3, LOWER)
    for name, bits in (("act", 6), ("weight", 3)):
        values = to_signed(lower[name], 16)
        assert values.min() >= -(1 << (bits - 1)) and values.max() < 1 << (bits - 1)
        assert len(set(values.tolist())) > 3
        assert np.array_equal(to_signed(upper[name], 16), values << (16 - bits))
    assert np.array_equal(to_signed(upper["psum"], 40), to_signed(lower["psum"], 40) << (10 + 13))
    assert np.ptp(to_signed(lower["psum"], 40)) > 1 << 7


def test_a_shift_add_weight_of_one_term_leaves_the_second_zero() -> None:
    pe = PE_TYPES["lightpe2"]
    found = columns("lightpe2", 8, 4)
    assert set((found["weight"] >> np.uint64(4)).tolist()) == {0b1111}
    single = products(PE_TYPES["lightpe1"], found["act"], found["weight"] & np.uint64(15))
    assert np.array_equal(products(pe, found["act"], found["weight"]), single)


def test_narrow_activations_of_shift_add_stand_above_zeros() -> None:
    found = columns("lightpe1", 3, 4)
    assert not (found["act"] & np.uint64(31)).any()
    assert len(set(found["act"].tolist())) > 4
