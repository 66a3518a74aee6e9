"""The fitted models, read from JSON: predictions in plain Python, without scikit-learn or pandas."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from ..errors import InputError
from ..paths import data_dir
from ..userfile import read_text, suggestion, validate
from .families import FAMILIES
from .features import Term, parse_term


class ModelRecord(BaseModel):
    """One fitted polynomial as its JSON file holds it."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    family: str
    variant: str
    "Value of the family's variant column, such as ``int``; empty where the family has none."
    quantity: str
    unit: str
    log: bool
    "Whether the polynomial is of the quantity's natural logarithm."
    degree: int
    terms: tuple[str, ...] = Field(strict=False)
    coefficients: tuple[float, ...] = Field(strict=False)
    beyond_terms: tuple[str, ...] = Field(strict=False)
    beyond_coefficients: tuple[float, ...] = Field(strict=False)
    "The lean form that continues the polynomial outside the range; empty where the polynomial goes on by itself."
    points: int
    basis: dict[str, int]
    "Points per kind: measured, simulated, published, derived."
    k: int | None
    "Folds of the cross-validation; null where the points are too few, or derived from one another."
    cv_mean_error: float | None
    cv_max_error: float | None
    "Relative errors on points left out: 0.01 is 1 %."
    fit_max_error: float
    "Largest relative error on the points themselves."
    r2: float | None
    "Of the fit; null for a single point."
    range: dict[str, Annotated[tuple[float, float], Field(strict=False)]]
    "Least and largest value of each parameter over the points."


class ModelFile(BaseModel):
    """One family's models."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    generated_by: str
    table: str
    table_sha256: str
    models: tuple[ModelRecord, ...] = Field(strict=False)


#: Fields that a prediction or a warning depends on.
_MOVING = {"family", "variant", "quantity", "log", "terms", "coefficients", "range"}
_MOVING |= {"beyond_terms", "beyond_coefficients"}


@dataclass(frozen=True, slots=True)
class Model:
    """A record with its terms parsed."""

    record: ModelRecord
    terms: tuple[Term, ...]
    beyond: tuple[Term, ...]

    @classmethod
    def of(cls, record: ModelRecord) -> Model:
        """Model from its record. ValueError for a malformed term."""
        for terms, coefficients in (
            (record.terms, record.coefficients),
            (record.beyond_terms, record.beyond_coefficients),
        ):
            if len(terms) != len(coefficients):
                raise ValueError(f"{record.quantity} has {len(terms)} terms, {len(coefficients)} coefficients")
        return cls(record, tuple(map(parse_term, record.terms)), tuple(map(parse_term, record.beyond_terms)))

    def predict(self, parameters: Mapping[str, float]) -> float:
        """Value of the polynomial, in the record's unit.

        Outside the range: its value at the nearest point of the range, times what the lean form grows by from there.
        """
        record = self.record
        nearest = parameters
        if self.beyond:
            nearest = {name: min(max(parameters[name], low), high) for name, (low, high) in record.range.items()}
        value = _value(self.terms, record.coefficients, nearest, record.log)
        if all(nearest[name] == parameters[name] for name in record.range):
            return value
        there = _value(self.beyond, record.beyond_coefficients, parameters, record.log)
        return value * there / _value(self.beyond, record.beyond_coefficients, nearest, record.log)

    def out_of_range(self, parameters: Mapping[str, float]) -> tuple[str, ...]:
        """Parameters outside the characterised range, as ``depth 224 is outside 8 to 128``."""
        return tuple(
            f"{name} {parameters[name]:g} is outside {low:g} to {high:g}"
            for name, (low, high) in self.record.range.items()
            if not low <= parameters[name] <= high
        )


def _value(
    terms: tuple[Term, ...], coefficients: tuple[float, ...], parameters: Mapping[str, float], log: bool
) -> float:
    total = sum(c * term.value(parameters) for c, term in zip(coefficients, terms, strict=True))
    return exp(total) if log else total


@dataclass(frozen=True)
class ModelLibrary:
    """All models, and a cache of component estimates that belongs to this instance.

    Attributes
    ----------
    digest : hex digest of the models' content: equal digests give equal predictions. Part of result keys.
    """

    models: Mapping[tuple[str, str, str], Model]
    digest: str
    cache: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def variants(self, family: str) -> tuple[str, ...]:
        """Variants of a family that have models, such as the DRAM types."""
        return tuple(dict.fromkeys(variant for name, variant, _ in self.models if name == family))

    def of_family(self, family: str, variant: str = "") -> tuple[Model, ...]:
        """Models of all characterised quantities of a family and variant."""
        return tuple(m for (name, kind, _), m in self.models.items() if (name, kind) == (family, variant))

    def find(self, family: str, variant: str, quantity: str) -> Model | None:
        """Model of a quantity; None where it was not characterised."""
        return self.models.get((family, variant, quantity))

    def records(self) -> tuple[ModelRecord, ...]:
        """Records of all models, by family as `FAMILIES` lists them."""
        return tuple(model.record for model in self.models.values())

    def __getstate__(self) -> dict[str, Any]:
        """Without the cache: a library travels cheaply to other processes."""
        return {"models": self.models, "digest": self.digest, "cache": {}}


def load_library(folder: str | Path | None = None) -> ModelLibrary:
    """Read the models of a folder of JSON files; by default the ones that ship.

    Raises
    ------
    InputError : a file is missing or malformed.
    """
    source = Path(folder) if folder else data_dir("estimator_tables") / "models"
    models: dict[tuple[str, str, str], Model] = {}
    digest = hashlib.sha256()
    for name, family in FAMILIES.items():
        if not family.quantities:
            continue
        path = source / f"{name}.json"
        for record in _read(path).models:
            try:
                models[record.family, record.variant, record.quantity] = Model.of(record)
            except ValueError as error:
                raise InputError(path, "models", str(error)) from None
            # A new sentence in a table moves no prediction, so it makes no stored result stale.
            moving = record.model_dump(include=_MOVING)
            digest.update(json.dumps(moving, sort_keys=True).encode())
    return ModelLibrary(models, digest.hexdigest()[:16])


def _read(path: Path) -> ModelFile:
    text = read_text(path)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(path, f"line {error.lineno}, column {error.colno}", f"not valid JSON: {error.msg}") from None
    return validate(ModelFile, data, path)


def known_variant(library: ModelLibrary, family: str, variant: str, source: object, key: str) -> str:
    """The variant itself.

    Raises
    ------
    InputError : no model of that variant; the message names the known ones.
    """
    known = library.variants(family)
    if variant not in known:
        raise InputError(source, key, f"no model for '{variant}'; {suggestion(variant, known)}")
    return variant
