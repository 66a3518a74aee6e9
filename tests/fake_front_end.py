"""Makes a folder with a front end and programs that behave as Timeloop's do, from recorded results.

The front end is `pytimeloop.timeloopfe.v4`; what its tools do is in the environment variable FAKE_TIMELOOP:

- ``found``: the recorded results of timeloop-mapper and timeloop-model;
- ``no_mapping``, ``refused``: the recorded log of such a run, no results, and Timeloop's exit code;
- ``silent``: exit code 0 and nothing else; ``broken``: the front end raises; ``endless``: the tool never ends;
- ``metric``: results, but with Timeloop's warning that it was given no metric.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from timeloop_runs import RUNS

_MODULE = f"""
import gzip, os, pathlib, shutil, subprocess, sys

RUNS = pathlib.Path({str(RUNS)!r})


class Specification:
    @classmethod
    def from_yaml_files(cls, *files):
        if os.environ["FAKE_TIMELOOP"] == "broken":
            raise ValueError("no such attribute:\\n  depth")
        for name in files:
            pathlib.Path(name).read_text()
        return cls()


def _call(tool, folder, extra_input_files, log_to, return_proc):
    assert return_proc and all(pathlib.Path(name).is_file() for name in extra_input_files)
    behaviour, folder = os.environ["FAKE_TIMELOOP"], pathlib.Path(folder)
    code = 0
    if behaviour in ("found", "metric"):
        for path in (RUNS / tool.removeprefix("timeloop-")).iterdir():
            if path.name.startswith("timeloop-"):
                if path.suffix == ".gz":
                    (folder / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
                else:
                    shutil.copy(path, folder)
    if behaviour == "metric":
        log_to.write("WARNING: no optimization metric(s) specified, using edp as default.\\n")
    if behaviour in ("no_mapping", "refused"):
        log_to.write((RUNS / (behaviour + ".txt")).read_text())
        code = int(behaviour == "refused")
    log_to.flush()
    seconds = 600 if behaviour == "endless" else 0
    program = f"import time; time.sleep({{seconds}}); raise SystemExit({{code}})"
    process = subprocess.Popen([sys.executable, "-c", program])
    (folder / "pid").write_text(str(process.pid))
    return process


def call_mapper(specification, output_dir, extra_input_files, log_to, extra_args, return_proc):
    return _call("timeloop-mapper", output_dir, extra_input_files, log_to, return_proc)


def call_model(specification, output_dir, extra_input_files, log_to, extra_args, return_proc):
    return _call("timeloop-model", output_dir, extra_input_files, log_to, return_proc)


def call_accelergy_verbose(specification, output_dir, extra_input_files, log_to, extra_args, return_proc):
    return _call("accelergy", output_dir, extra_input_files, log_to, return_proc)
"""


def make(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the front end and the programs in a folder, and the folder where this process's children look."""
    package = folder / "modules" / "pytimeloop" / "timeloopfe"
    (package / "v4").mkdir(parents=True)
    (package / "common").mkdir()
    for place in (package.parent, package, package / "common"):
        (place / "__init__.py").write_text("")
    (package / "v4" / "__init__.py").write_text(_MODULE)
    programs = folder / "programs"
    programs.mkdir()
    for name in ("timeloop-mapper", "timeloop-model"):
        (programs / name).write_text("#!/bin/sh\nexit 1\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", str(folder / "modules"))
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_TIMELOOP", "found")
    monkeypatch.delenv("QADAM_TIMELOOP_PYTHON", raising=False)
