"""`qadam-tl sweep` and `qadam-tl pareto` as they are typed: output, exit codes, kills, two at once."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from arithmetic_engine import ArithmeticEngine
from command_line import assert_group_ends, begin, count, interrupt, qadam_tl, wait_until
from sweep_helpers import NETWORK_FILE, SPACE

from qadam_plugin.engines.registry import ENGINES

HELPERS = Path(__file__).parent / "sweep_helpers.py"

PROMISED = [
    "config_id",
    "pe_type",
    "act_bits",
    "weight_bits",
    "acc_bits",
    "rows",
    "cols",
    "ifmap_spad_depth",
    "weights_spad_depth",
    "psum_spad_depth",
    "glb_kib",
    "glb_bandwidth",
    "dram_gbps",
    "clock_ghz",
    "network",
    "batch",
    "engine",
    "objective",
    "valid",
    "reason",
    "energy_uj",
    "onchip_energy_uj",
    "dram_energy_uj",
    "idle_energy_uj",
    "cycles",
    "latency_ms",
    "power_mw",
    "area_mm2",
    "perf_per_area",
    "edp_uj_ms",
    "utilization",
    "psum_spills",
    "out_of_range",
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with a space and a network, and the arithmetic engine known."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(ENGINES, "arithmetic", lambda settings: ArithmeticEngine())
    (tmp_path / "space.yaml").write_text(SPACE)
    (tmp_path / "tiny.yaml").write_text(NETWORK_FILE)
    return tmp_path


SWEEP = ("sweep", "space.yaml", "--network", "tiny.yaml", "--engine", "arithmetic")

#: What a sweep leaves besides its store, byte for byte the same for equal stores.
FILES_OF_A_SWEEP = ("results.csv", "results.parquet", "layers.parquet", "pareto.csv", "pareto.svg", "runs.csv")


def spawn(folder: Path, *more: str) -> subprocess.Popen[str]:
    """The sweep as a process group of its own."""
    return begin((sys.executable, str(HELPERS), *SWEEP, "--jobs", "2", *more), folder)


def stored_layers(directory: Path) -> int:
    """Rows that a sweep, running or killed, has kept so far."""
    return count(directory / "results.sqlite", "layers")


def wait_for_layers(sweep: subprocess.Popen[str], directory: Path, wanted: int) -> None:
    wait_until(lambda: stored_layers(directory) >= wanted, sweep)


def test_sweep_leaves_the_promised_files_and_columns(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = qadam_tl(capsys, *SWEEP, "--out", "results", "--jobs", "1")
    assert code == 0, err
    assert {path.name for path in (folder / "results").iterdir() if not path.name.startswith("results.sqlite")} == {
        "results.csv",
        "results.parquet",
        "layers.parquet",
        "runs.csv",
        "pareto.csv",
        "pareto.png",
        "pareto.svg",
        "sweep.lock",
    }
    for name in ("results.csv", "pareto.csv"):
        header = (folder / "results" / name).read_text().splitlines()[0].split(",")
        assert header[: len(PROMISED)] == PROMISED
    assert "performance per area" in out and "lightpe1" in out and "1.00x" in out
    assert "24 configs, 24 results (24 computed, 0 reused, 16 without valid mapping)" in out
    assert "24 of 24 configs" in err


def test_json_ends_with_one_line_of_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for computed in (24, 0):
        code, out, err = qadam_tl(capsys, *SWEEP, "--jobs", "1", "--json")
        assert code == 0, err
        summary = json.loads(out.splitlines()[-1])
        assert list(summary) == ["configs", "results", "computed", "reused", "invalid", "seconds"]
        assert summary.pop("seconds") > 0
        assert summary == {"configs": 24, "results": 24, "computed": computed, "reused": 24 - computed, "invalid": 16}


def test_pareto_csv_holds_the_front_of_the_results(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    qadam_tl(capsys, *SWEEP, "--jobs", "1")
    with (folder / "qadam-results" / "results.csv").open(newline="") as handle:
        valid = [row for row in csv.DictReader(handle) if row["valid"] == "true"]
    front = [
        row
        for row in valid
        if not any(
            float(other["onchip_energy_uj"]) <= float(row["onchip_energy_uj"])
            and float(other["perf_per_area"]) >= float(row["perf_per_area"])
            and (other["onchip_energy_uj"], other["perf_per_area"]) != (row["onchip_energy_uj"], row["perf_per_area"])
            for other in valid
        )
    ]
    with (folder / "qadam-results" / "pareto.csv").open(newline="") as handle:
        assert list(csv.DictReader(handle)) == front
    assert 0 < len(front) < len(valid)


def test_one_clock_for_all_stands_beside_their_own(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    qadam_tl(capsys, *SWEEP, "--jobs", "1")
    code, out, _ = qadam_tl(capsys, *SWEEP, "--jobs", "1", "--clock", "0.5")
    assert code == 0
    assert "each at its own clock" in out and "all at 0.5 GHz" in out
    with (folder / "qadam-results" / "results.csv").open(newline="") as handle:
        clocks = {(row["clock"], row["clock_ghz"]) for row in csv.DictReader(handle) if row["valid"] == "true"}
    assert clocks == {("auto", "1.0"), ("auto", "4.0"), ("0.5", "0.5")}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--jobs", "0"), "'--jobs'"),
        (("--jobs", "1.5"), "'--jobs'"),
        (("--jobs", "many"), "'--jobs'"),
        (("--batch", "0"), "'--batch'"),
        (("--clock", "0"), "--clock: auto, or GHz above 0 and at most 10, is wanted, not '0'"),
        (("--clock", "nan"), "--clock: auto, or GHz above 0"),
        (("--clock", "fast"), "--clock: auto, or GHz above 0"),
        (("--objective", "area"), "--objective: unknown objective 'area'; known: edp, energy, latency"),
        (("--engine", "zigzag"), "--engine: unknown engine 'zigzag'; known: arithmetic, rowstationary"),
        (("--network", "resnet21-cifar10"), "resnet20-cifar10"),
        (("--network", "missing.yaml"), "missing.yaml"),
        (("--out", "space.yaml"), "space.yaml: cannot be written"),
        (("--fast",), "--fast"),
    ],
)
def test_wrong_option_is_one_line_that_names_it(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = qadam_tl(capsys, *SWEEP, *arguments)
    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == 1 and err.startswith("qadam-tl: ") and message in err
    assert not (folder / "qadam-results").exists()


def test_wrong_key_in_a_space_is_one_line_that_names_file_and_key(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "space.yaml").write_text("rows: 0\n")
    code, _, err = qadam_tl(capsys, *SWEEP)
    assert code == 2 and len(err.splitlines()) == 1
    assert "space.yaml: rows: " in err


def test_pareto_prints_filters_and_writes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    qadam_tl(capsys, *SWEEP, "--jobs", "1")
    code, out, err = qadam_tl(capsys, "pareto", "qadam-results", "--x", "area_mm2", "--y", "cycles", "--json")
    assert code == 0, err
    rows = json.loads(out)
    assert {(row["pe_type"], row["rows"]) for row in rows} == {("lightpe1", 2), ("lightpe1", 3)}
    assert isinstance(rows[0]["cycles"], int)
    condition = 'pe_type == "int16" and area_mm2 < 0.4'
    arguments = ("pareto", "qadam-results", "--x", "area_mm2", "--y", "cycles", "--metric", "energy_uj")
    code, out, _ = qadam_tl(capsys, *arguments, "--where", condition, "--json", "-o", "front.csv")
    assert {(row["pe_type"], row["rows"]) for row in json.loads(out)} == {("int16", 2)}
    with (folder / "front.csv").open(newline="") as handle:
        assert [row["config_id"] for row in csv.DictReader(handle)] == [row["config_id"] for row in json.loads(out)]
    code, out, _ = qadam_tl(capsys, *arguments, "-o", "front.svg")
    assert code == 0 and "area (mm²)" in out
    assert "<svg" in (folder / "front.svg").read_text()
    code, out, _ = qadam_tl(capsys, *arguments, "--where", "rows > 100")
    assert (code, out.strip()) == (0, "no result with a valid mapping meets the condition")


def test_pareto_takes_accuracies_from_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    qadam_tl(capsys, *SWEEP, "--jobs", "1")
    (folder / "accuracy.csv").write_text("network,pe_type,top1_mean,top1_spread\ntiny,lightpe1,70,0.5\n")
    arguments = ("pareto", "qadam-results", "--accuracy", "accuracy.csv", "--x", "top1", "--y", "perf_per_area")
    code, out, err = qadam_tl(capsys, *arguments, "--json", "-o", "front.csv")
    assert code == 0 and "accuracy.csv has no accuracy for tiny with int16" in err
    rows = json.loads(out)
    assert {(row["pe_type"], row["top1"], row["top1_spread"]) for row in rows} == {("lightpe1", 70.0, 0.5)}
    with (folder / "front.csv").open(newline="") as handle:
        assert {row["top1"] for row in csv.DictReader(handle)} == {"70.0"}
    (folder / "accuracy.csv").write_text("network,pe_type,top1_mean,top1_spread\ntiny,int16,90,\ntiny,lightpe1,70,1\n")
    _, out, err = qadam_tl(capsys, *arguments, "--json")
    assert err == "" and [row["top1_spread"] for row in json.loads(out) if row["pe_type"] == "int16"] == [None, None]
    _, out, _ = qadam_tl(capsys, *arguments, "--where", "top1 < 80", "--json")
    assert {row["pe_type"] for row in json.loads(out)} == {"lightpe1"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--x", "speed"), "--x: unknown metric 'speed'; known: perf_per_area"),
        (("--metric", "speed"), "--metric: unknown metric"),
        (("--where", "size < 2"), "size"),
        (("--where", "area_mm2 <"), "--where"),
        (("--where", "__import__('os')"), "--where"),
        (("-o", "front.txt"), "front.txt"),
        (("--x", "top1"), "--x: top1 needs a file of accuracies: --accuracy FILE"),
        (("--where", "top1 > 90"), "--where: unknown name 'top1'"),
        (("--accuracy", "none.csv"), "none.csv: no such file"),
    ],
)
def test_wrong_pareto_option_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    qadam_tl(capsys, *SWEEP, "--jobs", "1")
    code, out, err = qadam_tl(capsys, "pareto", "qadam-results", *arguments)
    assert code == 2 and out == ""
    assert len(err.splitlines()) == 1 and message in err


def test_pareto_without_results_says_how_to_get_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = qadam_tl(capsys, "pareto", "nowhere")
    assert code == 2 and "nowhere/results.sqlite: no results here" in err


def test_killed_sweep_goes_on_to_the_same_bytes(folder: Path) -> None:
    kill_and_compare(folder, kills=1)


@pytest.mark.slow
def test_sweep_killed_five_times_goes_on_to_the_same_bytes(folder: Path) -> None:
    kill_and_compare(folder, kills=5)


def kill_and_compare(folder: Path, kills: int) -> None:
    """Kill -9 a sweep's first process again and again, let it end, and compare with one that nobody disturbed."""
    dice = random.Random(11)
    for kill in range(kills):
        sweep = spawn(folder, "--out", "killed")
        wait_for_layers(sweep, folder / "killed", 2 + kill * 6 + dice.randrange(3))
        os.kill(sweep.pid, signal.SIGKILL)
        sweep.wait()
        assert sweep.returncode == -signal.SIGKILL
    before = stored_layers(folder / "killed")
    ended = spawn(folder, "--out", "killed", "--json")
    out, err = ended.communicate(timeout=120)
    assert ended.returncode == 0, err
    summary = json.loads(out.splitlines()[-1])
    assert 0 < before < 48 and 0 < summary["computed"] < 24
    calm = spawn(folder, "--out", "calm")
    assert calm.wait(timeout=120) == 0
    for name in FILES_OF_A_SWEEP:
        assert (folder / "killed" / name).read_bytes() == (folder / "calm" / name).read_bytes(), name


def test_workers_end_when_their_sweep_is_killed(folder: Path) -> None:
    sweep = spawn(folder)
    wait_for_layers(sweep, folder / "qadam-results", 1)
    os.kill(sweep.pid, signal.SIGKILL)
    sweep.wait()
    assert_group_ends(sweep.pid)


def test_second_sweep_into_the_same_folder_is_refused_and_the_first_goes_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = spawn(folder)
    wait_for_layers(first, folder / "qadam-results", 1)
    code, _, err = qadam_tl(capsys, *SWEEP, "--jobs", "1")
    assert code == 2
    assert len(err.splitlines()) == 1 and "qadam-results: another sweep is writing here now" in err
    code, out, _ = qadam_tl(capsys, "pareto", "qadam-results", "--json")
    assert code == 0 and isinstance(json.loads(out), list)
    _, errors = first.communicate(timeout=120)
    assert first.returncode == 0, errors


def test_interrupted_sweep_says_where_it_is_and_exits_130(folder: Path) -> None:
    sweep = spawn(folder)
    wait_for_layers(sweep, folder / "qadam-results", 1)
    assert "the same command goes on from there" in interrupt(sweep)


def test_pipe_that_closes_early_is_no_error_worth_a_traceback(folder: Path) -> None:
    done = subprocess.run([sys.executable, str(HELPERS), "--help"], capture_output=True, text=True, check=True)
    assert "sweep" in done.stdout
    reader, writer = os.pipe()
    os.close(reader)
    broken = subprocess.run(
        [sys.executable, str(HELPERS), "--help"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert "Traceback" not in broken.stderr


def test_help_and_version_load_nothing_heavy() -> None:
    code = (
        "import sys\nfrom qadam_plugin.cli import app\n"
        "for arguments in (['--version'], ['sweep', '--help']):\n"
        "    try:\n        app.main(arguments)\n    except SystemExit as ended:\n        assert not ended.code\n"
        "heavy = {'numba', 'pandas', 'pyarrow', 'matplotlib', 'sklearn', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert io.StringIO(done.stdout).readline().strip().startswith("qadam-tl ")
