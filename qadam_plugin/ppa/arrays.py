"""How the area of a flat array differs from the sum of as many flat PEs: the only thing learnt from arrays."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import InputError
from .tables import Row


def array_ratios(arrays: Sequence[Row], pes: Sequence[Row]) -> tuple[Row, ...]:
    """Area of each array over `rows` x `cols` times that of the same PE alone, as rows to fit.

    Raises
    ------
    InputError : an array's PE is not among `pes`.
    """
    alone = {(pe.variant, *sorted(pe.parameters.items())): pe.figures["area_um2"] for pe in pes}
    ratios = []
    for array in arrays:
        sizes = {name: array.parameters[name] for name in ("rows", "cols")}
        pe = {name: value for name, value in array.parameters.items() if name not in sizes}
        area = alone.get((array.variant, *sorted(pe.items())))
        if area is None:
            size = f"{sizes['rows']:g} x {sizes['cols']:g}"
            raise InputError(
                "array.csv", f"{size} of family {array.variant}", "pe.csv has no PE like those of the array"
            )
        ratio = array.figures["area_um2"] / (sizes["rows"] * sizes["cols"] * area)
        ratios.append(Row("", sizes, {"area_ratio": ratio}, array.kind, array.source, array.note))
    return tuple(ratios)
