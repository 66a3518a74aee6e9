"""MACs whose words hold several operands beside plain ones and beside Bit Fusion's: what a mode costs, and the unit.

Ours are rows of mac_subword.csv, mac_bits.csv and mac.csv, Gaussian operands; Bit Fusion's, with their source, stand in
benchmarks/data/published_fusion_units.csv: a unit for 8 or 16 bits down to 2 makes (8 / b)^2 or (16 / b)^2 products of
b bits per cycle, at the power of its synthesis, which knows no modes.

python benchmarks/subword_macs.py
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from qadam_plugin.hardware.pe_types import PE_TYPES, SUBWORD_TYPES, PEType
from qadam_plugin.hardware.subword import subword_modes
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.families import MAC, MAC_BITS, MAC_SUBWORD
from qadam_plugin.ppa.tables import load_table

PUBLISHED = Path(__file__).parent / "data" / "published_fusion_units.csv"
TABLES = data_dir("estimator_tables")


def main() -> None:
    """Print two tables: modes, and units."""
    subword = {row.variant: row.figures for row in load_table(TABLES / "mac_subword.csv", MAC_SUBWORD)}
    gated = measured_on_narrow_operands()
    macs = {
        (row.parameters["act_bits"], row.parameters["weight_bits"], row.parameters["acc_bits"]): row.figures
        for row in load_table(TABLES / "mac.csv", MAC)
        if row.variant == "int" and row.parameters["pipeline"] == 1
    }
    print(
        "| type | bits | products per cycle | pJ per cycle | pJ per product | gated integer MAC | one product alone |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, pe in SUBWORD_TYPES.items():
        plain = PE_TYPES[f"int{pe.act_bits}"]
        for bits in subword_modes(pe.act_bits):
            figures, count = subword[f"w{pe.act_bits}_b{bits}"], pe.act_bits // bits
            cycle = figures["compute_pj"]
            cells = (cycle, cycle / count, gated[plain, bits]["compute_pj"], figures["one_lane_pj"])
            print(f"| {name} | {bits} | {count} | " + " | ".join(f"{value:.2f}" for value in cells) + " |")
    print()
    print("| unit | area, times the plain unit's | path | pJ at full width | per product of 4 bits | of 2 bits |")
    print("|---|---|---|---|---|---|")
    for name, pe in SUBWORD_TYPES.items():
        print(ours(name, pe, subword, macs[pe.act_bits, pe.act_bits, pe.acc_bits]))
    published = {(int(row["widest_bits"]), int(row["narrowest_bits"])): row for row in published_rows()}
    for word in (16, 8):
        print(theirs(word, published))


def measured_on_narrow_operands() -> dict[tuple[PEType, int], Mapping[str, float]]:
    """Rows of mac_bits.csv of the named integer types with operands of equal widths."""
    found = {}
    for row in load_table(TABLES / "mac_bits.csv", MAC_BITS):
        at = row.parameters
        for pe in (PE_TYPES["int16"], PE_TYPES["int8"]):
            own = (at["act_bits"], at["weight_bits"], at["acc_bits"]) == (pe.act_bits, pe.weight_bits, pe.acc_bits)
            if row.variant == "int" and own and at["act_operand_bits"] == at["weight_operand_bits"]:
                found[pe, int(at["act_operand_bits"])] = row.figures
    return found


def ours(name: str, pe: PEType, subword: Mapping[str, Mapping[str, float]], plain: Mapping[str, float]) -> str:
    """One line of the second table."""
    word = pe.act_bits
    whole = subword[f"w{word}_b{word}"]
    area, path = (whole[column] / plain[column] for column in ("area_um2", "path_ns"))
    energy = whole["compute_pj"]
    each = {bits: subword[f"w{word}_b{bits}"]["compute_pj"] * bits / word for bits in subword_modes(word)}
    narrow = " | ".join(f"{each[bits] / energy:.2f}" if bits in each else "-" for bits in (4, 2))
    return f"| {name} | {area:.2f} | {path:.2f} | {energy / plain['compute_pj']:.2f} | {narrow} |"


def theirs(word: int, published: Mapping[tuple[int, int], Mapping[str, str]]) -> str:
    """The same of a published unit; narrow products relative to its own at full width."""
    unit, plain = published[word, 2], published[word, word]
    area, power = (float(unit[name]) / float(plain[name]) for name in ("area_um2", "total_power_nw"))
    narrow = " | ".join(f"{(bits / word) ** 2:.2f}" for bits in (4, 2))
    return f"| Bit Fusion, {word} to 2 bits | {area:.2f} | - | {power:.2f} | {narrow} |"


def published_rows() -> list[dict[str, str]]:
    """Rows of the published units."""
    with PUBLISHED.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


if __name__ == "__main__":
    main()
