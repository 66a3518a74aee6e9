"""`qadam-tl explore`: search a design space that is too large for a sweep."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import InputError
from .run_options import AS_JSON, BATCH, BITS, CLOCK, ENGINE_SETTINGS, JOBS, MAP_FOR, OUT

if TYPE_CHECKING:
    from ..explore.question import Question
    from ..explore.session import ExplorePlan, Found
    from ..hardware.space import DesignSpace
    from ..sweep.store import ResultStore

_HELP = """Search a design space for the designs that no other beats in every objective.

For spaces too large for a sweep: a sampler suggests designs and learns from those before. Each is mapped and kept in
DIR as in a sweep; run the same command again and it goes on, until --trials designs are known in all. Machines that
share --storage search together.

[bold]Examples[/bold]

  qadam-tl explore --trials 100

  qadam-tl explore space.yaml --network vgg16-imagenet --trials 500 --constraint "area_mm2 <= 2"

  qadam-tl explore --objective latency_ms --objective energy_uj --objective area_mm2 --sampler nsga2 --trials 200
"""

_DATABASE = "explore.db"


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("explore", help=_HELP)(explore)


def explore(
    space: Path | None = typer.Argument(None, metavar="[SPACE.yaml]", help="Design space; left out: the shipped one."),
    network: str = typer.Option("resnet20-cifar10", "--network", metavar="NAME", help="A shipped network or a file."),
    objective: list[str] = typer.Option(
        ["perf_per_area", "onchip_energy_uj"], "--objective", metavar="METRIC", help="What counts; repeat it."
    ),
    constraint: list[str] = typer.Option(
        [], "--constraint", metavar="LIMIT", help="Such as 'area_mm2 <= 2'; may be repeated."
    ),
    accuracy: Path | None = typer.Option(
        None, "--accuracy", metavar="FILE", help="CSV of network, pe_type, top1_mean, top1_spread: adds metric top1."
    ),
    trials: int = typer.Option(200, "--trials", min=1, metavar="N", help="Designs to evaluate in all."),
    sampler: str = typer.Option("tpe", "--sampler", metavar="NAME", help="tpe, nsga2 or random."),
    seed: int = typer.Option(1, "--seed", min=0, metavar="N", help="Dice of the sampler; another on each machine."),
    at_once: int = typer.Option(
        8, "--at-once", min=1, max=1024, metavar="N", help="Designs suggested before any of them is answered."
    ),
    storage: str | None = typer.Option(
        None, "--storage", metavar="URL", help="Database of the search; left out: DIR/explore.db."
    ),
    out: Path = OUT,
    jobs: int | None = JOBS,
    map_for: str = MAP_FOR,
    engine: str = typer.Option("rowstationary", "--engine", metavar="NAME", help="What maps the layers."),
    engine_settings: Path | None = ENGINE_SETTINGS,
    batch: int = BATCH,
    clock: str | None = CLOCK,
    bits: str | None = BITS,
    as_json: bool = AS_JSON,
) -> None:
    import optuna

    from ..engines.base import OBJECTIVES
    from ..engines.registry import make_engine
    from ..explore.samplers import SAMPLERS
    from ..explore.session import ExplorePlan, run_exploration
    from ..explore.storage import file_url, open_storage
    from ..hardware.config import parse_clock
    from ..sweep.planning import check_takes_bits, plan_networks
    from ..sweep.runner import usable_cpus
    from ..sweep.store import ResultStore
    from .progress import resumable, search_shown

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    began = time.monotonic()
    if map_for not in OBJECTIVES:
        raise InputError("--map-for", "", f"unknown objective '{map_for}'; known: {', '.join(OBJECTIVES)}")
    if sampler not in SAMPLERS:
        raise InputError("--sampler", "", f"unknown sampler '{sampler}'; known: {', '.join(SAMPLERS)}")
    (loaded,) = plan_networks([network], bits)
    maker = make_engine(engine, engine_settings)
    check_takes_bits(engine, maker.takes_bits, [loaded])
    question, top1 = _question(objective, constraint, accuracy, loaded.name)
    ghz = None if clock is None else parse_clock(clock, "--clock")
    designs = _designs(space, question, accuracy, top1, loaded.name)
    plan = ExplorePlan(
        space=designs if clock is None else designs.with_values("clock", [ghz]),
        space_name="default" if space is None else space.name,
        network=loaded,
        engine=maker,
        map_for=map_for,
        batch=batch,
        clock="space" if clock is None else "auto" if ghz is None else repr(ghz),
        question=question,
        sampler=sampler,
        trials=trials,
        at_once=at_once,
        seed=seed,
        top1=top1,
    )
    database = None if storage is None else open_storage(storage)
    with ResultStore.writing(out) as store:
        database = database or open_storage(file_url(out / _DATABASE))
        with resumable(search_shown(f"explore {plan.space_name}"), f"designs are done and kept in {out}") as report:
            found = run_exploration(plan, store, database, jobs or usable_cpus(), report)
        _write(found, store)
    _show(plan, found, as_json)
    if as_json:
        summary = {
            "designs": len(found.ledger.evaluations),
            "known_before": found.known,
            "feasible": sum(item.feasible for item in found.ledger.evaluations.values()),
            "front": len(found.front),
            "hypervolume": found.ledger.hypervolume(),
            "study": found.study,
            "seconds": round(time.monotonic() - began, 3),
        }
        typer.echo(json.dumps(summary))
    else:
        typer.echo(
            f"{len(found.ledger.evaluations)} designs of {plan.space.combinations} combinations "
            f"({found.known} known before), {len(found.front)} on the front; tables and plots are in {out}"
        )


def _question(
    objectives: list[str], constraints: list[str], accuracy: Path | None, network: str
) -> tuple[Question, dict[str, float]]:
    """Objectives and limits, and the accuracy of the network per PE type."""
    from ..analysis.accuracy import read_accuracy
    from ..explore.question import Question, parse_limit, parse_objectives

    given = accuracy is not None
    question = Question(
        parse_objectives(objectives, accuracy=given),
        tuple(dict.fromkeys(parse_limit(text, accuracy=given) for text in constraints)),
    )
    rows = read_accuracy(accuracy).rows if accuracy is not None else {}
    return question, {pe_type: item.top1_mean for (name, pe_type), item in rows.items() if name == network}


def _designs(
    space: Path | None, question: Question, accuracy: Path | None, top1: dict[str, float], network: str
) -> DesignSpace:
    """The design space, without the PE types whose accuracy is too low for the limits."""
    from ..analysis.metrics import TOP1
    from ..hardware.space import MAX_SEARCHED, default_space, load_space

    designs = default_space() if space is None else load_space(space, most=MAX_SEARCHED)
    if not question.needs_accuracy:
        return designs
    pe_types = dict(designs.axes)["pe_type"]
    unknown = [pe.name for pe in pe_types if pe.name not in top1]
    if unknown:
        message = f"no accuracy of {network} with {', '.join(unknown)}; add it, or leave that out of the space"
        raise InputError(accuracy, "", message)
    limits = [limit for limit in question.limits if limit.metric == TOP1]
    kept = [pe for pe in pe_types if all(limit.excess(top1[pe.name]) <= 0 for limit in limits)]
    if not kept:
        raise InputError("--constraint", "", f"no PE type of the space keeps {' and '.join(map(str, limits))}")
    return designs.with_values("pe_type", kept)


def _write(found: Found, store: ResultStore) -> None:
    """Write the files of a sweep, and that of the search."""
    from ..analysis.outputs import write_front
    from ..explore.history import write_history
    from ..sweep.exports import results_frame, write_exports

    write_exports(store, found.run)
    write_front(store, results_frame(store))
    write_history(found, store.directory)


def _show(plan: ExplorePlan, found: Found, to_stderr: bool) -> None:
    """Print the designs on the front, with the parameters that vary in the space."""
    from rich import box
    from rich.table import Table

    from .tables import print_tables

    objectives = plan.question.objectives
    limits = "".join(f", {limit}" for limit in plan.question.limits)
    front = sorted(found.front, key=lambda item: item.outcome.metrics[objectives[0].name])
    title = f"{plan.network.name}: {len(front)} designs on the front, mapped for {plan.map_for}{limits}"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for objective in objectives:
        table.add_column(objective.title, justify="right")
    for name in (*found.grid.names, "config_id"):
        table.add_column(name)
    for item in front:
        config = found.grid.config(item.point)
        numbers = [f"{item.outcome.metrics[objective.name]:.5g}" for objective in objectives]
        table.add_row(*numbers, *(_text(config.values[name]) for name in found.grid.names), config.config_id)
    if front:
        print_tables([table], err=to_stderr)
    else:
        kept = " and keeps the constraints" if limits else ""
        typer.echo(f"no design has a valid mapping{kept}; explore.csv has the reasons, design by design", err=True)


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
