"""Traffic between adjacent levels by multicast class, as Timeloop lists its networks. For reports: costs need totals
only."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from ..hardware.archspec import ArchSpec
from ..workloads.layer import TENSORS
from .counts import COMPUTE_CYCLES, CONTENT, FANOUT, LINKS, Counts
from .deliveries import IntArray
from .evaluation import NetworkCounts
from .fanout import child_offsets, unserved_children
from .nest_arrays import FIRST, INNER_FIRST, Nest, steps_of
from .tables import CONTAINER, FIT, KEEP, MESH_X, WITHIN, Tables
from .traffic import neighbour_visits, words_to_child
from .words import words_of

#: (multicast, scatter) -> accesses
_Classes = Counter[tuple[int, int]]


def network_counts(spec: ArchSpec, tables: Tables, nest: Nest, counts: Counts) -> dict[str, dict[str, NetworkCounts]]:
    """Networks of one counted mapping, by "upper <==> lower", outermost first, then by tensor.

    Accesses are scaled to what is left after bypassing; neighbours that bypass the tensor hand nothing on. A network
    carries words of its upper level, kept there or not: of a container, those of the storage outside it. Unlike
    elsewhere their number is rounded up before it is divided.
    """
    networks: dict[str, dict[str, NetworkCounts]] = {}
    names = [level.name for level in spec.levels]
    for level in range(len(names) - 2, -1, -1):
        tensors: dict[str, NetworkCounts] = {}
        for k, tensor in enumerate(TENSORS):
            if level > tables.top[k]:
                continue
            traffic = counts.traffic[level, k]
            fit, within = _fit(tables, level, k)
            classes = _classes(tables, nest, counts, level, k)
            ratio = float(counts.flows[level, k, CONTENT]) / classes.total()
            ingresses = tuple((group, scatter, n * ratio) for (group, scatter), n in sorted(classes.items()))
            links = float(traffic[LINKS])
            if fit != within:
                ingresses = tuple((g, scatter, math.ceil(n) * within / fit) for g, scatter, n in ingresses)
                links = float(words_of(int(traffic[LINKS]), fit, within))
            kept_below = level == 0 or tables.levels[level - 1, KEEP + k]
            tensors[tensor] = NetworkCounts(
                fanout=int(counts.stores[level, FANOUT]),
                ingresses=ingresses,
                link_transfers=links if kept_below else 0.0,
                spatial_reductions=sum((g - 1) * n for g, _, n in ingresses) if tensor == "Outputs" else 0.0,
            )
        networks[f"{names[-2 - level]} <==> {names[-1 - level]}"] = tensors
    return networks


def _fit(tables: Tables, level: int, k: int) -> tuple[int, int]:
    """Elements of a tensor that fit, and the words they fit into, where a network begins."""
    while tables.levels[level, CONTAINER] and level + 1 < len(tables.levels):
        level += 1
    return int(tables.levels[level, FIT + k]), int(tables.levels[level, WITHIN + k])


def _classes(tables: Tables, nest: Nest, counts: Counts, level: int, k: int) -> _Classes:
    """Accesses of one level and tensor by multicast class, before bypassing."""
    cycles = counts.summary[COMPUTE_CYCLES]
    words = int(words_to_child(nest.loops, nest.levels, nest.tile, cycles, level, k))
    if counts.stores[level, FANOUT] == 1:
        return Counter({(1, 1): words})
    begin, end = int(nest.levels[level, INNER_FIRST]), int(nest.levels[level + 1, INNER_FIRST])
    offsets, left = nest.children
    children = child_offsets(nest.inner, steps_of(tables.dims, nest.inner, end, k), begin, end, offsets)
    everyone = _groups(offsets[:children])
    classes: _Classes = Counter()
    if neighbour_visits(tables.dims, nest.loops, nest.levels, nest.tile, nest.visits, level, k):
        for loop in range(nest.levels[level, FIRST], nest.levels[-1, FIRST]):
            step, received = nest.visits[0, loop], int(nest.visits[1, loop])
            kept = unserved_children(offsets, children, tables.levels[level, MESH_X], step, left)
            groups = _groups(left[:kept])
            if received and groups.total() < everyone.total():
                _add(classes, groups, received)
                words -= received
    _add(classes, everyone, words)
    return classes


def _groups(offsets: IntArray) -> Counter[int]:
    """Number of multicast groups of each size."""
    return Counter(np.unique(offsets, return_counts=True)[1].tolist())


def _add(classes: _Classes, groups: Counter[int], words: int) -> None:
    """Add the accesses of visits at which each child receives `words` in total."""
    for size, number in groups.items():
        if words:
            classes[size, number] += number * words
