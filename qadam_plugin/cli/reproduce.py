"""`qadam-tl reproduce`: published results beside ours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from ..analysis.reproduce.eyeriss import ChipLayer, EnergyLayer
    from ..analysis.reproduce.headline import Ratios, Spread

_HELP = """Repeat what was published, and print it beside ours.

QADAM's headline ratios on its networks, from the shipped design space, each design at its own clock and all at 0.2 GHz;
the Eyeriss chip on AlexNet: processing time, buffer and DRAM traffic; the energies of the row-stationary paper at its
relative costs. Results of the sweeps are kept in DIR: a second call only prints.

[bold]Examples[/bold]

  qadam-tl reproduce --only eyeriss     # seconds

  qadam-tl reproduce --only ratios --network resnet20-cifar10     # a minute

  qadam-tl reproduce     # everything
"""

_PARTS = ("ratios", "eyeriss")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("reproduce", help=_HELP)(reproduce)


def reproduce(
    only: str | None = typer.Option(None, "--only", metavar="ratios|eyeriss", help="One part; left out: both."),
    network: list[str] = typer.Option(
        [], "--network", metavar="NAME", help="Of the ratios; may be repeated. Left out: the paper's six."
    ),
    clock: float = typer.Option(0.2, "--clock", min=0.001, max=100, metavar="GHZ", help="The common clock."),
    out: Path = typer.Option(Path("qadam-reproduce"), "--out", metavar="DIR", help="Folder of the sweeps."),
    jobs: int | None = typer.Option(None, "--jobs", min=1, max=1024, metavar="N", help="Processes."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object instead of tables."),
) -> None:
    from ..errors import InputError
    from .tables import print_tables

    if only not in (None, *_PARTS):
        raise InputError("--only", "", f"ratios or eyeriss is wanted, not '{only}'")
    answer: dict[str, list[dict[str, object]]] = {}
    tables: list[Table] = []
    if only != "ratios":
        chip, energies = _eyeriss()
        answer |= {"eyeriss_chip": [asdict(row) for row in chip], "eyeriss_energy": [asdict(row) for row in energies]}
        tables += [_chip_table(chip), _energy_table(energies)]
    if only != "eyeriss":
        ratios, spread = _ratios(network, clock, out, jobs)
        answer |= {"ratios": [asdict(row) for row in ratios], "spread": [asdict(row) for row in spread]}
        tables += [_ratio_table(ratios), _spread_table(spread)]
    if as_json:
        typer.echo(json.dumps(answer))
    else:
        print_tables(tables)


def _eyeriss() -> tuple[list[ChipLayer], list[EnergyLayer]]:
    from ..analysis.reproduce.eyeriss import chip_config, chip_layers, energy_layers
    from ..engines.registry import make_engine

    config = chip_config()
    design = make_engine("rowstationary").design(config)
    return chip_layers(design, config, design.facts.clock_ghz), energy_layers()


def _ratios(network: Sequence[str], clock: float, out: Path, jobs: int | None) -> tuple[list[Ratios], list[Spread]]:
    from ..analysis.groups import select
    from ..analysis.reproduce.headline import CIFAR, IMAGENET, headline, spreads
    from ..analysis.summary import compare
    from ..sweep.frames import results_frame
    from ..sweep.planning import plan_sweep
    from ..sweep.runner import run_sweep, usable_cpus
    from ..sweep.store import ResultStore
    from .progress import resumable, shown

    chosen = network or (*IMAGENET, *CIFAR)
    plans = [plan_sweep(None, chosen, clock=word) for word in ("auto", repr(clock))]
    with ResultStore.writing(out) as store:
        for plan in plans:
            with resumable(shown(f"clock {plan.clock}"), f"configs are done and kept in {out}") as report:
                run_sweep(plan, store, jobs or usable_cpus(), report)
        results = results_frame(store)
    names = [each.name for each in plans[0].networks]
    named = results["network"].isin(names) & (results["fingerprint"] == plans[0].engine.fingerprint)
    ours = select(results, named & results["clock"].isin([plan.clock for plan in plans]))
    return headline(compare(ours)), spreads(ours)


def _table(title: str, caption: str, columns: Sequence[str], texts: int = 1) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
    for index, name in enumerate(columns):
        table.add_column(name, justify="left" if index < texts else "right")
    return table


def _ratio_table(ratios: Sequence[Ratios]) -> Table:
    """Rows: networks per clock, their mean, the paper; columns: PE types, each with its three ratios."""
    types = list(dict.fromkeys(row.pe_type for row in ratios))
    columns = [f"{name}\n{what}" for name in types for what in ("perf/area", "on chip", "with DRAM")]
    table = _table(
        "QADAM's headline: times better than the best INT16",
        "energy on chip and with DRAM: best INT16's over this one's; paper: averages over nine panels, clock not said",
        ["network", "clock", *columns],
        texts=2,
    )
    found = {(row.network, row.clock, row.pe_type): row for row in ratios}
    for network, clock in dict.fromkeys((row.network, row.clock) for row in ratios):
        cells = []
        for name in types:
            row = found.get((network, clock, name))
            numbers = (row.perf_per_area, row.onchip_energy, row.energy) if row else (None, None, None)
            cells += ["" if number is None else f"{number:.2f}" for number in numbers]
        table.add_row(network, "own" if clock == "auto" else f"{clock} GHz" if clock else "not said", *cells)
    return table


def _spread_table(spread: Sequence[Spread]) -> Table:
    table = _table(
        "Best over worst design of the space",
        "paper: more than 5 times in performance per area, more than 35 times in energy",
        ["network", "clock", "perf/area", "energy on chip"],
        texts=2,
    )
    for row in spread:
        clock = "own" if row.clock == "auto" else f"{row.clock} GHz"
        table.add_row(row.network, clock, f"{row.perf_per_area:.1f}", f"{row.onchip_energy:.1f}")
    return table


def _chip_table(layers: Sequence[ChipLayer]) -> Table:
    table = _table(
        "The Eyeriss chip on AlexNet, batch 4, 200 MHz: measured, and ours",
        "ms: processing time of the batch; + loading: weights enter the PEs at 4 words a cycle, without\n"
        "computing meanwhile; the chip compresses activations on their way to DRAM, ours are plain",
        ["layer", "ms", "ours", "", "+ loading", "", "PEs", "ours", "GLB MB", "ours", "DRAM MB", "ours"],
    )
    for row in layers:
        table.add_row(
            row.layer,
            f"{row.measured_ms:.1f}",
            f"{row.ours_ms:.1f}",
            f"{row.ours_ms / row.measured_ms - 1:+.0%}",
            f"{row.with_loading_ms:.1f}",
            f"{row.with_loading_ms / row.measured_ms - 1:+.0%}",
            str(row.measured_pes),
            str(row.ours_pes),
            f"{row.measured_glb_mb:.1f}",
            f"{row.ours_glb_mb:.1f}",
            f"{row.measured_dram_mb:.1f}",
            f"{row.ours_dram_mb:.1f}",
        )
    return table


def _energy_table(layers: Sequence[EnergyLayer]) -> Table:
    table = _table(
        "Row-stationary dataflow, ISCA 2016: published, and ours",
        "AlexNet, batch 16; energy in 1e9 MAC operations; RF: the scratchpads\n"
        "per word RF 1, GLB 6, DRAM 200; moving data between PEs costs nothing in ours",
        ["layer", "ALU", "ours", "RF", "ours", "DRAM", "ours", "GLB ours"],
    )
    for row in layers:
        numbers = (
            row.published_alu,
            row.ours_alu,
            row.published_rf,
            row.ours_rf,
            row.published_dram,
            row.ours_dram,
            row.ours_glb,
        )
        table.add_row(row.layer, *(f"{number:.2f}" for number in numbers))
    return table
