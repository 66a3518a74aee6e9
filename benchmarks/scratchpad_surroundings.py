"""What a weights' scratchpad is made of: alone, in surroundings as it is characterised, and within a flat PE.

    python benchmarks/scratchpad_surroundings.py      # needs pyosys; a minute

Prints area and leakage of decoder, read multiplexer and buffers: all but the flip-flops and clock gates of the words.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from published_figures import markdown

from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.synthesis.designs import Design, pe_design, spad_design
from qadam_plugin.synthesis.liberty import CellLibrary
from qadam_plugin.synthesis.library import cell_library
from qadam_plugin.synthesis.surroundings import map_design
from qadam_plugin.synthesis.synth import Recipe, synthesize

#: Words of an INT16 PE's weights.
DEPTHS = (48, 64, 96, 128)
_OUTPUTS = {"Z", "ZN", "Q", "QN", "GCK"}


def main() -> None:
    """Print three rows per depth."""
    library, pe, rows = cell_library(), PE_TYPES["int16"], []
    for depth in DEPTHS:
        alone = spad_design(depth, pe.weight_bits, one_address=True)
        whole = pe_design(pe, 12, depth, 16)
        rows += [
            _row(f"{depth} x {pe.weight_bits} b alone", _logic(alone, _bare, library), library),
            _row("in surroundings", _logic(alone, map_design, library), library),
            _row("within a flat INT16 PE", _logic(whole, map_design, library), library),
        ]
    print("\n".join(markdown(("shared address", "area um^2", "leakage uW", "most frequent cells"), rows)))


def _bare(design: Design, library: CellLibrary, folder: Path) -> Path:
    ports = {design.clock: 1} | {port.name: port.bits for port in (*design.inputs, *design.outputs)}
    return synthesize(design.verilog, design.top, {}, ports, library, folder, Recipe(design.clock_gating))


def _logic(design: Design, implement: Callable[[Design, CellLibrary, Path], Path], library: CellLibrary) -> Counter:
    """Combinational cells of a scratchpad, or of the weights' one in a PE: those that words or their enables need."""
    with tempfile.TemporaryDirectory() as scratch:
        module = json.loads(implement(design, library, Path(scratch)).read_text())["modules"][design.top]
    cells = {name: (cell["type"], cell["connections"]) for name, cell in module["cells"].items()}
    logic = {name for name, (kind, _) in cells.items() if library.cell(kind).kind not in ("flipflop", "clock_gate")}
    if design.kind == "spad":
        return Counter(cells[name][0] for name in logic)
    named = {bit for name, net in module["netnames"].items() if "weight_spad" in name for bit in net["bits"]}
    words = {
        name: pins
        for name, (_, pins) in cells.items()
        if name not in logic and "D" in pins and named & {*pins["Q"]} and pins["CK"] != module["ports"]["clk"]["bits"]
    }
    clocks = {bit for pins in words.values() for bit in pins["CK"]}
    enables = {bit for _, pins in cells.values() if clocks & {*pins.get("GCK", ())} for bit in pins["E"]}
    held = (bit for pins in words.values() for pin in _OUTPUTS for bit in pins.get(pin, ()))
    readers = _closure(held, cells, logic, forward=True)
    read = {bit for name in readers for pin in _OUTPUTS for bit in cells[name][1].get(pin, ())}
    data = {bit for pins in words.values() for bit in pins["D"]}
    return Counter(cells[name][0] for name in _closure(read | enables | data, cells, logic, forward=False))


def _closure(
    nets: Iterable[int], cells: Mapping[str, tuple[str, Mapping]], logic: Collection[str], forward: bool
) -> set[str]:
    """Logic that these nets lead to, or come from."""
    at: dict[int, list[str]] = {}
    for name in logic:
        for pin, bits in cells[name][1].items():
            if (pin in _OUTPUTS) != forward:
                for bit in bits:
                    at.setdefault(bit, []).append(name)
    found, waiting = set(), [*nets]
    while waiting:
        for name in at.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                pins = cells[name][1]
                waiting += [bit for pin, bits in pins.items() if (pin in _OUTPUTS) == forward for bit in bits]
    return found


def _row(what: str, logic: Counter, library: CellLibrary) -> list[str]:
    area = sum(library.cell(kind).area_um2 * count for kind, count in logic.items())
    leakage = sum(library.cell(kind).leakage_nw * count for kind, count in logic.items()) / 1e3
    most = ", ".join(f"{count} {kind.removesuffix('_X1')}" for kind, count in logic.most_common(3))
    return [what, f"{area:.0f}", f"{leakage:.1f}", most]


if __name__ == "__main__":
    main()
