"""Attributes of a component: which are read, which pass, and which would change a count and are refused."""

from __future__ import annotations

import difflib
from typing import Any

from ..userfile import describe
from .spec_constraints import Place

#: Entries that stand for 'unbounded' in YAML: some versions of the front end want a depth for DRAM too. 8 GB at 64 bits
#: an entry; one less than a power of two, so that times the words of an entry it stays large in 32 bits as well.
UNBOUNDED_DEPTH = 2**30 - 1

#: Attributes that Timeloop knows and that change neither counts nor cycles; estimators may use them.
PASSED_ATTRIBUTES = ("n_banks", "technology")

#: Attributes that are refused unless they have the value that changes nothing.
_NEUTRAL: dict[str, tuple[object, ...]] = {
    "multiple_buffering": (1, None),
    "min_utilization": (0, None),
    "reduction_supported": (True, None),
    "allow_overbooking": (False, None),
    "has_power_gating": (False, None),
    "power_gated_at": (None,),
    "shared_bandwidth": (None,),
    "sizeKB": (None,),
    "network_fill_latency": (0, None),
    "network_drain_latency": (0, None),
    "per_dataspace_bandwidth_consumption_scale": (None, {}),
    "metadata_block_size": (None,),
    "metadata_datawidth": (None,),
    "metadata_storage_width": (None,),
    "metadata_storage_depth": (None,),
    "concordant_compressed_tile_traversal": (None, False),
    "tile_partition_supported": (None, False),
    "decompression_supported": (None, False),
    "compression_supported": (None, False),
}
_READ = (
    *("depth", "entries", "width", "datawidth", "block_size", "cluster_size"),
    *("read_bandwidth", "write_bandwidth", "partial_sums"),
)


def check_attributes(attributes: dict[str, Any], place: Place) -> None:
    """Refuse attributes of Timeloop's that would change a count, and near misses of those that are read."""
    for key, value in attributes.items():
        if key in _NEUTRAL:
            same_kind = [n for n in _NEUTRAL[key] if isinstance(n, bool) == isinstance(value, bool)]
            if value not in same_kind:
                raise (place / key).error(f"{describe(value)} is not supported")
            continue
        if not isinstance(value, str | int | float | bool) and value is not None:
            raise (place / key).error(f"a number or a word is wanted, not {describe(value)}")
        if key not in _READ and key not in PASSED_ATTRIBUTES:
            near = difflib.get_close_matches(key, _READ, n=1, cutoff=0.85)
            if near:
                raise (place / key).error(f"unknown attribute; did you mean '{near[0]}'?")


def depth_of(attributes: dict[str, Any], block: int, dram: bool, place: Place) -> int | None:
    """Entries of a storage from ``depth``, or from ``entries`` (words) at `block` words an entry; None is unbounded.

    Only a DRAM is unbounded: without a depth, or with one of at least `UNBOUNDED_DEPTH`.
    """
    depth, entries = count(attributes, "depth", place), count(attributes, "entries", place)
    if entries is not None:
        if depth is not None:
            raise (place / "entries").error("either depth or entries is wanted")
        if entries % block:
            raise (place / "entries").error(f"{entries} words are not a multiple of the {block} words of an access")
        depth = entries // block
    if depth is None and not dram:
        raise (place / "depth").error("is missing")
    return None if dram and (depth is None or depth >= UNBOUNDED_DEPTH) else depth


def count(attributes: dict[str, Any], key: str, place: Place) -> int | None:
    """A whole number of at least 1; None where it is not given."""
    value = attributes.get(key)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        hint = "; expressions are not supported, write the number" if isinstance(value, str) else ""
        raise (place / key).error(f"an integer of at least 1 is wanted, not {describe(value)}{hint}")
    return value


def bandwidth(attributes: dict[str, Any], key: str, place: Place) -> float | None:
    """Words per cycle and instance; None, where it is not given, is unlimited."""
    value = attributes.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise (place / key).error(f"words per cycle, above 0, are wanted, not {describe(value)}")
    return float(value)
