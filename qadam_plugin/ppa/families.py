"""What is characterised: the families of components, their parameters, quantities and candidate forms.

One table and one model file per family. A quantity whose column is empty in the table has no model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..hardware.pe_types import BITS_PER_SHIFT_TERM, PEType
from . import candidates
from .candidates import Form

Parameters = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Quantity:
    """One column of a table that gets a model.

    Attributes
    ----------
    name : name of the model, such as ``compute_energy``.
    column : column of the table.
    unit : unit of the column and of predictions.
    forms : candidates per variant, ``""`` for the rest; the first that the points determine is taken where they are
        too few for cross-validation, so physically motivated lean forms stand first.
    """

    name: str
    column: str
    unit: str
    forms: Mapping[str, tuple[Form, ...]]

    def candidates(self, variant: str) -> tuple[Form, ...]:
        """Forms to try for one variant; none where it gets no model."""
        return self.forms.get(variant, self.forms.get("", ()))


def _always(variant: str, parameters: Parameters) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of component.

    Attributes
    ----------
    name : stem of the table and of the model file.
    parameters : numeric columns that a prediction depends on.
    variant : column that splits the table into separate models (arithmetic family, DRAM type); None: one for all.
    quantities : columns with models; none for a table that only checks the composition of others.
    checks : further numeric columns, kept beside for comparison and never fitted.
    exists : whether there can be a component of a variant with these parameters; predictions of others do not matter.
    """

    name: str
    parameters: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    variant: str | None = None
    checks: tuple[str, ...] = field(default=())
    exists: Callable[[str, Parameters], bool] = field(default=_always)

    def quantity(self, name: str) -> Quantity:
        """Quantity by name."""
        return next(quantity for quantity in self.quantities if quantity.name == name)


def mac_exists(family: str, p: Parameters) -> bool:
    """Whether operands, accumulator and shift terms of a MAC go together."""
    act, weight, acc, terms = (int(p[name]) for name in ("act_bits", "weight_bits", "acc_bits", "shift_terms"))
    fits = acc >= PEType("", family, act, weight, acc, terms).product_bits
    if family == "fp":
        return fits and act == weight
    return fits and (family != "shift-add" or weight == BITS_PER_SHIFT_TERM * terms)


_WIDTHS = ("act_bits", "weight_bits", "acc_bits", "shift_terms")
_DEPTHS = ("ifmap_depth", "weights_depth", "psum_depth")

#: Value of the MACs' column ``family`` for bfloat16: five points, one per pipeline depth, and no PE type that uses it.
#: They stand in the table and get no model.
UNFITTED_MAC = "bf16"

_MAC_QUANTITIES = (
    Quantity("area", "area_um2", "um^2", candidates.MAC_BULK),
    Quantity("leakage", "leakage_uw", "uW", candidates.MAC_BULK),
    Quantity("critical_path", "path_ns", "ns", candidates.MAC_PATH),
    Quantity("compute_energy", "compute_pj", "pJ", candidates.MAC_BULK),
    Quantity("gated_energy", "gated_pj", "pJ", candidates.MAC_BULK),
    Quantity("idle_energy", "idle_pj", "pJ per cycle", candidates.MAC_IDLE),
)
_MAC_CHECKS = ("comb_area_um2", "compute_relu_pj", "compute_uniform_pj", "compute_default_pj")

MAC = Family("mac", (*_WIDTHS, "pipeline"), _MAC_QUANTITIES, variant="family", checks=_MAC_CHECKS, exists=mac_exists)

#: MACs without clock gating, and with zero gating: beside those of `MAC`, never fitted.
MAC_OPTIONS = Family(
    "mac_options",
    (*_WIDTHS, "pipeline", "clock_gating", "zero_gating"),
    (),
    variant="family",
    checks=(*(quantity.column for quantity in _MAC_QUANTITIES), *_MAC_CHECKS),
)


def operands_exist(family: str, p: Parameters) -> bool:
    """Whether there can be a MAC with narrow operands of these widths: none is wider than its port."""
    narrow = p["act_operand_bits"] <= p["act_bits"] and p["weight_operand_bits"] <= p["weight_bits"]
    whole = family != "shift-add" or p["weight_operand_bits"] % BITS_PER_SHIFT_TERM == 0
    return narrow and whole and mac_exists(family, p)


#: MACs of `MAC` with one pipeline rank on operands narrower than their ports. What is fitted is their energy over that
#: at full width (`narrow.narrow_ratios`).
MAC_BITS = Family(
    "mac_bits",
    (*_WIDTHS, "act_operand_bits", "weight_operand_bits"),
    (Quantity("narrow_ratio", "narrow_ratio", "energies at full width", candidates.NARROW),),
    variant="family",
    checks=("compute_pj", "compute_uniform_pj", "compute_lower_pj", "idle_pj"),
    exists=operands_exist,
)

#: MACs whose words hold one, two or four operands, in each mode: too few for a model, so each point is one.
MAC_SUBWORD = Family(
    "mac_subword",
    (),
    (
        Quantity("area", "area_um2", "um^2", candidates.CONSTANT),
        Quantity("leakage", "leakage_uw", "uW", candidates.CONSTANT),
        Quantity("critical_path", "path_ns", "ns", candidates.CONSTANT),
        Quantity("compute_energy", "compute_pj", "pJ", candidates.CONSTANT),
        Quantity("one_lane_energy", "one_lane_pj", "pJ", candidates.CONSTANT),
        Quantity("gated_energy", "gated_pj", "pJ", candidates.CONSTANT),
        Quantity("idle_energy", "idle_pj", "pJ per cycle", candidates.CONSTANT),
    ),
    variant="mode",
    checks=("word_bits", "acc_bits", "operand_bits", "lanes", "pipeline", *_MAC_CHECKS),
)

#: Variants: ``separate`` addresses for reading and writing, or one ``shared`` by both.
SPAD = Family(
    "spad",
    ("depth", "width"),
    (
        Quantity("area", "area_um2", "um^2", candidates.SPAD_BULK),
        Quantity("leakage", "leakage_uw", "uW", candidates.SPAD_BULK),
        Quantity("critical_path", "path_ns", "ns", candidates.SPAD_PATH),
        Quantity("read_energy", "read_pj", "pJ", candidates.SPAD_BULK),
        Quantity("write_energy", "write_pj", "pJ", candidates.SPAD_BULK),
        Quantity("idle_energy", "idle_pj", "pJ per cycle", candidates.SPAD_BULK),
    ),
    variant="addresses",
)

#: Address sequencing and handshakes of a PE: everything in it besides the MAC and the scratchpads.
CONTROL = Family(
    "control",
    _DEPTHS,
    (
        Quantity("area", "area_um2", "um^2", candidates.CONTROL),
        Quantity("leakage", "leakage_uw", "uW", candidates.CONTROL),
        Quantity("critical_path", "path_ns", "ns", candidates.CONTROL),
        Quantity("compute_energy", "compute_pj", "pJ", candidates.CONTROL),
    ),
)

GLB = Family(
    "glb",
    ("capacity_bits", "width", "banks"),
    (
        Quantity("area", "area_um2", "um^2", candidates.GLB),
        Quantity("leakage", "leakage_uw", "uW", candidates.GLB),
        Quantity("critical_path", "cycle_ns", "ns", candidates.GLB),
        Quantity("access_time", "access_ns", "ns", candidates.GLB),
        Quantity("read_energy", "read_pj", "pJ", candidates.GLB),
        Quantity("write_energy", "write_pj", "pJ", candidates.GLB),
    ),
)

DRAM = Family(
    "dram",
    (),
    (
        Quantity("read_energy", "read_pj_per_bit", "pJ per bit", candidates.CONSTANT),
        Quantity("write_energy", "write_pj_per_bit", "pJ per bit", candidates.CONSTANT),
    ),
    variant="type",
)

_PE_FIGURES = ("area_um2", "leakage_uw", "path_ns", "energy_pj")

#: Arrays of PEs, synthesised flat. The only thing learnt from them is how their area differs from the sum of flat PEs
#: (`arrays.array_ratios`); otherwise they check the composition.
ARRAY = Family(
    "array",
    ("rows", "cols", *_WIDTHS, *_DEPTHS),
    (Quantity("area_ratio", "area_ratio", "sums of PE areas", candidates.ARRAY),),
    variant="family",
    checks=_PE_FIGURES,
)

#: Whole PEs, synthesised flat: they check the sum of the parts and are never fitted.
PE = Family("pe", (*_WIDTHS, *_DEPTHS), (), variant="family", checks=_PE_FIGURES)

FAMILIES: dict[str, Family] = {
    family.name: family for family in (MAC, MAC_OPTIONS, MAC_BITS, MAC_SUBWORD, SPAD, CONTROL, GLB, DRAM, ARRAY, PE)
}
