"""Our timing and switching energy beside OpenSTA's, on the same netlists: the table of docs/characterization.md.

For the MAC of each named PE type, two scratchpads, a control and a PE: the critical path, and the energy per cycle of
the nets that cells drive at default activity. OpenSTA's internal power is left out, see `synthesis/opensta.py`. Needs
pyosys, Debian's package opensta and, once, the cell library.

    python benchmarks/against_opensta.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from published_figures import markdown

from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.synthesis.designs import Design, control_design, mac_design, pe_design, spad_design
from qadam_plugin.synthesis.library import cell_library
from qadam_plugin.synthesis.netlist import read_netlist
from qadam_plugin.synthesis.netlist_verilog import structural_verilog
from qadam_plugin.synthesis.opensta import comparable_switching_pj, opensta_opinion
from qadam_plugin.synthesis.surroundings import map_design
from qadam_plugin.synthesis.timing import static_timing

DESIGNS = (
    *(mac_design(pe) for pe in PE_TYPES.values()),
    spad_design(24, 24),
    spad_design(48, 8, one_address=True),
    control_design(12, 48, 16),
    pe_design(PE_TYPES["lightpe1"], 12, 48, 16),
)


def main() -> None:
    """Print one row per design."""
    head = ("design", "path ns", "OpenSTA", "deviation", "switching pJ", "OpenSTA", "deviation")
    print("\n".join(markdown(head, (beside(design) for design in DESIGNS))))


def beside(design: Design) -> list[str]:
    """A design's row: ours, theirs, and how far ours is from it."""
    library = cell_library()
    with tempfile.TemporaryDirectory() as scratch:
        path = map_design(design, library, Path(scratch))
        netlist = read_netlist(path, design.top, library, design.clock)
        opinion = opensta_opinion(structural_verilog(path, design.top), design.top, library, design.clock)
    timing = static_timing(netlist)
    pairs = (
        (timing.critical_path_ns, opinion.path_ns),
        (comparable_switching_pj(netlist, timing), opinion.switching_pj),
    )
    cells = [f"`{design.name}`"]
    for ours, theirs in pairs:
        cells += [f"{ours:.4g}", f"{theirs:.4g}", f"{ours / theirs - 1:+.2%}"]
    return cells


if __name__ == "__main__":
    main()
