"""`qadam-tl evaluate`: what a given mapping costs."""

from __future__ import annotations

from pathlib import Path

import typer

from .mapping_options import ARCH, BITS, ERT, JSON, PACKING, PROBLEM, energies, print_answer, read_layer, read_packing

_HELP = """Count and price a given mapping as Timeloop does.

[bold]Example[/bold]

  qadam-tl evaluate --arch arch.yaml --problem problem.yaml --mapping mapping.yaml
"""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("evaluate", help=_HELP)(evaluate_mapping)


def evaluate_mapping(
    arch: Path = ARCH,
    problem: Path = PROBLEM,
    mapping: Path = typer.Option(..., "--mapping", metavar="FILE", help="Timeloop v0.4 mapping."),
    bits: str | None = BITS,
    packing: str = PACKING,
    ert: Path | None = ERT,
    json: bool = JSON,
) -> None:
    from ..hardware.spec_reader import read_spec
    from ..mapping.mapping_yaml import read_mapping, with_keeps_of

    packing = read_packing(packing)
    spec, layer = with_keeps_of(mapping, read_spec(arch)), read_layer(problem, bits)
    given = read_mapping(mapping, spec, layer)
    energy = energies(spec, layer, ert)

    from ..mapping.model import evaluate

    found = evaluate(spec, layer, given, energy, packing)
    reason = "" if found.violation is None else found.violation.text
    print_answer(spec, given, found, reason, None, json)
