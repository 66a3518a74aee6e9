"""Verilog texts: the modules that ship with the package, and tops around them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a top: name and width in bits, at most 64."""

    name: str
    bits: int


def module_source(module: str) -> str:
    """Text of one of the modules in ``verilog/``."""
    return (files("qadam_plugin.synthesis") / "verilog" / f"{module}.v").read_text(encoding="utf-8")


def top_source(
    name: str, module: str, parameters: dict[str, int], inputs: tuple[Port, ...], outputs: tuple[Port, ...]
) -> str:
    """Module without parameters around `module`; numbered ports are the lanes of its buses, lane 0 on the right."""
    declarations = [f"    input {port_range(port)}{port.name}" for port in (Port("clk", 1), *inputs)]
    declarations += [f"    output {port_range(port)}{port.name}" for port in outputs]
    buses: dict[str, list[str]] = {}
    for port in (Port("clk", 1), *inputs, *outputs):
        stem, _, lane = port.name.rpartition("_")
        buses.setdefault(stem if lane.isdigit() else port.name, []).append(port.name)
    connections = [f"        .{bus}({_joined(names)})" for bus, names in buses.items()]
    values = ", ".join(f".{key}({value})" for key, value in parameters.items())
    return "\n".join(
        [
            f"module {name} (",
            ",\n".join(declarations),
            ");",
            f"    {module} #({values}) unit (",
            ",\n".join(connections),
            "    );",
            "endmodule",
            "",
        ]
    )


def port_range(port: Port) -> str:
    """Range of a declaration with a space behind it; nothing for one bit."""
    return f"[{port.bits - 1}:0] " if port.bits > 1 else ""


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else "{" + ", ".join(reversed(names)) + "}"
