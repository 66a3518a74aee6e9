"""From an accelerator's parameters to its architecture: row-stationary, with shared levels split by tensor.

    DRAM_weights, DRAM_ifmap, DRAM_psum -> [glb_weights,] glb_ifmap, glb_psum -> PE_column (X) -> PE (Y)
        -> ifmap_spad, weights_spad, psum_spad -> mac

Timeloop gives a level one word width for all tensors; a store per tensor gives each its own. The stores of a split
level are serial to Timeloop, so the level's loops stand in its innermost store and the others have factors of 1: the
counts are then those of one joint buffer, and the mapspace does not grow.
"""

from __future__ import annotations

from fractions import Fraction

from ..workloads.layer import DIMENSIONS
from .archspec import ArchSpec, Compute, Fanout, Level, LoopConstraint, Storage
from .config import AcceleratorConfig
from .pe_types import PE_TYPES
from .spec_attributes import UNBOUNDED_DEPTH
from .spec_constraints import axis_constraints

#: Bits of one access to DRAM and to the global buffer, before rounding down to whole words.
ACCESS_BITS = 64

#: Words per cycle of a scratchpad, reads and writes each, as in the public Eyeriss-like example.
SPAD_BANDWIDTH = 2.0

TECHNOLOGY = "45nm"

#: Loops that the row-stationary dataflow allows, and their order, innermost first: the public Eyeriss-like example,
#: with groups made explicit: they may stand on the array, never in a scratchpad.
COLUMN_ORDER = ("G", "N", "C", "P", "R", "S", "Q", "M")
COLUMN_LOOPS = frozenset("QMG")
ROW_ORDER = ("G", "N", "P", "Q", "R", "S", "C", "M")
ROW_LOOPS = frozenset("SCMG")
SPAD_ORDERS = {
    "ifmap_spad": ("G", "N", "M", "C", "P", "Q", "R", "S"),
    "weights_spad": ("G", "N", "M", "P", "Q", "S", "C", "R"),
    "psum_spad": ("G", "N", "C", "P", "Q", "R", "S", "M"),
}
SPAD_LOOPS = {"ifmap_spad": frozenset(), "weights_spad": frozenset("CR"), "psum_spad": frozenset("M")}


def build_spec(config: AcceleratorConfig, clock_ghz: float) -> ArchSpec:
    """Architecture of one accelerator.

    Parameters
    ----------
    clock_ghz : clock that turns the DRAM's GB/s into words per cycle; `config.clock_ghz` is not looked at.

    Notes
    -----
    Word widths follow the PE type: activations, weights and accumulators; outputs in DRAM have an activation's width.
    The bandwidth of the global buffer is divided over its stores as its capacity is, that of the DRAM by its own
    shares; the parts add up to the whole, for reads and for writes each.
    """
    pe = config.pe
    levels: list[Level] = [*_dram(config, clock_ghz), *_global_buffer(config)]
    x, y = axis_constraints(config.cols, 1, _fixed(COLUMN_LOOPS), {}, COLUMN_ORDER, len(DIMENSIONS))
    levels.append(Fanout("PE_column", mesh_x=config.cols, constraint_x=x, constraint_y=y))
    x, y = axis_constraints(1, config.rows, _fixed(ROW_LOOPS), {}, ROW_ORDER, 0)
    levels.append(Fanout("PE", mesh_y=config.rows, constraint_x=x, constraint_y=y))
    instances = config.rows * config.cols
    for name, tensor, bits, depth in (
        ("ifmap_spad", "Inputs", pe.act_bits, config.ifmap_spad_depth),
        ("weights_spad", "Weights", pe.weight_bits, config.weights_spad_depth),
        ("psum_spad", "Outputs", pe.acc_bits, config.psum_spad_depth),
    ):
        constraint = LoopConstraint(factors=_fixed(SPAD_LOOPS[name]), permutation=SPAD_ORDERS[name])
        levels.append(
            _store(name, "qadam_regfile", tensor, bits, bits, depth, SPAD_BANDWIDTH, constraint, instances=instances)
        )
    levels.append(_mac(config, instances))
    return ArchSpec(
        name=f"qadam_{pe.name}_{config.rows}x{config.cols}",
        levels=tuple(levels),
        technology=TECHNOLOGY,
        cycle_seconds=1e-9 / clock_ghz,
        source=f"config {config.config_id}",
    )


def access_width(word_bits: int) -> int:
    """Bits of one access to a shared level: as many whole words as `ACCESS_BITS` holds, at least one."""
    return max(1, ACCESS_BITS // word_bits) * word_bits


def _dram(config: AcceleratorConfig, clock_ghz: float) -> list[Storage]:
    bits_per_cycle = config.dram_gbps * 8 / clock_ghz
    parts = (
        ("DRAM_weights", "Weights", config.pe.weight_bits, config.dram_weights_share),
        ("DRAM_ifmap", "Inputs", config.pe.act_bits, config.dram_ifmap_share),
        ("DRAM_psum", "Outputs", config.pe.act_bits, config.dram_psum_share),
    )
    stores = []
    for name, tensor, bits, share in parts:
        inner = name == parts[-1][0]
        bandwidth = bits_per_cycle * share / bits
        constraint = LoopConstraint() if inner else LoopConstraint(factors=_fixed(frozenset()))
        stores.append(_store(name, "qadam_DRAM", tensor, bits, access_width(bits), None, bandwidth, constraint))
    return stores


def _global_buffer(config: AcceleratorConfig) -> list[Storage]:
    weights, ifmap = Fraction(str(config.glb_weights_share)), Fraction(str(config.glb_ifmap_share))
    parts = [
        ("glb_weights", "Weights", config.pe.weight_bits, weights),
        ("glb_ifmap", "Inputs", config.pe.act_bits, ifmap),
        ("glb_psum", "Outputs", config.pe.acc_bits, 1 - weights - ifmap),
    ]
    capacity_bits = Fraction(str(config.glb_kib)) * 8192
    stores = []
    for name, tensor, bits, share in parts:
        if share == 0:
            continue
        width = access_width(bits)
        depth = int(capacity_bits * share / width)
        inner = name == parts[-1][0]
        constraint = LoopConstraint() if inner else LoopConstraint(factors=_fixed(frozenset()))
        bandwidth = config.glb_bandwidth * float(share)
        stores.append(_store(name, "qadam_SRAM", tensor, bits, width, depth, bandwidth, constraint))
    return stores


def _store(
    name: str,
    cls: str,
    tensor: str,
    datawidth: int,
    width: int,
    depth: int | None,
    bandwidth: float,
    constraint: LoopConstraint,
    instances: int = 1,
) -> Storage:
    attributes: dict[str, object] = {
        "depth": UNBOUNDED_DEPTH if depth is None else depth,
        "width": width,
        "datawidth": datawidth,
        "read_bandwidth": bandwidth,
        "write_bandwidth": bandwidth,
    }
    if cls == "qadam_DRAM":
        attributes["type"] = "LPDDR4"
    partial_sums = tensor == "Outputs" and cls != "qadam_DRAM"
    if partial_sums:
        attributes["partial_sums"] = True
    if cls == "qadam_SRAM":
        attributes["n_banks"] = 1
    if cls == "qadam_regfile":
        # Weights are written before they are read, so one address serves both.
        attributes["addresses"] = "shared" if tensor == "Weights" else "separate"
    return Storage(
        name=name,
        cls=cls,
        width=width,
        datawidth=datawidth,
        depth=depth,
        keep=(tensor,),
        read_bandwidth=bandwidth,
        write_bandwidth=bandwidth,
        temporal=constraint,
        instances=instances,
        partial_sums=partial_sums,
        attributes=attributes,
    )


def _mac(config: AcceleratorConfig, instances: int) -> Compute:
    pe = config.pe
    attributes: dict[str, object] = {
        "family": pe.family,
        "activation_bits": pe.act_bits,
        "weight_bits": pe.weight_bits,
        "accumulator_bits": pe.acc_bits,
        "shift_terms": pe.shift_terms,
        "ifmap_spad_depth": config.ifmap_spad_depth,
        "weights_spad_depth": config.weights_spad_depth,
        "psum_spad_depth": config.psum_spad_depth,
    }
    cls = f"{pe.name}_mac" if pe.name in PE_TYPES else "qadam_mac"
    return Compute("mac", cls, instances, attributes)


def _fixed(allowed: frozenset[str]) -> dict[str, int]:
    """Factor 1 for every dimension that is not allowed."""
    return {dimension: 1 for dimension in DIMENSIONS if dimension not in allowed}
