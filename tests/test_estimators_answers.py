"""What the plug-ins answer, against the prices of whole architectures and figures worked out by hand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace

import pytest

from qadam_plugin.errors import InputError
from qadam_plugin.estimators.answers import ASSUMED, CHARACTERISED, SCALED, answer
from qadam_plugin.estimators.catalogue import CLASSES
from qadam_plugin.hardware.archspec import ArchSpec
from qadam_plugin.hardware.build import build_spec
from qadam_plugin.hardware.config import load_config
from qadam_plugin.hardware.pe_types import PE_TYPES, PEType
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa import classes
from qadam_plugin.ppa.library import ModelLibrary, load_library
from qadam_plugin.ppa.pricing import price_spec, resolve_clock_ghz

ALADDIN = 70.0
INT_2_BIT = {"family": "int", "activation_bits": 2, "weight_bits": 2}
SPAD = {"width": 16, "depth": 24, "technology": "45nm"}


@pytest.fixture(scope="module")
def library() -> ModelLibrary:
    return load_library()


def shipped(name: str, library: ModelLibrary) -> ArchSpec:
    config = load_config(data_dir("arch_specs") / f"{name}.yaml")
    return build_spec(config, resolve_clock_ghz(config, library))


@pytest.mark.parametrize("name", ["eyeriss168", *PE_TYPES])
def test_every_component_of_a_generated_architecture_costs_what_the_architecture_is_priced_with(
    name: str, library: ModelLibrary
) -> None:
    spec = shipped(name, library)
    for level, part in zip((*spec.storages, spec.compute), price_spec(spec, library).components, strict=True):
        found = answer(library, level.cls, {"technology": spec.technology, **level.attributes})
        assert found.estimate == part.estimate, level.name
        assert found.accuracy == CHARACTERISED, found.notes


def test_classes_are_those_that_the_models_price_and_the_parts_of_a_pe() -> None:
    priced = {*classes.STORAGE_CLASSES, *classes.MAC_CLASSES}
    assert priced < set(CLASSES)
    assert set(CLASSES) - priced == {"qadam_mac_unit", "qadam_pe_control", "qadam_address_generator"}


def test_estimates_have_every_action_of_their_class(library: ModelLibrary) -> None:
    attributes = {
        **SPAD,
        "type": "LPDDR4",
        "family": "int",
        "activation_bits": 8,
        "weight_bits": 8,
        "accumulator_bits": 24,
    }
    for name, component in CLASSES.items():
        given = {key: value for key, value in attributes.items() if key in (*component.required, "technology")}
        if name == "qadam_SRAM":
            given |= {"width": 64, "depth": 4096}
        found = answer(library, name, given)
        assert found.estimate is not None, name
        assert {*found.estimate.energy_pj, "leak"} == set(component.actions), name


@pytest.mark.parametrize("pe", PE_TYPES.values(), ids=lambda pe: pe.name)
def test_parts_of_a_pe_add_up_to_its_class(pe: PEType, library: ModelLibrary) -> None:
    widths = {
        "family": pe.family,
        "activation_bits": pe.act_bits,
        "weight_bits": pe.weight_bits,
        "accumulator_bits": pe.acc_bits,
        "shift_terms": pe.shift_terms,
        "technology": "45nm",
    }
    whole, unit, control, address = (
        answer(library, name, widths).estimate
        for name in (f"{pe.name}_mac", "qadam_mac_unit", "qadam_pe_control", "qadam_address_generator")
    )
    assert whole and unit and control and address
    for action in ("compute", "compute_gated"):
        assert whole.energy_pj[action] == pytest.approx(unit.energy_pj[action] + control.energy_pj[action], rel=1e-12)
    assert whole.area_um2 == pytest.approx(unit.area_um2 + control.area_um2, rel=1e-12)
    # Three scratchpads and four accesses make one PE's control.
    assert 3 * address.area_um2 == pytest.approx(control.area_um2, rel=1e-12)
    accesses = 2 * address.energy_pj["read"] + address.energy_pj["read"] + address.energy_pj["write"]
    assert accesses == pytest.approx(control.energy_pj["compute"], rel=1e-12)


def test_another_node_scales_by_size_and_supply(library: ModelLibrary) -> None:
    here = answer(library, "qadam_regfile", SPAD)
    there = answer(library, "qadam_regfile", {**SPAD, "technology": "65nm"})
    assert here.estimate and there.estimate
    size, supply = 65 / 45, 1.1 / 1.0
    assert there.estimate.area_um2 == pytest.approx(here.estimate.area_um2 * size * size, rel=1e-12)
    assert there.estimate.energy_pj["read"] == pytest.approx(here.estimate.energy_pj["read"] * size * supply**2)
    assert there.estimate.leakage_mw == pytest.approx(here.estimate.leakage_mw * size * supply, rel=1e-12)
    assert "65 nm" in there.notes[0]


def test_accuracy_is_above_aladdins_only_for_what_was_characterised(library: ModelLibrary) -> None:
    low, high = library.find("spad", "separate", "area").record.range["depth"]  # type: ignore[union-attr]
    inside = answer(library, "qadam_regfile", {**SPAD, "depth": int(high)})
    near = answer(library, "qadam_regfile", {**SPAD, "depth": int(high) + 1, "addresses": "separate"})
    scaled = answer(library, "qadam_regfile", {**SPAD, "technology": "65nm"})
    assert inside.accuracy == CHARACTERISED > ALADDIN
    assert (near.estimate, near.accuracy) == (None, 0.0)
    assert f"depth {high + 1:g} is outside {low:g} to {high:g}" in near.notes[0]
    assert scaled.accuracy == SCALED < ALADDIN


@pytest.mark.parametrize(
    ("cls", "attributes", "said"),
    [
        ("qadam_regfile", {**SPAD, "depth": 1 << 16}, "depth 65536 is outside"),
        ("qadam_regfile", {**SPAD, "width": 64}, "width 64 is outside"),
        ("qadam_SRAM", {**SPAD, "width": 64, "depth": 16}, "capacity_bits 1024 is outside"),
        ("qadam_mac", {**SPAD, **INT_2_BIT, "accumulator_bits": 64}, "acc_bits 64 is outside"),
    ],
)
def test_outside_the_characterised_range_there_is_no_answer_and_a_reason(
    cls: str, attributes: Mapping[str, object], said: str, library: ModelLibrary
) -> None:
    found = answer(library, cls, attributes)
    assert (found.estimate, found.accuracy) == (None, 0.0)
    assert any(said in note for note in found.notes), found.notes


@pytest.mark.parametrize(
    ("cls", "asked", "priced", "said"),
    [
        ("qadam_SRAM", {"depth": 16384, "width": 64, "n_banks": 32}, {"n_banks": 4}, "32 banks are priced as 4"),
        ("qadam_regfile", {"depth": 192, "width": 16}, {"addresses": "shared"}, "priced as shared"),
    ],
)
def test_stores_of_the_stock_eyeriss_are_answered_with_what_was_characterised(
    cls: str, asked: dict[str, object], priced: dict[str, object], said: str, library: ModelLibrary
) -> None:
    """Its buffer has 32 banks, its weights lie 192 deep, and it says nothing of addresses."""
    found = answer(library, cls, {"technology": "45nm", **asked})
    there = answer(library, cls, {"technology": "45nm", **asked, **priced})
    assert found.accuracy == ASSUMED < ALADDIN < there.accuracy == CHARACTERISED
    assert said in found.notes[0]
    assert found.estimate and replace(found.estimate, assumptions=()) == there.estimate


@pytest.mark.parametrize(
    ("cls", "attributes", "said"),
    [
        ("qadam_regfile", {**SPAD, "depth": -1}, "depth: a whole number of at least 1 is wanted, not -1"),
        ("qadam_regfile", {**SPAD, "width": 0}, "width: a whole number of at least 1 is wanted, not 0"),
        ("qadam_regfile", {**SPAD, "width": 7.5}, "width: a whole number of at least 1 is wanted, not 7.5"),
        ("qadam_regfile", {**SPAD, "width": "wide"}, "width: a whole number of at least 1 is wanted, not 'wide'"),
        ("qadam_regfile", {"width": 16, "technology": "45nm"}, "depth: is missing"),
        ("qadam_SRAM", {**SPAD, "n_banks": 0}, "n_banks: a whole number"),
        ("qadam_regfile", {**SPAD, "technology": "7nm"}, "not '7nm'"),
        ("qadam_regfile", {"width": 16, "depth": 24}, "technology: is missing"),
        ("qadam_regfile", {**SPAD, "addresses": "many"}, "addresses: one of separate, shared is wanted, not 'many'"),
        ("int8_mac", {"pipeline": 3, "technology": "45nm"}, "pipeline: MACs of family int have at most 2 pipeline"),
        ("int8_mac", {"psum_spad_depth": 0, "technology": "45nm"}, "psum_spad_depth: an integer of at least 1"),
        ("qadam_DRAM", {"width": 64, "type": "LPDDR9"}, "no model for 'LPDDR9'"),
        ("qadam_DRAM", {"width": 64}, "type: is missing"),
        ("lightpe1_mac", {"weight_bits": 0, "technology": "45nm"}, "weight_bits: class lightpe1_mac has 4, not 0"),
        (
            "qadam_mac",
            {
                "family": "int",
                "activation_bits": 0,
                "weight_bits": 8,
                "accumulator_bits": 24,
                "technology": "45nm",
            },
            "family int wants 2 to 16, not 0",
        ),
    ],
)
def test_what_cannot_exist_is_refused_by_name(
    cls: str, attributes: Mapping[str, object], said: str, library: ModelLibrary
) -> None:
    with pytest.raises(InputError, match=r"^qadam-tl: ") as caught:
        answer(library, cls, attributes)
    assert said in str(caught.value)


def test_numbers_as_accelergy_parses_them_are_taken(library: ModelLibrary) -> None:
    """Accelergy hands over 16.0 for 16, and 45 for a node written without its unit."""
    assert answer(library, "qadam_regfile", {"width": 16.0, "depth": 24.0, "technology": 45}) == answer(
        library, "qadam_regfile", SPAD
    )


def test_answering_loads_nothing_heavy() -> None:
    program = (
        "import sys; from qadam_plugin.estimators.catalogue import CLASSES\n"
        "assert 'pydantic' not in sys.modules, 'the list of classes'\n"
        "from qadam_plugin.estimators.answers import answer; from qadam_plugin.ppa.library import load_library\n"
        "answer(load_library(), 'qadam_regfile', {'width': 16, 'depth': 24, 'technology': '45nm'})\n"
        "print(*({'numpy', 'numba', 'pandas', 'sklearn', 'matplotlib', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("", "")
