"""`qadam-tl pareto`: Pareto fronts of stored results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from ..analysis.metrics import Metric
    from ..analysis.normalize import Reference

_HELP = """Print the designs that no other design beats in every metric.

Results of different networks, batches, engines, objectives and clocks are not compared: each has its own front.

[bold]Examples[/bold]

  qadam-tl pareto qadam-results

  qadam-tl pareto qadam-results --x area_mm2 --y latency_ms --metric energy_uj --where "area_mm2 < 2"

  qadam-tl pareto qadam-results --where 'network == "resnet20-cifar10" and pe_type != "fp32"' -o front.png

  qadam-tl pareto qadam-results --normalize int16     # relative to the best int16, as in the paper

  qadam-tl pareto qadam-results --accuracy accuracy.csv --x top1 --y perf_per_area
"""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("pareto", help=_HELP)(pareto)


def pareto(
    directory: Path = typer.Argument(..., metavar="DIR", help="Folder of a sweep's results."),
    x: str = typer.Option("onchip_energy_uj", "--x", metavar="METRIC", help="First metric."),
    y: str = typer.Option("perf_per_area", "--y", metavar="METRIC", help="Second metric."),
    more: list[str] = typer.Option([], "--metric", metavar="METRIC", help="A further metric; may be repeated."),
    where: str | None = typer.Option(None, "--where", metavar="CONDITION", help="Only results that meet a condition."),
    normalize: str | None = typer.Option(
        None,
        "--normalize",
        metavar="PE_TYPE",
        help="Metrics relative to that PE type's config with the best performance per area.",
    ),
    accuracy: Path | None = typer.Option(
        None, "--accuracy", metavar="FILE", help="CSV of network, pe_type, top1_mean, top1_spread: adds metric top1."
    ),
    output: Path | None = typer.Option(None, "-o", "--output", metavar="FILE", help="Write csv, png, svg or pdf."),
    as_json: bool = typer.Option(False, "--json", help="Print the rows as a JSON list."),
) -> None:
    from ..analysis.accuracy import ACCURACY_COLUMNS
    from ..analysis.figures.pareto import collect_panels, draw_panels
    from ..analysis.figures.style import FORMATS
    from ..analysis.fronts import front_mask
    from ..analysis.groups import column, select
    from ..analysis.metrics import metric
    from ..analysis.normalize import references, relative_columns
    from ..analysis.outputs import write_figure, write_rows
    from ..analysis.selection import check_folder, read_results
    from ..sweep.exports import results_frame
    from ..sweep.store import ResultStore

    named = [("--x", x), ("--y", y), *(("--metric", name) for name in more)]
    metrics = list(dict.fromkeys(metric(name, option, accuracy=accuracy is not None) for option, name in named))
    kind = "" if output is None else output.suffix.lstrip(".").lower()
    if output is not None and kind not in ("csv", *FORMATS):
        raise InputError(output, "", f"write csv, {', '.join(FORMATS)}: its name ends with one of them")
    if output is not None:
        check_folder(output)
    needed = [item.name for item in metrics] + (["config_id"] if kind in FORMATS else [])
    with ResultStore.reading(directory) as store:
        # A plot shows every design.
        selected = read_results(store, needed, where, accuracy, normalize, () if kind in FORMATS else metrics)
        if selected.missing:
            typer.echo(selected.missing, err=True)
        kept = selected.kept
        found = None if normalize is None else references(selected.everything, normalize)
        front = select(kept, front_mask(kept, metrics))
        positions = front.index.to_numpy()
        added = front.filter(ACCURACY_COLUMNS if accuracy is not None else ())
        if found is not None:
            added = added.assign(**relative_columns(front, metrics, found))
        front = results_frame(store, rows=positions).join(added)
        families, columns = store.families(), store.columns()
        if output is not None and kind == "csv":
            write_rows(store, positions, output, {str(name): column(added, str(name)) for name in added})
        elif output is not None:
            write_figure(draw_panels(collect_panels(kept, metrics[0], metrics[1], relative_to=found)), output)
    if as_json:
        typer.echo(json.dumps(_records(front, [name for name, kind in columns if kind == "integer"])))
    elif front.empty:
        typer.echo("no result with a valid mapping" + (" meets the condition" if where is not None else ""))
    else:
        shown = dict.fromkeys(name for family in families for name in family.shown)
        named = ["family"] if any(not family.default for family in families) else []
        _print(front, metrics, found, [*named, "pe_type", *shown])


def _records(front: pd.DataFrame, integers: Sequence[str]) -> list[dict[str, object]]:
    """Rows with the names and kinds of ``results.csv``."""
    return [
        {name: None if value != value else int(value) if name in integers else value for name, value in row.items()}
        for row in front.to_dict("records")
    ]


def _print(
    front: pd.DataFrame,
    metrics: Sequence[Metric],
    references: Mapping[tuple[Any, ...], Reference] | None,
    shown: Sequence[str],
) -> None:
    from ..analysis.groups import comparable, group_key
    from .tables import print_tables

    print_tables(
        [
            _table(key, part, metrics, None if references is None else references[group_key(key)], shown)
            for key, part in comparable(front)
        ]
    )


def _table(
    group: dict[str, object],
    part: pd.DataFrame,
    metrics: Sequence[Metric],
    reference: Reference | None,
    shown: Sequence[str],
) -> Table:
    from rich import box
    from rich.table import Table

    clock = "own clocks" if group["clock"] == "auto" else f"{group['clock']} GHz"
    title = f"{group['network']}: {len(part)} on the front, batch {group['batch']}, {group['engine']}, {clock}"
    caption = None
    if reference is not None:
        caption = f"relative to {reference.label} in performance per area, config {reference.config_id}"
    table = Table(
        title=f"{title}, mapped for {group['objective']}",
        caption=caption,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
    )
    for item in metrics:
        table.add_column(item.title, justify="right")
        if reference is not None:
            table.add_column("relative", justify="right")
    for name in (*shown, "config_id"):
        table.add_column(name)
    for row in part.sort_values(metrics[0].name, kind="stable").to_dict("records"):
        numbers = []
        for item in metrics:
            numbers.append(f"{row[item.name]:.5g}")
            if reference is not None:
                numbers.append(f"{row[f'{item.name}_relative']:.4g}")
        table.add_row(*numbers, *(_cell(row[name]) for name in shown), row["config_id"])
    return table


def _cell(value: object) -> str:
    """A parameter; nothing where a design's family has none of that name."""
    if isinstance(value, float):
        return "" if value != value else f"{value:g}"
    return str(value)
