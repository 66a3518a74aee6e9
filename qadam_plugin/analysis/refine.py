"""Which configs of a predicted design space to compute exactly: its front, what may be on it, and the steps around.

A prediction errs, so a config that the predicted front beats by less than the models' error may belong to the true one.
How much a config is beaten is measured on logarithmic axes, in units of twice the error that nine in ten predictions
stay below: the front and the config may both be off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..hardware.config import AcceleratorConfig
from ..hardware.space import DesignSpace
from ..hardware.space_arrays import ConfigBlock
from ..ppa.accelerator.models import ErrorRecord, Prediction
from .hypervolume import log_costs
from .metrics import Metric
from .pareto import pareto_mask

Array = npt.NDArray[np.float64]

#: Least error that is reckoned with: the models are not exact where so few points did not show it.
_LEAST_ERROR = 1e-3

#: Points of a front that are compared with at once.
_BLOCK = 256

#: Points kept for each one that is wanted in the end, before the worse ones are dropped.
_SPARE = 8


def beaten_by(costs: Array, front: Array) -> Array:
    """How far each point is from not being dominated: the additive epsilon indicator of Zitzler et al. 2003.

    Parameters
    ----------
    costs : [points, objectives]. front : [others, objectives], not empty.

    Returns
    -------
    [points]: the least amount that has to be taken from every cost of a point until no other dominates it strictly; 0
    on the front, less before it.
    """
    found = np.full(len(costs), -np.inf)
    for start in range(0, len(front), _BLOCK):
        part = front[start : start + _BLOCK]
        least = costs[:, 0, None] - part[None, :, 0]
        for column in range(1, costs.shape[1]):
            np.minimum(least, costs[:, column, None] - part[None, :, column], out=least)
        np.maximum(found, least.max(axis=1), out=found)
    return found


class Candidates:
    """Configs of one network and clock on the predicted front or near it, gathered block by block.

    Parameters
    ----------
    metrics : the objectives. bands : per PE type, width of the band of each objective, natural logarithm.
    limit : how many of them are wanted at most.
    """

    def __init__(self, metrics: Sequence[Metric], bands: Mapping[str, Array], limit: int) -> None:
        self._metrics, self._bands, self._limit = tuple(metrics), bands, limit
        self._front = np.empty((0, len(self._metrics)))
        self._blocks: list[ConfigBlock] = []
        self._costs: list[Array] = []
        self._kept = 0

    def add(self, block: ConfigBlock, prediction: Prediction) -> None:
        """Take the configs of a block that are near the front; those outside the models' range are passed over."""
        figures = np.column_stack([getattr(prediction, metric.name) for metric in self._metrics])
        costs = log_costs(figures, [metric.maximize for metric in self._metrics])
        inside = np.flatnonzero(~prediction.outside & np.isfinite(costs).all(axis=1))
        costs = costs[inside]
        if not len(costs):
            return
        if len(self._front):
            near = self._distance(costs, block.pe.name) <= 1
            inside, costs = inside[near], costs[near]
        joined = np.concatenate([self._front, costs])
        self._front = np.unique(joined[pareto_mask(joined)], axis=0)
        near = self._distance(costs, block.pe.name) <= 1
        self._keep(block.take(inside[near]), costs[near])

    def chosen(self) -> tuple[list[AcceleratorConfig], list[AcceleratorConfig]]:
        """Configs on the predicted front, and the others that may be, the likeliest first."""
        self._prune()
        pairs = [
            (float(distance), block.config(row))
            for block, costs in zip(self._blocks, self._costs, strict=True)
            for row, distance in enumerate(self._distance(costs, block.pe.name))
        ]
        pairs.sort(key=lambda pair: pair[0])
        return [config for far, config in pairs if far <= 0], [config for far, config in pairs if far > 0]

    def _distance(self, costs: Array, pe_type: str) -> Array:
        band = self._bands[pe_type]
        return beaten_by(costs / band, self._front / band)

    def _keep(self, block: ConfigBlock, costs: Array) -> None:
        if not len(costs):
            return
        self._blocks.append(block)
        self._costs.append(costs)
        self._kept += len(costs)
        if self._kept > _SPARE * self._limit:
            self._prune()

    def _prune(self) -> None:
        """Drop what the front of now is too far from, and more where there are too many."""
        distances = [
            self._distance(costs, block.pe.name) for block, costs in zip(self._blocks, self._costs, strict=True)
        ]
        every = np.concatenate([np.empty(0), *distances])
        most = 1.0 if len(every) <= self._limit else min(1.0, float(np.partition(every, self._limit)[self._limit]))
        masks = [distance <= max(most, 0.0) for distance in distances]
        self._blocks = [block.take(mask) for block, mask in zip(self._blocks, masks, strict=True) if mask.any()]
        self._costs = [costs[mask] for costs, mask in zip(self._costs, masks, strict=True) if mask.any()]
        self._kept = sum(len(costs) for costs in self._costs)


def error_bands(errors: Iterable[ErrorRecord], network: str, metrics: Sequence[Metric]) -> dict[str, Array]:
    """Width of the band of each metric by PE type, from the errors on held-out configs."""
    found: dict[str, dict[str, float]] = {}
    for record in errors:
        if record.network == network:
            found.setdefault(record.pe_type, {})[record.figure] = record.held_out.ninety
    return {
        pe_type: np.array([2 * max(known.get(metric.name, 0.0), _LEAST_ERROR) for metric in metrics])
        for pe_type, known in found.items()
    }


def neighbours(space: DesignSpace, config: AcceleratorConfig) -> Iterator[AcceleratorConfig]:
    """Configs of a space one step from one of its configs: the next smaller and larger value of each parameter, and
    every other PE type. Those that do not meet the space's conditions are left out.
    """
    for key, axis in space.axes:
        field = {"pe_type": "pe", "clock": "clock_ghz"}.get(key, key)
        own: Any = getattr(config, field)
        ordered = list(axis) if key == "pe_type" else sorted(axis, key=lambda value: -1.0 if value is None else value)
        at = ordered.index(own)
        steps = ordered if key == "pe_type" else ordered[max(at - 1, 0) : at + 2]
        for value in steps:
            changed = {field: value}
            other = replace(config, **changed) if field in ("pe", "clock_ghz") else config.with_values(changed)
            if value != own and space.allows(other):
                yield other
