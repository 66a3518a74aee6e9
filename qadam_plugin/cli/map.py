"""`qadam-tl map`: the best mapping of one layer."""

from __future__ import annotations

from pathlib import Path

import typer

from .mapping_options import (
    ARCH,
    BITS,
    ERT,
    JSON,
    PACKING,
    PROBLEM,
    energies,
    print_answer,
    read_layer,
    read_packing,
)
from .output import write_text

_HELP = """Find the best mapping of one layer on a Timeloop v0.4 architecture, and say whether that is proven.

[bold]Example[/bold]

  qadam-tl map --arch arch.yaml --problem problem.yaml -o mapping.yaml
"""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("map", help=_HELP)(map_layer)


def map_layer(
    arch: Path = ARCH,
    problem: Path = PROBLEM,
    objective: str = typer.Option("edp", "--objective", metavar="edp|energy|latency", help="What to make smallest."),
    bits: str | None = BITS,
    packing: str = PACKING,
    ert: Path | None = ERT,
    json: bool = JSON,
    output: Path | None = typer.Option(
        None, "-o", "--output", metavar="FILE", help="Write the mapping as Timeloop YAML."
    ),
) -> None:
    from ..errors import InputError
    from ..hardware.spec_reader import read_spec
    from ..mapping.mapping_yaml import mapping_yaml
    from ..mapping.report import proof_of

    if objective not in ("edp", "energy", "latency"):
        raise InputError("--objective", "", f"edp, energy or latency is wanted, not '{objective}'")
    packing = read_packing(packing)
    spec, layer = read_spec(arch), read_layer(problem, bits)
    energy = energies(spec, layer, ert)

    from ..mapping.search import search

    found = search(spec, layer, energy, objective, packing=packing)
    proof = proof_of(objective, found.cost, found.lower_bound, found.optimal)
    if output is not None and found.mapping is not None:
        write_text(
            output, mapping_yaml(spec, found.mapping, f"qadam-tl map --arch {arch.name} --problem {problem.name}")
        )
    print_answer(spec, found.mapping, found.evaluation, found.reason, proof, json)
