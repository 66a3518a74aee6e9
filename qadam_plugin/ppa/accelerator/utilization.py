"""Least cycles of a layer on an array, from the divisors of its dimensions: why cycles jump with the array's shape.

The row-stationary dataflow lays output rows, filters and groups along the columns, and filter rows, channels, filters
and groups along the rows (levels PE_column and PE of ``arch_specs/families/row_stationary.yaml``), each by a divisor.
No mapping uses more PEs than the best of these splits.
"""

from __future__ import annotations

from functools import lru_cache
from math import isqrt

from ...workloads.layer import Layer


def used_pes(layer: Layer, rows: int, cols: int) -> int:
    """Most PEs of an array of rows x cols that any mapping of a layer keeps busy."""
    best = 1
    for filters in divisors(layer.M):
        for groups in divisors(layer.G):
            if filters * groups > rows:
                continue
            along_rows = filters * groups * largest_product((layer.S, layer.C), rows // (filters * groups))
            bound = along_rows * cols
            if bound <= best:
                continue
            along_cols = largest_product((layer.Q, layer.M // filters, layer.G // groups), cols)
            best = max(best, along_rows * along_cols)
    return best


def least_cycles(layer: Layer, rows: int, cols: int) -> int:
    """Cycles of a layer when nothing but the array's shape limits it."""
    return layer.macs // used_pes(layer, rows, cols)


@lru_cache(maxsize=4096)
def divisors(number: int) -> tuple[int, ...]:
    """Divisors in rising order."""
    small = [d for d in range(1, isqrt(number) + 1) if number % d == 0]
    return tuple(sorted({*small, *(number // d for d in small)}))


@lru_cache(maxsize=1 << 16)
def largest_product(numbers: tuple[int, ...], limit: int) -> int:
    """Largest product of one divisor of each number that is at most `limit`."""
    if len(numbers) == 1:
        return max(d for d in divisors(numbers[0]) if d <= limit)
    first, rest = numbers[0], numbers[1:]
    return max(d * largest_product(rest, limit // d) for d in divisors(first) if d <= limit)
