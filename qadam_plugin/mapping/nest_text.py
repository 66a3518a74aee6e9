"""A mapping as a person reads it: the loop nest with the tiles that each level holds."""

from __future__ import annotations

from ..hardware.archspec import ArchSpec, Storage
from .evaluation import Evaluation
from .nest import SPATIAL_X, SPATIAL_Y, TEMPORAL, Mapping

_INDENT = "  "


def nest_text(spec: ArchSpec, mapping: Mapping, evaluation: Evaluation) -> str:
    """Loop nest, outermost loop first, one line per loop, each level under a line with its tiles in words.

    Parameters
    ----------
    evaluation : of this mapping; of an invalid one the tiles are left out.
    """
    loops = {(entry.level, entry.kind): entry.loops for entry in mapping.entries}
    lines: list[str] = []
    depth = 0
    for level in spec.levels[:-1]:
        held = ""
        if isinstance(level, Storage) and level.name in evaluation.levels:
            tensors = evaluation.levels[level.name].tensors
            held = "  " + ", ".join(f"{tensor} {counts.utilized_capacity}" for tensor, counts in tensors.items())
        kinds = (
            ((TEMPORAL, ""),) if isinstance(level, Storage) else ((SPATIAL_Y, " (along Y)"), (SPATIAL_X, " (along X)"))
        )
        lines.append(f"{level.name}{held}")
        for kind, remark in kinds:
            word = "for" if kind == TEMPORAL else "parallel for"
            for dimension, bound in loops.get((level.name, kind), ()):
                lines.append(f"{_INDENT * (depth + 1)}{word} {dimension} in 0..{bound - 1}{remark}")
                depth += 1
    lines.append(f"{_INDENT * (depth + 1)}{spec.compute.name}: multiply and accumulate")
    return "\n".join(lines) + "\n"
