"""Synthesis of a design where it stands: a scratchpad with one address among what a PE has around it.

Two things make the read multiplexer of a PE's weights come out otherwise than that of the same scratchpad alone.

- yosys hands logic to abc register by register: each piece belongs to the register that it leads to or, where it leads
  to none, to the one that it comes from. In a PE the multiplexer leads to the MAC's operand register and is
  restructured as one piece; alone it leads to ports and falls apart into the words that it comes from.
- abc maps for the least delay of the whole and then saves area where there is slack. In a PE the MAC is slower than
  the multiplexer; alone nothing is.

So this scratchpad is synthesised between a register on its address and one on the word that is read, beside a product,
and cut out of the netlist: ports, vectors and figures are those of the scratchpad.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from ..errors import RunError
from .designs import Design
from .liberty import CellLibrary
from .sources import Port, module_source, top_source
from .synth import Recipe, synthesize

_MODULE = "spad_surrounded"
#: Port of the scratchpad -> port on the far side of a register.
_REGISTERED = {"addr": "next_addr", "rdata": "rdata_q"}
_FACTORS, _PRODUCT = (Port("a", 8), Port("b", 8)), Port("product", 16)
_INVERTER = "INV_X1"
#: Pins that drive a net, of cells with one function and of registers; all others are inputs.
_DRIVERS = frozenset({"Z", "ZN", "Q", "QN", "GCK"})


def surrounded(design: Design) -> Design:
    """What is synthesised for a design: itself, or a scratchpad with one address in its surroundings."""
    if design.kind != "spad" or not any(port.name == "addr" for port in design.inputs):
        return design
    name = f"{design.name}_surrounded"
    inputs, outputs = (*_renamed(design.inputs), *_FACTORS), (*_renamed(design.outputs), _PRODUCT)
    *sources, _ = design.verilog
    top = top_source(name, _MODULE, dict(design.parameters), inputs, outputs)
    verilog = (*sources, module_source(_MODULE), top)
    return replace(design, name=name, verilog=verilog, inputs=inputs, outputs=outputs)


def map_design(design: Design, library: CellLibrary, folder: Path) -> Path:
    """Map a design to the library's cells where it stands; its own netlist in yosys's JSON, written to `folder`.

    Raises
    ------
    RunError : as `synthesize`, or a register around the design is not the one expected.
    """
    whole = surrounded(design)
    ports = {whole.clock: 1} | {port.name: port.bits for port in (*whole.inputs, *whole.outputs)}
    path = synthesize(whole.verilog, whole.top, {}, ports, library, folder, Recipe(clock_gating=whole.clock_gating))
    if whole is design:
        return path
    module = cut_out(json.loads(path.read_text())["modules"][whole.top], design)
    cut = folder / "cut.json"
    cut.write_text(json.dumps({"modules": {design.top: module}}))
    return cut


def cut_out(module: Mapping, design: Design) -> dict:
    """A design's module, in yosys's JSON, out of its surroundings: the far sides of the registers become its ports.

    Raises
    ------
    RunError : a register is not one flip-flop per bit.
    """
    cells, ports = dict(module["cells"]), {design.clock: module["ports"][design.clock]}
    for port in (*design.inputs, *design.outputs):
        if port.name not in _REGISTERED:
            ports[port.name] = module["ports"][port.name]
            continue
        outside, inside = ("D", "Q") if port in design.inputs else ("Q", "D")
        shell = module["ports"][_REGISTERED[port.name]]
        bits = []
        for bit in shell["bits"]:
            found = [name for name, cell in cells.items() if _is_flop(cell) and cell["connections"][outside] == [bit]]
            if len(found) != 1:
                raise RunError(f"synthesis of {design.top}: {len(found)} flip-flops at a bit of {port.name}, not one")
            pins = cells.pop(found[0])["connections"]
            bits += pins[inside]
            if "QN" in pins:
                # A flip-flop has the complement for nothing; without it an inverter makes it, where it is used.
                cells[f"{found[0]}_complement"] = {"type": _INVERTER, "connections": {"A": pins["Q"], "ZN": pins["QN"]}}
        ports[port.name] = shell | {"bits": bits}
    wanted = (bit for port in design.outputs for bit in ports[port.name]["bits"])
    return {**module, "cells": _behind(wanted, cells), "ports": ports}


def _behind(nets: Iterable[int], cells: Mapping[str, Mapping]) -> dict[str, Mapping]:
    """Cells that these nets come from, through registers and clock gates."""
    drivers = {
        bit: name for name, cell in cells.items() for pin in _DRIVERS for bit in cell["connections"].get(pin, ())
    }
    found, waiting = set(), [*nets]
    while waiting:
        name = drivers.get(waiting.pop())
        if name is not None and name not in found:
            found.add(name)
            pins = cells[name]["connections"]
            waiting += [bit for pin, bits in pins.items() if pin not in _DRIVERS for bit in bits]
    return {name: cell for name, cell in cells.items() if name in found}


def _renamed(ports: tuple[Port, ...]) -> tuple[Port, ...]:
    return tuple(Port(_REGISTERED.get(port.name, port.name), port.bits) for port in ports)


def _is_flop(cell: Mapping) -> bool:
    return {"D", "Q"} <= cell["connections"].keys()
