"""Fitting: known polynomials are found again, and the shipped models are those of the shipped tables."""

from __future__ import annotations

import hashlib
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from qadam_plugin.errors import InputError
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.families import FAMILIES, SPAD, Form
from qadam_plugin.ppa.features import parse_term, polynomial
from qadam_plugin.ppa.fitting import choose_form, fit_all, fit_family, fit_quantity
from qadam_plugin.ppa.library import load_library
from qadam_plugin.ppa.tables import Row, load_table

TABLES = data_dir("estimator_tables")
FITTED = [name for name, family in FAMILIES.items() if family.quantities]


def points(function, depths=(8, 16, 32, 64, 128), widths=(4, 8, 12, 16, 24), kind: str = "measured") -> list[Row]:
    return [
        Row("", {"depth": d, "width": w}, {"area_um2": function(d, w)}, kind, "made up", "")
        for d, w in product(depths, widths)
    ]


def chosen(forms: tuple[Form, ...], rows: list[Row]) -> Form:
    found = choose_form(forms, rows, np.array([row.figures["area_um2"] for row in rows]))
    assert found is not None
    return found[0]


def test_a_known_polynomial_is_found_again_through_noise() -> None:
    rng = np.random.default_rng(1)
    rows = points(lambda d, w: (20 + 5 * d + 3 * w + 6.3 * d * w) * rng.uniform(0.995, 1.005))
    record = fit_quantity(SPAD, "", SPAD.quantity("area"), rows)
    assert record is not None
    assert record.terms == ("1", "depth", "width", "depth*width")
    assert record.coefficients[3] == pytest.approx(6.3, rel=0.01)
    assert record.k == 10
    assert record.cv_mean_error is not None and 0.001 < record.cv_mean_error < 0.005
    assert record.range == {"depth": (8, 128), "width": (4, 24)}


def test_a_lean_form_wins_where_a_rich_one_gains_nothing() -> None:
    rows = points(lambda d, w: 2.0 * d * w)
    rich, lean = Form(polynomial(("depth", "width"), 3)), Form(("depth*width",))
    assert chosen((rich, lean), rows) == lean


def test_a_form_that_goes_negative_inside_the_range_is_out() -> None:
    # The parabola through three points dips below zero between them; a parabola of the logarithm never does.
    values = {8: 10.0, 32: 0.1, 128: 10.0}
    rows = points(lambda d, w: values[d], depths=tuple(values), widths=(8,))
    plain, log = Form(("1", "depth", "depth^2")), Form(("1", "depth", "depth^2"), log=True)
    assert choose_form((plain,), rows, np.array(list(values.values()))) is None
    assert chosen((plain, log), rows) == log


def test_too_few_points_take_the_first_form_that_they_determine() -> None:
    rows = points(lambda d, w: 2.0 * d * w, depths=(64,), widths=(16,))
    assert chosen((Form(("1", "depth")), Form(("depth*width",)), Form(("1",))), rows) == Form(("depth*width",))


def test_no_form_fits_is_said() -> None:
    rows = points(lambda d, w: 1.0, depths=(64,), widths=(16,))
    for row in rows:
        row.figures["path_ns"] = 0.7
    with pytest.raises(InputError, match=r"spad.csv: path_ns: no form of '' fits"):
        fit_quantity(SPAD, "", SPAD.quantity("critical_path"), rows)


def test_errors_of_derived_points_are_not_shown_as_cross_validation() -> None:
    rows = points(lambda d, w: 2.0 * d * w) + points(lambda d, w: 2.0 * d * w, depths=(100,), kind="derived")
    record = fit_quantity(SPAD, "", SPAD.quantity("area"), rows)
    assert record is not None
    assert (record.k, record.cv_mean_error, record.cv_max_error) == (None, None, None)
    assert record.basis == {"derived": 5, "measured": 25}


@pytest.mark.parametrize("text", ["", "depth*", "2*depth", "log2(depth", "depth)", "depth^x", "Depth", "depth+width"])
def test_a_malformed_term_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a term"):
        parse_term(text)


def test_terms_mean_what_they_say() -> None:
    assert parse_term("depth^2*log2(width)").value({"depth": 3, "width": 8}) == 27
    assert parse_term("1").value({}) == 1
    assert parse_term("booth_rows").value({"weight_bits": 8}) == 5
    assert parse_term("depth^2*log2(width)").degree == 3
    assert polynomial(("d", "w"), 2) == ("1", "d", "w", "d^2", "d*w", "w^2")


@pytest.mark.parametrize("name", FITTED)
def test_shipped_models_are_those_of_the_shipped_tables(name: str) -> None:
    fresh = fit_family(FAMILIES[name], TABLES)
    shipped = [record for record in load_library().records() if record.family == name]
    assert [record.terms for record in shipped] == [record.terms for record in fresh.models]
    for old, new in zip(shipped, fresh.models, strict=True):
        assert old.coefficients == pytest.approx(new.coefficients, rel=1e-7)
        assert old.model_dump(exclude={"coefficients"}) == new.model_dump(exclude={"coefficients"})
    assert hashlib.sha256((TABLES / f"{name}.csv").read_bytes()).hexdigest() == fresh.table_sha256
    assert fresh.table_sha256 in (TABLES / "models" / f"{name}.json").read_text()


@pytest.mark.parametrize("name", FITTED)
def test_models_reproduce_their_points_within_the_stated_error(name: str) -> None:
    family, library = FAMILIES[name], load_library()
    for row in load_table(TABLES / f"{name}.csv", family):
        for quantity in family.quantities:
            model = library.find(name, row.variant, quantity.name)
            assert (model is not None) or quantity.column not in row.figures
            if model is not None and quantity.column in row.figures:
                error = abs(model.predict(row.parameters) / row.figures[quantity.column] - 1)
                assert error <= model.record.fit_max_error * 1.001 + 2e-6


def test_no_model_predicts_nothing_or_less_inside_its_range() -> None:
    for model in load_library().models.values():
        ranges = model.record.range
        for values in product(*(np.linspace(*bounds, 9) for bounds in ranges.values())):
            assert model.predict(dict(zip(ranges, values, strict=True))) > 0, (model.record.quantity, values)


def test_fitting_twice_gives_the_same_files_and_the_same_digest(tmp_path: Path) -> None:
    first = {path.name: path.read_bytes() for path in fit_all(TABLES, tmp_path / "a")}
    second = {path.name: path.read_bytes() for path in fit_all(TABLES, tmp_path / "b")}
    assert first == second
    assert load_library(tmp_path / "a").digest == load_library(tmp_path / "b").digest


def test_the_digest_follows_the_coefficients_and_not_the_words(tmp_path: Path) -> None:
    fit_all(TABLES, tmp_path)
    before = load_library(tmp_path).digest
    path = tmp_path / "dram.json"
    text = path.read_text()
    path.write_text(text.replace('"generated_by": "qadam-tl fit"', '"generated_by": "somebody"'))
    assert load_library(tmp_path).digest == before
    path.write_text(text.replace("3.92", "3.93"))
    assert load_library(tmp_path).digest != before


def test_a_wrong_table_leaves_the_models_as_they_are(tmp_path: Path) -> None:
    for path in TABLES.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    fit_all(tmp_path, tmp_path / "models")
    before = {path.name: path.read_bytes() for path in (tmp_path / "models").iterdir()}
    (tmp_path / "spad.csv").write_text("depth,width\n")
    with pytest.raises(InputError, match=r"spad\.csv"):
        fit_all(tmp_path, tmp_path / "models")
    assert {path.name: path.read_bytes() for path in (tmp_path / "models").iterdir()} == before


def test_a_broken_model_file_is_one_clear_line(tmp_path: Path) -> None:
    fit_all(TABLES, tmp_path)
    (tmp_path / "glb.json").write_text('{"generated_by": ')
    with pytest.raises(InputError, match=r"glb.json: line 1, column 18: not valid JSON"):
        load_library(tmp_path)
