"""What one component costs: energy per action, leakage, area, critical path, from the fitted models.

Composition rules that hold everywhere: an access to a buffer is one word line of `width` bits; `update` costs a write.
The energy of an action is what it adds to a cycle; what a component draws in every cycle (leakage and idle clocking) is
its `leak`. What a PE's control draws per operation belongs to `compute`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..hardware.pe_types import PEType
from ..hardware.subword import operand_mode
from .library import ModelLibrary, known_variant
from .narrow import FULL_WIDTH, Operands, energy_ratio, misfits

Parameters = Mapping[str, float]

#: Pipeline ranks of a MAC between its operand and its result registers: one, between product and sum.
PIPELINE = 1

#: How a scratchpad is addressed: reading and writing apart, or both by one address, as a PE's weights are.
SEPARATE, SHARED = "separate", "shared"
ADDRESSES = (SEPARATE, SHARED)


@dataclass(frozen=True, slots=True)
class SpadDepths:
    """Words of a PE's scratchpads, which its control counts through."""

    ifmap: int = 12
    weights: int = 48
    psum: int = 16


@dataclass(frozen=True, slots=True)
class Estimate:
    """Cost of one instance of a component.

    Attributes
    ----------
    energy_pj : pJ per action, without `leak`: compute and compute_gated; or read, write and update, per access.
    leakage_mw : static power. idle_pj : clocking per cycle without an access.
    area_um2 : 0 for DRAM, which is not on the chip.
    path_ns : shortest clock period the component allows; None where it was not characterised.
    warnings : parameters outside the range that the models were fitted on.
    assumptions : what was priced in place of what was asked for, because it was characterised.
    """

    energy_pj: Mapping[str, float]
    leakage_mw: float = 0.0
    idle_pj: float = 0.0
    area_um2: float = 0.0
    path_ns: float | None = None
    warnings: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()

    def leak_pj(self, cycle_ns: float) -> float:
        """Energy of one cycle in which nothing happens, pJ: leakage over the cycle, and idle clocking."""
        return self.leakage_mw * cycle_ns + self.idle_pj


def compute_unit(
    library: ModelLibrary,
    pe: PEType,
    depths: SpadDepths | None = None,
    pipeline: int = PIPELINE,
    operands: Operands = FULL_WIDTH,
    macs_per_pe: int = 1,
    lanes: int = 1,
) -> Estimate:
    """MAC and control of a PE: what Timeloop calls its compute level.

    The control works through a gated operation, and through one on narrow operands, as through any other. Where several
    MACs share one, each has its part of it: as if all of them were busy whenever one is.
    """
    unit, rest = mac(library, pe, pipeline, operands, lanes), control(library, depths or SpadDepths())
    extra = rest.energy_pj["compute"] / macs_per_pe
    paths = [each.path_ns for each in (unit, rest) if each.path_ns is not None]
    return Estimate(
        energy_pj={action: energy + extra for action, energy in unit.energy_pj.items()},
        leakage_mw=unit.leakage_mw + rest.leakage_mw / macs_per_pe,
        idle_pj=unit.idle_pj,
        area_um2=unit.area_um2 + rest.area_um2 / macs_per_pe,
        path_ns=max(paths, default=None),
        warnings=tuple(dict.fromkeys(unit.warnings + rest.warnings)),
    )


def mac(
    library: ModelLibrary,
    pe: PEType,
    pipeline: int = PIPELINE,
    operands: Operands = FULL_WIDTH,
    lanes: int = 1,
) -> Estimate:
    """Multiply-accumulate unit with its registers, without control; `compute_gated` is an operation on a zero.

    On narrow operands an operation costs less and all else is as it was. What it costs less was characterised with
    `PIPELINE` ranks and holds for all. A zero among narrow operands costs no more than another operand.

    Parameters
    ----------
    lanes : products per cycle of one unit of the family ``subword``: the estimate is that of one lane, its part of all.
    """
    if pe.family == "subword":
        return _subword_mac(library, pe, operands, lanes)
    parameters = {
        "act_bits": pe.act_bits,
        "weight_bits": pe.weight_bits,
        "acc_bits": pe.acc_bits,
        "shift_terms": pe.shift_terms,
        "pipeline": pipeline,
    }
    values, warnings = _predict(library, "mac", pe.family, parameters)
    idle = values["idle_energy"]
    ratio, narrow_warnings = energy_ratio(library, pe, operands)
    compute, gated = (values["compute_energy"] - idle) * ratio, values["gated_energy"] - idle
    return Estimate(
        energy_pj={"compute": compute, "compute_gated": gated if ratio == 1 else min(gated, compute)},
        leakage_mw=values["leakage"] * 1e-3,
        idle_pj=idle,
        area_um2=values["area"],
        path_ns=values.get("critical_path"),
        warnings=warnings + narrow_warnings,
    )


def _subword_mac(library: ModelLibrary, pe: PEType, operands: Operands, lanes: int) -> Estimate:
    """One lane of a MAC whose words hold several operands, in the mode of these operands.

    Lanes that a layer leaves without work cost as much as the others, unless it uses one lane alone.
    """
    bits = operand_mode(pe, operands.weight_bits, operands.act_bits)
    every = lanes == pe.act_bits // bits
    whole, _ = _predict(library, "mac_subword", f"w{pe.act_bits}_b{pe.act_bits}", {})
    values, _ = _predict(library, "mac_subword", f"w{pe.act_bits}_b{bits}", {})
    idle = whole["idle_energy"]
    compute = values["compute_energy" if every else "one_lane_energy"] - idle
    return Estimate(
        energy_pj={"compute": compute / lanes, "compute_gated": min(values["gated_energy"] - idle, compute) / lanes},
        leakage_mw=whole["leakage"] * 1e-3 / lanes,
        idle_pj=idle / lanes,
        area_um2=whole["area"] / lanes,
        path_ns=whole["critical_path"],
        warnings=misfits(pe, operands),
    )


def operation_energies(library: ModelLibrary, pe: PEType, widths: Sequence[int]) -> dict[str, float]:
    """Energy of an operation of a MAC with its cycle's clock, pJ: at ``full`` width, and by the bits of its operands.

    An operation is one product and its sum: of a word that holds several operands, the energy is divided by them.

    Parameters
    ----------
    widths : of the operands; a weight is no wider than its port, and widths beyond the activations' port are left out.
    """
    narrow = {str(bits): Operands(bits, min(bits, pe.weight_bits)) for bits in widths if bits <= pe.act_bits}
    found = {}
    for name, operands in {"full": FULL_WIDTH, **narrow}.items():
        lanes = (
            pe.act_bits // operand_mode(pe, operands.weight_bits, operands.act_bits) if pe.family == "subword" else 1
        )
        unit = mac(library, pe, operands=operands, lanes=lanes)
        found[name] = unit.energy_pj["compute"] + unit.idle_pj
    return found


def control(library: ModelLibrary, depths: SpadDepths) -> Estimate:
    """Control of a PE: everything besides MAC and scratchpads. Its clock belongs to the operations."""
    parameters = {"ifmap_depth": depths.ifmap, "weights_depth": depths.weights, "psum_depth": depths.psum}
    values, warnings = _predict(library, "control", "", parameters)
    return Estimate(
        energy_pj={"compute": values["compute_energy"]},
        leakage_mw=values["leakage"] * 1e-3,
        area_um2=values["area"],
        path_ns=values.get("critical_path"),
        warnings=warnings,
    )


def spad(library: ModelLibrary, depth: int, width: int, addresses: str = SEPARATE) -> Estimate:
    """Scratchpad: a flip-flop register file of `depth` words of `width` bits; `addresses` is one of `ADDRESSES`."""
    values, warnings = _predict(library, "spad", addresses, {"depth": depth, "width": width})
    return _storage(values, warnings, idle_pj=values["idle_energy"])


def glb(library: ModelLibrary, capacity_bits: int, width: int, banks: int = 1) -> Estimate:
    """Global buffer, or one store of a split one: SRAM read and written `width` bits at a time."""
    parameters = {"capacity_bits": capacity_bits, "width": width, "banks": banks}
    values, warnings = _predict(library, "glb", "", parameters)
    return _storage(values, warnings)


def dram(library: ModelLibrary, kind: str, width: int, source: object = "dram", key: str = "type") -> Estimate:
    """DRAM: energy per access of `width` bits, background power included; neither area nor leakage of its own.

    Raises
    ------
    InputError : no figures for this type; `source` and `key` say where it was written.
    """
    values, _ = _predict(library, "dram", known_variant(library, "dram", kind, source, key), {})
    read, write = values["read_energy"] * width, values["write_energy"] * width
    return Estimate(energy_pj={"read": read, "write": write, "update": write})


def array_overhead_um2(library: ModelLibrary, rows: int, cols: int, pe_area_um2: float) -> float:
    """Area of an array beyond the sum of its PEs; 0 for a single PE.

    The arrays that were synthesised have up to 4 x 4 PEs; the share per PE of larger ones hardly changes any more.
    """
    if rows * cols == 1:
        return 0.0
    values, _ = _predict(library, "array", "", {"rows": rows, "cols": cols})
    return (values["area_ratio"] - 1) * rows * cols * pe_area_um2


def _storage(values: Mapping[str, float], warnings: tuple[str, ...], idle_pj: float = 0.0) -> Estimate:
    write = values["write_energy"]
    return Estimate(
        energy_pj={"read": values["read_energy"], "write": write, "update": write},
        leakage_mw=values["leakage"] * 1e-3,
        idle_pj=idle_pj,
        area_um2=values["area"],
        path_ns=values.get("critical_path"),
        warnings=warnings,
    )


def _predict(
    library: ModelLibrary, family: str, variant: str, parameters: Parameters
) -> tuple[Mapping[str, float], tuple[str, ...]]:
    """Prediction of every characterised quantity, and what is out of range; kept in the library's cache."""
    key = (family, variant, *parameters.values())
    found = library.cache.get(key)
    if found is None:
        models = library.of_family(family, variant)
        values = {model.record.quantity: model.predict(parameters) for model in models}
        named = f"{variant} {family}".strip()
        outside = dict.fromkeys(text for model in models for text in model.out_of_range(parameters))
        warnings = (f"{text} of the {named} models" for text in outside)
        found = library.cache[key] = (values, tuple(warnings))
    return found
