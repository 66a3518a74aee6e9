"""`qadam-tl verify`: the Pareto points of a sweep, re-evaluated by the real Timeloop."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from ..engines.timeloop import TimeloopEngine
    from ..engines.timeloop_compare import Agreement
    from ..sweep.points import StoredPoint
    from ..sweep.store import ResultStore

_HELP = """Re-evaluate the Pareto points of a sweep with the real timeloop-model, on the stored mappings.

Counts and cycles must be equal, energies within 1e-6. Exit code 0: all points agree; 1: one does not.

Points are those of the front of on-chip energy and performance per area, per network and clock.

[bold]Examples[/bold]

  qadam-tl verify qadam-results

  qadam-tl verify qadam-results --top 3 --engine-settings timeloop.yaml
"""

_METRICS = ("onchip_energy_uj", "perf_per_area")

#: Findings printed per point; `--json` has all.
_SHOWN_FINDINGS = 5


@dataclass(frozen=True, slots=True)
class _Verdict:
    point: StoredPoint
    agreement: Agreement


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("verify", help=_HELP)(verify)


def verify(
    directory: Path = typer.Argument(..., metavar="DIR", help="Folder of a sweep's results."),
    top: int | None = typer.Option(
        None, "--top", min=1, metavar="N", help="Of each front, the N with the best performance per area only."
    ),
    engine_settings: Path | None = typer.Option(
        None, "--engine-settings", metavar="FILE", help="Settings of the timeloop engine: where Timeloop is."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object instead of text."),
) -> None:
    from ..engines.timeloop import timeloop_engine
    from ..errors import RunError
    from ..sweep.points import stored_points
    from ..sweep.store import ResultStore

    with ResultStore.reading(directory) as store:
        wanted = _wanted(store, top)
        if not wanted:
            raise RunError(f"{directory}: no result with a valid mapping, so nothing to verify")
        wanted = _without_bits(store, wanted)
        engine = timeloop_engine(engine_settings)
        verdicts: list[_Verdict] = []
        for point in stored_points(store, wanted):
            verdicts.append(_Verdict(point, _verify(engine, point)))
            typer.echo(f"verify: {len(verdicts)} of {len(wanted)} points", err=True)
    if as_json:
        typer.echo(json.dumps(_report(engine, verdicts)))
    else:
        _print(engine, verdicts)
    if not all(verdict.agreement.agrees for verdict in verdicts):
        raise typer.Exit(1)


def _wanted(store: ResultStore, top: int | None) -> set[tuple[str, str, int, str, str, str]]:
    """Keys of the points on the fronts, as `sweep.points.stored_points` takes them."""
    from ..analysis.fronts import front_mask
    from ..analysis.groups import comparable, select
    from ..analysis.metrics import metric
    from ..sweep.exports import results_frame

    results = results_frame(store)
    front = select(results, front_mask(results, [metric(name, "") for name in _METRICS]))
    chosen: set[tuple[str, str, int, str, str, str]] = set()
    for _, part in comparable(front):
        rows = part.sort_values("perf_per_area", ascending=False, kind="stable").to_dict("records")
        for row in rows[:top]:
            chosen.add(
                (
                    *(str(row["config_id"]), str(row["network"]), int(row["batch"])),
                    *(str(row["engine"]), str(row["objective"]), str(row["fingerprint"])),
                )
            )
    return chosen


def _without_bits(
    store: ResultStore, wanted: set[tuple[str, str, int, str, str, str]]
) -> set[tuple[str, str, int, str, str, str]]:
    """Points of networks whose layers have no bit-widths of their own: the real Timeloop knows none."""
    packed = {group.network.name for group in store.groups() if group.network.has_bits}
    left_out = sorted({network for _, network, *_ in wanted} & packed)
    kept = {point for point in wanted if point[1] not in packed}
    if left_out and not kept:
        raise InputError(store.path, left_out[0], "has bit-widths of its own, which Timeloop does not know")
    for name in left_out:
        typer.echo(f"verify: {name} is left out, Timeloop knows no bit-widths of layers", err=True)
    return kept


def _verify(engine: TimeloopEngine, point: StoredPoint) -> Agreement:
    from ..engines.timeloop_compare import compare_layer, merge, refused

    runs = engine.evaluate(
        point.config, point.clock_ghz, [(layer, result.mapping) for _, layer, result in point.layers]
    )
    return merge(
        [
            refused(name, run) if isinstance(run, str) else compare_layer(name, result, run)
            for (name, _, result), run in zip(point.layers, runs, strict=True)
        ]
    )


def _report(engine: TimeloopEngine, verdicts: list[_Verdict]) -> dict[str, object]:
    """All of it, for a script."""
    return {
        "agrees": all(verdict.agreement.agrees for verdict in verdicts),
        "energies": "accelergy" if engine.by_accelergy else "models",
        "front_end": engine.toolchain.front_end,
        "points": [
            {
                "config_id": verdict.point.config.config_id,
                "network": verdict.point.group.network.name,
                "batch": verdict.point.group.batch,
                "engine": verdict.point.group.engine,
                "objective": verdict.point.group.objective,
                "clock_ghz": verdict.point.clock_ghz,
                "agrees": verdict.agreement.agrees,
                "layers": verdict.agreement.layers,
                "counts": verdict.agreement.counts,
                "differing_counts": verdict.agreement.differing_counts,
                "differing_cycles": verdict.agreement.differing_cycles,
                "energy_difference": verdict.agreement.energy_difference,
                "findings": list(verdict.agreement.findings),
            }
            for verdict in verdicts
        ],
    }


def _print(engine: TimeloopEngine, verdicts: list[_Verdict]) -> None:
    from .tables import print_tables

    print_tables([_table(verdicts)])
    for verdict in verdicts:
        findings = verdict.agreement.findings
        for finding in findings[:_SHOWN_FINDINGS]:
            typer.echo(f"{verdict.point.config.config_id}, {finding}")
        if len(findings) > _SHOWN_FINDINGS:
            typer.echo(f"{verdict.point.config.config_id}: {len(findings) - _SHOWN_FINDINGS} more; --json has all")
    agreeing = sum(verdict.agreement.agrees for verdict in verdicts)
    tables = "Accelergy with our plug-in (outside its range: our models)" if engine.by_accelergy else "our models"
    typer.echo(
        f"{agreeing} of {len(verdicts)} points agree with timeloop-model, its energies per action by {tables}, "
        f"its front end {engine.toolchain.front_end}"
    )


def _table(verdicts: list[_Verdict]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for name in ("config_id", "PE type", "network", "engine", "clock"):
        table.add_column(name)
    for name in ("layers", "counts that differ", "cycles that differ", "largest energy difference"):
        table.add_column(name, justify="right")
    table.add_column("")
    for verdict in verdicts:
        point, found = verdict.point, verdict.agreement
        table.add_row(
            *(point.config.config_id, point.config.pe.name, point.group.network.name, point.group.engine),
            f"{point.clock_ghz:g} GHz",
            str(found.layers),
            f"{found.differing_counts} of {found.counts}",
            f"{found.differing_cycles} of {found.layers}",
            f"{found.energy_difference:.1e}",
            "agrees" if found.agrees else "DIFFERS",
        )
    return table
