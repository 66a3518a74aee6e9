"""Bit-widths of a network's layers: what a person says of them, and what every tensor then has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import InputError
from ..userfile import describe, parse_mapping, read_text, suggestion
from ..usertable import read_table
from .layer import Layer

LOWEST, HIGHEST = 1, 32

#: Stands for the layers that a file of bits does not name.
DEFAULT = "default"

_FIELDS = ("activations", "weights", "outputs")

_WANTED = "8 (both), [8, 4] (activations, weights), [8, 4, 8] (and outputs) or a mapping of these words"


@dataclass(frozen=True, slots=True)
class LayerBits:
    """Bits of an element of each tensor of one layer.

    Attributes
    ----------
    activations : of what the layer reads.
    weights : of its weights.
    outputs : of what it writes; None: as many as the layers that read it want.
    """

    activations: int
    weights: int
    outputs: int | None = None


@dataclass(frozen=True)
class Bits:
    """What a person says of a network's bit-widths.

    Attributes
    ----------
    label : tells a network with these bits from others: ``8,4`` (``8`` for both), or the name of a file.
    layers : by the layer's name.
    default : of every other layer; None where all are named.
    source : what messages name: an option or a file.
    """

    label: str
    layers: Mapping[str, LayerBits] = field(default_factory=dict)
    default: LayerBits | None = None
    source: str = "bits"


@dataclass(frozen=True, slots=True)
class Step:
    """One layer of a network in the order of execution.

    Attributes
    ----------
    name : of the layer.
    feeds : names of the layers that read its output; none where it leaves the network.
    """

    name: str
    feeds: tuple[str, ...] = ()


BitsLike = Bits | str | Path | int | Sequence[int] | Mapping[str, object]


def as_bits(value: BitsLike, source: str = "bits") -> Bits:
    """Bits in any of the ways that a person gives them.

    Parameters
    ----------
    value : ``"8"``, ``"8,4"`` or ``"8,4,8"`` (activations, weights, outputs), 8 or (8, 4), a YAML or CSV file, a
        mapping of layers' names as in such a file.
    source : what messages name.

    Raises
    ------
    InputError : none of these, or a width outside 1 to 32.
    """
    if isinstance(value, Bits):
        return value
    if isinstance(value, Mapping):
        return _of_layers(value, "mixed", source)
    if isinstance(value, str) and re.fullmatch(r"\s*\d+\s*(,\s*\d+\s*){0,2}", value):
        value = [int(part) for part in value.split(",")]
    if isinstance(value, str | Path):
        return _of_file(Path(value), source)
    uniform = layer_bits(value, source, "")
    numbers = [uniform.activations, uniform.weights, uniform.outputs]
    if uniform == LayerBits(uniform.weights, uniform.weights):
        numbers = [uniform.weights]
    return Bits(",".join(str(number) for number in numbers if number is not None), {}, uniform, source)


def layer_bits(value: object, source: object, key: str) -> LayerBits:
    """Bits of one layer: a number, a list, or a mapping; `source` and `key` are for messages.

    Raises
    ------
    InputError : none of these, or a width outside 1 to 32.
    """
    if isinstance(value, LayerBits):
        value = [number for number in (value.activations, value.weights, value.outputs) if number is not None]
    if isinstance(value, Mapping):
        for name in value:
            if name not in _FIELDS:
                raise InputError(source, _below(key, name), f"unknown key; {suggestion(str(name), _FIELDS)}")
        for name in _FIELDS[:2]:
            if name not in value:
                raise InputError(source, _below(key, name), "is missing")
        return LayerBits(**{name: _width(value[name], source, _below(key, name)) for name in value})
    if isinstance(value, Sequence) and not isinstance(value, str):
        if not 1 <= len(value) <= len(_FIELDS):
            raise InputError(source, key, f"{_WANTED} is wanted, not a list of {len(value)}")
        widths = [_width(item, source, key) for item in value]
        return LayerBits(widths[0], widths[0]) if len(widths) == 1 else LayerBits(*widths)
    if isinstance(value, int) and not isinstance(value, bool):
        return LayerBits(_width(value, source, key), value)
    raise InputError(source, key, f"{_WANTED} is wanted, not {describe(value)}")


def layer_with(layer: Layer, bits: LayerBits) -> Layer:
    """The layer with these bits; an output of which nothing is said has as many as the activations."""
    outputs = bits.activations if bits.outputs is None else bits.outputs
    return replace(layer, weight_bits=bits.weights, input_bits=bits.activations, output_bits=outputs)


def bits_of_steps(steps: Sequence[Step], bits: Bits) -> dict[str, LayerBits]:
    """Bits of every layer, those of the outputs included.

    An output has the bits that the layers it feeds read it with. If these differ, `bits` must say which of them it has;
    an output that leaves the network has what is said, or as many as the layer's own activations.

    Raises
    ------
    InputError : a name is of no layer, a layer has no bits, or what is said of an output contradicts its readers.
    """
    names = [step.name for step in steps]
    for name in bits.layers:
        if name not in names:
            raise InputError(bits.source, name, f"the network has no such layer; {_suggested(name, names)}")
    given: dict[str, LayerBits] = {}
    for name in names:
        found = bits.layers.get(name, bits.default)
        if found is None:
            raise InputError(bits.source, "", _lacking([other for other in names if other not in bits.layers]))
        given[name] = found
    return {step.name: replace(given[step.name], outputs=_output(step, given, bits)) for step in steps}


def _lacking(names: Sequence[str]) -> str:
    """What to say of layers without bits."""
    if len(names) == 1:
        return f"{names[0]} has no bits: add it, or a {DEFAULT}"
    more = "1 more layer" if len(names) == 2 else f"{len(names) - 1} more layers"
    return f"{names[0]} and {more} have no bits: add them, or a {DEFAULT}"


def _output(step: Step, given: Mapping[str, LayerBits], bits: Bits) -> int:
    """Bits of the output of one layer."""
    own = given[step.name]
    wanted = {given[reader].activations: reader for reader in reversed(step.feeds)}
    if own.outputs is None and len(wanted) <= 1:
        return next(iter(wanted), own.activations)
    if own.outputs is not None and (not wanted or own.outputs in wanted):
        return own.outputs
    readers = " and ".join(f"{reader} reads it with {width}" for width, reader in sorted(wanted.items()))
    said = "nothing says how wide its output is" if own.outputs is None else f"its output has {own.outputs} bits"
    raise InputError(bits.source, step.name, f"{said}, but {readers}")


def _of_layers(values: Mapping[str, object], label: str, source: object) -> Bits:
    layers = {str(name): layer_bits(value, source, str(name)) for name, value in values.items()}
    default = layers.pop(DEFAULT, None)
    if default is None and not layers:
        raise InputError(source, "", f"names no layer and no {DEFAULT}")
    return Bits(label, layers, default, str(source))


def _of_file(path: Path, source: object) -> Bits:
    if path.suffix in (".yaml", ".yml"):
        return _of_layers(parse_mapping(read_text(path), path), path.stem, path)
    if path.suffix == ".csv":
        return _of_layers(_read_csv(path), path.stem, path)
    raise InputError(
        source, "", f"1 to {HIGHEST} bits such as 8 or 8,4, or a .yaml or .csv file is wanted, not '{path}'"
    )


def _read_csv(path: Path) -> dict[str, object]:
    """Rows ``layer,activations,weights`` and perhaps ``outputs``, under these names in any order."""
    found: dict[str, object] = {}
    for where, row in read_table(path, ("layer", *_FIELDS[:2]), optional=_FIELDS[2:]).rows():
        name = row.pop("layer")
        if not name or name in found:
            raise InputError(path, where, f"layer '{name}' stands twice" if name else "the layer has no name")
        for column, cell in row.items():
            if not (cell.isdecimal() and len(cell) <= 2) and (cell or column != "outputs"):
                raise InputError(path, f"{where}, column {column}", f"{_RANGE} are wanted, not '{cell}'")
        found[name] = {column: int(cell) for column, cell in row.items() if cell}
    return found


_RANGE = f"{LOWEST} to {HIGHEST} bits"


def _width(value: object, source: object, key: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not LOWEST <= value <= HIGHEST:
        raise InputError(source, key, f"{_RANGE} are wanted, not {describe(value)}")
    return value


def _below(key: str, name: object) -> str:
    return f"{key}.{name}" if key else str(name)


def _suggested(name: str, names: Sequence[str]) -> str:
    """A near name, or the first few of a list that would not fit a line."""
    hint = suggestion(name, names)
    return hint if hint.startswith("did") or len(names) <= 8 else f"known are: {', '.join(names[:8])} ..."
