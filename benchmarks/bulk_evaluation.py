"""How many given mappings one core prices per second.

    python benchmarks/bulk_evaluation.py [--count N]

For each design: N random mappings of one layer, drawn inside its mapspace (every factorisation the architecture's
constraints allow, in random loop orders) and drawn freely, both kept only if they are valid. Random draws and what is
invalid are not in the time, which is the CPU time of the fastest of five passes. Every cost of a sample is compared
with the full model, bit for bit.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from qadam_plugin.hardware.archspec import ArchSpec, Fanout, Storage
from qadam_plugin.hardware.spec_reader import read_spec
from qadam_plugin.mapping.bulk import evaluate_many
from qadam_plugin.mapping.model import evaluate
from qadam_plugin.mapping.nest import LevelLoops, Mapping
from qadam_plugin.mapping.plan import slot_names
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.energy_table import EnergyTable
from qadam_plugin.ppa.library import load_library
from qadam_plugin.ppa.pricing import price_spec
from qadam_plugin.workloads.layer import DIMENSIONS, Layer

_LAYER = Layer(C=64, M=64, R=3, S=3, P=56, Q=56)
_SAMPLE = 200
_PASSES = 5


def prime_factors(number: int) -> list[int]:
    """Prime factors, smallest first."""
    factors, divisor = [], 2
    while number > 1:
        while number % divisor == 0:
            factors.append(divisor)
            number //= divisor
        divisor += 1
    return factors


def draw(
    spec: ArchSpec, layer: Layer, count: int, constrained: bool, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Random factors and orders, (count, slots, 8); each prime factor falls on one slot that may have it."""
    slots = slot_names(spec)
    allowed = np.ones((len(slots), len(DIMENSIONS)), bool)
    levels = {level.name: level for level in spec.levels}
    for slot, (name, kind) in enumerate(slots):
        level = levels[name]
        if isinstance(level, Fanout):
            constraint = level.constraint_x if kind == "spatial-x" else level.constraint_y
            here, there = (level.mesh_x, level.mesh_y) if kind == "spatial-x" else (level.mesh_y, level.mesh_x)
            # A dimension may lie on one axis only: in a container with both, these draws leave Y empty.
            allowed[slot] = here > 1 and (there == 1 or kind == "spatial-x")
        else:
            assert isinstance(level, Storage)
            constraint = level.temporal
        if constrained:
            for dimension, bound in constraint.factors.items():
                allowed[slot, DIMENSIONS.index(dimension)] &= bound != 1
    factors = np.ones((count, len(slots), len(DIMENSIONS)), np.int32)
    rows = np.arange(count)
    for column, bound in enumerate(layer.bounds):
        choices = np.flatnonzero(allowed[:, column])
        for prime in prime_factors(bound):
            factors[rows, rng.choice(choices, count), column] *= prime
    orders = np.argsort(rng.random((count, len(slots), len(DIMENSIONS))), axis=2).astype(np.int8)
    return factors, orders


def as_mapping(spec: ArchSpec, factors: NDArray[np.int32], orders: NDArray[np.int8]) -> Mapping:
    """One drawn mapping in the model's terms."""
    entries = []
    for (name, kind), row, order in zip(slot_names(spec), factors, orders, strict=True):
        loops = tuple((DIMENSIONS[d], int(row[d])) for d in order if row[d] > 1)
        entries.append(LevelLoops(name, kind, loops))
    return Mapping(tuple(entries))


def measure(spec: ArchSpec, energy: EnergyTable, count: int, constrained: bool) -> tuple[float, int]:
    """Valid mappings priced per CPU second, and how many; checks a sample against the model."""
    rng = np.random.default_rng(1)
    kept: list[tuple[NDArray[np.int32], NDArray[np.int8]]] = []
    while sum(len(factors) for factors, _ in kept) < count:
        factors, orders = draw(spec, _LAYER, count, constrained, rng)
        valid = evaluate_many(spec, _LAYER, energy, factors, orders).valid
        kept.append((factors[valid], orders[valid]))
    factors = np.concatenate([pair[0] for pair in kept])[:count]
    orders = np.concatenate([pair[1] for pair in kept])[:count]
    priced = evaluate_many(spec, _LAYER, energy, factors, orders)
    seconds = float("inf")
    for _ in range(_PASSES):
        start = time.process_time()
        evaluate_many(spec, _LAYER, energy, factors, orders)
        seconds = min(seconds, time.process_time() - start)
    for n in range(_SAMPLE):
        found = evaluate(spec, _LAYER, as_mapping(spec, factors[n], orders[n]), energy)
        if (found.energy_pj, found.cycles) != (priced.energy_pj[n], priced.cycles[n]):
            raise SystemExit(f"mapping {n} of {spec.name}: bulk and model differ")
    return count / seconds, count


def main() -> None:
    """Print one line per design and kind of mapping."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200_000, help="valid mappings per line")
    count = parser.parse_args().count
    library = load_library()
    for name in ("eyeriss168", "lightpe1"):
        spec = read_spec(data_dir("arch_specs") / "timeloop" / f"{name}.yaml")
        energy = price_spec(spec, library).energy
        for constrained, kind in ((True, "row-stationary space"), (False, "any mapping")):
            rate, priced = measure(spec, energy, count, constrained)
            print(f"{name}: {kind}: {rate:,.0f} mappings per second ({priced} valid ones, one core)")


if __name__ == "__main__":
    main()
