"""The search over bits: its candidates, what they cost, what it keeps, and that it is better than chance."""

from __future__ import annotations

import csv
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mixed_engine import ArithmeticMixedEngine
from sweep_helpers import NETWORK_FILE

from qadam_plugin import api
from qadam_plugin.engines.fronts import Front, FrontPoint
from qadam_plugin.engines.rowstationary import RowStationaryDesign, RowStationaryEngine, RowStationarySettings
from qadam_plugin.hardware.config import config_from_values, load_config
from qadam_plugin.hardware.pe_types import PE_TYPES, pe_type
from qadam_plugin.hardware.space import parse_space
from qadam_plugin.paths import data_dir
from qadam_plugin.quantize.errors import ErrorSource, noise_proxy
from qadam_plugin.quantize.evaluation import FrontEvaluator
from qadam_plugin.quantize.kept import KeptFronts
from qadam_plugin.quantize.outputs import write_settings
from qadam_plugin.quantize.savings import savings
from qadam_plugin.quantize.search import Candidate, Progress, costs, make_sampler, search, volume
from qadam_plugin.quantize.session import Quantized, QuantizePlan, run_quantize
from qadam_plugin.quantize.settings import Room, as_bits, label, output_widths
from qadam_plugin.sweep.exports import results_frame
from qadam_plugin.sweep.pool import open_pool
from qadam_plugin.sweep.store import ResultStore
from qadam_plugin.workloads.bits import Step
from qadam_plugin.workloads.network import Network, load_network, parse_network

SPADS = {"ifmap_spad_depth": 12, "weights_spad_depth": 24, "psum_spad_depth": 16, "glb_kib": 64}

CONFIG = config_from_values({"pe_type": "int16", "rows": 2, "cols": 4, **SPADS}, "test")

OBJECTIVES = ("energy_uj", "error")


@pytest.fixture
def network() -> Network:
    return parse_network(NETWORK_FILE, Path("tiny.yaml"))


def plan(network: Network, **given: object) -> QuantizePlan:
    """A small search with the arithmetic engine."""
    settings: dict = {
        "network": network,
        "hardware": CONFIG,
        "hardware_name": "test",
        "engine": ArithmeticMixedEngine(),
        "map_for": "edp",
        "batch": 1,
        "objectives": OBJECTIVES,
        "bits": (2, 8),
        "source": noise_proxy(network.steps, None, "relu"),
        "evaluations": 60,
        "population": 12,
        "seed": 1,
    }
    return QuantizePlan(**{**settings, **given})


def run(folder: Path, chosen: QuantizePlan) -> Quantized:
    with ResultStore.writing(folder) as store:
        return run_quantize(chosen, store, 1, lambda progress: None)


def test_an_output_is_as_wide_as_its_widest_reader() -> None:
    steps = (Step("a", ("b", "c")), Step("b", ("c",)), Step("c", ()))
    assert output_widths(steps, ((8, 2), (3, 2), (5, 2))) == (5, 5, 5)


def test_genes_and_settings_are_the_same_thing_and_fit_the_pe(network: Network) -> None:
    room = Room.of(network, (2, 16), CONFIG)
    genes = tuple(np.random.default_rng(0).integers(0, 15, len(room.sizes)).tolist())
    assert room.genes(room.setting(genes)) == genes and len(genes) == 2 * 6
    light = Room.of(network, (2, 16), replace(CONFIG, pe=PE_TYPES["lightpe1"]))
    assert max(a for a, _ in light.setting(genes).widths) == 8 and max(w for _, w in light.setting(genes).widths) == 4
    assert label(light.uniform(8).widths) == "8,4" and label(light.setting(genes).widths).startswith("mixed-")


@pytest.mark.parametrize("objective", ["edp", "energy", "latency"])
def test_best_point_of_a_front_is_the_best_of_its_mappings(objective: str) -> None:
    points = tuple(FrontPoint(energy, cycles, 10, ()) for energy, cycles in ((900.0, 2), (500.0, 3), (240.0, 5)))
    chosen = []
    for operation_pj in (0.0, 5.0, 20.0, 300.0):
        best = Front(points).best(operation_pj, objective)
        weights = {"edp": (1, 1), "energy": (1, 0), "latency": (0, 1)}[objective]
        prices = [(p.energy_pj + 10 * operation_pj) ** weights[0] * p.cycles ** weights[1] for p in points]
        assert points.index(best) == int(np.argmin(prices))
        chosen.append(points.index(best))
    # The price of an operation moves the best mapping for the EDP, and for nothing else.
    assert chosen == {"edp": [2, 2, 1, 0], "energy": [2] * 4, "latency": [0] * 4}[objective]


@pytest.mark.parametrize("map_for", ["edp", "energy", "latency"])
def test_front_and_uniform_settings_are_exact_results_of_the_store(
    tmp_path: Path, network: Network, map_for: str
) -> None:
    found = run(tmp_path, plan(network, map_for=map_for))
    with ResultStore.reading(tmp_path) as store:
        frame = results_frame(store).set_index("network")
    assert len(found.uniform) == 7 and len(found.front) > 7
    for item in (*found.uniform, *found.front):
        row = frame.loc[f"tiny@{label(item.setting.widths)}"]
        totals = item.cost.totals
        assert totals is not None
        for name in ("energy_uj", "cycles", "mac_energy_uj", "edp_uj_ms", "dram_energy_uj", "onchip_energy_uj"):
            assert row[name] == getattr(totals, name)
        # A network's EDP is more than its layers' together: every layer's energy waits for all others.
        assert item.cost.layer_edp_sum_uj_ms < totals.edp_uj_ms


def test_front_is_what_no_evaluated_setting_beats_and_begins_with_the_uniform_ones(
    tmp_path: Path, network: Network
) -> None:
    found = run(tmp_path, plan(network))
    assert [label(item.setting.widths) for item in found.candidates[:7]] == [f"{bits},{bits}" for bits in range(2, 9)]
    for item in found.candidates:
        beaten = any(
            other.error <= item.error
            and other.value("energy_uj") <= item.value("energy_uj")
            and (other.error, other.value("energy_uj")) != (item.error, item.value("energy_uj"))
            for other in found.candidates
        )
        assert beaten != (item.setting in {good.setting for good in found.front})
    for saving in savings(found.uniform, found.front):
        assert saving.best.error <= saving.uniform.error and saving.saved >= 0


def test_search_that_goes_on_maps_nothing_twice_and_meets_the_same_settings(tmp_path: Path, network: Network) -> None:
    first = run(tmp_path, plan(network, evaluations=40))
    longer = run(tmp_path, plan(network, evaluations=80))
    fresh = run(tmp_path / "fresh", plan(network, evaluations=80))
    assert [item.setting for item in longer.candidates] == [item.setting for item in fresh.candidates]
    assert [item.setting for item in longer.candidates[:36]] == [item.setting for item in first.candidates[:36]]
    assert first.mapped > 0 and longer.mapped == fresh.mapped - first.mapped
    assert run(tmp_path, plan(network, evaluations=80)).mapped == 0
    # Another price of operations is another choice among the same mappings.
    dear = run(tmp_path, plan(network, evaluations=7, engine=ArithmeticMixedEngine(mac_energy=0.5)))
    assert dear.mapped == 0
    changed = [a.cost.totals != b.cost.totals for a, b in zip(dear.uniform, fresh.uniform, strict=True)]
    assert all(changed)


class _Interrupted(ErrorSource):
    """Gives errors until it is interrupted."""

    name = "error"
    kept = "tests"

    def __init__(self, after: int) -> None:
        self.asked, self._after = 0, after

    def error(self, widths: tuple[tuple[int, int], ...]) -> float:
        self.asked += 1
        if self.asked > self._after:
            raise KeyboardInterrupt
        return float(sum(1 / a + 1 / w for a, w in widths))


def test_interrupted_search_keeps_layers_and_errors(tmp_path: Path, network: Network) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, plan(network, source=_Interrupted(20)))
    source = _Interrupted(1000)
    found = run(tmp_path, plan(network, source=source))
    assert source.asked == len({item.setting for item in found.candidates}) - 20


def test_hardware_of_a_space_is_searched_too_and_impossible_designs_are_left_out(
    tmp_path: Path, network: Network
) -> None:
    space = parse_space("pe_type: [int16, lightpe1]\nrows: [1, 2, 4, 8]\ncols: 4\nwhere: ['rows != 8']\n", "space.yaml")
    found = run(tmp_path, plan(network, hardware=space, evaluations=200, objectives=(*OBJECTIVES, "latency_ms")))
    reasons = {item.cost.reason for item in found.candidates if not item.valid}
    assert reasons == {"first: one row is too few for weights of two bits", "excluded by the space's where"} | {
        reason for reason in reasons if reason.endswith("one row is too few for weights of two bits")
    }
    configs = {found.room.config(item.setting.point).rows for item in found.front}
    tried = {found.room.config(item.setting.point).rows for item in found.candidates if item.valid}
    assert tried == {1, 2, 4} and 4 in configs
    with ResultStore.reading(tmp_path) as store:
        assert set(results_frame(store)["rows"]) >= configs


def test_files_have_every_setting_and_the_fronts_bits_can_be_given_again(tmp_path: Path, network: Network) -> None:
    found = run(tmp_path, plan(network))
    write_settings(found, "quantization_noise_proxy", tmp_path)
    with (tmp_path / "quantize.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == len({item.setting for item in found.candidates})
    for row, item in zip(rows, {item.setting: item for item in found.candidates}.values(), strict=True):
        assert float(row["quantization_noise_proxy"]) == item.error
        assert (int(row["last.activations"]), int(row["c.weights"])) == (
            item.setting.widths[-1][0],
            item.setting.widths[3][1],
        )
    for item in found.front:
        path = tmp_path / "bits" / f"{label(item.setting.widths)}.yaml"
        given = network.with_bits(path)
        assert given == network.with_bits(as_bits(network.steps, item.setting.widths))


def test_search_beats_chance(tmp_path: Path, network: Network) -> None:
    room = Room.of(network, (2, 8), CONFIG)
    source = noise_proxy(network.steps, None, "relu")
    engine = ArithmeticMixedEngine()
    (tmp_path / "kept").mkdir()
    uniform = [room.uniform(bits) for bits in range(2, 9)]
    errors = [source.error(setting.widths) for setting in uniform]
    with KeptFronts(tmp_path / "kept") as kept, open_pool(engine, 1) as pool:
        evaluator = FrontEvaluator(room, engine, pool, kept, "edp", 1)
        reference = costs(list(map(Candidate, uniform, evaluator.evaluate(uniform), errors)), OBJECTIVES).max(axis=0)
        volumes = {}
        for name, seeds in (("nsga2", uniform), ("random", [])):
            sampler = make_sampler(name, 20, 4, len(room.sizes))
            found = search(
                room,
                OBJECTIVES,
                evaluator,
                lambda setting: source.error(setting.widths),
                sampler,
                seeds,
                300,
                20,
                _ignore,
            )
            volumes[name] = volume(found, OBJECTIVES, reference)
    assert volumes["nsga2"] > 1.2 * volumes["random"]


def _ignore(progress: Progress) -> None:
    pass


def test_fronts_of_the_mapper_price_layers_as_its_search_does() -> None:
    config = load_config(data_dir("arch_specs") / "eyeriss168.yaml")
    layer = load_network("resnet20-cifar10").layers[2].layer
    cases = itertools.product(("bits", "fixed"), ("word", "ideal"), ((3, 5, 8), (8, 8, 8), (2, 2, 4)))
    for mac_energy, packing, (weights, activations, outputs) in cases:
        settings = RowStationarySettings.model_validate({"mac_energy": mac_energy, "packing": packing})
        design = RowStationaryEngine(settings).design(config)
        assert isinstance(design, RowStationaryDesign)
        mixed = replace(layer, weight_bits=weights, input_bits=activations, output_bits=outputs)
        front = design.front(mixed)
        assert front.exact
        for objective in ("edp", "energy", "latency"):
            told = design.priced(mixed, front.best(design.operation_pj(mixed), objective), objective)
            exact = design.run(mixed, objective)
            assert (told.timeloop_pj, told.cycles, told.onchip_pj) == pytest.approx(
                (exact.timeloop_pj, exact.cycles, exact.onchip_pj), rel=1e-12
            )


@pytest.mark.parametrize("name", ["subword16", "simba_like.yaml"])
def test_other_pes_and_families_have_fronts_too(name: str) -> None:
    shipped = data_dir("arch_specs")
    if name.endswith(".yaml"):
        config = load_config(shipped / name)
    else:
        config = replace(load_config(shipped / "eyeriss168.yaml"), pe=pe_type(name, "test"))
    layer = load_network("resnet20-cifar10").layers[3].layer
    design = RowStationaryEngine().design(config)
    assert isinstance(design, RowStationaryDesign)
    for bits in ((2, 5, 8), (4, 4, 4), (8, 8, 8)):
        mixed = replace(layer, **dict(zip(("weight_bits", "input_bits", "output_bits"), bits, strict=True)))
        for objective in ("edp", "energy"):
            told = design.priced(mixed, design.front(mixed).best(design.operation_pj(mixed), objective), objective)
            exact = design.run(mixed, objective)
            assert (told.timeloop_pj, told.cycles) == pytest.approx((exact.timeloop_pj, exact.cycles), rel=1e-12)


def test_layers_that_pack_alike_share_a_front_and_others_do_not() -> None:
    config = load_config(data_dir("arch_specs") / "eyeriss168.yaml")
    layer = load_network("resnet20-cifar10").layers[1].layer
    design = RowStationaryEngine().design(config)
    assert isinstance(design, RowStationaryDesign)
    packings = {
        bits: design.packing(replace(layer, weight_bits=bits, input_bits=8, output_bits=8)) for bits in range(2, 18)
    }
    assert packings[6] == packings[7] == packings[8] and packings[9] == packings[16]
    assert len({packings[bits] for bits in (2, 3, 4, 5, 6, 16, 17)}) == 7


def test_python_gets_a_table_of_settings(tmp_path: Path, network: Network) -> None:
    def error(bits: dict[str, tuple[int, int]]) -> float:
        return sum(1 / a + 1 / w for a, w in bits.values())

    given = {"out": tmp_path, "error": error, "evaluations": 16, "population": 8, "jobs": 1}
    frame = api.quantize(network, {"rows": 12, "cols": 14, "pe_type": "int16", **SPADS}, **given)  # pyright: ignore
    assert len(frame) <= 16 and frame["front"].any() and set(frame.loc[frame["uniform"], "setting"]) >= {"8,8", "2,2"}
    assert error({"a": (8, 8)}) * 6 == pytest.approx(frame.loc[frame["setting"] == "8,8", "error"].item())
