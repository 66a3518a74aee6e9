"""`qadam-tl arch`: the Timeloop architecture of a config."""

from __future__ import annotations

from pathlib import Path

import typer

from ..errors import InputError

_HELP = """Write the Timeloop v0.4 architecture of an accelerator config.

[bold]Examples[/bold]

  qadam-tl arch design.yaml -o arch.yaml

  qadam-tl arch design.yaml --clock 0.5
"""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("arch", help=_HELP)(arch)


def arch(
    config_file: Path = typer.Argument(..., metavar="CONFIG", help="Config file: one value per key."),
    output: Path | None = typer.Option(None, "-o", "--output", metavar="FILE", help="File to write; else print."),
    clock: str | None = typer.Option(None, "--clock", metavar="GHZ", help="Clock instead of the config's, or auto."),
) -> None:
    from dataclasses import replace

    from ..hardware.config import load_config, parse_clock
    from ..hardware.describe import arch_yaml
    from ..ppa.library import load_library
    from ..ppa.pricing import resolve_clock_ghz

    config = load_config(config_file)
    if clock is not None:
        config = replace(config, clock_ghz=parse_clock(clock, "--clock"))
    text = arch_yaml(config, resolve_clock_ghz(config, load_library()), f"qadam-tl arch {config_file.name}")
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError("-o", "", f"cannot write {output}: {error.strerror}") from None
