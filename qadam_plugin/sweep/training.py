"""Training sets of the accelerator models from a store, and the fitted models beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..engines.base import Engine
from ..engines.surrogate import surrogate_fingerprint
from ..errors import InputError
from ..hardware.config import AcceleratorConfig
from ..hardware.pe_types import PEType
from ..ppa.accelerator.fit import FEWEST, FIGURES, FittedSet, TrainingSet, fit_network
from ..ppa.accelerator.models import PETypeRecord, SurrogateFile, load_surrogate
from ..ppa.accelerator.prices import check_family
from ..ppa.library import ModelLibrary
from ..workloads.network import Network, NetworkLayer
from .exports import atomic, write_csv
from .keys import network_key
from .points import stored_config
from .records import Group
from .results import design_results
from .store import ResultStore

MODELS = "surrogate.json"
HELD_OUT = "surrogate_held_out.csv"


@dataclass(frozen=True, slots=True)
class SurrogateFit:
    """Models of every network and PE type of a store.

    Attributes
    ----------
    file : what is kept in `MODELS`. sets : one per PE type and network, with what was held out.
    invalid : results without a valid mapping, which no model says anything about.
    left_out : PE types on networks with too few results to fit to, such as a search leaves, one line each.
    """

    file: SurrogateFile
    sets: tuple[FittedSet, ...]
    invalid: int
    left_out: tuple[str, ...]


def fit_store(
    store: ResultStore,
    engine: Engine,
    library: ModelLibrary,
    objective: str,
    batch: int,
    report: Callable[[str], None],
    config_ids: Collection[str] | None = None,
) -> SurrogateFit:
    """Fit accelerator models to the exact results in a store.

    Parameters
    ----------
    engine : whose results; those of another version of it are not taken, as their component models may differ.
    report : told what is being fitted. config_ids : the only configs to fit to; left out, all.

    Raises
    ------
    InputError : no such results, or too few of each PE type.
    """
    wanted = (engine.name, objective, batch, engine.fingerprint)
    groups = [g for g in store.groups() if (g.engine, g.objective, g.batch, g.fingerprint) == wanted]
    if not groups:
        raise InputError(store.path, "", _none_of(store.groups(), wanted))
    for group in groups:
        if group.network.has_bits:
            report(f"{group.network.name}: left out, accelerator models know no bit-widths of layers")
    groups = [group for group in groups if not group.network.has_bits]
    if not groups:
        raise InputError(store.path, "", "has only networks with bit-widths, which accelerator models do not know")
    names = [group.network.name for group in groups]
    if len(set(names)) < len(names):
        raise InputError(store.path, "", "has two networks of one name; fit each from a store of its own")
    sets: list[FittedSet] = []
    left_out: list[str] = []
    invalid = 0
    for group in groups:
        found = (result.row for result in design_results(store, group, details=False))
        rows = [row for row in found if config_ids is None or row["config_id"] in config_ids]
        valid = [row for row in rows if row["valid"]]
        invalid += len(rows) - len(valid)
        for training in _training_sets(group, valid, store):
            what = f"{training.pe.name} on {training.network.name}"
            if len(training.configs) < FEWEST:
                left_out.append(f"{what}: {len(training.configs)} valid results")
                continue
            report(f"{what}: {len(training.configs)} configs")
            sets.append(fit_network(training, batch, library))
    if not sets:
        few = "; ".join(left_out) or "no valid results"
        raise InputError(store.path, "", f"{few}; at least {FEWEST} of a PE type are wanted to fit models")
    fitted = {found.training.network.name for found in sets}
    file = SurrogateFile(
        generated_by="qadam-tl surrogate fit",
        engine=engine.name,
        fingerprint=surrogate_fingerprint(engine),
        objective=objective,
        batch=batch,
        networks={g.network.name: g.network.key for g in groups if g.network.name in fitted},
        pe_types=_pe_types(sets, store.path),
        models=tuple(record for found in sets for record in found.models),
        errors=tuple(record for found in sets for record in found.errors),
    )
    return SurrogateFit(file, tuple(sets), invalid, tuple(left_out))


def _none_of(groups: Sequence[Group], wanted: tuple[str, str, int, str]) -> str:
    engine, objective, batch, _ = wanted
    if any((g.engine, g.objective, g.batch) == (engine, objective, batch) for g in groups):
        return "its results are of other component models or another mapper; run the sweep again"
    kept = sorted({f"engine {g.engine}, objective {g.objective}, batch {g.batch}" for g in groups})
    return f"no results of engine {engine}, objective {objective}, batch {batch}; it has: {'; '.join(kept) or 'none'}"


def _training_sets(group: Group, rows: Sequence[Mapping[str, Any]], store: ResultStore) -> list[TrainingSet]:
    """Valid results of one network by PE type; a config that several runs share counts once."""
    network = Network(
        group.network.name,
        "",
        tuple(NetworkLayer(name, kind, layer, n) for name, kind, n, layer in group.network.layers),
    )
    by_type: dict[PEType, dict[str, tuple[AcceleratorConfig, Mapping[str, Any]]]] = {}
    for row in rows:
        config = stored_config(row, store)
        check_family(config.family, store.path)
        by_type.setdefault(config.pe, {})[config.config_id] = (config, row)
    return [
        TrainingSet(
            network=network,
            configs=tuple(config for config, _ in found.values()),
            cycles=np.array([row["cycles"] for _, row in found.values()], dtype=float),
            onchip_pj=np.array([row["onchip_energy_uj"] for _, row in found.values()], dtype=float) * 1e6,
            dram_pj=np.array([row["dram_energy_uj"] for _, row in found.values()], dtype=float) * 1e6,
        )
        for found in by_type.values()
    ]


def _pe_types(sets: Sequence[FittedSet], source: Path) -> tuple[PETypeRecord, ...]:
    """One record per PE type, with the range that holds for all its networks."""
    found: dict[str, PETypeRecord] = {}
    for record in (fitted.pe_type for fitted in sets):
        known = found.setdefault(record.name, record)
        common = {
            name: (max(low, known.range[name][0]), min(high, known.range[name][1]))
            for name, (low, high) in record.range.items()
        }
        if record.model_copy(update={"range": {}}) != known.model_copy(update={"range": {}}):
            raise InputError(source, record.name, "two PE types have this name; fit each from a store of its own")
        found[record.name] = record.model_copy(update={"range": common})
    return tuple(found.values())


def write_fit(fit: SurrogateFit, directory: Path) -> None:
    """Write `MODELS` and `HELD_OUT` beside the store, each all or nothing.

    Raises
    ------
    InputError, RunError : a file cannot be written; the file of before stays.
    """
    with atomic(directory / MODELS) as unfinished:
        unfinished.write_text(json.dumps(fit.file.model_dump(mode="json"), indent=1) + "\n", encoding="utf-8")
    columns = [(name, "text") for name in ("network", "pe_type", "config_id", "figure", "actual", "predicted")]
    write_csv(directory / HELD_OUT, columns, _held_out_rows(fit.sets))


def _held_out_rows(sets: Sequence[FittedSet]) -> Iterator[dict[str, Any]]:
    for fitted in sets:
        for figure in FIGURES:
            pairs = zip(getattr(fitted.actual, figure), getattr(fitted.predicted, figure), strict=True)
            for index, (actual, predicted) in zip(fitted.held_out, pairs, strict=True):
                yield {
                    "network": fitted.training.network.name,
                    "pe_type": fitted.training.pe.name,
                    "config_id": fitted.training.configs[int(index)].config_id,
                    "figure": figure,
                    "actual": float(actual),
                    "predicted": float(predicted),
                }


def read_models(
    directory: Path, engine: Engine, objective: str, batch: int, networks: Sequence[Network]
) -> SurrogateFile:
    """Models of a folder that fit what is asked for.

    Raises
    ------
    InputError : none, or of another engine version, objective, batch or network.
    """
    path = directory / MODELS
    file = load_surrogate(path)
    again = f"run the sweep and `qadam-tl surrogate fit {directory}` again"
    if (file.engine, file.fingerprint) != (engine.name, surrogate_fingerprint(engine)):
        raise InputError(path, "fingerprint", f"fitted to other component models or another mapper; {again}")
    if (file.objective, file.batch) != (objective, batch):
        fitted = f"objective {file.objective}, batch {file.batch}"
        raise InputError(path, "", f"fitted for {fitted}, not objective {objective}, batch {batch}")
    for network in networks:
        if file.networks.get(network.name) != network_key(network):
            known = ", ".join(file.networks)
            raise InputError(path, "networks", f"no models of '{network.name}' as it is now; there are: {known}")
    return file
