"""QADAM-TL from Python: the same answers as the command line, on pandas tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qadam_plugin import api as qadam
from qadam_plugin.errors import InputError
from qadam_plugin.sweep.runner import Progress
from qadam_plugin.workloads.network import load_network

SPACE = {
    **{"pe_type": ["int16", "lightpe1"], "rows": 4, "cols": [4, 8], "glb_kib": 16},
    **{"ifmap_spad_depth": 12, "weights_spad_depth": 48, "psum_spad_depth": 16},
}
CONFIG = {**SPACE, "pe_type": "int16", "cols": 8}
NETWORK = """
name: two
dataset: cifar10
layers:
- {name: conv, kind: conv, inputs: 3, outputs: 16, size: 8, kernel: 3, padding: 1}
- {name: fc, kind: fc, inputs: 16, outputs: 10}
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("networks") / "two.yaml"
    path.write_text(NETWORK)
    return path


@pytest.fixture(scope="module")
def folder(network: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("api") / "results"
    results = qadam.sweep(SPACE, network, out=path, jobs=1)
    assert list(results["valid"]) == [True] * 4
    return path


def test_a_sweep_is_what_its_folder_holds_and_is_not_computed_again(folder: Path, network: Path) -> None:
    seen: list[Progress] = []
    again = qadam.sweep(SPACE, network, out=folder, jobs=1, progress=seen.append)
    assert seen[-1].computed_layers == 0
    pd.testing.assert_frame_equal(again, qadam.load(folder).reset_index(drop=True))


def test_evaluating_one_config_gives_the_row_of_the_sweep_and_its_layers(folder: Path, network: Path) -> None:
    found = qadam.evaluate(CONFIG, network)
    row = qadam.load(folder, where='pe_type == "int16" and cols == 8').iloc[0]
    for name in ("energy_uj", "cycles", "area_mm2", "config_id"):
        assert found.totals[name] == row[name]
    assert list(found.layers["layer"]) == ["conv", "fc"]
    assert found.layers["cycles"].sum() == row["cycles"]


def test_the_front_is_that_of_every_pair_compared(folder: Path) -> None:
    results = qadam.load(folder)
    front = qadam.pareto(results, ("area_mm2", "latency_ms"))
    costs = results[["area_mm2", "latency_ms"]].to_numpy()
    beaten = [any((other <= mine).all() and (other < mine).any() for other in costs) for mine in costs]
    assert set(front["config_id"]) == set(results["config_id"][~np.array(beaten)])
    assert front["area_mm2"].is_monotonic_increasing
    assert set(qadam.pareto(results, where='pe_type == "int16"')["pe_type"]) == {"int16"}


def test_a_figure_can_be_saved(folder: Path, tmp_path: Path) -> None:
    figure = qadam.plot(folder, "energy")
    figure.savefig(tmp_path / "energy.png")
    assert (tmp_path / "energy.png").stat().st_size > 10_000


def test_mapping_a_layer_is_proven_and_counts_all_its_macs(network: Path) -> None:
    layer = load_network(network).layers[0].layer
    found = qadam.map_layer(CONFIG, layer, "energy")
    assert found.optimal and found.evaluation is not None
    assert found.evaluation.cycles * found.evaluation.utilization * 32 == pytest.approx(layer.macs)


def test_estimates_hold_every_part_of_a_config() -> None:
    parts = qadam.estimate(CONFIG).set_index("component")
    assert parts.loc["weights_spad", "instances"] == 32
    assert np.nanmax(parts["compute_pj"].to_numpy()) > 0
    assert np.all(parts["area_um2"].to_numpy() >= 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: qadam.sweep({"row": 4}), "row: unknown key"),
        (lambda: qadam.sweep(SPACE, "resnet21"), "resnet21"),
        (lambda: qadam.evaluate({**CONFIG, "rows": 0}), "rows"),
        (lambda: qadam.plot("nowhere", "energies"), "no figure 'energies'"),
        (lambda: qadam.load("nowhere"), "nowhere"),
        (lambda: qadam.map_layer(CONFIG, None, "speed"), "unknown objective 'speed'"),  # type: ignore[arg-type]
    ],
)
def test_bad_input_is_one_clear_line(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError) as caught:
        call()
    assert message in str(caught.value) and "\n" not in str(caught.value)
