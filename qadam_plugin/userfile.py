"""Reading and checking the YAML files that a person writes: every mistake becomes one `InputError`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from .errors import InputError

Model = TypeVar("Model", bound=BaseModel)


class UniqueKeyLoader(yaml.SafeLoader):
    """PyYAML's safe loader, minus two surprises: a key written twice is refused, and ``1e-9`` is a number."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping; a repeated key raises `yaml.constructor.ConstructorError` at its place."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, list | dict):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a plain word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key '{key}' is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


# YAML 1.1, as PyYAML reads it, wants a dot and a sign (1.0e-9); people and Timeloop's files write 1e-9.
UniqueKeyLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def read_text(path: str | Path) -> str:
    """Text of a file (UTF-8).

    Raises
    ------
    InputError : the file is missing, is a folder, cannot be read or is not text.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(path, "", "no such file") from None
    except IsADirectoryError:
        raise InputError(path, "", "is a folder; a file is wanted") from None
    except UnicodeDecodeError:
        raise InputError(path, "", "is not a text file (UTF-8)") from None
    except OSError as error:
        raise InputError(path, "", f"cannot be read: {error.strerror}") from None


def parse_yaml(text: str, source: object, loader: type[yaml.SafeLoader] = UniqueKeyLoader) -> Any:
    """Parse YAML text; `source` names it in messages.

    Raises
    ------
    InputError : not valid YAML; the message has line and column.
    """
    try:
        return yaml.load(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise InputError(source, "", f"not valid YAML: {error.problem}{place}") from None
    except yaml.YAMLError as error:
        raise InputError(source, "", f"not valid YAML: {str(error).splitlines()[0]}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(source, "", f"not valid YAML: {error}") from None


def parse_mapping(text: str, source: object) -> dict[str, Any]:
    """Parse YAML text whose top is a mapping with words as keys. An empty text is an empty mapping.

    Raises
    ------
    InputError : not valid YAML, or the top is no mapping.
    """
    data = parse_yaml(text, source)
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise InputError(source, "", f"a mapping of keys to values is wanted, not {describe(data)}")
    for key in data:
        if not isinstance(key, str):
            raise InputError(source, str(key), "a key must be a word")
    return data


def describe(value: object) -> str:
    """What a YAML value is, in words for messages: ``true`` is 'a yes/no value', ``3`` is '3'."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"a yes/no value ({str(value).lower()})"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a mapping"
    return str(value) if isinstance(value, int | float) else f"'{value}'"


def suggestion(word: str, known: Collection[str]) -> str:
    """``; did you mean 'rows'?`` for a near miss, else the list of what is known."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else f"known are: {', '.join(known)}"


def validate(model: type[Model], data: object, source: object, prefix: str = "") -> Model:
    """Check `data` against a pydantic model; the first mistake becomes an `InputError`.

    Parameters
    ----------
    prefix : key path in front of the model's own keys, for a model nested by hand.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=True)
        # A misspelt key also leaves the right one missing: name the misspelling.
        first = next((item for item in found if item["type"] == "extra_forbidden"), found[0])
        key, message = _explain(model, first)
        path = ".".join(part for part in (prefix, key) if part)
        raise InputError(source, path, message) from None


def _explain(model: type[BaseModel], error: Any) -> tuple[str, str]:
    """Key path and message of one pydantic error."""
    location, kind, value = error["loc"], error["type"], error["input"]
    # Members of a union leave their names in the path ('constrained-str', class names): keep real keys.
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif re.fullmatch(r"[a-z][A-Za-z0-9_]*", part) and part not in _TYPE_NAMES:
            path += f".{part}" if path else part
    if kind == "extra_forbidden":
        return path, f"unknown key; {suggestion(str(location[-1]), _fields(model, location[:-1]))}"
    if kind == "missing":
        return path, "is missing"
    if kind == "value_error":
        return path, str(error["ctx"]["error"])
    wanted = _WANTED.get(kind)
    for bound, words in _BOUNDS.items():
        if bound in (error.get("ctx") or {}):
            wanted = f"{words} {error['ctx'][bound]:g}"
    if wanted is None:
        wanted = error["msg"][0].lower() + error["msg"][1:].removeprefix("Input should be ")
        wanted = wanted.replace("input should be ", "")
    return path, f"{wanted} is wanted, not {describe(value)}"


def _fields(model: type[BaseModel], location: tuple[Any, ...]) -> list[str]:
    """Field names of the model, or of the nested model that `location` leads to."""
    current: type[BaseModel] = model
    for part in location:
        field = current.model_fields.get(part) if isinstance(part, str) else None
        for candidate in _models_in(field.annotation) if field else ():
            current = candidate
            break
    return [field.alias or name for name, field in current.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]


_TYPE_NAMES = frozenset({"int", "float", "str", "bool", "list", "dict"})

_BOUNDS = {"ge": "at least", "le": "at most", "gt": "more than", "lt": "less than"}

_WANTED = {
    "int_type": "an integer",
    "int_parsing": "an integer",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "a word",
    "list_type": "a list",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
