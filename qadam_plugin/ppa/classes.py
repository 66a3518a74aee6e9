"""Component classes that the models know: from a level of an architecture to its estimate. One registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import InputError
from ..hardware.archspec import Compute, Storage
from ..hardware.pe_types import PE_TYPES, PEType, pe_type
from ..userfile import describe, suggestion
from .components import Estimate, compute_unit, dram, glb, spad
from .library import ModelLibrary

#: Attributes of a MAC class, and the keys of a PE type that they stand for.
_MAC_ATTRIBUTES = {
    "family": "family",
    "activation_bits": "act_bits",
    "weight_bits": "weight_bits",
    "accumulator_bits": "acc_bits",
    "shift_terms": "shift_terms",
}

DRAM_CLASS = "qadam_DRAM"
GLB_CLASS = "qadam_SRAM"
SPAD_CLASS = "qadam_regfile"
GENERAL_MAC_CLASS = "qadam_mac"


def _dram(library: ModelLibrary, level: Storage, source: str) -> Estimate:
    kind = level.attributes.get("type")
    if not isinstance(kind, str):
        known = ", ".join(library.variants("dram"))
        raise InputError(source, f"{level.name}.attributes.type", f"is missing; wanted is one of: {known}")
    return dram(library, kind, level.width, source, f"{level.name}.attributes.type")


def _glb(library: ModelLibrary, level: Storage, source: str) -> Estimate:
    banks = level.attributes.get("n_banks", 1)
    if not isinstance(banks, int) or isinstance(banks, bool) or banks < 1:
        wanted = f"an integer of at least 1 is wanted, not {describe(banks)}"
        raise InputError(source, f"{level.name}.attributes.n_banks", wanted)
    return glb(library, _depth(level, source) * level.width, level.width, banks)


def _spad(library: ModelLibrary, level: Storage, source: str) -> Estimate:
    return spad(library, _depth(level, source), level.width)


def _depth(level: Storage, source: str) -> int:
    if level.depth is None:
        raise InputError(source, f"{level.name}.attributes.depth", f"is missing; a {level.cls} needs one")
    return level.depth


StorageModel = Callable[[ModelLibrary, Storage, str], Estimate]

#: Storage classes. MAC classes are ``<PE type>_mac`` and the general one.
STORAGE_CLASSES: Mapping[str, StorageModel] = {DRAM_CLASS: _dram, GLB_CLASS: _glb, SPAD_CLASS: _spad}
MAC_CLASSES: Mapping[str, PEType | None] = {
    **{f"{name}_mac": pe for name, pe in PE_TYPES.items()},
    GENERAL_MAC_CLASS: None,
}


def estimate_level(library: ModelLibrary, level: Storage | Compute, source: str) -> Estimate:
    """Estimate of one instance of a level.

    Raises
    ------
    InputError : the class is not known, or an attribute that it needs is missing or wrong; `source` is the file.
    """
    if isinstance(level, Storage):
        model = STORAGE_CLASSES.get(level.cls)
        if model is None:
            raise _unknown(level, STORAGE_CLASSES, source)
        return model(library, level, source)
    return compute_unit(library, mac_type(level, source))


def mac_type(level: Compute, source: str) -> PEType:
    """PE type of a compute level: that of its class, or for the general class that of its attributes.

    Raises
    ------
    InputError : unknown class, missing or impossible attributes, or attributes that contradict a named class.
    """
    if level.cls not in MAC_CLASSES:
        raise _unknown(level, MAC_CLASSES, source)
    named = MAC_CLASSES[level.cls]
    given = {key: level.attributes[name] for name, key in _MAC_ATTRIBUTES.items() if name in level.attributes}
    if named is None:
        for name, key in _MAC_ATTRIBUTES.items():
            if key not in given and key != "shift_terms":
                raise InputError(source, f"{level.name}.attributes.{name}", f"is missing; class {level.cls} needs it")
        return pe_type(given, source, f"{level.name}.attributes")
    for name, key in _MAC_ATTRIBUTES.items():
        if key in given and given[key] != getattr(named, key):
            raise InputError(
                source,
                f"{level.name}.attributes.{name}",
                f"class {level.cls} has {getattr(named, key)}, not {describe(given[key])}; "
                f"use class {GENERAL_MAC_CLASS} for other widths",
            )
    return named


def _unknown(level: Storage | Compute, known: Mapping[str, object], source: str) -> InputError:
    words = suggestion(level.cls, known)
    return InputError(source, f"{level.name}.class", f"the models do not know class '{level.cls}'; {words}")
