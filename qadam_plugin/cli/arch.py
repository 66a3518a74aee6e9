"""`qadam-tl arch`: the Timeloop architecture of a config."""

from __future__ import annotations

from pathlib import Path

import typer

from .output import write_or_print

_HELP = """Write the Timeloop v0.4 architecture of an accelerator config.

[bold]Examples[/bold]

  qadam-tl arch design.yaml -o arch.yaml

  qadam-tl arch simba_like

  qadam-tl arch design.yaml --clock 0.5

  qadam-tl arch design.yaml --accelergy -o accelergy.yaml
"""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("arch", help=_HELP)(arch)


def arch(
    config_file: Path = typer.Argument(..., metavar="CONFIG", help="Config file, or a shipped design by its name."),
    output: Path | None = typer.Option(None, "-o", "--output", metavar="FILE", help="File to write; else print."),
    clock: str | None = typer.Option(None, "--clock", metavar="GHZ", help="Clock instead of the config's, or auto."),
    accelergy: bool = typer.Option(False, "--accelergy", help="The flat form that `accelergy` reads by itself."),
) -> None:
    from dataclasses import replace

    from ..estimators.accelergy_input import accelergy_yaml
    from ..hardware.build import build_spec
    from ..hardware.config import load_config, parse_clock
    from ..hardware.describe import arch_yaml
    from ..ppa.library import load_library
    from ..ppa.pricing import resolve_clock_ghz

    config = load_config(config_file)
    if clock is not None:
        config = replace(config, clock_ghz=parse_clock(clock, "--clock"))
    clock_ghz, command = resolve_clock_ghz(config, load_library()), f"qadam-tl arch {config_file.name}"
    if accelergy:
        text = accelergy_yaml(build_spec(config, clock_ghz), f"{command} --accelergy")
    else:
        text = arch_yaml(config, clock_ghz, command)
    write_or_print(output, text)
