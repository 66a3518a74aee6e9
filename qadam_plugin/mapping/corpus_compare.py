"""Comparing an evaluation with Timeloop's figures, one line per figure that differs."""

from __future__ import annotations

from typing import Any

from .evaluation import Evaluation, LevelResult, NetworkCounts

_COUNTS = (
    "utilized_capacity",
    "utilized_instances",
    "partition_size",
    "reads",
    "fills",
    "updates",
    "temporal_reductions",
    "address_generations",
)

#: Figures that only packed cases have.
_PACKED_COUNTS = ("operands_per_word", "wasted_bits_per_word", "wasted_bits_per_storage")
_ENERGY_TOLERANCE = 1e-6

#: Timeloop prints utilisation and accesses of a multicast class with two decimals.
_PRINTED = 0.00501


def differences(found: Evaluation, expected: dict[str, Any]) -> list[str]:
    """Every figure that differs from Timeloop's, as lines ``where: ours, Timeloop's``; empty if all agree.

    Integers and cycles must be equal, energies within 1e-6 relative, what Timeloop prints with two decimals equal to
    these; an invalid mapping must have the same kind of verdict, level and figures.
    """
    if not expected["valid"]:
        return _verdict_differences(found, expected["verdicts"][0])
    if found.violation is not None:
        return [f"verdict: {found.violation.cls} at {found.violation.level}, valid"]
    lines: list[str] = []
    for key in ("cycles", "compute_cycles", "utilized_macs", "computes"):
        equal(lines, key, getattr(found, key), expected[key])
    close(lines, "energy_total_pj", found.energy_pj, expected["energy_total_pj"])
    close(lines, "mac_energy_pj", found.mac_energy_pj, expected["mac_energy_pj"])
    if abs(100 * found.utilization - expected["utilization_percent"]) > _PRINTED:
        lines.append(f"utilization_percent: {100 * found.utilization}, {expected['utilization_percent']}")
    equal(lines, "levels", sorted(found.levels), sorted(expected["levels"]))
    for name, level in expected["levels"].items():
        if name in found.levels:
            _level_differences(lines, name, found.levels[name], level)
    for pair, tensors in expected["networks"].items():
        ours = found.networks.get(pair, {})
        equal(lines, pair, sorted(ours), sorted(tensors))
        for tensor, network in tensors.items():
            if tensor in ours:
                _network_differences(lines, f"{pair}.{tensor}", ours[tensor], network)
    return lines


def _verdict_differences(found: Evaluation, verdict: dict[str, Any]) -> list[str]:
    """Differences from the verdict on an invalid mapping; fields that Timeloop does not give are not compared."""
    if found.violation is None:
        return [f"verdict: valid, {verdict['cls']}"]
    ours = found.violation
    lines: list[str] = []
    equal(lines, "verdict", ours.cls, verdict["cls"])
    if "got" in verdict:
        equal(lines, "dimension", ours.dimension, verdict["dimension"])
        equal(lines, "product", (ours.required, ours.available), (verdict["required"], verdict["got"]))
    elif "required" in verdict:
        equal(lines, "level", ours.level, verdict["level"])
        equal(
            lines, "required, available", (ours.required, ours.available), (verdict["required"], verdict["available"])
        )
    return lines


def _level_differences(lines: list[str], name: str, found: LevelResult, expected: dict[str, Any]) -> None:
    """Compare one storage."""
    equal(lines, f"{name}.cycles", found.cycles, expected["cycles"])
    close(lines, f"{name}.throttling", found.throttling, expected["throttling"])
    close(lines, f"{name}.leakage_energy_pj", found.leakage_energy_pj, expected["leakage_energy_pj"])
    equal(lines, f"{name} keeps", sorted(found.tensors), sorted(expected["dataspaces"]))
    for tensor, counts in expected["dataspaces"].items():
        if tensor in found.tensors:
            for key in (*_COUNTS, *(key for key in _PACKED_COUNTS if key in counts)):
                equal(lines, f"{name}.{tensor}.{key}", getattr(found.tensors[tensor], key), counts[key])
            close(lines, f"{name}.{tensor}.energy", found.tensors[tensor].energy_pj, counts["energy_total_pj"])


def _network_differences(lines: list[str], where: str, found: NetworkCounts, expected: dict[str, Any]) -> None:
    """Compare one network and tensor."""
    equal(lines, f"{where}.fanout", found.fanout, expected["fanout"])
    close(lines, f"{where}.link_transfers", found.link_transfers, expected["link_transfers"])
    close(lines, f"{where}.spatial_reductions", found.spatial_reductions, expected["spatial_reductions"])
    classes = [tuple(group) for group in expected["ingresses"]]
    equal(lines, f"{where}.classes", [c[:2] for c in found.ingresses], [c[:2] for c in sorted(classes)])
    for ours, theirs in zip(found.ingresses, sorted(classes), strict=False):
        if abs(ours[2] - theirs[2]) > _PRINTED:
            lines.append(f"{where}.accesses: {ours[2]}, {theirs[2]}")


def equal(lines: list[str], where: str, found: object, expected: object) -> None:
    if found != expected:
        lines.append(f"{where}: {found}, {expected}")


def close(lines: list[str], where: str, found: float, expected: float) -> None:
    if abs(found - expected) > _ENERGY_TOLERANCE * max(abs(expected), abs(found)):
        lines.append(f"{where}: {found}, {expected}")
