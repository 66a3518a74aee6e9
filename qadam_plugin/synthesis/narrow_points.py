"""Points of the table ``mac_bits``: MACs on operands that are narrower than their ports."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from ..hardware.pe_types import BITS_PER_SHIFT_TERM, PE_TYPES, PEType
from .designs import mac_design
from .point import Point, integer, mac_columns, shift_add

#: Widths of operands, besides that of the port itself.
_WIDTHS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14)

#: Integer MACs: activation, weight and guard bits. The named types see most pairs of widths.
_INTEGERS = (
    *((16, 16, 8), (8, 8, 8), (4, 4, 8), (6, 6, 8), (10, 10, 8), (12, 12, 8), (14, 14, 8)),
    *((16, 8, 8), (8, 16, 8), (16, 4, 8), (4, 16, 8), (8, 4, 8), (4, 8, 8), (12, 6, 8), (6, 12, 8), (8, 12, 8)),
    (8, 8, 16),
)

#: Shift-add MACs: activation and guard bits, each with one term and with two.
_SHIFT_ADDS = ((4, 8), (6, 8), (8, 8), (8, 16), (12, 8), (16, 8))


def narrow_points() -> Iterator[Point]:
    """Every MAC of the table with each pair of operand widths, the full one first."""
    for act, weight, guard in _INTEGERS:
        pe = integer(act, weight, guard)
        named = (act, weight, pe.acc_bits) in {(p.act_bits, p.weight_bits, p.acc_bits) for p in PE_TYPES.values()}
        yield from _on(pe, _integer_operands(act, weight, named))
    shift_adds = [PE_TYPES["lightpe1"], PE_TYPES["lightpe2"]]
    shift_adds += [shift_add(act, terms, guard) for (act, guard), terms in product(_SHIFT_ADDS, (1, 2))]
    for pe in dict.fromkeys(PEType("", *_shape(pe)) for pe in shift_adds):
        terms = range(pe.shift_terms, 0, -1)
        yield from _on(pe, list(product(_widths(pe.act_bits), (BITS_PER_SHIFT_TERM * count for count in terms))))


def _shape(pe: PEType) -> tuple[str, int, int, int, int]:
    return (pe.family, pe.act_bits, pe.weight_bits, pe.acc_bits, pe.shift_terms)


def _widths(bits: int) -> list[int]:
    """Widths of an operand of a port, the full one first."""
    return [bits, *(width for width in reversed(_WIDTHS) if width < bits)]


def _integer_operands(act: int, weight: int, named: bool) -> list[tuple[int, int]]:
    """Pairs of widths, both full first: of a named type all up to 8 bits and all even ones, of others a third."""
    acts, weights = _widths(act), _widths(weight)
    if named:
        return [pair for pair in product(acts, weights) if max(act, weight) <= 8 or not any(w % 2 for w in pair)]
    return [(a, w) for (i, a), (j, w) in product(enumerate(acts), enumerate(weights)) if (i - j) % 3 == 0]


def _on(pe: PEType, operands: list[tuple[int, int]]) -> Iterator[Point]:
    design = mac_design(pe)
    for act_bits, weight_bits in operands:
        name = f"{design.name}_on_a{act_bits}_w{weight_bits}"
        columns = mac_columns(pe) | {"act_operand_bits": act_bits, "weight_operand_bits": weight_bits}
        # Equal weights keep the points of one MAC together, so that a process synthesises it once.
        yield Point("mac_bits", name, columns, pe.act_bits * pe.weight_bits / 100 + pe.acc_bits / 1e4, design)
