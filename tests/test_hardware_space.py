"""Design spaces: lists, ranges, conditions, order."""

from __future__ import annotations

from itertools import product

import pytest

from qadam_plugin.errors import InputError
from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.hardware.space import default_space, parse_space


def values(text: str, key: str) -> tuple:
    return dict(parse_space(text, "space.yaml").axes)[key]


def test_default_space_has_every_combination_once():
    space = default_space()
    configs = list(space)
    assert len(space) == len(configs) == 864
    assert len({config.config_id for config in configs}) == 864
    assert {config.pe.name for config in configs} == {"fp32", "int16", "lightpe1", "lightpe2"}
    varied = ("rows", "cols", "ifmap_spad_depth", "weights_spad_depth", "psum_spad_depth", "glb_kib")
    assert all(len({getattr(config, key) for config in configs}) > 1 for key in varied)


def test_default_space_contains_the_eyeriss_chip():
    wanted = (12, 14, 12, 224, 24, 108, "int16")
    assert wanted in {
        (c.rows, c.cols, c.ifmap_spad_depth, c.weights_spad_depth, c.psum_spad_depth, c.glb_kib, c.pe.name)
        for c in default_space()
    }


def test_lists_ranges_and_single_values():
    assert values("rows: [8, 12, 16]", "rows") == (8, 12, 16)
    assert values("rows: 9", "rows") == (9,)
    assert values("rows: {from: 8, to: 20, step: 4}", "rows") == (8, 12, 16, 20)
    assert values("glb_kib: {from: 64, to: 512, times: 2}", "glb_kib") == (64, 128, 256, 512)
    assert values("glb_kib: {from: 64, to: 511, times: 2}", "glb_kib") == (64, 128, 256)
    assert values("clock: [auto, 0.5]", "clock") == (None, 0.5)


def test_fractional_steps_do_not_drift():
    shares = values("glb_ifmap_share: {from: 0.1, to: 0.7, step: 0.1}", "glb_ifmap_share")
    assert shares == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)


def test_general_pe_types_stand_beside_named_ones():
    text = "pe_type: [int8, {family: int, act_bits: 4, weight_bits: 4, acc_bits: 16, name: int4}]"
    assert [pe.name for pe in values(text, "pe_type")] == ["int8", "int4"]
    one = "pe_type: {family: int, act_bits: 8, weight_bits: 8, acc_bits: 24}"
    assert values(one, "pe_type") == (PE_TYPES["int8"],)


def test_empty_space_is_the_eyeriss_chip_with_the_four_types_of_the_paper():
    configs = list(parse_space("", "space.yaml"))
    assert [config.pe.name for config in configs] == ["fp32", "int16", "lightpe1", "lightpe2"]
    assert {(config.rows, config.cols, config.glb_kib) for config in configs} == {(12, 14, 108)}


def test_order_is_that_of_nested_loops_whatever_the_order_in_the_file():
    first = parse_space("pe_type: int8\ncols: [2, 1]\nrows: [3, 4]", "a")
    second = parse_space("rows: [3, 4]\ncols: [2, 1]\npe_type: int8", "b")
    pairs = [(config.rows, config.cols) for config in first]
    assert pairs == list(product([3, 4], [2, 1]))
    assert pairs == [(config.rows, config.cols) for config in second]
    assert list(first) == list(first)


def test_conditions_keep_what_they_allow():
    text = 'rows: {from: 1, to: 6, step: 1}\ncols: [2, 4]\nwhere: ["rows * cols <= 8", "pe_type != \\"fp32\\""]'
    space = parse_space(text, "space.yaml")
    found = {(config.pe.name, config.rows, config.cols) for config in space}
    expected = {
        (name, rows, cols)
        for name in ("int16", "lightpe1", "lightpe2")
        for rows in range(1, 7)
        for cols in (2, 4)
        if rows * cols <= 8
    }
    assert found == expected
    assert len(space) == len(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rows: [8, 8]", "rows[1]: 8 is given twice"),
        ("glb_kib: [64, 64.0]", "glb_kib[1]: 64.0 is given twice"),
        ("rows: []", "rows: an empty list; at least one value is wanted"),
        ("rows: 0", "rows: at least 1 is wanted, not 0"),
        ("rows: [8, true]", "rows[1]: an integer is wanted, not a yes/no value (true)"),
        ("rows: [8, [9]]", "rows[1]: an integer is wanted, not a list"),
        ("rows: null", "rows: an integer is wanted, not nothing"),
        ("rows: {from: 2, to: 3.5, step: 0.5}", "rows: an integer is wanted, not 2.0"),
        ("rws: 3", "rws: unknown key; did you mean 'rows'?"),
        ("rows: {from: 8, to: 4, step: 1}", "rows: from (8) is larger than to (4)"),
        ("rows: {from: 1, step: 1}", "rows.to: is missing"),
        ("rows: {from: 1, to: 3}", "rows: a range has either step or times"),
        ("rows: {from: 1, to: 3, step: 1, times: 2}", "rows: a range has either step or times"),
        ("rows: {from: 1, to: 3, step: 0}", "rows.step: more than 0 is wanted"),
        ("rows: {from: 1, to: 3, times: 1}", "rows.times: more than 1 is wanted"),
        ("rows: {from: 1, to: .inf, step: 1}", "rows.to: a number up to 1e9 is wanted"),
        ("rows: {from: 1, too: 3, step: 1}", "rows.too: unknown key; did you mean 'to'?"),
        ("glb_kib: {from: 1, to: 1000000, step: 1}", "glb_kib: more than 10000 values"),
        ("pe_type: [intt8]", "pe_type[0]: unknown PE type 'intt8'; did you mean 'int8'?"),
        (
            "pe_type: [{family: int, act_bits: 4, weight_bits: 4, acc_bits: 3}]",
            "pe_type[0].acc_bits: family int wants 8",
        ),
        (
            "pe_type: [{family: int, act_bits: 4, weight_bits: 4, acc_bits: 16, name: a},"
            "{family: int, act_bits: 4, weight_bits: 4, acc_bits: 17, name: a}]",
            "pe_type: two different PE types are named 'a'",
        ),
        ("where: rows > 100", "where: no combination of the values meets every condition"),
        ("where: [rws > 3]", "where[0]: unknown name 'rws' (column 1); did you mean 'rows'?"),
        ("where: [3]", "where[0]: a condition in quotes is wanted, not 3"),
        ("where: {a: b}", "where: a condition or a list of them is wanted"),
        ("clock: [auto, 1.0]\nwhere: clock < 2", "where[0]: 'clock < 2' (column 1) compares a word with a number"),
        ("glb_ifmap_share: [0.3, 0.9]\nglb_weights_share: [0, 0.2]", "together at most 0.99 is wanted"),
        ("- rows", "a mapping of keys to values is wanted, not a list"),
    ],
)
def test_mistakes_are_refused_in_one_line(text: str, message: str):
    with pytest.raises(InputError) as caught:
        parse_space(text, "space.yaml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("space.yaml: ")
    assert "\n" not in str(caught.value)


def test_too_many_combinations_are_refused():
    wide = "{from: 1, to: 1000, step: 1}"
    with pytest.raises(InputError, match="combinations; at most 10000000"):
        parse_space(f"rows: {wide}\ncols: {wide}\npsum_spad_depth: {wide}", "space.yaml")
