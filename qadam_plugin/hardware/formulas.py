"""Numbers and conditions of a family file: the language of ``where`` with functions, for one set of values at a time.

``min`` and ``max`` take any number of arguments. ``floor``, ``ceil`` and ``exact`` take one and work it out in exact
decimal arithmetic, where 0.1 is a tenth: `floor` and `ceil` round it to a whole number, `exact` to the nearest float.
Everything else is float arithmetic in the order written.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..errors import InputError
from ..userfile import describe
from .expressions import checked_tree

FUNCTIONS = ("min", "max", "floor", "ceil", "exact")

#: Largest exponent that is worked out in whole numbers: a larger one could take for ever.
_MOST_EXACT = 64


def _power(base: Any, exponent: Any) -> Any:
    return base**exponent if abs(exponent) <= _MOST_EXACT else float(base) ** float(exponent)


_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}

_COMPARISON: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}

Values = Mapping[str, object]

_FIELD = re.compile(r"\{([^{}:]+)(?::\.([1-9])g)?\}")


@dataclass(frozen=True)
class Formula:
    """A checked formula.

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

    def number(self, values: Values) -> int | float:
        """The number that it gives.

        Raises
        ------
        InputError : it gives none, or computes with words, divides by zero, or becomes too large.
        """
        found = self._result(values)
        if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
            raise self._error(f"a number is wanted, not {describe(found)}", values)
        return found

    def whole(self, values: Values) -> int:
        """The whole number of at least 1 that it gives.

        Raises
        ------
        InputError : it gives none.
        """
        found = self.number(values)
        if found != int(found) or found < 1:
            raise self._error(f"a whole number of at least 1 is wanted, not {found:g}", values)
        return int(found)

    def true(self, values: Values) -> bool:
        """Whether the condition holds.

        Raises
        ------
        InputError : it is no condition, or as for `number`.
        """
        found = self._result(values)
        if not isinstance(found, bool):
            raise self._error("a comparison is wanted", values)
        return found

    def _result(self, values: Values) -> Any:
        try:
            found = _value(self._tree, values, False)
        except ZeroDivisionError:
            raise self._error("divides by zero", values) from None
        except OverflowError:
            raise self._error("is too large a number", values) from None
        except (TypeError, ValueError):
            raise self._error("computes with a word, or takes other arguments", values) from None
        return float(found) if isinstance(found, Fraction) else found

    def _error(self, message: str, values: Values) -> InputError:
        used = ", ".join(f"{name} {values[name]}" for name in sorted(self.names))
        return InputError(self.source, self.key, f"'{self.text}'{f' with {used}' if used else ''}: {message}")


def _value(node: ast.expr, values: Values, exact: bool) -> Any:
    """Value of a checked tree; `exact` turns every number into a fraction."""
    match node:
        case ast.Constant(value=value):
            return _number(value, exact)
        case ast.Name(id=name):
            return _number(values[name], exact)
        case ast.BinOp(left=left, op=op, right=right):
            sides = _value(left, values, exact), _value(right, values, exact)
            if any(isinstance(side, str) for side in sides):
                raise TypeError
            return _ARITHMETIC[type(op)](*sides)
        case ast.UnaryOp(op=op, operand=operand):
            found = _value(operand, values, exact)
            if isinstance(op, ast.Not):
                return not found
            return -found if isinstance(op, ast.USub) else +found
        case ast.BoolOp(op=op, values=operands):
            together = all if isinstance(op, ast.And) else any
            return together(_value(item, values, exact) for item in operands)
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            sides = [_value(item, values, exact) for item in (left, *comparators)]
            return all(_COMPARISON[type(op)](a, b) for op, a, b in zip(ops, sides, sides[1:], strict=False))
        case ast.Call(func=ast.Name(id="min" | "max" as name), args=args):
            found = [_value(item, values, exact) for item in args]
            return (min if name == "min" else max)(found)
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            found = _value(argument, values, True)
            if name == "exact":
                return found if exact else float(found)
            return math.floor(found) if name == "floor" else math.ceil(found)
        case ast.Call():
            raise TypeError
        case _:
            raise AssertionError(f"unchecked node {node!r}")


def _number(value: object, exact: bool) -> object:
    return Fraction(str(value)) if exact and isinstance(value, int | float) and not isinstance(value, bool) else value


def parse_formula(written: object, names: Collection[str], source: object, key: str) -> Formula:
    """Check a formula: a number, or text in the language.

    Raises
    ------
    InputError : neither, or an unknown name; the message has the column.
    """
    if isinstance(written, bool) or not isinstance(written, int | float | str):
        raise InputError(source, key, f"a number or a formula is wanted, not {describe(written)}")
    tree, used = checked_tree(str(written), names, source, key, FUNCTIONS)
    return Formula(str(written).strip(), used, str(source), key, tree)


@dataclass(frozen=True)
class Words:
    """A text with formulas in braces, each with the digits that it is written to; None: as many as it needs."""

    pieces: tuple[str | tuple[Formula, int | None], ...]

    def text(self, values: Values, write: Callable[[float], str] | None = None) -> str:
        """The text with numbers in the place of formulas; `write` writes those that are no whole numbers by kind."""
        return "".join(piece if isinstance(piece, str) else _written(*piece, values, write) for piece in self.pieces)


def parse_words(text: str, names: Collection[str], source: object, key: str) -> Words:
    """Check a text such as ``{rows} x {cols} PEs, share {1 - share:.4g}``.

    Raises
    ------
    InputError : a formula in it cannot be read, or a brace stands alone.
    """
    pieces: list[str | tuple[Formula, int | None]] = []
    end = 0
    for match in _FIELD.finditer(text):
        pieces.append(text[end : match.start()])
        pieces.append((parse_formula(match[1], names, source, key), int(match[2]) if match[2] else None))
        end = match.end()
    pieces.append(text[end:])
    if any(brace in piece for piece in pieces if isinstance(piece, str) for brace in "{}"):
        raise InputError(source, key, "a brace stands alone; formulas stand as {rows} or {share:.4g}")
    return Words(tuple(pieces))


def _written(formula: Formula, digits: int | None, values: Values, write: Callable[[float], str] | None) -> str:
    found = formula.number(values)
    if isinstance(found, int) and digits is None:
        return str(found)
    if write is not None and digits is None:
        return write(found)
    return f"{found:.{digits}g}" if digits else f"{found:g}"
