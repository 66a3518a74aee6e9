"""Architecture families: parameters, and the levels that a config's architecture is made of. Each is a YAML file.

The shipped ones stand in ``arch_specs/families``; docs/families.md says how to write another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..paths import data_dir
from ..userfile import parse_mapping, read_text, suggestion
from .family_parts import Check, FanoutTemplate, LevelTemplate, Parameter, StorageTemplate, Texts
from .formulas import Formula, Values

#: The family of a config that names none.
DEFAULT_FAMILY = "row_stationary"


@dataclass(frozen=True, eq=False)
class Family:
    """One family of architectures. Two with equal levels, values and name are equal.

    Attributes
    ----------
    name : as configs and results name it.
    parameters : in the order of the file, which is the order of columns and of a design space.
    values : named formulas, each using those before it.
    levels : templates, outermost first, the compute last.
    parts : what energy breakdowns call the parts, innermost first.
    source, text : the file, and what it says.
    digest : 16 hex digits of all that decides an architecture.
    """

    name: str
    help: str
    parameters: tuple[Parameter, ...]
    checks: tuple[Check, ...]
    values: tuple[tuple[str, Formula], ...]
    levels: tuple[LevelTemplate, ...]
    parts: tuple[str, ...]
    texts: Texts
    source: str
    text: str
    digest: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Family) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[Callable[..., Family], tuple[str, ...]]:
        # A config travels between processes with its family: a shipped one by name.
        if self.shipped:
            return shipped_family, (self.name,)
        return family_from_text, (self.text, self.source)

    @cached_property
    def shipped(self) -> bool:
        """Whether it is one of the package's own, as it is now."""
        return self.name in shipped_families() and shipped_family(self.name).digest == self.digest

    @cached_property
    def default(self) -> bool:
        """Whether it is the family of configs that name none."""
        return self.name == DEFAULT_FAMILY and self.shipped

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Position of each parameter."""
        return {parameter.name: position for position, parameter in enumerate(self.parameters)}

    @cached_property
    def main(self) -> tuple[str, ...]:
        """Parameters that stand before the clock."""
        return tuple(parameter.name for parameter in self.parameters if not parameter.further)

    @cached_property
    def further(self) -> tuple[str, ...]:
        """Parameters that stand behind it."""
        return tuple(parameter.name for parameter in self.parameters if parameter.further)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Every key of a config, in the order that a design space walks them."""
        return ("pe_type", *self.main, "clock", *self.further)

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """Parameters that tables of designs show."""
        return tuple(parameter.name for parameter in self.parameters if parameter.shown and not parameter.further)

    def storage(self, level: str) -> StorageTemplate | None:
        """The template of a storage level; None if there is none of that name."""
        return self._storages.get(level)

    @cached_property
    def _storages(self) -> Mapping[str, StorageTemplate]:
        return {level.name: level for level in self.levels if isinstance(level, StorageTemplate)}

    def numbers(self, row: Values) -> dict[str, int | float]:
        """Those parameters that a row of results has, or any other mapping."""
        made = {parameter.name: (int if parameter.whole else float) for parameter in self.parameters}
        return {name: make(row[name]) for name, make in made.items() if name in row}  # pyright: ignore[reportArgumentType]

    def short(self, row: Values) -> str:
        """A design in a few words, for tables."""
        return f"{self._named}{self.texts.short.text(self.numbers(row))}"

    def long(self, row: Values) -> str:
        """A design in words, for figures and sentences."""
        return f"{self._named}{self.texts.long.text(self.numbers(row))}"

    @property
    def _named(self) -> str:
        return "" if self.default else f"{self.name} "

    def macs(self, parameters: Values) -> int:
        """MACs of a config with these parameters."""
        values, count = {**parameters, **self.numbers(parameters), "lanes": 1}, 1
        for name, formula in self.values:
            if formula.names <= values.keys():
                values[name] = formula.number(values)
        for level in self.levels:
            if isinstance(level, FanoutTemplate) and (level.when is None or level.when.true(values)):
                for axis in (level.x, level.y):
                    count *= 1 if axis is None else axis.whole(values)
        return count


@lru_cache(maxsize=1)
def shipped_families() -> tuple[str, ...]:
    """Names of the package's own families, the default first."""
    names = sorted(path.stem for path in (data_dir("arch_specs") / "families").glob("*.yaml"))
    return tuple(sorted(names, key=lambda name: name != DEFAULT_FAMILY))


@lru_cache(maxsize=32)
def shipped_family(name: str) -> Family:
    """One of the package's own families."""
    path = data_dir("arch_specs") / "families" / f"{name}.yaml"
    return family_from_text(read_text(path), f"{name}.yaml")


def default_family() -> Family:
    """The family of a config that names none."""
    return shipped_family(DEFAULT_FAMILY)


def load_family(word: object, source: object, key: str = "family") -> Family:
    """Family by the name of a shipped one, or by its file, found from where the file that names it lies.

    Raises
    ------
    InputError : no such family or file, or a file that is not right.
    """
    known = shipped_families()
    if not isinstance(word, str):
        raise InputError(source, key, f"a family is wanted, one of {', '.join(known)}, or a file")
    if word in known:
        return shipped_family(word)
    if not word.endswith((".yaml", ".yml")):
        raise InputError(source, key, f"unknown family '{word}'; {suggestion(word, known)}; a file ends with .yaml")
    path = Path(word)
    if not path.is_absolute() and isinstance(source, str | Path) and Path(source).is_file():
        path = Path(source).parent / path
    family = family_from_text(read_text(path), str(path))
    if family.name in known and not family.shipped:
        raise InputError(path, "family", f"'{family.name}' is a shipped family with other levels; choose another name")
    return family


def stored_family(digest: str, text: str, source: str) -> Family:
    """A family whose text was kept: the shipped one, in today's words, where that has the same digest.

    Raises
    ------
    InputError : the text is not right.
    """
    for name in shipped_families():
        if shipped_family(name).digest == digest:
            return shipped_family(name)
    return family_from_text(text, source)


@lru_cache(maxsize=32)
def family_from_text(text: str, source: str) -> Family:
    """Family from the text of its file; `source` names it in messages.

    Raises
    ------
    InputError : it is not right; the message names the key.
    """
    from .family_reader import read_family

    return read_family(parse_mapping(text, source), text, source)


def family_digest(name: str, data: Mapping[str, Any]) -> str:
    """16 hex digits of what decides an architecture, and of no word that only people read."""
    levels = [{key: value for key, value in level.items() if key != "part"} for level in data["levels"]]
    written = json.dumps([name, list(dict(data.get("values") or {}).items()), levels], separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def family_named(name: object, families: Collection[Family] = ()) -> Family:
    """The family of that name among some, or else among the shipped ones; the default one for a name of neither."""
    for family in families:
        if family.name == name:
            return family
    return shipped_family(name) if isinstance(name, str) and name in shipped_families() else default_family()


def known_names(families: Collection[Family]) -> tuple[str, ...]:
    """Parameters of some families, each once, in their order."""
    return tuple(dict.fromkeys(parameter.name for family in families for parameter in family.parameters))
