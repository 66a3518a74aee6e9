"""How far a long run is: a bar on a terminal, plain lines elsewhere. Both go to standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

import typer

from ..sweep.runner import Progress
from .interruption import summary_at_ctrl_c

if TYPE_CHECKING:
    from ..explore.search import Progress as SearchProgress
    from ..quantize.search import Progress as QuantizeProgress

_SECONDS_BETWEEN_LINES = 10.0


class Counted(Protocol):
    """Progress of whatever is done one by one."""

    @property
    def done(self) -> int:
        """How many are done."""
        ...


P = TypeVar("P", bound=Counted)


@contextmanager
def resumable(shown: AbstractContextManager[Callable[[P], None]], kept: str) -> Iterator[Callable[[P], None]]:
    """Show progress; where Ctrl-C ends the block, say what is kept.

    Parameters
    ----------
    shown : what shows it.
    kept : what follows the number of those that are done, such as ``configs are done and kept in DIR``.
    """
    done = 0
    with summary_at_ctrl_c(lambda: f"{done} {kept}; the same command goes on from there"), shown as report:

        def note(progress: P) -> None:
            nonlocal done
            done = progress.done
            report(progress)

        yield note


@contextmanager
def shown(title: str) -> Iterator[Callable[[Progress], None]]:
    """Show the progress of a sweep as long as the block lasts, with the layers that were mapped for it."""
    with _shown(title, "configs") as report:

        def note(progress: Progress) -> None:
            words = f"{progress.computed_layers} layers mapped, {progress.reused_layers} from the store"
            report(progress.done, progress.configs, words)

        yield note


@contextmanager
def search_shown(title: str) -> Iterator[Callable[[SearchProgress], None]]:
    """Show the progress of a search, with the hypervolume of its front."""
    with _shown(title, "designs") as report:

        def note(progress: SearchProgress) -> None:
            words = f"{progress.front} on the front, hypervolume {progress.hypervolume:.4f}"
            report(progress.done, progress.trials, words)

        yield note


@contextmanager
def quantize_shown(title: str) -> Iterator[Callable[[QuantizeProgress], None]]:
    """Show the progress of a search over bits, with the layers that were mapped for it."""
    with _shown(title, "settings") as report:

        def note(progress: QuantizeProgress) -> None:
            words = f"{progress.front} on the front, {progress.mapped} layers mapped"
            if progress.finishing:
                words += ", mapping the front into the store"
            report(progress.done, progress.evaluations, words)

        yield note


@contextmanager
def _shown(title: str, things: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show how many of all things are done, and some words."""
    if not sys.stderr.isatty():
        last = time.monotonic()

        def line(done: int, wanted: int, words: str) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= _SECONDS_BETWEEN_LINES or done >= wanted:
                last = now
                typer.echo(f"{title}: {done} of {wanted} {things}, {words}", err=True)

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        # On a narrow terminal only the bar gets shorter.
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        TextColumn(f"{things}, {{task.fields[words]}}"),
        TimeRemainingColumn(table_column=Column(no_wrap=True)),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None, words="")
        yield lambda done, wanted, words: bar.update(task, completed=done, total=wanted, words=words)
