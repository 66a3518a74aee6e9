"""Component estimates against the figures that the feasibility study printed."""

from __future__ import annotations

import pickle

import pytest

from qadam_plugin.errors import InputError
from qadam_plugin.hardware.pe_types import PE_TYPES, PEType
from qadam_plugin.ppa.components import array_overhead_um2, compute_unit, control, dram, glb, mac, spad
from qadam_plugin.ppa.library import ModelLibrary, load_library


@pytest.fixture(scope="module")
def library() -> ModelLibrary:
    return load_library()


@pytest.mark.parametrize(
    ("name", "area", "path", "leakage_uw", "energy"),
    [
        ("fp32", 5571, 3.66, 124, 30.5),
        ("int16", 2379, 1.87, 50.0, 11.35),
        ("int8", 943, 1.19, 18.9, 3.52),
        ("lightpe2", 920, 1.09, 18.2, 3.09),
        ("lightpe1", 692, 1.06, 13.1, 2.62),
    ],
)
def test_macs_cost_what_was_measured(
    library: ModelLibrary, name: str, area: float, path: float, leakage_uw: float, energy: float
) -> None:
    found = mac(library, PE_TYPES[name])
    assert found.area_um2 == pytest.approx(area, rel=1e-6)
    assert found.path_ns == pytest.approx(path, rel=1e-6)
    assert found.leakage_mw == pytest.approx(leakage_uw * 1e-3, rel=1e-6)
    assert found.energy_pj["compute"] == pytest.approx(energy, rel=1e-6)
    assert found.warnings == ()


def test_order_of_the_pe_types_is_as_measured(library: ModelLibrary) -> None:
    order = [mac(library, PE_TYPES[name]) for name in ("fp32", "int16", "int8", "lightpe2", "lightpe1")]
    areas = [found.area_um2 for found in order]
    energies = [found.energy_pj["compute"] for found in order]
    assert areas == sorted(areas, reverse=True)
    assert energies == sorted(energies, reverse=True)


def test_the_measured_scratchpad(library: ModelLibrary) -> None:
    found = spad(library, 64, 16)
    assert found.area_um2 == pytest.approx(6878, rel=1e-5)
    assert found.energy_pj == pytest.approx({"read": 4.33, "write": 1.65, "update": 1.65}, rel=1e-6)
    assert found.idle_pj == pytest.approx(0.37, rel=1e-6)
    assert found.path_ns is None


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


@pytest.mark.parametrize(
    ("name", "total", "deviation"),
    [("fp32", 22035, 0.00045), ("int16", 13510, 0.00047), ("lightpe2", 7280, 0.00047), ("lightpe1", 5817, 0.00043)],
)
def test_a_pe_is_the_sum_of_its_parts(library: ModelLibrary, name: str, total: float, deviation: float) -> None:
    """Deviations as measured. The scratchpads were solved from these totals: consistency, not an independent check."""
    pe = PE_TYPES[name]
    parts = [spad(library, 12, pe.act_bits), spad(library, 48, pe.weight_bits), spad(library, 16, pe.acc_bits)]
    area = compute_unit(library, pe).area_um2 + sum(part.area_um2 for part in parts)
    assert abs(area / total - 1) == pytest.approx(deviation, abs=0.00002)


def test_control_energy_belongs_to_every_operation(library: ModelLibrary) -> None:
    for pe in PE_TYPES.values():
        extra = control(library, pe).energy_pj["compute"]
        assert 0.65 <= extra <= 0.96
        unit = compute_unit(library, pe).energy_pj
        assert unit["compute"] == pytest.approx(mac(library, pe).energy_pj["compute"] + extra)
        assert unit["compute_gated"] == pytest.approx(extra)


@pytest.mark.parametrize(("size", "percent"), [(2, 1.6), (4, 0.8)])
def test_arrays_have_the_measured_overhead(library: ModelLibrary, size: int, percent: float) -> None:
    assert array_overhead_um2(library, size, size, 100.0) == pytest.approx(size * size * percent)


def test_a_single_pe_has_no_array_overhead(library: ModelLibrary) -> None:
    assert array_overhead_um2(library, 1, 1, 100.0) == 0.0


def test_leak_is_leakage_over_the_cycle_and_idle_clocking(library: ModelLibrary) -> None:
    found = spad(library, 64, 16)
    assert found.leak_pj(0.0) == found.idle_pj
    assert found.leak_pj(4.0) - found.leak_pj(2.0) == pytest.approx(2.0 * found.leakage_mw)


def test_predictions_outside_the_range_say_so(library: ModelLibrary) -> None:
    assert spad(library, 128, 40).warnings == ()
    assert spad(library, 224, 16).warnings == ("depth 224 is outside 8 to 128 of the spad models",)
    four = PEType("int4", "int", 4, 4, 16)
    assert "act_bits 4 is outside 8 to 16 of the int mac models" in mac(library, four).warnings
    (warning,) = glb(library, 8192, 64).warnings
    assert warning.startswith("capacity_bits 8192 is outside 16384 to")


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
