"""`qadam-tl doctor`: what it finds where nothing is, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qadam_plugin.cli.app import build_app
from qadam_plugin.errors import InputError
from qadam_plugin.estimators import checkup
from qadam_plugin.estimators.probe import Probe


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A machine without Accelergy and Timeloop."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("QADAM_TIMELOOP_PYTHON", raising=False)
    return CliRunner()


def states(output: str) -> dict[str, str]:
    return {check["name"]: check["state"] for check in json.loads(output)}


def test_default_engine_runs_without_any_other_tool(bare: CliRunner) -> None:
    done = bare.invoke(build_app(), ["doctor", "--json"])
    assert done.exit_code == 0
    found = states(done.output)
    assert found["engine rowstationary"] == found["models"] == "ok"
    assert found["Accelergy"] == found["Timeloop"] == "missing"


def test_engine_that_cannot_run_gives_exit_code_1_and_what_to_do(bare: CliRunner) -> None:
    done = bare.invoke(build_app(), ["doctor", "--engine", "timeloop"])
    assert done.exit_code == 1
    assert "failed  engine timeloop" in done.output
    assert done.output.count("->") >= 3


def test_unknown_engine_is_refused(bare: CliRunner) -> None:
    done = bare.invoke(build_app(), ["doctor", "--engine", "warp"])
    assert isinstance(done.exception, InputError)


@pytest.mark.parametrize(
    ("probe", "state", "said"),
    [
        (Probe("accelergy", None, "dummy", 1.0), "missing", "dummy answered"),
        (Probe("accelergy", None, "qadam-tl", 1.0), "missing", "two versions of qadam-tl"),
        (Probe("accelergy", None, "", None, "Can not find an estimator"), "missing", "Can not find an estimator"),
    ],
)
def test_other_peoples_answers_are_named(
    probe: Probe, state: str, said: str, bare: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkup, "ask_accelergy", lambda: probe)
    plugin = next(check for check in checkup.checkup() if check.name == "plug-in")
    assert plugin.state == state
    assert said in plugin.found + plugin.remedy
