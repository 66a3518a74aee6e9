"""The architecture of a config: widths, capacities, bandwidths and row-stationary constraints."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qadam_plugin.hardware.archspec import ArchSpec, Fanout, Storage
from qadam_plugin.hardware.build import build_spec
from qadam_plugin.hardware.config import AcceleratorConfig, config_from_values, load_config
from qadam_plugin.hardware.describe import arch_yaml
from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.hardware.space import default_space
from qadam_plugin.hardware.spec_reader import read_spec
from qadam_plugin.paths import data_dir
from qadam_plugin.workloads.layer import DIMENSIONS


def config(**values: object) -> AcceleratorConfig:
    base = {
        "pe_type": "lightpe1",
        "rows": 12,
        "cols": 14,
        "ifmap_spad_depth": 12,
        "weights_spad_depth": 224,
        "psum_spad_depth": 24,
        "glb_kib": 108,
    }
    return config_from_values({**base, **values}, "test")


def store(spec: ArchSpec, name: str) -> Storage:
    return next(level for level in spec.storages if level.name == name)


def fanout(spec: ArchSpec, name: str) -> Fanout:
    return next(level for level in spec.fanouts if level.name == name)


@pytest.mark.parametrize(
    ("pe_type", "dram", "glb", "spads"),
    [
        ("fp32", (32, 32, 32), (32, 32, 32), (32, 32, 32)),
        ("int16", (16, 16, 16), (16, 16, 40), (16, 16, 40)),
        ("int8", (8, 8, 8), (8, 8, 24), (8, 8, 24)),
        ("lightpe1", (4, 8, 8), (4, 8, 24), (8, 4, 24)),
        ("lightpe2", (8, 8, 8), (8, 8, 24), (8, 8, 24)),
    ],
)
def test_words_follow_the_pe_type(pe_type: str, dram: tuple, glb: tuple, spads: tuple):
    spec = build_spec(config(pe_type=pe_type, glb_weights_share=0.25), 1.0)
    widths = {level.name: level.datawidth for level in spec.storages}
    assert tuple(widths[name] for name in ("DRAM_weights", "DRAM_ifmap", "DRAM_psum")) == dram
    assert tuple(widths[name] for name in ("glb_weights", "glb_ifmap", "glb_psum")) == glb
    assert tuple(widths[name] for name in ("ifmap_spad", "weights_spad", "psum_spad")) == spads


def test_levels_stand_in_the_order_of_the_design():
    names = [level.name for level in build_spec(config(glb_weights_share=0.1), 1.0).levels]
    assert names == [
        *("DRAM_weights", "DRAM_ifmap", "DRAM_psum", "glb_weights", "glb_ifmap", "glb_psum"),
        *("PE_column", "PE", "ifmap_spad", "weights_spad", "psum_spad", "mac"),
    ]


def test_weights_bypass_the_buffer_without_a_share():
    spec = build_spec(config(), 1.0)
    assert [level.name for level in spec.storages if level.cls == "qadam_SRAM"] == ["glb_ifmap", "glb_psum"]


@pytest.mark.parametrize(
    ("bits", "width"), [(4, 64), (8, 64), (12, 60), (16, 64), (24, 48), (32, 64), (40, 40), (64, 64)]
)
def test_an_access_holds_whole_words_of_at_most_64_bits(bits: int, width: int):
    pe = {"family": "int", "act_bits": 2, "weight_bits": 2, "acc_bits": bits}
    (psums,) = (level for level in build_spec(config(pe_type=pe), 1.0).storages if level.name == "glb_psum")
    assert (psums.datawidth, psums.width) == (bits, width)
    assert width % bits == 0 and width <= 64 < width + bits


@given(
    glb_kib=st.integers(1, 2048),
    ifmap=st.integers(1, 60),
    weights=st.sampled_from([0, 5, 20, 39]),
    name=st.sampled_from(sorted(PE_TYPES)),
)
def test_stores_of_the_buffer_fill_it_to_less_than_an_entry_each(glb_kib: int, ifmap: int, weights: int, name: str):
    built = build_spec(
        config(pe_type=name, glb_kib=glb_kib, glb_ifmap_share=ifmap / 100, glb_weights_share=weights / 100), 1.0
    )
    shares = {"glb_weights": weights, "glb_ifmap": ifmap, "glb_psum": 100 - ifmap - weights}
    stores = [level for level in built.storages if level.cls == "qadam_SRAM"]
    assert len(stores) == (3 if weights else 2)
    for level in stores:
        share_bits = Fraction(shares[level.name], 100) * glb_kib * 8192
        assert level.depth is not None and level.depth >= 1
        assert 0 <= share_bits - level.depth * level.width < level.width


@pytest.mark.parametrize("clock", [0.2, 1.0, 1.37])
def test_bandwidths_of_the_parts_add_up(clock: float):
    spec = build_spec(config(glb_weights_share=0.2, glb_ifmap_share=0.3, glb_bandwidth=20, dram_gbps=25.6), clock)
    glb = [level for level in spec.storages if level.cls == "qadam_SRAM"]
    dram = [level for level in spec.storages if level.cls == "qadam_DRAM"]
    for kind in ("read_bandwidth", "write_bandwidth"):
        assert sum(getattr(level, kind) for level in glb) == pytest.approx(20)
        bytes_per_second = sum(getattr(level, kind) * level.datawidth / 8 for level in dram) * clock * 1e9
        assert bytes_per_second == pytest.approx(25.6e9)
    assert store(spec, "DRAM_weights").read_bandwidth == pytest.approx(25.6 * 0.5 / clock / 0.5)


def test_only_the_innermost_store_of_a_split_level_has_loops():
    spec = build_spec(config(glb_weights_share=0.1), 1.0)
    closed = dict.fromkeys(DIMENSIONS, 1)
    for name in ("DRAM_weights", "DRAM_ifmap", "glb_weights", "glb_ifmap"):
        assert store(spec, name).temporal.factors == closed
    for name in ("DRAM_psum", "glb_psum"):
        assert store(spec, name).temporal.factors == {}
        assert store(spec, name).temporal.permutation == ()


def test_dram_is_unbounded():
    assert [level.depth for level in build_spec(config(), 1.0).storages if level.cls == "qadam_DRAM"] == [None] * 3


def test_constraints_are_those_of_the_row_stationary_references():
    """Fixed factors and orders of the public Eyeriss-like example (mapper_refs.json), G=1 in the scratchpads added."""
    spec = build_spec(config(), 1.0)
    column, row = fanout(spec, "PE_column"), fanout(spec, "PE")
    assert set(column.constraint_x.factors) == set("NCPRS")
    assert "".join(column.constraint_x.permutation) == "GNCPRSQM"
    assert set(row.constraint_y.factors) == set("NPQR")
    assert "".join(row.constraint_y.permutation) == "GNPQRSCM"
    fixed = {"ifmap_spad": "NMCPQRSG", "weights_spad": "NMPQSG", "psum_spad": "NCRSPQG"}
    orders = {"ifmap_spad": "GNMCPQRS", "weights_spad": "GNMPQSCR", "psum_spad": "GNCPQRSM"}
    for name in fixed:
        assert set(store(spec, name).temporal.factors) == set(fixed[name])
        assert set(store(spec, name).temporal.factors.values()) == {1}
        assert "".join(store(spec, name).temporal.permutation) == orders[name]


def test_axes_of_extent_one_carry_no_loop():
    spec = build_spec(config(rows=1, cols=1), 1.0)
    closed = dict.fromkeys(DIMENSIONS, 1)
    for level in spec.fanouts:
        assert level.constraint_x.factors == closed and level.constraint_y.factors == closed


def test_instances_and_array_shape():
    spec = build_spec(config(rows=3, cols=5), 1.0)
    assert (spec.rows, spec.cols, spec.compute.instances) == (3, 5, 15)
    assert [level.instances for level in spec.storages] == [1, 1, 1, 1, 1, 15, 15, 15]


def test_mac_says_its_arithmetic():
    general = {"family": "shift-add", "act_bits": 6, "weight_bits": 8, "acc_bits": 20, "shift_terms": 2}
    assert build_spec(config(pe_type="lightpe2"), 1.0).compute.cls == "lightpe2_mac"
    mac = build_spec(config(pe_type=general), 1.0).compute
    assert mac.cls == "qadam_mac"
    assert mac.attributes == {
        "family": "shift-add",
        "activation_bits": 6,
        "weight_bits": 8,
        "accumulator_bits": 20,
        "shift_terms": 2,
        **{f"{name}_depth": getattr(config(), f"{name}_depth") for name in ("ifmap_spad", "weights_spad", "psum_spad")},
    }


def test_weights_are_written_and_read_with_one_address():
    addresses = {level.name: level.attributes.get("addresses") for level in build_spec(config(), 1.0).storages}
    assert addresses["weights_spad"] == "shared"
    assert addresses["ifmap_spad"] == addresses["psum_spad"] == "separate"
    assert addresses["glb_psum"] is None


def test_every_config_of_the_default_space_survives_its_yaml():
    for index, item in enumerate(default_space()):
        if index % 37 == 0:
            spec = build_spec(item, 0.7)
            again = read_spec(arch_yaml(item, 0.7, "test"))
            assert again.levels == spec.levels
            assert (again.name, again.technology, again.cycle_seconds) == (spec.name, "45nm", spec.cycle_seconds)


@pytest.mark.parametrize("name", ["eyeriss168", "fp32", "int16", "int8", "lightpe1", "lightpe2"])
def test_shipped_architectures_are_what_the_command_writes(name: str):
    design = load_config(data_dir("arch_specs") / f"{name}.yaml")
    assert design.clock_ghz == 0.2
    shipped = (data_dir("arch_specs") / "timeloop" / f"{name}.yaml").read_text()
    assert shipped == arch_yaml(design, design.clock_ghz, f"qadam-tl arch {name}.yaml")


def test_shipped_eyeriss_is_the_chip_of_the_paper():
    design = load_config(data_dir("arch_specs") / "eyeriss168.yaml")
    assert design.rows * design.cols == 168
    assert (design.ifmap_spad_depth, design.weights_spad_depth, design.psum_spad_depth) == (12, 224, 24)
    assert (design.pe.name, design.glb_kib) == ("int16", 108)
