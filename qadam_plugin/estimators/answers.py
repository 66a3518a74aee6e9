"""What our models answer to a question by class name and attributes, and how far the answer can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..errors import InputError
from ..hardware.archspec import Compute, Storage
from ..hardware.pe_types import PEType
from ..ppa.classes import GENERAL_MAC_CLASS, PRICED_DEPTH, estimate_level, mac_depths, mac_pipeline, mac_type
from ..ppa.components import Estimate, control, mac
from ..ppa.library import ModelLibrary
from ..userfile import describe
from .catalogue import CLASSES, TECHNOLOGY, ComponentClass
from .technology import CHARACTERISED_NM, node_nm, scaling

#: Accelergy's percentages. Aladdin, the usual plug-in for logic and registers, says 70.
CHARACTERISED = 90.0
ASSUMED = 60.0
SCALED = 50.0
SCALED_AND_ASSUMED = 40.0

#: A PE's control generates the addresses of three scratchpads, which see four accesses per operation: an activation
#: and a weight read, a partial sum read and written.
_SPADS_PER_PE = 3
_ACCESSES_PER_OPERATION = 4

#: What messages name as the place of a mistake: whoever asks knows the class and the attributes, but no file.
_SOURCE = "qadam-tl"


@dataclass(frozen=True, slots=True)
class Answer:
    """An estimate with its accuracy.

    Attributes
    ----------
    estimate : of one instance; None where there is none.
    accuracy : percent, as Accelergy compares plug-ins; 0 without an estimate.
    notes : why the accuracy is below that of what was characterised, one line each.
    """

    estimate: Estimate | None
    accuracy: float
    notes: tuple[str, ...] = ()


def answer(library: ModelLibrary, cls: str, attributes: Mapping[str, object]) -> Answer:
    """Answer for one component.

    Parameters
    ----------
    cls : a class of `catalogue.CLASSES`.
    attributes : as Accelergy hands them over, those of other plug-ins included.

    Raises
    ------
    InputError : an attribute is missing, or no such component can exist.
    """
    component = CLASSES[cls]
    node = (
        CHARACTERISED_NM
        if component.kind == "dram"
        else node_nm(attributes.get(TECHNOLOGY), _SOURCE, f"{cls}.attributes.{TECHNOLOGY}")
    )
    estimate = _estimate(library, cls, component, attributes)  # first: it refuses what cannot exist
    outside = _outside(library, component, cls, attributes, estimate)
    if outside:
        return Answer(None, 0.0, outside)
    notes = (*estimate.assumptions, *estimate.warnings)
    accuracy = ASSUMED if notes else CHARACTERISED
    factors = scaling(node)
    if factors is not None:
        estimate = factors.apply(estimate)
        accuracy = SCALED_AND_ASSUMED if notes else SCALED
        notes = (*notes, f"scaled from {CHARACTERISED_NM} nm to {node} nm by a first-order rule")
    return Answer(estimate, accuracy, notes)


def _estimate(library: ModelLibrary, cls: str, component: ComponentClass, attributes: Mapping[str, object]) -> Estimate:
    if component.kind in ("dram", "glb", "spad"):
        return estimate_level(library, _storage(cls, component, attributes), _SOURCE)
    if component.kind == "compute_unit":
        return estimate_level(library, _compute(cls, attributes), _SOURCE)
    level = _compute(cls, attributes)
    if component.kind == "mac":
        pe = _pe_type(cls, attributes)
        return mac(library, pe, mac_pipeline(library, level, pe, _SOURCE))
    rest = control(library, mac_depths(level, _SOURCE))
    energy = rest.energy_pj["compute"]
    if component.kind == "control":
        return replace(rest, energy_pj={"compute": energy, "compute_gated": energy})
    return replace(
        rest,
        energy_pj=dict.fromkeys(("read", "write", "update"), energy / _ACCESSES_PER_OPERATION),
        leakage_mw=rest.leakage_mw / _SPADS_PER_PE,
        area_um2=rest.area_um2 / _SPADS_PER_PE,
    )


def _storage(cls: str, component: ComponentClass, attributes: Mapping[str, object]) -> Storage:
    width = _whole(cls, attributes, "width")
    depth = _whole(cls, attributes, "depth") if "depth" in component.required else None
    given: dict[str, object] = dict(attributes)
    for name in ("n_banks", PRICED_DEPTH):
        if name in component.optional and attributes.get(name) is not None:
            given[name] = _whole(cls, attributes, name)
    return Storage(cls, cls, width, width, depth, keep=(), attributes=given)


def _compute(cls: str, attributes: Mapping[str, object]) -> Compute:
    """The MAC of a class; widths that Accelergy has as 8.0 are whole numbers again."""
    return Compute(cls, cls, attributes={key: _integral(value) for key, value in attributes.items()})


def _pe_type(cls: str, attributes: Mapping[str, object]) -> PEType:
    level = _compute(cls, attributes)
    named = CLASSES[cls].kind == "compute_unit"
    return mac_type(level if named else replace(level, cls=GENERAL_MAC_CLASS), _SOURCE)


def _whole(cls: str, attributes: Mapping[str, object], name: str) -> int:
    """An attribute that must be a whole number of at least 1."""
    key, value = f"{cls}.attributes.{name}", _integral(attributes.get(name))
    if value is None:
        raise InputError(_SOURCE, key, f"is missing: {CLASSES[cls].required[name]}")
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(_SOURCE, key, f"a whole number of at least 1 is wanted, not {describe(value)}")
    return value


def _integral(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _outside(
    library: ModelLibrary, component: ComponentClass, cls: str, attributes: Mapping[str, object], estimate: Estimate
) -> tuple[str, ...]:
    """Parameters outside the characterised range, one line each.

    Of a MAC with its control those of the MAC: the control grows with address bits, so slowly that its range says
    nothing about the whole.
    """
    if component.kind != "compute_unit":
        return estimate.warnings
    pe = _pe_type(cls, attributes)
    return mac(library, pe, mac_pipeline(library, _compute(cls, attributes), pe, _SOURCE)).warnings
