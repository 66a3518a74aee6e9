"""Component classes that the models know: from a level of an architecture to its estimate. One registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf

from ..errors import InputError
from ..hardware.archspec import ArchSpec, Compute, Storage
from ..hardware.pe_types import NAMED_TYPES, PEType, pe_type
from ..hardware.subword import operand_mode
from ..userfile import describe, suggestion
from .components import ADDRESSES, PIPELINE, SEPARATE, SHARED, Estimate, SpadDepths, compute_unit, dram, glb, spad
from .library import ModelLibrary
from .narrow import Operands

#: Attributes of a MAC class, and the keys of a PE type that they stand for.
_MAC_ATTRIBUTES = {
    "family": "family",
    "activation_bits": "act_bits",
    "weight_bits": "weight_bits",
    "accumulator_bits": "acc_bits",
    "shift_terms": "shift_terms",
}

#: Attributes of a MAC class that say how wide the operands are that it works on; left out: as wide as its ports.
ACT_OPERAND, WEIGHT_OPERAND = "activation_operand_bits", "weight_operand_bits"

#: Attribute of a register file outside what was characterised, such as one of one word: the depth whose price it has.
PRICED_DEPTH = "priced_depth"

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
    banks, most = _count(level, "n_banks", 1, 1, source), _most(library, "glb", "", "banks")
    estimate = glb(library, _depth(level, source) * level.width, level.width, int(min(banks, most)))
    if banks <= most:
        return estimate
    return replace(estimate, assumptions=(f"{banks} banks are priced as {most:g}, the most of the glb models",))


def _spad(library: ModelLibrary, level: Storage, source: str) -> Estimate:
    own = _depth(level, source)
    depth = _count(level, PRICED_DEPTH, own, 1, source)
    found = _register_file(library, level, depth, source)
    if depth == own:
        return found
    return replace(found, assumptions=(f"depth {own} is priced as {depth}, as it asks for", *found.assumptions))


def _register_file(library: ModelLibrary, level: Storage, depth: int, source: str) -> Estimate:
    addresses = level.attributes.get("addresses")
    if addresses is not None:
        if addresses not in ADDRESSES:
            wanted = f"one of {', '.join(ADDRESSES)} is wanted, not {describe(addresses)}"
            raise InputError(source, f"{level.name}.attributes.addresses", wanted)
        return spad(library, depth, level.width, str(addresses))
    most = _most(library, "spad", SEPARATE, "depth")
    if depth <= most:
        return spad(library, depth, level.width, SEPARATE)
    note = f"addresses are not given, and separate ones end at depth {most:g}: priced as {SHARED}"
    return replace(spad(library, depth, level.width, SHARED), assumptions=(note,))


def _most(library: ModelLibrary, family: str, variant: str, parameter: str) -> float:
    """Largest value of a parameter that was characterised."""
    model = library.find(family, variant, "area")
    return model.record.range[parameter][1] if model else inf


def _count(level: Storage | Compute, name: str, default: int, least: int, source: str) -> int:
    """A whole number among the attributes."""
    value = level.attributes.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        wanted = f"an integer of at least {least} is wanted, not {describe(value)}"
        raise InputError(source, f"{level.name}.attributes.{name}", wanted)
    return value


def _depth(level: Storage, source: str) -> int:
    if level.depth is None:
        raise InputError(source, f"{level.name}.attributes.depth", f"is missing; a {level.cls} needs one")
    return level.depth


StorageModel = Callable[[ModelLibrary, Storage, str], Estimate]

#: Storage classes. MAC classes are ``<PE type>_mac`` and the general one.
STORAGE_CLASSES: Mapping[str, StorageModel] = {DRAM_CLASS: _dram, GLB_CLASS: _glb, SPAD_CLASS: _spad}
MAC_CLASSES: Mapping[str, PEType | None] = {
    **{f"{name}_mac": pe for name, pe in NAMED_TYPES.items()},
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
    pe = mac_type(level, source)
    ranks, operands = mac_pipeline(library, level, pe, source), mac_operands(level, source)
    sharing, lanes = macs_per_pe(level, source), mac_lanes(level, pe, operands, source)
    return compute_unit(library, pe, mac_depths(level, source), ranks, operands, sharing, lanes)


def with_operands(spec: ArchSpec, operands: Operands) -> ArchSpec:
    """The architecture with its MACs at work on operands of these widths; without any, the architecture itself."""
    widths = {ACT_OPERAND: operands.act_bits, WEIGHT_OPERAND: operands.weight_bits}
    given = {name: bits for name, bits in widths.items() if bits is not None}
    if not given:
        return spec
    compute = replace(spec.compute, attributes={**spec.compute.attributes, **given})
    return replace(spec, levels=(*spec.levels[:-1], compute))


def mac_operands(level: Compute, source: str) -> Operands:
    """Widths of the operands that a MAC works on, as its attributes give them.

    Raises
    ------
    InputError : a width is no integer of at least 1.
    """
    act, weight = (
        _count(level, name, 1, 1, source) if name in level.attributes else None
        for name in (ACT_OPERAND, WEIGHT_OPERAND)
    )
    return Operands(act, weight)


def macs_per_pe(level: Compute, source: str) -> int:
    """MACs that share the control of one PE, 1 where the attributes do not say.

    Raises
    ------
    InputError : no integer of at least 1.
    """
    return _count(level, "macs_per_pe", 1, 1, source)


def mac_lanes(level: Compute, pe: PEType, operands: Operands, source: str) -> int:
    """Lanes of a MAC of family ``subword``, each an instance of the level; 1 where its attributes do not say.

    Raises
    ------
    InputError : more than one, and not as many as there are operands in a word, or in a MAC of another family.
    """
    given = _count(level, "lanes", 1, 1, source)
    most = pe.act_bits // operand_mode(pe, operands.weight_bits, operands.act_bits) if pe.family == "subword" else 1
    if given not in (1, most):
        wanted = f"1{f' or {most}' if most > 1 else ''} is wanted for {pe.name} on operands of these bits, not {given}"
        raise InputError(source, f"{level.name}.attributes.lanes", wanted)
    return given


def mac_depths(level: Compute, source: str) -> SpadDepths:
    """Depths of the scratchpads beside a MAC; those of the reference PE where its attributes do not say.

    Raises
    ------
    InputError : a depth is no integer of at least 1.
    """
    usual = SpadDepths()
    return SpadDepths(
        ifmap=_count(level, "ifmap_spad_depth", usual.ifmap, 1, source),
        weights=_count(level, "weights_spad_depth", usual.weights, 1, source),
        psum=_count(level, "psum_spad_depth", usual.psum, 1, source),
    )


def mac_pipeline(library: ModelLibrary, level: Compute, pe: PEType, source: str) -> int:
    """Pipeline ranks of a MAC, `PIPELINE` where its attributes do not say.

    Raises
    ------
    InputError : no MAC of the family has so many.
    """
    ranks = _count(level, "pipeline", PIPELINE, 0, source)
    if pe.family == "subword" and ranks != PIPELINE:
        wanted = f"MACs of family subword have {PIPELINE} pipeline rank, not {ranks}"
        raise InputError(source, f"{level.name}.attributes.pipeline", wanted)
    model = library.find("mac", pe.family, "area")
    most = model.record.range["pipeline"][1] if model else ranks
    if ranks > most:
        wanted = f"MACs of family {pe.family} have at most {most:g} pipeline ranks, not {ranks}"
        raise InputError(source, f"{level.name}.attributes.pipeline", wanted)
    return ranks


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
