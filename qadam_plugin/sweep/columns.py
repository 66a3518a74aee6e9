"""Columns of the exported files: name and kind of value, in order. Scripts rely on the names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

#: Columns of ``results.*`` and ``pareto.csv``: first those that the documentation promises, then further ones.
RESULT_COLUMNS: tuple[tuple[str, str], ...] = (
    ("config_id", "text"),
    ("pe_type", "text"),
    ("act_bits", "integer"),
    ("weight_bits", "integer"),
    ("acc_bits", "integer"),
    ("rows", "integer"),
    ("cols", "integer"),
    ("ifmap_spad_depth", "integer"),
    ("weights_spad_depth", "integer"),
    ("psum_spad_depth", "integer"),
    ("glb_kib", "number"),
    ("glb_bandwidth", "number"),
    ("dram_gbps", "number"),
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
    ("glb_ifmap_share", "number"),
    ("glb_weights_share", "number"),
    ("dram_weights_share", "number"),
    ("dram_ifmap_share", "number"),
    ("timeloop_energy_uj", "number"),
    ("mac_energy_uj", "number"),
    ("optimal", "flag"),
    ("runs", "text"),
    ("fingerprint", "text"),
    ("estimators", "text"),
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
