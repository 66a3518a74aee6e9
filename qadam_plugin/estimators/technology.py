"""Process nodes: what an attribute means, and how estimates of the characterised node carry over to another.

The models are of 45 nm. For other nodes a first-order rule is applied: with L the feature size and V the nominal
supply, both relative to 45 nm, area goes with L^2, energy per action (switched capacitance times V^2) with L V^2,
leakage (device width times V, at constant leakage per width) with L V. Supplies are the nominal ones of the Predictive
Technology Model: W. Zhao, Y. Cao, IEEE Trans. Electron Devices 53(11), 2006, and ptm.asu.edu.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import InputError

if TYPE_CHECKING:
    from ..ppa.components import Estimate

CHARACTERISED_NM = 45

#: Node in nm -> nominal supply in V.
SUPPLY_V: Mapping[int, float] = {32: 0.9, 45: 1.0, 65: 1.1, 90: 1.2, 130: 1.3}

_NODE = re.compile(r"\s*(\d+(?:\.\d*)?)\s*(?:nm)?\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scaling:
    """Factors on estimates of the characterised node."""

    area: float = 1.0
    energy: float = 1.0
    leakage: float = 1.0

    def apply(self, estimate: Estimate) -> Estimate:
        """The estimate at the other node; its critical path is not carried over."""
        return replace(
            estimate,
            energy_pj={action: energy * self.energy for action, energy in estimate.energy_pj.items()},
            leakage_mw=estimate.leakage_mw * self.leakage,
            idle_pj=estimate.idle_pj * self.energy,
            area_um2=estimate.area_um2 * self.area,
            path_ns=None,
        )


def node_nm(value: object, source: str, key: str = "technology") -> int:
    """Node in nm of a ``technology`` attribute: "45nm" or 45.

    Raises
    ------
    InputError : missing, not a node, or one that neither the models nor the scaling rule cover.
    """
    known = ", ".join(f'"{node}nm"' for node in SUPPLY_V if node != CHARACTERISED_NM)
    if value is None:
        raise InputError(
            source, key, f'is missing; "{CHARACTERISED_NM}nm" is characterised, and a scaling rule covers {known}'
        )
    match = None if isinstance(value, bool) else _NODE.match(str(value))
    node = float(match[1]) if match else 0.0
    if node not in SUPPLY_V:
        raise InputError(
            source,
            key,
            f'"{CHARACTERISED_NM}nm" is characterised, and a scaling rule covers {known}; not {str(value)!r}',
        )
    return int(node)


def scaling(node: int) -> Scaling | None:
    """Factors from the characterised node to another of `SUPPLY_V`; None for the characterised one itself."""
    if node == CHARACTERISED_NM:
        return None
    size = node / CHARACTERISED_NM
    supply = SUPPLY_V[node] / SUPPLY_V[CHARACTERISED_NM]
    return Scaling(area=size**2, energy=size * supply**2, leakage=size * supply)


def is_placeholder(value: object) -> bool:
    """Whether a ``technology`` attribute is Accelergy's -1: its dummy table then answers for every component."""
    return str(value).strip() == "-1"
