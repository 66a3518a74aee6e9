"""Properties that hold whatever the mapping: scaling the batch, prices that follow counts, verdicts in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qadam_plugin.errors import InputError
from qadam_plugin.mapping.corpus import ReferenceCase, read_cases
from qadam_plugin.mapping.model import evaluate
from qadam_plugin.mapping.nest import LevelLoops, Mapping
from qadam_plugin.mapping.nest_text import nest_text
from qadam_plugin.ppa.energy_table import EnergyTable

CORPORA = Path(__file__).parent / "data" / "timeloop"
CASES = [case for name in ("model_cases", "families") for case in read_cases(CORPORA / f"{name}.jsonl.gz")]
VALID = [case for case in CASES if case.result["valid"]]
INVALID = [case for case in CASES if not case.result["valid"]]


def with_actions(case: ReferenceCase, change: dict[str, float | None]) -> EnergyTable:
    """Energies of a case with some actions of every storage replaced, or taken out."""
    table = {}
    for name, actions in case.energy.energy_pj.items():
        kept = dict(actions)
        if "read" in kept:
            kept |= {action: value for action, value in change.items() if value is not None}
            kept = {action: value for action, value in kept.items() if change.get(action, 0.0) is not None}
        table[name] = kept
    return EnergyTable(table)


@settings(deadline=None, max_examples=80)
@given(st.sampled_from([case for case in VALID if case.layer.N == 1]), st.integers(2, 5))
def test_a_batch_in_the_outermost_loop_multiplies_the_work_on_inputs_and_outputs(
    case: ReferenceCase, batch: int
) -> None:
    first, *others = case.mapping.entries
    larger = Mapping((LevelLoops(first.level, first.kind, (("N", batch), *first.loops)), *others))
    one = evaluate(case.spec, case.layer, case.mapping, case.energy)
    many = evaluate(case.spec, replace(case.layer, N=batch), larger, case.energy)
    if not many.valid:
        return  # the tile of a bounded outermost store grew
    assert many.compute_cycles == batch * one.compute_cycles
    assert many.mac_energy_pj == pytest.approx(batch * one.mac_energy_pj, rel=1e-12)
    for name, level in one.levels.items():
        for tensor in set(level.tensors) & {"Inputs", "Outputs"}:
            for count in ("reads", "fills", "updates"):
                before = getattr(level.tensors[tensor], count)
                after = getattr(many.levels[name].tensors[tensor], count)
                assert abs(after - batch * before) <= batch  # fractions of mixed multicasts are rounded once each


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(VALID))
def test_energy_is_linear_in_the_prices(case: ReferenceCase) -> None:
    parts = [
        evaluate(case.spec, case.layer, case.mapping, with_actions(case, prices)).energy_pj
        for prices in (
            {"read": 0.0, "write": 0.0, "update": 0.0, "leak": 0.0},
            {"read": 1.0, "write": 0.0, "update": 0.0, "leak": 0.0},
            {"read": 0.0, "write": 1.0, "update": 0.0, "leak": 0.0},
            {"read": 0.0, "write": 0.0, "update": 1.0, "leak": 0.0},
            {"read": 0.0, "write": 0.0, "update": 0.0, "leak": 1.0},
        )
    ]
    everything = {"read": 1.0, "write": 1.0, "update": 1.0, "leak": 1.0}
    whole = evaluate(case.spec, case.layer, case.mapping, with_actions(case, everything)).energy_pj
    assert whole == pytest.approx(parts[0] + sum(part - parts[0] for part in parts[1:]), rel=1e-9)


def test_an_update_without_a_price_costs_a_write() -> None:
    case = next(case for case in VALID if case.id == "h00003")
    without = evaluate(case.spec, case.layer, case.mapping, with_actions(case, {"update": None}))
    as_write = EnergyTable(
        {
            name: {**actions, "update": actions["write"]} if "write" in actions else actions
            for name, actions in case.energy.energy_pj.items()
        }
    )
    assert without.energy_pj == evaluate(case.spec, case.layer, case.mapping, as_write).energy_pj
    assert without.energy_pj != evaluate(case.spec, case.layer, case.mapping, case.energy).energy_pj


@pytest.mark.parametrize("action", ["read", "write"])
def test_a_missing_price_is_refused_and_not_taken_for_zero(action: str) -> None:
    case = VALID[0]
    with pytest.raises(InputError, match=rf"\.{action}: no energy for this action"):
        evaluate(case.spec, case.layer, case.mapping, with_actions(case, {action: None}))


def test_a_tensor_that_nothing_keeps_is_refused() -> None:
    case = next(case for case in VALID if case.id == "h00001")
    levels = tuple(
        replace(level, keep=tuple(tensor for tensor in level.keep if tensor != "Weights"))
        if hasattr(level, "keep")
        else level
        for level in case.spec.levels
    )
    with pytest.raises(InputError, match="no storage keeps Weights"):
        evaluate(replace(case.spec, levels=levels), case.layer, case.mapping, case.energy)


def test_every_kind_of_verdict_is_said_in_words_with_its_figures() -> None:
    texts: dict[str, str] = {}
    for case in INVALID:
        violation = evaluate(case.spec, case.layer, case.mapping, case.energy).violation
        assert violation is not None
        assert str(violation.required) in violation.text and str(violation.available) in violation.text
        texts[violation.cls] = violation.text
    assert len(texts) == 6
    assert "multiply to" in texts["factor_product_mismatch"]
    assert "room for" in texts["capacity_exceeded"]
    assert "along X" in texts["mac_x_expansion_exceeded"]


def test_the_nest_shows_every_loop_and_tile() -> None:
    case = next(case for case in VALID if case.id == "h00004")
    text = nest_text(case.spec, case.mapping, evaluate(case.spec, case.layer, case.mapping, case.energy))
    assert "parallel for Q in 0..3 (along X)" in text
    assert "parallel for M in 0..1 (along Y)" in text
    assert "ifmap_spad  Inputs 1" in text
    loops = sum(len(entry.loops) for entry in case.mapping.entries)
    assert text.count(" in 0..") == loops
