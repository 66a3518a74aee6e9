"""`qadam-tl plot`: figures of stored results and of the models, as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import typer

from ..errors import InputError
from ..userfile import suggestion

#: The kind that is made from models, not from results.
FIT = "fit"

_HELP = """Draw a figure of a sweep's results.

[bold]Kinds[/bold]

  pareto         two metrics of every design, with the Pareto front

  fit            Fig. 3 of the paper: actual against predicted; without DIR of components, with it of accelerators

  ppa            Fig. 4 of the paper: nine panels, relative to the best int16

  accuracy       Figs. 5 and 6: accuracy against performance per area and energy

  energy         energy of the best designs by component and by layer

  utilization    how busy the MACs of the best designs are, by layer

  roofline       layers of the best designs under the roofs of MACs and DRAM

  sensitivity    what each parameter alone changes around the best designs

[bold]Examples[/bold]

  qadam-tl plot pareto qadam-results --x area_mm2 --y latency_ms -o front.svg

  qadam-tl plot energy qadam-results --metric onchip_energy_uj

  qadam-tl plot fit

  qadam-tl plot accuracy qadam-results --accuracy accuracy.csv --format pdf
"""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("plot", help=_HELP)(plot)


def plot(
    kind: str = typer.Argument(..., metavar="KIND", help="Which figure."),
    directory: Path | None = typer.Argument(None, metavar="DIR", help="Folder of a sweep's results."),
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
    from ..analysis.figures.kinds import KINDS
    from ..analysis.figures.stored import stored_figure
    from ..analysis.outputs import write_figure

    options = {"--x": x, "--y": y, "--normalize": normalize, "--metric": best}
    if kind == FIT:
        _check_options(FIT, frozenset(), {**options, "--where": where, "--accuracy": accuracy})
        _fit(directory, _path(kind, output, file_format))
        return
    chosen = KINDS.get(kind)
    if chosen is None:
        raise InputError("KIND", "", f"no figure '{kind}'; {suggestion(kind, (*KINDS, FIT))}")
    _check_options(kind, chosen.options, options)
    if directory is None:
        raise InputError("DIR", "", f"plot {kind} needs the folder of a sweep's results: qadam-tl plot {kind} DIR")
    path = _path(kind, output, file_format)
    figure, missing = stored_figure(
        directory, kind, where=where, accuracy=accuracy, x=x, y=y, normalize=normalize, best=best
    )
    if missing:
        typer.echo(missing, err=True)
    write_figure(figure, path)
    typer.echo(f"{chosen.words}: {path}")


def _fit(directory: Path | None, path: Path) -> None:
    """Fig. 3: of the shipped component models, or of a folder's models of whole accelerators."""
    from ..analysis.figures import fit
    from ..analysis.outputs import write_figure
    from ..paths import data_dir
    from ..ppa.library import load_library
    from ..sweep.training import HELD_OUT

    if directory is None:
        tables, library = data_dir("estimator_tables"), load_library()
        groups = [fit.collect_component_fit(tables, library), fit.collect_whole_fit(tables, library)]
        what = "components at the points that their models were fitted to, PEs and arrays that no model saw"
    else:
        groups = [fit.collect_accelerator_fit(directory / HELD_OUT)]
        what = "accelerators that were held out when their models were fitted"
    write_figure(fit.draw_fit(groups), path)
    for found in fit.fit_errors([panel for panels in groups for panel in panels]):
        sizes = f"median error {100 * found.median:.2f} %, largest {100 * found.largest:.2f} %"
        typer.echo(f"{found.panel}, {found.name}: {sizes} of {found.points}")
    typer.echo(f"actual against predicted, {what}: {path}")


def _check_options(kind: str, taken: frozenset[str], given: Mapping[str, object]) -> None:
    from ..analysis.figures.kinds import KINDS

    for option, value in given.items():
        if value is not None and option not in taken:
            users = [name for name, other in KINDS.items() if option in other.options] or list(KINDS)
            raise InputError(option, "", f"plot {kind} does not take it; these do: {', '.join(users)}")


def _path(kind: str, output: Path | None, file_format: str | None) -> Path:
    """Where the figure goes; its suffix is its format."""
    from ..analysis.figures.style import FORMATS
    from ..analysis.selection import check_folder

    formats = ", ".join(FORMATS)
    if file_format is not None and file_format not in FORMATS:
        raise InputError("--format", "", f"one of {formats} is wanted, not '{file_format}'")
    if output is None:
        return Path(f"{kind}.{file_format or 'png'}")
    check_folder(output)
    suffix = output.suffix.lstrip(".").lower()
    if suffix not in FORMATS:
        raise InputError(output, "", f"write {formats}: its name ends with one of them")
    if file_format is not None and suffix != file_format:
        raise InputError("--format", "", f"{file_format} is not what {output} ends with; leave one of them out")
    return output
