"""Rows of the store's tables: from designs and layer results to columns, and back."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import astuple, fields
from typing import Any

from ..engines.base import Access, DesignFacts, Engine, LayerResult
from ..hardware.config import AcceleratorConfig
from ..workloads.layer import Layer
from .keys import canonical, layer_fields
from .totals import NetworkTotals, network_totals

LAYER_COLUMNS = (
    "key",
    "design",
    "objective",
    "shape",
    "valid",
    "reason",
    "cycles",
    "timeloop_pj",
    "onchip_pj",
    "dram_pj",
    "idle_pj",
    "mac_pj",
    "utilization",
    "psum_spills",
    "optimal",
    "lower_bound",
    "mapping",
    "accesses",
    "leakage",
)

#: Columns of a result that are sums over its layers, named as in ``results.csv``.
TOTAL_COLUMNS = tuple(field.name for field in fields(NetworkTotals))

RESULT_COLUMNS = ("network", "batch", "objective", "design", "valid", "reason", *TOTAL_COLUMNS)


def design_row(key: str, engine: Engine, config: AcceleratorConfig, facts: DesignFacts) -> dict[str, object]:
    """Columns of a design: those of every one, and its family's parameters."""
    pe = config.pe
    return {
        **{"key": key, "config_id": config.config_id, "engine": engine.name, "fingerprint": engine.fingerprint},
        **{"family": config.family.name, "family_digest": config.family.digest, "place": place(config)},
        **{"pe_type": pe.name, "act_bits": pe.act_bits, "weight_bits": pe.weight_bits, "acc_bits": pe.acc_bits},
        **config.parameters,
        **{"clock": _clock(config), "valid": facts.valid, "reason": facts.reason, "clock_ghz": facts.clock_ghz},
        **{"area_um2": facts.area_um2, "out_of_range": canonical(facts.out_of_range)},
        "estimators": canonical(facts.estimators),
    }


def place(config: AcceleratorConfig) -> bytes:
    """Bytes that sort designs: by family, PE type, the family's parameters without the further ones, and clock."""
    numbers = b"".join(_ordered(config.parameters[name]) for name in config.family.main)
    words = (config.family.name, config.pe.name), (_clock(config), config.config_id)
    first, last = ("\0".join(part).encode() + b"\0" for part in words)
    return first + numbers + last


def _ordered(value: float) -> bytes:
    """Eight bytes that sort as the number does."""
    (bits,) = struct.unpack(">Q", struct.pack(">d", value))
    return struct.pack(">Q", bits ^ (0xFFFF_FFFF_FFFF_FFFF if bits >> 63 else 1 << 63))


def _clock(config: AcceleratorConfig) -> str:
    return "auto" if config.clock_ghz is None else repr(config.clock_ghz)


def layer_row(key: str, design: str, objective: str, shape: Layer, result: LayerResult) -> list[object]:
    """Columns of a layer row, in the order of `LAYER_COLUMNS`."""
    return [
        *(key, design, objective, canonical(layer_fields(shape)), result.valid, result.reason, result.cycles),
        *(result.timeloop_pj, result.onchip_pj, result.dram_pj, result.idle_pj, result.mac_pj, result.utilization),
        *(result.psum_spills, result.optimal, result.lower_bound, canonical(result.mapping)),
        canonical([astuple(access) for access in result.accesses]),
        canonical(list(result.leakage_pj.items())),
    ]


def layer_result(row: dict[str, Any]) -> LayerResult:
    """A layer result from its columns; details that were not read stay empty."""
    mapping = json.loads(row.get("mapping", "[]"))
    return LayerResult(
        valid=bool(row["valid"]),
        reason=row["reason"],
        mapping=tuple((level, kind, tuple((dim, bound) for dim, bound in loops)) for level, kind, loops in mapping),
        accesses=tuple(Access(*fields) for fields in json.loads(row.get("accesses", "[]"))),
        leakage_pj=dict(json.loads(row.get("leakage", "[]"))),
        optimal=bool(row["optimal"]),
        **{name: row[name] for name in ("cycles", "timeloop_pj", "onchip_pj", "dram_pj", "idle_pj", "mac_pj")},
        **{name: row[name] for name in ("utilization", "psum_spills", "lower_bound")},
    )


def result_row(
    network: tuple[str, int, str],
    design: int,
    facts: DesignFacts,
    layers: Sequence[tuple[str, Layer, int, LayerResult]],
) -> list[object]:
    """Columns of a result, in the order of `RESULT_COLUMNS`.

    Parameters
    ----------
    network : its key, batch and objective.
    design : id of the design that `facts` are of.
    layers : (name, shape with its batch, how often it occurs, result); none for a design that cannot be built.
    """
    reason = facts.reason
    for name, _, _, result in layers:
        if not result.valid:
            reason = f"{name}: {result.reason}"
            break
    valid = facts.valid and not reason
    totals: tuple[object, ...] = (None,) * len(TOTAL_COLUMNS)
    if valid:
        summed = [(result, shape.macs, count) for _, shape, count, result in layers]
        totals = astuple(network_totals(summed, facts.clock_ghz, facts.area_um2 * 1e-6, network[1]))
    return [*network, design, valid, reason, *totals]
