"""Timeloop's results are read whole, in full precision, and checked against what Timeloop prints (recorded runs)."""

from __future__ import annotations

import re

import pytest
from timeloop_runs import KINDS, LAYER, RUNS, recorded, spec

from qadam_plugin.engines.timeloop_stats import RunStats, read_stats
from qadam_plugin.errors import RunError
from qadam_plugin.mapping.mapping_yaml import read_mapping
from qadam_plugin.mapping.model import evaluate
from qadam_plugin.ppa.energy_table import EnergyTable
from qadam_plugin.ppa.ert_file import read_ert


def table(kind: str = "mapper") -> EnergyTable:
    return read_ert(RUNS / kind / "ERT.yaml", spec())


def run(kind: str) -> RunStats:
    return read_stats(*recorded(kind), table(kind), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_recorded_run_equals_the_embedded_count_of_its_mapping(kind: str) -> None:
    mapping = read_mapping(RUNS / "mapper" / "timeloop-mapper.map.yaml", spec(), LAYER)
    ours = evaluate(spec(), LAYER, mapping, table())
    theirs = run(kind)
    assert (theirs.cycles, theirs.computes) == (ours.cycles, ours.computes) == (ours.cycles, LAYER.macs)
    assert theirs.utilization == ours.utilization
    assert theirs.energy_pj == pytest.approx(ours.energy_pj, rel=1e-12)
    assert theirs.mac_energy_pj == pytest.approx(ours.mac_energy_pj, rel=1e-12)
    assert list(theirs.levels) == list(ours.levels)
    for name, level in ours.levels.items():
        found = theirs.levels[name]
        assert found.leakage_energy_pj == pytest.approx(level.leakage_energy_pj, rel=1e-12)
        assert set(found.tensors) == set(level.tensors)
        for tensor, counts in level.tensors.items():
            access = found.tensors[tensor]
            per_instance = (counts.reads, counts.fills, counts.updates)
            assert (access.reads, access.fills, access.updates) == tuple(
                n * counts.utilized_instances for n in per_instance
            )
            assert access.instances == counts.utilized_instances
            assert access.energy_pj == pytest.approx(counts.energy_pj, rel=1e-12)


def test_mapper_and_model_give_the_same_for_one_mapping() -> None:
    assert run("mapper") == run("model")


def test_level_that_timeloop_priced_by_itself_is_refused() -> None:
    stats, xml = recorded("model")
    unpriced = (RUNS / "unpriced" / "timeloop-model.stats.txt").read_text(encoding="utf-8")
    assert unpriced != stats
    with pytest.raises(RunError, match=r"job 7: Timeloop priced psum_spad by itself \(PAT\), not with the ERT"):
        read_stats(unpriced, xml, table(), "job 7")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (r"^    Total +=", "energy per compute"),
        (r"=== weights_spad ===.*?Leakage energy \(total\) +:", "weights_spad is"),
    ],
)
def test_sum_and_leakage_must_be_what_timeloop_prints(line: str, message: str) -> None:
    stats, xml = recorded("mapper")
    found = re.search(rf"{line} (\d+)", stats, re.DOTALL | re.MULTILINE)
    assert found is not None
    other = stats[: found.start(1)] + str(int(found[1]) + 1) + stats[found.end(1) :]
    with pytest.raises(RunError, match=message):
        read_stats(other, xml, table(), "x")


def test_energy_missing_in_the_xml_is_noticed() -> None:
    stats, xml = recorded("mapper")
    other, count = re.subn(r"<energy_>[^<]+</energy_>", "<energy_>1.0</energy_>", xml)
    assert count == 1
    with pytest.raises(RunError, match="energy per compute"):
        read_stats(stats, other, table(), "x")


def test_table_with_other_energies_than_timeloop_was_given_is_noticed() -> None:
    given = table().energy_pj
    other = EnergyTable({**given, "psum_spad": {**given["psum_spad"], "leak": given["psum_spad"]["leak"] * 1.01}})
    with pytest.raises(RunError, match="psum_spad is"):
        read_stats(*recorded("mapper"), other, "x")


@pytest.mark.parametrize("kind", KINDS)
def test_cut_or_foreign_results_are_one_clear_error(kind: str) -> None:
    stats, xml = recorded(kind)
    for text, data in ((stats, xml[: len(xml) // 2]), (stats, "<a/>"), (stats[: len(stats) // 2], xml), ("", "")):
        with pytest.raises(RunError, match=r"^x: "):
            read_stats(text, data, table(), "x")


def test_level_of_the_table_that_the_results_lack_is_named() -> None:
    given = table().energy_pj
    with pytest.raises(RunError, match="have no level l3"):
        read_stats(*recorded("mapper"), EnergyTable({**given, "l3": given["glb_psum"]}), "x")
