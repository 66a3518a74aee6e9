"""PE types and accelerator configs: what is accepted, what is refused and in which words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qadam_plugin.errors import InputError
from qadam_plugin.hardware.config import config_from_values, load_config, parse_clock
from qadam_plugin.hardware.pe_types import PE_TYPES, pe_type

EYERISS = {
    "pe_type": "int16",
    "rows": 12,
    "cols": 14,
    "ifmap_spad_depth": 12,
    "weights_spad_depth": 224,
    "psum_spad_depth": 24,
    "glb_kib": 108,
}


def refusal(values: dict, drop: tuple[str, ...] = ()) -> str:
    written = {key: value for key, value in {**EYERISS, **values}.items() if key not in drop}
    with pytest.raises(InputError) as caught:
        config_from_values(written, "design.yaml")
    return str(caught.value)


def test_named_types_have_the_widths_of_the_papers():
    widths = {name: (pe.act_bits, pe.weight_bits, pe.acc_bits, pe.shift_terms) for name, pe in PE_TYPES.items()}
    assert widths == {
        "fp32": (32, 32, 32, 0),
        "int16": (16, 16, 40, 0),
        "int8": (8, 8, 24, 0),
        "lightpe1": (8, 4, 24, 1),
        "lightpe2": (8, 8, 24, 2),
    }


def test_general_type_equal_to_a_named_one_gets_its_name():
    written = {"family": "int", "act_bits": 8, "weight_bits": 8, "acc_bits": 24, "name": "mine"}
    assert pe_type(written, "x") is PE_TYPES["int8"]


def test_general_type_is_named_after_its_widths():
    written = {"family": "shift-add", "act_bits": 6, "weight_bits": 4, "acc_bits": 20, "shift_terms": 1}
    assert pe_type(written, "x").name == "shift1_a6_w4_acc20"


@given(act=st.integers(2, 16), weight=st.integers(2, 16))
def test_narrowest_integer_accumulator_holds_every_product(act: int, weight: int):
    written = {"family": "int", "act_bits": act, "weight_bits": weight, "acc_bits": act + weight}
    width = pe_type(written, "x").acc_bits
    extreme = (-(2 ** (act - 1))) * (-(2 ** (weight - 1)))
    assert -(2 ** (width - 1)) <= extreme <= 2 ** (width - 1) - 1
    with pytest.raises(InputError, match="acc_bits"):
        pe_type({**written, "acc_bits": act + weight - 1}, "x")


@given(act=st.integers(4, 16), terms=st.sampled_from([1, 2]))
def test_narrowest_shift_add_accumulator_holds_every_product(act: int, terms: int):
    written = {"family": "shift-add", "act_bits": act, "weight_bits": 4 * terms, "acc_bits": 64, "shift_terms": terms}
    width = pe_type(written, "x").product_bits
    activations = (-(2 ** (act - 1)), 2 ** (act - 1) - 1)
    products = [activation * sign * 2**7 * terms for activation in activations for sign in (-1, 1)]
    assert all(-(2 ** (width - 1)) <= product <= 2 ** (width - 1) - 1 for product in products)
    assert not all(-(2 ** (width - 2)) <= product <= 2 ** (width - 2) - 1 for product in products)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("int12", "x: pe_type: unknown PE type 'int12'; did you mean 'int16'?"),
        (3, "x: pe_type: a PE type is wanted, not 3: fp32, int16,"),
        (
            {"family": "int", "act_bits": 17, "weight_bits": 8, "acc_bits": 32},
            "pe_type.act_bits: family int wants 2 to 16",
        ),
        (
            {"family": "fp", "act_bits": 8, "weight_bits": 8, "acc_bits": 32},
            "pe_type.act_bits: family fp wants 16 or 32",
        ),
        ({"family": "shift-add", "act_bits": 8, "weight_bits": 8, "acc_bits": 24, "shift_terms": 1}, "weight_bits"),
        ({"family": "shift-add", "act_bits": 8, "weight_bits": 4, "acc_bits": 24}, "pe_type.shift_terms"),
        ({"family": "int", "act_bits": 8, "weight_bits": 8, "acc_bits": 25, "name": "int8"}, "pe_type.name"),
        ({"family": "int", "act_bits": True, "weight_bits": 8, "acc_bits": 25}, "an integer is wanted"),
        ({"family": "int", "actbits": 8}, "pe_type.actbits: unknown key; did you mean 'act_bits'?"),
    ],
)
def test_impossible_type_is_refused_by_key(written: object, message: str):
    with pytest.raises(InputError) as caught:
        pe_type(written, "x")
    assert message in str(caught.value)


def test_defaults_are_those_of_the_design_page():
    config = config_from_values(EYERISS, "x")
    assert (config.glb_bandwidth, config.dram_gbps, config.clock_ghz) == (16, 12.8, None)
    assert (config.glb_ifmap_share, config.glb_weights_share) == (0.5, 0)
    assert (config.dram_weights_share, config.dram_ifmap_share) == (0.5, 0.25)


def test_id_depends_on_every_parameter_and_is_stable():
    config = config_from_values(EYERISS, "x")
    assert config.config_id == "3a99ba2fac3f"
    fields = {"pe": PE_TYPES["int8"], "clock_ghz": 0.2}
    others = {
        "rows": 13,
        "cols": 13,
        "ifmap_spad_depth": 13,
        "weights_spad_depth": 13,
        "psum_spad_depth": 13,
        "glb_kib": 13.0,
        "glb_bandwidth": 13.0,
        "dram_gbps": 13.0,
        "glb_ifmap_share": 0.3,
        "glb_weights_share": 0.3,
        "dram_weights_share": 0.3,
        "dram_ifmap_share": 0.3,
    }
    ids = {config.with_values({key: value}).config_id for key, value in others.items()}
    ids |= {replace(config, **{key: value}).config_id for key, value in fields.items()}
    assert len(ids | {config.config_id}) == len(others) + len(fields) + 1
    assert set(others) == set(config.parameters)
    assert {"family", "numbers", *fields} == set(config.__slots__)


def test_whole_numbers_and_their_floats_are_the_same_config():
    assert config_from_values({**EYERISS, "glb_kib": 108.0}, "x") == config_from_values(EYERISS, "y")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rows": 0}, "design.yaml: rows: at least 1 is wanted, not 0"),
        ({"rows": 2000}, "rows: at most 1024 is wanted, not 2000"),
        ({"rows": True}, "rows: an integer is wanted, not a yes/no value (true)"),
        ({"rows": "12"}, "rows: an integer is wanted, not '12'"),
        ({"rows": 12.0}, "rows: an integer is wanted, not 12.0"),
        ({"cols": [14]}, "cols: an integer is wanted, not a list"),
        ({"glb_kib": float("nan")}, "glb_kib: a finite number is wanted"),
        ({"dram_gbps": -1}, "dram_gbps: more than 0 is wanted, not -1"),
        ({"clock": "fast"}, "clock: auto, or GHz above 0 and at most 10, is wanted, not 'fast'"),
        ({"clock": 0}, "clock: auto, or GHz above 0"),
        ({"clock": True}, "clock: auto, or GHz above 0"),
        ({"glb_ifmap_share": 1.0}, "glb_ifmap_share: less than 1 is wanted, not 1.0"),
        ({"glb_ifmap_share": 0}, "glb_ifmap_share: at least 0.01 is wanted, not 0"),
        ({"glb_weights_share": 0.001}, "glb_weights_share: 0, or at least 0.01, is wanted, not 0.001"),
        ({"glb_weights_share": 0.5}, "glb_ifmap_share and glb_weights_share: together at most 0.99"),
        ({"dram_weights_share": 0}, "dram_weights_share: at least 0.01 is wanted"),
        ({"rws": 3}, "rws: unknown key; did you mean 'rows'?"),
    ],
)
def test_impossible_value_is_refused_in_one_line(values: dict, message: str):
    said = refusal(values)
    assert message in said
    assert "\n" not in said


def test_missing_key_is_named():
    assert refusal({}, drop=("glb_kib",)) == "design.yaml: glb_kib: is missing"


def test_misspelt_key_is_named_before_the_one_it_leaves_missing():
    assert "did you mean 'glb_kib'" in refusal({"glb_kb": 3}, drop=("glb_kib",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rows: 3\nrows: 4\n", "key 'rows' is given twice (line 2, column 1)"),
        ("rows: [3\n", "not valid YAML"),
        ("- rows\n", "a mapping of keys to values is wanted, not a list"),
        ("", "pe_type: is missing"),
    ],
)
def test_broken_file_is_refused_with_its_name(tmp_path: Path, text: str, message: str):
    path = tmp_path / "design.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_config(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_unreadable_files_are_refused(tmp_path: Path):
    with pytest.raises(InputError, match="no such file"):
        load_config(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="is a folder"):
        load_config(tmp_path)
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00rows")
    with pytest.raises(InputError, match="not a text file"):
        load_config(binary)


def test_clock_of_the_command_line():
    assert parse_clock("auto", "--clock") is None
    assert parse_clock("0.5", "--clock") == 0.5
    for wrong in ("0", "-1", "nan", "inf", "11", "fast"):
        with pytest.raises(InputError, match="--clock: auto, or GHz"):
            parse_clock(wrong, "--clock")
