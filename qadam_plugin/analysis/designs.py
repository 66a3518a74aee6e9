"""The designs that a figure shows in detail: the best of each PE type, with what their layers cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..hardware.family import Family, default_family
from ..sweep.frames import stored_designs
from ..sweep.results import DesignResult
from ..sweep.store import ResultStore
from .groups import column, comparable, titles
from .metrics import Metric

if TYPE_CHECKING:
    import pandas as pd

    from ..engines.base import LayerResult
    from ..workloads.layer import Layer

#: Parts of energy that designs of every family have: the first and the last; between them stand its family's parts.
MAC, IDLE = "MAC", "idle"


@dataclass(frozen=True, slots=True)
class LayerCost:
    """What one layer shape costs on a design; every quantity is for one layer of that shape.

    Attributes
    ----------
    name, kind, count : as in the network; `count` layers have this shape.
    macs : multiply-accumulate operations, of the whole batch.
    energy_uj : by component, `MAC`, the family's parts and `IDLE`; the sum is the layer's energy with DRAM.
    utilization : 0 to 1.
    dram_bytes : read and written, each tensor with its own width.
    """

    name: str
    kind: str
    count: int
    macs: int
    energy_uj: Mapping[str, float]
    cycles: int
    utilization: float
    dram_bytes: float


@dataclass(frozen=True, slots=True)
class ShownDesign:
    """One design on one network.

    Attributes
    ----------
    row : its columns in the results.
    layers : in the order of the network.
    family : of its config.
    """

    row: Mapping[str, Any]
    layers: tuple[LayerCost, ...]
    family: Family = field(default_factory=default_family)

    @property
    def pe_type(self) -> str:
        """PE type."""
        return str(self.row["pe_type"])

    @property
    def peak_gmacs(self) -> float:
        """Operations per nanosecond with every MAC busy: 10^9 MACs per second."""
        return float(self.family.macs(self.row)) * float(self.row["clock_ghz"])


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """Designs of one group of comparable results, by PE type.

    Attributes
    ----------
    title : the network and what sets the group apart from the others.
    key : what its results share.
    """

    title: str
    key: Mapping[str, Any]
    designs: tuple[ShownDesign, ...]


@dataclass(frozen=True, slots=True)
class BestDesign:
    """The best config of one PE type in one group of comparable results.

    Attributes
    ----------
    position : its row in the results: the label that it has in their table.
    row : its columns in that table.
    """

    position: int
    row: Mapping[str, Any]


def best_designs(results: pd.DataFrame, criterion: Metric) -> list[tuple[dict[str, Any], dict[str, BestDesign]]]:
    """Best config of each PE type: (what the group shares, the best by PE type). Ties go to the first."""
    found = []
    for key, part in comparable(results):
        numbers = column(part, criterion.name) * (-1 if criterion.maximize else 1)
        types = part["pe_type"].to_numpy()
        best: dict[str, BestDesign] = {}
        for pe_type in dict.fromkeys(types):
            rows = np.flatnonzero((types == pe_type) & ~np.isnan(numbers))
            if rows.size:
                place = int(rows[np.argmin(numbers[rows])])
                row = {str(name): value for name, value in part.iloc[place].to_dict().items()}
                best[str(pe_type)] = BestDesign(int(part.index[place]), row)
        found.append((key, best))
    return found


def shown_designs(store: ResultStore, results: pd.DataFrame, criterion: Metric) -> list[ShownGroup]:
    """The best design of each PE type, with its layers, per group of comparable results.

    Parameters
    ----------
    results : results of that store, all of them or those that a condition lets through, labelled as `results_frame`
        does.
    """
    best = best_designs(results, criterion)
    positions = sorted({design.position for _, designs in best for design in designs.values()})
    found = stored_designs(store, np.array(positions, dtype=np.intp))
    shown = {
        position: _shown(result, store.family(result.row["family"], result.row["config_id"]))
        for position, result in zip(positions, found, strict=True)
    }
    return [
        ShownGroup(title, key, tuple(shown[design.position] for design in designs.values()))
        for title, (key, designs) in zip(titles([key for key, _ in best]), best, strict=True)
    ]


def _shown(result: DesignResult, family: Family) -> ShownDesign:
    return ShownDesign(result.row, tuple(_cost(result, family, *layer) for layer in result.layers), family)


def _cost(
    result: DesignResult, family: Family, name: str, kind: str, count: int, shape: Layer, found: LayerResult
) -> LayerCost:
    bits = {"Weights": result.row["weight_bits"]}
    dram_bits = sum(
        (access.reads + access.fills + access.updates) * bits.get(access.tensor, result.row["act_bits"])
        for access in found.accesses
        if (level := family.storage(access.level)) is not None and level.place == "dram"
    )
    return LayerCost(
        name=name,
        kind=kind,
        count=count,
        macs=shape.macs,
        energy_uj={part: energy * 1e-6 for part, energy in component_energy_pj(found, family).items()},
        cycles=found.cycles,
        utilization=found.utilization,
        dram_bytes=dram_bits / 8,
    )


def component_of(level: str, family: Family) -> str:
    """Which of a family's parts a level of the architecture belongs to; a level that is none keeps its name."""
    found = family.storage(level)
    return level if found is None else found.part


def component_energy_pj(found: LayerResult, family: Family) -> dict[str, float]:
    """Energy of a layer by component; a level's leakage belongs to it, and the sum is `LayerResult.energy_pj`."""
    parts = {MAC: found.mac_pj, IDLE: found.idle_pj}
    for access in found.accesses:
        part = component_of(access.level, family)
        parts[part] = parts.get(part, 0.0) + access.energy_pj
    for level, energy in found.leakage_pj.items():
        part = component_of(level, family)
        parts[part] = parts.get(part, 0.0) + energy
    known = {name: parts[name] for name in (MAC, *family.parts, IDLE) if name in parts}
    return {**known, **{name: energy for name, energy in parts.items() if name not in known}}


def component_order(layers: Iterable[LayerCost]) -> tuple[str, ...]:
    """Every component of some layers, `MAC` first and `IDLE` last, those of a family in its order."""
    found = dict.fromkeys(part for layer in layers for part in layer.energy_uj)
    between = [part for part in found if part not in (MAC, IDLE)]
    return tuple(part for part in (MAC, *between, IDLE) if part in found)
