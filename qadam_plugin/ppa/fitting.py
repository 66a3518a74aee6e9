"""Polynomial regression of the estimator tables: form chosen by k-fold cross-validation, coefficients to JSON.

Errors that matter are relative (a scratchpad of 8 words counts as much as one of 512), so least squares are weighted
with 1 / value^2; logarithmic forms need no weights.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .families import FAMILIES, Family, Form, Quantity
from .features import parse_term
from .library import Model, ModelFile, ModelRecord
from .tables import Row, load_table

Array = NDArray[np.float64]

#: Folds where the points allow; with fewer points each is left out once.
FOLDS = 10

#: A form must beat a leaner one by this part of its error to be taken.
_WORTHWHILE = 0.05

#: Fewest points that cross-validation is worth anything with.
_FEWEST = 5

#: Significant digits of stored coefficients: beyond the last bits in which linear algebra libraries differ.
_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Validation:
    """Relative errors on points left out."""

    k: int
    mean: float
    largest: float


def design_matrix(form: Form, points: Sequence[Row]) -> Array:
    """Value of each term at each point, (points, terms)."""
    terms = [parse_term(text) for text in form.terms]
    return np.array([[term.value(row.parameters) for term in terms] for row in points], dtype=float)


def fit_coefficients(matrix: Array, values: Array, log: bool) -> Array:
    """Least-squares coefficients of relative errors.

    Parameters
    ----------
    matrix : (points, terms). values : (points,), above zero. log : fit the logarithm.
    """
    from sklearn.linear_model import LinearRegression

    model = LinearRegression(fit_intercept=False)
    # Terms differ by many orders of magnitude: columns of unit length keep the solution accurate.
    scale = np.linalg.norm(matrix, axis=0)
    if log:
        model.fit(matrix / scale, np.log(values))
    else:
        model.fit(matrix / scale, values, sample_weight=values**-2.0)
    return np.asarray(model.coef_, dtype=float) / scale


def predictions(matrix: Array, coefficients: Array, log: bool) -> Array:
    """Values of the polynomial, (points,)."""
    raw = matrix @ coefficients
    return np.exp(raw) if log else raw


def cross_validate(matrix: Array, values: Array, log: bool) -> Validation | None:
    """Relative errors by k-fold cross-validation, shuffled with a fixed seed; None if a fold cannot be fitted."""
    from sklearn.model_selection import KFold

    k = FOLDS if len(values) >= 2 * FOLDS else len(values)
    errors = np.empty(len(values))
    for train, test in KFold(k, shuffle=True, random_state=0).split(matrix):
        if not determined(matrix[train]):
            return None
        coefficients = fit_coefficients(matrix[train], values[train], log)
        errors[test] = np.abs(predictions(matrix[test], coefficients, log) / values[test] - 1)
    return Validation(k, float(errors.mean()), float(errors.max()))


def determined(matrix: Array) -> bool:
    """Whether the points determine every coefficient."""
    scale = np.linalg.norm(matrix, axis=0)
    return bool((scale > 0).all()) and np.linalg.matrix_rank(matrix / scale) == matrix.shape[1]


def choose_form(forms: Sequence[Form], points: Sequence[Row], values: Array) -> tuple[Form, Validation | None] | None:
    """The form to fit, with its cross-validation.

    With `_FEWEST` points or more: the least mean error, a leaner form winning unless a richer one is better by
    `_WORTHWHILE`. With fewer points, or where no form survives its folds: the first form that the points determine.
    Forms that predict nothing or less anywhere in the range are out. None if no form is left.
    """
    usable = [form for form in forms if _fits(form, points, values)]
    if not usable:
        return None
    if len(points) >= _FEWEST:
        scored = [(form, cross_validate(design_matrix(form, points), values, form.log)) for form in usable]
        valid = [(form, found) for form, found in scored if found is not None]
        if valid:
            least = min(found.mean for _, found in valid)
            good = [pair for pair in valid if pair[1].mean <= least * (1 + _WORTHWHILE) + 1e-4]
            return min(good, key=lambda pair: len(pair[0].terms))
    return usable[0], None


def _fits(form: Form, points: Sequence[Row], values: Array) -> bool:
    matrix = design_matrix(form, points)
    if not determined(matrix):
        return False
    coefficients = fit_coefficients(matrix, values, form.log)
    corners = product(*(np.linspace(*bounds, 7) for bounds in _range(points).values()))
    names = list(points[0].parameters)
    grid = [Row("", dict(zip(names, corner, strict=True)), {}, "", "", "") for corner in corners]
    return form.log or bool((predictions(design_matrix(form, grid), coefficients, form.log) > 0).all())


def _range(points: Sequence[Row]) -> dict[str, tuple[float, float]]:
    names = points[0].parameters
    return {name: (min(r.parameters[name] for r in points), max(r.parameters[name] for r in points)) for name in names}


def fit_quantity(family: Family, variant: str, quantity: Quantity, rows: Sequence[Row]) -> ModelRecord | None:
    """Model of one quantity from the rows of one variant; None where its column is empty.

    Raises
    ------
    InputError : there are figures, but no candidate form fits them.
    """
    points = [row for row in rows if quantity.column in row.figures]
    if not points:
        return None
    values = np.array([row.figures[quantity.column] for row in points])
    chosen = choose_form(quantity.candidates(variant), points, values)
    if chosen is None:
        raise InputError(f"{family.name}.csv", quantity.column, f"no form of '{variant}' fits: too few points?")
    form, validation = chosen
    matrix = design_matrix(form, points)
    coefficients = [_rounded(value) for value in fit_coefficients(matrix, values, form.log)]
    errors = predictions(matrix, np.array(coefficients), form.log) / values - 1
    basis = Counter(row.kind for row in points)
    # Points computed from one another lie on the form by construction: their errors would say nothing.
    shown = validation if basis["derived"] == 0 else None
    spread = float(((values - values.mean()) ** 2).sum())
    return ModelRecord(
        family=family.name,
        variant=variant,
        quantity=quantity.name,
        unit=quantity.unit,
        log=form.log,
        degree=max(parse_term(text).degree for text in form.terms),
        terms=form.terms,
        coefficients=tuple(coefficients),
        points=len(points),
        basis=dict(sorted(basis.items())),
        k=shown.k if shown else None,
        cv_mean_error=_rounded(shown.mean, 4) if shown else None,
        cv_max_error=_rounded(shown.largest, 4) if shown else None,
        fit_max_error=_rounded(float(np.abs(errors).max()), 4) if np.abs(errors).max() > 1e-6 else 0.0,
        r2=_rounded(1 - float(((errors * values) ** 2).sum()) / spread, 6) if spread > 0 else None,
        range=_range(points),
    )


def fit_family(family: Family, tables: Path) -> ModelFile:
    """Models of one family from its table in the folder `tables`."""
    path = tables / f"{family.name}.csv"
    rows = load_table(path, family)
    records = [
        record
        for variant in dict.fromkeys(row.variant for row in rows)
        for quantity in family.quantities
        if (record := fit_quantity(family, variant, quantity, [r for r in rows if r.variant == variant]))
    ]
    for record in records:
        Model.of(record)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ModelFile(generated_by="qadam-tl fit", table=path.name, table_sha256=digest, models=tuple(records))


def fit_all(tables: Path, models: Path) -> tuple[Path, ...]:
    """Fit every family of the folder `tables` and write one JSON file each to `models`.

    All files are fitted before the first is written, and each is replaced as a whole. Returns the files.

    Raises
    ------
    InputError : a table is missing or wrong, or the folder cannot be written to.
    """
    fitted = {name: fit_family(family, tables) for name, family in FAMILIES.items() if family.quantities}
    written = []
    for name, content in fitted.items():
        path = models / f"{name}.json"
        text = json.dumps(content.model_dump(mode="json"), indent=1) + "\n"
        try:
            models.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=models, suffix=".tmp", delete=False, encoding="utf-8") as file:
                file.write(text)
            Path(file.name).chmod(0o644)
            Path(file.name).replace(path)
        except OSError as error:
            raise InputError(models, "", f"cannot be written to: {error.strerror}") from None
        written.append(path)
    return tuple(written)


def _rounded(value: float, digits: int = _DIGITS) -> float:
    return float(f"{value:.{digits}g}")
