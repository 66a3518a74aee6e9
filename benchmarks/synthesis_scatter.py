"""How much synthesis scatters: scratchpads of nearly the same depth, which should be alike.

    python benchmarks/synthesis_scatter.py      # needs pyosys; a few minutes

Prints area per bit, critical path and energy of a read. What differs from one depth to the next cannot be followed by
any smooth model.
"""

from __future__ import annotations

from qadam_plugin.synthesis.designs import spad_design
from qadam_plugin.synthesis.measure import Measurement, measure
from qadam_plugin.synthesis.points import Point

#: One address for both ports, middle depth, width.
POINTS = ((True, 48, 8), (True, 64, 16), (False, 32, 24))


def main() -> None:
    """Synthesise and read five depths around each point."""
    how = Measurement(operations=800, checked=300)
    for one_address, middle, width in POINTS:
        for depth in range(middle - 2, middle + 3):
            design = spad_design(depth, width, one_address=one_address)
            found = measure(Point("spad", design.name, {}, 1.0, design), how)
            per_bit = found["area_um2"] / (depth * width)
            print(
                f"{design.name}: {per_bit:.3f} um^2 per bit, {found['path_ns']:.3f} ns, read {found['read_pj']:.3f} pJ",
                flush=True,
            )


if __name__ == "__main__":
    main()
