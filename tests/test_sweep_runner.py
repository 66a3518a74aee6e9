"""What a sweep computes, keeps and never computes again."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from arithmetic_engine import ArithmeticDesign, ArithmeticEngine
from sweep_helpers import NETWORK, RELATED, plan, sweep

from qadam_plugin.engines.base import Design, LayerResult
from qadam_plugin.errors import RunError
from qadam_plugin.hardware.config import AcceleratorConfig
from qadam_plugin.hardware.family import default_family
from qadam_plugin.hardware.space import parse_space
from qadam_plugin.sweep.columns import result_columns
from qadam_plugin.sweep.frames import results_frame
from qadam_plugin.sweep.runner import Progress, run_sweep
from qadam_plugin.sweep.store import ResultStore
from qadam_plugin.workloads.layer import Layer
from qadam_plugin.workloads.network import Network

FILES = ("results.csv", "results.parquet", "layers.parquet", "runs.csv")


def rows(directory: Path) -> list[dict[str, str]]:
    with (directory / "results.csv").open(newline="") as handle:
        return list(csv.DictReader(handle))


def same_files(one: Path, other: Path) -> bool:
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in FILES)


class CountingEngine(ArithmeticEngine):
    """Notes what it is asked, in this process."""

    def design(self, config: AcceleratorConfig) -> Design:
        asked.append(config.config_id)
        return super().design(config)


asked: list[str] = []


def test_results_do_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    sweep(tmp_path / "one", jobs=1)
    sweep(tmp_path / "three", jobs=3)
    assert same_files(tmp_path / "one", tmp_path / "three")


def test_second_run_asks_the_engine_nothing_and_leaves_equal_files(tmp_path: Path) -> None:
    asked.clear()
    first, _ = sweep(tmp_path, plan(engine=CountingEngine()))
    assert len(asked) == len(set(asked)) == 24
    before = {name: (tmp_path / name).read_bytes() for name in FILES}
    second, exported = sweep(tmp_path, plan(engine=CountingEngine()))
    assert len(asked) == 24
    assert (first.computed, first.reused, second.computed, second.reused) == (24, 0, 0, 24)
    assert (exported.results, exported.invalid) == (24, 16)
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before


def test_network_totals_are_the_sums_of_their_layers(tmp_path: Path) -> None:
    space = parse_space("pe_type: lightpe1\nrows: 2\ncols: 4\nglb_kib: 64\n", "s")
    sweep(tmp_path, plan(space, batch=3))
    (row,) = rows(tmp_path)
    # Worked out from the arithmetic of the engine: 12 bits, 8 PEs, 4 GHz, 0.08 mm2; middle occurs four times.
    macs = [3 * 3 * 16 * 9 * 64, 3 * 16 * 16 * 9 * 64, 3 * 160]
    words = [
        3 * 16 * 9 + 3 * 3 * 100 + 3 * 16 * 64,
        16 * 16 * 9 + 3 * 16 * 100 + 3 * 16 * 64,
        160 + 3 * 16 + 3 * 10,
    ]
    counts = [1, 4, 1]
    cycles = sum((work // 8 + 1) * count for work, count in zip(macs, counts, strict=True))
    onchip = sum((3.6 * work + 7) * count for work, count in zip(macs, counts, strict=True)) * 1e-6
    dram = sum(1.2 * moved * count for moved, count in zip(words, counts, strict=True)) * 1e-6
    latency_ms = cycles / 4e9 * 1e3
    assert int(row["cycles"]) == cycles
    expected = {
        "onchip_energy_uj": onchip,
        "dram_energy_uj": dram,
        "energy_uj": onchip + dram,
        "idle_energy_uj": 42e-6,
        "latency_ms": latency_ms,
        "area_mm2": 0.08,
        "power_mw": onchip * 1e-6 / (latency_ms * 1e-3) * 1e3,
        "perf_per_area": 3 / (latency_ms * 1e-3) / 0.08,
        "edp_uj_ms": (onchip + dram) * latency_ms,
        "utilization": 0.5,
        "clock_ghz": 4.0,
    }
    assert {name: float(row[name]) for name in expected} == pytest.approx(expected, rel=1e-12)
    assert int(row["psum_spills"]) == 3 * (16 * 64 + 4 * 16 * 64 + 10)
    assert row["valid"] == "true" and row["batch"] == "3" and row["pe_type"] == "lightpe1" and row["weight_bits"] == "4"


def test_layers_file_has_one_row_per_config_and_layer_with_mapping_and_accesses(tmp_path: Path) -> None:
    sweep(tmp_path, plan(parse_space("pe_type: int16\nrows: [2, 3]\ncols: 4\nglb_kib: 64\n", "s")))
    table = pq.read_table(tmp_path / "layers.parquet").to_pylist()
    assert [(row["layer"], row["count"], row["kind"]) for row in table[:3]] == [
        ("first", 1, "conv"),
        ("middle", 4, "conv"),
        ("last", 1, "fc"),
    ]
    assert len(table) == 6
    assert table[1]["mapping"] == '[["DRAM","temporal",[["M",16]]],["PE","spatial-y",[["S",3]]]]'
    (access,) = table[1]["accesses"]
    assert (access["level"], access["tensor"], access["reads"]) == ("DRAM_weights", "Weights", 2304)
    assert access["energy_pj"] == pytest.approx(0.1 * 32 * (2304 + 1600 + 1024))
    assert table[1]["leakage"] == [{"level": "DRAM_weights", "energy_pj": 0.0}, {"level": "GLB", "energy_pj": 1.5}]


def test_config_without_mapping_is_recorded_with_its_reason_and_the_sweep_goes_on(tmp_path: Path) -> None:
    sweep(tmp_path)
    by_reason: dict[str, int] = {}
    for row in rows(tmp_path):
        by_reason[row["reason"]] = by_reason.get(row["reason"], 0) + 1
        assert (row["valid"] == "true") == (row["reason"] == "") == (row["energy_uj"] != "")
    assert by_reason == {
        "": 8,
        "first: ifmap_spad needs 3 words, has 2": 8,
        "glb_kib 1 holds no entry": 8,
    }


def test_predictions_out_of_range_are_named(tmp_path: Path) -> None:
    sweep(tmp_path)
    assert {(row["glb_kib"], row["out_of_range"]) for row in rows(tmp_path)} == {
        ("1.0", ""),
        ("64.0", ""),
        ("4096.0", "glb: 4096 KiB"),
    }


def test_networks_share_rows_of_equal_shapes(tmp_path: Path) -> None:
    sweep(tmp_path)
    reports: list[Progress] = []
    with ResultStore.writing(tmp_path) as store:
        counts = run_sweep(plan(networks=(NETWORK, RELATED)), store, 1, reports.append)
    # Of 16 designs that can be built, only the last layer of the related network is new.
    assert reports[-1] == Progress(done=24, configs=24, computed_layers=16, reused_layers=48)
    assert (counts.computed, counts.reused) == (16, 32)


def test_network_whose_layers_are_all_there_is_summed_and_not_computed(tmp_path: Path) -> None:
    part = Network("part", "cifar10", NETWORK.layers[:2])
    asked.clear()
    sweep(tmp_path / "one", plan(networks=(NETWORK,), engine=CountingEngine()))
    counts, exported = sweep(tmp_path / "one", plan(networks=(part,), engine=CountingEngine()))
    assert (len(asked), counts.computed, counts.reused, exported.results) == (24, 0, 24, 24)
    sweep(tmp_path / "other", plan(networks=(part,)))
    found = [row for row in rows(tmp_path / "one") if row["network"] == "part"]
    assert found == rows(tmp_path / "other")


def test_chosen_columns_and_rows_are_those_of_the_whole_table(tmp_path: Path) -> None:
    sweep(tmp_path, plan(networks=(NETWORK, RELATED)))
    sweep(tmp_path, plan(parse_space("pe_type: lightpe1\nrows: [3, 2]\ncols: 4\nglb_kib: 64\n", "s"), batch=2))
    sweep(tmp_path, plan(parse_space("pe_type: lightpe1\nrows: [3, 2]\ncols: 4\nglb_kib: 64\n", "s")))
    with ResultStore.reading(tmp_path) as store:
        whole = results_frame(store)
        few = results_frame(store, ("energy_uj", "pe_type", "valid", "network", "runs"))
        some = np.array([3, 17, 24, 49])
        chosen = results_frame(store, rows=some)
    assert list(whole.columns) == [name for name, _ in result_columns([default_family()])] and len(whole) == 50
    assert whole["runs"].str.count(" ").max() == 1
    pd.testing.assert_frame_equal(few, whole[list(few.columns)])
    pd.testing.assert_frame_equal(chosen, whole.iloc[some], check_dtype=False)
    table = pq.read_table(tmp_path / "results.parquet").to_pandas()
    assert whole["energy_uj"].equals(table["energy_uj"]) and list(whole["runs"]) == list(table["runs"])


def test_reader_sees_one_moment_of_a_sweep_that_goes_on(tmp_path: Path) -> None:
    sweep(tmp_path)
    with ResultStore.reading(tmp_path) as reader:
        before = results_frame(reader, ("energy_uj",))
        sweep(tmp_path, plan(networks=(RELATED,)))
        pd.testing.assert_frame_equal(results_frame(reader, ("energy_uj",)), before)
    with ResultStore.reading(tmp_path) as reader:
        assert len(results_frame(reader, ("energy_uj",))) == 48


def test_another_objective_batch_space_or_network_extends_the_store(tmp_path: Path) -> None:
    first, _ = sweep(tmp_path)
    alone = rows(tmp_path)
    other_space = parse_space("pe_type: int16\nrows: [2, 7]\ncols: 4\nifmap_spad_depth: 12\nglb_kib: 64\n", "s")
    runs = [
        sweep(tmp_path, what)[0].run
        for what in (
            plan(objective="latency"),
            plan(batch=2),
            plan(networks=(RELATED,)),
            plan(other_space),
        )
    ]
    found = rows(tmp_path)
    assert len({first.run, *runs}) == 5
    assert len(found) == 24 * 4 + 1
    assert [{**row, "runs": first.run} for row in found if first.run in row["runs"].split()] == alone
    (shared,) = [row for row in found if runs[3] in row["runs"].split() and row["rows"] == "2"]
    assert shared["runs"].split() == sorted([first.run, runs[3]])
    with (tmp_path / "runs.csv").open(newline="") as handle:
        listed = {row["run"]: row for row in csv.DictReader(handle)}
    assert set(listed) == {first.run, *runs}
    assert listed[runs[0]]["objective"] == "latency" and listed[runs[2]]["networks"] == "related"


def test_changed_tables_are_computed_anew_and_replace_the_run(tmp_path: Path) -> None:
    first, _ = sweep(tmp_path, plan(engine=ArithmeticEngine("a")))
    second, exported = sweep(tmp_path, plan(engine=ArithmeticEngine("b")))
    assert (second.computed, exported.results, second.run) == (24, 24, first.run)
    assert {row["fingerprint"] for row in rows(tmp_path)} == {"arithmetic-b"}
    back, _ = sweep(tmp_path, plan(engine=ArithmeticEngine("a")))
    assert back.computed == 0


def test_rows_do_not_depend_on_the_order_they_were_computed_in(tmp_path: Path) -> None:
    small = parse_space("pe_type: lightpe1\nrows: [3, 2]\ncols: 4\nglb_kib: 64\n", "s")
    sweep(tmp_path / "a", plan(small))
    sweep(tmp_path / "a")
    sweep(tmp_path / "b")
    sweep(tmp_path / "b", plan(small))
    assert same_files(tmp_path / "a", tmp_path / "b")


def test_failing_engine_is_named_with_config_and_layer_and_rows_are_kept(tmp_path: Path) -> None:
    space = parse_space("pe_type: int16\nrows: {from: 2, to: 14, step: 1}\ncols: 4\nglb_kib: 64\n", "s")
    with (
        pytest.raises(RunError, match=r"engine arithmetic failed on config \w{12} .*'rows': 13.*ZeroDivisionError"),
        ResultStore.writing(tmp_path) as store,
    ):
        run_sweep(plan(space), store, 1, lambda progress: None)
    with ResultStore.reading(tmp_path) as store:
        assert list(store.query("SELECT count(*) FROM designs WHERE rows < 13")) == [(11,)]


@dataclass(frozen=True)
class DyingDesign(ArithmeticDesign):
    def run(self, layer: Layer, objective: str) -> LayerResult:
        if self.config.rows == 3:
            os._exit(9)
        return super().run(layer, objective)


class DyingEngine(ArithmeticEngine):
    """Its process ends in the middle of a task, as if killed for its memory."""

    def design(self, config: AcceleratorConfig) -> Design:
        return DyingDesign(config, 0.0)


def test_death_of_a_worker_is_told_in_one_line_and_rows_are_kept(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="a worker process died"), ResultStore.writing(tmp_path) as store:
        run_sweep(plan(engine=DyingEngine()), store, 2, lambda progress: None)
    counts, exported = sweep(tmp_path)
    assert (counts.configs, exported.results) == (24, 24)
    sweep(tmp_path / "undisturbed")
    assert same_files(tmp_path, tmp_path / "undisturbed")


class InterruptedEngine(ArithmeticEngine):
    """Ctrl-C comes while it works."""

    def design(self, config: AcceleratorConfig) -> Design:
        if config.rows == 3:
            raise KeyboardInterrupt
        return super().design(config)


def test_interrupted_sweep_keeps_its_rows_and_goes_on_from_there(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), ResultStore.writing(tmp_path) as store:
        run_sweep(plan(engine=InterruptedEngine()), store, 1, lambda progress: None)
    counts, _ = sweep(tmp_path)
    assert (counts.computed, counts.reused) == (18, 6)
    sweep(tmp_path / "undisturbed")
    assert same_files(tmp_path, tmp_path / "undisturbed")


def test_rows_are_sorted_by_their_parameters_whatever_the_order_of_the_space(tmp_path: Path) -> None:
    space = "pe_type: [lightpe1, int16]\nrows: [12, 2]\ncols: [14, 5]\nglb_kib: [128, 64]\nifmap_spad_depth: [24, 12]\n"
    sweep(tmp_path, plan(parse_space(space, "s")))
    order = [
        (row["pe_type"], *(float(row[name]) for name in ("rows", "cols", "ifmap_spad_depth", "glb_kib")))
        for row in rows(tmp_path)
    ]
    assert order == sorted(order) and len(order) == 32
