"""Designs shown in detail: the right ones, and parts that add up to what the results say."""

from __future__ import annotations

from pathlib import Path

import pytest
from analysis_tables import RESULTS
from sweep_helpers import plan, sweep

from qadam_plugin.analysis.designs import (
    ShownGroup,
    best_designs,
    component_energy_pj,
    component_of,
    shown_designs,
)
from qadam_plugin.analysis.metrics import METRICS
from qadam_plugin.engines.rowstationary import RowStationaryEngine
from qadam_plugin.hardware.space import parse_space
from qadam_plugin.sweep.exports import results_frame
from qadam_plugin.sweep.store import ResultStore
from qadam_plugin.workloads.layer import Layer
from qadam_plugin.workloads.network import Network, NetworkLayer

SPACE = """
pe_type: [int16, lightpe1]
rows: 3
cols: 4
weights_spad_depth: 28
glb_kib: [16, 64]
"""

NETWORK = Network(
    "small",
    "cifar10",
    (
        NetworkLayer("conv", "conv", Layer(C=4, M=8, R=3, S=3, P=8, Q=8), 3),
        NetworkLayer("fc", "fc", Layer(C=16, M=10), 1),
    ),
)


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> list[ShownGroup]:
    """The best designs of a small sweep with the real engine, mapped for a batch of two."""
    folder: Path = tmp_path_factory.mktemp("sweep")
    sweep(folder, plan(parse_space(SPACE, "space.yaml"), (NETWORK,), RowStationaryEngine(), batch=2))
    with ResultStore.reading(folder) as store:
        return shown_designs(store, results_frame(store), METRICS["energy_uj"])


def test_best_design_of_each_type_depends_on_what_it_is_best_in() -> None:
    ((key, fastest),) = best_designs(RESULTS, METRICS["perf_per_area"])
    assert key["network"] == "n"
    assert {name: best.row["config_id"] for name, best in fastest.items()} == {
        "int16": "i1",
        "lightpe1": "l1",
        "fp32": "f1",
    }
    ((_, thriftiest),) = best_designs(RESULTS.assign(valid=RESULTS["pe_type"] != "fp32"), METRICS["onchip_energy_uj"])
    assert {name: best.row["config_id"] for name, best in thriftiest.items()} == {"int16": "i2", "lightpe1": "l2"}


def test_layers_add_up_to_the_networks_result(groups: list[ShownGroup]) -> None:
    (group,) = groups
    # In the order of the results, each type's own design.
    assert [design.pe_type for design in group.designs] == ["int16", "lightpe1"]
    for design in group.designs:
        row = design.row
        energy = sum(sum(layer.energy_uj.values()) * layer.count for layer in design.layers)
        assert energy == pytest.approx(row["energy_uj"])
        dram = sum(layer.energy_uj["DRAM"] * layer.count for layer in design.layers)
        assert dram == pytest.approx(row["dram_energy_uj"])
        assert sum(layer.cycles * layer.count for layer in design.layers) == row["cycles"]
        assert [layer.macs for layer in design.layers] == [2 * item.layer.macs for item in NETWORK.layers]
        assert design.peak_gmacs == pytest.approx(12 * row["clock_ghz"])


def test_traffic_is_in_bytes_of_each_tensors_own_width(groups: list[ShownGroup]) -> None:
    fc = Layer(C=16, M=10)
    (group,) = groups
    for design in group.designs:
        act, weight = design.row["act_bits"] / 8, design.row["weight_bits"] / 8
        # Everything fits the buffers: each word passes once, activations twice for the batch of two.
        assert design.layers[1].dram_bytes == fc.weights * weight + 2 * (fc.inputs + fc.outputs) * act


def test_no_design_reaches_above_its_roofs(groups: list[ShownGroup]) -> None:
    for design in groups[0].designs:
        for layer in design.layers:
            gmacs = layer.macs / layer.cycles * design.row["clock_ghz"]
            assert gmacs <= design.peak_gmacs * (1 + 1e-9)
            assert gmacs <= design.row["dram_gbps"] * layer.macs / layer.dram_bytes


def test_components_of_a_mapped_layer_add_up_to_its_energy() -> None:
    config = next(iter(parse_space(SPACE, "space.yaml")))
    result = RowStationaryEngine().design(config).run(NETWORK.layers[0].layer, "edp")
    parts = component_energy_pj(result, config.family)
    assert sum(parts.values()) == pytest.approx(result.energy_pj)
    assert tuple(parts) == ("MAC", "ifmap spad", "weights spad", "psum spad", "global buffer", "DRAM", "idle")
    assert component_of("glb_psum", config.family) == "global buffer"
    assert component_of("my_level", config.family) == "my_level"
