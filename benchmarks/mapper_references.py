"""Compare the search with best mappings that Timeloop's mapper found.

    python benchmarks/mapper_references.py FILE [--json OUT]

FILE holds ``constraints`` and ``refs``: architecture, layer, metric, CPU seconds and best mapping of each run. Each
case is searched in its own metric, on one core and warm: compiled kernels are loaded before. The last line is
``worse: N of M, median CPU ratio X``, X being Timeloop's CPU seconds over ours.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from qadam_plugin.errors import InputError
from qadam_plugin.hardware.archspec import ArchSpec, Fanout, LoopConstraint, Storage
from qadam_plugin.mapping.corpus import energy_of, spec_of
from qadam_plugin.mapping.search import SearchResult, search
from qadam_plugin.workloads.layer import DIMENSIONS, Layer

#: Metric of Timeloop's mapper -> our objective, and the key of its figure.
METRICS = {"edp": ("edp", "edp_pj_cycles"), "energy": ("energy", "energy_pj"), "delay": ("latency", "cycles")}

#: Costs that differ by less are equal: Timeloop prints energies with about ten digits.
SAME = 1e-9


def main() -> int:
    """Run all cases of the file."""
    parser = argparse.ArgumentParser(description="Compare the search with Timeloop's mapper.")
    parser.add_argument("file", type=Path, metavar="FILE", help="mapper references, JSON")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the results here")
    arguments = parser.parse_args()
    try:
        data = json.loads(arguments.file.read_text())
        rows = run(data["constraints"], data["refs"], str(arguments.file))
    except (OSError, ValueError, KeyError, TypeError, InputError) as error:
        print(f"{arguments.file}: not a file of mapper references: {error!r}", file=sys.stderr)
        return 2
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    worse = sum(row["cost"] > row["reference_cost"] * (1 + SAME) for row in rows)
    ratio = statistics.median(row["reference_cpu_seconds"] / row["cpu_seconds"] for row in rows)
    print(f"worse: {worse} of {len(rows)}, median CPU ratio {ratio:.1f}")
    return 0


def run(constraints: list[dict[str, Any]], references: list[dict[str, Any]], source: str) -> list[dict[str, Any]]:
    """Search every case; prints a line for each."""
    print(f"{'case':<14} {'ours':>14} {'Timeloop':>14} {'ratio':>7} {'CPU s':>9} {'Timeloop':>9}  proof")
    rows: list[dict[str, Any]] = []
    for index, reference in enumerate(references):
        spec = constrained(spec_of(reference["arch"], source), constraints)
        objective, key = METRICS[reference["metric"]]
        if index == 0:
            _search(spec, reference, objective)
        start = time.process_time()
        found = _search(spec, reference, objective)
        seconds = time.process_time() - start
        row = {
            "id": reference["id"],
            "metric": reference["metric"],
            "cost": found.cost,
            "reference_cost": reference["best"][key],
            "cpu_seconds": seconds,
            "reference_cpu_seconds": reference["cpu_s"],
            "optimal": found.optimal,
            "lower_bound": found.lower_bound,
        }
        rows.append(row)
        proof = "optimal" if found.optimal else f"gap {found.gap:.2%}"
        print(
            f"{row['id']:<14} {found.cost:>14.6g} {row['reference_cost']:>14.6g} "
            f"{found.cost / row['reference_cost']:>7.4f} {seconds:>9.4f} {reference['cpu_s']:>9.2f}  {proof}",
            flush=True,
        )
    return rows


def constrained(spec: ArchSpec, constraints: list[dict[str, Any]]) -> ArchSpec:
    """An architecture with the constraints of the file; axes that it does not name carry no loops."""
    given = {
        (entry["level"], entry["kind"]): LoopConstraint(
            factors=entry["fixed_factors"], permutation=tuple(entry["order_innermost_first"])
        )
        for entry in constraints
    }
    none = LoopConstraint(factors=dict.fromkeys(DIMENSIONS, 1))
    levels = []
    for level in spec.levels:
        if isinstance(level, Storage):
            level = replace(level, temporal=given.get((level.name, "temporal"), LoopConstraint()))
        elif isinstance(level, Fanout):
            level = replace(
                level,
                constraint_x=given.get((level.name, "spatial-x"), none),
                constraint_y=given.get((level.name, "spatial-y"), none),
            )
        levels.append(level)
    return replace(spec, levels=tuple(levels))


def _search(spec: ArchSpec, reference: dict[str, Any], objective: str) -> SearchResult:
    return search(spec, Layer(**reference["layer"]), energy_of(reference["arch"]), objective)


if __name__ == "__main__":
    sys.exit(main())
