"""Content hashes: the names under which the store knows designs, layer rows, networks and runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict

from ..engines.base import Engine
from ..hardware.config import AcceleratorConfig
from ..workloads.layer import Layer
from ..workloads.network import Network

_DIGITS = 32


def canonical(value: object) -> str:
    """JSON of a value in its one canonical form."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _digest(*parts: object) -> str:
    return hashlib.sha256(canonical(parts).encode()).hexdigest()[:_DIGITS]


def layer_fields(layer: Layer) -> dict[str, int]:
    """A layer as JSON; bits that are not given are left out, so that a layer without any is what it always was."""
    return {name: value for name, value in asdict(layer).items() if value is not None}


def design_key(config: AcceleratorConfig, engine: Engine) -> str:
    """Key of one config as one engine, with its settings and tables, sees it."""
    return _digest("design", config.identity, config.family.digest, engine.name, engine.fingerprint)


def layer_key(design: str, layer: Layer, objective: str) -> str:
    """Key of one layer shape (batch is its N) mapped for one objective on the design with that key."""
    return _digest("layer", design, layer_fields(layer), objective)


def network_key(network: Network) -> str:
    """Key of a network's name and shapes: an edited network file is another network."""
    return _digest("network", network.name, network_layers(network))


def network_layers(network: Network) -> list[list[object]]:
    """Layers of a network as JSON: [name, kind, count, shape]."""
    return [[item.name, item.kind, item.count, layer_fields(item.layer)] for item in network.layers]


def run_key(designs: Iterable[AcceleratorConfig], networks: Iterable[Network], settings: Iterable[object]) -> str:
    """Eight hex digits naming a run: which configs, which networks, which settings. Constant memory in the configs."""
    state = hashlib.sha256(canonical(list(settings)).encode())
    for network in networks:
        state.update(network_key(network).encode())
    for config in designs:
        state.update(config.config_id.encode())
    return state.hexdigest()[:8]
