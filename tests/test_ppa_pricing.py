"""Pricing of architectures, and the energy of a layer from its counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qadam_plugin.errors import InputError
from qadam_plugin.hardware.archspec import ArchSpec, Compute, Storage
from qadam_plugin.hardware.build import build_spec
from qadam_plugin.hardware.config import AcceleratorConfig, config_from_values
from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.hardware.space import default_space
from qadam_plugin.mapping.evaluation import Evaluation, LevelResult, TensorCounts
from qadam_plugin.ppa.components import SHARED, SpadDepths, compute_unit, glb, mac, spad
from qadam_plugin.ppa.library import ModelLibrary, load_library
from qadam_plugin.ppa.pricing import CLOCK_MARGIN, layer_energy, price_spec, resolve_clock_ghz


@pytest.fixture(scope="module")
def library() -> ModelLibrary:
    return load_library()


def config(**values: object) -> AcceleratorConfig:
    base = {
        "pe_type": "int16",
        "rows": 12,
        "cols": 14,
        "ifmap_spad_depth": 12,
        "weights_spad_depth": 112,
        "psum_spad_depth": 16,
        "glb_kib": 128,
    }
    return config_from_values({**base, **values}, "test")


def with_level(spec: ArchSpec, name: str, **changes: object) -> ArchSpec:
    levels = tuple(
        replace(level, **changes) if isinstance(level, Storage | Compute) and level.name == name else level
        for level in spec.levels
    )
    return replace(spec, levels=levels)


def test_area_is_pes_and_overhead_and_buffers(library: ModelLibrary) -> None:
    priced = price_spec(build_spec(config(), 0.5), library)
    pe = PE_TYPES["int16"]
    one = spad(library, 12, 16).area_um2 + spad(library, 112, 16, SHARED).area_um2 + spad(library, 16, 40).area_um2
    one += compute_unit(library, pe, SpadDepths(12, 112, 16)).area_um2
    assert priced.array_area_um2 == pytest.approx(168 * one + priced.overhead_area_um2)
    assert 0 < priced.overhead_area_um2 < 0.01 * 168 * one
    # 128 KiB in halves: activations in entries of 64 bits, partial sums of 40 bits in entries of 40.
    halves = glb(library, 64 * 8192, 64).area_um2 + glb(library, 64 * 8192 // 40 * 40, 40).area_um2
    assert priced.buffer_area_um2 == pytest.approx(halves)
    assert priced.total_area_um2 == pytest.approx(priced.array_area_um2 + halves)
    assert priced.total_area_mm2 == pytest.approx(priced.total_area_um2 * 1e-6)


def test_leak_follows_the_clock_and_reads_do_not(library: ModelLibrary) -> None:
    slow, fast = (price_spec(build_spec(config(), clock), library) for clock in (0.25, 0.5))
    for name, actions in slow.energy.energy_pj.items():
        others = {action: energy for action, energy in actions.items() if action != "leak"}
        assert others == {a: e for a, e in fast.energy.energy_pj[name].items() if a != "leak"}
    found = spad(library, 112, 16, SHARED)
    assert slow.energy.energy_pj["weights_spad"]["leak"] == pytest.approx(found.idle_pj + 4 * found.leakage_mw)
    assert fast.energy.energy_pj["weights_spad"]["leak"] == pytest.approx(found.idle_pj + 2 * found.leakage_mw)
    assert slow.energy.energy_pj["DRAM_weights"]["leak"] == 0.0


def test_leakage_is_that_of_all_instances(library: ModelLibrary) -> None:
    priced = price_spec(build_spec(config(), 0.5), library)
    pe_mw = sum(part.estimate.leakage_mw for part in priced.components if part.place == "array")
    buffer_mw = sum(part.estimate.leakage_mw for part in priced.components if part.place == "buffer")
    assert priced.leakage_mw == pytest.approx(168 * pe_mw + buffer_mw)


def test_automatic_clock_leaves_the_margin(library: ModelLibrary) -> None:
    path_ns = mac(library, PE_TYPES["fp32"]).path_ns
    assert path_ns is not None
    assert resolve_clock_ghz(config(pe_type="fp32"), library) == int(1000 / (path_ns * (1 + CLOCK_MARGIN))) / 1000
    assert resolve_clock_ghz(config(clock=0.7), library) == 0.7


def test_a_small_pe_is_held_back_by_the_buffer(library: ModelLibrary) -> None:
    priced = price_spec(build_spec(config(pe_type="lightpe1"), 0.1), library)
    assert priced.slowest in ("glb_ifmap", "glb_psum")
    assert priced.critical_path_ns == pytest.approx(glb(library, 64 * 8192, 64).path_ns)


def test_a_clock_that_is_too_fast_is_a_warning(library: ModelLibrary) -> None:
    fp32 = config(pe_type="fp32")
    assert price_spec(build_spec(fp32, resolve_clock_ghz(fp32, library)), library).warnings == ()
    (warning,) = price_spec(build_spec(fp32, 0.5), library).warnings
    path_ns = mac(library, PE_TYPES["fp32"]).path_ns or 0.0
    assert warning == f"clock: 0.5 GHz is faster than mac allows ({1 / path_ns:.4g} GHz without margin)"


def test_what_is_out_of_range_names_the_component(library: ModelLibrary) -> None:
    priced = price_spec(build_spec(config(ifmap_spad_depth=200), 0.2), library)
    assert priced.warnings == (
        "ifmap_spad: depth 200 is outside 4 to 128 of the separate spad models",
        "mac: ifmap_depth 200 is outside 6 to 24 of the control models",
    )


def test_a_general_type_that_equals_a_named_one_costs_the_same(library: ModelLibrary) -> None:
    spec = build_spec(config(), 0.4)
    general = with_level(spec, "mac", cls="qadam_mac")
    assert price_spec(general, library).energy == price_spec(spec, library).energy


def test_every_shipped_design_of_the_default_space_is_priced(library: ModelLibrary) -> None:
    for design in default_space():
        priced = price_spec(build_spec(design, resolve_clock_ghz(design, library)), library)
        assert priced.total_area_um2 > 0
        assert not [text for text in priced.warnings if text.startswith("clock")]
        assert all(value >= 0 for actions in priced.energy.energy_pj.values() for value in actions.values())


@pytest.mark.parametrize(
    ("level", "changes", "wanted"),
    [
        ("glb_psum", {"cls": "SRAM"}, r"glb_psum.class: the models do not know class 'SRAM'; .*qadam_SRAM"),
        ("mac", {"cls": "int16_mc"}, r"mac.class: the models do not know class 'int16_mc'; did you mean 'int16_mac'\?"),
        ("glb_psum", {"depth": None}, r"glb_psum.attributes.depth: is missing"),
        ("psum_spad", {"attributes": {"addresses": 2}}, r"psum_spad.attributes.addresses: one of separate, shared is"),
        ("mac", {"attributes": {"pipeline": 3}}, r"mac.attributes.pipeline: MACs of family int have at most 2"),
        ("mac", {"attributes": {"psum_spad_depth": 0}}, r"mac.attributes.psum_spad_depth: an integer of at least 1"),
        ("glb_psum", {"attributes": {"n_banks": 0}}, r"glb_psum.attributes.n_banks: an integer of at least 1"),
        ("DRAM_psum", {"attributes": {}}, r"DRAM_psum.attributes.type: is missing; wanted is one of: LPDDR4"),
        ("DRAM_psum", {"attributes": {"type": "LPDDR9"}}, r"DRAM_psum.attributes.type: no model for 'LPDDR9'"),
        ("mac", {"attributes": {"weight_bits": 8}}, r"mac.attributes.weight_bits: class int16_mac has 16, not 8"),
        ("mac", {"cls": "qadam_mac", "attributes": {"family": "int"}}, r"mac.attributes.activation_bits: is missing"),
        (
            "mac",
            {
                "cls": "qadam_mac",
                "attributes": {"family": "int", "activation_bits": 40, "weight_bits": 8, "accumulator_bits": 48},
            },
            r"mac.attributes.act_bits: family int wants 2 to 16, not 40",
        ),
    ],
)
def test_what_the_models_do_not_know_is_refused_by_name(
    library: ModelLibrary, level: str, changes: dict[str, object], wanted: str
) -> None:
    spec = replace(with_level(build_spec(config(), 0.4), level, **changes), source="arch.yaml")
    with pytest.raises(InputError, match="^arch.yaml: " + wanted):
        price_spec(spec, library)


def counts(energy_pj: float, instances: int) -> TensorCounts:
    return TensorCounts(1, instances, 1, 10, 10, 10, 0, 0, energy_pj)


def test_a_layers_energy_adds_up(library: ModelLibrary) -> None:
    """100 of 168 PEs in use for 1000 cycles: the sum of the levels, what is idle, and what is on the chip."""
    priced = price_spec(build_spec(config(), 0.5), library)
    leak = {name: actions["leak"] for name, actions in priced.energy.energy_pj.items()}
    spads = ("ifmap_spad", "weights_spad", "psum_spad")
    buffers = ("glb_ifmap", "glb_psum")
    levels = {name: LevelResult(1000, 1.0, {"Inputs": counts(7e3, 1)}, 0.0) for name in leak if name.startswith("DRAM")}
    levels |= {name: LevelResult(1000, 1.0, {"Inputs": counts(5e3, 1)}, leak[name] * 1000) for name in buffers}
    levels |= {name: LevelResult(1000, 1.0, {"Inputs": counts(3e3, 100)}, leak[name] * 1e5) for name in spads}
    stores_pj = sum(t.energy_pj for level in levels.values() for t in level.tensors.values())
    leaked_pj = sum(level.leakage_energy_pj for level in levels.values())
    mac_pj = 100_000 * priced.energy.energy_pj["mac"]["compute"]
    evaluation = Evaluation(
        cycles=1000, computes=100_000, utilized_macs=100, levels=levels, mac_energy_pj=mac_pj,
        energy_pj=mac_pj + stores_pj + leaked_pj,
    )  # fmt: skip
    found = layer_energy(priced, evaluation)
    idle_pj = 1000 * (168 * leak["mac"] + 68 * sum(leak[name] for name in spads))
    assert found.idle_pj == pytest.approx(idle_pj)
    assert found.dram_pj == pytest.approx(3 * 7e3)
    assert found.onchip_pj == pytest.approx(mac_pj + 2 * 5e3 + 3 * 3e3 + leaked_pj + idle_pj)
    assert found.total_pj == pytest.approx(evaluation.energy_pj + idle_pj)
    assert found.timeloop_pj == evaluation.energy_pj
    assert found.mac_pj == mac_pj


def test_a_level_without_traffic_is_idle_as_a_whole(library: ModelLibrary) -> None:
    priced = price_spec(build_spec(config(), 0.5), library)
    everything = sum(part.leak_pj * part.instances for part in priced.components)
    assert layer_energy(priced, Evaluation(cycles=10)).idle_pj == pytest.approx(10 * everything)
