"""Energy per action of every component of one architecture: Accelergy's ERT."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EnergyTable:
    """Energy reference table.

    Attributes
    ----------
    energy_pj : component name -> action -> pJ. Actions of storages: read, write, update, leak; of the MAC:
        compute, leak. Reads, writes and updates are per *access* of `width` bits, leak is per cycle and instance.
    """

    energy_pj: Mapping[str, Mapping[str, float]]
