"""A design space as a grid of points, which is how a search walks it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..hardware.config import AcceleratorConfig
from ..hardware.space import DesignSpace

#: Index of the value of each varying axis, in the order of `Grid.names`.
Point = tuple[int, ...]

#: Points that a search for a free neighbour looks at before it takes any free point of the whole grid.
_NEIGHBOURHOOD = 300


@dataclass(frozen=True)
class Grid:
    """The axes of a design space that vary, each with its values in order, so that neighbours are alike.

    Attributes
    ----------
    space : the design space, with numbers ascending on every axis.
    """

    space: DesignSpace

    @classmethod
    def of(cls, space: DesignSpace) -> Grid:
        """The grid of a design space."""
        axes = tuple((key, values if key == "pe_type" else _ascending(values)) for key, values in space.axes)
        return cls(replace(space, axes=axes))

    @cached_property
    def axes(self) -> tuple[tuple[str, tuple[Any, ...]], ...]:
        """(key, values) of the axes with more than one value."""
        return tuple((key, values) for key, values in self.space.axes if len(values) > 1)

    @property
    def names(self) -> tuple[str, ...]:
        """Keys of the varying axes."""
        return tuple(key for key, _ in self.axes)

    @property
    def sizes(self) -> Point:
        """Number of values of each varying axis."""
        return tuple(len(values) for _, values in self.axes)

    def config(self, point: Point) -> AcceleratorConfig:
        """The config at a point."""
        indices = dict(zip(self.names, point, strict=True))
        return self.space.config([values[indices.get(key, 0)] for key, values in self.space.axes])

    def allows(self, point: Point) -> bool:
        """Whether the config at a point meets the conditions of the space."""
        return not self.space.where or self.space.allows(self.config(point))

    def free_near(self, point: Point, taken: Collection[Point], dice: np.random.Generator) -> Point | None:
        """The nearest allowed point that is not taken, which may be the point itself; None when there is none at all.

        A step is one value up or down on an axis of numbers, or another PE type. Points equally far are tried in
        random order.
        """
        if point not in taken and self.allows(point):
            return point
        seen = {point}
        ring = [point]
        while ring and len(seen) < _NEIGHBOURHOOD:
            further = [near for at in ring for near in self.neighbours(at)]
            ring = [near for near in dict.fromkeys(further) if near not in seen]
            seen.update(ring)
            ring = [ring[index] for index in dice.permutation(len(ring))]
            for near in ring:
                if near not in taken and self.allows(near):
                    return near
        return next((other for other in self._scattered(dice) if other not in taken and self.allows(other)), None)

    def neighbours(self, point: Point) -> Iterator[Point]:
        """Points one step away, allowed or not."""
        for axis, ((key, values), index) in enumerate(zip(self.axes, point, strict=True)):
            others = range(len(values)) if key == "pe_type" else (index - 1, index + 1)
            for other in others:
                if other != index and 0 <= other < len(values):
                    yield (*point[:axis], other, *point[axis + 1 :])

    def _scattered(self, dice: np.random.Generator) -> Iterator[Point]:
        """Every point once, in an order without pattern and in constant memory."""
        total = math.prod(self.sizes)
        start, stride = int(dice.integers(total)), int(dice.integers(1, total + 1))
        while math.gcd(stride, total) > 1:
            stride += 1
        for step in range(total):
            yield tuple(int(index) for index in np.unravel_index((start + step * stride) % total, self.sizes))


def _ascending(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Numbers in order; a clock of None (auto) before the fixed ones."""
    return tuple(sorted(values, key=lambda value: (value is not None, value)))
