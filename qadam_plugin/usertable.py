"""Reading the CSV tables that a person writes: every mistake becomes one `InputError` that names its line.

A byte order mark, empty lines, lines that start with ``#`` and blanks around a cell are passed over.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import InputError
from .userfile import read_text, suggestion


@dataclass(frozen=True)
class UserTable:
    """A table whose columns are known.

    Attributes
    ----------
    columns : their names, in the order of the file.
    """

    path: Path
    columns: tuple[str, ...]
    _lines: tuple[tuple[str, tuple[str, ...]], ...]

    def rows(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Where each row stands, such as ``line 3``, and its cells by column.

        Raises
        ------
        InputError : a row has a cell too many or too few.
        """
        for where, cells in self._lines:
            if len(cells) != len(self.columns):
                raise InputError(self.path, where, f"{len(self.columns)} cells are wanted, not {len(cells)}")
            yield where, dict(zip(self.columns, cells, strict=True))


def read_table(
    path: str | Path, layout: Sequence[str], *others: Sequence[str], optional: Sequence[str] = ()
) -> UserTable:
    """Read a table.

    Parameters
    ----------
    layout : its columns, in any order.
    others : columns that it may have instead.
    optional : columns that it may have besides.

    Raises
    ------
    InputError : no such file, no rows, or a column that is missing, unknown or there twice.
    """
    layouts = (layout, *others)
    wanted = " or ".join(", ".join(names) for names in layouts)
    numbered = enumerate(read_text(path).removeprefix("\ufeff").splitlines(), 1)
    written = [(f"line {at}", line) for at, line in numbered if line.strip() and not line.startswith("#")]
    lines = [(where, _cells(line, path, where)) for where, line in written]
    if not lines:
        raise InputError(path, "", f"is empty; the columns {wanted} and at least one row are wanted")
    where, columns = lines[0]
    for column in columns:
        if columns.count(column) > 1:
            raise InputError(path, where, f"column '{column}' stands twice")
    if not any(set(names) <= set(columns) <= {*names, *optional} for names in layouts):
        if others:
            raise InputError(path, where, f"the columns {wanted} are wanted, not {', '.join(columns)}")
        _refuse(columns, layout, optional, path, where)
    if len(lines) == 1:
        raise InputError(path, "", "has no rows below its column names")
    return UserTable(Path(path), columns, tuple(lines[1:]))


def _cells(line: str, path: str | Path, where: str) -> tuple[str, ...]:
    try:
        return tuple(cell.strip() for cell in next(csv.reader([line])))
    except csv.Error:
        raise InputError(path, where, "is no row of a table") from None


def _refuse(
    columns: Sequence[str], layout: Sequence[str], optional: Sequence[str], path: str | Path, where: str
) -> None:
    """Name the first column that is unknown, or else missing."""
    known = (*layout, *optional)
    for column in columns:
        if column not in known:
            raise InputError(path, where, f"unknown column '{column}'; {suggestion(column, known)}")
    for column in layout:
        if column not in columns:
            raise InputError(path, where, f"column '{column}' is missing")
