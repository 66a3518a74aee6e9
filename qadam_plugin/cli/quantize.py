"""`qadam-tl quantize`: search the bit-widths of a network's layers."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import InputError
from .run_options import AS_JSON, BATCH, JOBS, MAP_FOR, OUT

if TYPE_CHECKING:
    from ..hardware.config import AcceleratorConfig
    from ..hardware.space import DesignSpace
    from ..quantize.errors import ErrorSource
    from ..quantize.savings import Saving
    from ..quantize.session import Quantized, QuantizePlan
    from ..workloads.network import Network

_HELP = """Search the bits of every layer's activations and weights for the settings that no other beats.

NSGA-II, begun with the same bits everywhere; each candidate has its best mappings. What layers cost is kept in DIR: run
the same command again and it goes on. Settings on the front are results of DIR like those of a sweep, and files for
--bits in DIR/bits. Without --accuracy, --accuracy-callable or --weights the error is the quantization noise of Gaussian
weights: a proxy, no accuracy.

[bold]Examples[/bold]

  qadam-tl quantize --network resnet20-cifar10 --evaluations 20 --population 10 --out found

  qadam-tl quantize --network mobilenetv2-imagenet --arch eyeriss --weights mobilenetv2.npz --out found

  qadam-tl quantize --network mobilenetv1-imagenet --space space.yaml --objectives energy,latency,error --out found
"""

#: Rows of the front that are printed at most.
_ROWS = 20


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("quantize", help=_HELP)(quantize)


def quantize(
    network: str = typer.Option(
        "mobilenetv2-imagenet", "--network", metavar="NAME", help="A shipped network or a file."
    ),
    arch: str | None = typer.Option(
        None, "--arch", metavar="eyeriss|simba|FILE", help="The design; left out: eyeriss (eyeriss168.yaml)."
    ),
    space: Path | None = typer.Option(
        None, "--space", metavar="SPACE.yaml", help="Search this design space as well, instead of --arch."
    ),
    objectives: str = typer.Option(
        "energy,error",
        "--objectives",
        metavar="NAMES",
        help="Of energy, onchip-energy, latency, edp (the network's), layer-edp (the layers' summed), area, error.",
    ),
    map_for: str = MAP_FOR,
    bits_from: str = typer.Option("2..8", "--bits-from", metavar="LOW..HIGH", help="Bits that are searched, 1 to 32."),
    evaluations: int = typer.Option(2000, "--evaluations", min=1, metavar="N", help="Settings to evaluate in all."),
    population: int = typer.Option(50, "--population", min=2, max=10000, metavar="N", help="Settings in a generation."),
    seed: int = typer.Option(1, "--seed", min=0, max=2**32 - 1, metavar="N", help="Dice of the search."),
    accuracy: Path | None = typer.Option(
        None, "--accuracy", metavar="CSV", help="layer, operand, bits, error, which add up; or bits, accuracy."
    ),
    accuracy_callable: str | None = typer.Option(
        None,
        "--accuracy-callable",
        metavar="MODULE:FUNCTION",
        help="Gets {layer: (activations, weights)}, gives error.",
    ),
    weights: Path | None = typer.Option(
        None, "--weights", metavar="FILE", help=".npz of arrays by layer, or .onnx: noise of these weights."
    ),
    activations: str = typer.Option(
        "relu",
        "--activations",
        metavar="NAME",
        help="For noise, activations are taken as relu (half of a) or gaussian.",
    ),
    mac_energy: str = typer.Option(
        "bits", "--mac-energy", metavar="bits|fixed", help="An operation's energy follows the bits, or does not."
    ),
    packing: str = typer.Option(
        "word", "--packing", metavar="word|ideal", help="No element lies across two words, or they may."
    ),
    batch: int = BATCH,
    out: Path = OUT,
    jobs: int | None = JOBS,
    as_json: bool = AS_JSON,
) -> None:
    from ..quantize.outputs import write_settings
    from ..quantize.planning import checked_engine
    from ..quantize.savings import savings
    from ..quantize.search import parse_objectives
    from ..quantize.session import QuantizePlan, run_quantize
    from ..sweep.exports import write_exports
    from ..sweep.runner import usable_cpus
    from ..sweep.store import ResultStore
    from ..workloads.network import load_network
    from .progress import quantize_shown, resumable

    began = time.monotonic()
    engine = checked_engine(map_for, mac_energy, packing)
    loaded = load_network(network)
    hardware, name = _hardware(arch, space)
    plan = QuantizePlan(
        network=loaded,
        hardware=hardware,
        hardware_name=name,
        engine=engine,
        map_for=map_for,
        batch=batch,
        objectives=parse_objectives(objectives),
        bits=_range(bits_from),
        source=_source(loaded, accuracy, accuracy_callable, weights, activations, space),
        evaluations=evaluations,
        population=population,
        seed=seed,
    )
    with ResultStore.writing(out) as store:
        shown = quantize_shown(f"quantize {loaded.name}")
        with resumable(shown, f"settings are done; layers mapped are kept in {out}") as report:
            found = run_quantize(plan, store, jobs or usable_cpus(), report)
        for run in found.runs[-1:]:
            write_exports(store, run)
        write_settings(found, plan.source.name, out)
    saved = savings(found.uniform, found.front)
    _show(plan, found, saved, as_json)
    distinct = len({item.setting for item in found.candidates})
    if as_json:
        summary = {
            "evaluations": len(found.candidates),
            "settings": distinct,
            "front": len(found.front),
            "fronts_mapped": found.mapped,
            "error": plan.source.name,
            "saved": {_uniform(item): round(item.saved, 6) for item in saved},
            "seconds": round(time.monotonic() - began, 3),
        }
        typer.echo(json.dumps(summary))
    else:
        typer.echo(
            f"{len(found.candidates)} evaluations, {distinct} settings, {len(found.front)} on the front; "
            f"tables are in {out}, files for --bits in {out / 'bits'}"
        )


def _range(text: str) -> tuple[int, int]:
    """Lowest and highest bits."""
    low, dots, high = text.partition("..")
    if not (dots and low.isdecimal() and high.isdecimal() and 1 <= int(low) <= int(high) <= 32):
        raise InputError("--bits-from", "", f"a range in 1 to 32 such as 2..8 is wanted, not '{text}'")
    return int(low), int(high)


def _hardware(arch: str | None, space: Path | None) -> tuple[AcceleratorConfig | DesignSpace, str]:
    """The design or the design space, and its name."""
    from ..hardware.config import load_config
    from ..hardware.space import MAX_SEARCHED, load_space
    from ..quantize.planning import shipped_design

    if space is not None:
        if arch is not None:
            raise InputError("--arch", "", "is one design; leave it out with --space")
        return load_space(space, most=MAX_SEARCHED), space.name
    path = shipped_design("eyeriss" if arch is None else arch)
    return load_config(path), path.name


def _source(
    network: Network,
    accuracy: Path | None,
    function: str | None,
    weights: Path | None,
    activations: str,
    space: Path | None,
) -> ErrorSource:
    """Where errors come from: one of the three options, or Gaussian weights."""
    from ..quantize.errors import ListedErrors, function_error, noise_proxy, read_errors
    from ..quantize.weights import read_weights

    given = {"--accuracy": accuracy, "--accuracy-callable": function, "--weights": weights}
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise InputError(names[1], "", f"says what {names[0]} says; give one of them")
    if accuracy is not None:
        found = read_errors(accuracy, network.steps)
        if isinstance(found, ListedErrors) and space is not None:
            raise InputError("--space", "", "is not searched with listed settings; give a design with --arch")
        return found
    if function is not None:
        return function_error(function, network.steps)
    return noise_proxy(network.steps, None if weights is None else read_weights(weights, network), activations)


def _uniform(item: Saving) -> str:
    from ..quantize.settings import label

    return label(item.uniform.setting.widths)


def _show(plan: QuantizePlan, found: Quantized, saved: list[Saving], to_stderr: bool) -> None:
    """Print the front, and what it saves against uniform settings."""
    from rich import box
    from rich.table import Table

    from ..explore.grid import Grid
    from ..quantize.settings import label
    from .tables import print_tables

    if not found.front:
        typer.echo("no setting has a valid mapping; quantize.csv has the reasons", err=True)
        return
    wanted = list(dict.fromkeys([*plan.objectives, "energy_uj", "edp_uj_ms", "layer_edp_sum_uj_ms", "error"]))
    titles = {"error": plan.source.name.replace("_", " "), "edp_uj_ms": "network's EDP (uJ ms)"}
    titles |= {"layer_edp_sum_uj_ms": "sum of layers' EDPs (uJ ms)", "energy_uj": "energy with DRAM (uJ)"}
    title = f"{plan.network.name}: {len(found.front)} settings on the front, mapped for {plan.map_for}"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("setting")
    for name in wanted:
        table.add_column(titles.get(name, name), justify="right")
    axes = found.room.hardware.names if isinstance(found.room.hardware, Grid) else ()
    for axis in axes:
        table.add_column(axis)
    step = max(1, -(-len(found.front) // _ROWS))
    for item in found.front[::step]:
        values = found.room.config(item.setting.point).values
        numbers = (f"{item.value(name):.5g}" for name in wanted)
        table.add_row(label(item.setting.widths), *numbers, *(str(values[axis]) for axis in axes))
    below = Table(
        title=f"energy saved{', hardware included,' if axes else ''} against uniform bits, no more {titles['error']}",
        box=box.SIMPLE_HEAD,
        title_justify="left",
    )
    for name in ("uniform", "energy (uJ)", titles["error"], "best setting", "energy (uJ)", "saved"):
        below.add_column(name, justify="right" if name != "best setting" else "left")
    for item in saved:
        energies = [f"{part.value('energy_uj'):.5g}" for part in (item.uniform, item.best)]
        error = f"{item.uniform.error:.4g}"
        below.add_row(
            _uniform(item), energies[0], error, label(item.best.setting.widths), energies[1], f"{item.saved:.1%}"
        )
    print_tables([table, below], err=to_stderr)
