"""Models from the estimator tables: forms chosen by k-fold cross-validation (`regression`), coefficients to JSON."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from ..errors import InputError
from .arrays import array_ratios
from .candidates import Form
from .families import ARRAY, FAMILIES, MAC_BITS, PE, Family, Quantity
from .features import parse_term
from .library import Model, ModelFile, ModelRecord
from .narrow import narrow_ratios
from .regression import (
    Array,
    Validation,
    cross_validate,
    cross_validate_growth,
    determined,
    fit_coefficients,
    grow,
    predictions,
)
from .tables import Row, load_table

#: A form must beat a leaner one by this part of its error to be taken.
_WORTHWHILE = 0.05

#: Fewest points that cross-validation is worth anything with.
_FEWEST = 5

#: Values of each parameter on the grid that predictions are checked on.
_GRID = 9

#: Significant digits of stored coefficients: beyond the last bits in which linear algebra libraries differ.
_DIGITS = 10

Parameters = dict[str, float]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A form to fit: its terms, whether to the logarithm, its cross-validation, and the terms beyond the range."""

    terms: tuple[str, ...]
    log: bool
    validation: Validation | None
    beyond: tuple[str, ...] = ()


def design_matrix(terms: Sequence[str], points: Sequence[Parameters]) -> Array:
    """Value of each term at each point, (points, terms)."""
    parsed = [parse_term(text) for text in terms]
    return np.array([[term.value(point) for term in parsed] for point in points], dtype=float)


class _Trial:
    """A form with everything that is asked of it: values of all its candidate terms at the points and on the grid."""

    def __init__(self, form: Form, points: Sequence[Parameters], grid: Sequence[Parameters], values: Array) -> None:
        self.form, self.values = form, values
        self.matrix = design_matrix(form.candidates, points)
        self._grid = design_matrix(form.candidates, grid)
        self.lean = tuple(range(len(form.terms)))

    def positive(self, columns: Sequence[int], coefficients: Array) -> bool:
        """Whether every prediction on the grid is above zero."""
        return self.form.log or bool((self._grid[:, list(columns)] @ coefficients > 0).all())

    def usable(self) -> bool:
        """Whether the points determine the lean form, and it predicts nothing below zero."""
        matrix = self.matrix[:, : len(self.lean)]
        return determined(matrix) and self.positive(self.lean, fit_coefficients(matrix, self.values, self.form.log))

    def chosen(self, validation: Validation) -> Chosen:
        """The form with the terms that joined it."""
        columns = grow(self.matrix, self.values, self.lean, self.form.log, self.positive) or self.lean
        terms = tuple(self.form.candidates[column] for column in columns)
        return Chosen(terms, self.form.log, validation, self.form.beyond)

    def validate(self) -> Validation | None:
        """Error on points left out; terms that join are chosen anew in every fold."""
        if not self.form.pool:
            return cross_validate(self.matrix, self.values, self.form.log)
        return cross_validate_growth(self.matrix, self.values, self.lean, self.form.log, self.positive)


def choose_form(
    forms: Sequence[Form], points: Sequence[Parameters], values: Array, grid: Sequence[Parameters]
) -> Chosen | None:
    """The form to fit, with its cross-validation.

    With `_FEWEST` points or more: the least mean error, a leaner form winning unless a richer one is better by
    `_WORTHWHILE`. With fewer points, or where no form survives its folds: the first lean form that the points
    determine. Forms that predict nothing or less anywhere on the grid are out. None if no form is left.
    """
    usable = [trial for form in forms if (trial := _Trial(form, points, grid, values)).usable()]
    if not usable:
        return None
    if len(points) >= _FEWEST:
        scored = [(trial, found) for trial in usable if (found := trial.validate()) is not None]
        if scored:
            least = min(found.mean for _, found in scored)
            good = [trial.chosen(found) for trial, found in scored if found.mean <= least * (1 + _WORTHWHILE) + 1e-4]
            return min(good, key=lambda each: len(each.terms))
    form = usable[0].form
    return Chosen(form.terms, form.log, None, form.beyond)


def grid_of(family: Family, variant: str, bounds: Mapping[str, tuple[float, float]]) -> list[Parameters]:
    """Components that can exist within the range of the points: up to `_GRID` whole values of each parameter."""
    values = [sorted({round(value) for value in np.linspace(*each, _GRID)}) for each in bounds.values()]
    points = (dict(zip(bounds, map(float, each), strict=True)) for each in product(*values))
    return [point for point in points if family.exists(variant, point)]


def _range(points: Sequence[Parameters]) -> dict[str, tuple[float, float]]:
    return {name: (min(p[name] for p in points), max(p[name] for p in points)) for name in points[0]}


def fit_quantity(family: Family, variant: str, quantity: Quantity, rows: Sequence[Row]) -> ModelRecord | None:
    """Model of one quantity from the rows of one variant; None where its column is empty, or no form is declared.

    Raises
    ------
    InputError : there are figures, but no candidate form fits them.
    """
    measured = [row for row in rows if quantity.column in row.figures]
    forms = quantity.candidates(variant)
    if not measured or not forms:
        return None
    points = [dict(row.parameters) for row in measured]
    values = np.array([row.figures[quantity.column] for row in measured])
    bounds = _range(points)
    chosen = choose_form(forms, points, values, grid_of(family, variant, bounds))
    if chosen is None:
        raise InputError(f"{family.name}.csv", quantity.column, f"no form of '{variant}' fits: too few points?")
    matrix = design_matrix(chosen.terms, points)
    coefficients = [_rounded(value) for value in fit_coefficients(matrix, values, chosen.log)]
    continued: list[float] = []
    if chosen.beyond and determined(design_matrix(chosen.beyond, points)):
        lean = fit_coefficients(design_matrix(chosen.beyond, points), values, chosen.log, positive=not chosen.log)
        continued = [_rounded(value) for value in lean]
    errors = predictions(matrix, np.array(coefficients), chosen.log) / values - 1
    basis = Counter(row.kind for row in measured)
    # Points computed from one another lie on the form by construction: their errors would say nothing.
    shown = chosen.validation if basis["derived"] == 0 else None
    spread = float(((values - values.mean()) ** 2).sum())
    return ModelRecord(
        family=family.name,
        variant=variant,
        quantity=quantity.name,
        unit=quantity.unit,
        log=chosen.log,
        degree=max(parse_term(text).degree for text in chosen.terms),
        terms=chosen.terms,
        coefficients=tuple(coefficients),
        beyond_terms=chosen.beyond if continued else (),
        beyond_coefficients=tuple(continued),
        points=len(points),
        basis=dict(sorted(basis.items())),
        k=shown.k if shown else None,
        cv_mean_error=_rounded(shown.mean, 4) if shown else None,
        cv_max_error=_rounded(shown.largest, 4) if shown else None,
        fit_max_error=_rounded(float(np.abs(errors).max()), 4) if np.abs(errors).max() > 1e-6 else 0.0,
        r2=_rounded(1 - float(((errors * values) ** 2).sum()) / spread, 6) if spread > 0 else None,
        range=bounds,
    )


def fit_family(family: Family, tables: Path) -> ModelFile:
    """Models of one family from its table in the folder `tables`."""
    path = tables / f"{family.name}.csv"
    rows = load_table(path, family)
    if family is ARRAY:
        rows = array_ratios(rows, load_table(tables / f"{PE.name}.csv", PE))
    if family is MAC_BITS:
        rows = narrow_ratios(rows)
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
