"""`qadam-tl plot`: figures of stored results and of the models, as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import InputError
from ..userfile import suggestion

if TYPE_CHECKING:
    from ..analysis.figures.kinds import Kind

_HELP = """Draw a figure of a sweep's results.

[bold]Kinds[/bold]

  pareto         two metrics of every design, with the Pareto front

  ppa            Fig. 4 of the paper: nine panels, relative to the best int16

  accuracy       Figs. 5 and 6: accuracy against performance per area and energy

  energy         energy of the best designs by component and by layer

  utilization    how busy the MACs of the best designs are, by layer

  roofline       layers of the best designs under the roofs of MACs and DRAM

  sensitivity    what each parameter alone changes around the best designs

[bold]Examples[/bold]

  qadam-tl plot pareto qadam-results --x area_mm2 --y latency_ms -o front.svg

  qadam-tl plot energy qadam-results --metric onchip_energy_uj

  qadam-tl plot accuracy qadam-results --accuracy accuracy.csv --format pdf
"""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("plot", help=_HELP)(plot)


def plot(
    kind: str = typer.Argument(..., metavar="KIND", help="Which figure."),
    directory: Path = typer.Argument(..., metavar="DIR", help="Folder of a sweep's results."),
    output: Path | None = typer.Option(None, "-o", "--output", metavar="FILE", help="Else KIND.FORMAT, here."),
    file_format: str | None = typer.Option(None, "--format", metavar="png|svg|pdf", help="Else FILE's, or png."),
    where: str | None = typer.Option(None, "--where", metavar="CONDITION", help="Only results that meet a condition."),
    accuracy: Path | None = typer.Option(
        None, "--accuracy", metavar="FILE", help="CSV of network, pe_type, top1_mean, top1_spread: adds metric top1."
    ),
    x: str | None = typer.Option(None, "--x", metavar="METRIC", help="pareto: else onchip_energy_uj."),
    y: str | None = typer.Option(None, "--y", metavar="METRIC", help="pareto: else perf_per_area."),
    normalize: str | None = typer.Option(
        None,
        "--normalize",
        metavar="PE_TYPE",
        help="pareto: relative to that PE type's config with the best performance per area.",
    ),
    best: str | None = typer.Option(
        None, "--metric", metavar="METRIC", help="What the best designs are best in: else perf_per_area."
    ),
) -> None:
    from ..analysis.figures.kinds import KINDS, PlotRequest
    from ..analysis.groups import valid_results
    from ..analysis.metrics import metric
    from ..analysis.report import write_figure
    from ..sweep.store import ResultStore
    from .selection import check_folder, read_results

    chosen = KINDS.get(kind)
    if chosen is None:
        raise InputError("KIND", "", f"no figure '{kind}'; {suggestion(kind, KINDS)}")
    _check_options(kind, chosen, {"--x": x, "--y": y, "--normalize": normalize, "--metric": best})
    if kind == "accuracy" and accuracy is None:
        raise InputError("--accuracy", "", "plot accuracy needs a file of accuracies: --accuracy FILE")
    path = _path(kind, output, file_format)
    check_folder(path)
    given = accuracy is not None
    axes = (
        metric(x or "onchip_energy_uj", "--x", accuracy=given),
        metric(y or "perf_per_area", "--y", accuracy=given),
    )
    criterion = metric(best or "perf_per_area", "--metric", accuracy=given)
    needed = {*chosen.columns, *(item.name for item in (*axes, criterion))}
    with ResultStore.reading(directory) as store:
        selected = read_results(store, needed, where, accuracy, normalize)
        if valid_results(selected.kept).empty:
            raise InputError(directory, "", "no result with a valid mapping" + (" meets --where" if where else ""))
        request = PlotRequest(store, selected.kept, selected.everything, *axes, normalize, criterion)
        write_figure(chosen.make(request), path)
    typer.echo(f"{chosen.words}: {path}")


def _check_options(kind: str, chosen: Kind, given: dict[str, str | None]) -> None:
    from ..analysis.figures.kinds import KINDS

    for option, value in given.items():
        if value is not None and option not in chosen.options:
            users = ", ".join(name for name, other in KINDS.items() if option in other.options)
            raise InputError(option, "", f"plot {kind} does not take it; these do: {users}")


def _path(kind: str, output: Path | None, file_format: str | None) -> Path:
    """Where the figure goes; its suffix is its format."""
    from ..analysis.figures.style import FORMATS

    formats = ", ".join(FORMATS)
    if file_format is not None and file_format not in FORMATS:
        raise InputError("--format", "", f"one of {formats} is wanted, not '{file_format}'")
    if output is None:
        return Path(f"{kind}.{file_format or 'png'}")
    suffix = output.suffix.lstrip(".").lower()
    if suffix not in FORMATS:
        raise InputError(output, "", f"write {formats}: its name ends with one of them")
    if file_format is not None and suffix != file_format:
        raise InputError("--format", "", f"{file_format} is not what {output} ends with; leave one of them out")
    return output
