"""Accelergy's config file: our entry in and out, other people's entries untouched. The recorded file is a real one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from qadam_plugin.cli.app import build_app
from qadam_plugin.errors import InputError, RunError
from qadam_plugin.estimators import config_file, discovery

RECORDED = (Path(__file__).parent / "data/accelergy/accelergy_config.yaml").read_text()
FOLDER = str(config_file.PLUGIN_FOLDER)
OTHER = "/home/ada/old env/qadam_plugin/estimators/accelergy"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder, with the current folder elsewhere and empty, and no Accelergy in this environment."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(discovery, "_accelergy_share", lambda: None)
    return tmp_path


def write_config(home: Path, text: str) -> Path:
    path = home / ".config/accelergy/accelergy_config.yaml"
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode())
    return path


def test_plugin_folder_holds_what_accelergy_looks_for() -> None:
    (specification,) = config_file.PLUGIN_FOLDER.glob("*.estimator.yaml")
    entry = yaml.safe_load(specification.read_text())["qadam"]
    assert (config_file.PLUGIN_FOLDER / f"{entry['module']}.py").is_file()


@pytest.mark.parametrize(
    "text",
    [
        RECORDED,
        RECORDED.replace("\n", "\r\n"),
        "version: 0.4\nestimator_plug_ins: []\n",
        "version: 0.4\nestimator_plug_ins: [/a, '/b']  # both\nx: 1\n",
        "version: 0.4\n",
        "---\nversion: 0.4\n",
        "version: 0.4\nestimator_plug_ins:\nz: 1\n",
        "version: 0.4\nestimator_plug_ins:\n# mine\n\n    - /a",
        "version: 0.4\nestimator_plug_ins: # hi\n- /a # one\n- /b\npython_plug_ins: []\n",
    ],
)
def test_entry_goes_in_and_out_without_a_trace(text: str) -> None:
    before = yaml.safe_load(text)
    edited = config_file.with_entry(text, FOLDER, "config")
    after = yaml.safe_load(edited)
    assert after == {**before, "estimator_plug_ins": [FOLDER, *(before.get("estimator_plug_ins") or [])]}
    assert config_file.with_entry(edited, FOLDER, "config") == edited
    assert config_file.without_entry(edited, "config") == text


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1), max_size=4),
    st.booleans(),
    st.sampled_from(["", "# a comment\n", "python_plug_ins:\n- /mine\n"]),
)
def test_any_config_is_either_edited_reversibly_or_refused(others: list[str], flow: bool, head: str) -> None:
    text = head + yaml.safe_dump(
        {"version": "0.4", "estimator_plug_ins": others}, default_flow_style=None if flow else False
    )
    try:
        edited = config_file.with_entry(text, FOLDER, "config")
    except InputError as error:
        assert str(error).startswith("config: estimator_plug_ins")
        return
    assert yaml.safe_load(edited)["estimator_plug_ins"] == [FOLDER, *others]
    assert config_file.without_entry(edited, "config") == text


def test_a_list_over_several_lines_is_edited_or_left_to_the_user() -> None:
    text = "version: 0.4\nestimator_plug_ins: &list\n  - /a\npython_plug_ins: *list\n"
    with pytest.raises(InputError, match="add this to it by hand"):
        config_file.with_entry(text, FOLDER, "config")


def test_entry_of_an_installation_that_is_gone_is_replaced(home: Path) -> None:
    path = write_config(home, config_file.with_entry(RECORDED, OTHER, "config"))
    assert OTHER in discovery.status().missing
    found, _ = discovery.install()
    assert found.found == (config_file.PLUGIN_FOLDER,)
    assert OTHER not in path.read_text()
    discovery.uninstall()
    assert path.read_text() == RECORDED


def test_config_of_another_environment_does_not_find_us_until_installed(home: Path) -> None:
    """The recorded file names the folders of an environment that this one is not."""
    path = write_config(home, RECORDED)
    runner, app = CliRunner(), build_app()
    said = runner.invoke(app, ["plugin", "status"])
    assert said.exit_code == 1
    assert "gone" in said.output and "plugin install" in said.output
    assert runner.invoke(app, ["plugin", "install"]).exit_code == 0
    assert runner.invoke(app, ["plugin", "status"]).exit_code == 0
    assert runner.invoke(app, ["plugin", "install"]).output.startswith("Accelergy finds the plug-in already")
    assert runner.invoke(app, ["plugin", "uninstall"]).exit_code == 0
    assert path.read_text() == RECORDED


def test_wheel_in_accelergys_own_environment_needs_no_entry(home: Path) -> None:
    share = home / "env/share/accelergy/estimation_plug_ins/qadam"
    share.mkdir(parents=True)
    (share / "qadam.estimator.yaml").write_text("version: 0.4\n")
    path = write_config(home, RECORDED.replace("/home/ada/env1", str(home / "env")))
    before = path.read_bytes()
    found, _ = discovery.install()
    assert found.found == (share,)
    assert path.read_bytes() == before


def test_config_in_the_current_folder_comes_first(home: Path) -> None:
    write_config(home, RECORDED)
    here = Path.cwd() / "accelergy_config.yaml"
    here.write_text("version: 0.4\nestimator_plug_ins: []\n")
    found, _ = discovery.install()
    assert found.config == here and found.visible


def test_without_config_and_accelergy_there_is_nothing_to_edit(home: Path) -> None:
    with pytest.raises(RunError, match="run `accelergy` once"):
        discovery.install()


def test_config_that_we_wrote_is_deleted_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share = home / "env/share/accelergy"
    monkeypatch.setattr(discovery, "_accelergy_share", lambda: share)
    found, _ = discovery.install()
    assert found.config is not None
    written = yaml.safe_load(found.config.read_text())
    assert written.keys() == yaml.safe_load(RECORDED).keys()
    assert written["estimator_plug_ins"] == [FOLDER, str(share / "estimation_plug_ins")]
    discovery.uninstall()
    assert not found.config.exists()


@pytest.mark.parametrize("text", ["- a\n", "estimator_plug_ins: 3\n", "a: [\n", "estimator_plug_ins: [1]\n"])
def test_what_is_no_config_is_refused_and_left_alone(text: str, home: Path) -> None:
    path = write_config(home, text)
    result = CliRunner().invoke(build_app(), ["plugin", "install"])
    assert isinstance(result.exception, InputError)
    assert str(path) in str(result.exception)
    assert path.read_text() == text
