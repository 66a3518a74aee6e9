"""Characterisation runs that fail: one clear line, no half-written table, and the next run goes on."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from qadam_plugin.cli.app import main
from qadam_plugin.errors import InputError, RunError
from qadam_plugin.synthesis import cacti, library, synth
from qadam_plugin.synthesis import characterize as characterize_module
from qadam_plugin.synthesis import rows as rows_module
from qadam_plugin.synthesis.characterize import Progress, characterize
from qadam_plugin.synthesis.measure import Measurement
from qadam_plugin.synthesis.points import Point, all_points
from qadam_plugin.synthesis.sources import Port

MAC = ["--family", "mac", "--row", "mac_int_a4_w4_acc16_p1"]
BUFFER = ["--family", "glb", "--row", "glb_8kib_w64_b1"]


def quiet(progress: Progress) -> None:
    del progress


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "qadam-tl").mkdir(parents=True)
    return tmp_path / "home" / "qadam-tl"


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """CACTI without CACTI: every point measures at once; names of the measured ones."""
    measured: list[str] = []

    def measure(point: Point, how: Measurement) -> dict[str, float]:
        measured.append(point.name)
        return {"area_um2": float(len(point.name))}

    monkeypatch.setattr(characterize_module, "build_cacti", lambda: None)
    monkeypatch.setattr(characterize_module, "figures_of", measure)
    return measured


def buffers(count: int) -> tuple[Point, ...]:
    return tuple(point for point in all_points() if point.family == "glb")[:count]


def failed_line(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    """The one line of complaint of a command that ends with this code."""
    with pytest.raises(SystemExit) as ended:
        main(["characterize", *arguments])
    said = capsys.readouterr().err
    assert ended.value.code == code, said
    assert said.startswith("qadam-tl: ") and said.count("\n") == 1
    return said


def test_missing_pyosys_is_named_with_what_to_install(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(synth.importlib.util, "find_spec", lambda name: None)
    said = failed_line(capsys, 1, *MAC, "--out", str(tmp_path / "out"))
    assert "pyosys: pip install 'qadam-tl[synthesis]'" in said
    assert not (tmp_path / "out").exists()


def test_a_missing_compiler_for_cacti_is_named_with_its_package(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    said = failed_line(capsys, 1, *BUFFER, "--out", str(tmp_path / "out"))
    assert "g++: apt-get install g++" in said
    assert not (tmp_path / "out").exists()


def test_a_library_of_another_hash_is_refused(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(characterize_module, "yosys_version", lambda: "pyosys 0.70")
    (home / "nangate45").mkdir()
    (home / "nangate45" / "stdcells.lib").write_text("library (other) {}\n")
    said = failed_line(capsys, 2, *MAC, "--out", str(tmp_path / "out"))
    assert "stdcells.lib: sha256 is " in said and "delete the file" in said
    assert not (tmp_path / "out").exists()


def test_a_cacti_wheel_of_another_hash_is_refused_and_not_built(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cacti, "download_wheel", lambda name, folder: (folder / "x.whl").write_text("other"))
    assert "sha256 of the wheel is " in failed_line(capsys, 2, *BUFFER, "--out", str(tmp_path / "out"))
    assert not list(home.iterdir())


def test_a_cache_that_cannot_be_written_is_one_line(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(characterize_module, "yosys_version", lambda: "pyosys 0.70")
    monkeypatch.setattr(library.tempfile, "TemporaryDirectory", failing(errno.EROFS))
    said = failed_line(capsys, 1, *MAC, "--out", str(tmp_path / "out"))
    assert "the cache cannot be used" in said and "Read-only file system" in said and "XDG_CACHE_HOME" in said


def failing(code: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


def test_an_output_folder_that_is_a_file_is_refused_before_anything_is_measured(
    home: Path, tmp_path: Path, tools: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        assert f"{tmp_path / 'file'}: is not a folder" in failed_line(capsys, 2, *BUFFER, "--out", str(out))
    assert tools == []


def test_an_output_folder_that_cannot_be_written_is_refused_before_anything_is_measured(
    home: Path, tmp_path: Path, tools: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(characterize_module.tempfile, "TemporaryFile", failing(errno.EROFS))
    said = failed_line(capsys, 2, *BUFFER, "--out", str(tmp_path / "out"))
    assert f"{tmp_path}: cannot be written to (Read-only file system)" in said
    assert tools == []


def test_a_full_disk_leaves_the_old_table_and_no_scraps_and_the_next_run_goes_on(
    home: Path, tmp_path: Path, tools: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, points = tmp_path / "out", buffers(3)
    out.mkdir()
    (out / "glb.csv").write_text("old\n")
    real = rows_module.os.fsync
    synced: list[int] = []

    def fsync(number: int) -> None:
        synced.append(number)
        if len(synced) > 2:
            failing(errno.ENOSPC)()
        real(number)

    monkeypatch.setattr(rows_module.os, "fsync", fsync)
    with pytest.raises(RunError, match=r"\.json cannot be written: No space left on device"):
        characterize(points, Measurement(), out, 0, quiet)
    assert [path.name for path in out.iterdir()] == ["glb.csv"]
    assert (out / "glb.csv").read_text() == "old\n"
    assert not list(home.rglob("*.tmp"))
    monkeypatch.setattr(rows_module.os, "fsync", real)
    outcome = characterize(points, Measurement(), out, 0, quiet)
    assert (outcome.measured, outcome.kept) == (1, 2)
    assert (out / "glb.csv").read_text().count("\n") == 3 + 3


def test_a_full_scratch_folder_is_one_line_that_names_the_row(
    home: Path, tmp_path: Path, tools: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (point,) = buffers(1)
    monkeypatch.setattr(characterize_module, "figures_of", failing(errno.ENOSPC))
    with pytest.raises(RunError, match=rf"^{point.name}: .*No space left on device$"):
        characterize([point], Measurement(), tmp_path / "out", 0, quiet)
    assert not (tmp_path / "out").exists()


def test_a_damaged_row_of_the_cache_is_measured_anew(home: Path, tmp_path: Path, tools: list[str]) -> None:
    points = buffers(2)
    characterize(points, Measurement(), tmp_path / "out", 0, quiet)
    text = (tmp_path / "out" / "glb.csv").read_text()
    for path in (home / "rows").iterdir():
        path.write_text(path.read_text()[:-4])
    outcome = characterize(points, Measurement(), tmp_path / "out", 0, quiet)
    assert (outcome.measured, outcome.kept) == (2, 0)
    assert (tmp_path / "out" / "glb.csv").read_text() == text


def test_bad_input_found_in_a_worker_keeps_its_words() -> None:
    error = pickle.loads(pickle.dumps(InputError("default.cfg", "Data array cell type", "delete the folder")))
    assert str(error) == "default.cfg: Data array cell type: delete the folder"


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["port", "logic"])
def test_a_netlist_that_is_not_the_design_ends_the_run_and_the_next_goes_on(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(characterize_module, "cache_folder", lambda: tmp_path / "rows")
    sound = {
        (p.family, p.name): p for p in all_points() if p.name in ("mac_int_a2_w2_acc6_p1", "mac_int_a2_w3_acc13_p1")
    }
    good, bad = sound.values()
    assert bad.design is not None
    if fault == "port":
        broken = replace(bad.design, outputs=(*bad.design.outputs, Port("gone", 2)))
        said = "port gone has 0 bits in the netlist, 2 are wanted"
    else:
        broken = replace(bad.design, verilog=tuple(inverted(source) for source in bad.design.verilog))
        said = "netlist differs from its model at vector"
    stale = sound | {(bad.family, bad.name): replace(bad, design=broken)}
    monkeypatch.setattr(characterize_module, "_points", lambda: stale)
    with pytest.raises(RunError, match=said) as caught:
        characterize((good, bad), Measurement(), tmp_path / "out", 0, quiet)
    assert bad.name in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(characterize_module, "_points", lambda: sound)
    outcome = characterize((good, bad), Measurement(), tmp_path / "out", 0, quiet)
    assert len(list((tmp_path / "rows" / "rows").iterdir())) == outcome.measured + outcome.kept == 2


def inverted(source: str) -> str:
    """The Verilog of the MAC with its result upside down."""
    return source.replace(".d(sum), .q(psum_out)", ".d(~sum), .q(psum_out)")


@pytest.fixture
def running(tmp_path: Path):
    """A run of rows that take minutes, on two processes, with a cache of its own."""
    home = tmp_path / "home" / "qadam-tl"
    home.mkdir(parents=True)
    (home / "nangate45").symlink_to(library.cache_folder() / "nangate45")
    environment = os.environ | {"XDG_CACHE_HOME": str(home.parent), "TMPDIR": str(tmp_path / "scratch")}
    (tmp_path / "scratch").mkdir()
    rows = [f"--row={point.name}" for point in all_points() if point.family == "array"][:3]
    command = [sys.executable, "-c", "from qadam_plugin.cli.app import main; main()", "characterize", *rows]
    command += ["--family", "array", "--jobs", "2", "--out", str(tmp_path / "out")]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True) as run:
        while run.poll() is None and len(list((tmp_path / "scratch").rglob("synth.ys"))) < 2:
            time.sleep(0.05)
        yield run
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)


def processes(run: subprocess.Popen[str], doing: str) -> list[int]:
    """Processes of the run's session with these words in their command."""
    listed = subprocess.run(
        ["ps", "-ww", "-e", "-o", "sid=", "-o", "pid=", "-o", "args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
    return [int(pid) for session, pid, command in rows if session == str(run.pid) and doing in command]


@pytest.mark.slow
@pytest.mark.parametrize("to_all", [True, False])
def test_ctrl_c_ends_a_run_and_its_tools_at_once(to_all: bool, running: subprocess.Popen[str], tmp_path: Path) -> None:
    assert len(processes(running, "spawn_main")) >= 2
    if to_all:
        os.killpg(running.pid, signal.SIGINT)
    else:
        running.send_signal(signal.SIGINT)
    # Rows under way would take minutes to their end.
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert said == "finished rows are kept; the same command goes on from there\nqadam-tl: interrupted\n"
    assert [pid for tool in ("spawn_main", "synth.ys", "yosys-abc") for pid in processes(running, tool)] == []
    assert not list((tmp_path / "scratch").iterdir())
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_worker_that_dies_is_one_line(running: subprocess.Popen[str], tmp_path: Path) -> None:
    os.kill(processes(running, "spawn_main")[0], signal.SIGKILL)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 1
    assert said == "qadam-tl: a worker process died; finished rows are kept: run the same command again\n"
    assert not (tmp_path / "out").exists()
