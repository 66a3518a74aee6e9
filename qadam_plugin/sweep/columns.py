"""Columns of the exported files: name and kind of value, in order. Scripts rely on the names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..hardware.family import Family

if TYPE_CHECKING:
    import pyarrow as pa

#: Columns of ``results.*`` and ``pareto.csv``, with the parameters of the designs' families in between: the main
#: ones first, the further ones after the clock as it was asked for.
_FIRST: tuple[tuple[str, str], ...] = (
    ("config_id", "text"),
    ("pe_type", "text"),
    ("act_bits", "integer"),
    ("weight_bits", "integer"),
    ("acc_bits", "integer"),
)
_SECOND: tuple[tuple[str, str], ...] = (
    ("clock_ghz", "number"),
    ("network", "text"),
    ("batch", "integer"),
    ("engine", "text"),
    ("objective", "text"),
    ("valid", "flag"),
    ("reason", "text"),
    ("energy_uj", "number"),
    ("onchip_energy_uj", "number"),
    ("dram_energy_uj", "number"),
    ("idle_energy_uj", "number"),
    ("cycles", "integer"),
    ("latency_ms", "number"),
    ("power_mw", "number"),
    ("area_mm2", "number"),
    ("perf_per_area", "number"),
    ("edp_uj_ms", "number"),
    ("utilization", "number"),
    ("psum_spills", "integer"),
    ("out_of_range", "text"),
    ("clock", "text"),
)
_LAST: tuple[tuple[str, str], ...] = (
    ("timeloop_energy_uj", "number"),
    ("mac_energy_uj", "number"),
    ("optimal", "flag"),
    ("runs", "text"),
    ("fingerprint", "text"),
    ("estimators", "text"),
    ("family", "text"),
)

#: Columns that results of every family have.
SHARED_COLUMNS: tuple[tuple[str, str], ...] = (*_FIRST, *_SECOND, *_LAST)


def result_columns(families: Sequence[Family]) -> tuple[tuple[str, str], ...]:
    """Columns of the results of designs of some families: name and kind of value.

    A parameter that several have is one column, of integers where all of them say so; a design of another family has
    no value there.
    """
    kinds: dict[str, str] = {}
    for parameter in (parameter for family in families for parameter in family.parameters):
        if kinds.setdefault(parameter.name, "integer") == "integer" and not parameter.whole:
            kinds[parameter.name] = "number"
    main = [name for name in kinds if any(name in family.main for family in families)]
    further = [name for name in kinds if name not in main]
    return (
        *_FIRST,
        *((name, kinds[name]) for name in main),
        *_SECOND,
        *((name, kinds[name]) for name in further),
        *_LAST,
    )


#: Columns of ``layers.parquet``.
LAYER_COLUMNS: tuple[tuple[str, str], ...] = (
    ("config_id", "text"),
    ("pe_type", "text"),
    ("network", "text"),
    ("batch", "integer"),
    ("engine", "text"),
    ("objective", "text"),
    ("clock", "text"),
    ("clock_ghz", "number"),
    ("layer", "text"),
    ("kind", "text"),
    ("count", "integer"),
    ("macs", "integer"),
    *((name, "integer") for name in "CMRSNPQG"),
    *((name, "integer") for name in ("Wstride", "Hstride", "Wdilation", "Hdilation")),
    *((name, "integer") for name in ("weight_bits", "input_bits", "output_bits")),
    ("valid", "flag"),
    ("reason", "text"),
    ("energy_uj", "number"),
    ("onchip_energy_uj", "number"),
    ("dram_energy_uj", "number"),
    ("idle_energy_uj", "number"),
    ("timeloop_energy_uj", "number"),
    ("mac_energy_uj", "number"),
    ("cycles", "integer"),
    ("utilization", "number"),
    ("psum_spills", "integer"),
    ("optimal", "flag"),
    ("lower_bound", "number"),
    ("mapping", "text"),
    ("accesses", "accesses"),
    ("leakage", "leakage"),
    ("runs", "text"),
    ("fingerprint", "text"),
)


#: Columns of ``runs.csv``.
RUN_COLUMNS = (
    "run",
    "space",
    "engine",
    "fingerprint",
    "objective",
    "batch",
    "clock",
    "configs",
    "networks",
    "finished",
)


def arrow_schema(columns: tuple[tuple[str, str], ...]) -> pa.Schema:
    """The Parquet schema of a list of columns."""
    import pyarrow as pa

    counts = [(name, pa.int64()) for name in ("reads", "fills", "updates", "instances")]
    access = [("level", pa.string()), ("tensor", pa.string()), *counts, ("energy_pj", pa.float64())]
    kinds = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "flag": pa.bool_(),
        "accesses": pa.list_(pa.struct(access)),
        "leakage": pa.list_(pa.struct([("level", pa.string()), ("energy_pj", pa.float64())])),
    }
    return pa.schema([(name, kinds[kind]) for name, kind in columns])
