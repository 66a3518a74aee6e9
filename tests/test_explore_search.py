"""What a search evaluates, finds, keeps and never evaluates again."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest
from arithmetic_engine import ArithmeticEngine
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.trial import TrialState
from sweep_helpers import NETWORK, plan, sweep

from qadam_plugin.analysis.pareto import oriented, pareto_mask
from qadam_plugin.engines.base import Design
from qadam_plugin.errors import InputError
from qadam_plugin.explore.history import write_history
from qadam_plugin.explore.question import Question, parse_limit, parse_objectives
from qadam_plugin.explore.samplers import SAMPLERS
from qadam_plugin.explore.search import Progress
from qadam_plugin.explore.session import ExplorePlan, Found, run_exploration
from qadam_plugin.explore.storage import file_url, open_storage
from qadam_plugin.hardware.config import AcceleratorConfig
from qadam_plugin.hardware.space import parse_space
from qadam_plugin.sweep.exports import results_frame
from qadam_plugin.sweep.store import ResultStore

optuna.logging.set_verbosity(optuna.logging.ERROR)

#: 44 designs in 48 combinations; half of them have no mapping, for their ifmap spad is too small.
SPACE = """
pe_type: [int16, lightpe1, fp32, lightpe2]
rows: [8, 2, 4]
cols: [4, 2]
ifmap_spad_depth: [2, 12]
glb_kib: 64
where: ["pe_type != 'fp32' or rows * cols != 8"]
"""
OBJECTIVES = ("latency_ms", "onchip_energy_uj", "area_mm2")


def asked(sampler: str = "random", trials: int = 1000, limits: Sequence[str] = (), **changes: object) -> ExplorePlan:
    usual = ExplorePlan(
        space=parse_space(SPACE, "s"),
        space_name="space.yaml",
        network=NETWORK,
        engine=ArithmeticEngine(),
        map_for="edp",
        batch=1,
        clock="space",
        question=Question(parse_objectives(list(OBJECTIVES)), tuple(parse_limit(text) for text in limits)),
        sampler=sampler,
        trials=trials,
        at_once=8,
        seed=3,
    )
    return replace(usual, **changes)  # pyright: ignore[reportArgumentType]


def search(directory: Path, what: ExplorePlan, storage: BaseStorage | None = None) -> Found:
    """Run a search into a folder; without a database its trials are forgotten."""
    with ResultStore.writing(directory) as store:
        database = storage or InMemoryStorage()
        found = run_exploration(what, store, database, 1, lambda progress: None)
        write_history(found, directory)
        return found


def front_ids(found: Found) -> set[str]:
    return {found.grid.config(item.point).config_id for item in found.front}


def true_front(directory: Path, condition: str = "valid") -> set[str]:
    """config_id of every design that none beats, from a sweep of the whole space."""
    sweep(directory, plan(parse_space(SPACE, "s")))
    with ResultStore.reading(directory) as store:
        results = results_frame(store)
    results = results[results["valid"]].query(condition)
    costs = oriented(results[list(OBJECTIVES)].to_numpy(dtype=float), [False] * 3)
    return set(results["config_id"][pareto_mask(costs)])


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_whole_front_is_found_once_the_whole_space_is_evaluated(tmp_path: Path, sampler: str) -> None:
    found = search(tmp_path / "search", asked(sampler))
    assert len(found.ledger.evaluations) == len(parse_space(SPACE, "s")) == 44
    expected = true_front(tmp_path / "sweep")
    assert front_ids(found) == expected and len(expected) > 2


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_equal_seeds_search_alike_and_others_do_not(tmp_path: Path, sampler: str) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        search(tmp_path / name, asked(sampler, trials=20, seed=seed))
    first, second, third = ((tmp_path / name / "explore.csv").read_bytes() for name in "abc")
    assert first == second != third


class CountingEngine(ArithmeticEngine):
    """Notes what it is asked, in this process."""

    def design(self, config: AcceleratorConfig) -> Design:
        evaluated.append(config.config_id)
        return super().design(config)


evaluated: list[str] = []


def test_search_goes_on_where_it_was_and_evaluates_nothing_twice(tmp_path: Path) -> None:
    evaluated.clear()
    url = file_url(tmp_path / "explore.db")

    def search_to(trials: int) -> Found:
        return search(tmp_path, asked("nsga2", trials=trials, engine=CountingEngine()), open_storage(url))

    first, again, further = search_to(10), search_to(10), search_to(25)
    assert len(evaluated) == len(set(evaluated)) == 25
    assert (first.known, again.known, further.known) == (0, 10, 10)
    assert first.run == further.run and len(further.ledger.evaluations) == 25
    with ResultStore.reading(tmp_path) as store:
        assert set(results_frame(store)["config_id"]) == set(evaluated)


def test_results_of_a_sweep_are_used_and_a_sweep_uses_those_of_a_search(tmp_path: Path) -> None:
    sweep(tmp_path, plan(parse_space(SPACE, "s"), engine=ArithmeticEngine()))
    evaluated.clear()
    found = search(tmp_path, asked(trials=30, engine=CountingEngine()))
    assert not evaluated and len(found.ledger.evaluations) == 30
    search(tmp_path / "other", asked(trials=30))
    counts, _ = sweep(tmp_path / "other", plan(parse_space(SPACE, "s")))
    assert (counts.computed, counts.reused) == (14, 30)


def test_designs_beyond_a_limit_are_never_on_the_front(tmp_path: Path) -> None:
    limits = ("area_mm2 <= 0.2", "power_mw <= 2000")
    found = search(tmp_path / "search", asked("nsga2", limits=limits))
    expected = true_front(tmp_path / "sweep", "area_mm2 <= 0.2 and power_mw <= 2000")
    assert front_ids(found) == expected and expected != true_front(tmp_path / "sweep")


def test_conditions_of_the_space_hold_for_every_suggestion(tmp_path: Path) -> None:
    space = parse_space(SPACE.split("where")[0] + 'where: ["rows * cols == 8"]', "s")
    found = search(tmp_path, asked("tpe", space=space))
    sizes = {(config.rows, config.cols) for config in map(found.grid.config, found.ledger.evaluations)}
    assert sizes == {(2, 4), (4, 2)} and len(found.ledger.evaluations) == len(space)


def test_history_ends_with_the_hypervolume_of_the_front(tmp_path: Path) -> None:
    found = search(tmp_path, asked("nsga2", trials=30))
    with (tmp_path / "explore.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    volumes = [float(row["hypervolume"]) for row in rows]
    assert len(rows) == 30 and volumes == sorted(volumes)
    assert volumes[-1] == pytest.approx(found.ledger.hypervolume(), rel=1e-12) and volumes[-1] > 0
    assert {row["config_id"] for row in rows if row["front"] == "true"} == front_ids(found)
    assert {row["reason"] for row in rows if row["valid"] == "false"} == {"first: ifmap_spad needs 3 words, has 2"}


def test_hypervolume_is_the_area_between_front_and_worst_point(tmp_path: Path) -> None:
    question = Question(parse_objectives(["latency_ms", "area_mm2"]))
    reports: list[Progress] = []
    with ResultStore.writing(tmp_path) as store:
        found = run_exploration(asked(question=question), store, InMemoryStorage(), 1, reports.append)
    valid = [item.outcome.metrics for item in found.ledger.evaluations.values() if item.outcome.valid]
    points = np.log([[metrics["latency_ms"], metrics["area_mm2"]] for metrics in valid])
    worst, area, before = points.max(axis=0), 0.0, points[:, 1].max()
    for x, y in sorted(map(tuple, points)):
        if y < before:
            area += (worst[0] - x) * (before - y)
            before = y
    assert reports[-1].hypervolume == pytest.approx(area, rel=1e-12)
    assert (reports[0].done, reports[-1].done, reports[-1].front) == (0, 44, len(found.front))


class InterruptedEngine(ArithmeticEngine):
    """Ctrl-C comes at the 13th design."""

    def design(self, config: AcceleratorConfig) -> Design:
        evaluated.append(config.config_id)
        if len(evaluated) == 13:
            raise KeyboardInterrupt
        return super().design(config)


def test_interrupted_search_keeps_what_was_answered_and_goes_on_from_there(tmp_path: Path) -> None:
    evaluated.clear()
    storage = InMemoryStorage()
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, asked("nsga2", trials=40, engine=InterruptedEngine()), storage)
    found = search(tmp_path, asked("nsga2", trials=24), storage)
    assert (found.known, len(found.ledger.evaluations)) == (8, 24)
    (study,) = storage.get_all_studies()
    trials = storage.get_all_trials(study._study_id)
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 24
    with ResultStore.reading(tmp_path) as store:
        # The interrupted eight were mapped up to the fourth.
        assert set(evaluated[:12]) <= {config_id for (config_id,) in store.query("SELECT config_id FROM designs")}


def test_machines_that_share_a_database_share_the_work(tmp_path: Path) -> None:
    storage = InMemoryStorage()
    evaluated.clear()
    one = search(tmp_path / "one", asked(trials=25, engine=CountingEngine()), storage)
    two = search(tmp_path / "two", asked(engine=CountingEngine(), seed=4), storage)
    assert (one.known, two.known, one.study) == (0, 25, two.study)
    assert len(set(evaluated)) == 44 and len(evaluated) <= 44 + len(two.front)
    with ResultStore.reading(tmp_path / "two") as store:
        assert front_ids(two) <= set(results_frame(store)["config_id"])


def test_changed_tables_begin_a_search_anew(tmp_path: Path) -> None:
    first = search(tmp_path, asked(trials=10, engine=ArithmeticEngine("a")))
    second = search(tmp_path, asked(trials=10, engine=ArithmeticEngine("b")))
    assert first.study != second.study and second.known == 0


def test_accuracy_is_a_metric_where_it_is_given(tmp_path: Path) -> None:
    question = Question(parse_objectives(["area_mm2", "top1"], accuracy=True))
    top1 = {"int16": 91.0, "fp32": 92.0, "lightpe1": 89.5, "lightpe2": 88.0}
    found = search(tmp_path, asked(question=question, top1=top1))
    best = {item.outcome.metrics["top1"] for item in found.front}
    # The small formats are the small designs: LightPE-2 is worse than LightPE-1 in both.
    assert best == {89.5, 91.0, 92.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("area_mm2 < 2", "'area_mm2 < 2' is no limit; one such as 'area_mm2 <= 2' is wanted"),
        ("area <= 2", "unknown metric 'area'"),
        ("area_mm2 <= two", "'area_mm2 <= two': a number is wanted, not 'two'"),
        ("top1 >= 90", "top1 needs a file of accuracies: --accuracy FILE"),
    ],
)
def test_limit_that_is_none_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_limit(text)
    assert message in str(caught.value)


def test_excess_grows_with_the_distance_from_the_bound() -> None:
    most, least = parse_limit("area_mm2 <= 2"), parse_limit("utilization >= 0.5")
    assert most.excess(2.0) == 0.0 and most.excess(1.0) < 0 < most.excess(3.0) < most.excess(4.0)
    assert least.excess(0.5) == 0.0 and least.excess(0.6) < 0 < least.excess(0.4) < least.excess(0.0)
    assert parse_limit("psum_spills <= 0").excess(0.0) == 0.0 < parse_limit("psum_spills <= 0").excess(7.0)


def test_metric_that_can_be_zero_is_no_objective() -> None:
    with pytest.raises(InputError, match="'psum_spills' can be zero"):
        parse_objectives(["psum_spills"])
