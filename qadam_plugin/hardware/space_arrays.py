"""A design space as arrays: millions of configs without an object each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from .config import AcceleratorConfig
from .family import Family
from .pe_types import PEType
from .space import DesignSpace

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]

#: Combinations that a sample draws before it counts those that the conditions let through.
_DRAWN_AT_ONCE = 1 << 12

#: Configs of a block: a column has 64 KiB, which stays in the cache and on the heap. With twice the size every array
#: was of pages fetched anew, and the accelerator models were half as fast.
_BLOCK = 1 << 13


@dataclass(frozen=True, slots=True)
class ConfigBlock:
    """Configs of one family and PE type, column by column.

    Attributes
    ----------
    levels : the values that each of `numeric_keys` takes, without repetition; an automatic clock is NaN.
    codes : which of them each config has, [configs] per key.
    """

    family: Family
    pe: PEType
    levels: Mapping[str, Array]
    codes: Mapping[str, Index]

    def __len__(self) -> int:
        return len(self.codes["clock"])

    def column(self, name: str) -> Array:
        """Values of one parameter, [configs]."""
        return self.levels[name][self.codes[name]]

    def take(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> ConfigBlock:
        """Some of the configs, by index or mask."""
        codes = {name: codes[rows] for name, codes in self.codes.items()}
        return ConfigBlock(self.family, self.pe, self.levels, codes)

    def config(self, row: int) -> AcceleratorConfig:
        """One config as an object, equal to the one that a design space gives."""
        found = {name: float(self.levels[name][self.codes[name][row]]) for name in self.levels}
        clock, numbers = found["clock"], tuple(self.family.numbers(found).values())
        return AcceleratorConfig(self.family, self.pe, numbers, None if np.isnan(clock) else clock)

    def distinct(self, names: Sequence[str], also: Array | None = None) -> tuple[Index, Index]:
        """One row of each combination that some parameters take, and for every config which combination it has.

        Parameters
        ----------
        also : one more value per config that belongs to the combination, [configs].
        """
        import pandas as pd

        flat = np.zeros(len(self), dtype=np.intp) if also is None else pd.factorize(also)[0]
        for name in names:
            if len(self.levels[name]) > 1:
                flat = flat * len(self.levels[name]) + self.codes[name]
        which, _ = pd.factorize(flat)
        first = np.empty(int(which.max(initial=-1)) + 1, dtype=np.intp)
        first[which[::-1]] = np.arange(len(flat))[::-1]
        return first, which


def numeric_keys(family: Family) -> tuple[str, ...]:
    """Keys of a config that are numbers, in the family's order."""
    return tuple(key for key in family.keys if key != "pe_type")


def config_block(pe: PEType, configs: Sequence[AcceleratorConfig]) -> ConfigBlock:
    """Configs of one PE type and family, at least one, as arrays."""
    levels: dict[str, Array] = {}
    codes: dict[str, Index] = {}
    for name in numeric_keys(configs[0].family):
        values = [config.clock_ghz if name == "clock" else getattr(config, name) for config in configs]
        levels[name], inverse = np.unique(_numbers(values), return_inverse=True)
        codes[name] = inverse.ravel()
    return ConfigBlock(configs[0].family, pe, levels, codes)


def space_blocks(space: DesignSpace, size: int = _BLOCK) -> Iterator[ConfigBlock]:
    """Configs of a space in its own order, in blocks of one PE type and at most `size` combinations each.

    Memory does not grow with the space. A block has the combinations that meet the space's conditions; none is empty.

    Raises
    ------
    InputError : a condition compares a word with a number.
    """
    axes = dict(space.axes)
    names = [key for key, _ in space.axes if key != "pe_type"]
    levels = {name: _numbers(axes[name]) for name in names}
    shape = tuple(len(levels[name]) for name in names)
    total = int(np.prod(shape))
    for pe, start in product(axes["pe_type"], range(0, total, size)):
        places = np.unravel_index(np.arange(start, min(start + size, total)), shape)
        block = ConfigBlock(space.family, pe, levels, dict(zip(names, places, strict=True)))
        if space.where:
            block = block.take(_allowed(block, space))
        if len(block):
            yield block


def sample_space(space: DesignSpace, count: int, seed: int) -> list[AcceleratorConfig]:
    """Distinct configs of a space drawn at random, in the space's order; all of them where there are no more.

    Raises
    ------
    InputError : a condition compares a word with a number.
    """
    axes = dict(space.axes)
    names = [key for key, _ in space.axes if key != "pe_type"]
    levels = {name: _numbers(axes[name]) for name in names}
    shape = tuple(len(levels[name]) for name in names)
    order = np.random.default_rng(seed).permutation(space.combinations)
    drawn: list[tuple[int, AcceleratorConfig]] = []
    for start in range(0, len(order), _DRAWN_AT_ONCE):
        part = order[start : start + _DRAWN_AT_ONCE]
        kinds, places = np.divmod(part, int(np.prod(shape)))
        for kind, pe in enumerate(axes["pe_type"]):
            which = np.flatnonzero(kinds == kind)
            codes = dict(zip(names, np.unravel_index(places[which], shape), strict=True))
            block = ConfigBlock(space.family, pe, levels, codes)
            for row in np.flatnonzero(_allowed(block, space)):
                drawn.append((int(which[row]) + start, block.config(int(row))))
        if len(drawn) >= count:
            break
    drawn = sorted(drawn, key=lambda pair: pair[0])[:count]
    return [config for _, config in sorted(drawn, key=lambda pair: order[pair[0]])]


def _allowed(block: ConfigBlock, space: DesignSpace) -> npt.NDArray[np.bool_]:
    """Which configs meet the space's conditions."""
    if not space.where or not len(block):
        return np.ones(len(block), dtype=bool)
    words = condition_columns(block)
    return np.logical_and.reduce([condition.mask(words) for condition in space.where])


def condition_columns(block: ConfigBlock) -> dict[str, np.ndarray]:
    """Columns under the names and with the words of conditions: the PE type's name, and ``auto`` for an own clock."""
    columns: dict[str, np.ndarray] = {name: block.column(name) for name in block.levels}
    own = np.isnan(columns["clock"])
    if own.any():
        columns["clock"] = np.where(own, np.array("auto", dtype=object), columns["clock"].astype(object))
    return {**columns, "pe_type": np.full(len(block), block.pe.name)}


def _numbers(values: Sequence[float | None]) -> Array:
    return np.array([np.nan if value is None else value for value in values], dtype=float)
