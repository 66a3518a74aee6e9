"""What a search is given by name, checked before anything is written."""

from __future__ import annotations

from pathlib import Path

from ..engines.base import OBJECTIVES
from ..engines.rowstationary import MAC_ENERGIES, PACKINGS, RowStationaryEngine, RowStationarySettings
from ..errors import InputError
from ..paths import data_dir

#: Designs that have a short name.
DESIGNS = {"eyeriss": "eyeriss168.yaml", "simba": "simba_like.yaml"}


def shipped_design(name: str | Path) -> Path:
    """File of a design: a name of `DESIGNS`, or a path as it is."""
    shipped = DESIGNS.get(str(name))
    return Path(name) if shipped is None else data_dir("arch_specs") / shipped


def checked_engine(map_for: str, mac_energy: str, packing: str) -> RowStationaryEngine:
    """The engine of a search.

    Raises
    ------
    InputError : an unknown word, under the name of the command line's option.
    """
    for option, word, known in (
        ("--map-for", map_for, OBJECTIVES),
        ("--mac-energy", mac_energy, MAC_ENERGIES),
        ("--packing", packing, PACKINGS),
    ):
        if word not in known:
            raise InputError(option, "", f"unknown '{word}'; known: {', '.join(known)}")
    return RowStationaryEngine(RowStationarySettings.model_validate({"mac_energy": mac_energy, "packing": packing}))
