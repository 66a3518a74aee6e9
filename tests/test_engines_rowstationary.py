"""The row-stationary engine: what it stores is what the mapper counts and the models price."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from qadam_plugin.engines.base import LayerResult
from qadam_plugin.engines.registry import ENGINES, make_engine
from qadam_plugin.engines.rowstationary import RowStationaryEngine, RowStationarySettings
from qadam_plugin.errors import InputError
from qadam_plugin.hardware.build import build_spec
from qadam_plugin.hardware.config import config_from_values
from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.mapping.model import evaluate
from qadam_plugin.mapping.nest import LevelLoops, Mapping
from qadam_plugin.ppa.library import load_library
from qadam_plugin.ppa.pricing import price_layer, price_spec
from qadam_plugin.workloads.layer import Layer

#: A layer of ResNet-20's first stage, a strided one and a fully connected one.
LAYERS = (
    Layer(C=16, M=16, R=3, S=3, P=32, Q=32),
    Layer(C=16, M=32, R=3, S=3, P=16, Q=16, Wstride=2, Hstride=2),
    Layer(C=64, M=10),
)

SMALL_INT16 = config_from_values(
    {"pe_type": "int16", "rows": 8, "cols": 8, "glb_kib": 64}
    | {"ifmap_spad_depth": 12, "weights_spad_depth": 112, "psum_spad_depth": 16},
    "tests",
)
CONFIGS = {
    "int16": SMALL_INT16,
    "lightpe1": replace(SMALL_INT16, pe=PE_TYPES["lightpe1"]),
    "no room for psums": SMALL_INT16.with_values({"psum_spad_depth": 1, "glb_kib": 1.0}),
}


@pytest.fixture(scope="module")
def results() -> dict[tuple[str, int], LayerResult]:
    engine = RowStationaryEngine()
    return {
        (name, index): engine.design(config).run(layer, "edp")
        for name, config in CONFIGS.items()
        for index, layer in enumerate(LAYERS)
    }


@pytest.mark.parametrize("index", range(len(LAYERS)))
@pytest.mark.parametrize("name", CONFIGS)
def test_stored_mapping_counts_and_costs_what_is_stored(
    results: dict[tuple[str, int], LayerResult], name: str, index: int
) -> None:
    result = results[name, index]
    assert result.valid, result.reason
    library = load_library()
    clock_ghz = RowStationaryEngine().design(CONFIGS[name]).facts.clock_ghz
    spec = build_spec(CONFIGS[name], clock_ghz)
    priced = price_spec(spec, library)
    mapping = Mapping(tuple(LevelLoops(level, kind, loops) for level, kind, loops in result.mapping))
    counted = evaluate(spec, LAYERS[index], mapping, priced.energy)
    assert counted.valid
    assert (counted.cycles, counted.utilization) == (result.cycles, result.utilization)
    assert result.timeloop_pj == pytest.approx(counted.energy_pj, rel=1e-12)
    # Reads of words, in accesses of a block, are what DRAM energy is made of.
    assert result.psum_spills == counted.levels["DRAM_psum"].tensors["Outputs"].reads


@pytest.mark.parametrize("name", CONFIGS)
def test_energies_add_up(results: dict[tuple[str, int], LayerResult], name: str) -> None:
    for index in range(len(LAYERS)):
        result = results[name, index]
        parts = sum(access.energy_pj for access in result.accesses) + sum(result.leakage_pj.values()) + result.mac_pj
        assert result.timeloop_pj == pytest.approx(parts, rel=1e-6)
        assert result.energy_pj == pytest.approx(result.timeloop_pj + result.idle_pj, rel=1e-9)
        dram = sum(access.energy_pj for access in result.accesses if access.level.startswith("DRAM"))
        assert result.dram_pj == pytest.approx(dram, rel=1e-9)
        assert result.idle_pj > 0 and result.onchip_pj > result.mac_pj > 0


def test_every_operand_comes_from_dram_at_least_once_and_every_output_goes_there(
    results: dict[tuple[str, int], LayerResult],
) -> None:
    for (_, index), result in results.items():
        layer = LAYERS[index]
        counts = {(access.level, access.tensor): access for access in result.accesses}
        assert counts["DRAM_weights", "Weights"].reads >= layer.weights
        assert counts["DRAM_psum", "Outputs"].updates == layer.outputs + result.psum_spills
        macs = [access for access in result.accesses if access.level == "weights_spad"]
        assert sum(access.reads for access in macs) >= layer.macs / max(1, layer.P * layer.Q)


def test_proof_holds_for_the_objective(results: dict[tuple[str, int], LayerResult]) -> None:
    for result in results.values():
        cost = result.timeloop_pj * result.cycles
        assert result.optimal
        assert result.lower_bound == pytest.approx(cost, rel=1e-9)


def test_no_objective_is_beaten_in_its_own_measure() -> None:
    design = RowStationaryEngine().design(SMALL_INT16)
    found = {objective: design.run(LAYERS[0], objective) for objective in ("edp", "energy", "latency")}
    assert min(found, key=lambda name: (found[name].timeloop_pj, name != "energy")) == "energy"
    assert min(found, key=lambda name: (found[name].cycles, name != "latency")) == "latency"
    assert min(found, key=lambda name: (found[name].timeloop_pj * found[name].cycles, name != "edp")) == "edp"


def test_design_knows_its_area_clock_and_what_is_out_of_range() -> None:
    engine = RowStationaryEngine()
    facts = engine.design(SMALL_INT16).facts
    priced = price_spec(build_spec(SMALL_INT16, facts.clock_ghz), load_library())
    assert facts.valid and facts.area_um2 == priced.array_area_um2 + priced.buffer_area_um2
    assert engine.design(replace(SMALL_INT16, clock_ghz=0.1)).facts.clock_ghz == 0.1
    wide = engine.design(SMALL_INT16.with_values({"weights_spad_depth": 5000})).facts
    assert any("weights_spad" in line for line in wide.out_of_range)


def test_engine_travels_light_and_answers_the_same_elsewhere() -> None:
    engine = RowStationaryEngine()
    fingerprint = engine.fingerprint
    packed = pickle.dumps(engine)
    assert len(packed) < 1000
    other = pickle.loads(packed)
    assert other.fingerprint == fingerprint
    assert other.design(SMALL_INT16).run(LAYERS[2], "edp") == engine.design(SMALL_INT16).run(LAYERS[2], "edp")


def test_an_operation_costs_less_on_a_layers_narrow_operands() -> None:
    """At full width as without bits; with `mac_energy: fixed` always so; else what the models say for the bits."""
    clock_ghz = RowStationaryEngine().design(SMALL_INT16).facts.clock_ghz
    spec, library = build_spec(SMALL_INT16, clock_ghz), load_library()
    engines = RowStationaryEngine(), RowStationaryEngine(RowStationarySettings(mac_energy="fixed"))
    wide, narrow = LAYERS[2], replace(LAYERS[2], input_bits=8, weight_bits=4)
    (found, fixed) = (engine.design(SMALL_INT16).run(narrow, "energy") for engine in engines)
    per_op = price_layer(spec, library, narrow).energy.energy_pj["mac"]["compute"]
    assert found.mac_pj == pytest.approx(narrow.macs * per_op, rel=1e-9)
    whole = engines[0].design(SMALL_INT16).run(wide, "energy")
    assert fixed.mac_pj == pytest.approx(whole.mac_pj, rel=1e-9)
    assert found.mac_pj < 0.6 * fixed.mac_pj
    full = replace(wide, input_bits=16, weight_bits=16)
    assert engines[0].design(SMALL_INT16).run(full, "energy").mac_pj == whole.mac_pj


def test_settings_are_checked_and_belong_to_the_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "engine.yaml"
    file.write_text("mac_energy: fixed\n")
    engine, default = make_engine("rowstationary", file), make_engine("rowstationary")
    assert engine.fingerprint != default.fingerprint
    assert pickle.loads(pickle.dumps(engine)).fingerprint == engine.fingerprint
    file.write_text("mac_energy: bits\n")
    assert make_engine("rowstationary", file).fingerprint == default.fingerprint
    file.write_text("mac_enregy: fixed\n")
    with pytest.raises(InputError, match=r"engine.yaml: mac_enregy"):
        make_engine("rowstationary", file)


def test_registry_knows_its_engines_and_refuses_others() -> None:
    assert set(ENGINES) == {"rowstationary", "timeloop"}
    assert make_engine("rowstationary").name == "rowstationary"
    with pytest.raises(InputError, match=r"--engine: unknown engine 'zigzag'; known: .*rowstationary"):
        make_engine("zigzag")
