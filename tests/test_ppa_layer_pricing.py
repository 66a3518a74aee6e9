"""Layers on PEs whose words hold several operands: folded layers against architectures with their lanes fanned out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qadam_plugin.engines.fronts import MixedDesign
from qadam_plugin.engines.rowstationary import RowStationaryEngine, RowStationarySettings
from qadam_plugin.errors import InputError
from qadam_plugin.hardware.archspec import Compute
from qadam_plugin.hardware.build import build_spec
from qadam_plugin.hardware.config import AcceleratorConfig, config_from_values
from qadam_plugin.hardware.pe_types import SUBWORD_TYPES
from qadam_plugin.hardware.subword import in_mode
from qadam_plugin.mapping.model import evaluate
from qadam_plugin.mapping.nest import SPATIAL_X, LevelLoops, Mapping
from qadam_plugin.mapping.search import search
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.components import SpadDepths, control
from qadam_plugin.ppa.families import MAC_SUBWORD
from qadam_plugin.ppa.layer_pricing import PricedLayer, priced_layer
from qadam_plugin.ppa.library import ModelLibrary, load_library
from qadam_plugin.ppa.pricing import price_layer, price_spec
from qadam_plugin.ppa.tables import load_table
from qadam_plugin.workloads.layer import Layer

LAYER = Layer(C=64, M=64, R=3, S=3, P=14, Q=14)


@pytest.fixture(scope="module")
def library() -> ModelLibrary:
    return load_library()


@pytest.fixture(scope="module")
def table() -> dict[str, dict[str, float]]:
    return {
        row.variant: dict(row.figures)
        for row in load_table(data_dir("estimator_tables") / "mac_subword.csv", MAC_SUBWORD)
    }


def config(pe_type: str) -> AcceleratorConfig:
    depths = {"ifmap_spad_depth": 12, "weights_spad_depth": 112, "psum_spad_depth": 16}
    return config_from_values({"pe_type": pe_type, "rows": 12, "cols": 14, "glb_kib": 108, **depths}, "test")


def on(pe_type: str, layer: Layer, library: ModelLibrary) -> PricedLayer:
    spec = build_spec(config(pe_type), 0.4)
    return priced_layer(SUBWORD_TYPES[pe_type], spec, price_spec(spec, library), layer, library)


def with_bits(layer: Layer, bits: int | None) -> Layer:
    return replace(layer, weight_bits=bits, input_bits=bits, output_bits=bits)


@pytest.mark.parametrize(("pe_type", "bits"), [("subword16", 8), ("subword16", 4), ("subword8", 4), ("subword8", 2)])
def test_a_folded_layer_counts_and_costs_what_fanned_out_lanes_do(
    pe_type: str, bits: int, library: ModelLibrary
) -> None:
    """The same mapping, with the lanes as a fan-out over C inside each PE: equal cycles, words and energies."""
    layer, pe = with_bits(LAYER, bits), SUBWORD_TYPES[pe_type]
    work = on(pe_type, layer, library)
    assert work.products == pe.act_bits // bits and 64 // work.products == work.layer.C
    spec = build_spec(config(pe_type), 0.4)
    found = search(spec, work.layer, work.priced.energy, "edp")
    assert found.mapping is not None and found.evaluation is not None
    lanes = build_spec(config(pe_type), 0.4, work.products)
    priced = price_layer(lanes, library, in_mode(pe, layer))
    assert priced.total_area_um2 == pytest.approx(work.priced.total_area_um2, rel=1e-12)
    assert priced.leakage_mw == pytest.approx(work.priced.leakage_mw, rel=1e-12)
    entry = LevelLoops("lanes", SPATIAL_X, (("C", work.products),))
    same = evaluate(lanes, in_mode(pe, layer), Mapping((*found.mapping.entries, entry)), priced.energy)
    assert same.violation is None
    assert same.cycles == found.evaluation.cycles
    assert same.computes == work.products * found.evaluation.computes
    assert same.energy_pj == pytest.approx(found.evaluation.energy_pj, rel=1e-12)
    for name, level in found.evaluation.levels.items():
        for tensor, counts in level.tensors.items():
            other = same.levels[name].tensors[tensor]
            assert (other.reads, other.fills, other.updates) == (counts.reads, counts.fills, counts.updates)


def test_an_operation_on_words_costs_what_was_measured_and_the_control(
    library: ModelLibrary, table: dict[str, dict[str, float]]
) -> None:
    rest = control(library, SpadDepths(12, 112, 16)).energy_pj["compute"]
    for pe_type, word in (("subword16", 16), ("subword8", 8)):
        idle = table[f"w{word}_b{word}"]["idle_pj"]
        for bits in (word, word // 2, word // 4):
            row = table[f"w{word}_b{bits}"]
            found = on(pe_type, with_bits(LAYER, bits), library).priced.energy.energy_pj["mac"]["compute"]
            assert found == pytest.approx(row["compute_pj"] - idle + rest)
            depthwise = replace(LAYER, C=1, M=1, G=64)
            alone = on(pe_type, with_bits(depthwise, bits), library)
            assert alone.products == 1
            assert alone.priced.energy.energy_pj["mac"]["compute"] == pytest.approx(row["one_lane_pj"] - idle + rest)


def test_operands_between_the_modes_are_kept_as_wide_as_the_mode(library: ModelLibrary) -> None:
    narrow = on("subword16", replace(LAYER, weight_bits=3, input_bits=6, output_bits=5), library)
    assert narrow == on("subword16", replace(LAYER, weight_bits=8, input_bits=8, output_bits=8), library)
    assert narrow.layer.output_bits == 8
    assert on("subword16", LAYER, library).layer == LAYER
    odd = on("subword16", replace(LAYER, C=3, weight_bits=4, input_bits=4), library)
    assert (odd.layer.C, odd.products) == (1, 4)


def test_narrow_layers_take_fewer_cycles_and_less_energy_unless_energy_is_fixed() -> None:
    layers = [with_bits(LAYER, bits) for bits in (8, 4, 2)]
    eight, four, two = (RowStationaryEngine().design(config("subword8")).run(layer, "edp") for layer in layers)
    assert (eight.cycles, eight.cycles) == (2 * four.cycles, 4 * two.cycles)
    assert eight.onchip_pj > 2 * four.onchip_pj > 4 * two.onchip_pj > 0
    assert eight.optimal and four.optimal and two.optimal
    fixed = RowStationaryEngine(RowStationarySettings(mac_energy="fixed"))
    wide, narrow = (fixed.design(config("subword8")).run(layer, "edp") for layer in (LAYER, layers[1]))
    assert narrow.mac_pj == wide.mac_pj and narrow.cycles == wide.cycles
    padded = RowStationaryEngine().design(config("subword8")).run(replace(layers[2], C=3), "edp")
    assert padded.utilization <= 0.75


def test_the_front_of_a_folded_layer_holds_the_best_mapping() -> None:
    design = RowStationaryEngine().design(config("subword16"))
    assert isinstance(design, MixedDesign)
    packings = set()
    for bits in (16, 8, 4):
        layer = with_bits(LAYER, bits)
        point = design.front(layer).best(design.operation_pj(layer), "edp")
        found, best = design.priced(layer, point, "edp"), design.run(layer, "edp")
        assert (found.cycles, found.utilization) == (best.cycles, best.utilization)
        assert found.timeloop_pj == pytest.approx(best.timeloop_pj, rel=1e-12)
        assert point.operations * 16 == layer.macs * bits
        packings.add(design.packing(layer))
    assert len(packings) == 3
    assert design.packing(with_bits(LAYER, 7)) == design.packing(with_bits(LAYER, 8))


def test_lanes_that_a_word_does_not_have_are_refused(library: ModelLibrary) -> None:
    spec = build_spec(config("subword16"), 0.4, 4)
    with pytest.raises(InputError, match=r"mac.attributes.lanes: 1 or 2 is wanted for subword16 on operands of these"):
        price_layer(spec, library, with_bits(LAYER, 8))
    with pytest.raises(InputError, match=r"mac.attributes.lanes: 1 is wanted for subword16 on operands of these bits"):
        price_spec(spec, library)
    compute = spec.compute
    assert isinstance(compute, Compute) and compute.attributes["lanes"] == compute.attributes["macs_per_pe"] == 4
    deep = replace(compute, attributes={**compute.attributes, "lanes": 1, "pipeline": 2})
    with pytest.raises(InputError, match="MACs of family subword have 1 pipeline rank, not 2"):
        price_spec(replace(spec, levels=(*spec.levels[:-1], deep)), library)
