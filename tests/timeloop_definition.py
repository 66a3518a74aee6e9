"""Timeloop's rule for deliveries as it is defined: all 2^n visits, words as explicit sets of coordinates. Slow and
obvious.

Shares no code with the package but the plain data types; the efficient forms are tested against it.
"""

from __future__ import annotations

from collections import Counter
from itertools import product

from qadam_plugin.hardware.archspec import ArchSpec, Fanout
from qadam_plugin.mapping.nest import SPATIAL_X, SPATIAL_Y, TEMPORAL, Mapping
from qadam_plugin.workloads.layer import TENSORS, Layer

Coordinates = tuple[int, ...]


def coordinates(layer: Layer, tensor: str, index: dict[str, int]) -> Coordinates:
    """Where the operand of one iteration lies in a tensor."""
    i = {d: index.get(d, 0) for d in "CMRSNPQG"}
    if tensor == "Weights":
        return (i["C"], i["M"], i["R"], i["S"], i["G"])
    if tensor == "Outputs":
        return (i["N"], i["M"], i["Q"], i["P"], i["G"])
    return (
        i["N"],
        i["C"],
        i["R"] * layer.Wdilation + i["P"] * layer.Wstride,
        i["S"] * layer.Hdilation + i["Q"] * layer.Hstride,
        i["G"],
    )


def level_totals(spec: ArchSpec, layer: Layer, mapping: Mapping) -> dict[tuple[str, str], tuple[int, int, int]]:
    """(accesses, arrivals, links) of every level and tensor, before bypassing."""
    loops = {(e.level, e.kind): e.loops for e in mapping.entries}
    inside = dict.fromkeys("CMRSNPQG", 1)
    temporal: dict[str, list[tuple[int, dict[str, int]]]] = {}
    spatial: dict[str, list[tuple[int, dict[str, int]]]] = {}
    child_extent: dict[str, dict[str, int]] = {}
    for level in reversed(spec.levels[:-1]):
        child_extent[level.name] = dict(inside)
        kinds = (SPATIAL_X, SPATIAL_Y) if isinstance(level, Fanout) else (TEMPORAL,)
        found = []
        for kind in kinds:
            for dimension, bound in reversed(loops.get((level.name, kind), ())):
                if bound > 1:
                    found.append((bound, {dimension: inside[dimension]}))
                    inside[dimension] *= bound
        (spatial if isinstance(level, Fanout) else temporal)[level.name] = found
    totals = {}
    names = [level.name for level in spec.levels[:-1]]
    for position, level in enumerate(spec.levels[:-1]):
        above = [loop for name in names[: position + 1] for loop in reversed(temporal.get(name, []))]
        for tensor in TENSORS:
            steps = [(bound, coordinates(layer, tensor, index)) for bound, index in above]
            offsets = [(bound, coordinates(layer, tensor, index)) for bound, index in spatial.get(level.name, [])]
            corner = coordinates(layer, tensor, {d: n - 1 for d, n in child_extent[level.name].items()})
            innermost = position == len(names) - 1
            mesh = level.mesh_x if isinstance(level, Fanout) else 1
            totals[level.name, tensor] = walk(steps, offsets, corner, mesh, operands=innermost)
    return totals


def walk(
    steps: list[tuple[int, Coordinates]],
    offsets: list[tuple[int, Coordinates]],
    corner: Coordinates,
    row: int,
    operands: bool,
) -> tuple[int, int, int]:
    """Visit indices 0 and 1 of every temporal loop (`steps`, outermost first) and add up what each child receives.

    `offsets`: spatial loops, innermost first. `corner`: last coordinate of the first child's tile. `operands`:
    children are MACs.
    """
    tile = frozenset(product(*(range(c + 1) for c in corner)))
    children = [(0, 0, 0, 0, 0)]
    for bound, shift in offsets:
        children = [_plus(child, shift, i) for i in range(bound) for child in children]
    accesses = arrivals = links = 0
    position_before: Coordinates | None = None
    stride: Coordinates | None = None
    received_before: list[frozenset[Coordinates]] = []
    for index in product(*((0, 1) for _ in steps)):
        weight, position = 1, (0, 0, 0, 0, 0)
        for i, (bound, shift) in zip(index, steps, strict=True):
            weight *= bound - 1 if i else 1
            position = _plus(position, shift, i)
        whole = _moved(tile, position)
        if operands or position_before is None:
            delta = whole
        else:
            step = _plus(position, position_before, -1)
            if not any(step):
                delta = frozenset()
            elif stride is None or step == stride:
                delta = whole - _moved(tile, position_before)
                stride = step
            else:
                delta, stride = whole, None
        received = [_moved(delta, child) for child in children]
        sizes = Counter(children)
        left = list(range(len(children)))
        if received_before and len(children) > 1:
            left = [
                c
                for c in left
                if not (received[c] and any(received[c] == received_before[n] for n in _neighbours(c, len(left), row)))
            ]
            if len({children[c] for c in left}) >= len(sizes):
                left = list(range(len(children)))
        accesses += len({children[c] for c in left}) * len(delta) * weight
        arrivals += len(left) * len(delta) * weight
        links += (len(children) - len(left)) * len(delta) * weight
        position_before, received_before = position, received
    return accesses, arrivals, links


def _neighbours(child: int, children: int, row: int) -> list[int]:
    same_row = [n for n in (child - 1, child + 1) if n // row == child // row]
    return [n for n in (*same_row, child - row, child + row) if 0 <= n < children]


def _plus(a: Coordinates, b: Coordinates, times: int) -> Coordinates:
    return tuple(x + times * y for x, y in zip(a, b, strict=True))


def _moved(points: frozenset[Coordinates], by: Coordinates) -> frozenset[Coordinates]:
    return frozenset(_plus(point, by, 1) for point in points)
