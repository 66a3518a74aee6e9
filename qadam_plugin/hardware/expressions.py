"""The language of ``where``: arithmetic, comparison, and, or, not on names. Parsed here, never run as Python.

Python's own grammar is borrowed through `ast.parse`, which builds a tree and runs nothing; every node that is not
listed in this file is refused with its place.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

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
    ast.Pow: lambda base, exponent: base ** np.asarray(exponent, dtype=float),
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
class Expression:
    """A checked condition.

    Attributes
    ----------
    text : as written.
    names : the names that it uses.
    source, key : where it stands, for messages.
    """

    text: str
    names: frozenset[str]
    source: str
    key: str
    _tree: ast.expr

    def test(self, values: Mapping[str, object]) -> bool:
        """Truth for one set of values.

        Raises
        ------
        InputError : a division by zero, or a word where a number is needed.
        """
        return bool(np.all(self._evaluate(values)))

    def mask(self, columns: Mapping[str, Any]) -> np.ndarray:
        """Truth row by row.

        Parameters
        ----------
        columns : one array per name, all of one length [rows]; a pandas DataFrame is one too.

        Returns
        -------
        bool array [rows]. A comparison with NaN is false; dividing by zero gives infinity or NaN.

        Raises
        ------
        InputError : a word where a number is needed.
        """
        rows = len(columns[next(iter(columns))]) if len(columns) else 0
        arrays = {name: np.asarray(columns[name]) for name in self.names}
        return np.broadcast_to(np.asarray(self._evaluate(arrays), dtype=bool), (rows,)).copy()

    def _evaluate(self, values: Mapping[str, Any]) -> Any:
        with np.errstate(all="ignore"):
            return self._node(self._tree, values)

    def _node(self, node: ast.expr, values: Mapping[str, Any]) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return values[name]
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return np.logical_not(self._truth(operand, values))
            case ast.UnaryOp(op=op, operand=operand):
                negate = operator.neg if isinstance(op, ast.USub) else operator.pos
                return self._apply(negate, node, self._node(operand, values))
            case ast.BoolOp(op=op, values=operands):
                combine = np.logical_and if isinstance(op, ast.And) else np.logical_or
                return combine.reduce(np.broadcast_arrays(*(self._truth(item, values) for item in operands)))
            case ast.BinOp(left=left, op=op, right=right):
                operands = (self._node(left, values), self._node(right, values))
                # Python would repeat and join words; a long word times a large number would also eat the memory.
                if any(np.asarray(item).dtype.kind in "USO" for item in operands):
                    raise self._error(node, "computes with a word")
                return self._apply(_ARITHMETIC[type(op)], node, *operands)
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                sides = [self._node(item, values) for item in (left, *comparators)]
                pairs = zip(ops, sides, sides[1:], strict=False)
                steps = [self._apply(_COMPARISON[type(op)], node, first, second) for op, first, second in pairs]
                return np.logical_and.reduce(np.broadcast_arrays(*steps))
            case _:
                raise AssertionError(f"unchecked node {node!r}")

    def _truth(self, node: ast.expr, values: Mapping[str, Any]) -> Any:
        value = self._node(node, values)
        if np.asarray(value).dtype != bool:
            raise self._error(node, "a comparison is wanted here, such as 'rows > 8'")
        return value

    def _apply(self, function: Callable[..., Any], node: ast.expr, *operands: Any) -> Any:
        try:
            return function(*operands)
        except TypeError:
            raise self._error(node, "compares a word with a number") from None
        except ZeroDivisionError:
            raise self._error(node, "divides by zero") from None
        except OverflowError:
            raise self._error(node, "is too large a number") from None

    def _error(self, node: ast.expr, message: str) -> InputError:
        part = ast.get_source_segment(self.text, node) or self.text
        return InputError(self.source, self.key, f"'{part}' (column {node.col_offset + 1}) {message}")


def parse(text: str, names: Collection[str], source: object = "--where", key: str = "") -> Expression:
    """Check a condition such as ``rows * cols <= 256 and pe_type == "int16"``.

    Parameters
    ----------
    names : the names that it may use.
    source, key : where it stands, for messages.

    Raises
    ------
    InputError : not an expression, an unknown name, or anything outside the language; the message has the column.
    """
    tree, used = checked_tree(text, names, source, key)
    stripped = text.strip()
    if not isinstance(tree, ast.Compare | ast.BoolOp | ast.Name) and not (
        isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not)
    ):
        raise InputError(source, key, f"'{stripped}' is no condition; a comparison such as 'rows > 8' is wanted")
    return Expression(stripped, used, str(source), key, tree)


def checked_tree(
    text: str, names: Collection[str], source: object, key: str, functions: Collection[str] = ()
) -> tuple[ast.expr, frozenset[str]]:
    """The tree of an expression of which every node is in the language, and the names that it uses.

    Parameters
    ----------
    functions : that it may call, with plain arguments.

    Raises
    ------
    InputError : as `parse`, apart from what is no condition.
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
            if type(op) not in _ARITHMETIC:
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
