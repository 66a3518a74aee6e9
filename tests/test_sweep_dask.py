"""Sweeps on the workers of a Dask scheduler: the same results, whatever becomes of the workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sweep_helpers import NETWORK_FILE
from test_cli_sweep import FILES_OF_A_SWEEP, HELPERS, SWEEP, qadam_tl, stored_layers, wait_for_layers
from test_sweep_kills import SPACE, contents

TESTS = Path(__file__).parent


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A space and a network."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "space.yaml").write_text(SPACE)
    (tmp_path / "tiny.yaml").write_text(NETWORK_FILE)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--scheduler", "nonsense"), "--scheduler: no Dask scheduler answers at 'nonsense' (missing port number"),
        (("--scheduler", "http://node:1"), "--scheduler: no Dask scheduler answers at 'http://node:1'"),
        (("--scheduler", "tcp://node:1", "--jobs", "2"), "--jobs: is for this machine; leave it out with --scheduler"),
    ],
)
def test_wrong_scheduler_is_one_line_and_nothing_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    pytest.importorskip("distributed")
    code, out, err = qadam_tl(capsys, "sweep", "space.yaml", *arguments)
    assert (code, out) == (2, "") and len(err.splitlines()) == 1 and message in err
    assert not (folder / "qadam-results").exists()


def test_without_dask_the_line_names_the_extra(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, _, err = qadam_tl(capsys, "sweep", "space.yaml", "--scheduler", "tcp://127.0.0.1:8786")
    assert code == 2 and len(err.splitlines()) == 1
    assert "--scheduler: needs Dask, which is not installed: pip install 'qadam-tl[dask]'" in err


class Cluster:
    """A scheduler and workers as processes of their own, started as a person does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", "scheduler.json")
        file = folder / "scheduler.json"
        self._wait(file.exists)
        time.sleep(0.2)
        self.address: str = json.loads(file.read_text())["address"]

    def worker(self, tests: Path = TESTS) -> subprocess.Popen[bytes]:
        """Start a worker that takes the tests' engine from a folder."""
        options = ("--nthreads", "1", "--no-dashboard", "--local-directory", "scratch")
        return self._start("worker", self.address, *options, tests=tests)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End a worker and whatever would restart it, at once."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        """End everything."""
        for process in reversed(self._processes):
            self.kill(process)

    def sweep(self, *more: str) -> subprocess.Popen[str]:
        """A sweep of the tests' engine on this cluster."""
        return subprocess.Popen(
            [sys.executable, str(HELPERS), *SWEEP, "--scheduler", self.address, *more],
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def _start(self, *command: str, tests: Path = TESTS) -> subprocess.Popen[bytes]:
        paths = [str(tests), *(path for path in sys.path if path and Path(path) != TESTS)]
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *command],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    @staticmethod
    def _wait(ready: object) -> None:
        deadline = time.monotonic() + 60
        while not ready():  # type: ignore[operator]
            assert time.monotonic() < deadline, "the scheduler does not start"
            time.sleep(0.05)


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    pytest.importorskip("distributed")
    found = Cluster(folder)
    try:
        yield found
    finally:
        found.end()


def calm(folder: Path) -> None:
    """The same sweep on this machine, which nobody disturbs."""
    command = [sys.executable, str(HELPERS), *SWEEP, "--jobs", "2", "--out", "calm"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def same_as_calm(folder: Path, name: str) -> None:
    assert contents(folder / name) == contents(folder / "calm")
    for file in FILES_OF_A_SWEEP:
        assert (folder / name / file).read_bytes() == (folder / "calm" / file).read_bytes(), file


@pytest.mark.slow
def test_sweep_that_loses_workers_again_and_again_has_the_results_of_a_local_one(folder: Path) -> None:
    calm(folder)
    with cluster(folder) as machines:
        workers = [machines.worker() for _ in range(3)]
        sweep = machines.sweep("--out", "spread")
        for lost in range(1, 4):
            wait_for_layers(sweep, folder / "spread", 40 * lost)
            machines.kill(workers.pop(0))
            workers.append(machines.worker())
        _, err = sweep.communicate(timeout=300)
        assert sweep.returncode == 0, err
    same_as_calm(folder, "spread")


@pytest.mark.slow
def test_interrupted_sweep_keeps_its_rows_and_leaves_the_cluster_usable(folder: Path) -> None:
    calm(folder)
    with cluster(folder) as machines:
        for _ in range(2):
            machines.worker()
        sweep = machines.sweep("--out", "spread")
        wait_for_layers(sweep, folder / "spread", 30)
        os.killpg(sweep.pid, signal.SIGINT)
        began = time.monotonic()
        _, err = sweep.communicate(timeout=60)
        print(f"interrupted after {time.monotonic() - began:.2f} s")
        assert sweep.returncode == 130, err
        assert "the same command goes on from there" in err and "Traceback" not in err
        before = stored_layers(folder / "spread")
        again = machines.sweep("--out", "spread", "--json")
        out, err = again.communicate(timeout=300)
        assert again.returncode == 0, err
        assert 30 <= before < 192 and 0 < json.loads(out.splitlines()[-1])["reused"] < 96
    same_as_calm(folder, "spread")


@pytest.mark.slow
def test_killed_sweep_and_scheduler_that_is_gone_leave_whole_stores(folder: Path) -> None:
    calm(folder)
    with cluster(folder) as machines:
        machines.worker()
        sweep = machines.sweep("--out", "spread")
        wait_for_layers(sweep, folder / "spread", 20)
        os.killpg(sweep.pid, signal.SIGKILL)
        sweep.wait()
        sweep = machines.sweep("--out", "spread")
        wait_for_layers(sweep, folder / "spread", 60)
        machines.end()
        _, err = sweep.communicate(timeout=120)
        assert sweep.returncode == 1, err
        assert "the Dask scheduler at" in err.splitlines()[-1] and "Traceback" not in err
    with cluster(folder / "calm") as machines:
        machines.worker()
        _, err = machines_sweep(machines, folder)
    same_as_calm(folder, "spread")


def machines_sweep(machines: Cluster, folder: Path) -> tuple[str, str]:
    command = [sys.executable, str(HELPERS), *SWEEP, "--scheduler", machines.address, "--out", "spread"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.mark.slow
def test_worker_with_other_tables_is_refused_in_one_line(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    source = (TESTS / "arithmetic_engine.py").read_text()
    (other / "arithmetic_engine.py").write_text(source.replace('f"arithmetic-{', 'f"newer-{'))
    with cluster(folder) as machines:
        machines.worker()
        machines.worker(other)
        time.sleep(3)
        sweep = machines.sweep("--out", "spread")
        out, err = sweep.communicate(timeout=120)
    assert (sweep.returncode, out, len(err.splitlines())) in {(2, "", 1), (1, "", 1)}, err
    assert "has other code or tables of engine arithmetic than this machine (fingerprint newer-a" in err
    assert "install the same qadam-tl there" in err


@pytest.mark.slow
def test_scheduler_without_workers_says_how_to_start_one(folder: Path) -> None:
    with cluster(folder) as machines:
        _, err = machines.sweep("--out", "spread").communicate(timeout=120)
        assert len(err.splitlines()) == 1
        assert f"has no workers; start some with 'dask worker {machines.address}'" in err
