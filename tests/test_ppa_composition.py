"""PEs and arrays composed of fitted parts, against flat ones that the fits never saw."""

from __future__ import annotations

import pytest

from qadam_plugin.errors import InputError
from qadam_plugin.hardware.build import build_spec
from qadam_plugin.hardware.config import config_from_values
from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.arrays import array_ratios
from qadam_plugin.ppa.components import SpadDepths
from qadam_plugin.ppa.composition import Deviation, compose, deviations, spread
from qadam_plugin.ppa.families import ARRAY, PE
from qadam_plugin.ppa.library import ModelLibrary, load_library
from qadam_plugin.ppa.pricing import CLOCK_MARGIN, price_spec
from qadam_plugin.ppa.tables import load_table

TABLES = data_dir("estimator_tables")


@pytest.fixture(scope="module")
def library() -> ModelLibrary:
    return load_library()


@pytest.fixture(scope="module")
def found(library: ModelLibrary) -> tuple[Deviation, ...]:
    return deviations(library, TABLES)


def test_area_is_within_3_percent_of_every_flat_design(found: tuple[Deviation, ...]) -> None:
    assert len(found) == 221 + 11
    assert max(abs(each.relative["area_um2"]) for each in found) < 0.03


def test_energy_is_within_8_percent_of_every_flat_design(found: tuple[Deviation, ...]) -> None:
    simulated = [each for each in found if "energy_pj" in each.relative]
    assert len(simulated) >= 4 * 12 + 8
    assert max(abs(each.relative["energy_pj"]) for each in simulated) < 0.08


def test_leakage_is_within_3_percent_of_every_flat_design(found: tuple[Deviation, ...]) -> None:
    assert max(abs(each.relative["leakage_uw"]) for each in found) < 0.03


def test_the_automatic_clock_is_one_that_every_flat_design_keeps(found: tuple[Deviation, ...]) -> None:
    slowest = min(each.relative["path_ns"] for each in found)
    assert (1 + slowest) * (1 + CLOCK_MARGIN) > 1
    assert spread(found, "path_ns").worst == slowest


@pytest.mark.parametrize("name", ["fp32", "lightpe1"])
def test_an_architecture_is_priced_as_its_pes_are_composed(library: ModelLibrary, name: str) -> None:
    values = {"pe_type": name, "rows": 4, "cols": 3, "glb_kib": 64, "clock": 0.2}
    depths = {"ifmap_spad_depth": 12, "weights_spad_depth": 96, "psum_spad_depth": 24}
    priced = price_spec(build_spec(config_from_values(values | depths, "test"), 0.2), library)
    whole = compose(library, PE_TYPES[name], SpadDepths(12, 96, 24), 4, 3)
    array = {part.name: part for part in priced.components if part.place == "array"}
    assert priced.array_area_um2 == pytest.approx(whole.area_um2)
    assert 12e3 * sum(part.estimate.leakage_mw for part in array.values()) == pytest.approx(whole.leakage_uw)
    energy = array["mac"].estimate.energy_pj["compute"] + array["psum_spad"].estimate.energy_pj["write"]
    energy += sum(array[f"{spad}_spad"].estimate.energy_pj["read"] for spad in ("ifmap", "weights", "psum"))
    energy += sum(part.estimate.idle_pj for part in array.values())
    assert 12 * energy == pytest.approx(whole.energy_pj)
    assert max(part.estimate.path_ns or 0.0 for part in array.values()) == whole.path_ns


def test_ratios_of_arrays_are_those_of_the_tables() -> None:
    arrays, pes = load_table(TABLES / "array.csv", ARRAY), load_table(TABLES / "pe.csv", PE)
    ratios = array_ratios(arrays, pes)
    assert len(ratios) == len(arrays)
    # LightPE-1, 4 x 4: 92415.6 um^2; one PE with depths 12, 48 and 16: 5765.55 um^2.
    (one,) = [row.figures["area_ratio"] for row in ratios if row.parameters == {"rows": 4, "cols": 4}]
    assert one == pytest.approx(92415.6 / 16 / 5765.55, rel=1e-5)
    with pytest.raises(InputError, match=r"array.csv: 2 x 2 of family fp: pe.csv has no PE like those of the array"):
        array_ratios(arrays, [row for row in pes if row.variant != "fp"])
