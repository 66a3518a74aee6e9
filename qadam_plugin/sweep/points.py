"""Designs of a store made whole again: config, layers and mappings of chosen results."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..engines.base import LayerResult
from ..errors import InputError
from ..hardware.config import AcceleratorConfig
from ..hardware.pe_types import FAMILIES, PEType
from ..workloads.layer import Layer
from .keys import layer_key
from .records import Group
from .results import result_rows
from .store import ResultStore
from .totals import batched


@dataclass(frozen=True, slots=True)
class StoredPoint:
    """One config and network with what its sweep found.

    Attributes
    ----------
    clock_ghz : the clock it ran at.
    layers : (name, shape with its batch, result), every layer of the network, repeated ones once.
    """

    group: Group
    config: AcceleratorConfig
    clock_ghz: float
    layers: tuple[tuple[str, Layer, LayerResult], ...]


def stored_points(store: ResultStore, wanted: Collection[tuple[str, str, int, str, str, str]]) -> Iterator[StoredPoint]:
    """Points by (config_id, network, batch, engine, objective, fingerprint), in the order of the exports.

    Raises
    ------
    InputError : a design's columns are of no config that this version knows.
    """
    for group in store.groups():
        tail = (group.network.name, group.batch, group.engine, group.objective, group.fingerprint)
        shapes: dict[Layer, str] = {}
        for name, _, _, layer in group.network.layers:
            shapes.setdefault(batched(layer, group.batch), name)
        chosen = {
            id for rows in store.results(group, ("d.config_id",)) for id, config in rows if (config, *tail) in wanted
        }
        for row in result_rows(store, group, [id for id in store.design_ids(group).tolist() if id in chosen]):
            if not row.buildable:
                continue
            keys = {shape: layer_key(row.design, shape, group.objective) for shape in shapes}
            results = store.layer_results(sorted(keys.values()), details=True)
            layers = tuple((name, shape, results[keys[shape]]) for shape, name in shapes.items())
            yield StoredPoint(group, stored_config(row.columns, store), row.columns["clock_ghz"], layers)


def stored_config(design: Mapping[str, Any], store: ResultStore) -> AcceleratorConfig:
    """The config of a design's columns.

    A PE type's family has no column: it is the one with which the config has its identity.

    Raises
    ------
    InputError : none has.
    """
    config_id = design["config_id"]
    found = store.family(design["family"], config_id)
    numbers = tuple(found.numbers(design).values())
    clock = None if design["clock"] == "auto" else float(design["clock"])
    for family in FAMILIES:
        for terms in (1, 2) if family == "shift-add" else (0,):
            widths = (design["act_bits"], design["weight_bits"], design["acc_bits"])
            pe = PEType(design["pe_type"], family, *widths, shift_terms=terms)
            config = AcceleratorConfig(found, pe, numbers, clock)
            if config.config_id == config_id:
                return config
    raise InputError(store.path, config_id, "is no config that this version of qadam-tl makes")
