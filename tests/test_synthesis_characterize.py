"""Characterisation runs: what is measured, kept, written and repeated."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from qadam_plugin.cli.app import main
from qadam_plugin.errors import RunError
from qadam_plugin.synthesis import characterize as characterize_module
from qadam_plugin.synthesis.characterize import Progress, characterize
from qadam_plugin.synthesis.measure import Measurement
from qadam_plugin.synthesis.points import FAMILIES, Point, all_points, quick_points

#: A small run: three MACs that take about a second each.
ROWS = ("mac_shift1_a8_w4_acc24_p1", "mac_int_a4_w4_acc16_p1", "mac_int_a4_w4_acc16_p0")


def chosen(*names: str) -> tuple[Point, ...]:
    return tuple(point for point in all_points() if point.name in names)


def table(path: Path) -> list[dict[str, str]]:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(io.StringIO("\n".join(lines))))


def quiet(progress: Progress) -> None:
    del progress


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store of rows; library and CACTI stay where they are."""
    rows = tmp_path / "cache"
    real = characterize_module.cache_folder()
    monkeypatch.setattr(characterize_module, "cache_folder", lambda: rows)
    assert real != rows
    return rows


def test_points_are_as_many_as_the_tables_need() -> None:
    points = all_points()
    counts = Counter(point.family for point in points)
    assert set(counts) == set(FAMILIES)
    assert counts["mac"] >= 80 and counts["spad"] >= 60 and counts["glb"] >= 80 and counts["array"] >= 8
    flat = Counter(
        (p.parameters["family"], p.parameters["act_bits"], p.parameters["shift_terms"])
        for p in points
        if p.family == "pe"
    )
    simulated = Counter(
        (p.parameters["family"], p.parameters["act_bits"], p.parameters["shift_terms"])
        for p in points
        if p.family == "pe" and p.simulated
    )
    for pe in (("fp", 32, 0), ("int", 16, 0), ("shift-add", 8, 1), ("shift-add", 8, 2)):
        assert flat[pe] >= 50
        assert simulated[pe] >= 12


def test_points_are_told_apart_by_name_and_by_parameters() -> None:
    points = all_points()
    assert len({(p.family, p.name) for p in points}) == len(points)
    assert len({(p.family, *p.parameters.values()) for p in points}) == len(points)
    for family in FAMILIES:
        assert len({tuple(p.parameters) for p in points if p.family == family}) == 1


def test_quick_points_are_some_of_every_table() -> None:
    assert {point.family for point in quick_points()} == set(FAMILIES)
    assert {(p.family, p.name) for p in quick_points()} <= {(p.family, p.name) for p in all_points()}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--family", "macs"], "unknown table 'macs'; did you mean 'mac'"),
        (["--family", "mac", "--row", "mac_int_a4_w4_acc16_p9"], "unknown row 'mac_int_a4_w4_acc16_p9'"),
    ],
)
def test_an_unknown_table_or_row_is_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["characterize", "--out", str(tmp_path / "out"), *arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_same_run_gives_the_same_tables_whatever_the_jobs(cache: Path, tmp_path: Path) -> None:
    points = chosen(*ROWS)
    outcome = characterize(points, Measurement(seed=3), tmp_path / "one", 1, quiet)
    assert (outcome.measured, outcome.kept) == (3, 0)
    again = characterize(points, Measurement(seed=3), tmp_path / "two", 2, quiet, fresh=True)
    assert (again.measured, again.kept) == (3, 0)
    assert (tmp_path / "one" / "mac.csv").read_bytes() == (tmp_path / "two" / "mac.csv").read_bytes()
    kept = characterize(points, Measurement(seed=3), tmp_path / "three", 1, quiet)
    assert (kept.measured, kept.kept) == (0, 3)
    assert (tmp_path / "one" / "mac.csv").read_bytes() == (tmp_path / "three" / "mac.csv").read_bytes()
    other = characterize(points[:1], Measurement(seed=4), tmp_path / "four", 1, quiet)
    assert (other.measured, other.kept) == (1, 0)


@pytest.mark.slow
def test_rows_carry_figures_and_where_they_come_from(cache: Path, tmp_path: Path) -> None:
    characterize(chosen("mac_shift1_a8_w4_acc24_p1"), Measurement(), tmp_path, 1, quiet)
    (row,) = table(tmp_path / "mac.csv")
    assert row["command"] == "qadam-tl characterize --family mac --row mac_shift1_a8_w4_acc24_p1 --seed 1"
    assert "pyosys 0.70" in row["tools"] and row["library_sha256"].startswith("0f936d45")
    figures = {name: float(row[name]) for name in row if name.endswith(("_um2", "_uw", "_ns", "_pj"))}
    # Zero activations need less than real ones, and registers alone less than those; glitches make the default too low.
    assert figures["idle_pj"] < figures["gated_pj"] < figures["compute_relu_pj"] < figures["compute_pj"]
    assert figures["compute_default_pj"] < figures["compute_pj"]
    # The feasibility study's unit, without the chain's multiplexer: 692 um^2, 1.06 ns, 2.62 pJ.
    assert figures["area_um2"] == pytest.approx(692, rel=0.25)
    assert figures["path_ns"] == pytest.approx(1.06, rel=0.25)
    assert figures["compute_pj"] == pytest.approx(2.62, rel=0.25)


@pytest.mark.slow
def test_a_failed_point_leaves_the_others_rows_and_no_table(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = chosen(*ROWS)
    real = characterize_module.figures_of

    def failing(point: Point, how: Measurement) -> dict[str, float]:
        if point.name == points[-1].name:
            raise RunError("synthesis of it: no")
        return real(point, how)

    monkeypatch.setattr(characterize_module, "figures_of", failing)
    with pytest.raises(RunError, match="synthesis of it"):
        characterize(points, Measurement(), tmp_path / "out", 0, quiet)
    assert not (tmp_path / "out").exists()
    kept = len(list((cache / "rows").iterdir()))
    monkeypatch.setattr(characterize_module, "figures_of", real)
    outcome = characterize(points, Measurement(), tmp_path / "out", 1, quiet)
    assert outcome.kept == kept and outcome.measured == 3 - kept
    assert len(table(tmp_path / "out" / "mac.csv")) == 3


@pytest.mark.slow
def test_a_killed_run_writes_no_table_and_the_next_goes_on(tmp_path: Path) -> None:
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    real = characterize_module.cache_folder()
    (tmp_path / "cache" / "qadam-tl").mkdir(parents=True)
    (tmp_path / "cache" / "qadam-tl" / "nangate45").symlink_to(real / "nangate45")
    wanted = [f"--row={point.name}" for point in all_points() if point.family == "mac" and point.weight < 4][:12]
    command = [sys.executable, "-c", "from qadam_plugin.cli.app import main; main()", "characterize", *wanted]
    command += ["--family", "mac", "--jobs", "2", "--out", str(tmp_path / "out")]
    rows = tmp_path / "cache" / "qadam-tl" / "rows"
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True) as run:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and (not rows.is_dir() or len(list(rows.glob("*.json"))) < 3):
            time.sleep(0.05)
        os.kill(run.pid, signal.SIGKILL)
    assert not (tmp_path / "out").exists()
    kept = len(list(rows.glob("*.json")))
    assert 3 <= kept < 12
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert f"{12 - kept} rows measured, {kept} kept" in done.stdout
    assert len(table(tmp_path / "out" / "mac.csv")) == 12
