"""`qadam-tl verify`: agreement point by point, with Timeloop's part played by the embedded count."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sweep_helpers import NETWORK, NETWORK_FILE

from qadam_plugin.cli import app
from qadam_plugin.engines import timeloop
from qadam_plugin.engines.base import Access, LayerResult
from qadam_plugin.engines.timeloop_compare import TOLERANCE, compare_layer, merge, refused, relative_difference
from qadam_plugin.engines.timeloop_stats import RunStats, StoreStats
from qadam_plugin.engines.timeloop_tools import Toolchain
from qadam_plugin.errors import InputError, RunError
from qadam_plugin.hardware.build import build_spec
from qadam_plugin.hardware.config import AcceleratorConfig, config_from_values
from qadam_plugin.mapping.model import evaluate
from qadam_plugin.mapping.nest import LevelLoops, Mapping
from qadam_plugin.ppa.library import load_library
from qadam_plugin.ppa.pricing import price_spec
from qadam_plugin.sweep.points import stored_config
from qadam_plugin.sweep.rows import design_row
from qadam_plugin.sweep.store import ResultStore
from qadam_plugin.workloads.layer import Layer

SPACE = """
pe_type: [int16, {family: int, act_bits: 8, weight_bits: 4, acc_bits: 24, name: mine}]
rows: 4
cols: [4, 8]
glb_kib: 64
"""

Change = Callable[[RunStats], RunStats | str]


@dataclass
class _Embedded:
    """Answers as the timeloop engine does, from the embedded count; `change` is done to every answer."""

    change: Change
    toolchain: Toolchain = field(default_factory=lambda: Toolchain("python", "a front end", ""))
    by_accelergy: bool = False

    def evaluate(
        self, config: AcceleratorConfig, clock_ghz: float, mapped: Sequence[tuple[Layer, timeloop.Loops]]
    ) -> list[RunStats | str]:
        spec = build_spec(config, clock_ghz)
        energy = price_spec(spec, load_library()).energy
        answers: list[RunStats | str] = []
        for layer, loops in mapped:
            found = evaluate(spec, layer, Mapping(tuple(LevelLoops(*entry) for entry in loops)), energy)
            levels = {
                name: StoreStats(
                    {
                        tensor: Access(
                            *(name, tensor, counts.reads * counts.utilized_instances),
                            *(counts.fills * counts.utilized_instances, counts.updates * counts.utilized_instances),
                            *(counts.utilized_instances, counts.energy_pj),
                        )
                        for tensor, counts in level.tensors.items()
                    },
                    level.leakage_energy_pj,
                )
                for name, level in found.levels.items()
            }
            run = RunStats(
                *(found.cycles, found.computes, found.utilization, found.energy_pj, found.mac_energy_pj), levels
            )
            answers.append(self.change(run))
        return answers


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a small sweep with the embedded mapper."""
    folder = tmp_path_factory.mktemp("verify")
    (folder / "space.yaml").write_text(SPACE)
    (folder / "tiny.yaml").write_text(NETWORK_FILE)
    arguments = ["--network", str(folder / "tiny.yaml"), "--out", str(folder / "results"), "--jobs", "1"]
    with pytest.raises(SystemExit) as done:
        app.main(["sweep", str(folder / "space.yaml"), *arguments])
    assert done.value.code == 0
    return folder / "results"


Verify = Callable[..., tuple[int, str]]


@pytest.fixture
def verify(results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verify:
    """Runs the command with a change done to Timeloop's answers: exit code and standard output."""

    def run(change: Change, *options: str) -> tuple[int, str]:
        monkeypatch.setattr(timeloop, "timeloop_engine", lambda settings: _Embedded(change))
        with pytest.raises(SystemExit) as done:
            app.main(["verify", str(results), *options])
        assert isinstance(done.value.code, int)
        return done.value.code, capsys.readouterr().out

    return run


def as_it_is(run: RunStats) -> RunStats:
    return run


def test_points_that_agree_give_exit_code_0_and_a_line_each(verify: Verify) -> None:
    code, out = verify(as_it_is, "--json")
    report = json.loads(out)
    assert code == 0 and report["agrees"]
    assert (report["energies"], report["front_end"]) == ("models", "a front end")
    for point in report["points"]:
        assert point["layers"] == len(NETWORK.layers)
        # Three DRAM stores, two of the global buffer, three scratchpads: one tensor and four counts each.
        assert point["counts"] == len(NETWORK.layers) * 8 * 4
        assert point["differing_counts"] == point["differing_cycles"] == 0
        assert point["energy_difference"] < 1e-12
        assert point["findings"] == []
    code, text = verify(as_it_is)
    assert code == 0
    assert f"{len(report['points'])} of {len(report['points'])} points agree" in text


def test_points_are_those_of_the_pareto_front(verify: Verify, results: Path) -> None:
    import pandas as pd

    front = pd.read_csv(results / "pareto.csv")
    report = json.loads(verify(as_it_is, "--json")[1])
    assert sorted(point["config_id"] for point in report["points"]) == sorted(front["config_id"])
    best = front.sort_values("perf_per_area").iloc[-1]["config_id"]
    top = json.loads(verify(as_it_is, "--json", "--top", "1")[1])
    assert [point["config_id"] for point in top["points"]] == [best]


def more_cycles(run: RunStats) -> RunStats:
    return replace(run, cycles=run.cycles + 1)


def dearer(run: RunStats) -> RunStats:
    return replace(run, energy_pj=run.energy_pj * (1 + 2e-6))


def one_read_more(run: RunStats) -> RunStats:
    level = run.levels["glb_psum"]
    access = replace(level.tensors["Outputs"], reads=level.tensors["Outputs"].reads + 1)
    return replace(run, levels={**run.levels, "glb_psum": replace(level, tensors={"Outputs": access})})


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (more_cycles, "first: cycles are "),
        (dearer, "first: energy of everything is "),
        (one_read_more, "first: reads of Outputs at glb_psum is "),
        (lambda run: "no room", "first: Timeloop refuses the stored mapping: no room"),
    ],
)
def test_disagreement_gives_exit_code_1_and_is_named(change: Change, finding: str, verify: Verify) -> None:
    code, out = verify(change)
    assert code == 1
    assert finding in out and "DIFFERS" in out
    assert out.splitlines()[-1].startswith("0 of ")


def test_energy_within_the_tolerance_agrees(verify: Verify) -> None:
    code, out = verify(lambda run: replace(run, energy_pj=run.energy_pj * (1 + TOLERANCE / 2)), "--json")
    assert code == 0
    assert json.loads(out)["points"][0]["energy_difference"] == pytest.approx(TOLERANCE / 2, rel=1e-3)


def test_no_results_and_no_timeloop_are_one_line_each(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(settings: Path | None) -> None:
        raise RunError("Timeloop's Python front end is in no interpreter")

    monkeypatch.setattr(timeloop, "timeloop_engine", missing)
    for folder, code, message in ((tmp_path, 2, "no results here"), (results, 1, "front end is in no interpreter")):
        with pytest.raises(SystemExit) as done:
            app.main(["verify", str(folder)])
        assert done.value.code == code
        assert message in capsys.readouterr().err


def stored(**changed: object) -> LayerResult:
    base = LayerResult(
        True,
        accesses=(Access("L1", "Weights", 10, 5, 0, 2, 3.0),),
        leakage_pj={"L1": 1.0},
        cycles=7,
        timeloop_pj=6.0,
        mac_pj=2.0,
    )
    return replace(base, **changed)  # pyright: ignore[reportArgumentType]


RUN = RunStats(7, 4, 0.5, 6.0, 2.0, {"L1": StoreStats({"Weights": Access("L1", "Weights", 10, 5, 0, 2, 3.0)}, 1.0)})


@pytest.mark.parametrize(
    ("result", "finding"),
    [
        (stored(mac_pj=2.1), "energy of the MACs"),
        (stored(leakage_pj={}), "energy of leakage at L1"),
        (stored(accesses=()), "reads of Weights at L1 is 0 stored, 10 by Timeloop"),
        (stored(accesses=(*stored().accesses, Access("L1", "Inputs", 3, 0, 0, 1, 0.0))), "reads of Inputs at L1 is 3"),
        (stored(accesses=(Access("L1", "Weights", 10, 5, 0, 3, 3.0),)), "instances of Weights at L1 is 3 stored, 2"),
        (stored(accesses=(Access("L1", "Weights", 10, 5, 0, 2, 3.1),)), "energy of accesses at L1"),
    ],
)
def test_every_part_of_a_result_is_compared(result: LayerResult, finding: str) -> None:
    assert compare_layer("x", stored(), RUN).agrees
    found = compare_layer("x", result, RUN)
    assert not found.agrees
    assert any(finding in line for line in found.findings)


def test_points_sum_their_layers() -> None:
    parts = [compare_layer("a", stored(cycles=8), RUN), compare_layer("b", stored(mac_pj=2.1), RUN), refused("c", "no")]
    total = merge(parts)
    assert (total.layers, total.counts, total.differing_cycles) == (3, 8, 1)
    assert total.energy_difference == pytest.approx(0.1 / 2.1)
    assert [line[0] for line in total.findings] == ["a", "b", "c"]
    assert relative_difference(0.0, 0.0) == 0.0
    assert relative_difference(0.0, 1.0) == 1.0


@pytest.mark.parametrize(
    "pe",
    [
        "fp32",
        "lightpe1",
        {"family": "int", "act_bits": 8, "weight_bits": 4, "acc_bits": 24, "name": "mine"},
        {"family": "shift-add", "act_bits": 6, "weight_bits": 8, "acc_bits": 32, "shift_terms": 2},
    ],
)
@pytest.mark.parametrize("clock", ["auto", 0.4])
def test_config_is_made_whole_from_its_stored_columns(pe: object, clock: object, tmp_path: Path) -> None:
    from arithmetic_engine import ArithmeticEngine

    from qadam_plugin.engines.base import DesignFacts

    sizes = {"rows": 3, "cols": 5, "ifmap_spad_depth": 9, "weights_spad_depth": 32, "psum_spad_depth": 7}
    values = {"pe_type": pe, **sizes, "glb_kib": 33.5, "glb_weights_share": 0.2, "clock": clock}
    config = config_from_values(values, "x")
    row = design_row("k", ArithmeticEngine(), config, DesignFacts(True))
    with ResultStore.writing(tmp_path) as store:
        assert stored_config(row, store) == config
        with pytest.raises(InputError, match="is no config that this version"):
            stored_config({**row, "rows": 4}, store)
