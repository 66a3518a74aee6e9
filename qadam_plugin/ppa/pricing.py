"""From an architecture to its price: energy table, area, leakage and clock; and from counts to a layer's energy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from typing import Protocol

from ..errors import InputError
from ..hardware.archspec import PLACES, ArchSpec, Fanout, Storage, usual_place
from ..hardware.build import build_spec
from ..hardware.config import AcceleratorConfig
from ..userfile import describe
from ..workloads.layer import Layer
from .classes import estimate_level, macs_per_pe, with_operands
from .components import Estimate, array_overhead_um2
from .energy_table import EnergyTable
from .library import ModelLibrary
from .narrow import Operands

#: An automatic clock leaves this part of the slowest part's path: a PE as a whole was synthesised up to 11.6 % slower
#: than its slowest part (`qadam-tl models --check`).
CLOCK_MARGIN = 0.12


@dataclass(frozen=True, slots=True)
class PricedComponent:
    """One level of the architecture.

    Attributes
    ----------
    place : ``dram``, ``buffer`` (outside the array) or ``array``.
    estimate : cost of one instance. leak_pj : per cycle and instance, at the architecture's clock.
    """

    name: str
    cls: str
    instances: int
    place: str
    estimate: Estimate
    leak_pj: float


@dataclass(frozen=True, slots=True)
class PricedSpec:
    """What an architecture costs.

    Attributes
    ----------
    energy : pJ per action of every component, `leak` per cycle and instance included.
    components : outermost first, the compute level last.
    array_area_um2 : all PEs and the array's overhead, of which `overhead_area_um2`. buffer_area_um2 : buffers
        outside the array. DRAM has no area.
    leakage_mw : all instances on the chip.
    cycle_ns : clock period of the architecture.
    critical_path_ns, slowest : longest characterised path and the component it is in.
    warnings : predictions out of range and a clock that is too fast, one line each.
    """

    energy: EnergyTable
    components: tuple[PricedComponent, ...]
    array_area_um2: float
    overhead_area_um2: float
    buffer_area_um2: float
    leakage_mw: float
    cycle_ns: float
    critical_path_ns: float
    slowest: str
    warnings: tuple[str, ...]

    @property
    def total_area_um2(self) -> float:
        """Array and buffers."""
        return self.array_area_um2 + self.buffer_area_um2

    @property
    def total_area_mm2(self) -> float:
        """Array and buffers."""
        return self.total_area_um2 * 1e-6


class PricedTensor(Protocol):
    """What `layer_energy` reads of one tensor at one level."""

    @property
    def energy_pj(self) -> float:
        """Accesses of all instances in use."""
        ...


class PricedLevel(Protocol):
    """What `layer_energy` reads of one level."""

    @property
    def tensors(self) -> Mapping[str, PricedTensor]:
        """Tensors that the level keeps."""
        ...

    @property
    def leakage_energy_pj(self) -> float:
        """Leak of the instances in use over all cycles."""
        ...


class PricedCounts(Protocol):
    """What `layer_energy` reads of an evaluated mapping, as `mapping.evaluation.Evaluation` has it."""

    @property
    def cycles(self) -> int:
        """Cycles of the layer."""
        ...

    @property
    def energy_pj(self) -> float:
        """Timeloop's sum."""
        ...

    @property
    def mac_energy_pj(self) -> float:
        """Operations of the MACs."""
        ...

    @property
    def levels(self) -> Mapping[str, PricedLevel]:
        """Storage levels by name."""
        ...


@dataclass(frozen=True, slots=True)
class LayerEnergy:
    """Energy of one layer, pJ.

    Attributes
    ----------
    timeloop_pj : the sum that Timeloop gives: MACs, all levels with DRAM, leakage of the storages in use.
    idle_pj : what Timeloop leaves out: leakage of the MACs, and leakage and idle clocking of storages not in use.
    dram_pj : DRAM.
    onchip_pj : everything on the chip, `idle_pj` included.
    mac_pj : operations of the MACs, part of `onchip_pj`.
    """

    timeloop_pj: float
    idle_pj: float
    dram_pj: float
    onchip_pj: float
    mac_pj: float

    @property
    def total_pj(self) -> float:
        """On chip and DRAM."""
        return self.onchip_pj + self.dram_pj


def price_spec(spec: ArchSpec, library: ModelLibrary) -> PricedSpec:
    """Energy, area, leakage and clock of an architecture.

    Raises
    ------
    InputError : a component's class is not known to the models, or an attribute that it needs is missing or wrong.
    """
    cycle_ns = spec.cycle_seconds * 1e9
    components = _components(spec, library, cycle_ns)
    array = [part for part in components if part.place == "array"]
    rows, cols = pe_array(spec)
    # Parts that exist once or more per PE; a store shared by several PEs is counted as it is, without wiring.
    within = [part for part in array if part.instances >= rows * cols]
    pe_area = sum(part.estimate.area_um2 * (part.instances // (rows * cols)) for part in within)
    overhead = array_overhead_um2(library, rows, cols, pe_area)
    slowest = max(components, key=lambda part: part.estimate.path_ns or 0.0)
    path_ns = slowest.estimate.path_ns or 0.0
    warnings = [
        f"{part.name}: {text}" for part in components for text in (*part.estimate.assumptions, *part.estimate.warnings)
    ]
    if cycle_ns < path_ns * (1 - 1e-9):
        warnings.append(
            f"clock: {1 / cycle_ns:.4g} GHz is faster than {slowest.name} allows ({1 / path_ns:.4g} GHz without margin)"
        )
    return PricedSpec(
        energy=EnergyTable({part.name: {**part.estimate.energy_pj, "leak": part.leak_pj} for part in components}),
        components=components,
        array_area_um2=sum(part.estimate.area_um2 * part.instances for part in array) + overhead,
        overhead_area_um2=overhead,
        buffer_area_um2=sum(p.estimate.area_um2 * p.instances for p in components if p.place == "buffer"),
        leakage_mw=sum(p.estimate.leakage_mw * p.instances for p in components if p.place != "dram"),
        cycle_ns=cycle_ns,
        critical_path_ns=path_ns,
        slowest=slowest.name,
        warnings=tuple(warnings),
    )


def price_layer(spec: ArchSpec, library: ModelLibrary, layer: Layer) -> PricedSpec:
    """What an architecture costs while it works on a layer of these bits: operations on narrow operands cost less.

    Without bits, or where the PE type gains nothing, the same as `price_spec`. Bits that do not fit the MAC are a
    warning, and priced at full width.

    Raises
    ------
    InputError : as `price_spec`.
    """
    return price_spec(with_operands(spec, Operands(layer.input_bits, layer.weight_bits)), library)


def pe_array(spec: ArchSpec) -> tuple[int, int]:
    """Rows and columns of PEs: the fan-outs outside those that a PE has inside, as its MAC's ``macs_per_pe`` says.

    Raises
    ------
    InputError : the fan-outs do not leave PEs of so many MACs.
    """
    sharing, rows, cols = macs_per_pe(spec.compute, spec.source), 1, 1
    pes = spec.compute.instances // sharing
    for fanout in spec.fanouts:
        if rows * cols == pes:
            break
        rows, cols = rows * fanout.mesh_y, cols * fanout.mesh_x
    if rows * cols * sharing != spec.compute.instances:
        wanted = f"{spec.compute.instances} MACs do not stand in PEs of {sharing}: no fan-out begins there"
        raise InputError(spec.source, f"{spec.compute.name}.attributes.macs_per_pe", wanted)
    return rows, cols


def _components(spec: ArchSpec, library: ModelLibrary, cycle_ns: float) -> tuple[PricedComponent, ...]:
    found = []
    inside = False
    for level in spec.levels:
        if isinstance(level, Fanout):
            inside = True
            continue
        estimate = estimate_level(library, level, spec.source)
        place = place_of(level, inside, spec.source) if isinstance(level, Storage) else "array"
        leak_pj = estimate.leak_pj(cycle_ns)
        found.append(PricedComponent(level.name, level.cls, level.instances, place, estimate, leak_pj))
    return tuple(found)


def place_of(level: Storage, inside: bool, source: str) -> str:
    """One of `hardware.archspec.PLACES`, as the level says, or else as its class and whether it stands in the array do.

    Raises
    ------
    InputError : it says another.
    """
    place = level.attributes.get("place", usual_place(level.cls, inside))
    if place not in PLACES:
        wanted = f"one of {', '.join(PLACES)} is wanted, not {describe(place)}"
        raise InputError(source, f"{level.name}.attributes.place", wanted)
    return str(place)


def resolve_clock_ghz(config: AcceleratorConfig, library: ModelLibrary) -> float:
    """Clock of a config: its own, or the fastest that the slowest characterised part allows with `CLOCK_MARGIN`.

    An automatic clock is rounded down to whole MHz. A clock of the config's own is taken as it is; `price_spec` warns
    if it is too fast.
    """
    if config.clock_ghz is not None:
        return config.clock_ghz
    path_ns = price_spec(build_spec(config, 1.0), library).critical_path_ns
    return max(floor(1000 / (path_ns * (1 + CLOCK_MARGIN))), 1) / 1000


def layer_energy(priced: PricedSpec, evaluation: PricedCounts) -> LayerEnergy:
    """Energy of one layer from its counts: the one formula that every engine shares.

    The evaluation's energies must come from `priced.energy`. Idle energy is the leak of every instance over all cycles,
    less what the evaluation has charged the instances in use with.
    """
    dram_pj = 0.0
    idle_pj = 0.0
    for part in priced.components:
        everything = part.leak_pj * part.instances * evaluation.cycles
        level = evaluation.levels.get(part.name)
        charged = level.leakage_energy_pj if level else 0.0
        idle_pj += everything - charged
        if part.place == "dram" and level:
            dram_pj += sum(tensor.energy_pj for tensor in level.tensors.values()) + charged
    return LayerEnergy(
        timeloop_pj=evaluation.energy_pj,
        idle_pj=idle_pj,
        dram_pj=dram_pj,
        onchip_pj=evaluation.energy_pj - dram_pj + idle_pj,
        mac_pj=evaluation.mac_energy_pj,
    )
