"""A mapped netlist as plain structural Verilog, in the subset that OpenSTA's reader and iverilog both take."""

from __future__ import annotations

import json
from pathlib import Path


def structural_verilog(netlist_json: str | Path, top: str) -> str:
    """Verilog of a flat module from yosys's JSON: one wire per net ``n<bit>``, one instance ``u<number>`` per cell.

    Instances stand in the order of the JSON file; `instance_name` gives the name of each. Ports keep names and widths
    and lose ``signed``, which OpenSTA's 2019 reader misparses.
    """
    module = json.loads(Path(netlist_json).read_text())["modules"][top]
    ports = module["ports"]
    lines = [f"module {top} ({', '.join(ports)});"]
    for name, port in ports.items():
        span = f"[{len(port['bits']) - 1}:0] " if len(port["bits"]) > 1 else ""
        lines.append(f"  {port['direction']} {span}{name};")
    cells = list(module["cells"].values())
    bits = {bit for cell in cells for pin in cell["connections"].values() for bit in pin if isinstance(bit, int)}
    bits |= {bit for port in ports.values() for bit in port["bits"] if isinstance(bit, int)}
    lines += [f"  wire n{bit};" for bit in sorted(bits)]
    for name, port in ports.items():
        single = len(port["bits"]) == 1
        for position, bit in enumerate(port["bits"]):
            end = name if single else f"{name}[{position}]"
            net = _net(bit)
            lines.append(f"  assign {net} = {end};" if port["direction"] == "input" else f"  assign {end} = {net};")
    for number, cell in enumerate(cells):
        pins = (f".{pin}({_net(bits[0])})" for pin, bits in cell["connections"].items() if bits)
        lines.append(f"  {cell['type']} {instance_name(number)} ({', '.join(pins)});")
    return "\n".join([*lines, "endmodule", ""])


def instance_name(number: int) -> str:
    """Name of the cell that stands at this place of the JSON file."""
    return f"u{number}"


def _net(bit: int | str) -> str:
    if isinstance(bit, int):
        return f"n{bit}"
    return "1'b1" if bit == "1" else "1'b0"
