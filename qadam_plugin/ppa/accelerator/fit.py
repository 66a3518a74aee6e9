"""Fitting the accelerator models to exact results, and their errors on configs that the fit did not see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...hardware.config import AcceleratorConfig
from ...hardware.pe_types import PEType
from ...hardware.space_arrays import ConfigBlock, config_block
from ...workloads.network import Network
from ..library import ModelLibrary
from ..regression import Validation, cross_validate, fit_coefficients, predictions
from .bounds import NetworkBounder, NetworkBounds
from .models import (
    QUANTITIES,
    ErrorRecord,
    HeldOut,
    PETypeRecord,
    Prediction,
    SurrogateRecord,
    parameter_ranges,
    type_record,
)
from .prices import BlockPrices, Pricer
from .terms import TermValues, candidate_forms

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]

#: One config in so many is held out of the fit that the printed errors are of.
HELD_OUT = 5

#: Fewest configs per PE type and network that are worth fitting to.
FEWEST = 20

#: A form is taken at once when its mean error is less: richer ones could only fit the last digits.
_ENOUGH = 0.0005

#: A form must beat a leaner one by this part of its error.
_WORTHWHILE = 0.05

#: Figures whose errors are kept: columns of a sweep's results.
FIGURES = ("latency_ms", "onchip_energy_uj", "energy_uj", "dram_energy_uj", "power_mw", "perf_per_area", "edp_uj_ms")


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Exact results of one network on configs of one PE type; arrays are [configs]."""

    network: Network
    configs: tuple[AcceleratorConfig, ...]
    cycles: Array
    onchip_pj: Array
    dram_pj: Array

    @property
    def pe(self) -> PEType:
        """Type of all configs."""
        return self.configs[0].pe


@dataclass(frozen=True, slots=True)
class FittedSet:
    """Models of one training set.

    Attributes
    ----------
    held_out : indices of the held-out configs. actual, predicted : their figures, exact and by models fitted without
        them. models : fitted to all configs, with the terms that were chosen without the held-out ones.
    """

    training: TrainingSet
    pe_type: PETypeRecord
    models: tuple[SurrogateRecord, ...]
    errors: tuple[ErrorRecord, ...]
    held_out: Index
    actual: Prediction
    predicted: Prediction


def fit_network(training: TrainingSet, batch: int, library: ModelLibrary) -> FittedSet:
    """Fit one network on one PE type.

    Every `HELD_OUT`th config of a shuffle with a fixed seed is held out. Terms are chosen on the others by k-fold
    cross-validation, and the errors are those of models fitted to the others alone.

    Raises
    ------
    InputError : fewer than `FEWEST` configs.
    """
    name = f"{training.pe.name} on {training.network.name}"
    if len(training.configs) < FEWEST:
        raise InputError(name, "", f"{len(training.configs)} valid results; at least {FEWEST} are wanted to fit models")
    block = config_block(training.pe, training.configs)
    prices = Pricer(library).price(block)
    bounds = NetworkBounder(training.network, batch, training.pe, library).bound(block, prices)
    held, rest = split_held_out(len(block))
    values = TermValues(block, bounds, {})
    forms = [(terms, values.matrix(terms)) for terms in candidate_forms(block.take(rest), _taken(bounds, rest))]
    predicted, records = [], []
    for quantity in QUANTITIES:
        bound = getattr(bounds, quantity)
        ratio = getattr(training, quantity) / bound
        terms, matrix, validation = choose_terms(forms, rest, ratio)
        trial = fit_coefficients(matrix[rest], ratio[rest], log=True)
        predicted.append(predictions(matrix[held], trial, log=True) * bound[held])
        records.append(_record(training, quantity, terms, fit_coefficients(matrix, ratio, log=True), validation))
    seen = _prediction(block, prices, held, predicted, batch)
    exact = [getattr(training, quantity)[held] for quantity in QUANTITIES]
    actual = _prediction(block, prices, held, exact, batch)
    errors = tuple(
        ErrorRecord(
            pe_type=training.pe.name,
            network=training.network.name,
            figure=figure,
            held_out=held_out_errors(getattr(seen, figure), getattr(actual, figure)),
        )
        for figure in FIGURES
    )
    kind = type_record(training.pe, parameter_ranges(block, prices))
    return FittedSet(training, kind, tuple(records), errors, held, actual, seen)


def held_out_errors(predicted: Array, actual: Array) -> HeldOut:
    """Relative errors of predictions."""
    errors = np.abs(predicted / actual - 1)
    return HeldOut(
        points=len(errors),
        median=_rounded(np.median(errors)),
        mean=_rounded(errors.mean()),
        ninety=_rounded(np.quantile(errors, 0.9)),
        largest=_rounded(errors.max()),
    )


def split_held_out(count: int) -> tuple[Index, Index]:
    """Indices of held-out and of other configs."""
    order = np.random.default_rng(0).permutation(count)
    return np.sort(order[::HELD_OUT]), np.sort(np.delete(order, np.s_[::HELD_OUT]))


def choose_terms(
    forms: Sequence[tuple[tuple[str, ...], Array]], rows: Index, ratio: Array
) -> tuple[tuple[str, ...], Array, Validation | None]:
    """Terms with the least mean error in cross-validation; a leaner form wins unless a richer one is clearly better.

    Forms with more terms than half the points are not tried.
    """
    best: tuple[tuple[str, ...], Array, Validation | None] = (*forms[0], None)
    for terms, matrix in forms:
        if 2 * len(terms) > len(rows):
            break
        found = cross_validate(matrix[rows], ratio[rows], log=True)
        if found is None:
            continue
        if best[2] is None or found.mean < best[2].mean * (1 - _WORTHWHILE):
            best = (terms, matrix, found)
        if found.mean < _ENOUGH:
            break
    return best


def _record(
    training: TrainingSet, quantity: str, terms: tuple[str, ...], coefficients: Array, validation: Validation | None
) -> SurrogateRecord:
    return SurrogateRecord.model_validate(
        {
            "pe_type": training.pe.name,
            "network": training.network.name,
            "quantity": quantity,
            "terms": terms,
            "coefficients": tuple(float(value) for value in coefficients),
            "points": len(training.configs),
            "k": validation.k if validation else None,
            "cv_mean_error": _rounded(validation.mean) if validation else None,
            "cv_max_error": _rounded(validation.largest) if validation else None,
        }
    )


def _prediction(
    block: ConfigBlock, prices: BlockPrices, rows: Index, quantities: Sequence[Array], batch: int
) -> Prediction:
    cycles, onchip, dram = quantities
    return Prediction(
        clock_ghz=prices.clock_ghz[rows],
        area_mm2=prices.area_mm2[rows],
        cycles=cycles,
        onchip_energy_uj=onchip * 1e-6,
        dram_energy_uj=dram * 1e-6,
        outside=np.zeros(len(rows), dtype=bool),
        component_warning=prices.out_of_range[rows],
        batch=batch,
    )


def _taken(bounds: NetworkBounds, rows: Index) -> NetworkBounds:
    return NetworkBounds(
        bounds.cycles[rows], bounds.onchip_pj[rows], bounds.dram_pj[rows], bounds.utilization[rows], bounds.memory[rows]
    )


def _rounded(value: float | np.floating) -> float:
    return float(f"{float(value):.4g}")
