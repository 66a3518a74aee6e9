"""`qadam-tl rtl`: Verilog of a config's PE array with a self-checking testbench."""

from __future__ import annotations

from pathlib import Path

import typer

_HELP = """Write the Verilog of an accelerator's PE array, or of one PE or MAC of it, with a self-checking testbench.

The testbench is run in Icarus Verilog (Debian package iverilog) unless --no-check is given.

[bold]Examples[/bold]

  qadam-tl rtl design.yaml -o rtl

  qadam-tl rtl design.yaml -o rtl --unit pe --pipeline 2 --zero-gating
"""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("rtl", help=_HELP)(rtl)


def rtl(
    config_file: Path = typer.Argument(..., metavar="CONFIG", help="Config file: one value per key."),
    output: Path = typer.Option(..., "-o", "--output", metavar="DIR", help="Folder to write to."),
    unit: str = typer.Option("array", "--unit", help="array, pe or mac."),
    pipeline: int = typer.Option(1, "--pipeline", help="Ranks of registers inside the MAC, 0 to 2; fp32: 0 to 4."),
    clock_gating: bool = typer.Option(True, "--clock-gating/--no-clock-gating", help="Registers load only when used."),
    zero_gating: bool = typer.Option(False, "--zero-gating", help="A zero operand stops the multiplier."),
    seed: int = typer.Option(1, "--seed", help="Seed of the testbench's operands and pauses."),
    check: bool = typer.Option(True, "--check/--no-check", help="Run the testbench."),
) -> None:
    from ..errors import InputError
    from ..hardware.config import load_config
    from ..synthesis.rtl import config_bench, run_folder, write_design

    config = load_config(config_file)
    design, bench = config_bench(config, unit, pipeline, clock_gating, zero_gating, seed)
    try:
        write_design(design, bench, output, f"qadam-tl rtl {config_file.name}: {design.name}")
    except OSError as error:
        raise InputError("-o", "", f"cannot write to {output}: {error.strerror}") from None
    typer.echo(f"{output / design.top}.v and testbench.v written")
    if check:
        typer.echo(run_folder(design, output))
