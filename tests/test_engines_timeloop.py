"""The timeloop engine around a front end that behaves as the real one does: what works, and every way it fails."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import fake_front_end
import pytest
import yaml
from timeloop_runs import CONFIG, LAYER, RUNS, recorded, spec

from qadam_plugin.engines.base import OBJECTIVES
from qadam_plugin.engines.registry import make_engine
from qadam_plugin.engines.timeloop import TimeloopEngine, layer_name, timeloop_engine
from qadam_plugin.engines.timeloop_jobs import TimeloopRunner
from qadam_plugin.engines.timeloop_process import complaint
from qadam_plugin.engines.timeloop_settings import TimeloopSettings, load_settings, mapper_yaml_fields
from qadam_plugin.engines.timeloop_stats import read_stats
from qadam_plugin.engines.timeloop_tables import ReferenceTables, write_tables
from qadam_plugin.engines.timeloop_tools import Toolchain, find_toolchain
from qadam_plugin.errors import InputError, RunError
from qadam_plugin.hardware.archspec import ArchSpec
from qadam_plugin.ppa.ert_file import read_ert
from qadam_plugin.ppa.pricing import PricedSpec
from qadam_plugin.workloads.layer import Layer


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Timeloop that answers with recorded results."""
    fake_front_end.make(tmp_path, monkeypatch)
    return tmp_path


def engine(folder: Path, text: str = "") -> TimeloopEngine:
    """The engine with some settings; energies as the recorded runs had them need none of Accelergy."""
    (folder / "settings.yaml").write_text(f"energies: models\n{text}")
    return timeloop_engine(folder / "settings.yaml")


def recorded_tables(given: TimeloopEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the engine price with the recorded run's tables, whatever the models say today."""
    design = given.design(CONFIG)
    tables = replace(design.tables, energy=read_ert(RUNS / "mapper" / "ERT.yaml", spec()))  # pyright: ignore
    monkeypatch.setattr(TimeloopEngine, "tables", lambda self, name, spec, priced: tables)


def test_result_is_the_mappers_run_in_the_shared_record(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = engine(fake)
    recorded_tables(given, monkeypatch)
    found = given.design(CONFIG).run(LAYER, "edp")
    run = read_stats(*recorded("mapper"), read_ert(RUNS / "mapper" / "ERT.yaml", spec()), "recorded")
    assert found.valid and not found.optimal
    assert (found.cycles, found.timeloop_pj, found.mac_pj) == (run.cycles, run.energy_pj, run.mac_energy_pj)
    assert found.onchip_pj + found.dram_pj == pytest.approx(found.timeloop_pj + found.idle_pj, rel=1e-12)
    assert found.dram_pj == sum(access.energy_pj for access in found.accesses if access.level.startswith("DRAM"))
    assert [access.level for access in found.accesses][:3] == ["DRAM_weights", "DRAM_ifmap", "DRAM_psum"]
    bounds = [bound for _, _, loops in found.mapping for dimension, bound in loops if dimension == "C"]
    assert bounds and all(bound > 1 for bound in bounds)
    product = 1
    for bound in bounds:
        product *= bound
    assert product == LAYER.C
    assert [kind for level, kind, _ in found.mapping if level == "PE_column"] == ["spatial-x"]


def test_facts_name_who_answered_and_take_the_area_from_the_art(fake: Path) -> None:
    facts = engine(fake).design(CONFIG).facts
    ours = make_engine("rowstationary").design(CONFIG).facts
    assert facts.area_um2 == pytest.approx(ours.area_um2, rel=1e-12)
    assert (facts.clock_ghz, facts.out_of_range) == (ours.clock_ghz, ours.out_of_range)
    assert dict(facts.estimators)["mac"] == "models"


@pytest.mark.parametrize(("energies", "asked"), [("auto", ["inside"]), ("accelergy", ["inside", "outside"])])
def test_models_stand_in_where_the_plug_in_gives_no_answer(
    energies: str, asked: list[str], fake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside the characterised range, and only where that is left to the engine."""
    calls = []

    def accelergy(runner: TimeloopRunner, spec: ArchSpec, priced: PricedSpec, folder: Path) -> ReferenceTables:
        calls.append("outside" if any(part.estimate.warnings for part in priced.components) else "inside")
        return write_tables(spec, priced, folder)

    monkeypatch.setattr(TimeloopRunner, "accelergy", accelergy)
    given = TimeloopEngine(TimeloopSettings(energies=energies), find_toolchain(None), by_accelergy=True)
    for config in (CONFIG, CONFIG.with_values({"psum_spad_depth": 2048})):
        assert given.design(config).facts.valid
    assert calls == asked


def test_config_that_cannot_be_built_is_a_design_that_says_so(fake: Path) -> None:
    facts = engine(fake).design(replace(CONFIG, pe=replace(CONFIG.pe, family="int", weight_bits=40))).facts
    assert not facts.valid and facts.reason


def test_layer_without_mapping_is_a_result_with_the_mappers_reason(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_TIMELOOP", "no_mapping")
    found = engine(fake).design(CONFIG).run(LAYER, "edp")
    assert not found.valid
    assert found.reason.startswith("timeloop-mapper found no valid mapping (1 invalid mappings (1 fanout, 0 capacity)")


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("silent", "timeloop-mapper failed on qadam_lightpe1_4x4, .*: it wrote no results: it printed nothing"),
        ("broken", "ValueError: no such attribute: depth"),
        ("refused", "couldn't map level psum_spad: mapped tile size 2 exceeds buffer capacity 1"),
        ("metric", "does not hand the objective 'edp' on"),
    ],
)
def test_failure_is_noticed_whatever_the_exit_code(
    behaviour: str, message: str, fake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_TIMELOOP", behaviour)
    with pytest.raises(RunError, match=message):
        engine(fake).design(CONFIG).run(LAYER, "edp")


def test_job_over_its_time_is_an_error_and_leaves_no_process(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    design = engine(fake, "limit_s: 8\nkeep_jobs: jobs\n").design(CONFIG)
    monkeypatch.setenv("FAKE_TIMELOOP", "endless")
    with pytest.raises(RunError, match=r"Timeloop was not done after 8 s \(limit_s"):
        design.run(LAYER, "edp")
    (pid,) = (int(path.read_text()) for path in (fake / "jobs").glob("*/pid"))
    for _ in range(100):
        if not _alive(pid):
            break
        time.sleep(0.1)
    assert not _alive(pid)


def test_tools_end_with_the_process_that_asked_for_them(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_TIMELOOP", "endless")
    (fake / "job").mkdir()
    program = (
        "import sys; from pathlib import Path; from qadam_plugin.engines.timeloop_process import Job, call_front_end; "
        "call_front_end(sys.executable, [Job('timeloop-mapper', Path(sys.argv[1]), ())], 600.0)"
    )
    asking = subprocess.Popen([sys.executable, "-c", program, str(fake / "job")])
    pid_file = fake / "job" / "pid"
    for _ in range(300):
        if pid_file.exists() and pid_file.read_text():
            break
        time.sleep(0.1)
    pid = int(pid_file.read_text())
    asking.kill()
    asking.wait()
    for _ in range(300):
        if not _alive(pid):
            break
        time.sleep(0.1)
    assert not _alive(pid)


def test_documented_settings_are_the_defaults() -> None:
    page = (Path(__file__).parents[1] / "docs" / "timeloop.md").read_text(encoding="utf-8")
    start = page.index("    python: null")
    written = yaml.safe_load(textwrap.dedent(page[start : page.index("\n\n", start)]))
    assert written == TimeloopSettings().model_dump()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A dead process whose parent is gone may wait for ever to be collected.
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def test_mapping_that_the_model_refuses_is_told_with_its_reason(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_TIMELOOP", "refused")
    (answer,) = engine(fake).evaluate(CONFIG, 0.5, [(LAYER, ())])
    assert answer == "exit code 1: couldn't map level psum_spad: mapped tile size 2 exceeds buffer capacity 1"


def test_model_run_of_a_mapping_is_read(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = engine(fake)
    recorded_tables(given, monkeypatch)
    (answer,) = given.evaluate(CONFIG, 0.5, [(LAYER, ())])
    assert answer == read_stats(*recorded("model"), read_ert(RUNS / "model" / "ERT.yaml", spec()), "recorded")


def test_every_job_has_a_folder_of_its_own_that_is_kept_only_if_asked(
    fake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = engine(fake, "keep_jobs: jobs\n")
    recorded_tables(given, monkeypatch)
    design = given.design(CONFIG)
    for layer in (LAYER, replace(LAYER, Wstride=2)):
        design.run(layer, "edp")
    kept = sorted(path.name for path in (fake / "jobs").iterdir())
    shape = "C8_M8_R3_S3_N2_P6_Q6"
    names = [f"{shape}-edp", f"{shape}_Wstride2-edp", "tables"]
    assert kept == sorted(f"{CONFIG.config_id}-{name}" for name in names)
    assert layer_name(Layer()) == "scalar"


def test_without_timeloop_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_front_end.make(tmp_path, monkeypatch)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RunError, match=r"^timeloop-mapper is not in PATH; pytimeloop\.timeloopfe\.v4 of "):
        find_toolchain(sys.executable)
    (tmp_path / "modules" / "pytimeloop" / "timeloopfe" / "v4" / "__init__.py").write_text("import nothing_such\n")
    with pytest.raises(InputError, match=r"^python: .* has no Timeloop front end: pytimeloop.*nothing_such"):
        find_toolchain(sys.executable)
    monkeypatch.setenv("QADAM_TIMELOOP_PYTHON", "no-such-python")
    with pytest.raises(InputError, match=r"^QADAM_TIMELOOP_PYTHON: no-such-python has no .*: it cannot be run"):
        find_toolchain(None)


def test_toolchain_is_known_by_its_content_not_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    fake_front_end.make(tmp_path / "a", monkeypatch)
    first = find_toolchain(sys.executable)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    monkeypatch.setenv("PATH", f"{tmp_path / 'b' / 'programs'}:/usr/bin:/bin")
    assert find_toolchain(sys.executable).digest == first.digest
    (tmp_path / "b" / "programs" / "timeloop-model").write_text("#!/bin/sh\nexit 2\n")
    second = find_toolchain(sys.executable).digest
    assert second != first.digest
    front_end = tmp_path / "a" / "modules" / "pytimeloop" / "timeloopfe" / "common" / "__init__.py"
    front_end.write_text("changed = True\n")
    assert find_toolchain(sys.executable).digest not in (first.digest, second)


def test_fingerprint_covers_what_changes_an_answer_and_nothing_else() -> None:
    base = TimeloopEngine(TimeloopSettings(), Toolchain("python", "timeloopfe.v4", "d1"), True)

    def other(**changed: object) -> str:
        settings = TimeloopSettings(**changed)  # pyright: ignore[reportArgumentType]
        return TimeloopEngine(settings, base.toolchain, True).fingerprint

    assert other(mapper={"num_threads": 2}) != base.fingerprint
    assert other(mapper={"victory_condition": 7}) != base.fingerprint
    assert TimeloopEngine(base.settings, replace(base.toolchain, digest="d2"), True).fingerprint != base.fingerprint
    assert TimeloopEngine(base.settings, base.toolchain, False).fingerprint != base.fingerprint
    elsewhere = replace(base.toolchain, python="/other/python")
    assert TimeloopEngine(base.settings, elsewhere, True).fingerprint == base.fingerprint
    assert other(python="p", keep_jobs="j", limit_s=3.0) == base.fingerprint
    assert pickle.loads(pickle.dumps(base)).fingerprint == base.fingerprint
    assert len(pickle.dumps(base)) < 2000


def test_settings_are_checked_and_paths_are_the_files(tmp_path: Path) -> None:
    file = tmp_path / "timeloop.yaml"
    for text, message in (
        ("mapper: {threads: 2}", "mapper.threads: unknown key; did you mean 'num_threads'"),
        ("mapper: {num_threads: 0}", "mapper.num_threads: at least 1 is wanted, not 0"),
        ("mapper: {algorithm: best}", "mapper.algorithm: 'random'"),
        ("energies: mine", "energies: 'auto'"),
        ("limit_s: 0", "limit_s: more than 0 is wanted"),
    ):
        file.write_text(text)
        with pytest.raises(InputError, match=message):
            load_settings(file)
    file.write_text("python: env/bin/python\nkeep_jobs: jobs\n")
    assert load_settings(file).python == str(tmp_path / "env" / "bin" / "python")
    assert load_settings(file).keep_jobs == str(tmp_path / "jobs")
    file.write_text("python: python3\n")
    assert load_settings(file).python == "python3"
    file.write_text("")
    assert load_settings(file) == load_settings(None) == TimeloopSettings()


def test_objective_and_threads_reach_timeloops_mapper() -> None:
    for objective in OBJECTIVES:
        fields = mapper_yaml_fields(TimeloopSettings().mapper, objective)
        # Timeloop reads a list under the plural only.
        assert fields["optimization_metrics"]
        assert fields["num_threads"] == 1 and fields["live_status"] is False
        assert "search_size" not in fields
    metrics = [mapper_yaml_fields(TimeloopSettings().mapper, name)["optimization_metrics"] for name in OBJECTIVES]
    assert metrics == [["edp"], ["energy", "delay"], ["delay", "energy"]]
    limited = TimeloopSettings.model_validate({"mapper": {"search_size": 9}})
    assert mapper_yaml_fields(limited.mapper, "edp")["search_size"] == 9


def test_complaint_is_the_error_and_not_the_noise_around_it() -> None:
    accelergy = (
        "2026-11-21 08:36:34 INFO        reading\n"
        "2026-11-21 08:36:34 ERROR       ========= An error has caused Accelergy to crash. =========\n"
        "2026-11-21 08:36:34 ERROR       Can not find an energy estimator for qadam_DRAM(depth=1, width=64)\n"
        "2026-11-21 08:36:34 ERROR       | Library with accuracy 0% estimating accuracy:\n"
        "2026-11-21 08:36:34 ERROR       .\n"
    )
    assert complaint(accelergy) == "Can not find an energy estimator for qadam_DRAM(depth=1, width=64)"
    assert complaint("one\ntwo\n\nthree\nfour\n") == "two | three | four"
    assert complaint("ERROR: " + "x" * 500).endswith("x...")
    assert complaint("") == "it printed nothing"
