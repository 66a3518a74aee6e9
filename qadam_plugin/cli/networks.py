"""`qadam-tl networks`: the networks that ship, their layers, and their layers as Timeloop problems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import InputError
from .network_options import BITS

if TYPE_CHECKING:
    from ..workloads.network import Network

_HELP = """List the networks that ship, or look into one.

[bold]Examples[/bold]

  qadam-tl networks

  qadam-tl networks show resnet20-cifar10

  qadam-tl networks show mobilenetv2-imagenet --bits 8,4

  qadam-tl networks problems mobilenetv2-imagenet -o problems
"""


def register(app: typer.Typer) -> None:
    """Add the command group to the app."""
    group = typer.Typer(help=_HELP, invoke_without_command=True, rich_markup_mode="rich")
    group.callback()(networks)
    group.command("show")(show)
    group.command("problems")(problems)
    app.add_typer(group, name="networks")


def networks(
    context: typer.Context,
    as_json: bool = typer.Option(False, "--json", help="Print a JSON list."),
) -> None:
    from ..workloads.network import load_network, network_names

    if context.invoked_subcommand is not None:
        return
    loaded = [load_network(name) for name in network_names()]
    if as_json:
        typer.echo(json.dumps([_totals(network) for network in loaded]))
        return
    from rich import box
    from rich.table import Table

    from .tables import print_tables

    table = Table(box=box.SIMPLE_HEAD)
    for name in ("network", "dataset"):
        table.add_column(name)
    for name in ("layers", "shapes", "MMACs", "weights"):
        table.add_column(name, justify="right")
    for network in loaded:
        counts = (str(network.layer_count), str(len(network.layers)), f"{network.macs / 1e6:,.1f}")
        table.add_row(network.name, network.dataset, *counts, f"{network.weights:,}")
    print_tables([table])


def show(
    name: str = typer.Argument(..., metavar="NAME", help="A shipped network, or a network file."),
    bits: str | None = BITS,
    as_json: bool = typer.Option(False, "--json", help="Print a JSON object."),
) -> None:
    """Show the layers of a network, equal shapes once with their number."""
    network = _network(name, bits)
    if as_json:
        order = [{"name": step.name, "feeds": list(step.feeds)} for step in network.steps]
        typer.echo(json.dumps({**_totals(network), "layers": _layers(network), "order": order}))
        return
    from rich import box
    from rich.table import Table

    from .tables import print_tables

    title = f"{network.name}: {network.layer_count} layers, {network.macs:,} MACs, {network.weights:,} weights"
    caption = "C and M are channels per group; the shapes are Timeloop's, with padding in the input"
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
    table.add_column("first layer")
    table.add_column("kind")
    for column in ("times", "C", "M", "R", "S", "P", "Q", "G", "stride", "dilation", "MACs each", "weights each"):
        table.add_column(column, justify="right")
    if network.has_bits:
        table.caption = f"{caption}; bits are those of activations, weights and outputs"
        table.add_column("bits", justify="right")
    for item in network.layers:
        shape = item.layer
        bounds = (shape.C, shape.M, shape.R, shape.S, shape.P, shape.Q, shape.G)
        steps = (_pair(shape.Hstride, shape.Wstride), _pair(shape.Hdilation, shape.Wdilation))
        numbers = (*map(str, (item.count, *bounds)), *steps, f"{shape.macs:,}", f"{shape.weights:,}")
        bits_column = (f"{shape.input_bits}/{shape.weight_bits}/{shape.output_bits}",) if network.has_bits else ()
        table.add_row(item.name, item.kind, *numbers, *bits_column)
    print_tables([table])


def problems(
    name: str = typer.Argument(..., metavar="NAME", help="A shipped network, or a network file."),
    output: Path = typer.Option(..., "-o", "--output", metavar="DIR", help="Folder for the files."),
    batch: int = typer.Option(1, "--batch", min=1, help="Batch size."),
) -> None:
    """Write every distinct layer of a network as a Timeloop problem."""
    from dataclasses import replace

    from ..workloads.network import load_network
    from ..workloads.timeloop_problem import problem_yaml

    network = load_network(name, "NAME")
    try:
        output.mkdir(parents=True, exist_ok=True)
        for item in network.layers:
            text = problem_yaml(replace(item.layer, N=batch), f"qadam-tl networks problems {network.name}")
            (output / f"{item.name}.yaml").write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError("-o", "", f"cannot write into {output}: {error.strerror}") from None
    typer.echo(f"{len(network.layers)} problems of {network.name} in {output}")


def _network(name: str, bits: str | None) -> Network:
    from ..workloads.bits import as_bits
    from ..workloads.network import load_network

    network = load_network(name, "NAME")
    return network if bits is None else network.with_bits(as_bits(bits, "--bits"))


def _totals(network: Network) -> dict[str, object]:
    return {
        "name": network.name,
        "dataset": network.dataset,
        "layers": network.layer_count,
        "macs": network.macs,
        "weights": network.weights,
    }


def _layers(network: Network) -> list[dict[str, object]]:
    from dataclasses import asdict

    return [
        {
            "name": item.name,
            "kind": item.kind,
            "count": item.count,
            "members": list(item.members),
            "shape": asdict(item.layer),
            "macs": item.layer.macs,
            "weights": item.layer.weights,
        }
        for item in network.layers
    ]


def _pair(height: int, width: int) -> str:
    return str(height) if height == width else f"{height}x{width}"
