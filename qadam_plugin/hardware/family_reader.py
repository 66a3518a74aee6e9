"""From the keys of a family file to a `Family`, every formula checked against the names that it may use."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, cast

from ..errors import InputError
from ..userfile import suggestion, validate
from ..workloads.layer import DIMENSIONS, TENSORS
from .family import Family, family_digest
from .family_file import (
    ComputeModel,
    FamilyModel,
    FanoutModel,
    NoteModel,
    ParameterModel,
    StorageModel,
    TextsModel,
    Written,
)
from .family_parts import (
    Check,
    ComputeTemplate,
    FanoutTemplate,
    LevelTemplate,
    LoopTemplate,
    Parameter,
    StorageTemplate,
    Texts,
)
from .formulas import Formula, Words, parse_formula, parse_words

#: Names of every family's formulas: the PE type's widths, its products per cycle over C, and the clock.
PE_NAMES = ("act_bits", "weight_bits", "acc_bits", "lanes")
CLOCK_NAME = "clock_ghz"

#: Keys of a config and columns of results, which no parameter can be called.
TAKEN = frozenset(
    {
        *(*PE_NAMES, CLOCK_NAME, "family", "pe_type", "clock", "where", "config_id", "network", "batch", "engine"),
        *("objective", "valid", "reason", "energy_uj", "onchip_energy_uj", "dram_energy_uj", "idle_energy_uj"),
        *("cycles", "latency_ms", "power_mw", "area_mm2", "perf_per_area", "edp_uj_ms", "utilization", "psum_spills"),
        *("out_of_range", "timeloop_energy_uj", "mac_energy_uj", "optimal", "runs", "fingerprint", "estimators"),
        *("id", "key", "place", "family_digest", "area_um2", "top1", "top1_mean", "top1_spread", "values", "identity"),
        *("parameters", "numbers", "pe", "with_values"),
    }
)

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LEVEL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_MODELS = {"storage": StorageModel, "fanout": FanoutModel, "compute": ComputeModel}


class _Reader:
    """Reads formulas of one file, which may use `names`."""

    def __init__(self, source: str, names: Collection[str]) -> None:
        self.source, self.names = source, names

    def formula(self, written: Written, key: str) -> Formula:
        return parse_formula(written, self.names, self.source, key)

    def maybe(self, written: Written | None, key: str) -> Formula | None:
        return None if written is None else self.formula(written, key)

    def words(self, text: str, key: str) -> Words:
        return parse_words(text, self.names, self.source, key)

    def error(self, key: str, message: str) -> InputError:
        return InputError(self.source, key, message)

    def dimensions(self, written: Sequence[str], key: str) -> tuple[str, ...]:
        for place, name in enumerate(written):
            if name not in DIMENSIONS:
                raise self.error(key, f"unknown dimension '{name}'; {suggestion(name, DIMENSIONS)}")
            if name in written[:place]:
                raise self.error(key, f"dimension {name} is given twice")
        return tuple(written)

    def loops(self, model: StorageModel | FanoutModel, key: str) -> LoopTemplate:
        allowed = None if model.loops is None else self.dimensions(model.loops, f"{key}.loops")
        names = self.dimensions(list(model.at_most), f"{key}.at_most")
        at_most = tuple((name, self.formula(model.at_most[name], f"{key}.at_most.{name}")) for name in names)
        return LoopTemplate(allowed, at_most, self.dimensions(model.order, f"{key}.order"))


def read_family(data: dict[str, Any], text: str, source: str) -> Family:
    """Family from the keys of its file.

    Raises
    ------
    InputError : a key is unknown, missing or impossible, or a formula cannot be read.
    """
    model = validate(FamilyModel, data, source)
    parameters = tuple(_parameter(name, item, source) for name, item in model.parameters.items())
    own = [parameter.name for parameter in parameters]
    checks = tuple(
        Check(
            tuple(_known_key(key, own, f"checks[{place}].keys", source) for key in item.keys),
            parse_formula(item.check, own, source, f"checks[{place}].check"),
            parse_words(item.wanted, own, source, f"checks[{place}].wanted"),
        )
        for place, item in enumerate(model.checks)
    )
    reader = _Reader(source, [*own, *PE_NAMES, CLOCK_NAME])
    values: list[tuple[str, Formula]] = []
    for name, written in model.values.items():
        if not _NAME.fullmatch(name) or name in reader.names:
            raise InputError(source, f"values.{name}", "a name of its own is wanted, of small letters, digits and _")
        values.append((name, reader.formula(written, f"values.{name}")))
        reader.names = [*reader.names, name]
    levels = tuple(_level(item, f"levels[{place}]", reader) for place, item in enumerate(model.levels))
    _check_levels(levels, reader)
    found = tuple(dict.fromkeys(level.part for level in reversed(levels) if isinstance(level, StorageTemplate)))
    for part in model.parts:
        if part not in found:
            raise InputError(source, "parts", f"no level has the part '{part}'; {suggestion(part, found)}")
    return Family(
        name=model.family,
        help=model.help,
        parameters=parameters,
        checks=checks,
        values=tuple(values),
        levels=levels,
        parts=tuple(dict.fromkeys((*model.parts, *found))),
        texts=_texts(model.texts or _plain_texts(parameters), reader, own),
        source=source,
        text=text,
        digest=family_digest(model.family, data),
    )


def _known_key(key: str, known: Sequence[str], place: str, source: str) -> str:
    if key not in known:
        raise InputError(source, place, f"unknown parameter '{key}'; {suggestion(key, known)}")
    return key


def _parameter(name: str, model: ParameterModel, source: str) -> Parameter:
    key = f"parameters.{name}"
    if not _NAME.fullmatch(name):
        raise InputError(source, key, "a name of small letters, digits and _ is wanted")
    if name in TAKEN:
        raise InputError(source, key, "is a key or a column of its own; choose another name")
    usual = model.default if model.usual is None else model.usual
    if usual is None:
        raise InputError(source, key, "default or usual is wanted: a design space that leaves it out has that value")
    for word, value in (("default", model.default), ("usual", usual)):
        if value is None:
            continue
        if model.kind == "int" and not isinstance(value, int):
            raise InputError(source, f"{key}.{word}", f"an integer is wanted, not {value:g}")
        low = value < (model.least if model.least is not None else value)
        low = low or (model.above is not None and value <= model.above)
        high = value > (model.most if model.most is not None else value)
        if low or high or (model.below is not None and value >= model.below):
            raise InputError(source, f"{key}.{word}", f"{value:g} lies outside the parameter's own bounds")
    make = int if model.kind == "int" else float
    return Parameter(
        name=name,
        whole=model.kind == "int",
        unit=model.unit,
        help=model.help,
        least=model.least,
        above=model.above,
        most=model.most,
        below=model.below,
        default=None if model.default is None else make(model.default),
        usual=make(usual),
        shown=model.shown,
        further=model.further,
    )


def _level(data: dict[str, Any], key: str, reader: _Reader) -> LevelTemplate:
    kinds = [kind for kind in _MODELS if kind in data]
    if len(kinds) != 1:
        raise reader.error(key, "one of storage, fanout, compute is wanted, with the level's name")
    model = validate(_MODELS[kinds[0]], data, reader.source, key)
    name = str(data[kinds[0]])
    if not _LEVEL_NAME.fullmatch(name):
        raise reader.error(f"{key}.{kinds[0]}", f"a name of letters, digits and _ is wanted, not '{name}'")
    if isinstance(model, StorageModel):
        return _storage(model, key, reader)
    if isinstance(model, FanoutModel):
        return _fanout(model, key, reader)
    return _compute(cast("ComputeModel", model), key, reader)


def _storage(model: StorageModel, key: str, reader: _Reader) -> StorageTemplate:
    if model.partial_sums and "Outputs" not in model.keep:
        raise reader.error(f"{key}.partial_sums", "is for a level that keeps Outputs")
    if len(set(model.keep)) < len(model.keep):
        raise reader.error(f"{key}.keep", "a tensor is given twice")
    attributes = tuple(
        (name, reader.formula(value[1:], f"{key}.attributes.{name}"))
        if isinstance(value, str) and value.startswith("=")
        else (name, value)
        for name, value in model.attributes.items()
    )
    return StorageTemplate(
        name=model.storage,
        cls=model.cls,
        place=model.place,
        part=model.part or model.storage,
        keep=tuple(tensor for tensor in TENSORS if tensor in model.keep),
        word_bits=reader.formula(model.word_bits, f"{key}.word_bits"),
        width=reader.maybe(model.width, f"{key}.width"),
        depth=reader.maybe(model.depth, f"{key}.depth"),
        bandwidth=reader.maybe(model.bandwidth, f"{key}.bandwidth"),
        partial_sums=model.partial_sums,
        loops=reader.loops(model, key),
        when=reader.maybe(model.when, f"{key}.when"),
        attributes=attributes,
    )


def _fanout(model: FanoutModel, key: str, reader: _Reader) -> FanoutTemplate:
    x, y = reader.maybe(model.x, f"{key}.x"), reader.maybe(model.y, f"{key}.y")
    if x is None and y is None:
        raise reader.error(key, "x, y or both are wanted")
    if model.split is not None and (x is None or y is None):
        raise reader.error(f"{key}.split", "is for a fan-out along x and y")
    if model.split is None and x is not None and y is not None and model.order:
        raise reader.error(f"{key}.split", "is missing: with x and y, an order needs to know where y begins")
    return FanoutTemplate(
        model.fanout, x, y, reader.loops(model, key), model.split, reader.maybe(model.when, f"{key}.when")
    )


def _compute(model: ComputeModel, key: str, reader: _Reader) -> ComputeTemplate:
    control = None
    if model.control is not None:
        written = (model.control.ifmap, model.control.weights, model.control.psum)
        names = ("ifmap", "weights", "psum")
        ifmap, weights, psum = (
            reader.formula(value, f"{key}.control.{name}") for name, value in zip(names, written, strict=True)
        )
        control = (ifmap, weights, psum)
    macs_per_pe = reader.formula(model.macs_per_pe, f"{key}.macs_per_pe")
    return ComputeTemplate(model.compute, control, macs_per_pe, reader.formula(model.lanes, f"{key}.lanes"))


def _check_levels(levels: Sequence[LevelTemplate], reader: _Reader) -> None:
    names = [level.name for level in levels]
    for place, level in enumerate(levels):
        if isinstance(level, ComputeTemplate) != (place == len(levels) - 1):
            raise reader.error(f"levels[{place}]", "the compute, and nothing else, stands last")
        if names.index(level.name) < place:
            raise reader.error(f"levels[{place}]", f"'{level.name}' is used twice")
    storages = [level for level in levels if isinstance(level, StorageTemplate)]
    for tensor in TENSORS:
        if not any(tensor in level.keep and level.when is None for level in storages):
            raise reader.error("levels", f"no storage that is always there keeps {tensor}")


def _texts(model: TextsModel, reader: _Reader, own: Sequence[str]) -> Texts:
    notes = []
    for place, written in enumerate(model.notes):
        key = f"texts.notes[{place}]"
        given = {"text": written} if isinstance(written, str) else written
        note = validate(NoteModel, given, reader.source, key)
        notes.append((reader.words(note.text, key), reader.maybe(note.when, f"{key}.when")))
    # Results have no more than the parameters to say of a design.
    plain = _Reader(reader.source, own)
    return Texts(
        name=plain.words(model.name, "texts.name"),
        short=plain.words(model.short, "texts.short"),
        long=plain.words(model.long, "texts.long"),
        title=plain.words(model.title, "texts.title"),
        header=plain.words(model.header, "texts.header"),
        legend=model.legend,
        columns=tuple((head, plain.words(cell, f"texts.columns.{head}")) for head, cell in model.columns.items()),
        hover=tuple(_hover(line, own, reader) for line in model.hover),
        notes=tuple(notes),
    )


def _hover(line: str, own: Sequence[str], reader: _Reader) -> str:
    for name in re.findall(r"\{([^{}]*)\}", line):
        if name not in own:
            raise reader.error("texts.hover", f"unknown parameter '{name}'; {suggestion(name, own)}")
    return line


def _plain_texts(parameters: Sequence[Parameter]) -> TextsModel:
    """Every shown parameter by name."""
    shown = [item.name for item in parameters if item.shown and not item.further] or [parameters[0].name]
    named = ", ".join(f"{name} {{{name}}}" for name in shown)
    compact = "_".join(f"{{{name}}}" for name in shown)
    return TextsModel(
        name=compact,
        short=named,
        long=named,
        title=named,
        header=named,
        columns={name: f"{{{name}}}" for name in shown},
        hover=[named],
    )
