"""Liberty's boolean expressions: functions of cells, and conditions of their arcs."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

_OPERATORS = re.compile(r"[!&|^()'*+]|\w+")


def evaluate(expression: str, values: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Worth of a Liberty boolean expression for arrays of pin values (all of one shape).

    Raises
    ------
    KeyError : a pin without value.
    """
    tokens = _OPERATORS.findall(expression)
    shape = next(iter(values.values())).shape
    at = 0

    def primary() -> NDArray[np.bool_]:
        nonlocal at
        token = tokens[at]
        at += 1
        if token == "!":
            return ~primary()
        if token == "(":
            result = either()
            at += 1
        elif token in ("0", "1"):
            result = np.full(shape, token == "1")
        else:
            result = values[token]
        while at < len(tokens) and tokens[at] == "'":
            at += 1
            result = ~result
        return result

    def exclusive() -> NDArray[np.bool_]:
        nonlocal at
        result = primary()
        while at < len(tokens) and tokens[at] == "^":
            at += 1
            result = result ^ primary()
        return result

    def both() -> NDArray[np.bool_]:
        nonlocal at
        result = exclusive()
        while at < len(tokens) and tokens[at] in "&*":
            at += 1
            result = result & exclusive()
        return result

    def either() -> NDArray[np.bool_]:
        nonlocal at
        result = both()
        while at < len(tokens) and tokens[at] in "|+":
            at += 1
            result = result | both()
        return result

    return either()
