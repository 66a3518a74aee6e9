"""What commands that take a network share."""

from __future__ import annotations

import typer

BITS: str | None = typer.Option(
    None,
    "--bits",
    metavar="A,W|FILE",
    help="Bits of activations and weights, such as 8,4 (8: both), or a .yaml or .csv file with those of each layer.",
)
