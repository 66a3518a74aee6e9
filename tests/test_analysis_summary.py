"""The closing comparison and the plot, on results small enough to work out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qadam_plugin.analysis.metrics import METRICS
from qadam_plugin.analysis.plots import STYLES, collect_panels, draw_panels, save_figure
from qadam_plugin.analysis.summary import compare

X, Y = METRICS["onchip_energy_uj"], METRICS["perf_per_area"]


def table(rows: list[tuple[str, str, float, float, float]], **shared: object) -> pd.DataFrame:
    """Results from (config_id, PE type, performance per area, on-chip energy, energy with DRAM)."""
    common: dict[str, object] = {"network": "n", "batch": 1, "engine": "e", "objective": "edp", "clock": "auto"}
    common |= {"fingerprint": "f", "valid": True, "clock_ghz": 0.5, "rows": 12, "cols": 14, "glb_kib": 108.0}
    common |= {"ifmap_spad_depth": 12, "weights_spad_depth": 224, "psum_spad_depth": 24, **shared}
    names = ("config_id", "pe_type", "perf_per_area", "onchip_energy_uj", "energy_uj")
    return pd.DataFrame([{**common, **dict(zip(names, row, strict=True))} for row in rows])


RESULTS = table(
    [
        ("i1", "int16", 100.0, 30.0, 90.0),
        ("i2", "int16", 50.0, 10.0, 100.0),
        ("l1", "lightpe1", 480.0, 5.0, 50.0),
        ("l2", "lightpe1", 470.0, 2.0, 60.0),
        ("f1", "fp32", 20.0, 40.0, 180.0),
    ]
)


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


def test_plot_is_relative_to_the_int16_with_the_best_performance_per_area() -> None:
    (panel,) = collect_panels(RESULTS, X, Y, normalize=True)
    np.testing.assert_allclose(panel.points["int16"], [[1.0, 1.0], [1 / 3, 0.5]])
    np.testing.assert_allclose(panel.points["lightpe1"], [[5 / 30, 4.8], [2 / 30, 4.7]])
    np.testing.assert_allclose(panel.front, [[2 / 30, 4.7], [5 / 30, 4.8]])
    assert "relative to best INT16" in panel.x_label
    assert "less is better" in panel.x_label
    assert "more is better" in panel.y_label


def test_plot_without_int16_says_what_it_is_relative_to() -> None:
    (panel,) = collect_panels(RESULTS[RESULTS["pe_type"] != "int16"], X, Y, normalize=True)
    np.testing.assert_allclose(panel.points["lightpe1"][0], [1.0, 1.0])
    assert "relative to best config, lightpe1" in panel.y_label


def test_plot_in_units_names_them() -> None:
    (panel,) = collect_panels(RESULTS, X, Y, normalize=False)
    assert panel.x_label.startswith("on-chip energy (µJ)")
    np.testing.assert_allclose(panel.points["fp32"], [[40.0, 20.0]])


def test_every_pe_type_has_its_own_marker_and_colour() -> None:
    assert len({marker for marker, _, _ in STYLES.values()}) == len(STYLES)
    assert len({colour for _, colour, _ in STYLES.values()}) == len(STYLES)


def test_equal_results_give_equal_pictures_without_a_date(tmp_path: Path) -> None:
    for name in ("a", "b"):
        figure = draw_panels(collect_panels(RESULTS, X, Y, normalize=True))
        for kind in ("svg", "png"):
            save_figure(figure, tmp_path / f"{name}.{kind}", kind)
    for kind in ("svg", "png"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    text = (tmp_path / "a.svg").read_text()
    assert "dc:date" not in text
    for words in ("lightpe1", "int16", "fp32", "Pareto front", "performance per area, relative to best INT16"):
        assert words in text


def test_picture_of_no_results_is_drawn(tmp_path: Path) -> None:
    save_figure(
        draw_panels(collect_panels(RESULTS.assign(valid=False), X, Y, normalize=True)), tmp_path / "a.png", "png"
    )
    assert (tmp_path / "a.png").stat().st_size > 0
