"""Why no mapping is valid: the capacity, fan-out or constraint that nothing can satisfy, and by how much."""

from __future__ import annotations

import math

from ..hardware.archspec import ArchSpec, Fanout, Level, LoopConstraint, Storage
from ..workloads.layer import DIMENSIONS, TENSORS, Layer
from .mapspace import slot_constraints
from .plan import slot_names
from .words import WORD, bits_at, operands_per_word


def why_none(spec: ArchSpec, layer: Layer, packing: str = WORD) -> str:
    """One sentence that names a level, what it would need and what it has.

    Looked for in this order: factors that do not divide the layer, dimensions that no level may iterate over far
    enough, containers too small for fixed factors, stores too small for the least tile.
    """
    reason = undividable(spec, layer)
    if reason:
        return reason
    bounds: dict[str, int] = dict(zip(DIMENSIONS, layer.bounds, strict=True))
    names, constraints = slot_names(spec), slot_constraints(spec)
    for dimension, bound in bounds.items():
        reason = _dimension(dimension, bound, names, constraints, _meshes(spec))
        if reason:
            return reason
    for level in spec.fanouts:
        for axis, mesh, constraint in (
            ("X", level.mesh_x, level.constraint_x),
            ("Y", level.mesh_y, level.constraint_y),
        ):
            needed = math.prod(constraint.factors.values())
            if needed > mesh:
                return f"{level.name}: fixed factors need {needed} children along {axis}, it has {mesh}"
    return _capacity(spec, layer, bounds, packing) or (
        f"{spec.name}: no mapping satisfies all capacities, fan-outs and constraints together"
    )


def undividable(spec: ArchSpec, layer: Layer) -> str:
    """The first fixed factor that does not divide the layer's bound, as a sentence; empty if all do."""
    rest: dict[str, int] = dict(zip(DIMENSIONS, layer.bounds, strict=True))
    for (level, kind), constraint in zip(slot_names(spec), slot_constraints(spec), strict=True):
        for dimension, factor in constraint.factors.items():
            if rest[dimension] % factor:
                whole = layer.bounds[DIMENSIONS.index(dimension)]
                return (
                    f"{level} ({kind}): the constraint demands {dimension}={factor}, which does not divide the "
                    f"{rest[dimension]} that {dimension}={whole} leaves for it"
                )
            rest[dimension] //= factor
    return ""


def _meshes(spec: ArchSpec) -> list[int | None]:
    """Children along each slot's axis; None for temporal slots."""
    meshes: list[int | None] = []
    for level in spec.levels[:-1]:
        if isinstance(level, Fanout):
            meshes += [level.mesh_y, level.mesh_x]
        else:
            meshes.append(None)
    return meshes


def _dimension(
    dimension: str,
    bound: int,
    names: list[tuple[str, str]],
    constraints: list[LoopConstraint],
    meshes: list[int | None],
) -> str:
    """What keeps one dimension from being covered; empty if nothing does."""
    rest = bound
    for constraint in constraints:
        rest //= constraint.factors.get(dimension, 1)
    most, free = 1, []
    for (level, kind), constraint, mesh in zip(names, constraints, meshes, strict=True):
        if dimension in constraint.factors:
            continue
        limit = min(constraint.max_factors.get(dimension, rest), mesh or rest)
        most *= max(f for f in range(1, rest + 1) if rest % f == 0 and f <= limit)
        free.append(f"{level} ({kind})")
    if most < rest:
        where = ", ".join(free) if free else "none is free"
        return f"{dimension}={bound}: constraints allow a factor of {bound // rest * most} at most ({where})"
    return ""


def _capacity(spec: ArchSpec, layer: Layer, bounds: dict[str, int], packing: str) -> str:
    """A store that cannot hold the least tile; empty if each could on its own."""
    least: dict[str, int] = dict.fromkeys(DIMENSIONS, 1)
    for index in range(len(spec.levels) - 2, -1, -1):
        level = spec.levels[index]
        for constraint in _loops_of(level):
            for dimension, factor in constraint.factors.items():
                least[dimension] *= factor
        for dimension in DIMENSIONS:
            if _is_closed(spec, dimension, index):
                least[dimension] = bounds[dimension]
        if isinstance(level, Storage) and level.size_words is not None:
            held = {tensor: _words(layer, least, tensor, level, packing) for tensor in TENSORS if tensor in level.keep}
            needed = sum(held.values())
            if needed > level.size_words:
                parts_text = ", ".join(f"{tensor} {words}" for tensor, words in held.items())
                return f"{level.name}: the least tiles need {needed} words ({parts_text}), it has {level.size_words}"
    return ""


def _loops_of(level: Level) -> tuple[LoopConstraint, ...]:
    """Constraints of one level's loops."""
    if isinstance(level, Fanout):
        return level.constraint_x, level.constraint_y
    return (level.temporal,) if isinstance(level, Storage) else ()


def _is_closed(spec: ArchSpec, dimension: str, index: int) -> bool:
    """Whether no level outside `index` may iterate over a dimension: then all of it lies inside."""
    for level in spec.levels[:index]:
        if any(constraint.factors.get(dimension, 0) != 1 for constraint in _loops_of(level)):
            return False
    return True


def _words(layer: Layer, extents: dict[str, int], tensor: str, storage: Storage, packing: str) -> int:
    """Words of a tile with these loop extents in one store."""
    fit = operands_per_word(storage.datawidth, bits_at(storage, layer, tensor), packing)
    return math.ceil(_elements(layer, extents, tensor) / fit)


def _elements(layer: Layer, extents: dict[str, int], tensor: str) -> int:
    """Elements of a tile with these loop extents."""
    if tensor == "Weights":
        return math.prod(extents[d] for d in "CMRSG")
    if tensor == "Outputs":
        return math.prod(extents[d] for d in "NMPQG")
    width = (extents["P"] - 1) * layer.Wstride + (extents["R"] - 1) * layer.Wdilation + 1
    height = (extents["Q"] - 1) * layer.Hstride + (extents["S"] - 1) * layer.Hdilation + 1
    return extents["N"] * extents["C"] * width * height * extents["G"]
