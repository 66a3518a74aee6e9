"""Sweeps that are killed at random moments: no row is lost, doubled or different afterwards."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from command_line import ENTERED, assert_group_ends, begin
from sweep_helpers import NETWORK_FILE
from test_cli_sweep import FILES_OF_A_SWEEP, spawn, stored_layers

from qadam_plugin.paths import data_dir

#: 96 configs, 64 of which can be built: 192 layers of 20 ms.
SPACE = """
pe_type: [int16, lightpe1]
rows: [2, 3, 4, 5, 6, 7, 8, 9]
cols: 4
ifmap_spad_depth: [2, 12]
glb_kib: [1, 64, 4096]
"""

LAYERS = 192
KILLS = 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A space and a network; the sweeps run in processes of their own."""
    (tmp_path / "space.yaml").write_text(SPACE)
    (tmp_path / "tiny.yaml").write_text(NETWORK_FILE)
    return tmp_path


def contents(directory: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of a store, its ids of designs replaced by their keys."""
    connection = sqlite3.connect(directory / "results.sqlite")
    try:
        names = dict(connection.execute("SELECT id, key FROM designs").fetchall())
        found = {
            "designs": [row[1:] for row in connection.execute("SELECT * FROM designs")],
            "layers": [(*row[:1], names[row[1]], *row[2:]) for row in connection.execute("SELECT * FROM layers")],
            "results": [(*row[:3], names[row[3]], *row[4:]) for row in connection.execute("SELECT * FROM results")],
            "run_designs": [(run, names[id]) for run, id in connection.execute("SELECT * FROM run_designs")],
        }
    finally:
        connection.close()
    return {table: sorted(rows, key=repr) for table, rows in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_sweep_killed_twenty_times_at_random_has_every_row_once_and_the_same_bytes(folder: Path, seed: int) -> None:
    dice = random.Random(seed)
    print(f"seed {seed}")
    began = time.monotonic()
    assert spawn(folder, "--out", "calm").wait(timeout=300) == 0
    whole = time.monotonic() - began
    killed = ended = 0
    while killed < KILLS:
        before = stored_layers(folder / "killed")
        sweep = spawn(folder, "--out", "killed")
        if before < LAYERS - 12 and dice.random() < 0.8:
            # In the midst of the work, which has to last for all kills.
            wait_for_more(sweep, folder / "killed", before + dice.randrange(1, 12))
            time.sleep(dice.uniform(0, 0.05))
        else:
            # At any moment: while it starts, computes, or writes its files.
            time.sleep(dice.uniform(0, whole))
        if sweep.poll() is not None:
            ended += 1
            (folder / "killed" / "results.csv").unlink()
            continue
        (os.killpg if dice.random() < 0.5 else os.kill)(sweep.pid, signal.SIGKILL)
        sweep.wait()
        assert_group_ends(sweep.pid)
        killed += 1
    last = spawn(folder, "--out", "killed")
    _, err = last.communicate(timeout=300)
    assert last.returncode == 0, err
    print(f"{killed} kills, {ended} sweeps that ended before theirs")
    assert contents(folder / "killed") == contents(folder / "calm")
    for name in FILES_OF_A_SWEEP:
        assert (folder / "killed" / name).read_bytes() == (folder / "calm" / name).read_bytes(), name


def wait_for_more(sweep: subprocess.Popen[str], directory: Path, count: int) -> None:
    """Wait until a sweep has kept so many rows, or has ended."""
    while sweep.poll() is None and stored_layers(directory) < count:
        time.sleep(0.01)


@pytest.mark.slow
def test_killed_worker_ends_the_sweep_in_one_line_and_nothing_is_lost(folder: Path) -> None:
    dice = random.Random(3)
    sweep = spawn(folder, "--out", "killed")
    wait_for_more(sweep, folder / "killed", 10)
    os.kill(dice.choice(workers(sweep.pid)), signal.SIGKILL)
    _, err = sweep.communicate(timeout=300)
    assert sweep.returncode == 1 and "a worker process died" in err.splitlines()[-1] and "Traceback" not in err
    assert spawn(folder, "--out", "killed").wait(timeout=300) == 0
    assert spawn(folder, "--out", "calm").wait(timeout=300) == 0
    assert contents(folder / "killed") == contents(folder / "calm")


def workers(parent: int) -> list[int]:
    """Processes that a sweep has spawned to map layers."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if int(fields[1]) == parent and b"spawn_main" in command:
                found.append(int(entry.name))
    return found


#: Commands that take a while, each with the seconds within which it is interrupted.
LONG = (
    (("sweep", "space.yaml", "--out", "real", "--jobs", "2"), 8.0),
    (("explore", "space.yaml", "--out", "found", "--trials", "40"), 8.0),
    (("fit", "--out", "models"), 4.0),
    (("map", "--arch", "arch.yaml", "--problem", "problem.yaml"), 3.0),
    (("pareto", "calm"), 2.0),
    (("plot", "pareto", "calm", "-o", "front.png"), 3.0),
    (("verify", "calm"), 1.0),
    (("characterize", "--quick", "--out", "tables"), 3.0),
)


@pytest.mark.slow
@pytest.mark.parametrize(("command", "seconds"), LONG, ids=lambda value: value[0] if isinstance(value, tuple) else "")
def test_command_that_is_interrupted_says_so_and_exits_130(
    folder: Path, command: tuple[str, ...], seconds: float
) -> None:
    assert spawn(folder, "--out", "calm").wait(timeout=300) == 0
    shutil.copy(data_dir("arch_specs") / "int16.yaml", folder / "design.yaml")
    for needed in (
        ("networks", "problems", "resnet20-cifar10", "-o", "problems"),
        ("arch", "design.yaml", "-o", "arch.yaml"),
    ):
        assert begin((*ENTERED, *needed), folder).wait(timeout=300) == 0
    next((folder / "problems").iterdir()).rename(folder / "problem.yaml")
    dice = random.Random(5)
    codes = []
    for _ in range(6):
        process = begin((*ENTERED, *command), folder)
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        time.sleep(dice.uniform(0.02, seconds))
        # As Ctrl-C on a terminal does: to every process of the group.
        os.killpg(process.pid, signal.SIGINT)
        began = time.monotonic()
        _, err = process.communicate(timeout=120)
        print(f"{command[0]}: exit code {process.returncode} after {time.monotonic() - began:.2f} s")
        assert "Traceback" not in err, err
        assert_group_ends(process.pid)
        codes.append(process.returncode)
        if process.returncode == 130:
            assert err.splitlines()[-1].startswith("qadam-tl: interrupted")
        seconds /= 1.5
    assert 130 in codes and set(codes) <= {130, 0, 1}
