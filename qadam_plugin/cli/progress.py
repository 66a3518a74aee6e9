"""How far a long run is: a bar on a terminal, plain lines elsewhere. Both go to standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from ..sweep.runner import Progress

if TYPE_CHECKING:
    from ..explore.search import Progress as SearchProgress

_SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def shown(title: str) -> Iterator[Callable[[Progress], None]]:
    """Show the progress that is reported to the function this gives, as long as the block lasts."""
    if sys.stderr.isatty():
        with _bar(title) as report:
            yield report
    else:
        yield _lines(title)


@contextmanager
def _bar(title: str) -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("configs, {task.fields[layers]} layers mapped"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, layers=0)

        def report(progress: Progress) -> None:
            bar.update(task, completed=progress.done, total=progress.configs, layers=progress.computed_layers)

        yield report


def _lines(title: str) -> Callable[[Progress], None]:
    last = time.monotonic()

    def report(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _SECONDS_BETWEEN_LINES or progress.done == progress.configs:
            last = now
            typer.echo(
                f"{title}: {progress.done} of {progress.configs} configs, {progress.computed_layers} layers mapped, "
                f"{progress.reused_layers} from the store",
                err=True,
            )

    return report


@contextmanager
def search_shown(title: str) -> Iterator[Callable[[SearchProgress], None]]:
    """Show the progress of a search, with the hypervolume of its front."""

    def words(progress: SearchProgress) -> str:
        return f"{progress.front} on the front, hypervolume {progress.hypervolume:.4f}"

    if not sys.stderr.isatty():
        last = time.monotonic()

        def line(progress: SearchProgress) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= _SECONDS_BETWEEN_LINES or progress.done >= progress.trials:
                last = now
                typer.echo(f"{title}: {progress.done} of {progress.trials} designs, {words(progress)}", err=True)

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("designs, {task.fields[words]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, words="")
        yield lambda progress: bar.update(task, completed=progress.done, total=progress.trials, words=words(progress))
