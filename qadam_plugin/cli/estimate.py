"""`qadam-tl estimate`: energy, area, leakage and clock of one component or of a whole config."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import InputError

if TYPE_CHECKING:
    from ..ppa.components import Estimate
    from ..ppa.pricing import PricedSpec

_HELP = """Estimate energy per action, area, leakage and clock from the fitted models.

[bold]Examples[/bold]

  qadam-tl estimate mac --pe-type lightpe1

  qadam-tl estimate bits

  qadam-tl estimate spad --depth 64 --width 16

  qadam-tl estimate glb --kib 108 --width 64

  qadam-tl estimate dram --type LPDDR4

  qadam-tl estimate config design.yaml --json
"""

#: Widths of the operands that `bits` lists.
_BITS = (16, 12, 8, 7, 6, 5, 4, 3, 2)

_JSON = typer.Option(False, "--json", help="Print a JSON object.")


def register(app: typer.Typer) -> None:
    """Add the command group to the app."""
    group = typer.Typer(help=_HELP, invoke_without_command=True, rich_markup_mode="rich")
    group.callback()(estimate)
    for command in (mac, bits, spad, glb, dram, config):
        group.command(command.__name__)(command)
    app.add_typer(group, name="estimate")


def estimate(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def mac(
    pe_type: str = typer.Option(
        ...,
        "--pe-type",
        metavar="NAME",
        help="fp32, int16, int8, lightpe1, lightpe2, subword16, subword8, or {family: int, ...}.",
    ),
    pipeline: int = typer.Option(1, "--pipeline", min=0, max=4, help="Ranks of registers within: 0 to 2, fp 0 to 4."),
    as_json: bool = _JSON,
) -> None:
    """Multiply-accumulate unit with its registers, and the control of a PE of usual depths beside it."""
    from ..hardware.pe_types import pe_type as parse_pe_type
    from ..ppa import components
    from ..ppa.library import load_library
    from ..userfile import parse_yaml

    value = parse_yaml(pe_type, "--pe-type")
    pe = parse_pe_type(value if isinstance(value, dict) else pe_type, "--pe-type", "")
    library = load_library()
    parts = {
        "mac": components.mac(library, pe, pipeline),
        "control": components.control(library, components.SpadDepths()),
        "mac and control": components.compute_unit(library, pe, pipeline=pipeline),
    }
    _print(f"MAC of {pe.name}", parts, as_json)


def bits(
    pe_type: list[str] = typer.Option([], "--pe-type", metavar="NAME", help="Named types; else all of them."),
    as_json: bool = _JSON,
) -> None:
    """Energy of an operation of a MAC on operands of 16 to 2 bits, its clock included: what fewer bits save."""
    from ..hardware.pe_types import NAMED_TYPES
    from ..hardware.pe_types import pe_type as parse_pe_type
    from ..ppa.components import operation_energies
    from ..ppa.library import load_library

    library = load_library()
    types = [parse_pe_type(name, "--pe-type", "") for name in pe_type or NAMED_TYPES]
    found = {pe.name: operation_energies(library, pe, _BITS) for pe in types}
    if as_json:
        typer.echo(json.dumps(found))
        return
    from rich import box
    from rich.table import Table

    from .tables import print_tables

    table = Table(title="pJ per operation, and % of full width", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("bits")
    for name in found:
        table.add_column(name, justify="right")
    for width in ("full", *map(str, _BITS)):
        cells = [(energies.get(width), energies["full"]) for energies in found.values()]
        table.add_row(width, *("-" if pj is None else f"{pj:.2f} {100 * pj / full:4.0f}%" for pj, full in cells))
    print_tables([table])


def spad(
    depth: int = typer.Option(..., "--depth", min=1, help="Words."),
    width: int = typer.Option(..., "--width", min=1, help="Bits of a word."),
    shared: bool = typer.Option(False, "--shared", help="One address for reading and writing, as for weights."),
    as_json: bool = _JSON,
) -> None:
    """Scratchpad of a PE: a flip-flop register file."""
    from ..ppa import components
    from ..ppa.library import load_library

    addresses = components.SHARED if shared else components.SEPARATE
    found = components.spad(load_library(), depth, width, addresses)
    _print(f"scratchpad {depth} x {width} b, {addresses} addresses", {"spad": found}, as_json)


def glb(
    kib: float = typer.Option(..., "--kib", help="Capacity, KiB."),
    width: int = typer.Option(64, "--width", min=1, help="Bits of one access."),
    banks: int = typer.Option(1, "--banks", min=1, help="Banks."),
    as_json: bool = _JSON,
) -> None:
    """Global buffer, or one store of a split one: SRAM."""
    from ..ppa import components
    from ..ppa.library import load_library

    if not 0 < kib <= 2**20:
        raise InputError("--kib", "", f"a number above 0 and at most {2**20} is wanted, not {kib:g}")
    found = components.glb(load_library(), max(1, int(kib * 8192)), width, banks)
    _print(f"global buffer {kib:g} KiB, {width} b an access", {"glb": found}, as_json)


def dram(
    kind: str = typer.Option("LPDDR4", "--type", metavar="NAME", help="DRAM type."),
    width: int = typer.Option(64, "--width", min=1, help="Bits of one access."),
    as_json: bool = _JSON,
) -> None:
    """DRAM: energy per access."""
    from ..ppa import components
    from ..ppa.library import load_library

    found = components.dram(load_library(), kind, width, "--type", "")
    _print(f"{kind}, {width} b an access", {"dram": found}, as_json)


def config(
    config_file: Path = typer.Argument(..., metavar="CONFIG", help="Config file: one value per key."),
    as_json: bool = _JSON,
) -> None:
    """Whole accelerator: every component, area, leakage and clock."""
    from ..hardware.build import build_spec
    from ..hardware.config import load_config
    from ..ppa.library import load_library
    from ..ppa.pricing import price_spec, resolve_clock_ghz

    library = load_library()
    accelerator = load_config(config_file)
    clock_ghz = resolve_clock_ghz(accelerator, library)
    priced = price_spec(build_spec(accelerator, clock_ghz), library)
    if as_json:
        typer.echo(json.dumps({"config_id": accelerator.config_id, "clock_ghz": clock_ghz, **_priced(priced)}))
        return
    title = accelerator.family.texts.title.text(accelerator.parameters)
    _print_priced(f"{accelerator.pe.name}, {title}", clock_ghz, priced)


def _print(title: str, parts: dict[str, Estimate], as_json: bool) -> None:
    if as_json:
        found = {name: _estimate(part) for name, part in parts.items()}
        typer.echo(json.dumps(next(iter(found.values())) if len(found) == 1 else found))
        return
    from rich import box
    from rich.table import Table

    from .tables import print_tables

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("")
    table.add_column("unit")
    for name in parts:
        table.add_column(name, justify="right")
    estimates = list(parts.values())
    for action in dict.fromkeys(action for part in estimates for action in part.energy_pj):
        table.add_row(action, "pJ", *(_number(part.energy_pj.get(action)) for part in estimates))
    table.add_row("idle clocking", "pJ per cycle", *(_number(part.idle_pj) for part in estimates))
    table.add_row("leakage", "mW", *(_number(part.leakage_mw) for part in estimates))
    table.add_row("area", "um^2", *(_number(part.area_um2) for part in estimates))
    table.add_row("critical path", "ns", *(_number(part.path_ns) for part in estimates))
    table.add_row("clock at most", "GHz", *(_number(_clock(part)) for part in estimates))
    print_tables([table])
    _print_warnings(tuple(dict.fromkeys(text for part in estimates for text in part.warnings)))


def _print_priced(title: str, clock_ghz: float, priced: PricedSpec) -> None:
    from rich import box
    from rich.table import Table

    from .tables import print_tables

    actions = tuple(dict.fromkeys(a for actions in priced.energy.energy_pj.values() for a in actions))
    parts = Table(title=f"{title} at {clock_ghz:g} GHz", box=box.SIMPLE_HEAD, title_justify="left")
    parts.add_column("component")
    parts.add_column("class")
    for name in ("instances", *(f"{action} pJ" for action in actions), "leakage mW", "area um^2", "path ns"):
        parts.add_column(name, justify="right")
    for part in priced.components:
        energies = priced.energy.energy_pj[part.name]
        numbers = (part.estimate.leakage_mw, part.estimate.area_um2, part.estimate.path_ns)
        columns = (*(energies.get(action) for action in actions), *numbers)
        parts.add_row(part.name, part.cls, str(part.instances), *(_number(value) for value in columns))
    whole = Table(box=box.SIMPLE_HEAD, caption="energies per access, leak per cycle; each for one instance")
    for name in ("area mm^2", "array mm^2", "buffer mm^2", "leakage mW", "slowest part", "path ns"):
        whole.add_column(name, justify="right")
    areas = (priced.total_area_um2 * 1e-6, priced.array_area_um2 * 1e-6, priced.buffer_area_um2 * 1e-6)
    numbers = (*areas, priced.leakage_mw)
    whole.add_row(*(_number(value) for value in numbers), priced.slowest, _number(priced.critical_path_ns))
    print_tables([parts, whole])
    _print_warnings(priced.warnings)


def _print_warnings(warnings: tuple[str, ...]) -> None:
    for text in warnings:
        typer.echo(f"warning: {text}", err=True)


def _estimate(part: Estimate) -> dict[str, object]:
    return {
        "energy_pj": dict(part.energy_pj),
        "idle_pj": part.idle_pj,
        "leakage_mw": part.leakage_mw,
        "area_um2": part.area_um2,
        "critical_path_ns": part.path_ns,
        "max_clock_ghz": _clock(part),
        "warnings": list(part.warnings),
    }


def _priced(priced: PricedSpec) -> dict[str, object]:
    return {
        "area_mm2": priced.total_area_mm2,
        "array_area_mm2": priced.array_area_um2 * 1e-6,
        "buffer_area_mm2": priced.buffer_area_um2 * 1e-6,
        "leakage_mw": priced.leakage_mw,
        "critical_path_ns": priced.critical_path_ns,
        "slowest": priced.slowest,
        "components": {
            part.name: {
                "class": part.cls,
                "instances": part.instances,
                "leak_pj": part.leak_pj,
                **_estimate(part.estimate),
            }
            for part in priced.components
        },
        "warnings": list(priced.warnings),
    }


def _clock(part: Estimate) -> float | None:
    return 1 / part.path_ns if part.path_ns else None


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
