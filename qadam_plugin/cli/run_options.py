"""Options that the commands share which fill a folder of results."""

from __future__ import annotations

from pathlib import Path

import typer

OUT: Path = typer.Option(Path("qadam-results"), "--out", metavar="DIR", help="Folder of the results.")
JOBS: int | None = typer.Option(
    None, "--jobs", min=1, max=1024, metavar="N", help="Processes; left out: one per usable CPU."
)
MAP_FOR: str = typer.Option("edp", "--map-for", metavar="NAME", help="Layers are mapped for edp, energy or latency.")
ENGINE_SETTINGS: Path | None = typer.Option(
    None, "--engine-settings", metavar="FILE", help="Settings of the engine, for those that have any."
)
BATCH: int = typer.Option(1, "--batch", min=1, max=65536, metavar="N", help="Inputs at once.")
CLOCK: str | None = typer.Option(
    None, "--clock", metavar="auto|GHZ", help="One clock for every config, or auto: each at its own."
)
BITS: str | None = typer.Option(
    None,
    "--bits",
    metavar="A,W|FILE",
    help="Bits of activations and weights, such as 8,4 (8: both), or a .yaml or .csv file with those of each layer.",
)
AS_JSON: bool = typer.Option(False, "--json", help="End with one line of JSON; tables go to standard error.")
