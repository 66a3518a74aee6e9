"""Component estimates against the characterisation tables, and the rules by which parts make a whole."""

from __future__ import annotations

import pickle
from itertools import pairwise

import pytest

from qadam_plugin.errors import InputError
from qadam_plugin.hardware.pe_types import PE_TYPES, PEType
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.components import (
    SHARED,
    SpadDepths,
    array_overhead_um2,
    compute_unit,
    control,
    dram,
    glb,
    mac,
    spad,
)
from qadam_plugin.ppa.families import MAC, SPAD
from qadam_plugin.ppa.library import ModelLibrary, load_library
from qadam_plugin.ppa.tables import Row, load_table

TABLES = data_dir("estimator_tables")


@pytest.fixture(scope="module")
def library() -> ModelLibrary:
    return load_library()


@pytest.fixture(scope="module")
def measured_macs() -> dict[tuple[object, ...], Row]:
    return {(row.variant, *row.parameters.values()): row for row in load_table(TABLES / "mac.csv", MAC)}


def shape(pe: PEType, pipeline: int = 1) -> tuple[object, ...]:
    return (pe.family, pe.act_bits, pe.weight_bits, pe.acc_bits, pe.shift_terms, pipeline)


@pytest.mark.parametrize("pipeline", [0, 1, 2])
@pytest.mark.parametrize("name", PE_TYPES)
def test_macs_of_the_named_types_cost_about_what_was_measured(
    library: ModelLibrary, measured_macs: dict[tuple[object, ...], Row], name: str, pipeline: int
) -> None:
    row, found = measured_macs[shape(PE_TYPES[name], pipeline)].figures, mac(library, PE_TYPES[name], pipeline)
    assert found.area_um2 == pytest.approx(row["area_um2"], rel=0.03)
    assert found.leakage_mw == pytest.approx(row["leakage_uw"] * 1e-3, rel=0.05)
    assert found.path_ns == pytest.approx(row["path_ns"], rel=0.15)
    assert found.idle_pj == pytest.approx(row["idle_pj"], rel=0.05)
    assert found.energy_pj["compute"] + found.idle_pj == pytest.approx(row["compute_pj"], rel=0.06)
    assert found.energy_pj["compute_gated"] + found.idle_pj == pytest.approx(row["gated_pj"], rel=0.06)
    assert found.warnings == ()


def test_order_of_the_pe_types_is_as_measured(
    library: ModelLibrary, measured_macs: dict[tuple[object, ...], Row]
) -> None:
    """FP32 > INT16 > INT8 > LightPE-2 > LightPE-1; LightPE-2 gains little over INT8."""
    order = [PE_TYPES[name] for name in ("fp32", "int16", "int8", "lightpe2", "lightpe1")]
    rows = [measured_macs[shape(pe)].figures for pe in order]
    for values in (
        [row["area_um2"] for row in rows],
        [row["compute_pj"] for row in rows],
        [mac(library, pe).area_um2 for pe in order],
        [mac(library, pe).energy_pj["compute"] for pe in order],
    ):
        assert values == sorted(values, reverse=True)
    assert rows[3]["area_um2"] / rows[2]["area_um2"] > 0.95
    assert rows[3]["compute_pj"] / rows[2]["compute_pj"] > 0.8


@pytest.mark.parametrize("addresses", ["separate", "shared"])
def test_scratchpads_of_a_usual_pe_cost_about_what_was_measured(library: ModelLibrary, addresses: str) -> None:
    rows = {
        (row.parameters["depth"], row.parameters["width"]): row.figures
        for row in load_table(TABLES / "spad.csv", SPAD)
        if row.variant == addresses
    }
    # With one address reads of neighbouring depths scatter (docs/models.md).
    read_tolerance = 0.1 if addresses == "separate" else 0.2
    for depth, width in ((24, 16), (48, 8), (64, 16), (96, 32)):
        row, found = rows[depth, width], spad(library, depth, width, addresses)
        assert found.area_um2 == pytest.approx(row["area_um2"], rel=0.02)
        assert found.leakage_mw == pytest.approx(row["leakage_uw"] * 1e-3, rel=0.02)
        assert found.energy_pj["read"] == pytest.approx(row["read_pj"], rel=read_tolerance)
        assert found.energy_pj["write"] == pytest.approx(row["write_pj"], rel=0.03)
        assert found.energy_pj["update"] == found.energy_pj["write"]
        assert found.idle_pj == pytest.approx(row["idle_pj"], rel=0.001)


@pytest.mark.parametrize(
    ("kib", "width", "area_mm2", "read_pj"), [(8, 64, 0.026, 6.1), (108, 64, 0.371, 29.4), (512, 128, 1.80, 100)]
)
def test_cacti_points_within_the_cross_validated_errors(
    library: ModelLibrary, kib: int, width: int, area_mm2: float, read_pj: float
) -> None:
    found = glb(library, kib * 8192, width)
    area, read = library.find("glb", "", "area"), library.find("glb", "", "read_energy")
    assert area is not None and area.record.cv_max_error is not None
    assert read is not None and read.record.cv_max_error is not None
    # The printed figures have two or three digits: 1 % more.
    assert found.area_um2 * 1e-6 == pytest.approx(area_mm2, rel=area.record.cv_max_error + 0.01)
    assert found.energy_pj["read"] == pytest.approx(read_pj, rel=read.record.cv_max_error + 0.01)


def test_control_energy_belongs_to_every_operation(library: ModelLibrary) -> None:
    depths = SpadDepths(24, 224, 24)
    extra = control(library, depths).energy_pj["compute"]
    assert 0.5 < extra < 0.75
    for pe in PE_TYPES.values():
        unit, alone = compute_unit(library, pe, depths).energy_pj, mac(library, pe).energy_pj
        assert unit == pytest.approx({action: energy + extra for action, energy in alone.items()})
        assert unit["compute_gated"] < unit["compute"]


def test_what_an_action_costs_is_above_the_idle_cycle(library: ModelLibrary) -> None:
    """Idle clocking is drawn in every cycle, with an operation or without: counted once."""
    for pe in PE_TYPES.values():
        found = compute_unit(library, pe)
        assert found.idle_pj == mac(library, pe).idle_pj > 0
        assert found.leak_pj(0.0) == found.idle_pj


def test_models_grow_with_size_between_their_points(library: ModelLibrary) -> None:
    """A polynomial through scattered points may wave between them; ours do not.

    But reads step down to 2^n words, and to one more: measured at 16 (15 and 16 x 24 b take 1.24 and 1.16 pJ), while
    below 32, 64 and 128 words the model is too high (docs/models.md).
    """
    down_to = dict.fromkeys((8, 16, 32, 33, 64, 65, 128), 0.94) | {9: 0.91}
    for width in range(4, 41, 4):
        found = [spad(library, depth, width) for depth in range(4, 129)]
        for figures in (
            [each.area_um2 for each in found],
            [each.leakage_mw for each in found],
            [each.energy_pj["write"] for each in found],
        ):
            assert all(later > 0.999 * earlier for earlier, later in pairwise(figures))
        for (depth, earlier), (_, later) in pairwise(enumerate((each.energy_pj["read"] for each in found), start=4)):
            assert later > down_to.get(depth + 1, 0.999) * earlier
    for weight_bits in (2, 4, 7, 8, 16):
        types = [PEType("", "int", bits, weight_bits, bits + weight_bits + 8) for bits in range(2, 17)]
        units = [mac(library, pe) for pe in types]
        for figures in ([unit.area_um2 for unit in units], [unit.energy_pj["compute"] for unit in units]):
            assert all(later > 0.995 * earlier for earlier, later in pairwise(figures))


def test_one_address_makes_a_scratchpad_smaller(library: ModelLibrary) -> None:
    for depth in (24, 48, 128):
        assert spad(library, depth, 16, SHARED).area_um2 < spad(library, depth, 16).area_um2


def test_deeper_scratchpads_need_more_control(library: ModelLibrary) -> None:
    areas = [control(library, SpadDepths(*depths)).area_um2 for depths in ((8, 24, 8), (12, 48, 16), (24, 224, 32))]
    assert areas == sorted(areas)
    assert areas[0] < areas[-1]


def test_a_single_pe_has_no_array_overhead(library: ModelLibrary) -> None:
    assert array_overhead_um2(library, 1, 1, 100.0) == 0.0


def test_leak_is_leakage_over_the_cycle_and_idle_clocking(library: ModelLibrary) -> None:
    found = spad(library, 64, 16)
    assert found.leak_pj(0.0) == found.idle_pj
    assert found.leak_pj(4.0) - found.leak_pj(2.0) == pytest.approx(2.0 * found.leakage_mw)


def test_predictions_outside_the_range_say_so(library: ModelLibrary) -> None:
    assert spad(library, 128, 40).warnings == ()
    assert spad(library, 224, 16).warnings == ("depth 224 is outside 4 to 128 of the separate spad models",)
    assert spad(library, 224, 16, SHARED).warnings == ()
    wide = PEType("", "int", 16, 16, 64)
    assert mac(library, wide).warnings == ("acc_bits 64 is outside 6 to 48 of the int mac models",)
    (warning,) = glb(library, 8192, 64).warnings
    assert warning.startswith("capacity_bits 8192 is outside 16384 to")


def test_predictions_far_outside_the_range_grow_and_stay_above_zero(library: ModelLibrary) -> None:
    """A rich polynomial would run away: outside, a lean one with positive coefficients goes on from the edge."""
    for addresses, edge in (("separate", 128), ("shared", 256)):
        rows = [spad(library, depth, 24, addresses) for depth in (edge, edge + 1, 2 * edge, 16 * edge)]
        for figures in (
            [found.area_um2 for found in rows],
            [found.leakage_mw for found in rows],
            [found.idle_pj for found in rows],
            [found.energy_pj["read"] for found in rows],
            [found.energy_pj["write"] for found in rows],
        ):
            assert figures == sorted(figures)
            assert figures[1] == pytest.approx(figures[0], rel=0.01)
            assert 1.5 < figures[2] / figures[0] < 2.5
    assert min(spad(library, 1, 1).energy_pj.values()) > 0
    huge, large = glb(library, 64 * 8192 * 1024, 64), glb(library, 8192 * 1024, 64)
    assert 20 < huge.area_um2 / large.area_um2 < 100
    wide = mac(library, PEType("", "int", 16, 16, 64))
    assert mac(library, PEType("", "int", 16, 16, 48)).area_um2 < wide.area_um2 < 2 * wide.area_um2


def test_dram_is_priced_per_bit_and_unknown_types_are_refused(library: ModelLibrary) -> None:
    assert dram(library, "LPDDR4", 64).energy_pj["read"] == 8 * 64
    assert dram(library, "HBM2", 128).energy_pj["write"] == pytest.approx(3.92 * 128)
    with pytest.raises(InputError, match=r"spec.yaml: DRAM.type: no model for 'LPDR4'; did you mean 'LPDDR4'\?"):
        dram(library, "LPDR4", 64, "spec.yaml", "DRAM.type")


def test_a_library_travels_without_its_cache(library: ModelLibrary) -> None:
    spad(library, 64, 16)
    copy = pickle.loads(pickle.dumps(library))
    assert copy.cache == {}
    assert copy.digest == library.digest
    assert spad(copy, 64, 16) == spad(library, 64, 16)
