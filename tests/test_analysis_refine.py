"""Candidates for exact computation against their definition, point by point."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qadam_plugin.analysis.metrics import METRICS
from qadam_plugin.analysis.pareto import pareto_mask
from qadam_plugin.analysis.refine import Candidates, beaten_by, error_bands, neighbours
from qadam_plugin.hardware.space import parse_space
from qadam_plugin.hardware.space_arrays import space_blocks
from qadam_plugin.ppa.accelerator.models import ErrorRecord, HeldOut, Prediction

SPACE = parse_space(
    """
    pe_type: [int16, lightpe1]
    rows: [16, 4, 8]
    cols: {from: 4, to: 24, step: 1}
    glb_kib: [32, 64, 108]
    where: ['rows * cols < 300']
    """,
    "s.yaml",
)
METRICS_2 = (METRICS["energy_uj"], METRICS["latency_ms"])
BANDS = {"int16": np.array([0.04, 0.02]), "lightpe1": np.array([0.1, 0.02])}

coordinates = st.floats(0, 10, width=16)
clouds = st.integers(1, 3).flatmap(
    lambda width: st.tuples(
        *(st.integers(1, 12).flatmap(lambda n: arrays(float, (n, width), elements=coordinates)) for _ in range(2))
    )
)


@settings(max_examples=30)
@given(clouds)
def test_point_lowered_by_its_distance_is_not_dominated_and_by_less_it_is(pair: tuple[np.ndarray, np.ndarray]) -> None:
    points, front = pair
    for point, distance in zip(points, beaten_by(points, front), strict=True):
        for lowered, beaten in ((point - distance - 1e-6, False), (point - distance + 1e-6, True)):
            assert bool((front < lowered).all(axis=1).any()) == beaten


def predicted(seed: int) -> list[tuple]:
    """Blocks of the space with random figures that trade one metric for the other."""
    random = np.random.default_rng(seed)
    found = []
    for block in space_blocks(SPACE, 50):
        pes = block.column("rows") * block.column("cols")
        ones = np.ones(len(block))
        found.append(
            (
                block,
                Prediction(
                    clock_ghz=ones,
                    area_mm2=ones,
                    cycles=1e9 / pes * np.exp(random.normal(0, 0.1, len(block))),
                    onchip_energy_uj=pes * np.exp(random.normal(0, 0.1, len(block))),
                    dram_energy_uj=0 * ones,
                    outside=random.random(len(block)) < 0.1,
                    component_warning=ones < 0,
                    batch=1,
                ),
            )
        )
    return found


def test_candidates_are_the_front_and_what_its_band_holds() -> None:
    blocks = predicted(1)
    candidates = Candidates(METRICS_2, BANDS, limit=1000)
    for block, prediction in blocks:
        candidates.add(block, prediction)
    inside = [(b, p, row) for b, p in blocks for row in range(len(b)) if not p.outside[row]]
    costs = np.array([[np.log(p.energy_uj[row]), np.log(p.latency_ms[row])] for _, p, row in inside])
    front = pareto_mask(costs)

    def near(index: int) -> bool:
        band = BANDS[inside[index][0].pe.name]
        return all((costs[index] - other <= band).any() for other in costs[front])

    on_front, others = candidates.chosen()
    configs = [block.config(row) for block, _, row in inside]
    assert {c.config_id for c in on_front} == {configs[i].config_id for i in np.flatnonzero(front)}
    expected = {configs[i].config_id for i in range(len(configs)) if near(i) and not front[i]}
    assert {c.config_id for c in others} == expected and len(expected) > 5


def test_more_candidates_than_wanted_leaves_the_nearest() -> None:
    every, few = Candidates(METRICS_2, BANDS, limit=1000), Candidates(METRICS_2, BANDS, limit=4)
    for block, prediction in predicted(2):
        every.add(block, prediction)
        few.add(block, prediction)
    front, others = every.chosen()
    front_of_few, others_of_few = few.chosen()
    assert set(front_of_few) == set(front)
    assert others_of_few == others[: len(others_of_few)]


def test_neighbours_differ_in_one_step() -> None:
    configs = list(SPACE)
    steps = {"rows": [4, 8, 16], "cols": list(range(4, 25)), "glb_kib": [32, 64, 108]}
    for config in configs[::17]:
        expected = set()
        for other in configs:
            moved = [key for key in ("rows", "cols", "glb_kib") if getattr(other, key) != getattr(config, key)]
            one_step = [
                abs(steps[key].index(getattr(other, key)) - steps[key].index(getattr(config, key))) == 1
                for key in moved
            ]
            if (other.pe != config.pe and not moved) or (other.pe == config.pe and one_step == [True]):
                expected.add(other)
        assert set(neighbours(SPACE, config)) == expected and expected


def test_bands_are_twice_the_error_that_nine_in_ten_stay_below() -> None:
    def record(network: str, figure: str, ninety: float) -> ErrorRecord:
        errors = HeldOut(points=9, median=0.0, mean=0.0, ninety=ninety, largest=1.0)
        return ErrorRecord(pe_type="int16", network=network, figure=figure, held_out=errors)

    errors = [record("a", "latency_ms", 0.02), record("a", "energy_uj", 1e-6), record("b", "latency_ms", 0.5)]
    metrics = (METRICS["latency_ms"], METRICS["energy_uj"], METRICS["area_mm2"])
    assert error_bands(errors, "a", metrics)["int16"].tolist() == [0.04, 0.002, 0.002]
