"""Design spaces as arrays against the same spaces walked config by config."""

from __future__ import annotations

import numpy as np
import pytest

from qadam_plugin.errors import InputError
from qadam_plugin.hardware.space import DesignSpace, default_space, parse_space
from qadam_plugin.hardware.space_arrays import config_block, space_blocks

MIXED = parse_space(
    """
    rows: {from: 4, to: 16, step: 4}
    glb_kib: [32, 108.5]
    dram_weights_share: [0.5, 0.25]
    clock: [auto, 0.2]
    where: ['rows * cols < 200', 'pe_type != "fp32"', 'clock == "auto" or glb_kib > 40']
    """,
    "mixed.yaml",
)


@pytest.mark.parametrize("space", [default_space(), MIXED])
@pytest.mark.parametrize("size", [7, 1 << 13])
def test_blocks_hold_the_configs_of_the_space_in_its_order(space: DesignSpace, size: int) -> None:
    blocks = list(space_blocks(space, size))
    assert [block.config(row) for block in blocks for row in range(len(block))] == list(space)
    assert all(0 < len(block) <= size for block in blocks)


def test_condition_that_compares_a_word_with_a_number_is_refused() -> None:
    space = parse_space("clock: [0.2]\nwhere: ['clock > 0.1']", "s.yaml")
    assert len(list(space_blocks(space))) == 4
    with pytest.raises(InputError, match="compares a word with a number"):
        list(space_blocks(DesignSpace(space.family, default_space().axes, space.where)))


def test_configs_given_one_by_one_come_back_as_they_were() -> None:
    configs = [config for config in MIXED if config.pe.name == "int16"][::3]
    block = config_block(configs[0].pe, configs)
    assert [block.config(row) for row in range(len(block))] == configs


def test_distinct_combinations_are_found_once_each() -> None:
    block = next(space_blocks(MIXED))
    first, which = block.distinct(("rows", "clock"))
    pairs = list(zip(block.column("rows"), np.nan_to_num(block.column("clock"), nan=-1), strict=True))
    assert sorted(pairs[row] for row in first) == sorted(set(pairs))
    assert all(pairs[first[group]] == pair for group, pair in zip(which, pairs, strict=True))
