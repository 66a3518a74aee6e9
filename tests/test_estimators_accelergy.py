"""The plug-in inside the real Accelergy, when `accelergy` is in PATH; its recorded messages otherwise."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pydantic
import pytest
import yaml
from typer.testing import CliRunner

from qadam_plugin.cli.app import build_app
from qadam_plugin.engines.timeloop_tables import component
from qadam_plugin.estimators import config_file, probe
from qadam_plugin.estimators.accelergy_input import accelergy_yaml
from qadam_plugin.estimators.compound_components import compound_yaml
from qadam_plugin.hardware.archspec import ArchSpec, Compute, Storage
from qadam_plugin.hardware.build import build_spec
from qadam_plugin.hardware.config import load_config
from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.ert_file import read_ert
from qadam_plugin.ppa.library import load_library
from qadam_plugin.ppa.pricing import price_spec, resolve_clock_ghz

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(__file__).parent / "data/accelergy"
REL = 1e-9
REAL = pytest.mark.real("accelergy")

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def accelergy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The real Accelergy in an empty folder, with a config file that leads to the plug-in of this checkout."""
    program = shutil.which("accelergy")
    if program is None:
        pytest.skip("Accelergy is not installed: `accelergy` is not in PATH")
    monkeypatch.chdir(tmp_path)
    libraries = Path(pydantic.__file__).resolve().parent.parent
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(libraries)]))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "accelergy_config.yaml").write_text(config_file.new_text(str(tmp_path / "none"), _folder()))

    def run(*inputs: str) -> subprocess.CompletedProcess[str]:
        for index, text in enumerate(inputs):
            (tmp_path / f"input{index}.yaml").write_text(text)
        names = [f"input{index}.yaml" for index in range(len(inputs))]
        (tmp_path / "out").mkdir(exist_ok=True)
        command = [program, *names, "-o", "out", "-p", "15"]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)

    return run


def _folder() -> str:
    return str(config_file.PLUGIN_FOLDER)


def generated(name: str) -> ArchSpec:
    library = load_library()
    config = load_config(data_dir("arch_specs") / f"{name}.yaml")
    return build_spec(config, resolve_clock_ghz(config, library))


def one_spad(**attributes: object) -> str:
    store = Storage(
        "spad", "qadam_regfile", 16, 16, 24, ("Inputs",), attributes={"width": 16, "depth": 24, **attributes}
    )
    mac = Compute("mac", "lightpe1_mac")
    return accelergy_yaml(ArchSpec("one", (store, mac), technology="45nm", cycle_seconds=1e-9))


@REAL
@pytest.mark.parametrize("compound", [False, True], ids=["classes", "compound components"])
@pytest.mark.parametrize("name", ["eyeriss168", *PE_TYPES])
def test_accelergys_tables_equal_the_models_prices(name: str, compound: bool, accelergy: Run, tmp_path: Path) -> None:
    spec = generated(name)
    done = accelergy(accelergy_yaml(spec), *([compound_yaml()] if compound else []))
    assert done.returncode == 0, done.stderr[-2000:]
    energy = read_ert(tmp_path / "out/ERT.yaml", spec).energy_pj
    priced = price_spec(spec, load_library())
    areas = {
        component(table["name"]): table["area"]
        for table in yaml.safe_load((tmp_path / "out/ART.yaml").read_text())["ART"]["tables"]
    }
    for part in priced.components:
        assert energy[part.name] == pytest.approx(priced.energy.energy_pj[part.name], rel=REL), part.name
        assert areas[part.name] == pytest.approx(part.estimate.area_um2, rel=REL), part.name
    summary = yaml.safe_load((tmp_path / "out/ERT_summary.yaml").read_text())["ERT_summary"]["table_summary"]
    assert len(summary) == len(priced.components)
    answered = {each["estimator"] for table in summary for each in table["primitive_estimation(s)"]}
    assert answered == {"qadam-tl"}


@REAL
def test_written_file_is_all_that_accelergy_needs(accelergy: Run, tmp_path: Path) -> None:
    config = data_dir("arch_specs") / "lightpe1.yaml"
    written = CliRunner().invoke(build_app(), ["arch", str(config), "--accelergy", "-o", "flat.yaml"])
    assert written.exit_code == 0, written.output
    done = accelergy((tmp_path / "flat.yaml").read_text())
    assert done.returncode == 0, done.stderr[-2000:]
    energy = read_ert(tmp_path / "out/ERT.yaml", generated("lightpe1")).energy_pj
    for name, wanted in price_spec(generated("lightpe1"), load_library()).energy.energy_pj.items():
        assert energy[name] == pytest.approx(wanted, rel=REL), name


@REAL
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"depth": -1}, "qadam_regfile.attributes.depth: a whole number of at least 1 is wanted, not -1"),
        ({"width": 0}, "qadam_regfile.attributes.width: a whole number of at least 1 is wanted, not 0"),
        ({"technology": "7nm"}, "not '7nm'"),
    ],
)
def test_user_sees_what_cannot_exist_and_no_number(
    changed: dict[str, object], said: str, accelergy: Run, tmp_path: Path
) -> None:
    done = accelergy(one_spad(**changed))
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert not (tmp_path / "out/ERT.yaml").exists()


@REAL
def test_user_sees_why_there_is_no_answer_far_outside_the_range(accelergy: Run) -> None:
    done = accelergy(one_spad(depth=1 << 16))
    assert done.returncode != 0
    assert "depth 65536 is outside" in done.stdout + done.stderr


@REAL
def test_whole_pe_costs_its_parts(accelergy: Run, tmp_path: Path) -> None:
    depths = {"ifmap_spad_depth": 12, "weights_spad_depth": 112, "psum_spad_depth": 24}
    mac = Compute("mac", "lightpe1_pe_compute", attributes=dict(depths))
    spec = ArchSpec("one", (mac,), technology="45nm", cycle_seconds=5e-9)
    done = accelergy(accelergy_yaml(spec), compound_yaml())
    assert done.returncode == 0, done.stderr[-2000:]
    found = read_ert(tmp_path / "out/ERT.yaml", spec).energy_pj["mac"]
    design = load_config(data_dir("arch_specs") / "lightpe1.yaml")
    config = replace(design.with_values(depths), clock_ghz=0.2)
    parts = price_spec(build_spec(config, 0.2), load_library()).energy.energy_pj
    reads = sum(parts[name]["read"] for name in ("ifmap_spad", "weights_spad", "psum_spad"))
    assert found["compute"] == pytest.approx(parts["mac"]["compute"] + reads + parts["psum_spad"]["write"], rel=REL)
    leaks = sum(parts[name]["leak"] for name in ("mac", "ifmap_spad", "weights_spad", "psum_spad"))
    assert found["leak"] == pytest.approx(leaks, rel=REL)


@REAL
def test_accelergy_goes_on_where_the_package_is_missing(
    accelergy: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that Accelergy loads, alone, as when the environment that it came from is gone."""
    alone = tmp_path / "alone"
    shutil.copytree(config_file.PLUGIN_FOLDER, alone, ignore=shutil.ignore_patterns("__pycache__"))
    (alone / "qadam_accelergy.py").write_text(
        (alone / "qadam_accelergy.py").read_text().replace("from qadam_plugin.", "from no_such_package.")
    )
    (tmp_path / "accelergy_config.yaml").write_text(config_file.new_text(str(tmp_path / "none"), str(alone)))
    done = accelergy(one_spad())
    assert done.returncode == 1
    assert "qadam-tl cannot be imported by" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@REAL
def test_config_of_another_environment_is_mended_and_left_as_it_was(accelergy: Run, tmp_path: Path) -> None:
    config = tmp_path / "accelergy_config.yaml"
    config.write_text((DATA / "accelergy_config.yaml").read_text())
    before, runner, app = config.read_bytes(), CliRunner(), build_app()
    assert accelergy(one_spad()).returncode != 0
    assert runner.invoke(app, ["plugin", "install"]).exit_code == 0
    done = accelergy(one_spad())
    assert done.returncode == 0, done.stderr[-2000:]
    assert runner.invoke(app, ["plugin", "uninstall"]).exit_code == 0
    assert config.read_bytes() == before
    assert accelergy(one_spad()).returncode != 0


@REAL
def test_probe_asks_for_one_estimate(accelergy: Run) -> None:
    found = probe.ask_accelergy()
    assert (found.estimator, found.reason) == ("qadam-tl", "")
    assert found.config is not None and found.config.endswith("accelergy_config.yaml")


def test_probe_reads_recorded_answers() -> None:
    assert probe._estimator((DATA / "ERT_summary_verbose.yaml").read_text()) == "qadam-tl"
    assert probe._reason((DATA / "no_plugin.log").read_text()).startswith(
        "Can not find an energy estimator for lightpe1_mac"
    )


def test_probe_without_accelergy_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert probe.ask_accelergy().reason == "`accelergy` is not in PATH"


def test_words_of_attributes_are_quoted_for_accelergy() -> None:
    text = accelergy_yaml(generated("lightpe1"))
    assert 'technology: "45nm"' in text and 'type: "LPDDR4"' in text and 'family: "shift-add"' in text


def test_compound_components_are_named_so_that_the_front_end_takes_them() -> None:
    """It takes a class whose name contains one of its words: storage before compute."""
    classes = {each["name"]: each for each in yaml.safe_load(compound_yaml())["compound_components"]["classes"]}
    assert {f"{name}_mac" for name in PE_TYPES} < set(classes)
    for name, content in classes.items():
        actions = {action["name"] for action in content["actions"]}
        if any(word in name for word in ("DRAM", "SRAM", "regfile", "smartbuffer", "storage")):
            assert actions == {"read", "write", "update", "leak"}
        else:
            assert any(word in name for word in ("mac", "compute")) and {"compute", "leak"} <= actions


@pytest.mark.slow
def test_wheel_lays_the_plug_in_where_accelergy_looks(tmp_path: Path) -> None:
    import zipfile

    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    place = ".data/data/share/accelergy/estimation_plug_ins/qadam/"
    assert {name.split(place)[1] for name in names if place in name} == {"qadam.estimator.yaml", "qadam_accelergy.py"}
    assert "hwcomponents_qadam/__init__.py" in names
