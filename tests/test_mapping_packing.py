"""Several elements in a word: the rule on its own, on mappings that were evaluated elsewhere, and in reports."""

from __future__ import annotations

import copy
import gzip
import json
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from qadam_plugin.errors import InputError, QadamError
from qadam_plugin.hardware.archspec import ArchSpec, Compute, Storage
from qadam_plugin.mapping.bulk import evaluate_many, stack_mappings
from qadam_plugin.mapping.corpus import ReferenceCase, read_cases, replay
from qadam_plugin.mapping.model import evaluate
from qadam_plugin.mapping.nest import TEMPORAL, LevelLoops, Mapping
from qadam_plugin.mapping.plan import make_plan
from qadam_plugin.mapping.report import as_json
from qadam_plugin.mapping.search import search
from qadam_plugin.mapping.words import operands_per_word, wasted_bits, words_of
from qadam_plugin.ppa.energy_table import EnergyTable
from qadam_plugin.workloads.layer import TENSORS, Layer

DATA = Path(__file__).parent / "data"
PACKED = DATA / "timeloop_packed" / "cases.jsonl.gz"

#: 4 x 4 outputs of a 3 x 3 kernel.
LAYER = Layer(R=3, S=3, P=4, Q=4)
ALL_INSIDE = Mapping((LevelLoops("buffer", TEMPORAL, (("S", 3), ("R", 3), ("P", 4), ("Q", 4))),))
PRICES = EnergyTable({"buffer": {"read": 0.42018, "write": 0.42018}, "mac": {"compute": 0.5608}})


def one_buffer(**changes: object) -> ArchSpec:
    buffer = Storage("buffer", "regfile", width=8, datawidth=8, depth=64, keep=TENSORS)
    return ArchSpec("one", (replace(buffer, **changes), Compute("mac", "intmac")))  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="module")
def packed_cases() -> list[ReferenceCase]:
    return list(read_cases(PACKED))


def test_every_packed_case_is_reproduced(packed_cases: list[ReferenceCase]) -> None:
    assert [(case.id, lines) for case in packed_cases if (lines := replay(case))] == []
    assert (len(packed_cases), sum(case.whole for case in packed_cases)) == (694, 647)


@pytest.mark.parametrize(
    "path",
    [
        ("cycles",),
        ("levels", "weights_spad", "dataspaces", "Weights", "reads"),
        ("levels", "weights_spad", "dataspaces", "Weights", "native", "fills"),
        ("levels", "weights_spad", "dataspaces", "Weights", "operands_per_word"),
        ("levels", "weights_spad", "dataspaces", "Weights", "utilized_capacity"),
        ("levels", "shared_glb", "throttling"),
        ("levels", "psum_spad", "dataspaces", "Outputs", "energy_total_pj"),
    ],
)
@pytest.mark.parametrize("gated", [False, True])
def test_a_wrong_figure_of_a_packed_case_is_noticed(
    packed_cases: list[ReferenceCase], path: tuple[str, ...], gated: bool
) -> None:
    case = next(c for c in packed_cases if (c.gating is not None) == gated and c.spec.name == "eyeriss_like_16bit_int")
    wrong = copy.deepcopy(case.result)
    place = wrong
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = place[path[-1]] * 1.001 if path[-1] in ("throttling", "energy_total_pj") else place[path[-1]] + 10
    assert not replay(case)
    assert replay(replace(case, result=wrong))


@pytest.mark.parametrize(
    ("word", "bits", "fit", "wasted"),
    [(8, 3, 2, 2), (16, 3, 5, 1), (16, 16, 1, 0), (24, 8, 3, 0), (8, 5, 1, 3), (16, 5, 3, 1)],
)
def test_no_element_lies_across_two_words(word: int, bits: int, fit: int, wasted: int) -> None:
    assert (operands_per_word(word, bits), wasted_bits(word, bits)) == (fit, wasted)
    assert operands_per_word(word, bits, "ideal") == Fraction(word, bits)
    assert wasted_bits(word, bits, "ideal") == 0


def test_elements_without_bits_take_a_word() -> None:
    assert (operands_per_word(16, None), operands_per_word(16, None, "ideal"), wasted_bits(16, None)) == (1, 1, 0)


@pytest.mark.parametrize(
    ("elements", "fit", "within", "words"), [(9, 2, 1, 5), (10, 2, 1, 5), (9, 16, 3, 2), (0, 5, 1, 0), (7, 1, 1, 7)]
)
def test_words_are_rounded_up_once(elements: int, fit: int, within: int, words: int) -> None:
    assert words_of(elements, fit, within) == words == math.ceil(Fraction(elements * within, fit))


def test_a_convolution_worked_by_hand() -> None:
    """144 reads of 3-bit weights are 72 words; 16 tiles of 5 words would be 80."""
    found = evaluate(one_buffer(), replace(LAYER, weight_bits=3, input_bits=8, output_bits=8), ALL_INSIDE, PRICES)
    weights = found.levels["buffer"].tensors["Weights"]
    assert (weights.utilized_capacity, weights.reads, weights.wasted_bits_per_storage) == (5, 72, 10)
    assert weights.energy_pj == pytest.approx(30.25296)
    assert found.energy_pj == pytest.approx(285.80304)
    narrow = evaluate(one_buffer(), replace(LAYER, weight_bits=4, input_bits=4, output_bits=4), ALL_INSIDE, PRICES)
    outputs = narrow.levels["buffer"].tensors["Outputs"]
    assert (outputs.updates, outputs.reads) == (72, 64)
    assert narrow.energy_pj == pytest.approx(198.4056)


def test_partial_sums_lie_one_to_a_word() -> None:
    bits = replace(LAYER, weight_bits=4, input_bits=4, output_bits=4)
    found = evaluate(one_buffer(partial_sums=True), bits, ALL_INSIDE, PRICES).levels["buffer"].tensors
    assert (found["Outputs"].updates, found["Outputs"].reads, found["Outputs"].operands_per_word) == (144, 128, 1)
    assert found["Inputs"].operands_per_word == 2


def test_ideal_packing_leaves_no_bit_unused() -> None:
    found = evaluate(one_buffer(), replace(LAYER, weight_bits=3), ALL_INSIDE, PRICES, "ideal")
    weights = found.levels["buffer"].tensors["Weights"]
    assert (weights.utilized_capacity, weights.reads) == (4, 54)  # 27 bits, 432 bits
    assert (weights.operands_per_word, weights.wasted_bits_per_word) == (Fraction(8, 3), 0)


def test_counts_are_those_of_whole_words_divided_once() -> None:
    """Any mapping of the corpora: bits divide what it counts without them."""
    for case in list(read_cases(DATA / "timeloop" / "families.jsonl.gz"))[::3]:
        plain = evaluate(case.spec, case.layer, case.mapping, case.energy)
        if not plain.valid:
            continue
        bits = replace(case.layer, weight_bits=3, input_bits=5, output_bits=4)
        for packing in ("word", "ideal"):
            found = evaluate(case.spec, bits, case.mapping, case.energy, packing)
            assert found.valid, case.id
            for name, level in plain.levels.items():
                width = next(store.datawidth for store in case.spec.storages if store.name == name)
                for tensor, counts in level.tensors.items():
                    own = bits.bits[TENSORS.index(tensor)]
                    fit = Fraction(width, own) if packing == "ideal" else width // own
                    packed = found.levels[name].tensors[tensor]
                    for key in ("utilized_capacity", "reads", "fills", "updates", "temporal_reductions"):
                        assert getattr(packed, key) == math.ceil(Fraction(getattr(counts, key)) / fit), (case.id, key)
                    assert packed.partition_size == counts.partition_size
            assert found.compute_cycles == plain.compute_cycles
            assert found.cycles <= plain.cycles


def test_bits_as_wide_as_the_words_change_nothing() -> None:
    bits = replace(LAYER, weight_bits=8, input_bits=8, output_bits=8)
    assert evaluate(one_buffer(), bits, ALL_INSIDE, PRICES) == evaluate(one_buffer(), LAYER, ALL_INSIDE, PRICES)


def test_elements_wider_than_a_word_are_refused_by_name() -> None:
    wide = replace(LAYER, input_bits=12)
    said = "buffer has words of 8 bits, too narrow for Inputs of 12"
    for packing in ("word", "ideal"):
        found = evaluate(one_buffer(), wide, ALL_INSIDE, PRICES, packing)
        assert found.violation is not None
        assert found.violation.text == said
        assert search(one_buffer(), wide, PRICES, packing=packing).reason == said
    arrays = stack_mappings(one_buffer(), [ALL_INSIDE])
    assert not evaluate_many(one_buffer(), wide, PRICES, *arrays).valid.any()
    with pytest.raises(InputError, match=said):
        make_plan(one_buffer(), wide, PRICES)


def test_a_storage_that_may_bypass_a_tensor_need_not_hold_it() -> None:
    dram = Storage("DRAM", "DRAM", width=16, datawidth=16, depth=None, keep=TENSORS)
    buffer = Storage("buffer", "SRAM", width=8, datawidth=8, depth=64, keep=TENSORS, optional=("Inputs",))
    spec = ArchSpec("two", (dram, buffer, Compute("mac", "intmac")))
    prices = EnergyTable({**PRICES.energy_pj, "DRAM": {"read": 100.0, "write": 100.0}})
    found = search(spec, replace(LAYER, input_bits=12), prices)
    assert found.evaluation is not None
    assert "Inputs" not in found.evaluation.levels["buffer"].tensors


def test_an_unknown_packing_is_refused() -> None:
    with pytest.raises(QadamError, match="packing 'tight' is none of word, ideal"):
        evaluate(one_buffer(), LAYER, ALL_INSIDE, PRICES, "tight")


def test_why_nothing_fits_is_said_in_words_of_the_store() -> None:
    tiny = one_buffer(depth=30)
    found = search(tiny, replace(LAYER, weight_bits=4, input_bits=4), PRICES)
    assert found.reason == "buffer: the least tiles need 39 words (Weights 5, Inputs 18, Outputs 16), it has 30"


def test_the_report_says_how_words_are_filled() -> None:
    found = evaluate(one_buffer(), replace(LAYER, weight_bits=3), ALL_INSIDE, PRICES)
    tensors = as_json(ALL_INSIDE, found)["levels"]["buffer"]
    keys = ("operands_per_word", "wasted_bits_per_word", "wasted_bits_per_storage")
    assert [tensors["Weights"][key] for key in keys] == [2, 2, 10]
    assert [tensors["Inputs"][key] for key in keys] == [1, 0, 0]
    ideal = evaluate(one_buffer(), replace(LAYER, weight_bits=3), ALL_INSIDE, PRICES, "ideal")
    assert as_json(ALL_INSIDE, ideal)["levels"]["buffer"]["Weights"]["operands_per_word"] == pytest.approx(8 / 3)


def test_networks_carry_words_of_their_upper_level(packed_cases: list[ReferenceCase]) -> None:
    published = {record["id"]: record for record in map(json.loads, gzip.decompress(PACKED.read_bytes()).splitlines())}
    compared = 0
    for case in packed_cases:
        if not case.whole or any(len(d["ingresses"]) > 1 for n in case.result["networks"].values() for d in n.values()):
            continue
        found = evaluate(case.spec, case.layer, case.mapping, case.energy).networks
        for pair, tensors in published[case.id]["result"]["networks"].items():
            upper = pair.split(" <==> ")[0]
            ours = next(value for name, value in found.items() if name.startswith(f"{upper} <==> "))
            for tensor, given in tensors.items():
                if tensor not in ours or f"inside_{upper}" in [level.name for level in case.spec.levels]:
                    continue
                ((_, _, accesses),) = ours[tensor].ingresses
                assert accesses == pytest.approx(given["ingresses"][0][2], abs=0.26), (case.id, pair, tensor)
                compared += 1
    assert compared > 1000


def test_instances_of_a_cluster_share_accesses(packed_cases: list[ReferenceCase]) -> None:
    case = next(c for c in packed_cases if c.spec.name == "simba_like_16bit_int" and c.whole)
    found = evaluate(case.spec, case.layer, case.mapping, case.energy)
    alone = replace(
        case.spec,
        levels=tuple(
            replace(level, cluster_size=1, width=level.width // 64) if level.name == "PEWeightRegs" else level  # pyright: ignore[reportAttributeAccessIssue, reportCallIssue]
            for level in case.spec.levels
        ),
    )
    apart = evaluate(alone, case.layer, case.mapping, case.energy).levels["PEWeightRegs"].tensors["Weights"]
    shared = found.levels["PEWeightRegs"].tensors["Weights"]
    assert (apart.reads, apart.fills, apart.utilized_instances) == (
        shared.reads,
        shared.fills,
        shared.utilized_instances,
    )
    assert shared.utilized_instances > 4
    assert apart.energy_pj == pytest.approx(shared.energy_pj * shared.utilized_instances / 4)
