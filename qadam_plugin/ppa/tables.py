"""Characterisation tables: CSV files with parameters, figures and where every row comes from."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError
from ..userfile import read_text, suggestion
from .families import Family

#: How a row was obtained. ``measured``: synthesis and simulation; ``simulated``: a memory compiler model such as
#: CACTI; ``published``: a cited source; ``derived``: computed from other rows by a stated argument.
KINDS = ("measured", "simulated", "published", "derived")

_PROVENANCE = ("kind", "source", "note")

#: Further columns of provenance that a table may have: what made the row, with which tools, library file and stimuli.
_DETAILS = ("command", "tools", "library_sha256", "operands", "seed")


@dataclass(frozen=True, slots=True)
class Row:
    """One characterised point.

    Attributes
    ----------
    variant : value of the family's variant column, else empty.
    parameters : value per parameter.
    figures : value per column that is filled in.
    kind, source, note : provenance; `kind` is one of `KINDS`. details : the optional columns of provenance.
    """

    variant: str
    parameters: Mapping[str, float]
    figures: Mapping[str, float]
    kind: str
    source: str
    note: str
    details: Mapping[str, str] = field(default_factory=dict)


def load_table(path: str | Path, family: Family) -> tuple[Row, ...]:
    """Read one family's table. Lines that start with ``#`` are comments; empty cells are figures not known.

    Raises
    ------
    InputError : names file, line and column: a missing or unknown column, a cell that is no positive number, an
        unknown kind, a row without source, the same point twice.
    """
    lines = read_text(path).splitlines()
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not numbered:
        raise InputError(path, "", "is empty; a line of column names and at least one row are wanted")
    columns = next(csv.reader([numbered[0][1]]))
    _check_columns(columns, family, f"line {numbered[0][0]}", path)
    rows: list[Row] = []
    seen: set[tuple[object, ...]] = set()
    for number, line in numbered[1:]:
        cells = next(csv.reader([line]))
        if len(cells) != len(columns):
            raise InputError(path, f"line {number}", f"{len(columns)} cells are wanted, not {len(cells)}")
        row = _row(dict(zip(columns, (cell.strip() for cell in cells), strict=True)), family, f"line {number}", path)
        point = (row.variant, *row.parameters.values())
        if point in seen and family.parameters:
            raise InputError(path, f"line {number}", "stands twice: an earlier row has the same parameters")
        seen.add(point)
        rows.append(row)
    return tuple(rows)


def _check_columns(columns: list[str], family: Family, where: str, path: str | Path) -> None:
    variant = (family.variant,) if family.variant else ()
    figures = (*(quantity.column for quantity in family.quantities), *family.checks)
    needed = (*variant, *family.parameters, *_PROVENANCE)
    known = (*needed, *figures, *_DETAILS)
    for column in columns:
        if column not in known:
            raise InputError(path, where, f"unknown column '{column}'; {suggestion(column, known)}")
        if columns.count(column) > 1:
            raise InputError(path, where, f"column '{column}' stands twice")
    for column in needed:
        if column not in columns:
            raise InputError(path, where, f"column '{column}' is missing")


def _row(cells: dict[str, str], family: Family, where: str, path: str | Path) -> Row:
    def number(column: str, least: float) -> float:
        try:
            value = float(cells[column])
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= least):
            wanted = "a number above 0" if least else "a number of at least 0"
            raise InputError(path, f"{where}, column {column}", f"{wanted} is wanted, not '{cells[column]}'")
        return value

    if cells["kind"] not in KINDS:
        raise InputError(path, f"{where}, column kind", f"one of {', '.join(KINDS)} is wanted, not '{cells['kind']}'")
    if not cells["source"]:
        raise InputError(path, f"{where}, column source", "every row names its source")
    if family.variant and not cells[family.variant]:
        raise InputError(path, f"{where}, column {family.variant}", "is empty")
    taken = {family.variant, *family.parameters, *_PROVENANCE, *_DETAILS}
    smallest_positive = math.ulp(0.0)
    return Row(
        variant=cells[family.variant] if family.variant else "",
        parameters={name: number(name, 0.0) for name in family.parameters},
        figures={name: number(name, smallest_positive) for name in cells if name not in taken and cells[name]},
        kind=cells["kind"],
        source=cells["source"],
        note=cells["note"],
        details={name: cells[name] for name in _DETAILS if name in cells},
    )
