"""Numbers and conditions of a family file: the language of ``where`` with functions, for one set of values at a time.

``min`` and ``max`` take any number of arguments. ``floor``, ``ceil`` and ``exact`` take one and work it out in exact
decimal arithmetic, where 0.1 is a tenth: `floor` and `ceil` round it to a whole number, `exact` to the nearest float.
Everything else is float arithmetic in the order written.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from ..errors import InputError
from ..userfile import describe
from .language import Checked, Reading, checked_tree

FUNCTIONS = ("min", "max", "floor", "ceil", "exact")

#: Largest exponent that is worked out in whole numbers: a larger one could take for ever.
_MOST_EXACT = 64


Values = Mapping[str, object]

_FIELD = re.compile(r"\{([^{}:]+)(?::\.([1-9])g)?\}")


@dataclass(frozen=True)
class Formula(Checked):
    """A checked formula."""

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
            return _worked_out(self, *(values[name] for name in self.names))
        except ZeroDivisionError:
            raise self._error("divides by zero", values) from None
        except OverflowError:
            raise self._error("is too large a number", values) from None
        except (TypeError, ValueError):
            raise self._error("computes with a word, or takes other arguments", values) from None

    def _error(self, message: str, values: Values) -> InputError:
        used = ", ".join(f"{name} {values[name]}" for name in sorted(self.names))
        return InputError(self.source, self.key, f"'{self.text}'{f' with {used}' if used else ''}: {message}")


@lru_cache(maxsize=1 << 14, typed=True)
def _worked_out(formula: Formula, *values: object) -> Any:
    """Value of a formula with the values of its names, in their order: designs share most of them."""
    found = _OnNumbers(dict(zip(formula.names, values, strict=True))).value(formula.tree)
    return float(found) if isinstance(found, Fraction) else found


class _OnNumbers(Reading):
    """Single numbers, words and truth values; `exact` turns every number into a fraction."""

    def __init__(self, values: Values, exact: bool = False) -> None:
        self._values, self._exact = values, exact

    def constant(self, value: object) -> Any:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return Fraction(str(value)) if self._exact and number else value

    def named(self, name: str) -> Any:
        return self.constant(self._values[name])

    def opposite(self, truth: Any) -> Any:
        return not truth

    def together(self, every: bool, parts: Iterator[Any]) -> Any:
        return (all if every else any)(parts)

    def power(self, base: Any, exponent: Any) -> Any:
        return base**exponent if abs(exponent) <= _MOST_EXACT else float(base) ** float(exponent)

    def compute(self, function: Callable[[Any, Any], Any], node: ast.expr, left: Any, right: Any) -> Any:
        if isinstance(left, str) or isinstance(right, str):
            raise TypeError
        return function(left, right)

    def call(self, name: str, args: list[ast.expr]) -> Any:
        if name in ("min", "max"):
            return (min if name == "min" else max)([self.value(item) for item in args])
        if len(args) != 1:
            raise TypeError
        found = _OnNumbers(self._values, exact=True).value(args[0])
        if name == "exact":
            return found if self._exact else float(found)
        return math.floor(found) if name == "floor" else math.ceil(found)


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
