"""Which results are read at all, when most of a store is not wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..hardware.expressions import Expression
from .conditions import SQLCondition, joined, sql_condition
from .records import Group
from .results import shared_values, sql_of


@dataclass(frozen=True, slots=True)
class Rivals:
    """Some results of one set that may be compared: what one of them dominates is on no front of the set.

    Attributes
    ----------
    shared : columns that the results of the set share, the clock as it was asked for among them.
    objectives : column, and whether more is better.
    points : the rivals' values, [rivals][objectives], none of them NaN.
    """

    shared: Mapping[str, Any]
    objectives: tuple[tuple[str, bool], ...]
    points: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which results are not wanted. More of them may be read than it says, fewer never.

    Attributes
    ----------
    where : results that do not meet it.
    rivals : results that one of them dominates, and those of their sets without valid mapping.
    designs : results of designs that are not among these ids.
    """

    where: Expression | None = None
    rivals: tuple[Rivals, ...] = ()
    designs: Sequence[int] | None = None

    def sql(self, group: Group, kinds: Mapping[str, str]) -> SQLCondition | None:
        """What `where` and `rivals` leave of a group; None for everything. `kinds` are those of the columns."""
        shared = shared_values(group)
        asked = None if self.where is None else sql_condition(self.where, kinds, shared)
        met = [item for item in self.rivals if all(item.shared[name] == value for name, value in shared.items())]
        parts = [part for part in (asked, *(_undominated(item) for item in met)) if part is not None]
        return joined(parts, "AND") if parts else None


def _undominated(rivals: Rivals) -> SQLCondition:
    """Results of another clock, and those that no rival dominates.

    Built of AND, OR and NOT alone: SQLite stops at the first of these that decides, in a CASE it would not.
    """
    words, values = ["r.valid"], [rivals.shared["clock"]]
    for point in rivals.points:
        worse = [
            (f"{sql_of(name)} {'<' if maximize else '>'}", value)
            for (name, maximize), value in zip(rivals.objectives, point, strict=True)
        ]
        nowhere_better = " AND ".join(f"{side}= ?" for side, _ in worse)
        somewhere_worse = " OR ".join(f"{side} ?" for side, _ in worse)
        words.append(f"NOT ({nowhere_better} AND ({somewhere_worse}))")
        values += [value for _, value in worse] * 2
    return SQLCondition(f"(d.clock IS NOT ? OR ({' AND '.join(words)}))", tuple(values))
