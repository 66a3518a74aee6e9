"""`qadam-tl surrogate fit` and `sweep --engine surrogate`: fitted to the real mapper, checked against it."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_line import qadam_tl

from qadam_plugin.cli import app
from qadam_plugin.hardware.space import DesignSpace, load_space
from qadam_plugin.sweep.frames import results_frame
from qadam_plugin.sweep.store import ResultStore

SPACE = """
pe_type: [int16, lightpe1]
rows: [6, 8, 12]
cols: [8, 14]
weights_spad_depth: [28, 112]
psum_spad_depth: 8
glb_kib: [32, 108, 256]
where: ["rows * cols < 160"]
"""

NETWORK = """
name: small
dataset: cifar10
layers:
  - {name: first, kind: conv, inputs: 3, outputs: 16, size: 16, kernel: 3, padding: 1}
  - {name: third, kind: conv, inputs: 16, outputs: 32, size: 16, kernel: 1, stride: 2}
  - {name: last, kind: fc, inputs: 32, outputs: 10}
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the exact results of the whole space, the files beside it."""
    folder = tmp_path_factory.mktemp("surrogate")
    (folder / "space.yaml").write_text(SPACE)
    (folder / "net.yaml").write_text(NETWORK)
    command = ("sweep", folder / "space.yaml", "--network", folder / "net.yaml", "--out", folder / "exact")
    with pytest.raises(SystemExit) as stop:
        app.main([*map(str, command), "--jobs", "1"])
    assert stop.value.code in (0, None)
    with pytest.raises(SystemExit) as stop:
        app.main(["surrogate", "fit", str(folder / "exact")])
    assert stop.value.code in (0, None)
    return folder


def exact_results(folder: Path) -> pd.DataFrame:
    with ResultStore.reading(folder) as store:
        return results_frame(store)


def predictions(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "surrogate.parquet")


def sweep(capsys: pytest.CaptureFixture[str], folder: Path, out: Path, *more: object) -> tuple[int, str, str]:
    space = ("sweep", folder / "space.yaml", "--network", folder / "net.yaml", "--engine", "surrogate")
    return qadam_tl(capsys, *space, "--surrogate", folder / "exact", "--out", out, *more)


def test_results_too_few_to_fit_to_are_left_out_and_said_so(
    swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(swept / "exact", tmp_path / "exact")
    (tmp_path / "one.yaml").write_text(SPACE.replace("[int16, lightpe1]", "int8").replace("[6, 8, 12]", "6"))
    sweep = ("sweep", tmp_path / "one.yaml", "--network", swept / "net.yaml", "--out", tmp_path / "exact")
    assert qadam_tl(capsys, *sweep)[0] == 0
    code, out, _ = qadam_tl(capsys, "surrogate", "fit", tmp_path / "exact")
    assert code == 0
    assert "int8 on small: 12 valid results, left out: at least 20 are wanted" in out
    models = json.loads((tmp_path / "exact" / "surrogate.json").read_text())
    assert {record["pe_type"] for record in models["models"]} == {"int16", "lightpe1"}
    few = ("sweep", tmp_path / "one.yaml", "--network", swept / "net.yaml", "--engine", "surrogate")
    code, _, err = qadam_tl(capsys, *few, "--surrogate", tmp_path / "exact", "--out", tmp_path / "predicted")
    assert code == 2 and "int8: no models of this PE type" in err


def test_errors_printed_are_those_of_the_configs_held_out(swept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = qadam_tl(capsys, "surrogate", "fit", swept / "exact", "--json")
    assert code == 0
    errors = json.loads(out)
    with (swept / "exact" / "surrogate_held_out.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    exact = exact_results(swept / "exact").set_index("config_id")
    for record in errors:
        ours = [r for r in rows if (r["pe_type"], r["figure"]) == (record["pe_type"], record["figure"])]
        actual = np.array([float(row["actual"]) for row in ours])
        found = np.abs(np.array([float(row["predicted"]) for row in ours]) / actual - 1)
        assert record["held_out"]["points"] == len(ours) == 6
        assert record["held_out"]["median"] == pytest.approx(np.median(found), rel=1e-3)
        assert record["held_out"]["largest"] == pytest.approx(found.max(), rel=1e-3)
        assert actual == pytest.approx(
            exact.loc[[r["config_id"] for r in ours], record["figure"]].to_numpy(dtype=float)
        )
    for figure in ("latency_ms", "onchip_energy_uj", "energy_uj"):
        assert all(r["held_out"]["median"] < 0.03 for r in errors if r["figure"] == figure)


def test_predictions_of_a_space_are_near_its_exact_results(
    swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = sweep(capsys, swept, tmp_path, "--json")
    summary = json.loads(out.splitlines()[-1])
    assert code == 0 and summary["configs"] == summary["points"] == 60 and summary["outside"] == 0
    found, exact = predictions(tmp_path), exact_results(swept / "exact")
    keys = ["pe_type", "rows", "cols", "weights_spad_depth", "glb_kib"]
    found = found.astype({name: exact[name].dtype for name in keys})
    both = found.merge(exact, on=keys, suffixes=("", "_exact"), validate="one_to_one")
    assert len(both) == 60
    for name in ("area_mm2", "clock_ghz"):
        assert both[name].to_numpy() == pytest.approx(both[f"{name}_exact"].to_numpy(), rel=1e-6)
    for name in ("latency_ms", "energy_uj", "power_mw", "perf_per_area", "edp_uj_ms"):
        assert np.median(np.abs(both[name] / both[f"{name}_exact"] - 1)) < 0.03
    assert not (tmp_path / "results.sqlite").exists()


def test_refined_results_are_exact_and_hold_the_true_front(
    swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = sweep(capsys, swept, tmp_path, "--refine", "--json", "--jobs", 1)
    summary = json.loads(out.splitlines()[-1])
    assert code == 0 and summary["complete"] and summary["refined"] < 60
    everything = exact_results(swept / "exact").set_index("config_id")
    refined = exact_results(tmp_path).set_index("config_id")
    columns = ["cycles", "energy_uj", "area_mm2", "perf_per_area", "engine", "fingerprint"]
    pd.testing.assert_frame_equal(refined[columns], everything.loc[refined.index, columns])
    with (swept / "exact" / "pareto.csv").open() as one, (tmp_path / "pareto.csv").open() as other:
        assert [row["config_id"] for row in csv.DictReader(one)] == [row["config_id"] for row in csv.DictReader(other)]


def test_refining_stops_at_its_limit(swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = sweep(capsys, swept, tmp_path, "--refine", "--refine-limit", 3, "--json", "--jobs", 1)
    summary = json.loads(out.splitlines()[-1])
    assert code == 0 and summary["refined"] == 3 and not summary["complete"]


def test_configs_outside_the_training_are_flagged_and_not_refined(
    swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wider = swept / "wider.yaml"
    wider.write_text(
        "pe_type: int16\nrows: [8, 12, 64]\ncols: 8\nweights_spad_depth: 28\npsum_spad_depth: 8\nglb_kib: 32\n"
    )
    command = ("sweep", wider, "--network", swept / "net.yaml", "--engine", "surrogate", "--surrogate", swept / "exact")
    code, out, _ = qadam_tl(capsys, *command, "--out", tmp_path, "--refine", "--json", "--jobs", 1)
    assert code == 0 and json.loads(out.splitlines()[-1])["outside"] == 1
    found = predictions(tmp_path)
    assert found["outside"].tolist() == [False, False, True]
    # The one far outside may still be computed, as a step beside the front: exactly.
    assert set(exact_results(tmp_path)["engine"]) == {"rowstationary"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("--surrogate", "nowhere"), "no accelerator models here; `qadam-tl surrogate fit nowhere` makes them"),
        (("--objective", "energy"), "fitted for objective edp, batch 1, not objective energy, batch 1"),
        (("--network", "resnet20-cifar10"), "no models of 'resnet20-cifar10' as it is now; there are: small"),
        (("--metric", "utilization"), "'utilization' is not predicted"),
        (("--sample", "5"), "engine surrogate predicts the whole space"),
    ],
)
def test_what_the_models_cannot_answer_is_refused(
    swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str], words: str
) -> None:
    code, out, err = sweep(capsys, swept, tmp_path / "out", *change)
    assert code == 2 and out == "" and len(err.splitlines()) == 1 and words in err
    assert not (tmp_path / "out").exists()


def test_pe_type_without_models_and_changed_models_are_refused(
    swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (swept / "other.yaml").write_text("pe_type: [fp32, int16]\n")
    command = ("--network", swept / "net.yaml", "--engine", "surrogate", "--out", tmp_path, "--surrogate")
    code, _, err = qadam_tl(capsys, "sweep", swept / "other.yaml", *command, swept / "exact")
    assert code == 2 and "fp32: no models of this PE type; there are: int16, lightpe1" in err
    models = json.loads((swept / "exact" / "surrogate.json").read_text())
    (tmp_path / "surrogate.json").write_text(json.dumps({**models, "fingerprint": "0" * 16}))
    code, _, err = qadam_tl(capsys, "sweep", swept / "space.yaml", *command, tmp_path)
    assert code == 2 and "fitted to other component models or another mapper" in err


def test_results_of_nothing_that_can_be_fitted_are_refused(swept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = qadam_tl(capsys, "surrogate", "fit", swept / "exact", "--batch", 2)
    assert (
        code == 2 and "no results of engine rowstationary, objective edp, batch 2; it has: engine rowstationary" in err
    )


def test_sample_draws_distinct_configs_of_the_space(
    swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from qadam_plugin.hardware.space_arrays import sample_space

    space: DesignSpace = load_space(swept / "space.yaml")
    every = [config.config_id for config in space]
    drawn = [config.config_id for config in sample_space(space, 30, seed=1)]
    assert len(set(drawn)) == 30 and [key for key in every if key in set(drawn)] == drawn
    assert drawn != [config.config_id for config in sample_space(space, 30, seed=2)]
    assert [config.config_id for config in sample_space(space, 1000, seed=1)] == every
    command = ("sweep", swept / "space.yaml", "--network", swept / "net.yaml", "--out", tmp_path, "--jobs", 1)
    code, out, _ = qadam_tl(capsys, *command, "--sample", 5, "--seed", 1, "--json")
    assert code == 0 and json.loads(out.splitlines()[-1])["configs"] == 5
