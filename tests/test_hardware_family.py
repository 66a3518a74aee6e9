"""Families of architectures as files: what is accepted, what is refused, and what a config of one becomes."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import yaml
from family_files import OUTPUT_STATIONARY

from qadam_plugin.errors import InputError
from qadam_plugin.hardware.build import build_spec
from qadam_plugin.hardware.config import config_from_values, load_config, shipped_designs
from qadam_plugin.hardware.describe import arch_yaml
from qadam_plugin.hardware.family import default_family, family_from_text, load_family, shipped_families, shipped_family
from qadam_plugin.hardware.family_reader import TAKEN
from qadam_plugin.hardware.formulas import parse_formula, parse_words
from qadam_plugin.hardware.space import load_space, parse_space
from qadam_plugin.hardware.space_arrays import space_blocks
from qadam_plugin.hardware.spec_reader import read_spec
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.library import load_library
from qadam_plugin.ppa.pricing import pe_array, price_spec
from qadam_plugin.sweep.columns import SHARED_COLUMNS
from qadam_plugin.workloads.layer import DIMENSIONS

NAMES = ("a", "b", "share", "word")


def changed(**keys: object) -> str:
    """The test family with other values of some keys."""
    return yaml.safe_dump({**yaml.safe_load(OUTPUT_STATIONARY), **keys}, sort_keys=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + b * 2", 13),
        ("max(1, 64 // a) * a", 63),
        ("min(a, b, 2)", 2),
        ("100 * 8192 * share / 64", 100 * 8192 * 0.7 / 64),
        ("floor(100 * 8192 * share / 64)", 8960),
        ("ceil(share * 10)", 7),
        ("exact(1 - share - 0.1)", 0.2),
        ("1 - share - 0.1", 1 - 0.7 - 0.1),
        ("floor(max(share, 2.5)) + a % 2", 3),
        ("-a + 2 ** b", 1),
    ],
)
def test_formulas_are_floats_in_order_and_exact_where_they_are_rounded(text: str, value: float) -> None:
    found = parse_formula(text, NAMES, "f.yaml", "k").number({"a": 7, "b": 3, "share": 0.7})
    assert found == value
    # 0.7 is less than seven tenths: floats alone would lose an entry.
    assert int(90 * 8192 * 0.7 / 64) == 8063 and 90 * 8192 * 7 // 640 == 8064


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a +", "f.yaml: k: 'a +' is no expression"),
        ("c", "f.yaml: k: unknown name 'c'"),
        ("open(a)", "known functions are: min, max, floor, ceil, exact"),
        ("a.real", "'a.real' (column 1) is not allowed"),
        ("max(a, key=b)", "is not allowed"),
        ("a / (b - 3)", "'a / (b - 3)' with a 7, b 3: divides by zero"),
        ("a > b", "a number is wanted, not a yes/no value (true)"),
        ("word * 3", "computes with a word"),
        ("2.0 ** 9999", "is too large a number"),
        ("9 ** 9 ** 9", "is too large a number"),
        ("floor(9 ** 9 ** 9)", "is too large a number"),
        ("floor(a, b)", "computes with a word, or takes other arguments"),
    ],
)
def test_what_is_no_number_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_formula(text, NAMES, "f.yaml", "k").number({"a": 7, "b": 3, "share": 0.7, "word": "x"})
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_words_have_numbers_in_the_place_of_formulas() -> None:
    words = parse_words("{a} x {b}, {1 - share:.2g}, {share * 100}", NAMES, "f.yaml", "k")
    assert words.text({"a": 7, "b": 3, "share": 0.65}) == "7 x 3, 0.35, 65"
    with pytest.raises(InputError, match="a brace stands alone"):
        parse_words("{a} x {", NAMES, "f.yaml", "k")


def test_every_shipped_family_has_a_design_or_a_space_and_no_column_of_the_results() -> None:
    assert shipped_families()[0] == "row_stationary" and "simba_like" in shipped_families()
    assert {load_config(name).family.name for name in shipped_designs()} == set(shipped_families())
    assert {name for name, _ in SHARED_COLUMNS} <= TAKEN
    for name in shipped_families():
        family = shipped_family(name)
        assert all(parameter.help and parameter.unit for parameter in family.parameters)
        assert set(family.parts) == {level.part for level in family.levels if hasattr(level, "part")}


@pytest.mark.parametrize("name", shipped_designs())
def test_every_shipped_design_survives_its_yaml(name: str) -> None:
    config = load_config(name)
    spec, again = build_spec(config, 0.7), read_spec(arch_yaml(config, 0.7, "test"))
    assert (again.levels, again.name) == (spec.levels, spec.name)
    library = load_library()
    assert price_spec(again, library).energy == price_spec(spec, library).energy


def test_a_design_that_does_not_ship_is_refused() -> None:
    with pytest.raises(InputError, match="simba: no such file, nor a shipped design; did you mean 'simba_like'"):
        load_config("simba")


def test_a_config_of_a_file_is_found_from_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(OUTPUT_STATIONARY)
    path = tmp_path / "design.yaml"
    path.write_text("family: mine.yaml\npe_type: int8\nside: 4\nbuffer_kib: 32\n")
    config = load_config(path)
    assert (config.family.name, config.side, config.buffer_kib) == ("output_stationary", 4, 32.0)
    assert config.values["family"] == "output_stationary"
    with pytest.raises(AttributeError, match="no parameter rows"):
        _ = config.rows


def test_families_are_part_of_a_configs_identity_and_travel_between_processes(tmp_path: Path) -> None:
    family = family_from_text(OUTPUT_STATIONARY, "mine.yaml")
    (tmp_path / "a.yaml").write_text(OUTPUT_STATIONARY)
    (tmp_path / "b.yaml").write_text(OUTPUT_STATIONARY.replace("bandwidth: 2.0", "bandwidth: 4.0"))
    (tmp_path / "c.yaml").write_text(OUTPUT_STATIONARY.replace("help: An array", "help: Arrays"))
    a, b, c = (config_from_values({"family": str(tmp_path / f"{name}.yaml"), "pe_type": "int8"}, "x") for name in "abc")
    assert a.config_id == c.config_id != b.config_id
    assert a.family == family and b.family != family
    assert pickle.loads(pickle.dumps(a)) == a
    shipped = load_config("simba_like")
    assert pickle.loads(pickle.dumps(shipped)).family is shipped.family


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("family: a b\n", "family:"),
        (changed(levels=[]), "levels:"),
        (changed(level=3), "level: unknown key; did you mean 'levels'?"),
        (changed(parameters={"cycles": {"kind": "int", "help": "x", "usual": 1}}), "is a key or a column of its own"),
        (changed(parameters={"side": {"kind": "int", "help": "x"}}), "parameters.side: default or usual is wanted"),
        (
            changed(parameters={"side": {"kind": "int", "help": "x", "usual": 5, "most": 4}}),
            "parameters.side.usual: 5 lies outside the parameter's own bounds",
        ),
        (changed(values={"side": 3}), "values.side: a name of its own is wanted"),
        (
            changed(values={"extra": "side * sode"}),
            "values.extra: unknown name 'sode' (column 8); did you mean 'side'?",
        ),
        (OUTPUT_STATIONARY.replace("loops: [C, R, S]", "loops: [C, X]"), "levels[5].loops: unknown dimension 'X'"),
        (OUTPUT_STATIONARY.replace("keep: [Weights, Inputs]", "keep: [Weight, Inputs]"), "levels[1].keep"),
        (OUTPUT_STATIONARY.replace("place: array", "place: pe"), "levels[4].place"),
        (OUTPUT_STATIONARY.replace("compute: mac", "compute: buffer"), "levels[6]: 'buffer' is used twice"),
        (OUTPUT_STATIONARY.replace("depth: accumulators", "depth: 0 * side"), "whole number of at least 1"),
    ],
)
def test_a_wrong_family_file_is_refused_with_its_key(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        build_spec(config_from_values({"family": str(path), "pe_type": "int8"}, "design.yaml"), 0.5)
    assert message in str(caught.value) and str(path) in str(caught.value)


def test_a_family_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for word, message in (
        ("simba", "design.yaml: family: unknown family 'simba'; did you mean 'simba_like'?"),
        (["simba_like"], "a family is wanted, one of row_stationary, simba_like, or a file"),
        ("none.yaml", "none.yaml: no such file"),
    ):
        with pytest.raises(InputError) as caught:
            load_family(word, "design.yaml")
        assert message in str(caught.value)
    path = tmp_path / "other.yaml"
    path.write_text(OUTPUT_STATIONARY.replace("family: output_stationary", "family: simba_like"))
    with pytest.raises(InputError, match="'simba_like' is a shipped family with other levels"):
        load_family(str(path), "x")


def test_a_space_walks_its_familys_parameters() -> None:
    space = load_space(data_dir("arch_specs") / "simba_space.yaml")
    assert space.family.name == "simba_like" and len(space) == 96
    assert [key for key, _ in space.axes] == list(space.family.keys)
    blocks = list(space_blocks(space))
    assert [block.config(row) for block in blocks for row in range(len(block))] == list(space)
    with pytest.raises(InputError, match="space: rows: unknown key"):
        parse_space("family: simba_like\nrows: 3\n", "space")
    with pytest.raises(InputError, match=r"where\[0\]: unknown name 'rows'"):
        parse_space("family: simba_like\nwhere: [rows > 3]\n", "space")
    with pytest.raises(InputError, match=r"glb_ifmap_share\[1\]: at least 0.01 and at most 0.99 is wanted, not 0.995"):
        parse_space("family: simba_like\nglb_ifmap_share: [0.5, 0.995]\n", "space")


def test_simba_has_its_levels_and_its_accumulators() -> None:
    config = load_config("simba_like")
    spec = build_spec(config, 0.2)
    instances = {level.name: level.instances for level in spec.storages}
    assert instances == {
        **{"DRAM_weights": 1, "DRAM_inputs": 1, "DRAM_outputs": 1, "glb_inputs": 1, "glb_outputs": 1},
        **{"input_buffer": 16, "accumulation_buffer": 64, "weight_buffer": 256, "weight_register": 256},
    }
    assert (spec.compute.instances, pe_array(spec), config.family.macs(config.parameters)) == (256, (1, 16), 256)
    marked = [level.name for level in spec.storages if level.partial_sums]
    assert marked == ["glb_outputs", "accumulation_buffer"]
    for level in spec.storages:
        assert sum(level.temporal.factors.get(d) != 1 for d in DIMENSIONS) == {
            **{"DRAM_outputs": 8, "glb_outputs": 8, "weight_buffer": 4, "weight_register": 3}
        }.get(level.name, 0)
    shipped = (data_dir("arch_specs") / "timeloop" / "simba_like.yaml").read_text()
    assert shipped == arch_yaml(config, 0.2, "qadam-tl arch simba_like.yaml")


def test_operands_that_share_a_word_are_lanes_inside_a_pe() -> None:
    config = config_from_values({**load_config("simba_like").values, "pe_type": "subword8"}, "x")
    spec = build_spec(config, 0.2, lanes=2)
    assert (spec.compute.instances, spec.compute.attributes["lanes"], spec.compute.attributes["macs_per_pe"]) == (
        512,
        2,
        32,
    )
    assert pe_array(spec) == (1, 16)


def test_a_pes_control_is_shared_by_its_macs() -> None:
    library = load_library()
    config = load_config("simba_like")
    parts = {part.name: part.estimate for part in price_spec(build_spec(config, 0.2), library).components}
    alone = config.with_values({"vector_macs": 1, "vector_lanes": 1})
    own = {part.name: part.estimate for part in price_spec(build_spec(alone, 0.2), library).components}["mac"]
    shared, control = parts["mac"], own.area_um2 - parts["mac"].area_um2
    assert own.energy_pj["compute"] > shared.energy_pj["compute"]
    # One of sixteen parts against the whole: fifteen sixteenths of a control lie between them.
    rows = load_config("int8").with_values({"ifmap_spad_depth": 24, "psum_spad_depth": 32})
    pe = {part.name: part.estimate for part in price_spec(build_spec(rows, 0.2), library).components}["mac"]
    assert pe.area_um2 == pytest.approx(own.area_um2)
    assert 0 < control < own.area_um2
    overhead = price_spec(build_spec(config, 0.2), library).overhead_area_um2
    assert overhead > 0


def test_places_of_a_family_are_where_area_counts(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    library = load_library()
    found = []
    for place in ("array", "buffer"):
        path.write_text(OUTPUT_STATIONARY.replace("place: array", f"place: {place}"))
        family_from_text.cache_clear()
        config = config_from_values({"family": str(path), "pe_type": "int8"}, "x")
        spec = build_spec(config, 0.5)
        assert read_spec(arch_yaml(config, 0.5, "test")).levels == spec.levels
        found.append(price_spec(spec, library))
    assert found[0].buffer_area_um2 < found[1].buffer_area_um2
    assert found[0].array_area_um2 > found[1].array_area_um2


def test_the_default_family_goes_without_saying() -> None:
    assert default_family().default and not shipped_family("simba_like").default
    named = config_from_values({**load_config("int8").values, "family": "row_stationary"}, "x")
    assert named == load_config("int8") and "family" not in named.values


def test_a_formula_worked_out_before_keeps_its_kinds_of_numbers() -> None:
    """Values that Python calls equal are told apart, and formulas with the same text and other names' values, too."""
    whole, halves = (parse_formula(text, ["n", "m"], "f.yaml", "at") for text in ("n", "n / m"))
    assert [type(whole.number({"n": value, "m": 1})) for value in (8, 8.0, 8)] == [int, float, int]
    assert [halves.number({"n": n, "m": m}) for n, m in ((8, 2), (2, 8), (8, 2))] == [4.0, 0.25, 4.0]
    with pytest.raises(InputError, match="a number is wanted"):
        whole.number({"n": True, "m": 1})
