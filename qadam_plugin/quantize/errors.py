"""Where a search gets the error of a setting from: a table, a Python function, or quantisation noise."""

from __future__ import annotations

import importlib
import inspect
import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError, QadamError, RunError
from ..userfile import suggestion
from ..usertable import UserTable, read_table
from ..workloads.bits import Step
from .noise import gaussian_noise_to_signal, noise_to_signal
from .settings import Widths

#: What values of activations are taken to be: after a ReLU the positive half of a Gaussian, else all of it.
ACTIVATIONS = {"relu": False, "gaussian": True}

_OPERANDS = ("activations", "weights")

#: Columns of measured settings, and of errors that add up.
_LISTED, _ADDED = ("bits", "accuracy"), ("layer", "operand", "bits", "error")


class ErrorSource(ABC):
    """How far from perfect a network is with some bits: smaller is better, never below zero.

    Attributes
    ----------
    name : the column of the results, which says what it is.
    kept : what the errors are kept under, because they are dear; None where they are found again at no cost.
    """

    name: str
    kept: str | None = None

    @abstractmethod
    def error(self, widths: Widths) -> float:
        """The error of a setting."""


@dataclass(frozen=True)
class AddedErrors(ErrorSource):
    """Errors of single operands that add up over the layers.

    Attributes
    ----------
    parts : by step, operand (0 activations, 1 weights) and bits.
    """

    name: str
    parts: Callable[[int, int, int], float]
    kept = None

    def error(self, widths: Widths) -> float:
        return math.fsum(
            self.parts(at, place, bits) for at, pair in enumerate(widths) for place, bits in enumerate(pair)
        )


class NoiseProxy:
    """Quantisation noise: noise-to-signal ratio of every layer's weights and activations, each with its best range.

    Their sum over all layers is the noise-to-signal ratio of the network's output if every layer hands on noise as it
    hands on signal, and noises are small and independent. No accuracy: it orders settings, as far as that holds.

    Parameters
    ----------
    steps : the layers.
    weights : values by layer; None: Gaussian ones, as layers begin (He et al. 2015); their variance drops out.
    activations : one of `ACTIVATIONS`, for every layer.
    """

    def __init__(
        self, steps: Sequence[Step], weights: Mapping[str, npt.NDArray[np.floating]] | None, activations: str
    ) -> None:
        self._names = [step.name for step in steps]
        self._weights, self._signed = weights, ACTIVATIONS[activations]
        self._known: dict[tuple[str, int, int], float] = {}

    def __call__(self, step: int, operand: int, bits: int) -> float:
        """Noise-to-signal ratio of one operand of a layer."""
        given = self._weights if operand else None
        key = (self._names[step] if given is not None else "", operand, bits)
        found = self._known.get(key)
        if found is None:
            if given is not None:
                found = noise_to_signal(np.asarray(given[key[0]], np.float64), bits)
            else:
                found = gaussian_noise_to_signal(bits, signed=bool(operand) or self._signed)
            self._known[key] = found
        return found


PROXY = "quantization_noise_proxy"


def noise_proxy(
    steps: Sequence[Step], weights: Mapping[str, npt.NDArray[np.floating]] | None, activations: str
) -> ErrorSource:
    """The built-in proxy as a source of errors.

    Raises
    ------
    InputError : unknown activations.
    """
    if activations not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise InputError("--activations", "", f"unknown distribution '{activations}'; known: {known}")
    return AddedErrors(PROXY, NoiseProxy(steps, weights, activations))


class FunctionError(ErrorSource):
    """What a Python function says: called with {layer: (activations, weights)}, it gives the error as a number.

    Parameters
    ----------
    text : what messages call it.
    """

    name = "error"

    def __init__(self, function: Callable[[dict[str, tuple[int, int]]], Any], steps: Sequence[Step], text: str) -> None:
        self._text, self._function, self._names = text, function, [step.name for step in steps]

    @cached_property
    def kept(self) -> str | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Name and source of the function: what it calls may change unseen."""
        try:
            source = inspect.getsource(self._function)
        except (OSError, TypeError):
            return None
        return f"{self._text}\n{source}\n{' '.join(self._names)}"

    def error(self, widths: Widths) -> float:
        try:
            value = float(self._function(dict(zip(self._names, widths, strict=True))))
        except QadamError:
            raise
        except Exception as failure:
            raise RunError(f"{self._text} failed ({type(failure).__name__}: {failure})") from failure
        if not (math.isfinite(value) and value >= 0):
            raise RunError(f"{self._text} gave {value}; an error is a finite number, zero or more")
        return value


def function_error(text: str, steps: Sequence[Step], option: str = "--accuracy-callable") -> FunctionError:
    """The function of a ``module:function``; modules of the current folder are found.

    Raises
    ------
    InputError : the text is no such thing, or there is no such function.
    """
    module, colon, attribute = text.partition(":")
    if not (module and colon and attribute):
        raise InputError(option, "", f"'{text}' is no function; one such as mymodule:error is wanted")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as failure:
        raise InputError(option, "", f"{text} cannot be loaded ({type(failure).__name__}: {failure})") from None
    if not callable(found):
        raise InputError(option, "", f"{text} is no function")
    return FunctionError(found, steps, text)


def _added_errors(table: UserTable, steps: Sequence[Step]) -> AddedErrors:
    """Errors that add up, by layer, operand (``activations`` or ``weights``) and bits.

    Layers and bits that it does not have cost nothing only where they are not searched: asking for one is an error.

    Raises
    ------
    InputError : names file, line and column.
    """
    path, names = table.path, {step.name: at for at, step in enumerate(steps)}
    found: dict[tuple[int, int, int], float] = {}
    for where, row in table.rows():
        if row["layer"] not in names:
            message = f"the network has no layer '{row['layer']}'; {suggestion(row['layer'], list(names))}"
            raise InputError(path, where, message)
        if row["operand"] not in _OPERANDS:
            raise InputError(path, where, f"operand '{row['operand']}' is none of {', '.join(_OPERANDS)}")
        key = (names[row["layer"]], _OPERANDS.index(row["operand"]), _whole(row["bits"], path, f"{where}, column bits"))
        if key in found:
            raise InputError(path, where, f"{row['operand']} of {row['layer']} at {key[2]} bits stand twice")
        found[key] = _number(row["error"], path, f"{where}, column error")

    def part(step: int, operand: int, bits: int) -> float:
        value = found.get((step, operand, bits))
        if value is None:
            missing = f"has no error for {_OPERANDS[operand]} of {steps[step].name} at {bits} bits"
            raise InputError(path, "", f"{missing}; add it, or narrow --bits-from")
        return value

    return AddedErrors("added_error", part)


@dataclass(frozen=True)
class ListedErrors(ErrorSource):
    """Errors of whole settings, measured one by one: only these can be candidates."""

    settings: Mapping[Widths, float]
    name = "error"
    kept = None

    def error(self, widths: Widths) -> float:
        return self.settings[widths]


def _listed_errors(table: UserTable, steps: Sequence[Step]) -> ListedErrors:
    """Errors of whole settings.

    ``bits`` are ``8,4`` (activations, weights) everywhere, or so for each layer in the order of the network, apart by
    blanks; ``accuracy`` is percent, and the error what it lacks to 100.

    Raises
    ------
    InputError : names file, line and column.
    """
    path = table.path
    found: dict[Widths, float] = {}
    for where, row in table.rows():
        pairs = [_pair(text, path, f"{where}, column bits") for text in row["bits"].replace("/", ",").split()]
        if len(pairs) not in (1, len(steps)):
            raise InputError(path, f"{where}, column bits", f"1 or {len(steps)} pairs are wanted, not {len(pairs)}")
        widths = tuple(pairs * len(steps) if len(pairs) == 1 else pairs)
        if widths in found:
            raise InputError(path, where, "this setting stands twice")
        accuracy = _number(row["accuracy"], path, f"{where}, column accuracy")
        if accuracy > 100:
            raise InputError(path, f"{where}, column accuracy", f"0 to 100 percent is wanted, not {accuracy:g}")
        found[widths] = 100.0 - accuracy
    return ListedErrors(found)


def read_errors(path: Path, steps: Sequence[Step]) -> ErrorSource:
    """Errors from a CSV of bits and accuracy, or of layer, operand, bits and error.

    Raises
    ------
    InputError : names file, line and column.
    """
    table = read_table(path, _LISTED, _ADDED)
    return _added_errors(table, steps) if "layer" in table.columns else _listed_errors(table, steps)


def _pair(text: str, path: Path, where: str) -> tuple[int, int]:
    parts = text.split(",")
    if len(parts) != 2:
        raise InputError(path, where, f"'{text}' is no pair of bits such as 8,4")
    return _whole(parts[0], path, where), _whole(parts[1], path, where)


def _whole(text: str, path: Path, where: str) -> int:
    if not (text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= 32):
        raise InputError(path, where, f"1 to 32 bits are wanted, not '{text}'")
    return int(text)


def _number(text: str, path: Path, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise InputError(path, where, f"a number, zero or more, is wanted, not '{text}'")
    return value
