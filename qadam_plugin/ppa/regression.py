"""Least squares of relative errors, k-fold cross-validation, and forms that grow term by term. Arrays in, arrays out.

Errors that matter are relative (a scratchpad of 8 words counts as much as one of 256), so least squares are weighted
with 1 / value^2; logarithmic fits need no weights. Terms are chosen under cross-validation (forward selection, as in
Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 3.3.2); the error that is reported comes
from folds that had no part in the choice (nested cross-validation, section 7.10.2 there).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Folds where the points allow; with fewer points each is left out once.
FOLDS = 10

#: A term must lower the cross-validated mean error by this part of it to be taken.
WORTHWHILE = 0.01

#: Divisions into folds that terms are chosen with: one alone favours terms that suit its folds.
_DIVISIONS = 3

#: Most points per coefficient that a form may be grown to.
_POINTS_PER_TERM = 3

#: Added to the diagonal of normal equations of unit columns, so that candidates which depend on one another can be
#: scored, too: they gain nothing and are never taken.
_RIDGE = 1e-11


@dataclass(frozen=True, slots=True)
class Validation:
    """Relative errors on points left out."""

    k: int
    mean: float
    largest: float


#: Whether a form is sound, given its columns and coefficients: asked before a term is taken.
Sound = Callable[[Sequence[int], Array], bool]


def fit_coefficients(matrix: Array, values: Array, log: bool, positive: bool = False) -> Array:
    """Least-squares coefficients of relative errors.

    Parameters
    ----------
    matrix : (points, terms). values : (points,), above zero. log : fit the logarithm.
    positive : no coefficient below zero, so that the form grows with its terms.
    """
    from sklearn.linear_model import LinearRegression

    model = LinearRegression(fit_intercept=False, positive=positive)
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


def determined(matrix: Array) -> bool:
    """Whether the points determine every coefficient."""
    scale = np.linalg.norm(matrix, axis=0)
    return bool((scale > 0).all()) and np.linalg.matrix_rank(matrix / scale) == matrix.shape[1]


def fold_numbers(points: int, seed: int = 0) -> NDArray[np.int64]:
    """Fold of each point, (points,): shuffled with a fixed seed, `FOLDS` of them or one per point."""
    from sklearn.model_selection import KFold

    k = FOLDS if points >= 2 * FOLDS else points
    numbers = np.empty(points, dtype=np.int64)
    for number, (_, test) in enumerate(KFold(k, shuffle=True, random_state=seed).split(numbers)):
        numbers[test] = number
    return numbers


def cross_validate(matrix: Array, values: Array, log: bool) -> Validation | None:
    """Relative errors of one form by k-fold cross-validation; None if a fold cannot be fitted."""
    columns = tuple(range(matrix.shape[1]))
    return _validate(matrix, values, log, lambda train: columns if determined(matrix[train]) else None)


def cross_validate_growth(
    matrix: Array, values: Array, start: Sequence[int], log: bool, sound: Sound
) -> Validation | None:
    """Relative errors by k-fold cross-validation with the terms chosen anew in every fold.

    Parameters
    ----------
    matrix : (points, candidate terms). start, sound : as in `grow`.
    """
    return _validate(matrix, values, log, lambda train: grow(matrix[train], values[train], start, log, sound))


def _validate(
    matrix: Array, values: Array, log: bool, choose: Callable[[NDArray[np.bool_]], tuple[int, ...] | None]
) -> Validation | None:
    """Relative errors of the columns that `choose` takes, told the points of each training set."""
    numbers = fold_numbers(len(values))
    errors = np.empty(len(values))
    for number in range(numbers.max() + 1):
        test = numbers == number
        columns = choose(~test)
        if columns is None:
            return None
        part = matrix[:, list(columns)]
        coefficients = fit_coefficients(part[~test], values[~test], log)
        errors[test] = np.abs(predictions(part[test], coefficients, log) / values[test] - 1)
    return Validation(int(numbers.max()) + 1, float(errors.mean()), float(errors.max()))


def grow(matrix: Array, values: Array, start: Sequence[int], log: bool, sound: Sound) -> tuple[int, ...] | None:
    """Columns of a form grown from `start`, one term at a time, under k-fold cross-validation.

    Each step takes the column with the least mean error that is sound, as long as it lowers the error by `WORTHWHILE`.

    Parameters
    ----------
    matrix : (points, candidate terms). values : (points,), above zero.
    start : columns of the lean form. log : fit the logarithm.

    Returns
    -------
    columns : in the order in which they were taken; None where the points do not determine `start`.
    """
    chosen = tuple(start)
    if not determined(matrix[:, list(chosen)]):
        return None
    most = max(len(chosen), len(values) // _POINTS_PER_TERM)
    score = _Scores(matrix, values, log)
    least = float(score([chosen])[0])
    while len(chosen) < most:
        others = [column for column in range(matrix.shape[1]) if column not in chosen]
        if not others:
            break
        errors = score([(*chosen, column) for column in others])
        taken = None
        # Terms that the points cannot tell apart differ by rounding, which is not the same everywhere: the first wins.
        for index in np.argsort([float(f"{error:.6g}") for error in errors], kind="stable"):
            if not errors[index] < least * (1 - WORTHWHILE):
                break
            form = (*chosen, others[int(index)])
            part = matrix[:, list(form)]
            if determined(part) and sound(form, fit_coefficients(part, values, log)):
                taken, least = form, float(errors[index])
                break
        if taken is None:
            break
        chosen = taken
    return chosen


class _Scores:
    """Mean relative error of many forms at once, by repeated k-fold cross-validation on normal equations."""

    def __init__(self, matrix: Array, values: Array, log: bool) -> None:
        scaled = matrix if log else matrix / values[:, None]
        norms = np.linalg.norm(scaled, axis=0)
        self._columns = scaled / np.where(norms > 0, norms, 1.0)
        self._target = np.log(values) if log else np.ones(len(values))
        self._log = log
        divisions = _DIVISIONS if len(values) >= 2 * FOLDS else 1
        self._folds = [fold_numbers(len(values), seed) for seed in range(divisions)]
        held_out = [fold == number for fold in self._folds for number in range(fold.max() + 1)]
        self._gram = np.stack([self._products(~test) for test in held_out])
        self._right = np.stack([self._columns[~test].T @ self._target[~test] for test in held_out])

    def _products(self, rows: NDArray[np.bool_]) -> Array:
        part = self._columns[rows]
        return part.T @ part

    def __call__(self, forms: Sequence[Sequence[int]]) -> Array:
        """Errors of forms of equal length, (forms,)."""
        index = np.array(forms)
        gram = self._gram[:, index[:, :, None], index[:, None, :]] + _RIDGE * np.eye(index.shape[1])
        coefficients = np.linalg.solve(gram, self._right[:, index][..., None])[..., 0]
        terms = self._columns[:, index]
        total = np.zeros(len(forms))
        for division, fold in enumerate(self._folds):
            found = np.einsum("pfs,pfs->pf", terms, coefficients[division * (self._folds[0].max() + 1) + fold])
            off = found - self._target[:, None]
            total += np.abs(np.expm1(np.clip(off, -50, 50)) if self._log else off).mean(axis=0)
        return total / len(self._folds)
