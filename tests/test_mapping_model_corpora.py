"""Every figure of mappings that Timeloop itself evaluated."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from qadam_plugin.errors import InputError
from qadam_plugin.mapping.corpus import ReferenceCase, read_cases
from qadam_plugin.mapping.corpus_compare import differences
from qadam_plugin.mapping.evaluation import Evaluation
from qadam_plugin.mapping.model import evaluate

CORPORA = Path(__file__).parent / "data" / "timeloop"


def price(case: ReferenceCase) -> Evaluation:
    return evaluate(case.spec, case.layer, case.mapping, case.energy)


@pytest.fixture(scope="module")
def cases() -> dict[str, ReferenceCase]:
    return {case.id: case for name in ("model_cases", "families") for case in read_cases(CORPORA / f"{name}.jsonl.gz")}


@pytest.mark.parametrize(
    ("file", "count"), [("model_cases.jsonl.gz", 1421), ("families.jsonl.gz", 257), ("mapper_refs.json.gz", 24)]
)
def test_every_figure_of_every_reference_case_is_reproduced(file: str, count: int) -> None:
    replayed = [(case.id, differences(price(case), case.result)) for case in read_cases(CORPORA / file)]
    assert [case for case in replayed if case[1]] == []
    assert len(replayed) == count


def test_a_wrong_figure_is_noticed(cases: dict[str, ReferenceCase]) -> None:
    case = cases["h00005"]
    found = price(case)
    for path in (("cycles",), ("levels", "shared_glb", "dataspaces", "Inputs", "reads"), ("energy_total_pj",)):
        wrong = copy.deepcopy(case.result)
        place = wrong
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] *= 1.00001 if path[-1] == "energy_total_pj" else 2
        assert len(differences(found, wrong)) == 1


def test_an_unknown_schema_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text('{"id": "q0", "arch": {}, "layer": {"C": 1, "bitwidths": {}}, "mapping": [], "result": {}}\n')
    with pytest.raises(InputError, match=r"cases\.jsonl: line 1: unsupported schema"):
        list(read_cases(file))
    file.write_text("id,cycles\n")
    with pytest.raises(InputError, match="line 1: not a JSON object"):
        list(read_cases(file))


def test_sliding_window_is_filled_once(cases: dict[str, ReferenceCase]) -> None:
    """P=8 outside a kernel of 3: 3 + 7 pixels; 24 updates of 8 partial sums, the first arrival of each unread."""
    found = price(cases["h00001"])
    spad, psum = found.levels["ifmap_spad"].tensors["Inputs"], found.levels["psum_spad"].tensors["Outputs"]
    assert (spad.fills, found.levels["shared_glb"].tensors["Inputs"].reads) == (10, 10)
    assert (psum.updates, psum.reads, psum.fills) == (24, 16, 0)
    assert found.energy_pj == pytest.approx(2407.9, rel=1e-9)


def test_filter_loop_outside_looks_stationary(cases: dict[str, ReferenceCase]) -> None:
    """R=3 outside P=8, one-word tile: Timeloop counts 22 deliveries, a machine would need 24."""
    assert price(cases["h00002"]).levels["shared_glb"].tensors["Inputs"].reads == 22


def test_psum_is_read_back_when_reduction_is_outside(cases: dict[str, ReferenceCase]) -> None:
    """C=4 outside P=4 at DRAM: 16 partial sums written, 12 read back."""
    found = price(cases["h00003"])
    dram = found.levels["DRAM"].tensors["Outputs"]
    assert (dram.updates, dram.reads, found.levels["shared_glb"].tensors["Outputs"].fills) == (16, 12, 12)


def test_multicast_and_spatial_reduction(cases: dict[str, ReferenceCase]) -> None:
    """X: Q=4; Y: C=2, M=2; P=3 in time."""
    levels = price(cases["h00004"]).levels
    glb = levels["shared_glb"].tensors
    assert (glb["Inputs"].reads, levels["DRAM"].tensors["Weights"].reads, glb["Outputs"].updates) == (24, 4, 24)


def test_neighbours_hand_on_the_sliding_window(cases: dict[str, ReferenceCase]) -> None:
    """S=3 on Y, Q=6 in time, C=2 in the spad: 16 reads above, 20 words handed on."""
    found = price(cases["h00005"])
    assert found.levels["shared_glb"].tensors["Inputs"].reads == 16
    assert found.networks["PE <==> ifmap_spad"]["Inputs"].link_transfers == 20
    spad = found.levels["ifmap_spad"].tensors["Inputs"]
    assert (spad.fills, spad.reads) == (12, 19)


def test_halo_across_a_wrap_around_is_judged_from_index_one(cases: dict[str, ReferenceCase]) -> None:
    """P=6 as 3 outside 2 keeps its halo, 2 outside 3 loses it, for the same six windows."""
    assert price(cases["h00007"]).levels["shared_glb"].tensors["Inputs"].reads == 8
    assert price(cases["h00008"]).levels["shared_glb"].tensors["Inputs"].reads == 10


def test_bandwidth_stretches_the_run(cases: dict[str, ReferenceCase]) -> None:
    """32 words read in 32 cycles at half a word per cycle: 64 cycles."""
    found = price(cases["h00011"])
    assert (found.compute_cycles, found.cycles, found.levels["shared_glb"].throttling) == (32, 64, 0.5)


def test_store_of_a_split_level_holds_only_its_own_loops(cases: dict[str, ReferenceCase]) -> None:
    """Loops at the outer GLB store leave the inner one without reuse; at the inner one they equal a joint GLB."""
    outer, inner = price(cases["fA2_h05"]), price(cases["fA2_h15"])
    psum = outer.levels["glb_psum"].tensors["Outputs"]
    assert (psum.utilized_capacity, psum.fills) == (1, 16)
    dram = outer.levels["DRAM_psum"].tensors["Outputs"]
    assert (dram.updates, dram.reads) == (32, 16)
    psum = inner.levels["glb_psum"].tensors["Outputs"]
    assert (psum.utilized_capacity, psum.fills) == (16, 0)
    assert inner.levels["DRAM_psum"].tensors["Outputs"].reads == 0


def test_macs_below_a_container_share_over_time(cases: dict[str, ReferenceCase]) -> None:
    """M on X and in time: Inputs read once, four hand-overs. C on X and in time: two updates, not four."""
    found = price(cases["fB1_h06"])
    assert found.levels["buffer"].tensors["Inputs"].reads == 1
    assert found.networks["MAC_row <==> mac"]["Inputs"].link_transfers == 4
    assert price(cases["fB1_h10"]).levels["buffer"].tensors["Outputs"].updates == 2
