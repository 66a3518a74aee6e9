"""`qadam-tl explore` as it is typed: output, files, exit codes, an interruption."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from arithmetic_engine import ArithmeticEngine
from command_line import begin, complaint, count, interrupt, qadam_tl, wait_until
from sweep_helpers import NETWORK_FILE

from qadam_plugin.engines.registry import ENGINES

HELPERS = Path(__file__).parent / "sweep_helpers.py"

SPACE = """
pe_type: [int16, lightpe1]
rows: [2, 3]
cols: [4, 5]
ifmap_spad_depth: [2, 12]
glb_kib: 64
"""

ACCURACY = "network,pe_type,top1_mean,top1_spread\ntiny,int16,91.5,0.1\ntiny,lightpe1,89.5,0.2\n"

EXPLORE = ("explore", "space.yaml", "--network", "tiny.yaml", "--engine", "arithmetic")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with a space, a network and accuracies, and the arithmetic engine known."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(ENGINES, "arithmetic", lambda settings: ArithmeticEngine())
    (tmp_path / "space.yaml").write_text(SPACE)
    (tmp_path / "tiny.yaml").write_text(NETWORK_FILE)
    (tmp_path / "accuracy.csv").write_text(ACCURACY)
    return tmp_path


def test_search_leaves_the_files_of_a_sweep_and_goes_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = qadam_tl(capsys, *EXPLORE, "--jobs", "1", "--trials", "6", "--out", "found")
    assert code == 0, err
    assert "6 designs of 16 combinations (0 known before)" in out and "tiny: " in out and "lightpe1" in out
    assert "6 of 6 designs" in err and "hypervolume" in err
    names = {path.name for path in (folder / "found").iterdir()}
    assert {"results.csv", "pareto.csv", "pareto.png", "runs.csv", "explore.csv", "explore.db"} <= names
    code, out, err = qadam_tl(capsys, *EXPLORE, "--jobs", "1", "--trials", "100", "--out", "found", "--json")
    assert code == 0, err
    summary = json.loads(out)
    assert (
        summary.pop("seconds") > 0 and summary.pop("hypervolume") > 0 and summary.pop("study").startswith("space.yaml")
    )
    assert summary == {"designs": 16, "known_before": 6, "feasible": 8, "front": summary["front"]}
    with (folder / "found" / "explore.csv").open(newline="") as handle:
        history = list(csv.DictReader(handle))
    assert len({row["config_id"] for row in history}) == 16
    # The default objectives are those of pareto.csv.
    with (folder / "found" / "pareto.csv").open(newline="") as handle:
        front = {row["config_id"] for row in csv.DictReader(handle)}
    assert {row["config_id"] for row in history if row["front"] == "true"} == front and len(front) == summary["front"]


def test_space_that_no_sweep_could_walk_is_searched(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wide = "{from: 16, to: 1024, step: 1}"
    ranges = f"rows: {wide}\ncols: {wide}\nweights_spad_depth: {wide}\nglb_kib: {wide}\nifmap_spad_depth: {wide}\n"
    (folder / "space.yaml").write_text(ranges + 'where: ["rows * cols <= 4096"]\n')
    code, out, err = qadam_tl(capsys, *EXPLORE, "--jobs", "1", "--trials", "4", "--sampler", "nsga2")
    assert code == 0, err
    assert f"4 designs of {4 * 1009**5} combinations" in out
    with (folder / "qadam-results" / "results.csv").open(newline="") as handle:
        assert all(int(row["rows"]) * int(row["cols"]) <= 4096 for row in csv.DictReader(handle))


def test_pe_types_below_an_accuracy_are_not_evaluated(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limit = ("--accuracy", "accuracy.csv", "--constraint", "top1 >= 90")
    code, _, err = qadam_tl(capsys, *EXPLORE, *limit, "--jobs", "1")
    assert code == 0, err
    with (folder / "qadam-results" / "explore.csv").open(newline="") as handle:
        assert [row["pe_type"] for row in csv.DictReader(handle)] == ["int16"] * 8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sampler", "guess"], "--sampler: unknown sampler 'guess'; known: nsga2, tpe, random"),
        (["--objective", "speed"], "--objective: unknown metric 'speed'; known: perf_per_area, "),
        (["--objective", "top1"], "--objective: top1 needs a file of accuracies: --accuracy FILE"),
        (["--constraint", "area_mm2 < 2"], "--constraint: 'area_mm2 < 2' is no limit; one such as 'area_mm2 <= 2'"),
        (["--map-for", "speed"], "--map-for: unknown objective 'speed'; known: edp, energy, latency"),
        (["--storage", "explore.db"], "--storage: 'explore.db' is no database URL; wanted is a database URL such as"),
        (["--storage", "oracel://host/x"], "--storage: oracel://host/x: unknown kind of database; wanted is"),
        (["--storage", "sqlite:///missing/x.db"], "--storage: sqlite:///missing/x.db cannot be opened (unable to open"),
        (["--storage", "sqlite:///space.yaml"], "--storage: sqlite:///space.yaml cannot be opened (file is not a"),
        (["--accuracy", "accuracy.csv", "--constraint", "top1 >= 95"], "no PE type of the space keeps top1 >= 95"),
    ],
)
def test_mistake_is_one_line_and_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert message in complaint(capsys, folder / "qadam-results", *EXPLORE, *arguments)


def test_password_of_a_database_is_not_repeated(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = qadam_tl(capsys, *EXPLORE, "--storage", "oracel://me:secret@host/x")
    assert code == 2 and "secret" not in err and "oracel://me:***@host/x" in err


def test_driver_that_is_not_installed_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = qadam_tl(capsys, *EXPLORE, "--storage", "mysql+mysqlconnector://me@host/x")
    assert code == 2 and "its driver is not installed (No module named 'mysql')" in err


def test_accuracy_that_lacks_a_pe_type_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "accuracy.csv").write_text("\n".join(ACCURACY.splitlines()[:2]))
    code, _, err = qadam_tl(capsys, *EXPLORE, "--accuracy", "accuracy.csv", "--objective", "top1")
    assert code == 2 and "accuracy.csv: no accuracy of tiny with lightpe1" in err


@pytest.mark.slow
def test_interrupted_search_says_where_it_is_and_exits_130(folder: Path) -> None:
    (folder / "space.yaml").write_text(SPACE.replace("[2, 3]", "{from: 2, to: 7, step: 1}"))
    command = (sys.executable, str(HELPERS), *EXPLORE, "--jobs", "2", "--trials", "48", "--at-once", "2")
    search = begin(command, folder)
    wait_until(lambda: count(folder / "qadam-results" / "explore.db", "trials WHERE state = 'COMPLETE'") >= 3, search)
    assert "the same command goes on from there" in interrupt(search)
    ended = subprocess.run([*command, "--json"], cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(ended.stdout)
    assert summary["designs"] == 48 and 2 <= summary["known_before"] < 48


@pytest.mark.slow
def test_two_that_begin_at_once_on_one_database_share_their_trials(folder: Path) -> None:
    (folder / "space.yaml").write_text(SPACE.replace("[2, 3]", "{from: 2, to: 11, step: 1}"))
    command = [
        sys.executable,
        str(HELPERS),
        *EXPLORE,
        "--jobs",
        "1",
        "--trials",
        "60",
        "--storage",
        "sqlite:///both.db",
    ]
    machines = [
        subprocess.Popen([*command, "--seed", out, "--out", out], cwd=folder, stderr=subprocess.PIPE, text=True)
        for out in ("1", "2")
    ]
    for machine in machines:
        _, err = machine.communicate(timeout=300)
        assert machine.returncode == 0, err
    evaluated = [config_ids(folder / out / "results.csv") for out in ("1", "2")]
    assert all(evaluated) and len(evaluated[0] | evaluated[1]) >= 60 > max(map(len, evaluated))
    for out in ("1", "2"):
        assert len(config_ids(folder / out / "explore.csv")) >= 60


def config_ids(path: Path) -> set[str]:
    with path.open(newline="") as handle:
        return {row["config_id"] for row in csv.DictReader(handle)}
