"""What a MAC saves on operands that are narrower than its ports: operand gating, by ratios to the energy at full width.

A narrow operand stands in the upper bits of its port with zeros below (`synthesis.narrow`). Area, leakage, path and
idle clocking stay those of the MAC; what an operation adds to a cycle is multiplied by a fitted ratio, which is 1 at
full width by its form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import InputError
from ..hardware.pe_types import BITS_PER_SHIFT_TERM, PEType
from .library import ModelLibrary
from .tables import Row

#: Narrowest operand that was characterised. One of one bit, which is worth +1 or -1, takes two in two's complement.
LEAST_BITS = 2

_OPERANDS = ("act_operand_bits", "weight_operand_bits")


@dataclass(frozen=True, slots=True)
class Operands:
    """Bits of the operands that a MAC works on; None: as wide as its port."""

    act_bits: int | None = None
    weight_bits: int | None = None


FULL_WIDTH = Operands()


def narrow_ratios(rows: Sequence[Row]) -> tuple[Row, ...]:
    """What an operation adds to a cycle on narrow operands, over what it adds at full width, as rows to fit.

    Raises
    ------
    InputError : a MAC's row at full width is missing.
    """
    full = {_unit(row): _added(row) for row in rows if _is_full(row)}
    ratios = []
    for row in rows:
        if _is_full(row):
            continue  # 1 by the form of the model: it would only flatter the error
        whole = full.get(_unit(row))
        if whole is None:
            act, weight = (f"{row.parameters[name]:g}" for name in ("act_bits", "weight_bits"))
            raise InputError(
                "mac_bits.csv", f"{row.variant} MAC of {act} and {weight} bits", "its row at full width is missing"
            )
        found = {"narrow_ratio": _added(row) / whole}
        ratios.append(Row(row.variant, row.parameters, found, row.kind, row.source, row.note))
    return tuple(ratios)


def _added(row: Row) -> float:
    return row.figures["compute_pj"] - row.figures["idle_pj"]


def _is_full(row: Row) -> bool:
    at = row.parameters
    return at["act_operand_bits"] == at["act_bits"] and at["weight_operand_bits"] == at["weight_bits"]


def _unit(row: Row) -> tuple[object, ...]:
    return (row.variant, *(value for name, value in row.parameters.items() if name not in _OPERANDS))


def energy_ratio(library: ModelLibrary, pe: PEType, operands: Operands) -> tuple[float, tuple[str, ...]]:
    """Energy of an operation on operands of these widths, over that at full width, with warnings.

    Floating point is not narrowed: 1. Operands wider than the port are priced at full width, with a warning.
    """
    warnings = misfits(pe, operands)
    act, weight = _width(operands.act_bits, pe.act_bits), _width(operands.weight_bits, pe.weight_bits)
    if pe.family == "shift-add":
        weight = -(-weight // BITS_PER_SHIFT_TERM) * BITS_PER_SHIFT_TERM
    if pe.family == "fp" or (act, weight) == (pe.act_bits, pe.weight_bits):
        return 1.0, warnings
    key = ("mac_bits", pe, act, weight)
    found = library.cache.get(key)
    if found is None:
        found = library.cache[key] = _predicted(library, pe, act, weight)
    return found[0], (*warnings, *found[1])


def misfits(pe: PEType, operands: Operands) -> tuple[str, ...]:
    """Warnings about operands wider than their ports."""
    return tuple(
        f"{kind} of {bits} bits do not fit the MAC's {port}: priced at full width"
        for kind, bits, port in (
            ("activations", operands.act_bits, pe.act_bits),
            ("weights", operands.weight_bits, pe.weight_bits),
        )
        if bits is not None and bits > port
    )


def _width(bits: int | None, port: int) -> int:
    return port if bits is None else min(max(bits, LEAST_BITS), port)


def _predicted(library: ModelLibrary, pe: PEType, act: int, weight: int) -> tuple[float, tuple[str, ...]]:
    model = library.find("mac_bits", pe.family, "narrow_ratio")
    if model is None:
        return 1.0, (f"no model of narrow operands in a MAC of family {pe.family}: priced at full width",)
    parameters = {
        "act_bits": pe.act_bits,
        "weight_bits": pe.weight_bits,
        "acc_bits": pe.acc_bits,
        "shift_terms": pe.shift_terms,
        "act_operand_bits": act,
        "weight_operand_bits": weight,
    }
    warnings = tuple(f"{text} of the {pe.family} mac_bits models" for text in model.out_of_range(parameters))
    return min(model.predict(parameters), 1.0), warnings
