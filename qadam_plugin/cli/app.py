"""Entry point of `qadam-tl`: builds the app from its command modules and turns errors into one line and an exit code."""

from __future__ import annotations

import sys

import click
import typer

from ..errors import QadamError


def build_app() -> typer.Typer:
    """The typer app with every command registered. Command modules import what is heavy inside their functions."""
    return typer.Typer(
        name="qadam-tl",
        help="Quantization-aware design-space exploration of row-stationary DNN accelerators.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )


def main(argv: list[str] | None = None) -> None:
    """Run the command line. Exit codes: 0 done, 1 a failed run, 2 bad input, 130 interrupted."""
    app = build_app()
    try:
        code = app(args=argv, prog_name="qadam-tl", standalone_mode=False)
    except QadamError as error:
        typer.echo(f"qadam-tl: {error}", err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        typer.echo("qadam-tl: interrupted", err=True)
        sys.exit(130)
    except KeyboardInterrupt:
        typer.echo("qadam-tl: interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    sys.exit(code if isinstance(code, int) else 0)
