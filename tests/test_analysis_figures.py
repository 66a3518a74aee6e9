"""What figures show, on results small enough to work out by hand; and that every figure is drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from analysis_tables import RESULTS, table

from qadam_plugin.analysis.designs import LayerCost, ShownDesign, ShownGroup
from qadam_plugin.analysis.figures.accuracy import collect_accuracy, draw_accuracy
from qadam_plugin.analysis.figures.energy import collect_energy, draw_energy
from qadam_plugin.analysis.figures.fit import (
    collect_accelerator_fit,
    collect_component_fit,
    collect_whole_fit,
    draw_fit,
    fit_errors,
)
from qadam_plugin.analysis.figures.pareto import collect_panels, draw_panels
from qadam_plugin.analysis.figures.ppa import NETWORKS, collect_ppa
from qadam_plugin.analysis.figures.roofline import collect_roofline, draw_roofline
from qadam_plugin.analysis.figures.sensitivity import collect_sensitivity, draw_sensitivity
from qadam_plugin.analysis.figures.style import BAR_STYLES, FORMATS, OTHER_STYLES, STYLES, save_figure
from qadam_plugin.analysis.figures.utilization import collect_utilization, draw_utilization
from qadam_plugin.analysis.metrics import METRICS, TOP1
from qadam_plugin.analysis.normalize import references, relative_columns
from qadam_plugin.errors import InputError
from qadam_plugin.hardware.family import default_family
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.composition import deviations
from qadam_plugin.ppa.families import ARRAY, PE
from qadam_plugin.ppa.library import load_library
from qadam_plugin.ppa.tables import load_table

X, Y = METRICS["onchip_energy_uj"], METRICS["perf_per_area"]


def layer(name: str, count: int, macs: int, cycles: int, dram_bytes: float, **energy_uj: float) -> LayerCost:
    return LayerCost(name, "conv", count, macs, energy_uj, cycles, macs / cycles / 4, dram_bytes)


def shown(pe_type: str, value: float, *layers: LayerCost) -> ShownDesign:
    """A design of 2x2 PEs at 0.5 GHz with a DRAM of 8 GB/s."""
    row = {"pe_type": pe_type, "rows": 2, "cols": 2, "clock_ghz": 0.5, "dram_gbps": 8.0, "perf_per_area": value}
    spads = {f"{name}_spad_depth": 12 for name in ("ifmap", "weights", "psum")}
    return ShownDesign({**row, **spads, "glb_kib": 64.0}, layers)


GROUP = ShownGroup(
    "n",
    {"network": "n"},
    (
        shown("int16", 1.0, layer("a", 2, 800, 400, 100.0, MAC=3.0, DRAM=1.0), layer("b", 1, 100, 100, 400.0, MAC=1.0)),
        shown("lightpe1", 5.0, layer("a", 2, 800, 200, 50.0, MAC=0.5, DRAM=0.5), layer("b", 1, 100, 100, 100.0)),
    ),
)


def test_pareto_is_relative_to_the_int16_with_the_best_performance_per_area() -> None:
    (panel,) = collect_panels(RESULTS, X, Y, relative_to=references(RESULTS, "int16"))
    np.testing.assert_allclose(panel.points["int16"], [[1.0, 1.0], [1 / 3, 0.5]])
    np.testing.assert_allclose(panel.points["lightpe1"], [[5 / 30, 4.8], [2 / 30, 4.7]])
    np.testing.assert_allclose(panel.front, [[2 / 30, 4.7], [5 / 30, 4.8]])
    assert panel.config_ids["lightpe1"] == ("l1", "l2")
    assert "relative to best int16" in panel.x_label and "less is better" in panel.x_label
    assert "more is better" in panel.y_label


def test_group_without_the_reference_type_says_what_it_is_relative_to() -> None:
    results = RESULTS[RESULTS["pe_type"] != "int16"]
    (panel,) = collect_panels(results, X, Y, relative_to=references(results, "int16"))
    np.testing.assert_allclose(panel.points["lightpe1"][0], [1.0, 1.0])
    assert "relative to best lightpe1" in panel.y_label


def test_pareto_in_units_names_them() -> None:
    (panel,) = collect_panels(RESULTS, X, Y)
    assert panel.x_label.startswith("on-chip energy (µJ)")
    np.testing.assert_allclose(panel.points["fp32"], [[40.0, 20.0]])


def test_relative_columns_keep_accuracy_in_percent_and_survive_a_zero() -> None:
    results = RESULTS.assign(top1=[90.0, 90.0, 80.0, 80.0, 95.0], psum_spills=[0, 5, 7, 8, 9])
    results.loc[4, "valid"] = False
    columns = relative_columns(results, [Y, TOP1, METRICS["psum_spills"]], references(results, "int16"))
    np.testing.assert_allclose(columns["perf_per_area_relative"], [1.0, 0.5, 4.8, 4.7, np.nan])
    np.testing.assert_allclose(columns["top1_relative"], [90.0, 90.0, 80.0, 80.0, np.nan])
    np.testing.assert_allclose(columns["psum_spills_relative"], [0, 5, 7, 8, np.nan])


def test_ppa_has_the_papers_nine_panels_in_its_order() -> None:
    one = table([("i", "int16", 10.0, 4.0, 9.0), ("f", "fp32", 5.0, 8.0, 9.0)], network="resnet20-cifar10")
    two = table([("i", "int16", 1.0, 4.0, 9.0), ("f", "fp32", 2.0, 2.0, 9.0)], network="vgg16-imagenet")
    other = table([("i", "int16", 1.0, 1.0, 1.0)], network="mine")
    results = pd.concat([one, two, other], ignore_index=True)
    # The reference stays the best int16 of the network, also where it is not shown.
    panels = collect_ppa(results[results["pe_type"] == "fp32"], results)
    assert [panel.title for panel in panels] == list(NETWORKS) and len(panels) == 9
    found = {panel.title: panel.points["fp32"].tolist() for panel in panels if panel.points}
    assert found == {"resnet20-cifar10": [[2.0, 0.5]], "vgg16-imagenet": [[0.5, 2.0]]}


def test_ppa_refuses_to_mix_clocks_in_one_panel() -> None:
    rows = [("i", "int16", 10.0, 4.0, 9.0)]
    both = pd.concat([table(rows, network=NETWORKS[0], clock=clock) for clock in ("auto", "0.4")], ignore_index=True)
    with pytest.raises(
        InputError, match=r"--where: vgg16-cifar10 has results of more than one clock \('0.4', 'auto'\)"
    ):
        collect_ppa(both, both)
    with pytest.raises(InputError, match="no result of the paper's networks"):
        collect_ppa(RESULTS, RESULTS)


def test_accuracy_takes_the_best_design_of_each_type_and_compares_networks_of_one_data_set() -> None:
    results = pd.concat(
        [
            RESULTS.assign(network="a-cifar10", top1=[90.0, 90.0, 85.0, 85.0, np.nan], top1_spread=0.5),
            RESULTS[:2].assign(network="b-cifar10", perf_per_area=1.0, top1=80.0, top1_spread=np.nan),
            RESULTS[:2].assign(network="c-imagenet", top1=70.0, top1_spread=np.nan),
            *(RESULTS[:1].assign(network=f"{name}-mine", top1=1.5, top1_spread=0.1) for name in "de"),
        ],
        ignore_index=True,
    )
    fig5, fig6, imagenet, _, *others = collect_accuracy(results)
    assert (fig5.title, fig5.metric.name, fig6.title, fig6.metric.name) == ("cifar10", Y.name, "cifar10", X.name)
    assert imagenet.title == "imagenet"
    # Networks whose names end with no known data set stand alone: nobody knows whether they may be compared.
    assert [panel.title for panel in others] == ["d-mine", "d-mine", "e-mine", "e-mine"]
    points = {(point.network, point.pe_type): (point.config_id, point.cost, point.spread) for point in fig5.points}
    assert points == {
        ("a-cifar10", "int16"): ("i1", 100.0, 0.5),
        ("a-cifar10", "lightpe1"): ("l1", 480.0, 0.5),
        ("b-cifar10", "int16"): ("i1", 1.0, None),
    }
    assert fig5.front.tolist() == [[100.0, 90.0], [480.0, 85.0]]
    assert [point.config_id for point in fig6.points] == ["i2", "l2", "i2"]
    assert fig6.front.tolist() == [[2.0, 85.0], [10.0, 90.0]]
    draw_accuracy([fig5, fig6, imagenet])


def test_energy_counts_every_layer_as_often_as_it_occurs() -> None:
    (found,) = collect_energy([GROUP, ShownGroup("empty", {}, ())], Y)
    assert found.by_component.bars == ("int16", "lightpe1")
    assert {part: values.tolist() for part, values in found.by_component.parts.items()} == {
        "MAC": [7.0, 1.0],
        "DRAM": [2.0, 1.0],
    }
    assert found.design.pe_type == "lightpe1"
    assert found.by_layer.bars == ("a ×2", "b")
    assert found.by_layer.totals.tolist() == [2.0, 0.0]
    (cheaper,) = collect_energy([GROUP], replace(Y, maximize=False))
    assert cheaper.design.pe_type == "int16"


def test_utilization_weights_layers_with_their_macs() -> None:
    (panel,) = collect_utilization([GROUP])
    assert panel.layers == ("a ×2", "b")
    assert panel.percent["int16"].tolist() == [50.0, 25.0]
    assert panel.mean["int16"] == pytest.approx((1600 * 50 + 100 * 25) / 1700)


def test_roofline_puts_layers_under_the_roofs_of_macs_and_dram() -> None:
    (panel,) = collect_roofline([GROUP])
    design = panel.designs[0]
    assert (design.peak_gmacs, design.dram_gbps) == (2.0, 8.0)
    # 800 MACs, 100 bytes, 400 cycles of 2 ns; 100 MACs, 400 bytes, 100 cycles.
    assert design.points.tolist() == [[8.0, 1.0], [0.25, 0.5]]
    assert design.share.tolist() == pytest.approx([800 / 900, 100 / 900])
    assert design.roof(np.array([0.125, 0.25, 8.0])).tolist() == [1.0, 2.0, 2.0]


def grid(**shared: object) -> pd.DataFrame:
    """Two parameters, three and two values, and one design apart from the grid."""
    rows = [("g", "int16", value, 1.0, 1.0) for value in (1.0, 4.0, 2.0, 8.0, 0.5, 16.0, 99.0)]
    frame = table(rows).assign(**{**dict.fromkeys(default_family().places, 1.0), **shared})
    # A config of another type that would be a neighbour does not count.
    frame.loc[6, "pe_type"] = "fp32"
    return frame.assign(rows=[8, 8, 12, 12, 16, 16, 16], glb_kib=[32.0, 64.0, 32.0, 64.0, 32.0, 64.0, 32.0])


def test_sensitivity_changes_one_parameter_at_a_time_around_the_best() -> None:
    panels = {panel.pe_type: panel for panel in collect_sensitivity(grid(), Y)}
    glb, rows = panels["int16"].effects
    assert (rows.parameter, rows.at_best, rows.changes) == ("rows", 16.0, ((8.0, 0.25), (12.0, 0.5), (16.0, 1.0)))
    assert (glb.parameter, glb.at_best, glb.changes) == ("glb_kib", 64.0, ((32.0, 1 / 32), (64.0, 1.0)))
    assert (glb.spread, rows.spread) == (32.0, 4.0)
    assert panels["fp32"].effects == ()
    draw_sensitivity(list(panels.values()))


def test_sensitivity_of_a_metric_that_is_zero_is_refused() -> None:
    with pytest.raises(InputError, match="--metric: psum_spills is zero in the best int16"):
        collect_sensitivity(grid(psum_spills=0), METRICS["psum_spills"])


def test_component_fit_holds_the_errors_that_the_models_report() -> None:
    library = load_library()
    panels = {panel.title: panel for panel in collect_component_fit(data_dir("estimator_tables"), library)}
    assert list(panels) == ["area", "leakage", "energy per action", "critical path"]
    for variant in ("fp", "int", "shift-add"):
        model = library.find("mac", variant, "area")
        assert model is not None
        errors = panels["area"].errors[f"MAC {variant}"]
        assert len(errors) == model.record.points
        assert np.abs(errors).max() == pytest.approx(model.record.fit_max_error, abs=2e-4)
    glb = library.of_family("glb")
    energy = [model.record.points for model in glb if model.record.unit.startswith("pJ")]
    assert len(panels["energy per action"].points["global buffer"]) == sum(energy)


def test_whole_pes_are_compared_with_flat_synthesis_that_no_model_saw() -> None:
    library = load_library()
    tables = data_dir("estimator_tables")
    panels = {panel.title: panel for panel in collect_whole_fit(tables, library)}
    flat = sorted(
        row.figures["area_um2"] for name in (PE, ARRAY) for row in load_table(tables / f"{name.name}.csv", name)
    )
    area = panels["area of PEs"]
    np.testing.assert_allclose(np.sort(np.concatenate(list(area.points.values()))[:, 0]), flat)
    worst = {name: np.abs(errors).max() for name, errors in area.errors.items()}
    found = [each for each in deviations(library, tables) if each.pe.name == "int16"]
    assert worst["int16"] == pytest.approx(max(abs(each.relative["area_um2"]) for each in found))
    draw_fit([list(panels.values()), collect_component_fit(tables, library)[:1]])


def test_accelerator_fit_pools_networks_and_keeps_pe_types_apart(tmp_path: Path) -> None:
    path = tmp_path / "held_out.csv"
    rows = [
        "a,int16,1,latency_ms,2.0,2.2",
        "b,int16,1,latency_ms,10,9",
        "a,fp32,2,latency_ms,4,4",
        "a,fp32,2,other,1,1",
    ]
    path.write_text("\n".join(["network,pe_type,config_id,figure,actual,predicted", *rows]))
    (panel,) = collect_accelerator_fit(path)
    assert (panel.title, panel.unit) == ("latency", "ms")
    found = {item.name: (item.points, item.median, item.largest) for item in fit_errors([panel])}
    assert found == {"int16": (2, pytest.approx(0.1), pytest.approx(0.1)), "fp32": (1, 0.0, 0.0)}
    path.write_text("network,pe_type\na,int16\n")
    with pytest.raises(InputError, match=r"is damaged; `qadam-tl surrogate fit .*` makes it anew"):
        collect_accelerator_fit(path)
    with pytest.raises(InputError, match="no such file; `qadam-tl surrogate fit"):
        collect_accelerator_fit(tmp_path / "none.csv")


def test_every_pe_type_and_component_looks_different_in_colour_and_in_black_and_white() -> None:
    marks = [*STYLES.values(), *OTHER_STYLES]
    assert len({marker for marker, _, _ in marks}) == len({colour for _, colour, _ in marks}) == len(marks)
    assert len({colour for colour, _ in BAR_STYLES.values()}) == len(BAR_STYLES)
    hatched = [hatch for _, hatch in BAR_STYLES.values() if hatch]
    assert len(set(hatched)) == len(hatched) >= len(BAR_STYLES) - 2


def test_equal_results_give_equal_pictures_without_a_date(tmp_path: Path) -> None:
    for name in ("a", "b"):
        figure = draw_panels(collect_panels(RESULTS, X, Y, relative_to=references(RESULTS, "int16")))
        for kind in ("svg", "png"):
            save_figure(figure, tmp_path / f"{name}.{kind}", kind)
    for kind in ("svg", "png"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    text = (tmp_path / "a.svg").read_text()
    assert "dc:date" not in text
    for words in ("lightpe1", "int16", "fp32", "Pareto front", "performance per area, relative to best int16"):
        assert words in text


def test_every_axis_of_every_figure_names_its_unit(tmp_path: Path) -> None:
    figures = {
        "energy": (draw_energy(collect_energy([GROUP], Y)), ["energy with DRAM (µJ)", "layer"]),
        "utilization": (draw_utilization(collect_utilization([GROUP])), ["utilization of the MACs (%)", "layer"]),
        "roofline": (draw_roofline(collect_roofline([GROUP])), ["MACs per byte of DRAM traffic", "MACs per second"]),
        "sensitivity": (draw_sensitivity(collect_sensitivity(grid(), Y)), ["glb_kib", "(KiB)", "relative to the best"]),
    }
    for name, (figure, expected) in figures.items():
        save_figure(figure, tmp_path / f"{name}.svg", "svg")
        text = (tmp_path / f"{name}.svg").read_text()
        for words in expected:
            assert words in text, (name, words)


def test_picture_of_no_results_is_drawn(tmp_path: Path) -> None:
    nothing = RESULTS.assign(valid=False)
    figure = draw_panels(collect_panels(nothing, X, Y, relative_to=references(nothing, "int16")))
    save_figure(figure, tmp_path / "a.png", "png")
    assert (tmp_path / "a.png").stat().st_size > 0
    assert set(FORMATS) == {"png", "svg", "pdf"}
