"""Files that a person names on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import typer

from ..errors import InputError


def write_text(path: Path, text: str, option: str = "-o") -> None:
    """Write a file.

    Raises
    ------
    InputError : it cannot be written; the message names the option.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(option, "", f"cannot write {path}: {error.strerror}") from None


def write_or_print(path: Path | None, text: str) -> None:
    """Write a file, or print what it would hold. Raises as `write_text`."""
    if path is None:
        typer.echo(text, nl=False)
    else:
        write_text(path, text)


def write_folder(folder: Path, files: Mapping[str, str], option: str = "-o") -> None:
    """Write files by name into a folder, which is made where it is missing. Raises as `write_text`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(option, "", f"cannot write into {folder}: {error.strerror}") from None
    for name, text in files.items():
        write_text(folder / name, text, option)
