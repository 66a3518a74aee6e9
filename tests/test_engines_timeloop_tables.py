"""ERT and ART: written so that Timeloop finds every component, and refused where the figures are not our models'."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from timeloop_runs import CONFIG, RUNS, spec

from qadam_plugin.engines.timeloop_jobs import TimeloopRunner
from qadam_plugin.engines.timeloop_settings import TimeloopSettings
from qadam_plugin.engines.timeloop_tables import (
    OURS,
    ReferenceTables,
    check_accelergy,
    read_art,
    read_estimators,
    read_tables,
    write_tables,
)
from qadam_plugin.engines.timeloop_tools import Toolchain
from qadam_plugin.errors import InputError, RunError
from qadam_plugin.hardware.archspec import ArchSpec
from qadam_plugin.hardware.build import build_spec
from qadam_plugin.ppa.library import load_library
from qadam_plugin.ppa.pricing import PricedSpec, price_spec

NAMES = ("DRAM_weights", "DRAM_ifmap", "DRAM_psum", "glb_weights", "glb_ifmap", "glb_psum")
ALL = (*NAMES, "ifmap_spad", "weights_spad", "psum_spad", "mac")
SUMMARIES = (RUNS / "accelergy" / "ERT_summary_verbose.yaml", RUNS / "accelergy" / "ART_summary_verbose.yaml")


@pytest.fixture(scope="module")
def priced() -> tuple[ArchSpec, PricedSpec]:
    built = build_spec(CONFIG, 0.5)
    return built, price_spec(built, load_library())


def test_written_tables_read_back_as_the_prices(priced: tuple[ArchSpec, PricedSpec], tmp_path: Path) -> None:
    built, prices = priced
    tables = write_tables(built, prices, tmp_path)
    assert tables.energy == prices.energy
    on_chip = sum(area for name, area in tables.area_um2.items() if not name.startswith("DRAM"))
    assert on_chip == pytest.approx(prices.total_area_um2 - prices.overhead_area_um2, rel=1e-12)
    assert tables.estimators == tuple((name, "models") for name in ALL)


def test_written_tables_name_every_instance(priced: tuple[ArchSpec, PricedSpec], tmp_path: Path) -> None:
    tables = write_tables(*priced, tmp_path)
    names = [table["name"] for table in yaml.safe_load(tables.art)["ART"]["tables"]]
    assert "system_top_level.mac[1..16]" in names
    assert "system_top_level.glb_psum[1..1]" in names


def test_area_of_the_art_is_of_all_instances() -> None:
    written = {
        table["name"].rsplit(".", 3)[-3].split("[")[0]: table["area"]
        for table in yaml.safe_load((RUNS / "accelergy" / "ART.yaml").read_text())["ART"]["tables"]
    }
    areas = read_art(RUNS / "accelergy" / "ART.yaml", spec())
    assert areas["mac"] == written["mac"] * 16
    assert areas["glb_ifmap"] == written["glb_ifmap"] > 0
    assert tuple(areas) == ALL


@pytest.mark.parametrize("kind", ["ERT", "ART"])
def test_component_missing_from_a_table_is_refused(kind: str, tmp_path: Path) -> None:
    for name in ("ERT", "ART"):
        data = yaml.safe_load((RUNS / "mapper" / f"{name}.yaml").read_text())
        if name == kind:
            data[name]["tables"] = [table for table in data[name]["tables"] if "weights_spad" not in table["name"]]
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(data))
    with pytest.raises(InputError, match=rf"{kind}\.yaml: {kind}\.tables: no table for weights_spad"):
        read_tables(spec(), tmp_path, ())


@pytest.mark.parametrize("text", ["", "ART: 3", "ART: {tables: [1]}", "ERT: {tables: []}", "[", "ART: {tables: 2}"])
def test_file_that_is_no_art_is_one_clear_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "ART.yaml").write_text(text)
    with pytest.raises(InputError, match=r"ART\.yaml: "):
        read_art(tmp_path / "ART.yaml", spec())


def test_area_that_is_none_is_refused(tmp_path: Path) -> None:
    data = yaml.safe_load((RUNS / "mapper" / "ART.yaml").read_text())
    data["ART"]["tables"][5]["area"] = float("nan")
    (tmp_path / "ART.yaml").write_text(yaml.safe_dump(data))
    with pytest.raises(InputError, match=r"ART\.tables\[5\]\.area: an area in um\^2, 0 or more, is wanted, not nan"):
        read_art(tmp_path / "ART.yaml", spec())


def test_estimator_of_every_component_is_read_from_accelergys_summaries() -> None:
    assert read_estimators(*SUMMARIES, spec()) == tuple((name, OURS) for name in ALL)


def test_all_estimators_of_a_compound_component_are_named(tmp_path: Path) -> None:
    # The form without -v, of a component made of others: https://github.com/Accelergy-Project/accelergy
    text = SUMMARIES[0].read_text()
    data = yaml.safe_load(text)
    for table in data["ERT_summary"]["table_summary"]:
        if "psum_spad" in table["name"]:
            table["primitive_estimation(s)"] = [
                {"name": "storage", "estimator": "CactiSRAM"},
                {"name": "address_generators[0]", "estimator": "Aladdin_table"},
            ]
    (tmp_path / "ERT_summary.yaml").write_text(yaml.safe_dump(data))
    found = dict(read_estimators(tmp_path / "ERT_summary.yaml", SUMMARIES[1], spec()))
    assert found["psum_spad"] == f"CactiSRAM, Aladdin_table, {OURS}"


def test_component_without_estimator_is_refused(tmp_path: Path) -> None:
    data = {"ERT_summary": {"table_summary": []}, "ART_summary": {"table_summary": []}}
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(data))
    with pytest.raises(InputError, match="no estimator is named for DRAM_weights"):
        read_estimators(tmp_path / "s.yaml", tmp_path / "s.yaml", spec())


def accelergys(priced: tuple[ArchSpec, PricedSpec], folder: Path) -> ReferenceTables:
    """Tables as if our plug-in had answered."""
    return replace(write_tables(*priced, folder), estimators=tuple((name, OURS) for name in ALL))


def test_answers_of_our_plug_in_are_taken(priced: tuple[ArchSpec, PricedSpec], tmp_path: Path) -> None:
    check_accelergy(accelergys(priced, tmp_path), priced[1])


@pytest.mark.parametrize("stranger", ["dummy", "Aladdin_table", "qadam-tl (not installed)", f"{OURS}, dummy"])
def test_answer_of_another_plug_in_is_refused(
    stranger: str, priced: tuple[ArchSpec, PricedSpec], tmp_path: Path
) -> None:
    tables = accelergys(priced, tmp_path)
    estimators = tuple((name, stranger if name == "mac" else who) for name, who in tables.estimators)
    with pytest.raises(RunError, match=r"answered for mac, not our estimator"):
        check_accelergy(replace(tables, estimators=estimators), priced[1])


@pytest.mark.parametrize("action", ["write", "leak"])
def test_answer_of_another_version_is_refused(action: str, priced: tuple[ArchSpec, PricedSpec], tmp_path: Path) -> None:
    built, prices = priced
    energies = prices.energy.energy_pj
    other = {**energies, "glb_psum": {**energies["glb_psum"], action: energies["glb_psum"][action] * (1 + 1e-7)}}
    now = replace(prices, energy=replace(prices.energy, energy_pj=other))
    with pytest.raises(RunError, match=rf"for {action} \(pJ\) of glb_psum, .* another version"):
        check_accelergy(accelergys((built, prices), tmp_path), now)


def test_area_of_another_version_is_refused(priced: tuple[ArchSpec, PricedSpec], tmp_path: Path) -> None:
    tables = accelergys(priced, tmp_path)
    with pytest.raises(RunError, match=r"area \(um\^2\) of mac"):
        check_accelergy(replace(tables, area_um2={**tables.area_um2, "mac": 1.0}), priced[1])


def test_placeholder_technology_is_refused(priced: tuple[ArchSpec, PricedSpec], tmp_path: Path) -> None:
    runner = TimeloopRunner(Toolchain("no-such-python", "", ""), TimeloopSettings())
    with pytest.raises(RunError, match="technology -1 asks Accelergy for placeholder figures"):
        runner.accelergy(replace(priced[0], technology="-1"), priced[1], tmp_path)
