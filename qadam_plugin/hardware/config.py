"""One accelerator: a family, its parameters, checked, with a short identity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from ..errors import InputError
from ..paths import data_dir
from ..userfile import describe, parse_mapping, read_text, suggestion, validate
from .family import Family, default_family, load_family
from .family_parts import Parameter
from .pe_types import PEType, pe_type

MAX_CLOCK_GHZ = 10

#: Key that names a config's family; left out, `family.DEFAULT_FAMILY`.
FAMILY_KEY = "family"


@dataclass(frozen=True, slots=True)
class AcceleratorConfig:
    """One accelerator of a family. Its parameters are attributes too: ``config.rows``.

    Attributes
    ----------
    family : what the parameters mean, and what architecture they make.
    pe : type of the processing elements.
    numbers : value of each of the family's parameters, in their order.
    clock_ghz : clock; None takes the critical path of the slowest part.
    """

    family: Family
    pe: PEType
    numbers: tuple[int | float, ...]
    clock_ghz: float | None = None

    def __getattr__(self, name: str) -> Any:
        # Only asked for what is no field: while it is made, a field may be missing too.
        if name in ("family", "pe", "numbers", "clock_ghz") or name.startswith("__"):
            raise AttributeError(name)
        place = self.family.places.get(name)
        if place is None:
            raise AttributeError(f"family {self.family.name} has no parameter {name}")
        return self.numbers[place]

    @property
    def parameters(self) -> dict[str, int | float]:
        """The family's parameters by name."""
        return dict(zip(self.family.places, self.numbers, strict=True))

    @property
    def identity(self) -> dict[str, Any]:
        """All that makes it this config and no other, as JSON has it; the default family goes without saying."""
        family = {} if self.family.default else {FAMILY_KEY: [self.family.name, self.family.digest]}
        return {"pe": asdict(self.pe), "clock_ghz": self.clock_ghz, **self.parameters, **family}

    @property
    def config_id(self) -> str:
        """Twelve hex digits that depend on `identity`, and on nothing else."""
        text = json.dumps(self.identity, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def values(self) -> dict[str, Any]:
        """The parameters under the keys that a person writes them with; clock is GHz or ``auto``."""
        family = {} if self.family.default else {FAMILY_KEY: self.family.name}
        clock = "auto" if self.clock_ghz is None else self.clock_ghz
        return {**family, "pe_type": self.pe.name, **self.parameters, "clock": clock}

    def with_values(self, parameters: Mapping[str, int | float]) -> AcceleratorConfig:
        """The same config with other values, already checked, of some parameters."""
        numbers = {**self.parameters, **parameters}
        return replace(self, numbers=tuple(numbers[name] for name in self.family.places))


def _clock(value: object) -> object:
    """One message for both forms of a clock, where the union would answer for one of them."""
    if value == "auto" or (
        isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MAX_CLOCK_GHZ
    ):
        return value
    raise ValueError(f"auto, or GHz above 0 and at most {MAX_CLOCK_GHZ}, is wanted, not {describe(value)}")


class ConfigModel(BaseModel):
    """The keys of every config file; a family adds its parameters."""

    model_config = ConfigDict(strict=True, extra="forbid")

    pe_type: Any
    "fp32, int16, int8, lightpe1, lightpe2, subword16, subword8, or a mapping: family, act_bits, weight_bits, "
    "acc_bits, shift_terms, name."
    clock: Annotated[float | Literal["auto"], BeforeValidator(_clock)] = "auto"
    "GHz, or auto: the critical path of the slowest part."


@lru_cache(maxsize=32)
def config_model(family: Family) -> type[BaseModel]:
    """The keys of a family's config files."""
    fields: dict[str, Any] = {parameter.name: _field(parameter) for parameter in family.parameters}
    return create_model("ConfigModel", __base__=ConfigModel, **fields)


def _field(parameter: Parameter) -> tuple[Any, Any]:
    """Type and default of a parameter, as pydantic takes them."""
    bounds = {"ge": parameter.least, "gt": parameter.above, "le": parameter.most, "lt": parameter.below}
    given: dict[str, Any] = {key: bound for key, bound in bounds.items() if bound is not None}
    if not parameter.whole:
        given["allow_inf_nan"] = False
    kind: Any = int if parameter.whole else float
    return kind, Field(default=... if parameter.default is None else parameter.default, **given)


def load_config(path: str | Path) -> AcceleratorConfig:
    """Read a config file, or a shipped design by its name: ``simba_like``.

    Raises
    ------
    InputError : the file cannot be read, or a key is unknown, missing or has an impossible value.
    """
    if not Path(path).exists() and not Path(path).suffix:
        if str(path) not in shipped_designs():
            raise InputError(
                path, "", f"no such file, nor a shipped design; {suggestion(str(path), shipped_designs())}"
            )
        path = data_dir("arch_specs") / f"{path}.yaml"
    return config_from_values(parse_mapping(read_text(path), path), path)


def shipped_designs() -> tuple[str, ...]:
    """Names of the designs that ship with the package."""
    found = (path.stem for path in data_dir("arch_specs").glob("*.yaml"))
    return tuple(sorted(name for name in found if not name.endswith("_space")))


def parse_clock(text: str, source: object) -> float | None:
    """Clock from a word of the command line: GHz, or ``auto`` (None).

    Raises
    ------
    InputError : neither, or out of range.
    """
    if text == "auto":
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= MAX_CLOCK_GHZ:
        raise InputError(source, "", f"auto, or GHz above 0 and at most {MAX_CLOCK_GHZ}, is wanted, not '{text}'")
    return value


def config_from_values(values: Mapping[str, Any], source: object) -> AcceleratorConfig:
    """Config from one value per key, as a person writes them; `source` names them in messages.

    Raises
    ------
    InputError : a key is unknown, missing or has an impossible value.
    """
    family, rest = split_family(values, source)
    model: Any = validate(config_model(family), rest, source)
    pe = pe_type(model.pe_type, source)
    parameters = {name: getattr(model, name) for name in family.places}
    check_parameters(family, parameters, source)
    return AcceleratorConfig(family, pe, tuple(parameters.values()), None if model.clock == "auto" else model.clock)


def split_family(values: Mapping[str, Any], source: object) -> tuple[Family, dict[str, Any]]:
    """The family that a config or a space is of, and its other keys.

    Raises
    ------
    InputError : no such family, or a file of one that is not right.
    """
    rest = {key: value for key, value in values.items() if key != FAMILY_KEY}
    return default_family() if FAMILY_KEY not in values else load_family(values[FAMILY_KEY], source), rest


def check_parameters(family: Family, parameters: Mapping[str, int | float], source: object, key: str = "") -> None:
    """Raise InputError unless parameters meet those conditions of a family that use no others; `key` names them."""
    for check in family.checks:
        if check.condition.names <= parameters.keys() and not check.condition.true(parameters):
            raise InputError(source, key or " and ".join(check.keys), check.wanted.text(parameters))
