"""The designs that a figure shows in detail: the best of each PE type, with what their layers cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..sweep.frames import stored_designs
from ..sweep.results import DesignResult
from ..sweep.store import ResultStore
from .groups import column, comparable, titles
from .metrics import Metric

if TYPE_CHECKING:
    import pandas as pd

    from ..engines.base import LayerResult
    from ..workloads.layer import Layer

#: Parts that energy is broken down into, innermost first. Stores of a split level count together.
COMPONENTS = ("MAC", "ifmap spad", "weights spad", "psum spad", "global buffer", "DRAM", "idle")

_SPADS = {"ifmap_spad": "ifmap spad", "weights_spad": "weights spad", "psum_spad": "psum spad"}


@dataclass(frozen=True, slots=True)
class LayerCost:
    """What one layer shape costs on a design; every quantity is for one layer of that shape.

    Attributes
    ----------
    name, kind, count : as in the network; `count` layers have this shape.
    macs : multiply-accumulate operations, of the whole batch.
    energy_uj : by component, of `COMPONENTS` or a level's own name; the sum is the layer's energy with DRAM.
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
    """

    row: Mapping[str, Any]
    layers: tuple[LayerCost, ...]

    @property
    def pe_type(self) -> str:
        """PE type."""
        return str(self.row["pe_type"])

    @property
    def peak_gmacs(self) -> float:
        """Operations per nanosecond with every MAC busy: 10^9 MACs per second."""
        return float(self.row["rows"]) * float(self.row["cols"]) * float(self.row["clock_ghz"])


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
        position: ShownDesign(result.row, tuple(_cost(result, *layer) for layer in result.layers))
        for position, result in zip(positions, found, strict=True)
    }
    return [
        ShownGroup(title, key, tuple(shown[design.position] for design in designs.values()))
        for title, (key, designs) in zip(titles([key for key, _ in best]), best, strict=True)
    ]


def _cost(result: DesignResult, name: str, kind: str, count: int, shape: Layer, found: LayerResult) -> LayerCost:
    bits = {"Weights": result.row["weight_bits"]}
    dram_bits = sum(
        (access.reads + access.fills + access.updates) * bits.get(access.tensor, result.row["act_bits"])
        for access in found.accesses
        if component_of(access.level) == "DRAM"
    )
    return LayerCost(
        name=name,
        kind=kind,
        count=count,
        macs=shape.macs,
        energy_uj={part: energy * 1e-6 for part, energy in component_energy_pj(found).items()},
        cycles=found.cycles,
        utilization=found.utilization,
        dram_bytes=dram_bits / 8,
    )


def component_of(level: str) -> str:
    """Which of `COMPONENTS` a level of the architecture belongs to; a level that is none of them keeps its name."""
    if level.startswith("DRAM"):
        return "DRAM"
    return "global buffer" if level.startswith("glb") else _SPADS.get(level, level)


def component_energy_pj(found: LayerResult) -> dict[str, float]:
    """Energy of a layer by component; a level's leakage belongs to it, and the sum is `LayerResult.energy_pj`."""
    parts = {"MAC": found.mac_pj, "idle": found.idle_pj}
    for access in found.accesses:
        part = component_of(access.level)
        parts[part] = parts.get(part, 0.0) + access.energy_pj
    for level, energy in found.leakage_pj.items():
        parts[component_of(level)] = parts.get(component_of(level), 0.0) + energy
    known = {name: parts[name] for name in COMPONENTS if name in parts}
    return {**known, **{name: energy for name, energy in parts.items() if name not in known}}
