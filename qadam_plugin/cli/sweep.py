"""`qadam-tl sweep`: every config of a design space on networks, into a folder of results."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import InputError
from .run_options import AS_JSON, BATCH, BITS, CLOCK, ENGINE_SETTINGS, JOBS, OUT

if TYPE_CHECKING:
    from ..sweep.runner import SweepPlan
    from ..sweep.store import ResultStore

_HELP = """Map networks on every config of a design space, and find the best designs.

Results are kept in DIR as they come: run the same command again and nothing is computed twice; kill it and it goes on
where it was. Another space, network, objective or clock into the same DIR extends the results.

[bold]Examples[/bold]

  qadam-tl sweep

  qadam-tl sweep space.yaml --network vgg16-imagenet --network resnet20-cifar10 --out my-results

  qadam-tl sweep --clock 0.4     # all designs at one clock, beside those at their own

  qadam-tl sweep --network resnet20-cifar10 --bits 8,4     # activations of 8 bits, weights of 4

  qadam-tl sweep large.yaml --sample 500 --out large     # some designs at random, to fit accelerator models to

  qadam-tl sweep large.yaml --engine surrogate --out large --refine     # all of them by these, the best ones exactly

  qadam-tl sweep --scheduler tcp://node1:8786     # on the workers of a Dask scheduler
"""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("sweep", help=_HELP)(sweep)


def sweep(
    space: Path | None = typer.Argument(None, metavar="[SPACE.yaml]", help="Design space; left out: the shipped one."),
    network: list[str] = typer.Option(
        ["resnet20-cifar10"], "--network", metavar="NAME", help="A shipped network or a file; may be repeated."
    ),
    out: Path = OUT,
    jobs: int | None = JOBS,
    objective: str = typer.Option("edp", "--objective", metavar="NAME", help="edp, energy or latency."),
    engine: str = typer.Option(
        "rowstationary",
        "--engine",
        metavar="NAME",
        help="rowstationary or timeloop map the layers; surrogate predicts whole networks.",
    ),
    engine_settings: Path | None = ENGINE_SETTINGS,
    batch: int = BATCH,
    clock: str | None = CLOCK,
    bits: str | None = BITS,
    sample: int | None = typer.Option(
        None, "--sample", min=1, metavar="N", help="Only N configs of the space, drawn at random."
    ),
    seed: int = typer.Option(0, "--seed", metavar="N", help="Of --sample."),
    surrogate: Path | None = typer.Option(
        None, "--surrogate", metavar="DIR", help="Folder with the models of engine surrogate; left out: --out."
    ),
    refine: bool = typer.Option(
        False, "--refine", help="Engine surrogate: compute the predicted front and all around it exactly."
    ),
    refine_limit: int = typer.Option(1000, "--refine-limit", min=1, metavar="N", help="Exact configs at most."),
    metric: list[str] = typer.Option(
        ["onchip_energy_uj", "perf_per_area"], "--metric", metavar="METRIC", help="Axis of the front that is refined."
    ),
    scheduler: str | None = typer.Option(
        None, "--scheduler", metavar="ADDRESS", help="Address of a Dask scheduler, whose workers map the layers."
    ),
    as_json: bool = AS_JSON,
) -> None:
    from ..engines.registry import DEFAULT_ENGINE, SURROGATE
    from ..sweep.exports import write_exports
    from ..sweep.planning import check_takes_bits, plan_sweep
    from ..sweep.pool import open_pool
    from ..sweep.runner import sweep_on, usable_cpus
    from ..sweep.store import ResultStore
    from .progress import resumable, shown
    from .surrogate import Predicting, predict

    began = time.monotonic()
    if scheduler is not None and jobs is not None:
        raise InputError("--jobs", "", "is for this machine; leave it out with --scheduler")
    predicted = engine == SURROGATE
    plan = plan_sweep(
        space,
        network,
        objective=objective,
        engine=DEFAULT_ENGINE if predicted else engine,
        engine_settings=engine_settings,
        batch=batch,
        clock=clock,
        bits=bits,
    )
    if predicted:
        check_takes_bits(SURROGATE, False, plan.networks)
        if scheduler is not None:
            raise InputError("--scheduler", "", "engine surrogate predicts in one process; leave it out")
        if sample is not None:
            raise InputError("--sample", "", "engine surrogate predicts the whole space; leave it out")
        wanted = Predicting(surrogate or out, out, refine, refine_limit, tuple(metric), jobs or usable_cpus())
        predict(plan, wanted, as_json)
        return
    if surrogate is not None or refine:
        raise InputError("--surrogate" if surrogate else "--refine", "", "is for --engine surrogate")
    if sample is not None:
        plan = _sampled(plan, sample, seed)
    with open_pool(plan.engine, jobs or usable_cpus(), scheduler) as pool, ResultStore.writing(out) as store:
        with resumable(shown(f"sweep {plan.space_name}"), f"configs are done and kept in {out}") as report:
            counts = sweep_on(pool, plan, store, report)
        exported = write_exports(store, counts.run)
        write_comparison(plan, store, as_json)
    if as_json:
        summary = {
            "configs": counts.configs,
            "results": exported.results,
            "computed": counts.computed,
            "reused": counts.reused,
            "invalid": exported.invalid,
            "seconds": round(time.monotonic() - began, 3),
        }
        typer.echo(json.dumps(summary))
    else:
        typer.echo(
            f"{counts.configs} configs, {exported.results} results ({counts.computed} computed, "
            f"{counts.reused} reused, {exported.invalid} without valid mapping); tables and plots are in {out}"
        )


def _sampled(plan: SweepPlan, count: int, seed: int) -> SweepPlan:
    """Some configs of the plan's space."""
    from ..hardware.space import DesignSpace
    from ..hardware.space_arrays import sample_space

    assert isinstance(plan.space, DesignSpace)
    chosen = sample_space(plan.space, count, seed)
    return replace(plan, space=chosen, space_name=f"{plan.space_name}, {len(chosen)} with seed {seed}")


def write_comparison(plan: SweepPlan, store: ResultStore, to_stderr: bool) -> None:
    """Write the report's files, and print how the best designs of this sweep's networks compare."""
    from ..analysis.groups import select
    from ..analysis.outputs import write_front
    from ..analysis.summary import compare
    from ..sweep.exports import results_frame
    from .tables import comparison_table, print_tables

    results = results_frame(store)
    write_front(store, results)
    ours = (
        results["network"].isin([network.name for network in plan.networks])
        & (results["batch"] == plan.batch)
        & (results["objective"] == plan.objective)
        & (results["fingerprint"] == plan.engine.fingerprint)
    )
    comparisons = compare(select(results, ours), store.families())
    if not comparisons:
        typer.echo(
            "no config has a valid mapping of any of the networks; results.csv says why, config by config", err=True
        )
    print_tables([comparison_table(comparison) for comparison in comparisons], err=to_stderr)
