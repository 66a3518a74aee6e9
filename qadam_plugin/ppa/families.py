"""What is characterised: the families of components, their parameters, quantities and candidate forms.

One table and one model file per family. A quantity whose column is empty in the table has no model; a column that a
later characterisation fills gets one, without a change here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .features import polynomial


@dataclass(frozen=True, slots=True)
class Form:
    """A candidate: its terms, fitted to the quantity or to its natural logarithm (always positive then)."""

    terms: tuple[str, ...]
    log: bool = False


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
        """Forms to try for one variant."""
        return self.forms.get(variant, self.forms.get("", ()))


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
    """

    name: str
    parameters: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    variant: str | None = None
    checks: tuple[str, ...] = field(default=())

    def quantity(self, name: str) -> Quantity:
        """Quantity by name."""
        return next(quantity for quantity in self.quantities if quantity.name == name)


def _forms(*terms: tuple[str, ...], log: bool = False) -> tuple[Form, ...]:
    return tuple(Form(each, log) for each in terms)


_MAC_PARAMETERS = ("act_bits", "weight_bits", "acc_bits", "shift_terms")
_WIDTHS = ("act_bits", "weight_bits", "acc_bits")

# Logic that grows with the partial products, and registers with the sum of the widths.
_MAC_BULK = {
    "fp": _forms(("act_bits*weight_bits",), ("act_bits*weight_bits", "register_bits")),
    "int": _forms(
        ("act_bits*weight_bits", "register_bits"),
        ("act_bits*booth_rows", "register_bits"),
        ("1", "act_bits*weight_bits", "register_bits"),
        ("1", "act_bits*booth_rows", "booth_rows", "register_bits"),
        ("1", "act_bits*weight_bits", "act_bits", "weight_bits", "acc_bits"),
        polynomial(_WIDTHS, 1),
        polynomial(_WIDTHS, 2),
        polynomial(_WIDTHS, 3),
    ),
    "shift-add": _forms(
        ("act_bits*shift_terms", "register_bits"),
        ("1", "act_bits*shift_terms", "register_bits"),
        ("1", "act_bits", "shift_terms", "act_bits*shift_terms", "acc_bits"),
    ),
}

# Depth of the logic: a sum of carry chains, or logarithmic where adders are fast.
_MAC_PATH = {
    "fp": _forms(("1",), ("1", "log2(act_bits)")),
    "int": _forms(
        ("1", "operand_bits"),
        ("1", "log2(operand_bits)"),
        ("1", "log2(act_bits)", "log2(booth_rows)", "log2(acc_bits)"),
        ("1", "act_bits", "booth_rows", "acc_bits"),
        polynomial(_WIDTHS, 2),
    ),
    "shift-add": _forms(
        ("1", "shift_terms"), ("1", "shift_terms", "log2(act_bits)"), ("1", "shift_terms", "act_bits", "acc_bits")
    ),
}

MAC = Family(
    "mac",
    _MAC_PARAMETERS,
    (
        Quantity("area", "area_um2", "um^2", _MAC_BULK),
        Quantity("leakage", "leakage_uw", "uW", _MAC_BULK),
        Quantity("critical_path", "path_ns", "ns", _MAC_PATH),
        Quantity("compute_energy", "compute_pj", "pJ", _MAC_BULK),
        Quantity("gated_energy", "gated_pj", "pJ", _MAC_BULK),
    ),
    variant="family",
    checks=("comb_area_um2", "compute_relu_pj", "compute_uniform_pj", "compute_default_pj"),
)

# A register file of d words of w bits: bits, word lines (d) and data lines (w). The product alone stands first: the
# only form that a single point determines.
_SPAD = {
    "": _forms(
        ("depth*width",),
        ("1", "depth", "width", "depth*width"),
        ("1", "depth", "width", "depth*width", "width*log2(depth)"),
        polynomial(("depth", "width"), 2),
        polynomial(("depth", "width"), 3),
    )
}
_SPAD_IDLE = {"": _forms(("depth",), ("1", "depth"), ("1", "depth", "width", "depth*width"))}
_SPAD_PATH = {"": _forms(("1", "log2(depth)"), ("1", "log2(depth)", "width"), ("1", "depth", "width", "log2(depth)"))}

SPAD = Family(
    "spad",
    ("depth", "width"),
    (
        Quantity("area", "area_um2", "um^2", _SPAD),
        Quantity("leakage", "leakage_uw", "uW", _SPAD),
        Quantity("critical_path", "path_ns", "ns", _SPAD_PATH),
        Quantity("read_energy", "read_pj", "pJ", _SPAD),
        Quantity("write_energy", "write_pj", "pJ", _SPAD),
        Quantity("idle_energy", "idle_pj", "pJ per cycle", _SPAD_IDLE),
    ),
)

# Address sequencing and handshakes of a PE: everything in it besides the MAC and the scratchpads.
_CONTROL = {"": _forms(("1",), ("1", "register_bits"), polynomial(_WIDTHS, 1))}

CONTROL = Family(
    "control",
    _WIDTHS,
    (
        Quantity("area", "area_um2", "um^2", _CONTROL),
        Quantity("leakage", "leakage_uw", "uW", _CONTROL),
        Quantity("critical_path", "path_ns", "ns", _CONTROL),
        Quantity("compute_energy", "compute_pj", "pJ", _CONTROL),
    ),
)

_GLB_SIZE = ("log2(capacity_bits)", "log2(width)")
_GLB_LOGS = (*_GLB_SIZE, "log2(banks)")
# CACTI's answers are close to power laws of capacity, word width and banks, bent by the partition it chooses. Three
# numbers of banks, as are usual, do not determine a cube of their logarithm.
_GLB_CUBIC = tuple(term for term in polynomial(_GLB_LOGS, 3) if term != "log2(banks)^3")
_GLB = {
    "": _forms(
        *(polynomial(_GLB_SIZE, degree) for degree in (1, 2, 3)),
        *(polynomial(_GLB_LOGS, degree) for degree in (1, 2)),
        _GLB_CUBIC,
        log=True,
    )
}

GLB = Family(
    "glb",
    ("capacity_bits", "width", "banks"),
    (
        Quantity("area", "area_um2", "um^2", _GLB),
        Quantity("leakage", "leakage_uw", "uW", _GLB),
        Quantity("critical_path", "cycle_ns", "ns", _GLB),
        Quantity("access_time", "access_ns", "ns", _GLB),
        Quantity("read_energy", "read_pj", "pJ", _GLB),
        Quantity("write_energy", "write_pj", "pJ", _GLB),
    ),
)

_CONSTANT = {"": _forms(("1",))}

DRAM = Family(
    "dram",
    (),
    (
        Quantity("read_energy", "read_pj_per_bit", "pJ per bit", _CONSTANT),
        Quantity("write_energy", "write_pj_per_bit", "pJ per bit", _CONSTANT),
    ),
    variant="type",
)

# Area of an array beyond the sum of its PEs, in areas of one PE: wiring and buffers along its edges.
ARRAY = Family(
    "array",
    ("rows", "cols"),
    (Quantity("area_overhead", "overhead_pes", "PE areas", {"": _forms(("edge",), ("1", "edge"))}),),
)

#: Whole PEs, synthesised flat: they check the sum of the parts and are never fitted.
PE = Family(
    "pe",
    (*_MAC_PARAMETERS, "ifmap_depth", "weights_depth", "psum_depth"),
    (),
    variant="family",
    checks=("area_um2", "leakage_uw", "path_ns", "energy_pj"),
)

FAMILIES: dict[str, Family] = {family.name: family for family in (MAC, SPAD, CONTROL, GLB, DRAM, ARRAY, PE)}
