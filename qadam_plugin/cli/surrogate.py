"""`qadam-tl surrogate`: polynomial models of whole accelerators, fitted to a sweep's exact results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ..ppa.accelerator.models import SurrogateFile

_HELP = "Polynomial models of whole accelerators on whole networks, fitted to the exact results of a sweep."

_FIT_HELP = """Fit models of whole accelerators to the exact results in DIR, and print their errors on held-out configs.

Writes the models, DIR/surrogate.json, and what was held out, actual and predicted, DIR/surrogate_held_out.csv.

[bold]Examples[/bold]

  qadam-tl surrogate fit qadam-results

  qadam-tl sweep large.yaml --engine surrogate --surrogate qadam-results --out large --refine
"""


def register(app: typer.Typer) -> None:
    """Add the command group to the app."""
    group = typer.Typer(help=_HELP, no_args_is_help=True, rich_markup_mode="rich")
    group.command("fit", help=_FIT_HELP)(fit)
    app.add_typer(group, name="surrogate")


def fit(
    directory: Path = typer.Argument(..., metavar="DIR", help="Folder of a sweep's results."),
    objective: str = typer.Option(
        "edp", "--objective", metavar="NAME", help="Results mapped for edp, energy or latency."
    ),
    batch: int = typer.Option(1, "--batch", min=1, max=65536, metavar="N", help="Results of so many inputs at once."),
    as_json: bool = typer.Option(False, "--json", help="Print the errors as a JSON list."),
) -> None:
    from ..engines.rowstationary import RowStationaryEngine
    from ..sweep.store import ResultStore
    from ..sweep.training import HELD_OUT, MODELS, fit_store, write_fit

    engine = RowStationaryEngine()
    with ResultStore.reading(directory) as store:
        found = fit_store(store, engine, engine.library, objective, batch, lambda text: typer.echo(text, err=True))
    write_fit(found, directory)
    if as_json:
        typer.echo(json.dumps([record.model_dump(mode="json") for record in found.file.errors]))
        return
    _print_errors(found.file)
    if found.invalid:
        typer.echo(f"{found.invalid} results without valid mapping are left out: the models predict none")
    typer.echo(f"{len(found.file.models)} models in {directory / MODELS}, held-out configs in {directory / HELD_OUT}")


def _print_errors(file: SurrogateFile) -> None:
    from rich import box
    from rich.table import Table

    from ..analysis.metrics import METRICS
    from .tables import print_tables

    table = Table(
        title="Errors on held-out configs, in per cent; the models were chosen and fitted without them",
        box=box.SIMPLE_HEAD,
        title_justify="left",
    )
    for name in ("network", "PE type", "figure"):
        table.add_column(name)
    for name in ("fitted to", "held out", "median", "mean", "9 in 10 below", "largest"):
        table.add_column(name, justify="right")
    points = {(record.network, record.pe_type): record.points for record in file.models}
    for record in file.errors:
        errors = record.held_out
        numbers = (errors.median, errors.mean, errors.ninety, errors.largest)
        table.add_row(
            *(record.network, record.pe_type, METRICS[record.figure].label),
            *(str(points[record.network, record.pe_type] - errors.points), str(errors.points)),
            *(f"{100 * value:.2f}" for value in numbers),
        )
    print_tables([table])
