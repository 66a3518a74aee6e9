"""Entry point of `qadam-tl`: builds the app from its command modules; an error becomes one line and an exit code."""

from __future__ import annotations

import sys

import typer

from .. import __version__
from ..errors import QadamError
from . import (
    arch,
    characterize,
    doctor,
    estimate,
    evaluate,
    explore,
    models,
    networks,
    pareto,
    plot,
    plugin,
    quantize,
    report,
    reproduce,
    rtl,
    surrogate,
    sweep,
    verify,
)
from . import map as map_command
from .interruption import EXIT_CODE, MESSAGE

#: Base of every complaint about the command line itself. Older typer takes it from click, newer brings its own.
_BadUsage: type[Exception] = typer.BadParameter.__mro__[1]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"qadam-tl {__version__}")
        raise typer.Exit


def build_app() -> typer.Typer:
    """The typer app with every command registered. Command modules import what is heavy inside their functions."""
    app = typer.Typer(
        name="qadam-tl",
        help="Quantization-aware design-space exploration of row-stationary DNN accelerators.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )

    @app.callback(invoke_without_command=True)
    def root(
        context: typer.Context,
        version: bool = typer.Option(False, "--version", help="Print the version.", callback=_version, is_eager=True),
    ) -> None:
        if context.invoked_subcommand is None:
            typer.echo(context.get_help())

    for module in (
        sweep,
        surrogate,
        explore,
        quantize,
        pareto,
        plot,
        report,
        reproduce,
        verify,
        arch,
        networks,
        estimate,
        models,
        map_command,
        evaluate,
        rtl,
        characterize,
        plugin,
        doctor,
    ):
        module.register(app)
    return app


def main(argv: list[str] | None = None) -> None:
    """Run the command line. Exit codes: 0 done, 1 a failed run, 2 bad input, 130 interrupted."""
    try:
        code = build_app()(args=argv, prog_name="qadam-tl", standalone_mode=False)
    except QadamError as error:
        typer.echo(f"qadam-tl: {error}", err=True)
        sys.exit(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        code = EXIT_CODE
    except _BadUsage as error:
        typer.echo(f"qadam-tl: {_usage_line(error)}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        # The reader of a pipe went away: nothing is wrong, and nothing more can be printed.
        sys.stderr.close()
        sys.exit(1)
    # Newer typer makes an exit code of Ctrl-C, older ones let it through.
    if code == EXIT_CODE:
        typer.echo(MESSAGE, err=True)
    sys.exit(code if isinstance(code, int) else 0)


def _usage_line(error: Exception) -> str:
    """One line of a complaint about the command line, with the help that explains it."""
    message = " ".join(error.format_message().split()) if hasattr(error, "format_message") else str(error)  # pyright: ignore[reportAttributeAccessIssue]
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "qadam-tl"
    return f"{message.rstrip('.')}; see '{command} --help'"
