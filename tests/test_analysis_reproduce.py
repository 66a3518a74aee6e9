"""Published results beside ours: the tables of the Eyeriss papers, and QADAM's ratios."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from command_line import PROGRAM, begin, count, interrupt, wait_until
from typer.testing import CliRunner

from qadam_plugin.analysis.reproduce.eyeriss import chip_config, chip_layers, energy_layers, relative_costs
from qadam_plugin.analysis.reproduce.headline import headline, spreads
from qadam_plugin.analysis.summary import compare
from qadam_plugin.cli.app import build_app
from qadam_plugin.engines.registry import make_engine
from qadam_plugin.hardware.build import build_spec


def test_layers_on_the_eyeriss_chip_take_as_long_as_their_macs_on_the_busy_pes() -> None:
    config = chip_config()
    design = make_engine("rowstationary").design(config)
    layers = chip_layers(design, config, design.facts.clock_ghz)
    assert [layer.layer for layer in layers] == ["conv1", "conv2", "conv3", "conv4", "conv5"]
    # MACs of batch 4 as published: 0.42, 0.90, 0.60, 0.45, 0.30 G, at 200 MHz.
    for layer, gmacs in zip(layers, (0.42, 0.90, 0.60, 0.45, 0.30), strict=True):
        assert layer.ours_ms == pytest.approx(gmacs / layer.ours_pes / 0.2 * 1e3, rel=0.01)
        assert layer.ours_ms < layer.measured_ms
        assert layer.with_loading_ms > layer.ours_ms
    # 13 columns of 3 x 4 or 12 rows, as on the chip.
    assert [layer.ours_pes for layer in layers[2:]] == [156, 156, 156]
    # Where the mapping is the chip's, the time is too, once loading the weights is counted.
    assert [layer.with_loading_ms / layer.measured_ms for layer in layers[2:]] == pytest.approx([1, 1, 1], abs=0.1)


def test_register_file_energy_of_isca_2016_is_four_accesses_per_mac() -> None:
    for layer in energy_layers():
        assert layer.ours_alu == pytest.approx(layer.published_alu, abs=0.01)
        assert layer.ours_rf == pytest.approx(layer.published_rf, rel=0.03)
        assert layer.ours_rf > 4 * layer.ours_alu  # reads of three operands, a write, and the fills


def test_relative_costs_are_per_word_whatever_an_access_brings() -> None:
    spec = build_spec(chip_config(), 0.2)
    costs = relative_costs(spec).energy_pj
    for storage in spec.storages:
        per_word = costs[storage.name]["read"] / storage.block_size
        assert per_word == {"DRAM": 200, "glb_": 6}.get(storage.name[:4], 1)


def _result(pe_type: str, perf: float, energy: float, network: str = "net") -> dict[str, object]:
    return {
        **{"network": network, "batch": 1, "engine": "rowstationary", "objective": "edp", "clock": "auto"},
        **{"fingerprint": "f", "valid": True, "pe_type": pe_type, "config_id": pe_type, "clock_ghz": 1.0},
        **{"rows": 1, "cols": 1, "glb_kib": 8.0, "perf_per_area": perf, "onchip_energy_uj": energy},
        **{f"{name}_spad_depth": 1 for name in ("ifmap", "weights", "psum")},
        "energy_uj": 2 * energy,
    }


def test_ratios_are_taken_to_the_best_int16_and_averaged_over_networks() -> None:
    rows = [_result("int16", 10, 8), _result("int16", 5, 4), _result("lightpe1", 40, 2), _result("lightpe1", 20, 1)]
    rows += [_result("int16", 10, 4, "other"), _result("lightpe1", 20, 2, "other")]
    results = pd.DataFrame(rows)
    found = {(row.network, row.pe_type): row for row in headline(compare(results))}
    assert (found["net", "lightpe1"].perf_per_area, found["net", "lightpe1"].onchip_energy) == (4, 4)
    assert (found["mean", "lightpe1"].perf_per_area, found["mean", "lightpe1"].onchip_energy) == (3, 3)
    assert found["paper", "lightpe1"].perf_per_area == 4.8
    assert ("net", "int16") not in found
    spread = {row.network: row for row in spreads(results)}
    assert (spread["net"].perf_per_area, spread["net"].onchip_energy) == (8, 8)


def test_reproduce_prints_both_eyeriss_tables_as_json() -> None:
    done = CliRunner().invoke(build_app(), ["reproduce", "--only", "eyeriss", "--json"])
    answer = json.loads(done.stdout)
    assert [row["layer"] for row in answer["eyeriss_chip"]] == [row["layer"] for row in answer["eyeriss_energy"]]
    assert answer["eyeriss_chip"][1]["measured_ms"] == 39.2


@pytest.mark.slow
def test_interrupted_reproduce_says_what_is_kept_and_exits_130(tmp_path: Path) -> None:
    command = (*PROGRAM, "reproduce", "--only", "ratios", "--network", "resnet20-cifar10", "--out", "kept")
    running = begin(command, tmp_path)
    wait_until(lambda: count(tmp_path / "kept" / "results.sqlite", "layers") >= 1, running)
    lines = interrupt(running).splitlines()
    assert lines[-2].endswith("configs are done and kept in kept; the same command goes on from there")
