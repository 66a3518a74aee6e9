"""`qadam-tl quantize` as it is typed: output, files, exit codes, an interruption."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import pytest
from command_line import PROGRAM, begin, complaint, count, interrupt, qadam_tl, wait_until
from sweep_helpers import NETWORK_FILE

from qadam_plugin.paths import data_dir

QUANTIZE = ("quantize", "--network", "tiny.yaml", "--jobs", "1", "--out", "found")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with a network, an impossible space and a function for errors."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(NETWORK_FILE)
    (tmp_path / "space.yaml").write_text("rows: [8, 12]\nwhere: ['rows > 20']\n")
    (tmp_path / "mine.py").write_text(
        "import time\ndef error(bits):\n    time.sleep(0.05)\n    return sum(1 / a + 1 / w for a, w in bits.values())\n"
    )
    return tmp_path


def test_search_leaves_files_that_other_commands_take(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = qadam_tl(capsys, *QUANTIZE, "--evaluations", "24", "--population", "12")
    assert code == 0, err
    assert "24 evaluations" in out and "quantization noise proxy" in out and "accuracy" not in out
    assert "network's EDP" in out and "sum of layers' EDPs" in out
    assert "24 of 24 settings" in err
    code, out, err = qadam_tl(capsys, *QUANTIZE, "--evaluations", "24", "--population", "12", "--json")
    assert code == 0, err
    summary = json.loads(out)
    assert summary["fronts_mapped"] == 0 and summary["evaluations"] == 24 and summary["saved"]["8,8"] == 0.0
    with (folder / "found" / "quantize.csv").open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["front"] == "true"]
    files = sorted((folder / "found" / "bits").iterdir())
    assert len(files) == len(rows) == summary["front"]
    # The same setting again, from its file, is what the store already has.
    row = rows[0]
    bits = str(folder / "found" / "bits" / f"{row['setting']}.yaml")
    design = str(data_dir("arch_specs") / "eyeriss168.yaml")
    (folder / "design.yaml").write_text(Path(design).read_text())
    sweep = ("sweep", "design.yaml", "--network", "tiny.yaml", "--bits", bits, "--jobs", "1", "--out", "found")
    code, out, err = qadam_tl(capsys, *sweep, "--json")
    assert code == 0, err
    assert json.loads(out)["computed"] == 0
    assert qadam_tl(capsys, "pareto", "found")[0] == 0


def test_listed_settings_are_evaluated_and_nothing_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "measured.csv").write_text("bits,accuracy\n8/8,91\n8/4,90\n4/4,85\n2/2,40\n8/8 4/4 4/4 4/4 4/4 8/8,89\n")
    code, out, err = qadam_tl(capsys, *QUANTIZE, "--accuracy", "measured.csv", "--mac-energy", "fixed", "--json")
    assert code == 0, err
    assert json.loads(out)["evaluations"] == 5 and json.loads(out)["error"] == "error"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--objectives", "energy"], "--objectives: at least two are wanted"),
        (["--objectives", "energy,speed"], "--objectives: unknown objective 'speed'; known: energy, "),
        (["--map-for", "speed"], "--map-for: unknown 'speed'; known: edp, energy, latency"),
        (["--mac-energy", "no"], "--mac-energy: unknown 'no'; known: bits, fixed"),
        (["--packing", "tight"], "--packing: unknown 'tight'; known: word, ideal"),
        (["--bits-from", "8..2"], "--bits-from: a range in 1 to 32 such as 2..8 is wanted, not '8..2'"),
        (["--bits-from", "2-8"], "--bits-from: a range in 1 to 32 such as 2..8 is wanted, not '2-8'"),
        (["--arch", "nowhere.yaml"], "nowhere.yaml"),
        (["--arch", "eyeriss", "--space", "space.yaml"], "--arch: is one design; leave it out with --space"),
        (["--weights", "nowhere.npz"], "nowhere.npz: no such file"),
        (["--weights", "w.npz", "--accuracy", "a.csv"], "--weights: says what --accuracy says; give one of them"),
        (["--accuracy-callable", "mine"], "'mine' is no function; one such as mymodule:error is wanted"),
        (["--activations", "cauchy"], "--activations: unknown distribution 'cauchy'; known: relu, gaussian"),
    ],
)
def test_mistake_is_one_line_and_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert message in complaint(capsys, folder / "found", *QUANTIZE, *arguments)


@pytest.mark.slow
def test_interrupted_search_says_where_it_is_and_goes_on(folder: Path) -> None:
    command = (*PROGRAM, *QUANTIZE, "--accuracy-callable", "mine:error", "--evaluations", "120", "--population", "20")
    running = begin(command, folder)
    wait_until(lambda: count(folder / "found" / "quantize.sqlite", "errors") >= 30, running)
    assert "the same command goes on from there" in interrupt(running)
    ended = subprocess.run([*command, "--json"], cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["evaluations"] == 120
