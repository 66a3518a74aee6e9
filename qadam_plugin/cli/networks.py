"""`qadam-tl networks`: the networks that ship, their layers, and their layers as Timeloop problems."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import InputError
from .output import write_folder, write_text
from .run_options import BITS

if TYPE_CHECKING:
    from ..workloads.network import Network
    from ..workloads.onnx_import import Imported

_IMPORT_HELP = """Make a network file of an ONNX model: its convolutions and matrix products in the order of execution.

What else the model does is listed with its share of the nodes. A quantised model brings its bit-widths along. Weights
in files of their own are not needed. Needs the package onnx: pip install 'qadam-tl\\[onnx]'.

[bold]Examples[/bold]

  qadam-tl networks import model.onnx -o network.yaml

  qadam-tl networks import detector.onnx --input images:1x3x640x640 --name detector -o detector.yaml
"""

_HELP = """List the networks that ship, look into one, or make one of an ONNX model.

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
    group.command("import", help=_IMPORT_HELP)(import_network)
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
    command = f"qadam-tl networks problems {network.name}"
    files = {f"{item.name}.yaml": problem_yaml(replace(item.layer, N=batch), command) for item in network.layers}
    write_folder(output, files)
    typer.echo(f"{len(network.layers)} problems of {network.name} in {output}")


def import_network(
    model: Path = typer.Argument(..., metavar="MODEL.onnx", help="ONNX model."),
    output: Path | None = typer.Option(
        None, "-o", "--output", metavar="FILE", help="Network file; left out: to standard output."
    ),
    name: str | None = typer.Option(None, "--name", metavar="NAME", help="Of the network; left out: the file's."),
    dataset: str = typer.Option("unknown", "--dataset", metavar="NAME", help="What the network is for."),
    shape: list[str] = typer.Option(
        [], "--input", metavar="NAME:SHAPE", help="Shape of an input, such as images:1x3x224x224; may be repeated."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print a JSON object instead of text."),
) -> None:
    from ..workloads.onnx_import import import_onnx

    title = re.sub(r"[^A-Za-z0-9_.\-]+", "_", model.stem) if name is None else name
    command = f"qadam-tl networks import {model.name}"
    found = import_onnx(model, title, dataset, dict(map(_input_shape, shape)), command)
    if output is not None:
        write_text(output, found.text)
    if as_json:
        typer.echo(json.dumps({**_totals(found.network), **_imported(found)}))
        return
    if output is None:
        typer.echo(found.text, nl=False)
    for line in _report(found, output):
        typer.echo(line, err=output is None)


def _input_shape(text: str) -> tuple[str, tuple[int, ...]]:
    name, colon, sizes = text.rpartition(":")
    if not (name and colon and re.fullmatch(r"[1-9]\d{0,8}(x[1-9]\d{0,8}){0,7}", sizes)):
        raise InputError("--input", "", f"a name and a shape such as images:1x3x224x224 is wanted, not '{text}'")
    return name, tuple(map(int, sizes.split("x")))


def _imported(found: Imported) -> dict[str, object]:
    """What an import left out, for a script."""
    return {
        "bits": found.network.has_bits,
        "unquantised": list(found.unquantised),
        "nodes": found.nodes,
        "skipped": [
            {"op": item.op, "nodes": item.nodes, "share": item.share, "multiplies": item.multiplies}
            for item in found.skipped
        ],
    }


def _report(found: Imported, output: Path | None) -> list[str]:
    """What an import found and left out, for a person."""
    network = found.network
    kinds = "with bit-widths" if network.has_bits else "not quantised"
    lines = [
        f"{network.name}: {network.layer_count} layers of {found.nodes} nodes, {network.macs:,} MACs, "
        f"{network.weights:,} weights, {kinds}{'' if output is None else f'; in {output}'}"
    ]
    if found.skipped:
        shares = (f"{item.op} {item.nodes} ({100 * item.share:.1f} %)" for item in found.skipped)
        lines.append(f"skipped, of all nodes: {', '.join(shares)}")
    lacking = [item.op for item in found.skipped if item.multiplies]
    if lacking:
        lines.append(f"attention: these multiply too, and are missing in the network: {', '.join(lacking)}")
    if found.unquantised:
        some = ", ".join(found.unquantised[:5]) + (" ..." if len(found.unquantised) > 5 else "")
        lines.append(f"not quantised, 32 bits: {some}")
    return lines


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
