"""The closing comparison, on results small enough to work out by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from analysis_tables import RESULTS, table

from qadam_plugin.analysis.summary import compare


def test_ratios_compare_best_with_best_in_each_metric() -> None:
    (comparison,) = compare(RESULTS)
    found = {(best.pe_type, best.metric.name): (best.config_id, best.ratio) for best in comparison.best}
    assert found == {
        ("lightpe1", "perf_per_area"): ("l1", pytest.approx(4.8)),
        ("lightpe1", "onchip_energy_uj"): ("l2", pytest.approx(5.0)),
        ("lightpe1", "energy_uj"): ("l1", pytest.approx(1.8)),
        ("int16", "perf_per_area"): ("i1", 1.0),
        ("int16", "onchip_energy_uj"): ("i2", 1.0),
        ("int16", "energy_uj"): ("i1", 1.0),
        ("fp32", "perf_per_area"): ("f1", pytest.approx(0.2)),
        ("fp32", "onchip_energy_uj"): ("f1", pytest.approx(0.25)),
        ("fp32", "energy_uj"): ("f1", pytest.approx(0.5)),
    }
    assert list(dict.fromkeys(best.pe_type for best in comparison.best)) == ["lightpe1", "int16", "fp32"]


def test_own_and_common_clock_are_never_mixed() -> None:
    common = table([("i9", "int16", 90.0, 9.0, 90.0), ("l9", "lightpe1", 180.0, 3.0, 45.0)], clock="0.4")
    own, fixed = sorted(compare(pd.concat([RESULTS, common], ignore_index=True)), key=lambda item: item.clock != "auto")
    assert (own.clock, fixed.clock) == ("auto", "0.4")
    ratios = {best.pe_type: best.ratio for best in fixed.best if best.metric.name == "perf_per_area"}
    assert ratios == {"lightpe1": pytest.approx(2.0), "int16": 1.0}


def test_results_without_mapping_are_passed_over_and_no_int16_means_no_ratio() -> None:
    results = RESULTS.assign(valid=RESULTS["pe_type"] != "int16")
    (comparison,) = compare(results)
    assert {best.pe_type for best in comparison.best} == {"lightpe1", "fp32"}
    assert {best.ratio for best in comparison.best} == {None}
    assert compare(results.assign(valid=False)) == []
