"""`qadam-tl pareto`: Pareto fronts of stored results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from ..analysis.accuracy import AccuracyTable
    from ..analysis.metrics import Metric

_HELP = """Print the designs that no other design beats in every metric.

Results of different networks, batches, engines, objectives and clocks are not compared: each has its own front.

[bold]Examples[/bold]

  qadam-tl pareto qadam-results

  qadam-tl pareto qadam-results --x area_mm2 --y latency_ms --metric energy_uj --where "area_mm2 < 2"

  qadam-tl pareto qadam-results --where 'network == "resnet20-cifar10" and pe_type != "fp32"' -o front.png

  qadam-tl pareto qadam-results --accuracy accuracy.csv --x top1 --y perf_per_area
"""

_SHOWN = ("pe_type", "rows", "cols", "ifmap_spad_depth", "weights_spad_depth", "psum_spad_depth", "glb_kib")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("pareto", help=_HELP)(pareto)


def pareto(
    directory: Path = typer.Argument(..., metavar="DIR", help="Folder of a sweep's results."),
    x: str = typer.Option("onchip_energy_uj", "--x", metavar="METRIC", help="First metric."),
    y: str = typer.Option("perf_per_area", "--y", metavar="METRIC", help="Second metric."),
    more: list[str] = typer.Option([], "--metric", metavar="METRIC", help="A further metric; may be repeated."),
    where: str | None = typer.Option(None, "--where", metavar="CONDITION", help="Only results that meet a condition."),
    accuracy: Path | None = typer.Option(
        None, "--accuracy", metavar="FILE", help="CSV of network, pe_type, top1_mean, top1_spread: adds metric top1."
    ),
    output: Path | None = typer.Option(None, "-o", "--output", metavar="FILE", help="Write csv, png, svg or pdf."),
    as_json: bool = typer.Option(False, "--json", help="Print the rows as a JSON list."),
) -> None:
    from ..analysis.accuracy import ACCURACY_COLUMNS, read_accuracy
    from ..analysis.fronts import front_mask
    from ..analysis.groups import GROUP, select
    from ..analysis.metrics import metric
    from ..analysis.plots import FORMATS, collect_panels, draw_panels
    from ..analysis.report import write_figure, write_rows
    from ..hardware.expressions import parse
    from ..sweep.columns import RESULT_COLUMNS
    from ..sweep.exports import results_frame
    from ..sweep.store import ResultStore

    named = [("--x", x), ("--y", y), *(("--metric", name) for name in more)]
    table = None if accuracy is None else read_accuracy(accuracy)
    metrics = list(dict.fromkeys(metric(name, option, accuracy=table is not None) for option, name in named))
    added = () if table is None else ACCURACY_COLUMNS
    condition = None if where is None else parse(where, [*(name for name, _ in RESULT_COLUMNS), *added], "--where")
    kind = "" if output is None else output.suffix.lstrip(".").lower()
    if output is not None and kind not in ("csv", *FORMATS):
        raise InputError(output, "", f"write csv, {', '.join(FORMATS)}: its name ends with one of them")
    needed = {"valid", "pe_type", *GROUP, *(item.name for item in metrics), *(condition.names if condition else ())}
    with ResultStore.reading(directory) as store:
        results = _joined(results_frame(store, needed), table)
        kept = (
            results if condition is None else select(results, condition.mask({name: results[name] for name in results}))
        )
        on_front = select(kept, front_mask(kept, metrics)).index.to_numpy()
        front = results_frame(store, rows=on_front).join(results[list(added)])
        if output is not None:
            if kind == "csv":
                write_rows(store, results.index.isin(on_front), output, {name: results[name] for name in added})
            else:
                write_figure(draw_panels(collect_panels(kept, metrics[0], metrics[1], normalize=False)), output)
    if as_json:
        typer.echo(json.dumps(_records(front)))
    elif front.empty:
        typer.echo("no result with a valid mapping" + (" meets the condition" if condition else ""))
    else:
        _print(front, metrics)


def _joined(results: pd.DataFrame, table: AccuracyTable | None) -> pd.DataFrame:
    """Results with their accuracies; what has none is said."""
    from ..analysis.accuracy import missing_accuracy, with_accuracy

    if table is None:
        return results
    joined = with_accuracy(results, table)
    missing = missing_accuracy(results, table)
    if missing:
        pairs = "; ".join(f"{network} with {pe_type}" for network, pe_type in missing)
        typer.echo(f"{table.source} has no accuracy for {pairs}", err=True)
    return joined


def _records(front: pd.DataFrame) -> list[dict[str, object]]:
    """Rows with the names and kinds of ``results.csv``."""
    from ..sweep.columns import RESULT_COLUMNS

    integers = [name for name, kind in RESULT_COLUMNS if kind == "integer"]
    return [
        {name: None if value != value else int(value) if name in integers else value for name, value in row.items()}
        for row in front.to_dict("records")
    ]


def _print(front: pd.DataFrame, metrics: Sequence[Metric]) -> None:
    from ..analysis.groups import comparable
    from .tables import print_tables

    print_tables([_table(key, part, metrics) for key, part in comparable(front)])


def _table(group: dict[str, object], part: pd.DataFrame, metrics: Sequence[Metric]) -> Table:
    from rich import box
    from rich.table import Table

    clock = "own clocks" if group["clock"] == "auto" else f"{group['clock']} GHz"
    title = f"{group['network']}: {len(part)} on the front, batch {group['batch']}, {group['engine']}, {clock}"
    table = Table(title=f"{title}, mapped for {group['objective']}", box=box.SIMPLE_HEAD, title_justify="left")
    for item in metrics:
        table.add_column(item.title, justify="right")
    for name in (*_SHOWN, "config_id"):
        table.add_column(name)
    for row in part.sort_values(metrics[0].name, kind="stable").to_dict("records"):
        numbers = [f"{row[item.name]:.5g}" for item in metrics]
        table.add_row(
            *numbers, *(f"{row[name]:g}" if name == "glb_kib" else str(row[name]) for name in _SHOWN), row["config_id"]
        )
    return table
