"""`qadam-tl doctor`: what of the tools around this package is there, and what to do about the rest."""

from __future__ import annotations

import json

import typer

_HELP = """Check Python, the models, Accelergy, the plug-in, and Timeloop, and say what to do about each.

Exit code 0 if the chosen engine can run, else 1.

[bold]Examples[/bold]

  qadam-tl doctor

  qadam-tl doctor --engine timeloop
"""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("doctor", help=_HELP)(doctor)


def doctor(
    engine: str | None = typer.Option(None, "--engine", metavar="NAME", help="Engine that must be able to run."),
    as_json: bool = typer.Option(False, "--json", help="Print a JSON list."),
) -> None:
    from ..estimators.checkup import checkup

    checks = checkup(engine)
    if as_json:
        typer.echo(json.dumps([check.as_dict() for check in checks]))
    else:
        for check in checks:
            typer.echo(f"{check.state:7} {check.name}: {check.found}")
            if check.remedy:
                typer.echo(f"        -> {check.remedy}")
    if any(check.state == "failed" for check in checks):
        raise typer.Exit(1)
