"""`qadam-tl characterize`: the characterisation tables, made anew."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import InputError
from .interruption import summary_at_ctrl_c

if TYPE_CHECKING:
    from ..synthesis.characterize import Progress
    from ..synthesis.points import Point

_HELP = """Make the characterisation tables: synthesis, timing and simulated energy at 45 nm, and CACTI for buffers.

The cell library and CACTI's source are fetched once and checked. A run that was stopped goes on where it was; tables
are written when all their rows are there.

[bold]Examples[/bold]

  qadam-tl characterize --quick

  qadam-tl characterize --family spad --jobs 2 --out my_tables

  qadam-tl characterize --family mac --row mac_int_a8_w8_acc24_p1
"""

_SECONDS_BETWEEN_LINES = 10.0


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("characterize", help=_HELP)(characterize)


def characterize(
    out: Path = typer.Option(Path("characterization"), "--out", metavar="DIR", help="Folder for the tables."),
    quick: bool = typer.Option(False, "--quick", help="A handful of points of every table, in under two minutes."),
    family: list[str] = typer.Option([], "--family", help="This table only; may be given several times."),
    row: list[str] = typer.Option([], "--row", help="This row only; may be given several times."),
    jobs: int = typer.Option(0, "--jobs", min=0, help="Processes; 0 takes as many as there are CPUs."),
    seed: int = typer.Option(1, "--seed", min=0, help="Seed of the random operands."),
    fresh: bool = typer.Option(False, "--fresh", help="Measure all rows anew, also those that are there."),
) -> None:
    from ..sweep.runner import usable_cpus
    from ..synthesis.characterize import characterize as run
    from ..synthesis.measure import Measurement

    points = _chosen(quick, family, row)
    kept = "finished rows are kept; the same command goes on from there"
    with summary_at_ctrl_c(lambda: kept), _shown(len(points)) as report:
        outcome = run(points, Measurement(seed=seed), out, jobs or usable_cpus(), report, fresh)
    typer.echo(f"{outcome.measured} rows measured, {outcome.kept} kept from earlier runs")
    for table in outcome.tables:
        typer.echo(str(table))


def _chosen(quick: bool, families: list[str], rows: list[str]) -> tuple[Point, ...]:
    from ..synthesis.points import FAMILIES, all_points, quick_points
    from ..userfile import suggestion

    for name in families:
        if name not in FAMILIES:
            raise InputError("--family", "", f"unknown table '{name}'; {suggestion(name, FAMILIES)}")
    points = tuple(p for p in (quick_points() if quick else all_points()) if not families or p.family in families)
    for name in rows:
        names = [point.name for point in points]
        if name not in names:
            raise InputError("--row", "", f"unknown row '{name}'; {suggestion(name, names)}")
    return tuple(point for point in points if not rows or point.name in rows)


@contextmanager
def _shown(total: int) -> Iterator[Callable[[Progress], None]]:
    """Show progress: a bar on a terminal, a line now and then elsewhere."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda progress: bar.update(task, completed=progress.done, description=progress.name)


def _lines() -> Callable[[Progress], None]:
    last = 0.0

    def report(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _SECONDS_BETWEEN_LINES or progress.done == progress.total:
            last = now
            typer.echo(f"{progress.done} of {progress.total} rows: {progress.name}, {progress.seconds:.1f} s", err=True)

    return report
