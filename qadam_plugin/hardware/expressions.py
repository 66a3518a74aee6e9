"""The language of ``where``: arithmetic, comparison, and, or, not on names. Parsed here, never run as Python."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import InputError
from .language import Checked, Reading, checked_tree


@dataclass(frozen=True)
class Expression(Checked):
    """A checked condition."""

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

    def refuse_mixed(self, words: Collection[str]) -> None:
        """Refuse to ask whether a word equals a number: names in `words` are always words, others never.

        Raises
        ------
        InputError : such a comparison; the message has its place.
        """
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Compare):
                for left, right in pairwise((node.left, *node.comparators)):
                    if _is_word(left, words) != _is_word(right, words):
                        raise _error(self, node, "compares a word with a number; words are quoted, such as 'int16'")

    def _evaluate(self, values: Mapping[str, Any]) -> Any:
        with np.errstate(all="ignore"):
            return _OnArrays(self, values).value(self.tree)


def _is_word(node: ast.expr, words: Collection[str]) -> bool:
    return node.id in words if isinstance(node, ast.Name) else isinstance(getattr(node, "value", None), str)


def _error(found: Expression, node: ast.expr, message: str) -> InputError:
    part = ast.get_source_segment(found.text, node) or found.text
    return InputError(found.source, found.key, f"'{part}' (column {node.col_offset + 1}) {message}")


class _OnArrays(Reading):
    """Numbers, words and truth values, single ones or arrays of one length."""

    def __init__(self, expression: Expression, values: Mapping[str, Any]) -> None:
        self._expression, self._values = expression, values

    def named(self, name: str) -> Any:
        return self._values[name]

    def truth(self, node: ast.expr) -> Any:
        value = self.value(node)
        if np.asarray(value).dtype != bool:
            raise _error(self._expression, node, "a comparison is wanted here, such as 'rows > 8'")
        return value

    def opposite(self, truth: Any) -> Any:
        return np.logical_not(truth)

    def together(self, every: bool, parts: Iterator[Any]) -> Any:
        return (np.logical_and if every else np.logical_or).reduce(np.broadcast_arrays(*parts))

    def power(self, base: Any, exponent: Any) -> Any:
        return base ** np.asarray(exponent, dtype=float)

    def compute(self, function: Callable[[Any, Any], Any], node: ast.expr, left: Any, right: Any) -> Any:
        # Python would repeat and join words; a long word times a large number would also eat the memory.
        if any(np.asarray(item).dtype.kind in "USO" for item in (left, right)):
            raise _error(self._expression, node, "computes with a word")
        return self.apply(function, node, left, right)

    def apply(self, function: Callable[..., Any], node: ast.expr, *operands: Any) -> Any:
        try:
            return function(*operands)
        except TypeError:
            raise _error(self._expression, node, "compares a word with a number") from None
        except ZeroDivisionError:
            raise _error(self._expression, node, "divides by zero") from None
        except OverflowError:
            raise _error(self._expression, node, "is too large a number") from None


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
