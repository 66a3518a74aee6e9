"""`qadam-tl plugin`: whether Accelergy finds our estimators, and making it do so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .output import write_or_print

if TYPE_CHECKING:
    from ..estimators.discovery import Status

_HELP = """Our estimators in Accelergy.

An installed wheel is found by itself. This is for a config file of Accelergy's that names the folders of another
environment. `uninstall` takes out what `install` put in, and nothing else.

[bold]Examples[/bold]

  qadam-tl plugin status

  qadam-tl plugin install

  qadam-tl plugin uninstall

  qadam-tl plugin components -o qadam_components.yaml
"""

_JSON = typer.Option(False, "--json", help="Print a JSON object.")


def register(app: typer.Typer) -> None:
    """Add the command group to the app."""
    group = typer.Typer(help=_HELP, invoke_without_command=True, rich_markup_mode="rich")
    group.callback()(plugin)
    for command in (status, install, uninstall, components):
        group.command(command.__name__)(command)
    app.add_typer(group, name="plugin")


def plugin(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def status(as_json: bool = _JSON) -> None:
    """Say whether Accelergy, started in this folder, finds the plug-in. Exit code 1 if not."""
    from ..estimators import discovery

    found = discovery.status()
    if as_json:
        typer.echo(json.dumps(_status(found)))
    else:
        _print(found)
    if not found.visible:
        raise typer.Exit(1)


def install() -> None:
    """Name our folder in Accelergy's config file, unless it is found already."""
    from ..estimators import discovery

    found, done = discovery.install()
    typer.echo(done)
    _print(found)


def uninstall() -> None:
    """Take our folder out of Accelergy's config file."""
    from ..estimators import discovery

    _, done = discovery.uninstall()
    typer.echo(done)


def components(
    output: Path | None = typer.Option(None, "-o", "--output", metavar="FILE", help="File to write; else print."),
) -> None:
    """Write the compound components, to be given to Accelergy or Timeloop beside an architecture."""
    from ..estimators.compound_components import compound_yaml

    write_or_print(output, compound_yaml())


def _print(found: Status) -> None:
    typer.echo(f"config file   {found.config or 'none yet: Accelergy writes one when it first runs'}")
    for folder in found.found:
        typer.echo(f"plug-in in    {folder}")
    for entry in found.missing:
        typer.echo(f"gone          {entry} (named in the config file)")
    if found.visible:
        typer.echo("Accelergy finds the plug-in; `qadam-tl doctor` asks it for an estimate.")
    else:
        typer.echo("Accelergy does not find the plug-in: run `qadam-tl plugin install`.")


def _status(found: Status) -> dict[str, object]:
    return {
        "visible": found.visible,
        "config": None if found.config is None else str(found.config),
        "found": [str(folder) for folder in found.found],
        "missing": list(found.missing),
    }
