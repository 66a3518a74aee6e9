"""MACs on operands narrower than their ports, as measured: in the ports' upper bits or extended by their sign below.

python benchmarks/narrow_operands.py
"""

from __future__ import annotations

from collections.abc import Mapping

from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.families import MAC_BITS
from qadam_plugin.ppa.tables import load_table

#: Activation and weight bits of the operands, per type.
SHOWN = {
    "int16": ((16, 16), (16, 8), (8, 16), (8, 8), (8, 4), (4, 4), (2, 2)),
    "int8": ((8, 8), (8, 4), (4, 8), (4, 4), (2, 2)),
    "lightpe1": ((8, 4), (4, 4), (2, 4)),
    "lightpe2": ((8, 8), (8, 4), (4, 4), (2, 4)),
}


def main() -> None:
    """Print a table of pJ per operation."""
    measured = {
        (row.variant, *row.parameters.values()): row.figures
        for row in load_table(data_dir("estimator_tables") / "mac_bits.csv", MAC_BITS)
    }
    print("| type | activation, weight bits | upper bits | of full width | uniform operands | sign-extended below |")
    print("|---|---|---|---|---|---|")
    for name, pairs in SHOWN.items():
        pe = PE_TYPES[name]
        own = (pe.family, pe.act_bits, pe.weight_bits, pe.acc_bits, pe.shift_terms)
        full = measured[(*own, pe.act_bits, pe.weight_bits)]["compute_pj"]
        for pair in pairs:
            print(line(f"{name} | {pair[0]}, {pair[1]}", measured[(*own, *pair)], full))


def line(head: str, figures: Mapping[str, float], full: float) -> str:
    """One row of the table."""
    upper, uniform, lower = (figures[f"compute_{kind}pj"] for kind in ("", "uniform_", "lower_"))
    return f"| {head} | {upper:.2f} | {100 * upper / full:.0f} % | {uniform:.2f} | {lower:.2f} |"


if __name__ == "__main__":
    main()
