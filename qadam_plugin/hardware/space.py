"""Design spaces: the configs that a sweep walks, written as lists and ranges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from ..errors import InputError
from ..paths import data_dir
from ..userfile import describe, parse_mapping, read_text, suggestion, validate
from .config import FAMILY_KEY, AcceleratorConfig, check_parameters, config_model, split_family
from .expressions import Expression, parse
from .family import Family
from .pe_types import PE_TYPES, PEType, pe_type

#: PE types of a space that names none: those of QADAM. Every other key then has its family's usual value.
BASE_PE_TYPES = ("fp32", "int16", "lightpe1", "lightpe2")

_MAX_VALUES = 10_000

#: Combinations that can be walked one by one, and that a search can number.
MAX_WALKED = 10_000_000
MAX_SEARCHED = 2**62


class RangeModel(BaseModel):
    """Values from `from` to `to`, both meant to be included, by adding `step` or multiplying by `times`."""

    model_config = ConfigDict(strict=True, extra="forbid")

    start: int | float
    stop: int | float
    step: int | float | None = None
    times: int | float | None = None


@dataclass(frozen=True)
class DesignSpace:
    """Every combination of some values that the conditions let through.

    Iterating gives `AcceleratorConfig`s in one fixed order, the last key fastest, in constant memory; `len` counts
    them.

    Attributes
    ----------
    family : family of all its configs.
    axes : (key, values) for every key of a config, in the order of the family's `keys`.
    where : conditions that a config must meet.
    source : the file, for messages.
    """

    family: Family
    axes: tuple[tuple[str, tuple[Any, ...]], ...]
    where: tuple[Expression, ...] = ()
    source: str = "<space>"

    def __iter__(self) -> Iterator[AcceleratorConfig]:
        for combination in product(*(values for _, values in self.axes)):
            config = self.config(combination)
            if self.allows(config):
                yield config

    def __len__(self) -> int:
        return self.combinations if not self.where else sum(1 for _ in self)

    def config(self, combination: Sequence[Any]) -> AcceleratorConfig:
        """The config of one value per axis, whether or not the conditions let it through."""
        values = {key: value for (key, _), value in zip(self.axes, combination, strict=True)}
        numbers = tuple(values[name] for name in self.family.places)
        return AcceleratorConfig(self.family, values["pe_type"], numbers, values["clock"])

    def allows(self, config: AcceleratorConfig) -> bool:
        """Whether a config meets every condition."""
        if not self.where:
            return True
        values = config.values
        return all(condition.test(values) for condition in self.where)

    def with_values(self, key: str, values: Sequence[Any]) -> DesignSpace:
        """The same space with other values, already checked, of one key; GHz or None (auto) for the clock."""
        return replace(self, axes=tuple((name, tuple(values) if name == key else old) for name, old in self.axes))

    @property
    def combinations(self) -> int:
        """Combinations before the conditions."""
        return prod(len(values) for _, values in self.axes)


def default_space() -> DesignSpace:
    """The design space that ships with the package."""
    return load_space(data_dir("arch_specs") / "default_space.yaml")


def load_space(path: str | Path, *, most: int = MAX_WALKED) -> DesignSpace:
    """Read a design space of at most `most` combinations.

    Raises
    ------
    InputError : the file cannot be read, a key is unknown, a value impossible or given twice, a condition is
        not understood, there are too many combinations, or no config is left.
    """
    return parse_space(read_text(path), path, most=most)


def parse_space(text: str, source: object, *, most: int = MAX_WALKED) -> DesignSpace:
    """Design space from YAML text; `source` names it in messages. Raises as `load_space` does."""
    return space_from_values(parse_mapping(text, source), source, most=most)


def space_from_values(data: dict[str, Any], source: object, *, most: int = MAX_WALKED) -> DesignSpace:
    """Design space from its keys, as a person writes them; `source` names it. Raises as `load_space` does."""
    family, rest = split_family(data, source)
    for key in rest:
        if key not in (*family.keys, "where"):
            raise InputError(source, key, f"unknown key; {suggestion(key, (*family.keys, FAMILY_KEY, 'where'))}")
    usual: dict[str, tuple[Any, ...]] = {parameter.name: (parameter.usual,) for parameter in family.parameters}
    usual |= {"pe_type": tuple(PE_TYPES[name] for name in BASE_PE_TYPES), "clock": (None,)}
    axes = tuple((key, _axis(family, key, rest[key], source) if key in rest else usual[key]) for key in family.keys)
    space = DesignSpace(family, axes, _conditions(rest.get("where", []), family, source), str(source))
    _check_space(space, source, most)
    return space


def _check_space(space: DesignSpace, source: object, most: int) -> None:
    axes = dict(space.axes)
    if space.combinations > most:
        raise InputError(source, "", f"{space.combinations} combinations; at most {most} are allowed")
    for check in space.family.checks:
        names = [name for name in space.family.places if name in check.condition.names]
        for values in product(*(axes[name] for name in names)):
            check_parameters(space.family, dict(zip(names, values, strict=True)), source)
    if next(iter(space), None) is None:
        raise InputError(source, "where", "no combination of the values meets every condition")


def _conditions(value: object, family: Family, source: object) -> tuple[Expression, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list):
        raise InputError(source, "where", f"a condition or a list of them is wanted, not {describe(value)}")
    found = []
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(source, f"where[{index}]", f"a condition in quotes is wanted, not {describe(text)}")
        found.append(parse(text, family.keys, source, f"where[{index}]"))
    return tuple(found)


def _axis(family: Family, key: str, written: object, source: object) -> tuple[Any, ...]:
    """Checked values of one key, in the order written."""
    if isinstance(written, list):
        if not written:
            raise InputError(source, key, "an empty list; at least one value is wanted")
        pairs = [(f"{key}[{index}]", value) for index, value in enumerate(written)]
    elif isinstance(written, dict) and not (key == "pe_type" and "family" in written):
        pairs = [(key, value) for value in _range(key, written, source)]
    else:
        pairs = [(key, written)]
    values: list[Any] = []
    for place, value in pairs:
        checked = _value(family, key, value, source, place)
        if checked in values:
            raise InputError(source, place, f"{describe(value)} is given twice")
        values.append(checked)
    names = [value.name for value in values if isinstance(value, PEType)]
    for name in names:
        if names.count(name) > 1:
            raise InputError(source, key, f"two different PE types are named '{name}'")
    return tuple(values)


def _value(family: Family, key: str, value: object, source: object, place: str) -> Any:
    """One value of one key, checked as in a config; `place` is its path in the file."""
    if key == "pe_type":
        return pe_type(value, source, place)
    usual = {parameter.name: parameter.usual for parameter in family.parameters}
    try:
        model: Any = validate(config_model(family), {"pe_type": "", **usual, key: value}, source)
    except InputError as error:
        raise InputError(source, error.key.replace(key, place, 1), error.message) from None
    checked = getattr(model, key)
    if key == "clock":
        return None if checked == "auto" else checked
    check_parameters(family, {key: checked}, source, place)
    return checked


def _range(key: str, written: dict[Any, Any], source: object) -> list[int | float]:
    """Values of ``{from, to, step}`` or ``{from, to, times}``, in fractions: steps of 0.1 reach 0.3 exactly."""
    known = ("from", "to", "step", "times")
    for name in written:
        if name not in known:
            raise InputError(source, f"{key}.{name}", f"unknown key; {suggestion(str(name), known)}")
    for name in ("from", "to"):
        if name not in written:
            raise InputError(source, f"{key}.{name}", "is missing")
    if ("step" in written) == ("times" in written):
        raise InputError(source, key, "a range has either step or times")
    renamed = {{"from": "start", "to": "stop"}.get(name, name): value for name, value in written.items()}
    for name, value in written.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1e9:
            raise InputError(source, f"{key}.{name}", f"a number up to 1e9 is wanted, not {describe(value)}")
    model = validate(RangeModel, renamed, source, key)
    start, stop = Fraction(str(model.start)), Fraction(str(model.stop))
    if start > stop:
        raise InputError(source, key, f"from ({model.start}) is larger than to ({model.stop})")
    if model.step is not None and model.step <= 0:
        raise InputError(source, f"{key}.step", "more than 0 is wanted")
    if model.times is not None and (model.times <= 1 or start <= 0):
        raise InputError(source, f"{key}.times", "more than 1 is wanted, and a from above 0")
    whole = all(isinstance(value, int) for value in written.values())
    values: list[int | float] = []
    current = start
    while current <= stop:
        if len(values) >= _MAX_VALUES:
            raise InputError(source, key, f"more than {_MAX_VALUES} values")
        values.append(int(current) if whole else float(current))
        current = (
            current + Fraction(str(model.step)) if model.step is not None else current * Fraction(str(model.times))
        )
    return values
