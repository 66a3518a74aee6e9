"""`qadam-tl report`: one HTML file with what a sweep found."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from ..errors import InputError

_HELP = """Write DIR/report.html: what a sweep found, as one file for a browser that asks nothing of any server.

Best designs per PE type, an interactive Pareto front, where the energy goes, the models' errors and ranges,
assumptions and provenance.

[bold]Examples[/bold]

  qadam-tl report qadam-results

  qadam-tl report qadam-results --where "area_mm2 < 2" --metric energy_uj -o small.html

  qadam-tl report qadam-results --accuracy accuracy.csv
"""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("report", help=_HELP)(report)


def report(
    directory: Path = typer.Argument(..., metavar="DIR", help="Folder of a sweep's results."),
    output: Path | None = typer.Option(None, "-o", "--output", metavar="FILE", help="Else DIR/report.html."),
    where: str | None = typer.Option(None, "--where", metavar="CONDITION", help="Only results that meet a condition."),
    accuracy: Path | None = typer.Option(
        None, "--accuracy", metavar="FILE", help="CSV of network, pe_type, top1_mean, top1_spread: adds metric top1."
    ),
    best: str = typer.Option(
        "perf_per_area", "--metric", metavar="METRIC", help="What the designs of the breakdowns are best in."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one line of JSON: file, bytes, designs, results."),
) -> None:
    from ..analysis.groups import valid_results
    from ..analysis.metrics import metric
    from ..analysis.report.collect import COLUMNS, collect_report
    from ..analysis.report.render import render_report
    from ..analysis.selection import check_folder, read_results
    from ..hardware.family import known_names
    from ..sweep.exports import atomic
    from ..sweep.store import ResultStore

    criterion = metric(best, "--metric", accuracy=accuracy is not None)
    path = directory / "report.html" if output is None else output
    if output is not None:
        check_folder(output)
    with ResultStore.reading(directory) as store:
        needed = {*COLUMNS, criterion.name, *known_names(store.families())}
        selected = read_results(store, needed, where, accuracy, None)
        if selected.missing:
            typer.echo(selected.missing, err=True)
        kept = selected.kept
        if valid_results(kept).empty:
            raise InputError(directory, "", "no result with a valid mapping" + (" meets --where" if where else ""))
        named = "" if accuracy is None else accuracy.name
        found = collect_report(store, kept, criterion, condition=where or "", accuracy=named)
    with atomic(path) as unfinished:
        unfinished.write_text(render_report(found), encoding="utf-8", newline="\n")
    size = path.stat().st_size
    results = sum(group.results for group in found.groups)
    if as_json:
        typer.echo(json.dumps({"file": str(path), "bytes": size, "designs": found.designs, "results": results}))
    else:
        typer.echo(f"report of {found.designs} designs, {results} results: {path} ({size / 1e6:.1f} MB)")
