"""Component classes that the plug-ins answer for, with their attributes and actions. Plain data, cheap to import.

Architectures that `qadam-tl arch` writes use the classes of `ppa.classes`; the parts of a PE stand beside them for
compound components.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

STORAGE_ACTIONS = ("read", "write", "update", "leak")
COMPUTE_ACTIONS = ("compute", "compute_gated", "leak")


@dataclass(frozen=True, slots=True)
class ComponentClass:
    """One class.

    Attributes
    ----------
    meaning : what it is, in a line.
    required, optional : attribute -> meaning; technology and global_cycle_seconds are the same for all and left out.
    actions : Accelergy's names.
    kind : ``dram``, ``glb``, ``spad``, ``compute_unit``, ``mac``, ``control`` or ``address``: the model that answers.
    """

    meaning: str
    required: Mapping[str, str]
    optional: Mapping[str, str]
    actions: tuple[str, ...]
    kind: str


TECHNOLOGY = "technology"
CYCLE = "global_cycle_seconds"

COMMON_ATTRIBUTES = {
    TECHNOLOGY: 'node, such as "45nm"; DRAM needs none',
    CYCLE: "clock period in s; for leak, also taken from the action's arguments",
}

_WIDTH = {"width": "bits of one access"}
_DEPTH = {"depth": "entries of width bits"}
_WIDTHS = {
    "family": "fp, int or shift-add",
    "activation_bits": "bits of an activation",
    "weight_bits": "bits of a weight",
    "accumulator_bits": "bits of a partial sum",
}
_TERMS = {"shift_terms": "shift-add: powers of two per weight, 1 or 2"}
_PIPELINE = {"pipeline": "ranks of registers within the MAC: 1, or 0 to 2 (fp 0 to 4)"}
_OPERANDS = {
    "activation_operand_bits": "bits of the activations that it works on, where they are fewer than the port's",
    "weight_operand_bits": "of the weights",
}
_LANES = {"lanes": "operands of a word at work at once, each an instance of this class: 1"}
_DEPTHS = {
    "ifmap_spad_depth": "words of the activations' scratchpad that the control counts through: 12",
    "weights_spad_depth": "of the weights': 48",
    "psum_spad_depth": "of the partial sums': 16",
}
_SHARING = {"macs_per_pe": "MACs that share the control of one PE: 1"}


def _named_mac(name: str, further: Mapping[str, str] = MappingProxyType({})) -> ComponentClass:
    checked = dict.fromkeys((*_WIDTHS, *_TERMS), "must be that of the PE type")
    optional = {**checked, **_PIPELINE, **_OPERANDS, **further, **_DEPTHS, **_SHARING}
    return ComponentClass(f"MAC of a {name} PE with the PE's control", {}, optional, COMPUTE_ACTIONS, "compute_unit")


CLASSES: Mapping[str, ComponentClass] = {
    "qadam_DRAM": ComponentClass(
        "DRAM, off chip: no area, no leakage of its own",
        {**_WIDTH, "type": "LPDDR4, LPDDR, DDR3, DDR4, GDDR5 or HBM2"},
        {},
        STORAGE_ACTIONS,
        "dram",
    ),
    "qadam_SRAM": ComponentClass(
        "SRAM, as global buffer or one store of it", {**_WIDTH, **_DEPTH}, {"n_banks": "1"}, STORAGE_ACTIONS, "glb"
    ),
    "qadam_regfile": ComponentClass(
        "scratchpad of a PE: flip-flops with address decoders",
        {**_WIDTH, **_DEPTH},
        {
            "addresses": "separate, for reading and writing; or shared (weights). Separate as far as characterised",
            "priced_depth": "the depth whose price it has, for one outside what was characterised: depth",
        },
        STORAGE_ACTIONS,
        "spad",
    ),
    **{f"{name}_mac": _named_mac(name) for name in ("fp32", "int16", "int8", "lightpe1", "lightpe2")},
    **{f"{name}_mac": _named_mac(name, _LANES) for name in ("subword16", "subword8")},
    "qadam_mac": ComponentClass(
        "MAC of a general PE with the PE's control",
        _WIDTHS,
        {**_TERMS, **_PIPELINE, **_OPERANDS, **_DEPTHS, **_SHARING},
        COMPUTE_ACTIONS,
        "compute_unit",
    ),
    "qadam_mac_unit": ComponentClass(
        "MAC with its registers alone", _WIDTHS, {**_TERMS, **_PIPELINE}, COMPUTE_ACTIONS, "mac"
    ),
    "qadam_pe_control": ComponentClass(
        "control of a PE, address generation of its scratchpads included", {}, _DEPTHS, COMPUTE_ACTIONS, "control"
    ),
    "qadam_address_generator": ComponentClass(
        "one scratchpad's share of a PE's control: a third of area and leakage, a quarter of the energy per access",
        {},
        _DEPTHS,
        STORAGE_ACTIONS,
        "address",
    ),
}
