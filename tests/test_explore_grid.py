"""A design space as a grid: every config once, and the nearest one that is free."""

from __future__ import annotations

from itertools import product

import numpy as np

from qadam_plugin.explore.grid import Grid
from qadam_plugin.explore.samplers import params_of, point_of
from qadam_plugin.hardware.space import parse_space

SPACE = """
pe_type: [lightpe1, int16, fp32]
rows: [12, 2, 8]
cols: 4
glb_kib: [256, 64, 16, 32]
clock: [0.5, auto]
where: ["rows * glb_kib < 2000", "pe_type != 'fp32' or rows == 2"]
"""


def grid() -> Grid:
    return Grid.of(parse_space(SPACE, "s"))


def test_allowed_points_are_the_configs_of_the_space() -> None:
    tried = grid()
    assert tried.names == ("pe_type", "rows", "glb_kib", "clock")
    points = list(product(*(range(size) for size in tried.sizes)))
    assert len(points) == tried.space.combinations == 72
    allowed = [tried.config(point) for point in points if tried.allows(point)]
    assert len(allowed) == len(set(allowed))
    assert set(allowed) == set(parse_space(SPACE, "s"))


def test_numbers_ascend_so_that_neighbours_are_alike() -> None:
    tried = grid()
    assert dict(tried.axes)["rows"] == (2, 8, 12) and dict(tried.axes)["clock"] == (None, 0.5)
    assert [pe.name for pe in dict(tried.axes)["pe_type"]] == ["lightpe1", "int16", "fp32"]
    assert set(tried.neighbours((0, 1, 0, 0))) == {
        (1, 1, 0, 0),
        (2, 1, 0, 0),
        (0, 0, 0, 0),
        (0, 2, 0, 0),
        (0, 1, 1, 0),
        (0, 1, 0, 1),
    }


def steps(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return int(one[0] != other[0]) + sum(abs(a - b) for a, b in zip(one[1:], other[1:], strict=True))


def test_free_point_is_the_nearest_until_none_is_left() -> None:
    tried, dice = grid(), np.random.default_rng(7)
    start = (1, 1, 1, 1)
    allowed = {point for point in product(*(range(size) for size in tried.sizes)) if tried.allows(point)}
    taken: set[tuple[int, ...]] = set()
    while (found := tried.free_near(start, taken, dice)) is not None:
        assert found in allowed - taken
        assert steps(start, found) == min(steps(start, point) for point in allowed - taken)
        taken.add(found)
    assert taken == allowed


def test_parameters_of_a_trial_lead_back_to_its_point() -> None:
    tried = grid()
    for point in product(*(range(size) for size in tried.sizes)):
        assert point_of(params_of(point, tried), tried) == point
    assert params_of((2, 0, 1, 1), tried) == {"pe_type": "fp32", "rows": 0, "glb_kib": 1, "clock": 1}
