"""How much synthesis scatters: scratchpads of nearly the same depth, which should be alike.

    python benchmarks/synthesis_scatter.py      # needs pyosys; a few minutes

Prints area per bit and critical path. What differs from one depth to the next cannot be followed by any smooth model.
"""

from __future__ import annotations

from qadam_plugin.synthesis.designs import spad_design
from qadam_plugin.synthesis.drive import Bench
from qadam_plugin.synthesis.library import cell_library
from qadam_plugin.synthesis.measure import implement

#: One address for both ports, middle depth, width.
POINTS = ((True, 64, 16), (True, 192, 24), (False, 32, 24))


def main() -> None:
    """Synthesise five depths around each point."""
    library = cell_library()
    for one_address, middle, width in POINTS:
        for depth in range(middle - 2, middle + 3):
            design = spad_design(depth, width, one_address=one_address)
            netlist = implement(design, library)
            path_ns = Bench(design, netlist).timing.critical_path_ns
            per_bit = netlist.area_um2 / (depth * width)
            print(f"{design.name}: {per_bit:.3f} um^2 per bit, {path_ns:.3f} ns", flush=True)


if __name__ == "__main__":
    main()
