"""What is read of a store by condition or front is what the whole table has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from arithmetic_engine import ArithmeticEngine
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from sweep_helpers import NETWORK, RELATED, plan, sweep
from test_analysis_pareto import front_by_definition

from qadam_plugin.analysis import fronts
from qadam_plugin.analysis.fronts import filtered, front_candidates, front_mask, values
from qadam_plugin.analysis.groups import GROUP, comparable, met
from qadam_plugin.analysis.metrics import METRICS
from qadam_plugin.analysis.pareto import oriented
from qadam_plugin.analysis.selection import read_results
from qadam_plugin.errors import InputError
from qadam_plugin.hardware.expressions import parse
from qadam_plugin.hardware.space import parse_space
from qadam_plugin.sweep.filters import RowFilter
from qadam_plugin.sweep.frames import results_frame
from qadam_plugin.sweep.store import ResultStore

#: 144 configs; those with an ifmap spad of 2 words have no mapping, those with 1 KiB cannot be built.
_SPACE = """
pe_type: [int16, lightpe1, fp32]
rows: [2, 3, 5]
cols: [4, 6]
ifmap_spad_depth: [2, 12]
glb_kib: [1, 4096]
clock: [auto, 0.5]
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ResultStore]:
    """432 results: two networks on 144 configs, and one by another version of the engine and on a part of them."""
    folder = tmp_path_factory.mktemp("results")
    sweep(folder, plan(parse_space(_SPACE, "s"), (NETWORK, RELATED)))
    sweep(folder, plan(parse_space(_SPACE, "s"), engine=ArithmeticEngine("b")))
    sweep(folder, plan(parse_space("pe_type: int16\nrows: [2, 3]\ncols: [4, 6]\nglb_kib: 4096\n", "s")))
    with ResultStore.reading(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def whole(store: ResultStore) -> pd.DataFrame:
    """The whole table."""
    return results_frame(store)


_constants = st.sampled_from(["0", "2", "3.0", "-1", "4096", "0.5", "1e9", "7.25", "10 ** 30"])
_numbers = st.recursive(
    st.sampled_from(["rows", "cols", "cycles", "latency_ms", "area_mm2", "psum_spills", "batch", "clock_ghz"])
    | _constants,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map("({0[0]} {0[1]} {0[2]})".format)
        | st.tuples(inner, st.sampled_from(["//", "%", "/"]), st.just("3")).map("({0[0]} {0[1]} {0[2]})".format)
        | inner.map("(-{})".format)
    ),
    max_leaves=3,
)
_orders = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
_comparisons = (
    st.tuples(_numbers, _orders, _numbers).map(" ".join)
    | st.tuples(_constants, _orders, _numbers, _orders, _constants).map(" ".join)
    | st.tuples(
        st.sampled_from(["pe_type", "network", "clock", "reason", "fingerprint", "runs", "out_of_range"]),
        _orders,
        st.sampled_from(['"int16"', '"tiny"', '"auto"', '""', '"arithmetic-b"', '"gl"', "pe_type", "network"]),
    ).map(" ".join)
    | st.sampled_from(["valid", "optimal", "valid == optimal"])
)
_conditions = st.recursive(
    _comparisons,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map("({0[0]} {0[1]} {0[2]})".format)
        | inner.map("(not {})".format)
    ),
    max_leaves=4,
)


@settings(max_examples=120)
@given(text=_conditions)
@example("rows / cols > 0.6")
@example("rows / 2 == 1.5")
@example("rows / batch / 0.0 > 5 or rows / (cols - 4) > 5")
@example("cycles != cycles")
@example("rows < 3 or (" * 60 + "cols > 4" + ")" * 60)
@example("rows < 1" + "0" * 400)
@example("not (cycles > 300 or latency_ms < 1) and not area_mm2 < 0.01")
def test_results_that_meet_a_condition_are_those_of_the_whole_table(
    store: ResultStore, whole: pd.DataFrame, text: str
) -> None:
    try:
        condition = parse(text, list(whole.columns))
        expected = met(whole, condition)
    except InputError:
        assume(False)
    found = filtered(store, list(whole.columns), RowFilter(condition))
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


@pytest.mark.parametrize(
    "text",
    [
        "rows * cols <= 12 and area_mm2 / 2 < 0.5",
        'pe_type != "fp32" and (2 < rows < 5 or not valid)',
        'network == "tiny" and fingerprint != "arithmetic-a"',
        "cycles != 5 and not cycles > 1000",
        "optimal",
        'clock == "auto" and valid and -energy_uj < 0',
    ],
)
def test_rows_that_sql_can_decide_about_are_not_read(store: ResultStore, whole: pd.DataFrame, text: str) -> None:
    condition = parse(text, list(whole.columns))
    read = results_frame(store, ("energy_uj",), only=RowFilter(condition))
    expected = met(whole, condition)
    assert 0 < len(expected) < len(whole) and list(read.index) == list(expected.index)


#: Some of them leave out the designs that are best in most.
_SOME_CONDITIONS = (None, "rows < 5", 'pe_type == "fp32"', 'clock == "auto"', "cycles % 2 == 0", "rows > 99")


@settings(max_examples=60)
@given(
    text=st.sampled_from(_SOME_CONDITIONS),
    names=st.lists(st.sampled_from(sorted(METRICS)), min_size=1, max_size=3, unique=True),
    sample=st.integers(1, 60),
)
def test_front_of_a_large_store_is_that_of_the_whole_table(
    store: ResultStore, whole: pd.DataFrame, text: str | None, names: list[str], sample: int
) -> None:
    metrics = [METRICS[name] for name in names]
    condition = None if text is None else parse(text, list(whole.columns))
    expected = whole if condition is None else met(whole, condition)
    chosen = []
    for _, part in comparable(expected):
        costs = oriented(values(part, metrics), [metric.maximize for metric in metrics])
        chosen += part.index[front_by_definition(costs)].tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fronts, "WORTH_A_PASS", 0)
        patch.setattr(fronts, "SAMPLE", sample)
        columns = {*GROUP, "valid", *names, *(condition.names if condition else ())}
        found = front_candidates(store, columns, metrics, condition)
    assert found.index[front_mask(found, metrics)].tolist() == sorted(chosen)


def test_what_a_sample_dominates_is_not_read(store: ResultStore, whole: pd.DataFrame) -> None:
    metrics = [METRICS["latency_ms"], METRICS["energy_uj"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fronts, "WORTH_A_PASS", 0)
        found = front_candidates(store, {*GROUP, "valid", "latency_ms", "energy_uj"}, metrics, None)
    assert found["valid"].tolist() == [True] * len(found) and set(found["clock"]) == {"auto", "0.5"}
    assert 0 < len(found) < 0.2 * len(whole)


def test_designs_that_a_run_begun_anew_has_not_reached_are_no_results(tmp_path: Path) -> None:
    sweep(tmp_path, plan())
    with ResultStore.writing(tmp_path) as again:
        ((run, _, _),) = again.runs()
        again.begin_run(run, (NETWORK,))
        names = [name for (name,) in again.query("SELECT key FROM designs WHERE pe_type = 'int16'")]
        again.link_designs(run.key, names)
        found = results_frame(again, ("pe_type", "cycles"))
        some = results_frame(again, ("pe_type",), only=RowFilter(parse("rows > 2", ["rows"])))
    assert len(found) == 12 and set(found["pe_type"]) == {"int16"} and list(found.index) == list(range(12))
    assert list(some.index) == [6, 7, 8, 9, 10, 11]


def test_designs_that_a_run_has_linked_but_not_summed_are_no_results(tmp_path: Path) -> None:
    sweep(tmp_path, plan())
    with ResultStore.writing(tmp_path) as again:
        ((run, _, _),) = again.runs()
        again.begin_run(replace(run, key="other"), (RELATED,))
        again.link_designs("other", [name for (name,) in again.query("SELECT key FROM designs WHERE valid")])
        found = results_frame(again, ("network",))
        some = results_frame(again, ("network",), only=RowFilter(parse("rows > 2", ["rows"])))
    assert list(found["network"]) == ["tiny"] * 24
    assert list(some.index) == list(range(6, 12)) + list(range(18, 24))


@pytest.mark.parametrize("condition", ["rows > 1000 and pe_type < 5", "clock == 0.2", "8 <= rows != 'eight'"])
def test_words_and_numbers_that_do_not_go_together_are_refused_whatever_is_read(
    store: ResultStore, condition: str
) -> None:
    """A clock is a word: to ask whether it is the number 0.2 would quietly find nothing."""
    with pytest.raises(InputError, match="compares a word with a number"):
        read_results(store, ("energy_uj",), condition, None, None)


def test_everything_is_read_where_a_condition_leaves_results_out(store: ResultStore, whole: pd.DataFrame) -> None:
    selected = read_results(store, ("energy_uj",), "rows == 2", None, None)
    assert selected.everything["energy_uj"].equals(whole["energy_uj"])
    assert np.array_equal(selected.kept.index, np.flatnonzero(whole["rows"] == 2))
