"""Pareto fronts against the definition, applied pair by pair."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qadam_plugin.analysis.fronts import front_mask
from qadam_plugin.analysis.metrics import METRICS
from qadam_plugin.analysis.pareto import oriented, pareto_mask


def front_by_definition(costs: np.ndarray) -> list[bool]:
    def dominates(one: np.ndarray, other: np.ndarray) -> bool:
        return all(a <= b for a, b in zip(one, other, strict=True)) and any(
            a < b for a, b in zip(one, other, strict=True)
        )

    sound = [not any(value != value for value in point) for point in costs]
    return [
        sound[i] and not any(sound[j] and dominates(costs[j], costs[i]) for j in range(len(costs)))
        for i in range(len(costs))
    ]


#: Few distinct values, so that ties, equal points, infinities and NaN meet often.
crowded = st.sampled_from([-np.inf, -1.0, -0.0, 0.0, 1.0, 2.0, 3.0, np.inf, np.nan])
spread = st.floats(allow_nan=False, allow_infinity=True, width=32)
clouds = st.tuples(st.integers(0, 40), st.integers(1, 5)).flatmap(
    lambda shape: st.one_of(arrays(float, shape, elements=crowded), arrays(float, shape, elements=spread))
)


@given(clouds)
def test_front_is_what_the_definition_says(costs: np.ndarray) -> None:
    assert pareto_mask(costs).tolist() == front_by_definition(costs)


def test_front_of_many_points_in_three_objectives_is_what_the_definition_says() -> None:
    # More points than one block of the algorithm, with a front that is larger than a block too.
    random = np.random.default_rng(7)
    directions = np.abs(random.normal(size=(700, 3)))
    sphere = 2 - directions / np.linalg.norm(directions, axis=1, keepdims=True)
    costs = np.concatenate([sphere, sphere + random.uniform(0, 0.3, (700, 3))])
    mask = pareto_mask(costs)
    no_worse = (costs[:, None, :] <= costs[None, :, :]).all(axis=2)
    better = (costs[:, None, :] < costs[None, :, :]).any(axis=2)
    assert mask.tolist() == (~(no_worse & better).any(axis=0)).tolist()
    assert mask.sum() > 256


@pytest.mark.parametrize("objectives", [2, 3])
def test_front_of_very_many_points_is_what_the_definition_says(objectives: int) -> None:
    random = np.random.default_rng(3)
    costs = random.uniform(size=(30_000, objectives)).round(4)
    costs[::1000, 0] = np.inf
    costs[7, 1] = np.nan
    mask = pareto_mask(costs)
    found = np.zeros(len(costs), dtype=bool)
    for point in costs[mask]:
        assert not ((costs <= point).all(axis=1) & (costs < point).any(axis=1)).any()
        found |= (costs >= point).all(axis=1) & (costs > point).any(axis=1)
    # What is not on the front is beaten by a point of it, the one with NaN apart.
    assert (found ^ mask).sum() == len(costs) - 1 and mask.sum() > 5


def test_equal_points_share_their_fate() -> None:
    costs = np.array([[1.0, 2.0], [1.0, 2.0], [2.0, 1.0], [2.0, 2.0], [2.0, 2.0]])
    assert pareto_mask(costs).tolist() == [True, True, True, False, False]


def test_maximised_metrics_count_the_other_way() -> None:
    values = np.array([[10.0, 1.0], [20.0, 1.0], [20.0, 3.0], [30.0, 4.0]])
    assert pareto_mask(oriented(values, [True, False])).tolist() == [False, True, False, True]


def test_costs_without_objectives_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one objective"):
        pareto_mask(np.zeros((3, 0)))
    with pytest.raises(ValueError, match="at least one objective"):
        pareto_mask(np.zeros(3))


def test_each_network_has_its_own_front_and_invalid_results_have_none() -> None:
    shared = {"batch": 1, "engine": "e", "objective": "edp", "clock": "auto", "fingerprint": "f"}
    rows = [
        {"network": "a", "valid": True, "energy_uj": 1.0, "perf_per_area": 1.0},
        {"network": "a", "valid": True, "energy_uj": 2.0, "perf_per_area": 0.5},
        {"network": "b", "valid": True, "energy_uj": 9.0, "perf_per_area": 0.1},
        {"network": "b", "valid": False, "energy_uj": np.nan, "perf_per_area": np.nan},
        {"network": "b", "valid": True, "energy_uj": 8.0, "perf_per_area": 0.05},
    ]
    results = pd.DataFrame([{**shared, **row} for row in rows])
    mask = front_mask(results, (METRICS["energy_uj"], METRICS["perf_per_area"]))
    assert mask.tolist() == [True, False, True, False, True]
