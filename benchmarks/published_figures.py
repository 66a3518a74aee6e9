"""Our multiply-accumulate units beside published ones: Aladdin, Horowitz and Bit Fusion, 40 and 45 nm.

Prints the tables of docs/comparison.md, which explains the differences. Ours are rows of mac.csv, pipeline depth 1;
the others stand in benchmarks/data/published_units.csv, each with its source. In brackets: times ours is larger.

    python benchmarks/published_figures.py [--tables DIR]
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qadam_plugin.paths import data_dir

PUBLISHED = Path(__file__).parent / "data" / "published_units.csv"
SOURCES = ("Aladdin", "Horowitz", "Bit Fusion")

#: Precision -> family, activation, weight and accumulator bits, shift terms of our unit.
OURS = {
    "FP32": ("fp", 32, 32, 32, 0),
    "FP16": ("fp", 16, 16, 16, 0),
    "INT16": ("int", 16, 16, 40, 0),
    "INT8": ("int", 8, 8, 24, 0),
    "LightPE-2": ("shift-add", 8, 8, 24, 2),
    "LightPE-1": ("shift-add", 8, 4, 24, 1),
    "INT4": ("int", 4, 4, 16, 0),
    "INT2": ("int", 2, 2, 12, 0),
}
_COLUMNS = ("family", "act_bits", "weight_bits", "acc_bits", "shift_terms")


@dataclass(frozen=True, slots=True)
class Unit:
    """A published multiply-accumulate, its parts summed; None where a part's figure is not published."""

    energy_pj: float | None
    area_um2: float | None


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=Path, default=data_dir("estimator_tables"), help="folder of mac.csv")
    options = parser.parse_args()
    ours = our_units(read_rows(options.tables / "mac.csv"))
    print("\n".join(tables(ours, published_units(read_rows(PUBLISHED)))))


def tables(ours: Mapping[str, Mapping[str, str]], published: Mapping[tuple[str, str], Unit]) -> list[str]:
    """Lines of the table of energies and of the table of areas, Markdown."""
    energies, areas = [], []
    for precision, row in ours.items():
        units = [published.get((precision, source)) for source in SOURCES]
        energy, area = float(row["compute_pj"]), float(row["area_um2"])
        of_ours = [f"{float(row[column]):.3g}" for column in ("compute_pj", "gated_pj", "compute_default_pj")]
        energies.append([precision, *of_ours, *(beside(energy, unit and unit.energy_pj, ".3g") for unit in units)])
        of_ours = [f"{float(row[column]):.0f}" for column in ("area_um2", "comb_area_um2")]
        areas.append([precision, *of_ours, *(beside(area, unit and unit.area_um2, ".0f") for unit in units)])
    return [
        *markdown(("pJ per operation", "ours, Gaussian", "zero activations", "default activity", *SOURCES), energies),
        "",
        *markdown(("area um^2", "ours", "of it logic", *SOURCES), areas),
    ]


def beside(ours: float, theirs: float | None, form: str) -> str:
    """A published figure, and how many times larger ours is; a dash where there is none."""
    return "-" if theirs is None else f"{theirs:{form}} ({ours / theirs:.1f})"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def our_units(rows: Iterable[Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    """Rows of mac.csv for the precisions of `OURS`, of pipeline depth 1."""
    found = {tuple(row[column] for column in _COLUMNS): row for row in rows if row["pipeline"] == "1"}
    return {precision: found[tuple(map(str, unit))] for precision, unit in OURS.items()}


def published_units(rows: Iterable[Mapping[str, str]]) -> dict[tuple[str, str], Unit]:
    """Published units by precision and source: rows of one precision and source add up."""
    parts: dict[tuple[str, str], list[Mapping[str, str]]] = {}
    for row in rows:
        parts.setdefault((row["precision"], row["source"]), []).append(row)
    return {key: Unit(_sum(of, "energy_pj"), _sum(of, "area_um2")) for key, of in parts.items()}


def _sum(parts: Iterable[Mapping[str, str]], column: str) -> float | None:
    cells = [part[column] for part in parts]
    return sum(map(float, cells)) if all(cells) else None


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a table whose comments begin with ``#``."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


if __name__ == "__main__":
    main()
