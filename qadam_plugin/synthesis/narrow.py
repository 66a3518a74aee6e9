"""Operands with fewer bits than the ports of the MAC that they run on, and what they cost there.

A narrow operand stands in the upper bits of its port, zeros below it (`UPPER`): only the upper rows and columns of the
multiplier move, and partial sums have zeros below, too. Or it is extended by its sign (`LOWER`), as plain software
does. A shift-add weight gets narrower by a whole term: the one left out is the code of zero.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from ..hardware.pe_types import BITS_PER_SHIFT_TERM, PEType
from .designs import Design, mac_design
from .drive import Bench, run_vectors
from .golden import Bits, products, sums, to_bits, to_signed
from .library import cell_library
from .measure import Measurement, implement
from .netlist import Netlist
from .operands import REDUCTION_TERMS, activations, weights
from .point import Point
from .power import energy_per_cycle
from .vectors import mac_stimulus

#: Where a narrow operand stands in its port.
UPPER, LOWER = "upper", "lower"


def measure_narrow(point: Point, how: Measurement, cache: Path | None = None) -> dict[str, float]:
    """Energies of a point of the table ``mac_bits`` by column; every result is compared with the golden model.

    Raises
    ------
    RunError : a tool is missing or fails, synthesis drops a port, or the netlist differs from its model.
    InputError : the cell library is not the expected one.
    """
    assert point.design is not None and point.design.pe is not None
    design, netlist = point.design, _mapped(point.design.pe, cache)
    widths = int(point.parameters["act_operand_bits"]), int(point.parameters["weight_operand_bits"])
    stimuli = {
        "compute_pj": narrow_stimulus(design, *widths, "gaussian", how.operations, how.seed),
        "compute_uniform_pj": narrow_stimulus(design, *widths, "uniform", how.operations, how.seed),
        "compute_lower_pj": narrow_stimulus(design, *widths, "gaussian", how.operations, how.seed, LOWER),
        "idle_pj": mac_stimulus(design, "gaussian", how.operations, how.seed, "idle"),
    }
    return {column: _energy(design, netlist, rows) for column, rows in stimuli.items()}


def narrow_stimulus(
    design: Design, act_bits: int, weight_bits: int, distribution: str, count: int, seed: int, place: str = UPPER
) -> Bits:
    """Operations of a MAC on operands of these widths, one per cycle; at full width those of `mac_stimulus`.

    Parameters
    ----------
    act_bits, weight_bits : of the operands, at most those of the ports; shift-add weights have 4 per term.
    distribution : of `operands.DISTRIBUTIONS`, full scale that of the narrow operands.
    place : `UPPER` or `LOWER`.
    """
    pe = design.pe
    assert pe is not None
    terms = weight_bits // BITS_PER_SHIFT_TERM if pe.family == "shift-add" else 0
    narrow = PEType("", pe.family, act_bits, weight_bits, pe.acc_bits, terms)
    names = [port.name for port in design.inputs]
    rows = mac_stimulus(design, distribution, count, seed)
    rng = np.random.default_rng(seed)
    act, weight = _operands(pe, narrow, distribution, len(rows), place, rng)
    total = np.zeros(len(rows), dtype=np.uint64)
    lengths = rng.integers(0, REDUCTION_TERMS + 1, len(rows))
    for term in range(REDUCTION_TERMS):
        product = products(pe, *_operands(pe, narrow, distribution, len(rows), place, rng))
        total = np.where(term < lengths, sums(pe, total, product), total)
    for name, values in (("act", act), ("weight", weight), ("psum", total)):
        rows[:, names.index(name)] = values
    return rows


def _operands(
    pe: PEType, narrow: PEType, distribution: str, count: int, place: str, rng: np.random.Generator
) -> tuple[Bits, Bits]:
    """Activations and weights of the widths of `narrow`, as they stand at the ports of `pe`."""
    act = _placed(activations(narrow, distribution, count, rng), narrow.act_bits, pe.act_bits, place)
    weight = weights(narrow, distribution, count, rng)
    if pe.family == "shift-add":
        absent_terms = (1 << pe.weight_bits) - (1 << narrow.weight_bits)
        return act, weight | np.uint64(absent_terms)
    return act, _placed(weight, narrow.weight_bits, pe.weight_bits, place)


def _placed(values: Bits, bits: int, port_bits: int, place: str) -> Bits:
    """Two's complement numbers of `bits` in a port of `port_bits`."""
    signed = to_signed(values, bits)
    return to_bits(signed << (port_bits - bits) if place == UPPER else signed, port_bits)


@lru_cache(maxsize=2)
def _mapped(pe: PEType, cache: Path | None) -> Netlist:
    """The MAC's netlist: synthesised once for all widths of its operands."""
    return implement(mac_design(pe), cell_library(cache))


def _energy(design: Design, netlist: Netlist, rows: Bits) -> float:
    bench = Bench(design, netlist)
    run_vectors(bench, rows)
    return energy_per_cycle(netlist, bench.timing, bench.simulator.activity()).total_pj
