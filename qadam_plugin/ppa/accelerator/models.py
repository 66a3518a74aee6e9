"""The fitted accelerator models: their file, and predictions for blocks of configs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from ...errors import InputError
from ...hardware.pe_types import PEType
from ...hardware.space_arrays import ConfigBlock, numeric_keys
from ...userfile import read_text, validate
from ...workloads.network import Network
from ..library import ModelLibrary
from .bounds import NetworkBounder, NetworkBounds
from .prices import BlockPrices, Pricer
from .terms import TermValues

Array = npt.NDArray[np.float64]

#: What the polynomials give, each as its ratio to the bound of that name.
QUANTITIES = ("cycles", "onchip_pj", "dram_pj")

_STRICT = ConfigDict(strict=True, extra="forbid", frozen=True)


class HeldOut(BaseModel):
    """Relative errors on configs that the fit did not see: 0.01 is 1 %."""

    model_config = _STRICT

    points: int
    median: float
    mean: float
    ninety: float
    "Nine in ten are smaller."
    largest: float


class SurrogateRecord(BaseModel):
    """The polynomial of one quantity: the natural logarithm of its ratio to the analytic bound."""

    model_config = _STRICT

    pe_type: str
    network: str
    quantity: Literal["cycles", "onchip_pj", "dram_pj"]
    terms: tuple[str, ...] = Field(strict=False)
    coefficients: tuple[float, ...] = Field(strict=False)
    points: int
    k: int | None
    cv_mean_error: float | None
    cv_max_error: float | None
    "Of the k-fold cross-validation that chose the terms, on the configs that were not held out."


class ErrorRecord(BaseModel):
    """Errors of one figure of the results, as a person sees it."""

    model_config = _STRICT

    pe_type: str
    network: str
    figure: str
    "Column of the results, such as ``latency_ms``."
    held_out: HeldOut


class PETypeRecord(BaseModel):
    """A PE type that there are models of."""

    model_config = _STRICT

    name: str
    family: str
    act_bits: int
    weight_bits: int
    acc_bits: int
    shift_terms: int
    range: dict[str, Annotated[tuple[float, float], Field(strict=False)]]
    "Least and largest value of each parameter, and of the clock in GHz, over the training configs."


class SurrogateFile(BaseModel):
    """``surrogate.json``: accelerator models fitted to the exact results of a sweep."""

    model_config = _STRICT

    generated_by: str
    engine: str
    fingerprint: str
    "Of all that the models rest on: the engine whose results they are fitted to, and the code of the bounds."
    objective: str
    batch: int
    networks: dict[str, str]
    "Name and content hash."
    pe_types: tuple[PETypeRecord, ...] = Field(strict=False)
    models: tuple[SurrogateRecord, ...] = Field(strict=False)
    errors: tuple[ErrorRecord, ...] = Field(strict=False)


@dataclass(frozen=True, slots=True)
class Prediction:
    """One network on the configs of a block; each array is [configs]. Units and names as in the results of a sweep.

    Attributes
    ----------
    clock_ghz, area_mm2 : exact.
    cycles, onchip_energy_uj, dram_energy_uj : predicted; all else follows from these.
    outside : whether a parameter or the clock lies outside the range of the training configs.
    component_warning : whether a component lies outside the range of its models, or the clock is too fast.
    """

    clock_ghz: Array
    area_mm2: Array
    cycles: Array
    onchip_energy_uj: Array
    dram_energy_uj: Array
    outside: npt.NDArray[np.bool_]
    component_warning: npt.NDArray[np.bool_]
    batch: int

    def take(self, rows: npt.NDArray[np.intp]) -> Prediction:
        """Predictions of some of the configs."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "batch"}
        return Prediction(**{name: values[rows] for name, values in arrays.items()}, batch=self.batch)

    @property
    def latency_ms(self) -> Array:
        return self.cycles / self.clock_ghz * 1e-6

    @property
    def energy_uj(self) -> Array:
        return self.onchip_energy_uj + self.dram_energy_uj

    @property
    def power_mw(self) -> Array:
        return self.onchip_energy_uj / self.latency_ms

    @property
    def perf_per_area(self) -> Array:
        return self.batch * 1e3 / (self.latency_ms * self.area_mm2)

    @property
    def edp_uj_ms(self) -> Array:
        return self.energy_uj * self.latency_ms


class AcceleratorModels:
    """Predicts networks on blocks of configs, vectorised.

    Parameters
    ----------
    file : the fitted models. networks : those to predict, each of them in the file.
    """

    def __init__(self, file: SurrogateFile, networks: Sequence[Network], library: ModelLibrary) -> None:
        self._file, self._networks, self._library = file, tuple(networks), library
        self._pricer = Pricer(library)
        self._types = {record.name: record for record in file.pe_types}
        self._bounders: dict[tuple[str, str], NetworkBounder] = {}
        self._polynomials = {
            (pe.name, network.name): _Polynomials(file.models, pe.name, network.name)
            for pe in file.pe_types
            for network in networks
            if any((record.pe_type, record.network) == (pe.name, network.name) for record in file.models)
        }

    def predict(self, block: ConfigBlock) -> list[Prediction]:
        """Predictions of each network.

        Raises
        ------
        InputError : there are no models of the block's PE type on a network, or a config cannot be built.
        """
        record = self._type(block.pe)
        prices = self._pricer.price(block)
        outside = _outside(record, block, prices)
        shared: dict = {}
        found = []
        for network in self._networks:
            key = (block.pe.name, network.name)
            if key not in self._polynomials:
                raise InputError("--surrogate", block.pe.name, f"no models of this PE type on {network.name}")
            if key not in self._bounders:
                self._bounders[key] = NetworkBounder(network, self._file.batch, block.pe, self._library)
            bounds = self._bounders[key].bound(block, prices)
            cycles, onchip, dram = self._polynomials[key].apply(TermValues(block, bounds, shared), bounds)
            found.append(
                Prediction(
                    clock_ghz=prices.clock_ghz,
                    area_mm2=prices.area_mm2,
                    cycles=cycles,
                    onchip_energy_uj=onchip * 1e-6,
                    dram_energy_uj=dram * 1e-6,
                    outside=outside,
                    component_warning=prices.out_of_range,
                    batch=self._file.batch,
                )
            )
        return found

    def _type(self, pe: PEType) -> PETypeRecord:
        record = self._types.get(pe.name)
        if record is None or type_record(pe, record.range) != record:
            raise InputError("--surrogate", pe.name, f"no models of this PE type; there are: {', '.join(self._types)}")
        return record


class _Polynomials:
    """The three polynomials of one PE type and network, over the terms of all of them together."""

    def __init__(self, records: Sequence[SurrogateRecord], pe_type: str, network: str) -> None:
        chosen = {r.quantity: r for r in records if (r.pe_type, r.network) == (pe_type, network)}
        ordered = [chosen[quantity] for quantity in QUANTITIES]
        self._terms = tuple(dict.fromkeys(term for record in ordered for term in record.terms))
        self._coefficients = np.zeros((len(self._terms), len(QUANTITIES)))
        for column, record in enumerate(ordered):
            for term, coefficient in zip(record.terms, record.coefficients, strict=True):
                self._coefficients[self._terms.index(term), column] = coefficient

    def apply(self, values: TermValues, bounds: NetworkBounds) -> Array:
        """Cycles, on-chip and DRAM energy, [3, configs]."""
        ratios = np.exp(self._coefficients.T @ values.matrix(self._terms).T)
        return ratios * np.stack([bounds.cycles, bounds.onchip_pj, bounds.dram_pj])


def type_record(pe: PEType, ranges: Mapping[str, tuple[float, float]]) -> PETypeRecord:
    """Record of a PE type."""
    return PETypeRecord(
        name=pe.name,
        family=pe.family,
        act_bits=pe.act_bits,
        weight_bits=pe.weight_bits,
        acc_bits=pe.acc_bits,
        shift_terms=pe.shift_terms,
        range=dict(ranges),
    )


def parameter_ranges(block: ConfigBlock, prices: BlockPrices) -> dict[str, tuple[float, float]]:
    """Least and largest value of each parameter over a block, with the clock that each config really has."""
    names = [name for name in numeric_keys(block.family) if name != "clock"]
    columns = {name: block.column(name) for name in names} | {"clock_ghz": prices.clock_ghz}
    return {name: (float(values.min()), float(values.max())) for name, values in columns.items()}


def _outside(record: PETypeRecord, block: ConfigBlock, prices: BlockPrices) -> npt.NDArray[np.bool_]:
    outside = np.zeros(len(block), dtype=bool)
    for name, (low, high) in record.range.items():
        if name == "clock_ghz":
            outside |= (prices.clock_ghz < low * (1 - 1e-9)) | (prices.clock_ghz > high * (1 + 1e-9))
        else:
            levels = block.levels[name]
            outside |= ((levels < low) | (levels > high))[block.codes[name]]
    return outside


def load_surrogate(path: Path) -> SurrogateFile:
    """Read ``surrogate.json``.

    Raises
    ------
    InputError : it is missing or malformed.
    """
    if not path.is_file():
        raise InputError(path, "", f"no accelerator models here; `qadam-tl surrogate fit {path.parent}` makes them")
    text = read_text(path)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(path, f"line {error.lineno}, column {error.colno}", f"not valid JSON: {error.msg}") from None
    return validate(SurrogateFile, data, path)
