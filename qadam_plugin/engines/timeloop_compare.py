"""How well a stored result agrees with what Timeloop itself says of its mapping."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .base import LayerResult
from .timeloop_stats import RunStats

#: Largest relative difference of an energy that still is agreement. Counts and cycles must be equal.
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Agreement:
    """One or more layers compared.

    Attributes
    ----------
    layers : how many.
    counts : reads, fills, updates and instances compared, of every level and tensor.
    differing_counts, differing_cycles : how many of these, and of the layers' cycles, differ.
    energy_difference : largest relative difference among the sum and the parts of the energy.
    findings : what disagrees, one line each.
    """

    layers: int
    counts: int
    differing_counts: int
    differing_cycles: int
    energy_difference: float
    findings: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def compare_layer(name: str, stored: LayerResult, run: RunStats) -> Agreement:
    """Compare one stored result with Timeloop's figures for its mapping."""
    counts = 0
    worst = 0.0
    wrong_counts: list[str] = []
    findings: list[str] = []
    for what, ours, theirs in _counts(stored, run):
        counts += 1
        if ours != theirs:
            wrong_counts.append(f"{name}: {what} is {ours} stored, {theirs} by Timeloop")
    for what, ours, theirs in _energies(stored, run):
        difference = relative_difference(ours, theirs)
        worst = max(worst, difference)
        if difference > TOLERANCE:
            findings.append(f"{name}: energy of {what} is {ours!r} pJ stored, {theirs!r} by Timeloop")
    cycles = stored.cycles != run.cycles
    if cycles:
        findings.append(f"{name}: cycles are {stored.cycles} stored, {run.cycles} by Timeloop")
    return Agreement(1, counts, len(wrong_counts), int(cycles), worst, (*wrong_counts, *findings))


def refused(name: str, reason: str) -> Agreement:
    """A stored mapping that Timeloop does not evaluate."""
    return Agreement(1, 0, 0, 0, 0.0, (f"{name}: Timeloop refuses the stored mapping: {reason}",))


def merge(parts: list[Agreement]) -> Agreement:
    """All of them together."""
    return Agreement(
        layers=sum(part.layers for part in parts),
        counts=sum(part.counts for part in parts),
        differing_counts=sum(part.differing_counts for part in parts),
        differing_cycles=sum(part.differing_cycles for part in parts),
        energy_difference=max((part.energy_difference for part in parts), default=0.0),
        findings=tuple(finding for part in parts for finding in part.findings),
    )


def relative_difference(ours: float, theirs: float) -> float:
    """Difference over the larger of both; 0 for two zeros."""
    larger = max(abs(ours), abs(theirs))
    return abs(ours - theirs) / larger if larger else 0.0


def _counts(stored: LayerResult, run: RunStats) -> Iterator[tuple[str, int, int]]:
    """(what, stored, Timeloop's) of all counts; what only one side has counts as 0 on the other."""
    ours = {(access.level, access.tensor): access for access in stored.accesses}
    theirs = {(name, tensor): found for name, level in run.levels.items() for tensor, found in level.tensors.items()}
    for key in dict.fromkeys((*ours, *theirs)):
        for field in ("reads", "fills", "updates", "instances"):
            left, right = (int(getattr(side[key], field)) if key in side else 0 for side in (ours, theirs))
            yield f"{field} of {key[1]} at {key[0]}", left, right


def _energies(stored: LayerResult, run: RunStats) -> Iterator[tuple[str, float, float]]:
    """(what, stored, Timeloop's) of the sum, the MACs, and each level's accesses and leakage."""
    yield "everything", stored.timeloop_pj, run.energy_pj
    yield "the MACs", stored.mac_pj, run.mac_energy_pj
    for name, level in run.levels.items():
        ours = sum(access.energy_pj for access in stored.accesses if access.level == name)
        yield f"accesses at {name}", ours, sum(access.energy_pj for access in level.tensors.values())
        yield f"leakage at {name}", stored.leakage_pj.get(name, 0.0), level.leakage_energy_pj
