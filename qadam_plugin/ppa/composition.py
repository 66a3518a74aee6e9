"""Whole PEs and arrays from their parts, and how far that is from PEs and arrays that were synthesised flat.

The models of the parts never see the flat designs; only the area that an array adds to its PEs is learnt from arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from ..hardware.pe_types import PEType, pe_type
from .components import SHARED, SpadDepths, array_overhead_um2, compute_unit, spad
from .families import ARRAY, PE
from .library import ModelLibrary
from .tables import Row, load_table


@dataclass(frozen=True, slots=True)
class Whole:
    """A PE or an array.

    Attributes
    ----------
    energy_pj : of a cycle at full rate without leakage: per PE one operation, a read of each scratchpad, a partial sum
        written, and idle clocking.
    path_ns : of the slowest part.
    """

    area_um2: float
    leakage_uw: float
    energy_pj: float
    path_ns: float


#: Figures that are compared, by the tables' columns.
FIGURES = ("area_um2", "leakage_uw", "energy_pj", "path_ns")


@dataclass(frozen=True, slots=True)
class Deviation:
    """A composed design against the same one synthesised flat.

    Attributes
    ----------
    pe : its PE type. rows, cols : 1 and 1 for a PE. depths : of its scratchpads.
    relative : per figure composed / flat - 1; what was not simulated is left out.
    """

    pe: PEType
    rows: int
    cols: int
    depths: SpadDepths
    relative: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Spread:
    """Deviations of one figure over many designs: how many, their mean, and the one largest in size."""

    count: int
    mean: float
    worst: float


def compose(library: ModelLibrary, pe: PEType, depths: SpadDepths, rows: int = 1, cols: int = 1) -> Whole:
    """A PE, or an array of rows x cols of them."""
    ifmap = spad(library, depths.ifmap, pe.act_bits)
    weights = spad(library, depths.weights, pe.weight_bits, SHARED)
    psum = spad(library, depths.psum, pe.acc_bits)
    unit = compute_unit(library, pe, depths)
    parts = (unit, ifmap, weights, psum)
    actions = (
        unit.energy_pj["compute"],
        *(store.energy_pj["read"] for store in (ifmap, weights, psum)),
        psum.energy_pj["write"],
    )
    area = sum(part.area_um2 for part in parts)
    count = rows * cols
    return Whole(
        area_um2=count * area + array_overhead_um2(library, rows, cols, area),
        leakage_uw=count * 1e3 * sum(part.leakage_mw for part in parts),
        energy_pj=count * (sum(actions) + sum(part.idle_pj for part in parts)),
        path_ns=max(part.path_ns or 0.0 for part in parts),
    )


def deviations(library: ModelLibrary, tables: Path) -> tuple[Deviation, ...]:
    """All flat PEs, then all flat arrays, of the folder `tables` against their composition.

    Raises
    ------
    InputError : a table is missing or wrong.
    """
    flat = (*load_table(tables / f"{PE.name}.csv", PE), *load_table(tables / f"{ARRAY.name}.csv", ARRAY))
    return tuple(_deviation(library, row) for row in flat)


def _deviation(library: ModelLibrary, row: Row) -> Deviation:
    at = {name: int(value) for name, value in row.parameters.items()}
    widths = {name: at[name] for name in ("act_bits", "weight_bits", "acc_bits", "shift_terms")}
    pe = pe_type({"family": row.variant, **widths}, row.source)
    depths = SpadDepths(at["ifmap_depth"], at["weights_depth"], at["psum_depth"])
    rows, cols = at.get("rows", 1), at.get("cols", 1)
    whole = compose(library, pe, depths, rows, cols)
    relative = {name: getattr(whole, name) / row.figures[name] - 1 for name in FIGURES if name in row.figures}
    return Deviation(pe, rows, cols, depths, relative)


def spread(found: Sequence[Deviation], figure: str) -> Spread:
    """Deviations of one figure, over the designs that have it."""
    values = [each.relative[figure] for each in found if figure in each.relative]
    return Spread(len(values), mean(values), max(values, key=abs))
