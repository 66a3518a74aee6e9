"""Results small enough to work out by hand, as tables with the columns that analysis reads."""

from __future__ import annotations

import pandas as pd


def table(rows: list[tuple[str, str, float, float, float]], **shared: object) -> pd.DataFrame:
    """Results from (config_id, PE type, performance per area, on-chip energy, energy with DRAM)."""
    common: dict[str, object] = {"network": "n", "batch": 1, "engine": "e", "objective": "edp", "clock": "auto"}
    common |= {"fingerprint": "f", "valid": True, "clock_ghz": 0.5, "rows": 12, "cols": 14, "glb_kib": 108.0}
    common |= {"ifmap_spad_depth": 12, "weights_spad_depth": 224, "psum_spad_depth": 24, **shared}
    names = ("config_id", "pe_type", "perf_per_area", "onchip_energy_uj", "energy_uj")
    return pd.DataFrame([{**common, **dict(zip(names, row, strict=True))} for row in rows])


RESULTS = table(
    [
        ("i1", "int16", 100.0, 30.0, 90.0),
        ("i2", "int16", 50.0, 10.0, 100.0),
        ("l1", "lightpe1", 480.0, 5.0, 50.0),
        ("l2", "lightpe1", 470.0, 2.0, 60.0),
        ("f1", "fp32", 20.0, 40.0, 180.0),
    ]
)
