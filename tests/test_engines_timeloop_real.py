"""The real Timeloop, where it is installed: same counts, cycles, energy and area as the embedded path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from family_files import OUTPUT_STATIONARY
from timeloop_runs import CONFIG, LAYER, NOT_INSTALLED, installed

from qadam_plugin.engines.base import LayerResult
from qadam_plugin.engines.registry import make_engine
from qadam_plugin.engines.timeloop import TimeloopEngine, timeloop_engine
from qadam_plugin.engines.timeloop_compare import compare_layer
from qadam_plugin.engines.timeloop_stats import RunStats
from qadam_plugin.errors import QadamError
from qadam_plugin.hardware.config import AcceleratorConfig, config_from_values, load_config
from qadam_plugin.hardware.family import family_from_text
from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.workloads.layer import Layer

pytestmark = [pytest.mark.real("timeloop"), pytest.mark.skipif(installed() is None, reason=NOT_INSTALLED)]

EYERISS = {"rows": 12, "cols": 14, "ifmap_spad_depth": 12, "weights_spad_depth": 224, "psum_spad_depth": 24}

CONFIGS = tuple(
    config_from_values({**EYERISS, "glb_kib": 108, **values}, "tests")
    for values in (
        {"pe_type": "lightpe1", "glb_weights_share": 0.25},
        {"pe_type": "lightpe2", "rows": 8, "cols": 8, "clock": 0.3},
        {"pe_type": "int16", "weights_spad_depth": 112, "glb_kib": 64},
        {"pe_type": "int8", "rows": 16, "dram_gbps": 3.2, "glb_bandwidth": 4},
        {"pe_type": "fp32", "psum_spad_depth": 16, "glb_weights_share": 0.1, "glb_ifmap_share": 0.6},
    )
)

#: Other families: one that ships, and one that is no part of the package.
FAMILIES = (
    load_config("simba_like"),
    load_config("simba_like").with_values({"pes": 4, "vector_lanes": 8, "accumulator_depth": 16, "glb_kib": 16.0}),
    AcceleratorConfig(family_from_text(OUTPUT_STATIONARY, "mine.yaml"), PE_TYPES["int8"], (4, 8, 64.0), 0.3),
)

#: A first layer, one of the middle, a strided one, a depthwise one, a matrix product.
LAYERS = (
    Layer(C=3, M=16, R=3, S=3, P=32, Q=32),
    Layer(C=32, M=32, R=3, S=3, P=16, Q=16),
    Layer(C=16, M=32, R=3, S=3, P=16, Q=16, Wstride=2, Hstride=2),
    Layer(R=3, S=3, P=14, Q=14, G=96),
    Layer(C=64, M=10, N=4),
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> TimeloopEngine:
    """The engine with a short search."""
    file = tmp_path_factory.mktemp("timeloop") / "settings.yaml"
    file.write_text("mapper: {victory_condition: 30}\n")
    return timeloop_engine(file)


@pytest.mark.parametrize("config", (*CONFIGS, *FAMILIES), ids=lambda config: f"{config.family.name}-{config.pe.name}")
def test_embedded_results_are_timeloops_own(config: AcceleratorConfig, engine: TimeloopEngine) -> None:
    design = make_engine("rowstationary").design(config)
    assert engine.design(config).facts.area_um2 == pytest.approx(design.facts.area_um2, rel=1e-9)
    results = [(layer, design.run(layer, "edp")) for layer in LAYERS]
    assert all(result.valid for _, result in results)
    mapped = [(layer, result.mapping) for layer, result in results]
    runs = engine.evaluate(config, design.facts.clock_ghz, mapped)
    for (layer, result), run in zip(results, runs, strict=True):
        assert isinstance(run, RunStats), run
        found = compare_layer(str(layer), result, run)
        assert found.findings == ()
        assert found.counts >= 32 and found.energy_difference < 1e-9


@pytest.fixture(scope="module")
def searched(engine: TimeloopEngine) -> LayerResult:
    """What timeloop-mapper finds for one layer."""
    return engine.design(CONFIG).run(LAYER, "edp")


def test_found_mapping_prices_the_same_in_the_model(engine: TimeloopEngine, searched: LayerResult) -> None:
    (run,) = engine.evaluate(CONFIG, 0.5, [(LAYER, searched.mapping)])
    assert isinstance(run, RunStats)
    assert compare_layer("x", searched, run).findings == ()


def test_mapper_is_never_better_than_the_proven_optimum(searched: LayerResult) -> None:
    best = make_engine("rowstationary").design(CONFIG).run(LAYER, "edp")
    assert best.optimal
    assert searched.cycles * searched.timeloop_pj >= best.lower_bound * (1 - 1e-9)


def test_search_repeats(engine: TimeloopEngine, searched: LayerResult) -> None:
    assert engine.design(CONFIG).run(LAYER, "edp") == searched


def test_objective_reaches_the_mapper(engine: TimeloopEngine, searched: LayerResult) -> None:
    energy = engine.design(CONFIG).run(LAYER, "energy")
    latency = engine.design(CONFIG).run(LAYER, "latency")
    assert energy.timeloop_pj < searched.timeloop_pj
    assert latency.cycles <= searched.cycles


@pytest.fixture(scope="module")
def by_accelergy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeloopEngine]:
    """The engine with Accelergy's tables, where Accelergy is installed and finds our plug-in."""
    file: Path = tmp_path_factory.mktemp("accelergy") / "settings.yaml"
    file.write_text("energies: accelergy\nmapper: {victory_condition: 30}\n")
    try:
        yield timeloop_engine(file)
    except QadamError as error:
        if "this version's models" in str(error):
            raise
        pytest.skip(f"real Accelergy: not installed, or without our plug-in ({type(error).__name__})")


@pytest.mark.real("accelergy")
@pytest.mark.parametrize("config", CONFIGS[:2], ids=lambda config: config.pe.name)
def test_accelergys_tables_give_the_embedded_result(config: AcceleratorConfig, by_accelergy: TimeloopEngine) -> None:
    design = by_accelergy.design(config)
    ours = make_engine("rowstationary").design(config)
    assert {who for _, who in design.facts.estimators} == {"qadam-tl"}
    assert design.facts.area_um2 == pytest.approx(ours.facts.area_um2, rel=1e-9)
    result = ours.run(LAYERS[1], "edp")
    (run,) = by_accelergy.evaluate(config, ours.facts.clock_ghz, [(LAYERS[1], result.mapping)])
    assert isinstance(run, RunStats)
    assert compare_layer("x", result, run).findings == ()


@pytest.mark.real("accelergy")
def test_accelergy_answers_for_every_part_of_simba(by_accelergy: TimeloopEngine) -> None:
    config = load_config("simba_like")
    design, ours = by_accelergy.design(config), make_engine("rowstationary").design(config)
    assert {who for _, who in design.facts.estimators} == {"qadam-tl"}
    assert design.facts.area_um2 == pytest.approx(ours.facts.area_um2, rel=1e-9)
    result = ours.run(LAYERS[3], "edp")
    (run,) = by_accelergy.evaluate(config, ours.facts.clock_ghz, [(LAYERS[3], result.mapping)])
    assert isinstance(run, RunStats)
    assert compare_layer("x", result, run).findings == ()
