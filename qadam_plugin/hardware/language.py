"""The language of conditions and formulas: which expressions are in it, and how one is worked out.

Python's own grammar is borrowed through `ast.parse`, which builds a tree and runs nothing; every node that is not
listed in this file is refused with its place. What numbers, words and truth are is said by `Reading`.
"""

from __future__ import annotations

import ast
import operator
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from ..userfile import suggestion

_MAX_LENGTH = 1000

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}

_COMPARISON: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}

_ALLOWED = "allowed are names, numbers, quoted words, + - * / // % **, < <= > >= == !=, and, or, not, parentheses"


@dataclass(frozen=True)
class Checked:
    """An expression of which every node is in the language.

    Attributes
    ----------
    text : as written.
    names : the names that it uses.
    source, key : where it stands, for messages.
    tree : its nodes.
    """

    text: str
    names: frozenset[str]
    source: str
    key: str
    tree: ast.expr


class Reading(ABC):
    """Works out checked trees. Sides of an operator are worked out before it, in the order written."""

    def value(self, node: ast.expr) -> Any:
        """Value of a checked tree."""
        match node:
            case ast.Constant(value=value):
                return self.constant(value)
            case ast.Name(id=name):
                return self.named(name)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.opposite(self.truth(operand))
            case ast.UnaryOp(op=op, operand=operand):
                sign = operator.neg if isinstance(op, ast.USub) else operator.pos
                return self.apply(sign, node, self.value(operand))
            case ast.BinOp(left=left, op=op, right=right):
                function = self.power if isinstance(op, ast.Pow) else _ARITHMETIC[type(op)]
                return self.compute(function, node, self.value(left), self.value(right))
            case ast.BoolOp(op=op, values=operands):
                return self.together(isinstance(op, ast.And), (self.truth(item) for item in operands))
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                sides = [self.value(item) for item in (left, *comparators)]
                pairs = zip(ops, sides, sides[1:], strict=False)
                return self.together(True, (self.apply(_COMPARISON[type(op)], node, a, b) for op, a, b in pairs))
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.call(name, args)
            case _:
                raise AssertionError(f"unchecked node {node!r}")

    def constant(self, value: object) -> Any:
        """A number or word as written."""
        return value

    @abstractmethod
    def named(self, name: str) -> Any:
        """What a name stands for."""

    def truth(self, node: ast.expr) -> Any:
        """Value of what stands beside `and`, `or`, `not`."""
        return self.value(node)

    @abstractmethod
    def opposite(self, truth: Any) -> Any:
        """What `not` makes of it."""

    @abstractmethod
    def together(self, every: bool, parts: Iterator[Any]) -> Any:
        """Whether every part is true, or else any; parts may be left unread."""

    @abstractmethod
    def power(self, base: Any, exponent: Any) -> Any:
        """``**``."""

    @abstractmethod
    def compute(self, function: Callable[[Any, Any], Any], node: ast.expr, left: Any, right: Any) -> Any:
        """Arithmetic of two sides, which may be words."""

    def apply(self, function: Callable[..., Any], node: ast.expr, *operands: Any) -> Any:
        """A comparison, or a sign."""
        return function(*operands)

    def call(self, name: str, args: list[ast.expr]) -> Any:
        """A function of the language; those who check trees with functions have some."""
        raise AssertionError(f"unchecked function {name}")


def checked_tree(
    text: str, names: Collection[str], source: object, key: str, functions: Collection[str] = ()
) -> tuple[ast.expr, frozenset[str]]:
    """The tree of an expression of which every node is in the language, and the names that it uses.

    Parameters
    ----------
    functions : that it may call, with plain arguments.

    Raises
    ------
    InputError : not an expression, an unknown name, or anything outside the language; the message has the column.
    """
    if len(text) > _MAX_LENGTH:
        raise InputError(source, key, f"an expression has at most {_MAX_LENGTH} characters, this one {len(text)}")
    stripped = text.strip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(stripped, mode="eval").body
    except SyntaxError as error:
        hint = "; compare with ==" if "=" in stripped and "==" not in stripped else ""
        raise InputError(source, key, f"'{stripped}' is no expression (column {error.offset or 1}){hint}") from None
    except (ValueError, MemoryError, RecursionError):
        raise InputError(source, key, f"'{stripped[:60]}' is no expression; {_ALLOWED}") from None
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    used: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in called and isinstance(node, ast.Name) and node.id in functions:
            continue
        if isinstance(node, ast.Call) and functions and not node.keywords:
            known = f"known functions are: {', '.join(functions)}"
            if not isinstance(node.func, ast.Name) or node.func.id not in functions:
                raise InputError(source, key, f"'{ast.unparse(node.func)}' (column {node.col_offset + 1}): {known}")
            continue
        _check(node, names, stripped, (source, key), used)
    return tree, frozenset(used)


def _check(node: ast.AST, names: Collection[str], text: str, where: tuple[object, str], used: set[str]) -> None:
    """Refuse a node outside the language; collect the names."""
    column = getattr(node, "col_offset", 0) + 1
    match node:
        case ast.Name(id=name):
            if name not in names:
                raise InputError(*where, f"unknown name '{name}' (column {column}); {suggestion(name, names)}")
            used.add(name)
        case ast.Constant(value=value):
            if not isinstance(value, bool | int | float | str):
                raise InputError(*where, f"'{value!r}' (column {column}) is not allowed; {_ALLOWED}")
        case ast.BinOp(op=op):
            if type(op) not in (*_ARITHMETIC, ast.Pow):
                raise InputError(*where, f"operator at column {column} is not allowed; {_ALLOWED}")
        case ast.Compare(ops=ops):
            if any(type(op) not in _COMPARISON for op in ops):
                raise InputError(*where, f"comparison at column {column} is not allowed; {_ALLOWED}")
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.UAdd()) | ast.BoolOp():
            pass
        case ast.operator() | ast.unaryop() | ast.boolop() | ast.cmpop() | ast.Load():
            pass
        case _:
            part = ast.get_source_segment(text, node) if isinstance(node, ast.expr) else None  # type: ignore[arg-type]
            raise InputError(*where, f"'{part or text}' (column {column}) is not allowed; {_ALLOWED}")
