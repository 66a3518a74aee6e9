"""Area, clock and energies per event of many configs at once, exactly as `ppa.pricing` has them.

A price depends on few parameters at a time: a PE on its type and scratchpads, the global buffer on its size and shares,
the array's overhead on rows and columns. Each distinct part is priced once by `price_spec`, then looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...hardware.archspec import ArchSpec
from ...hardware.build import build_spec
from ...hardware.config import AcceleratorConfig
from ...hardware.family import Family, default_family
from ...hardware.pe_types import PEType
from ...hardware.space_arrays import ConfigBlock
from ..library import ModelLibrary
from ..pricing import CLOCK_MARGIN, PricedComponent, PricedSpec, price_spec

Array = npt.NDArray[np.float64]

#: Parameters of the default family, which the accelerator models are written for.
_PE = ("ifmap_spad_depth", "weights_spad_depth", "psum_spad_depth")
_BUFFER = ("glb_kib", "glb_ifmap_share", "glb_weights_share")
_ARRAY = ("rows", "cols")


@dataclass(frozen=True, slots=True)
class BlockPrices:
    """What configs cost before any layer is mapped; each array is [configs].

    Attributes
    ----------
    clock_ghz, area_mm2 : as a sweep has them.
    idle_pj : per cycle, leakage and idle clocking of everything on the chip.
    operation_pj : one multiply-accumulate with control and its scratchpad accesses: ifmap and weight read, partial sum
        read and updated.
    ifmap_pj, psum_pj : one word written to the global buffer and read again.
    out_of_range : whether a part lies outside the range of its component models, or the clock is too fast.
    """

    clock_ghz: Array
    area_mm2: Array
    idle_pj: Array
    operation_pj: Array
    ifmap_pj: Array
    psum_pj: Array
    out_of_range: npt.NDArray[np.bool_]


class Pricer:
    """Prices blocks of configs; what was priced once is kept."""

    def __init__(self, library: ModelLibrary) -> None:
        self._library = library
        self._kept: dict[tuple[object, ...], tuple[float, ...]] = {}

    def price(self, block: ConfigBlock) -> BlockPrices:
        """Prices of the configs of a block.

        Raises
        ------
        InputError : a config cannot be built.
        """
        pe_area, pe_path, pe_leakage, pe_idle, operation, pe_warned = self._looked_up(block, _PE, _pe_part)
        area, path, leakage, idle, ifmap, psum, warned = self._looked_up(block, _BUFFER, _buffer_part)
        (overhead,) = self._looked_up(block, _ARRAY, _array_part)
        pes = block.column("rows") * block.column("cols")
        path = np.maximum(path, pe_path)
        asked = block.column("clock")
        clock = np.where(np.isnan(asked), _own_clock_ghz(path), asked)
        return BlockPrices(
            clock_ghz=clock,
            area_mm2=((pes + overhead) * pe_area + area) * 1e-6,
            idle_pj=(pes * pe_leakage + leakage) / clock + pes * pe_idle + idle,
            operation_pj=operation,
            ifmap_pj=ifmap,
            psum_pj=psum,
            out_of_range=(pe_warned + warned > 0) | (clock * path > 1 + 1e-9),
        )

    def _looked_up(
        self, block: ConfigBlock, names: Sequence[str], part: Callable[[PricedSpec, ArchSpec], tuple[float, ...]]
    ) -> list[Array]:
        """Figures of a part, one array [configs] each. The parameters it does not depend on are the first config's."""
        first, which = block.distinct(names)
        found = []
        for row in first:
            key = (part, block.pe, *(float(block.levels[name][block.codes[name][row]]) for name in names))
            if key not in self._kept:
                spec = build_spec(block.config(int(row)), 1.0)
                self._kept[key] = part(price_spec(spec, self._library), spec)
            found.append(self._kept[key])
        return [column[which] for column in np.array(found, dtype=float).T]


def dram_word_pj(pe: PEType, library: ModelLibrary) -> tuple[float, float, float]:
    """Energy of one word of inputs, weights and outputs in DRAM: the same for all configs of a PE type."""
    family = default_family()
    usual = AcceleratorConfig(family, pe, tuple(parameter.usual for parameter in family.parameters))
    spec = build_spec(usual, 1.0)
    components = {part.name: part.estimate for part in price_spec(spec, library).components}
    inputs, weights, outputs = (components[name].energy_pj for name in ("DRAM_ifmap", "DRAM_weights", "DRAM_psum"))
    words = _words(spec)
    return (
        inputs["read"] / words["DRAM_ifmap"],
        weights["read"] / words["DRAM_weights"],
        outputs["update"] / words["DRAM_psum"],
    )


def check_family(family: Family, source: object) -> None:
    """Refuse a family that the accelerator models are not written for.

    Raises
    ------
    InputError : any but the default one.
    """
    if not family.default:
        wanted = (
            f"accelerator models are of family {default_family().name} only, not {family.name}; sweep or explore it"
        )
        raise InputError(source, "family", wanted)


def _own_clock_ghz(path_ns: Array) -> Array:
    """Automatic clocks, as `ppa.pricing.resolve_clock_ghz` rounds them."""
    return np.maximum(np.floor(1000 / (path_ns * (1 + CLOCK_MARGIN))), 1) / 1000


def _words(spec: ArchSpec) -> dict[str, int]:
    """Words per access of each storage."""
    return {level.name: level.block_size for level in spec.storages}


def _pe_part(priced: PricedSpec, spec: ArchSpec) -> tuple[float, ...]:
    """One PE: area, path, leakage, idle energy, energy of one operation, warnings."""
    parts = [part for part in priced.components if part.place == "array"]
    energy = {part.name: part.estimate.energy_pj for part in parts}
    operation = (
        energy["mac"]["compute"]
        + energy["ifmap_spad"]["read"]
        + energy["weights_spad"]["read"]
        + energy["psum_spad"]["read"]
        + energy["psum_spad"]["update"]
    )
    return (*_static(parts), operation, sum(len(part.estimate.warnings) for part in parts))


def _buffer_part(priced: PricedSpec, spec: ArchSpec) -> tuple[float, ...]:
    """The global buffer: area, path, leakage, idle energy, energy of an ifmap and a psum word in and out, warnings."""
    parts = [part for part in priced.components if part.place == "buffer"]
    energy = {part.name: part.estimate.energy_pj for part in parts}
    words = _words(spec)
    ifmap = (energy["glb_ifmap"]["write"] + energy["glb_ifmap"]["read"]) / words["glb_ifmap"]
    psum = (energy["glb_psum"]["update"] + energy["glb_psum"]["read"]) / words["glb_psum"]
    return (*_static(parts), ifmap, psum, sum(len(part.estimate.warnings) for part in parts))


def _array_part(priced: PricedSpec, spec: ArchSpec) -> tuple[float, ...]:
    """The array beyond its PEs: area as a multiple of one PE's."""
    return (
        priced.overhead_area_um2 / sum(part.estimate.area_um2 for part in priced.components if part.place == "array"),
    )


def _static(parts: Sequence[PricedComponent]) -> tuple[float, float, float, float]:
    """Area, longest path, leakage and idle energy of one instance of each part."""
    return (
        sum(part.estimate.area_um2 for part in parts),
        max(part.estimate.path_ns or 0.0 for part in parts),
        sum(part.estimate.leakage_mw for part in parts),
        sum(part.estimate.idle_pj for part in parts),
    )
