"""`qadam-tl surrogate`: polynomial models of whole accelerators, fitted to a sweep's exact results."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import InputError
from .interruption import summary_at_ctrl_c

if TYPE_CHECKING:
    from ..analysis.metrics import Metric
    from ..analysis.refined_sweep import Refined, Refinement
    from ..ppa.accelerator.models import SurrogateFile
    from ..sweep.predictions import PredictionCounts
    from ..sweep.runner import SweepPlan

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
    from ..ppa.accelerator.fit import FEWEST
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
    for line in found.left_out:
        typer.echo(f"{line}, left out: at least {FEWEST} are wanted to fit models")
    typer.echo(f"{len(found.file.models)} models in {directory / MODELS}, held-out configs in {directory / HELD_OUT}")


@dataclass(frozen=True, slots=True)
class Predicting:
    """How ``--engine surrogate`` was asked for.

    Attributes
    ----------
    models, out : folders of the models and of the results. metrics : axes of the fronts to refine.
    """

    models: Path
    out: Path
    refine: bool
    limit: int
    metrics: tuple[str, ...]
    jobs: int


def predict(plan: SweepPlan, wanted: Predicting, as_json: bool) -> None:
    """Predict a whole space, and recompute its best configs where that was asked for."""
    from ..analysis.refined_sweep import Refinement
    from ..engines.rowstationary import RowStationaryEngine
    from ..hardware.space import DesignSpace
    from ..ppa.accelerator.models import AcceleratorModels
    from ..ppa.accelerator.prices import check_family
    from ..sweep.predictions import PREDICTIONS, write_predictions
    from ..sweep.training import read_models

    assert isinstance(plan.engine, RowStationaryEngine) and isinstance(plan.space, DesignSpace)
    check_family(plan.space.family, plan.space.source)
    began = time.monotonic()
    metrics = _metrics(wanted.metrics)
    file = read_models(wanted.models, plan.engine, plan.objective, plan.batch, plan.networks)
    models = AcceleratorModels(file, plan.networks, plan.engine.library)
    refinement = Refinement(plan, file, metrics, wanted.limit) if wanted.refine else None
    path = _folder(wanted.out) / PREDICTIONS
    shown = _shown(f"predict {plan.space_name}", plan.space.combinations)
    with summary_at_ctrl_c(lambda: f"stopped while predicting: {path} was not written"), shown as report:
        listeners = (refinement.listen,) if refinement else ()
        counts = write_predictions(path, models, plan.networks, plan.space, listeners, report)
    err = as_json
    speed = counts.points / counts.seconds
    typer.echo(
        f"{counts.configs} configs predicted on {len(plan.networks)} networks, {speed:,.0f} a second: {path}",
        err=err,
    )
    if counts.outside:
        typer.echo(f"{counts.outside} of them lie outside the models' range: column outside", err=err)
    refined = None
    if refinement:
        refined = _recompute(plan, refinement, wanted, as_json)
    else:
        typer.echo("predictions err: --refine computes the best of them exactly", err=err)
    if as_json:
        typer.echo(json.dumps(_summary(counts, refined, time.monotonic() - began)))


def _recompute(plan: SweepPlan, refinement: Refinement, wanted: Predicting, as_json: bool) -> Refined:
    from ..sweep.exports import write_exports
    from ..sweep.store import ResultStore
    from .progress import resumable, shown
    from .sweep import write_comparison

    with ResultStore.writing(wanted.out) as store:
        with resumable(shown(f"refine {plan.space_name}"), f"configs are done and kept in {wanted.out}") as report:
            refined = refinement.recompute(store, wanted.jobs, report)
        write_exports(store, refined.counts.run)
        write_comparison(plan, store, as_json)
    state = "no step from the exact front was left out" if refined.complete else "stopped at --refine-limit"
    typer.echo(
        f"{refined.counts.configs} configs computed exactly, {refined.predicted} of them on a predicted front, "
        f"in {refined.rounds} rounds; {state}; tables and plots are in {wanted.out}",
        err=as_json,
    )
    return refined


def _summary(counts: PredictionCounts, refined: Refined | None, seconds: float) -> dict[str, object]:
    found: dict[str, object] = {
        "configs": counts.configs,
        "points": counts.points,
        "outside": counts.outside,
        "pricing_seconds": round(counts.seconds, 3),
        "seconds": round(seconds, 3),
    }
    if refined:
        found |= {
            "refined": refined.counts.configs,
            "predicted_front": refined.predicted,
            "rounds": refined.rounds,
            "complete": refined.complete,
        }
    return found


def _metrics(names: tuple[str, ...]) -> list[Metric]:
    from ..analysis.metrics import metric
    from ..sweep.predictions import FIGURES

    found = [metric(name, "--metric") for name in dict.fromkeys(names)]
    for item in found:
        if item.name not in FIGURES:
            raise InputError("--metric", "", f"'{item.name}' is not predicted; known: {', '.join(FIGURES)}")
    return found


def _folder(path: Path) -> Path:
    from ..sweep.database import explained

    with explained(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def _shown(title: str, combinations: int) -> Iterator[Callable[[int], None]]:
    """Progress over the combinations of a space: a bar on a terminal, nothing elsewhere (it takes seconds)."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=combinations)
        yield lambda done: bar.update(task, completed=done)


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
