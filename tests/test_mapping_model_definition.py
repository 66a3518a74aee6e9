"""The closed forms of deliveries and sharing equal Timeloop's definition: the walk over all 2^n visits."""

from __future__ import annotations

import random

import pytest
from timeloop_definition import level_totals

from qadam_plugin.hardware.archspec import ArchSpec, Compute, Fanout, Storage
from qadam_plugin.jit import jit_lean
from qadam_plugin.mapping.counts import (
    COMPUTE_CYCLES,
    FANOUT,
    VALID,
    count_mapping,
    empty_counts,
)
from qadam_plugin.mapping.nest import SPATIAL_X, SPATIAL_Y, TEMPORAL, LevelLoops, Mapping
from qadam_plugin.mapping.nest_arrays import empty_nest
from qadam_plugin.mapping.plan import make_plan, mapping_arrays
from qadam_plugin.mapping.tables import CONTAINER, MESH_X, pack
from qadam_plugin.mapping.traffic import sharing, words_to_child
from qadam_plugin.ppa.energy_table import EnergyTable
from qadam_plugin.workloads.layer import DIMENSIONS, TENSORS, Layer

compiled_sharing = jit_lean(sharing)


def storage(name: str) -> Storage:
    return Storage(name, "SRAM", 16, 16, None, TENSORS)


EYERISS = (
    storage("DRAM"),
    storage("glb"),
    Fanout("column", 4),
    Fanout("pe", 1, 4),
    storage("spad"),
    Compute("mac", "mac"),
)
ROW_OF_MACS = (storage("DRAM"), storage("buffer"), Fanout("macs", 8), Compute("mac", "mac"))
VECTOR_MACS = (
    storage("DRAM"),
    storage("buffer"),
    Fanout("pe", 4, 4),
    storage("register"),
    Fanout("macs", 3, 3),
    Compute("mac", "mac"),
)
ARCHITECTURES = {"eyeriss": EYERISS, "row of MACs": ROW_OF_MACS, "vector MACs": VECTOR_MACS}


def random_case(rng: random.Random, spec: ArchSpec) -> tuple[Layer, Mapping]:
    """A small layer and a mapping; factors are drawn first, so that spatial loops are common."""
    slots: list[tuple[str, str, int]] = []
    for level in spec.levels[:-1]:
        if isinstance(level, Fanout):
            slots += [(level.name, SPATIAL_Y, level.mesh_y), (level.name, SPATIAL_X, level.mesh_x)]
        else:
            slots.append((level.name, TEMPORAL, 10**6))
    bounds = dict.fromkeys(DIMENSIONS, 1)
    loops: dict[tuple[str, str], list[tuple[str, int]]] = {(level, kind): [] for level, kind, _ in slots}
    room = {(level, kind): limit for level, kind, limit in slots}
    dimensions = rng.sample(DIMENSIONS, rng.randint(2, 5)) if rng.random() < 0.5 else list("RPSQC")
    for _ in range(rng.randint(2, 7)):
        level, kind, _ = rng.choice(slots)
        dimension, bound = rng.choice(dimensions), rng.choice((2, 2, 3, 4))
        used = {d for (name, _), entries in loops.items() if name == level for d, _ in entries}
        if dimension in used or bound > room[level, kind] or bounds[dimension] * bound > 12:
            continue
        loops[level, kind].append((dimension, bound))
        room[level, kind] //= bound
        bounds[dimension] *= bound
    for entries in loops.values():
        rng.shuffle(entries)
    layer = Layer(
        **bounds,
        Wstride=rng.choice((1, 1, 2, 3)),
        Hstride=rng.choice((1, 1, 2, 4)),
        Wdilation=rng.choice((1, 1, 2)),
        Hdilation=rng.choice((1, 1, 3)),
    )
    return layer, Mapping(tuple(LevelLoops(level, kind, tuple(loops[level, kind])) for level, kind, _ in slots))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_closed_form_equals_the_walk_over_all_visits(name: str) -> None:
    spec = ArchSpec(name, ARCHITECTURES[name])
    energy = EnergyTable(
        {
            level.name: {"read": 1.0, "write": 1.0, "compute": 1.0}
            for level in spec.levels
            if not isinstance(level, Fanout)
        }
    )
    rng = random.Random(name)
    with_links = 0
    for _ in range(1500):
        layer, mapping = random_case(rng, spec)
        tables = pack(make_plan(spec, layer, energy))
        factors, orders = mapping_arrays(spec, mapping)
        nest, counts = empty_nest(tables), empty_counts(tables)
        assert count_mapping(tables, factors, orders, nest, counts) == VALID
        for (level, tensor), expected in level_totals(spec, layer, mapping).items():
            row = len(spec.levels) - 2 - [entry.name for entry in spec.levels].index(level)
            k = TENSORS.index(tensor)
            arrays = (nest.levels, nest.tile)
            words = words_to_child(nest.loops, *arrays, counts.summary[COMPUTE_CYCLES], row, k)
            width = tables.levels[row, MESH_X]
            groups, saved, links = 1, 0, 0
            if counts.stores[row, FANOUT] > 1:
                shape = (nest.loops, nest.inner, *arrays, nest.visits, nest.children, nest.table)
                groups, saved, links = compiled_sharing(tables.dims, *shape, width, row, k)
            found = (groups * words - saved, counts.stores[row, FANOUT] * words - links, links)
            if row == 0 and not tables.levels[0, CONTAINER]:
                found = expected  # a store above the MACs is read every cycle: no walk
            assert found == expected, (layer, mapping, level, tensor)
            with_links += expected[2] > 0
    assert with_links > 20  # neighbour transfers are part of what is compared
