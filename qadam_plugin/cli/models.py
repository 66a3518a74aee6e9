"""`qadam-tl models` and `qadam-tl fit`: the fitted models, and fitting them anew from the tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import InputError
from .output import write_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..ppa.composition import Deviation
    from ..ppa.library import ModelRecord

_MODELS_HELP = """List the fitted models with their errors and ranges.

Errors are relative, from points left out by cross-validation; a dash stands where the points are too few for it, or
derived from one another.

[bold]Example[/bold]

  qadam-tl models --json

  qadam-tl models --check

  qadam-tl models --cards docs/models
"""

_FIT_HELP = """Fit the models anew from the characterisation tables.

[bold]Examples[/bold]

  qadam-tl fit

  qadam-tl fit --tables my_tables --out my_tables/models
"""


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command("models", help=_MODELS_HELP)(models)
    app.command("fit", help=_FIT_HELP)(fit)


def models(
    as_json: bool = typer.Option(False, "--json", help="Print a JSON list."),
    check: bool = typer.Option(
        False, "--check", help="Compare PEs and arrays composed of the models with those synthesised as a whole."
    ),
    cards: Path | None = typer.Option(None, "--cards", metavar="DIR", help="Write a page per quantity to DIR."),
) -> None:
    from ..ppa.library import load_library

    library = load_library()
    if cards is not None:
        _write_cards(library.records(), cards)
        return
    if check:
        from ..paths import data_dir
        from ..ppa.composition import deviations

        found = deviations(library, data_dir("estimator_tables"))
        if as_json:
            typer.echo(json.dumps([_deviation(each) for each in found]))
        else:
            _print_check(found)
        return
    records = library.records()
    if as_json:
        typer.echo(json.dumps([_record(record) for record in records]))
        return
    _print_records(records)


def fit(
    tables: Path | None = typer.Option(None, "--tables", metavar="DIR", help="Folder of CSV tables; else the shipped."),
    out: Path | None = typer.Option(None, "--out", metavar="DIR", help="Folder for the models; else TABLES/models."),
) -> None:
    from ..paths import data_dir
    from ..ppa.fitting import fit_all
    from ..ppa.library import load_library

    if tables is not None and not tables.is_dir():
        raise InputError("--tables", "", f"{tables} is no folder")
    source = tables or data_dir("estimator_tables")
    target = out or source / "models"
    fit_all(source, target)
    records = load_library(target).records()
    _print_records(records)
    typer.echo(f"{len(records)} models in {target}")


def _record(record: ModelRecord) -> dict[str, object]:
    return {
        "family": record.family,
        "pe_type": record.variant or None,
        "quantity": record.quantity,
        "unit": record.unit,
        "degree": record.degree,
        "terms": list(record.terms),
        "coefficients": list(record.coefficients),
        "log": record.log,
        "points": record.points,
        "basis": record.basis,
        "k": record.k,
        "cv_mean_error": record.cv_mean_error,
        "cv_max_error": record.cv_max_error,
        "fit_max_error": record.fit_max_error,
        "r2": record.r2,
        "range": {name: list(bounds) for name, bounds in record.range.items()},
    }


def _print_records(records: tuple[ModelRecord, ...]) -> None:
    from rich import box
    from rich.table import Table

    from .tables import print_tables

    table = Table(box=box.SIMPLE_HEAD)
    for name in ("family", "pe_type", "quantity", "unit"):
        table.add_column(name)
    for name in ("points", "terms", "degree", "k", "cv mean %", "cv max %", "fit max %"):
        table.add_column(name, justify="right")
    table.add_column("basis")
    for record in records:
        errors = (record.cv_mean_error, record.cv_max_error, record.fit_max_error)
        folds = "-" if record.k is None else str(record.k)
        table.add_row(
            *(record.family, record.variant, record.quantity, record.unit),
            *(str(record.points), str(len(record.terms)), str(record.degree), folds),
            *("-" if error is None else f"{100 * error:.2f}" for error in errors),
            ", ".join(f"{count} {kind}" for kind, count in record.basis.items()),
        )
    print_tables([table])


def _write_cards(records: Sequence[ModelRecord], folder: Path) -> None:
    from ..ppa.cards import model_cards

    pages = model_cards(records, "qadam-tl models --cards docs/models")
    write_folder(folder, pages, "--cards")
    typer.echo(f"{len(pages)} model cards in {folder}")


def _deviation(each: Deviation) -> dict[str, object]:
    return {
        "pe_type": each.pe.name,
        "rows": each.rows,
        "cols": each.cols,
        "ifmap_depth": each.depths.ifmap,
        "weights_depth": each.depths.weights,
        "psum_depth": each.depths.psum,
        "deviation": dict(each.relative),
    }


def _print_check(found: Sequence[Deviation]) -> None:
    """PEs by type with mean and worst deviation, then every array."""
    from rich import box
    from rich.table import Table

    from ..ppa.composition import FIGURES, spread
    from .tables import print_tables

    title = "composed of fitted parts against synthesised flat, %: mean and worst"
    pes = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    arrays = Table(box=box.SIMPLE_HEAD)
    for table, heads in ((pes, ("PEs", "n")), (arrays, ("array", "rows", "cols"))):
        for name in (*heads, *(figure.rpartition("_")[0] for figure in FIGURES)):
            table.add_column(name, justify="left" if name in ("PEs", "array") else "right")
    for name in dict.fromkeys(each.pe.name for each in found):
        of_type = [each for each in found if each.pe.name == name and each.rows * each.cols == 1]
        cells = [spread(of_type, figure) for figure in FIGURES]
        pes.add_row(name, str(len(of_type)), *(f"{100 * cell.mean:+.1f}, {100 * cell.worst:+.1f}" for cell in cells))
    for each in found:
        if each.rows * each.cols > 1:
            cells = [f"{100 * each.relative[figure]:+.1f}" for figure in FIGURES]
            arrays.add_row(each.pe.name, str(each.rows), str(each.cols), *cells)
    print_tables([pes, arrays])
