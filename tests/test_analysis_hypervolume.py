"""Hypervolume against the definition: cells of the grid through all coordinates that some point dominates."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qadam_plugin.analysis.hypervolume import hypervolume, log_costs

coordinate = st.one_of(st.sampled_from([-np.inf, 0.0, 1.0, 2.0, 3.0, np.inf, np.nan]), st.floats(-1, 4))
clouds = st.tuples(st.integers(0, 8), st.integers(1, 4)).flatmap(
    lambda shape: arrays(float, shape, elements=coordinate)
)


def volume_by_definition(costs: np.ndarray, reference: np.ndarray) -> float:
    points = [point for point in costs if (point < reference).all()]
    edges = [sorted({*(point[axis] for point in points), reference[axis]}) for axis in range(len(reference))]
    return sum(
        float(np.prod([high - low for low, high in cell]))
        for cell in product(*(pairwise(axis) for axis in edges))
        if any(all(point[axis] <= cell[axis][0] for axis in range(len(reference))) for point in points)
    )


@given(clouds)
def test_hypervolume_is_what_the_definition_says(costs: np.ndarray) -> None:
    reference = np.full(costs.shape[1], 3.0)
    finite = np.where(np.isneginf(costs), -2.0, costs)
    assert hypervolume(finite, reference) == pytest.approx(volume_by_definition(finite, reference), rel=1e-9)


def test_dominated_points_add_nothing() -> None:
    front = np.array([[1.0, 4.0, 2.0], [2.0, 1.0, 3.0]])
    reference = np.array([5.0, 5.0, 5.0])
    assert hypervolume(np.vstack([front, front + 0.5]), reference) == hypervolume(front, reference) == 12 + 24 - 6


def test_logarithmic_axes_count_factors_and_not_units() -> None:
    values = np.array([[10.0, 1.0], [20.0, 4.0]])
    worst = log_costs(np.array([[40.0, 0.5]]), [False, True])[0]
    in_other_units = log_costs(values * [1000, 0.001], [False, True])
    moved = log_costs(np.array([[40.0, 0.5]]) * [1000, 0.001], [False, True])[0]
    volume = hypervolume(log_costs(values, [False, True]), worst)
    # (4 times, 2 times) and (2 times, 8 times) better than the reference; they share (2 times, 2 times).
    assert volume == pytest.approx(np.log(2) ** 2 * (2 * 1 + 1 * 3 - 1 * 1))
    assert hypervolume(in_other_units, moved) == pytest.approx(volume)


def test_shapes_that_do_not_fit_and_infinite_references_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        hypervolume(np.zeros((3, 2)), np.ones(3))
    with pytest.raises(ValueError, match="not finite"):
        hypervolume(np.zeros((3, 2)), np.array([1.0, np.inf]))
