"""Conditions on results as SQL, so that rows that nobody wants never leave the database.

What SQL cannot say exactly as the language of ``where`` means it is left out, in a way that lets more rows through: a
condition here is met by every row that meets the person's, and `Expression.mask` has the last word.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..hardware.expressions import Expression
from .results import LISTS, sql_of

#: Larger whole numbers are not exact as floating-point numbers, in which one side of a comparison may be.
_LARGEST = 2**53

#: Levels of an expression that SQLite is given at most: its parser has a stack of 100, and a level takes up to three.
_DEEPEST = 15

_ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_COMPARISON: dict[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "="}


@dataclass(frozen=True, slots=True)
class SQLCondition:
    """A condition in a statement of `StoredResults.results`.

    Attributes
    ----------
    text : SQL with a question mark for each of `values`; every part of it is true or false, never NULL.
    """

    text: str
    values: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class _Value:
    """A number or a word in SQL."""

    text: str
    values: tuple[object, ...]
    word: bool


def sql_condition(condition: Expression, kinds: Mapping[str, str], shared: Mapping[str, object]) -> SQLCondition | None:
    """What SQL can say of a condition; None for nothing.

    Parameters
    ----------
    kinds : kind of value by column of ``results.csv``.
    shared : columns that all results have one value in.
    """
    level: list[ast.AST] = [condition.tree]
    for _ in range(_DEEPEST):
        level = [part for node in level for part in ast.iter_child_nodes(node)]
    return None if level else _Translation(kinds, shared).weaker(condition.tree)


def joined(parts: Sequence[SQLCondition], word: str) -> SQLCondition:
    """Conditions, of which there is at least one, joined with AND or OR."""
    text = f" {word} ".join(part.text for part in parts)
    return SQLCondition(f"({text})", tuple(value for part in parts for value in part.values))


class _Translation:
    """From a checked tree to SQL; None where SQL has no equal of a node."""

    def __init__(self, kinds: Mapping[str, str], shared: Mapping[str, object]) -> None:
        self._kinds, self._shared = kinds, shared

    def weaker(self, node: ast.expr) -> SQLCondition | None:
        """A condition that rows that meet `node` meet too."""
        match node:
            case ast.BoolOp(op=ast.And(), values=operands):
                parts = [part for item in operands if (part := self.weaker(item)) is not None]
                return joined(parts, "AND") if parts else None
            case ast.BoolOp(op=ast.Or(), values=operands):
                return _all_of([self.weaker(item) for item in operands], "OR")
            case _:
                return self.exact(node)

    def exact(self, node: ast.expr) -> SQLCondition | None:
        """A condition that exactly the rows that meet `node` meet."""
        match node:
            case ast.Name(id=name) if self._kinds.get(name) == "flag":
                return SQLCondition(f"({sql_of(name)}) IS TRUE")
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                found = self.exact(operand)
                return None if found is None else SQLCondition(f"NOT ({found.text})", found.values)
            case ast.BoolOp(op=op, values=operands):
                return _all_of([self.exact(item) for item in operands], "AND" if isinstance(op, ast.And) else "OR")
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                sides = [self._value(item) for item in (left, *comparators)]
                return _all_of([_compared(*step) for step in zip(ops, sides, sides[1:], strict=False)], "AND")
            case _:
                return None

    def _value(self, node: ast.expr) -> _Value | None:
        match node:
            case ast.Constant(value=value):
                return _constant(value)
            case ast.Name(id=name):
                return self._column(name)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as op, operand=operand):
                found = self._value(operand)
                sign = "-" if isinstance(op, ast.USub) else "+"
                return None if found is None or found.word else _Value(f"({sign}{found.text})", found.values, False)
            case ast.BinOp(left=left, op=ast.Div(), right=ast.Constant(value=by) as right) if by:
                # Division by a column is left out: by zero it is NULL here, and an infinity there.
                return self._computed(left, "* 1.0 /", right)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return self._computed(left, _ARITHMETIC[type(op)], right)
            case _:
                return None

    def _computed(self, left: ast.expr, operator: str, right: ast.expr) -> _Value | None:
        first, second = self._value(left), self._value(right)
        if first is None or second is None or first.word or second.word:
            return None
        return _Value(f"({first.text} {operator} {second.text})", first.values + second.values, False)

    def _column(self, name: str) -> _Value | None:
        if name in self._shared:
            return _constant(self._shared[name])
        kind = self._kinds.get(name)
        # Runs are read apart, and lists are words of another form.
        if name == "runs" or name in LISTS or kind not in ("text", "integer", "number"):
            return None
        return _Value(f"({sql_of(name)})", (), kind == "text")


def _constant(value: Any) -> _Value | None:
    if isinstance(value, str):
        # The rest of a word after a zero is not compared.
        return _Value("?", (value,), True) if "\0" not in value and value.isprintable() else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _Value("?", (value,), False) if abs(value) <= _LARGEST else None


def _compared(op: ast.cmpop, left: _Value | None, right: _Value | None) -> SQLCondition | None:
    if left is None or right is None or left.word != right.word:
        return None
    values = left.values + right.values
    if isinstance(op, ast.NotEq):
        # A number that is not there differs from every one, as NaN does.
        return SQLCondition(f"({left.text} = {right.text}) IS NOT TRUE", values)
    return SQLCondition(f"({left.text} {_COMPARISON[type(op)]} {right.text}) IS TRUE", values)


def _all_of(parts: Sequence[SQLCondition | None], word: str) -> SQLCondition | None:
    known = [part for part in parts if part is not None]
    return joined(known, word) if len(known) == len(parts) else None
