"""Sweeps of several families into one folder: row-stationary, Simba-like, and one that is no part of the package."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from family_files import OUTPUT_STATIONARY
from sweep_helpers import NETWORK, plan, sweep

from qadam_plugin import api
from qadam_plugin.analysis.designs import shown_designs
from qadam_plugin.analysis.figures.sensitivity import collect_sensitivity
from qadam_plugin.analysis.metrics import METRICS
from qadam_plugin.cli import app
from qadam_plugin.engines.rowstationary import RowStationaryEngine
from qadam_plugin.errors import InputError
from qadam_plugin.hardware.config import AcceleratorConfig
from qadam_plugin.hardware.family import shipped_family
from qadam_plugin.hardware.space import DesignSpace, load_space, parse_space
from qadam_plugin.mapping.model import evaluate
from qadam_plugin.mapping.nest import LevelLoops, Mapping
from qadam_plugin.ppa.library import load_library
from qadam_plugin.sweep.frames import results_frame
from qadam_plugin.sweep.points import stored_config
from qadam_plugin.sweep.rows import place
from qadam_plugin.sweep.store import ResultStore
from qadam_plugin.sweep.training import fit_store

ROWS = "pe_type: int8\nrows: [3, 4]\ncols: 4\nweights_spad_depth: 28\nglb_kib: 32\n"
SIMBA = """
family: simba_like
pe_type: [int8, lightpe1]
pes: [2, 4]
vector_macs: 2
glb_kib: 32
"""
OWN = "family: mine.yaml\npe_type: int8\nside: [2, 4]\naccumulators: [8, 16]\n"


@pytest.fixture(scope="module")
def spaces(tmp_path_factory: pytest.TempPathFactory) -> list[DesignSpace]:
    folder = tmp_path_factory.mktemp("spaces")
    (folder / "mine.yaml").write_text(OUTPUT_STATIONARY)
    (folder / "space.yaml").write_text(OWN)
    return [parse_space(ROWS, "rows"), parse_space(SIMBA, "simba"), load_space(folder / "space.yaml")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, spaces: list[DesignSpace]) -> Path:
    """Three families in one folder, mapped by the real engine."""
    path = tmp_path_factory.mktemp("families")
    for space in spaces:
        sweep(path, plan(space, engine=RowStationaryEngine()))
    return path


def test_columns_are_those_of_every_family_and_empty_where_a_design_has_none(folder: Path) -> None:
    table = pd.read_csv(folder / "results.csv")
    assert dict(table["family"].value_counts()) == {"simba_like": 4, "output_stationary": 4, "row_stationary": 2}
    assert table["valid"].all() and table["energy_uj"].gt(0).all()
    names = list(table.columns)
    assert names[5:7] == ["rows", "cols"] and names[-1] == "family"
    # Each parameter once, also where two families have it.
    assert len(set(names)) == len(names) and names.index("side") < names.index("clock_ghz")
    by_family = table.set_index("family")
    assert (
        by_family.loc["simba_like", "pes"].tolist() == [2, 4, 2, 4]
        and by_family.loc["row_stationary", "pes"].isna().all()
    )
    assert by_family["glb_kib"].notna().sum() == 6


def test_every_design_is_made_whole_from_what_the_folder_keeps(folder: Path, spaces: list[DesignSpace]) -> None:
    # The file of the third family is not needed any more: the folder has its text.
    wanted = {config.config_id: config for space in spaces for config in space}
    with ResultStore.reading(folder) as store:
        assert [family.name for family in store.families()] == ["row_stationary", "output_stationary", "simba_like"]
        rows = results_frame(store).to_dict("records")
        assert len(rows) == len(wanted) == 10
        for row in rows:
            assert stored_config(row, store) == wanted[row["config_id"]]  # pyright: ignore[reportArgumentType]


def test_results_of_a_third_family_are_the_counts_of_its_architecture(spaces: list[DesignSpace]) -> None:
    engine, layer = RowStationaryEngine(), NETWORK.layers[1].layer
    config = next(iter(spaces[2]))
    design = engine.design(config)
    result = design.run(layer, "edp")
    assert result.valid
    spec = design._spec  # pyright: ignore
    mapping = Mapping(tuple(LevelLoops(*entry) for entry in result.mapping))
    again = evaluate(spec, layer, mapping, design._priced.energy)  # pyright: ignore
    assert (again.cycles, again.energy_pj) == (result.cycles, result.timeloop_pj)
    assert result.cycles * config.side**2 >= layer.macs
    # Sums stay where they are: each is written to DRAM once.
    (outputs,) = (a for a in result.accesses if (a.level, a.tensor) == ("DRAM", "Outputs"))
    assert (outputs.updates, outputs.reads) == (layer.outputs, 0)


def test_fronts_conditions_and_reports_work_on_any_family(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str) -> str:
        with pytest.raises(SystemExit) as done:
            app.main(list(words))
        assert done.value.code == 0
        return capsys.readouterr().out

    every = json.loads(run("pareto", str(folder), "--json"))
    assert every and all(row["family"] in ("row_stationary", "simba_like", "output_stationary") for row in every)
    only = json.loads(run("pareto", str(folder), "--where", 'family == "output_stationary" and side > 2', "--json"))
    assert only and {row["side"] for row in only} == {4}
    assert {row["rows"] for row in only} == {None}
    shared = run("pareto", str(folder), "--where", "glb_kib < 64 and area_mm2 > 0")
    assert "output_stationary" not in shared and "pes" in shared
    run("plot", "energy", str(folder), "-o", str(folder / "energy.svg"))
    run("plot", "roofline", str(folder), "-o", str(folder / "roofline.svg"))
    run("report", str(folder))
    page = (folder / "report.html").read_text()
    assert "output_stationary" in page and "{pes} PEs of {vector_macs}x{vector_lanes} MACs" in page


def test_energy_is_broken_down_by_the_parts_that_a_family_names(folder: Path) -> None:
    with ResultStore.reading(folder) as store:
        results = results_frame(store)
        simba = results.loc[results["family"] == "simba_like"]
        (group,) = shown_designs(store, simba, METRICS["energy_uj"])
        for design in group.designs:
            energy = {
                part: sum(x.energy_uj[part] * x.count for x in design.layers) for part in design.layers[0].energy_uj
            }
            assert tuple(energy) == ("MAC", *shipped_family("simba_like").parts, "idle")
            assert sum(energy.values()) == pytest.approx(design.row["energy_uj"])
            assert energy["DRAM"] == pytest.approx(design.row["dram_energy_uj"])
            macs = design.row["pes"] * design.row["vector_macs"] * design.row["vector_lanes"]
            assert design.peak_gmacs == pytest.approx(macs * design.row["clock_ghz"])
        panels = collect_sensitivity(simba, METRICS["energy_uj"], store.families())
        assert all({effect.parameter for effect in panel.effects} <= {"pes"} for panel in panels)


def test_accelerator_models_are_of_row_stationary_designs_alone(folder: Path) -> None:
    engine = RowStationaryEngine()
    with ResultStore.reading(folder) as store, pytest.raises(InputError, match="of family row_stationary only, not"):
        fit_store(store, engine, load_library(), "edp", 1, lambda text: None)


def test_designs_stand_in_the_order_of_their_numbers() -> None:
    space = parse_space(
        "pe_type: [int8, int16]\nrows: [100, 9]\nglb_kib: [8, 16, 0.1e1, 128.5]\nclock: [auto, 0.2]\n", "x"
    )

    def numbers(config: AcceleratorConfig) -> tuple[object, ...]:
        clock = "auto" if config.clock_ghz is None else repr(config.clock_ghz)
        return (config.pe.name, *(config.parameters[name] for name in config.family.main), clock, config.config_id)

    assert sorted(space, key=place) == sorted(space, key=numbers)


def test_python_takes_a_shipped_design_by_its_name() -> None:
    parts = api.estimate("simba_like").set_index("component")
    assert parts.loc["weight_register", "instances"] == parts.loc["mac", "instances"] == 256
