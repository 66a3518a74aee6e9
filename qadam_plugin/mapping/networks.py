"""Traffic between adjacent levels by multicast class, as Timeloop lists its networks. For reports: costs need totals
only."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ..hardware.archspec import ArchSpec
from ..workloads.layer import TENSORS
from .counts import Counts, neighbour_visits
from .deliveries import IntArray
from .evaluation import NetworkCounts
from .fanout import child_offsets, served_by_neighbour
from .nest_arrays import Nest, tensor_steps
from .plan import Plan

#: (multicast, scatter) -> accesses
_Classes = Counter[tuple[int, int]]


def network_counts(spec: ArchSpec, plan: Plan, nest: Nest, counts: Counts) -> dict[str, dict[str, NetworkCounts]]:
    """Networks of one counted mapping, by "upper <==> lower", outermost first, then by tensor.

    Accesses are scaled to what is left after bypassing; neighbours that bypass the tensor hand nothing on.
    """
    networks: dict[str, dict[str, NetworkCounts]] = {}
    names = [level.name for level in spec.levels]
    for level in range(len(names) - 2, -1, -1):
        tensors: dict[str, NetworkCounts] = {}
        for k, tensor in enumerate(TENSORS):
            if level > plan.top[k]:
                continue
            ratio = float(counts.content[level, k]) / int(counts.accesses[level, k])
            classes = _classes(plan, nest, counts, level, k)
            ingresses = tuple((group, scatter, n * ratio) for (group, scatter), n in sorted(classes.items()))
            kept_below = level == 0 or plan.keep[level - 1, k]
            tensors[tensor] = NetworkCounts(
                fanout=int(counts.fanout[level]),
                ingresses=ingresses,
                link_transfers=float(counts.links[level, k]) if kept_below else 0.0,
                spatial_reductions=sum((g - 1) * n for g, _, n in ingresses) if tensor == "Outputs" else 0.0,
            )
        networks[f"{names[-2 - level]} <==> {names[-1 - level]}"] = tensors
    return networks


def _classes(plan: Plan, nest: Nest, counts: Counts, level: int, k: int) -> _Classes:
    """Accesses of one level and tensor by multicast class, before bypassing."""
    if counts.fanout[level] == 1:
        return Counter({(1, 1): int(counts.accesses[level, k])})
    words = (int(counts.arrivals[level, k]) + int(counts.links[level, k])) // int(counts.fanout[level])
    begin, end = int(nest.inner_first[level]), int(nest.inner_first[level + 1])
    steps = tensor_steps(plan, nest.inner_dims, nest.inner_scales, end, k)
    offsets = child_offsets(nest.inner_bounds, steps, begin, end)
    everyone = _groups(offsets)
    classes: _Classes = Counter()
    if neighbour_visits(plan, nest, level, k):
        for loop in range(nest.first[level], nest.first[-1]):
            served, rest = served_by_neighbour(offsets, plan.mesh[level, 0], nest.taken[loop])
            left, received = _groups(rest), int(nest.alike[loop])
            if received and served and left.total() < everyone.total():
                _add(classes, left, received)
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
