"""Liberty's syntax: groups, with attributes and further groups in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError

_TOKEN = re.compile(r'/\*.*?\*/|"[^"]*"|[(){}:;,]|[^\s(){}:;,"\\]+', re.DOTALL)


@dataclass(slots=True)
class Group:
    """A Liberty group: its arguments, simple and complex attributes, and the groups in it."""

    arguments: list[str]
    attributes: dict[str, list[str]]
    groups: list[tuple[str, Group]]

    def named(self, name: str) -> Iterator[Group]:
        """Groups of one kind."""
        return (group for kind, group in self.groups if kind == name)

    def text(self, name: str, default: str = "") -> str:
        """A simple attribute."""
        return " ".join(self.attributes[name]) if name in self.attributes else default


def first_group(text: str, path: Path) -> Group:
    """The first group of a text.

    Raises
    ------
    InputError : a statement that is none of Liberty's.
    """
    tokens = [token for token in _TOKEN.findall(text) if not token.startswith("/*")]
    root = Group([], {}, [])
    _statements(tokens, 0, root, path)
    return root.groups[0][1]


def _statements(tokens: list[str], at: int, group: Group, path: Path) -> int:
    """Read statements into a group up to its closing brace; the index behind it."""
    while at < len(tokens):
        name = tokens[at]
        if name == "}":
            return at + 1
        if name == ";":
            at += 1
        elif tokens[at + 1] == ":":
            end = tokens.index(";", at)
            group.attributes[name] = [token.strip('"') for token in tokens[at + 2 : end]]
            at = end + 1
        elif tokens[at + 1] == "(":
            end = tokens.index(")", at)
            arguments = [token.strip('"') for token in tokens[at + 2 : end] if token != ","]
            if end + 1 < len(tokens) and tokens[end + 1] == "{":
                inner = Group(arguments, {}, [])
                at = _statements(tokens, end + 2, inner, path)
                group.groups.append((name, inner))
            else:
                group.attributes[name] = arguments
                at = end + 1
        else:
            raise InputError(path, name, f"'{tokens[at + 1]}' is not expected here")
    return at
