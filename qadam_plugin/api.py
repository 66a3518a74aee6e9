"""QADAM-TL from Python: what the command line does, on pandas tables.

    from qadam_plugin import api as qadam

    results = qadam.sweep({"pe_type": ["int16", "lightpe1"], "rows": [8, 12]}, "resnet20-cifar10", out="results")
    qadam.pareto(results, where="area_mm2 < 2")
    qadam.plot("results", "energy")

A design space, a config and a network may each be given as the file that a person writes, as its keys in a dictionary,
or as our own object. Columns and units are those of ``results.csv`` and ``layers.parquet`` (docs/sweep.md). Bad input
raises `InputError`, failed work `RunError`, both `QadamError` with one clear line; nothing is printed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .hardware.config import AcceleratorConfig, config_from_values, load_config
from .hardware.space import DesignSpace, space_from_values
from .workloads.bits import BitsLike
from .workloads.network import Network

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from .mapping.search import SearchResult
    from .sweep.runner import Progress, SweepPlan
    from .workloads.layer import Layer

Space = str | Path | Mapping[str, Any] | DesignSpace
Config = str | Path | Mapping[str, Any] | AcceleratorConfig


@dataclass(frozen=True)
class Evaluation:
    """One network on one config.

    Attributes
    ----------
    totals : the row of ``results.csv``.
    layers : a row per layer, columns of ``layers.parquet``.
    """

    totals: pd.Series
    layers: pd.DataFrame


def sweep(
    space: Space | None = None,
    networks: str | Path | Network | Iterable[str | Path | Network] = "resnet20-cifar10",
    *,
    out: str | Path | None = None,
    objective: str = "edp",
    batch: int = 1,
    clock: float | str | None = None,
    bits: BitsLike | None = None,
    engine: str = "rowstationary",
    engine_settings: str | Path | None = None,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> pd.DataFrame:
    """Map networks on every config of a design space.

    Parameters
    ----------
    space : left out, the shipped one.
    out : folder that keeps the results: what is in it is not computed again. Left out, nothing is kept.
    clock : GHz or ``auto`` for all; None: as the space says.
    bits : bit-widths of all networks: 8, ``[8, 4]`` (activations, weights), a file, or a mapping of layers' names such
        as ``{"default": [8, 4], "fc": 8}``; None: those of their files, if any.
    jobs : processes; None: one per usable CPU. Scripts need the usual ``if __name__ == "__main__":`` around a sweep.
    progress : called with how far the sweep is.

    Returns
    -------
    results of this space, these networks and settings, one row each.
    """
    from .sweep.planning import plan_sweep

    if isinstance(networks, str | Path | Network):
        networks = [networks]
    plan = plan_sweep(
        _space(space),
        networks,
        objective=objective,
        engine=engine,
        engine_settings=None if engine_settings is None else Path(engine_settings),
        batch=batch,
        clock=None if clock is None else str(clock),
        bits=bits,
    )
    if out is not None:
        return _run(plan, Path(out), jobs, progress)[0]
    with tempfile.TemporaryDirectory() as folder:
        return _run(plan, Path(folder), jobs, progress)[0]


def evaluate(
    config: Config,
    network: str | Path | Network = "resnet20-cifar10",
    *,
    objective: str = "edp",
    batch: int = 1,
    bits: BitsLike | None = None,
    engine: str = "rowstationary",
) -> Evaluation:
    """Map one network on one config, layer by layer; `bits` as in `sweep`.

    Raises
    ------
    RunError : the config cannot be built, or a layer has no valid mapping; the message says why.
    """
    import pandas as pd

    from .errors import RunError
    from .sweep.planning import plan_sweep

    design = _config(config)
    plan = plan_sweep([design], [network], objective=objective, engine=engine, batch=batch, bits=bits)
    with tempfile.TemporaryDirectory() as folder:
        results, layers = _run(plan, Path(folder), 1, None)
    totals = results.iloc[0]
    if not totals["valid"]:
        raise RunError(str(totals["reason"]))
    return Evaluation(totals, pd.DataFrame(layers))


def load(directory: str | Path, *, where: str | None = None, accuracy: str | Path | None = None) -> pd.DataFrame:
    """Results of a sweep's folder.

    Parameters
    ----------
    where : a condition on the columns, such as ``area_mm2 < 2 and pe_type != "fp32"``.
    accuracy : CSV of network, pe_type, top1_mean and top1_spread; adds the metric ``top1``.
    """
    from .analysis.selection import read_results
    from .sweep.store import ResultStore

    with ResultStore.reading(Path(directory)) as store:
        columns = [name for name, _ in store.columns()]
        return read_results(store, columns, where, None if accuracy is None else Path(accuracy), None).kept


def load_layers(directory: str | Path) -> pd.DataFrame:
    """Layers of the last sweep into a folder: mapping, counts and energy of each."""
    import pandas as pd

    from .errors import InputError

    path = Path(directory) / "layers.parquet"
    if not path.is_file():
        raise InputError(path, "", "no such file: give the folder of a finished sweep")
    return pd.read_parquet(path)


def pareto(
    results: pd.DataFrame,
    metrics: Sequence[str] = ("onchip_energy_uj", "perf_per_area"),
    *,
    where: str | None = None,
) -> pd.DataFrame:
    """Results that no other one beats in every metric, sorted by the first; networks, batches and clocks apart.

    Parameters
    ----------
    results : of `sweep` or `load`.
    where : a condition on its columns.
    """
    from .analysis.fronts import front_mask
    from .analysis.groups import met, select
    from .analysis.metrics import metric
    from .hardware.expressions import parse

    chosen = [metric(name, "metrics", accuracy="top1" in results) for name in metrics]
    if where is not None:
        condition = parse(where, [str(name) for name in results], "where")
        results = met(results, condition)
    return select(results, front_mask(results, chosen)).sort_values(chosen[0].name, kind="stable")


def plot(
    directory: str | Path,
    kind: str = "pareto",
    *,
    where: str | None = None,
    accuracy: str | Path | None = None,
    x: str | None = None,
    y: str | None = None,
    normalize: str | None = None,
    metric: str | None = None,
) -> Figure:
    """A figure of a sweep's folder; a notebook shows it, ``savefig`` writes it.

    Parameters
    ----------
    kind : pareto, ppa, accuracy, energy, utilization, roofline or sensitivity (docs/plots.md).
    x, y, normalize : of pareto: metrics of the axes, PE type that they are relative to.
    metric : what the best designs are best in.
    """
    from .analysis.figures.kinds import KINDS
    from .analysis.figures.stored import stored_figure
    from .errors import InputError
    from .userfile import suggestion

    if kind not in KINDS:
        raise InputError("kind", "", f"no figure '{kind}'; {suggestion(kind, KINDS)}")
    given = None if accuracy is None else Path(accuracy)
    return stored_figure(
        Path(directory), kind, where=where, accuracy=given, x=x, y=y, normalize=normalize, best=metric
    )[0]


def map_layer(config: Config, layer: Layer, objective: str = "edp") -> SearchResult:
    """The best mapping of one layer on a config's architecture, its counts and its proof (docs/mapper.md)."""
    from .errors import InputError
    from .hardware.build import build_spec
    from .mapping.search import OBJECTIVES, search
    from .ppa.layer_pricing import priced_layer
    from .ppa.library import load_library
    from .ppa.pricing import price_spec, resolve_clock_ghz

    if objective not in OBJECTIVES:
        raise InputError("objective", "", f"unknown objective '{objective}'; known: {', '.join(OBJECTIVES)}")
    design, library = _config(config), load_library()
    too_wide = design.pe.too_narrow_for(*layer.bits)
    if too_wide:
        raise InputError("layer", "", too_wide)
    spec = build_spec(design, resolve_clock_ghz(design, library))
    work = priced_layer(design.pe, spec, price_spec(spec, library), layer, library)
    return search(spec, work.layer, work.priced.energy, objective)


def estimate(config: Config) -> pd.DataFrame:
    """Area, leakage and energy per action of every part of a config, from the fitted models.

    Returns
    -------
    a row per component: instances, area_um2 and leakage_mw of one, and a column ``<action>_pj`` per action.
    """
    import pandas as pd

    from .hardware.build import build_spec
    from .ppa.library import load_library
    from .ppa.pricing import price_spec, resolve_clock_ghz

    design, library = _config(config), load_library()
    priced = price_spec(build_spec(design, resolve_clock_ghz(design, library)), library)
    rows = [
        {"component": part.name, "instances": part.instances}
        | {"area_um2": part.estimate.area_um2, "leakage_mw": part.estimate.leakage_mw}
        | {f"{action}_pj": energy for action, energy in priced.energy.energy_pj[part.name].items()}
        for part in priced.components
    ]
    return pd.DataFrame(rows)


def quantize(
    network: str | Path | Network,
    design: Config | DesignSpace = "eyeriss",
    *,
    out: str | Path,
    error: Callable[[dict[str, tuple[int, int]]], float] | None = None,
    objectives: str = "energy,error",
    bits: tuple[int, int] = (2, 8),
    map_for: str = "edp",
    mac_energy: str = "bits",
    packing: str = "word",
    batch: int = 1,
    evaluations: int = 2000,
    population: int = 50,
    seed: int = 1,
    jobs: int | None = None,
) -> pd.DataFrame:
    """Search the bits of every layer's activations and weights (docs/quantize.md).

    Parameters
    ----------
    design : a config, ``eyeriss`` or ``simba``; a design space is searched too.
    out : folder that keeps what layers cost and the results of the front: what is in it is not computed again.
    error : gets {layer: (activations, weights)}; left out, the quantization noise of Gaussian weights, a proxy.

    Returns
    -------
    a row per setting, columns of ``quantize.csv``; `front` marks those that no other beats.
    """
    import pandas as pd

    from .quantize.errors import FunctionError, noise_proxy
    from .quantize.outputs import setting_columns, setting_rows, write_settings
    from .quantize.planning import checked_engine, shipped_design
    from .quantize.search import parse_objectives
    from .quantize.session import QuantizePlan, run_quantize
    from .sweep.runner import usable_cpus
    from .sweep.store import ResultStore
    from .workloads.network import load_network

    loaded = network if isinstance(network, Network) else load_network(network, "network")
    if not isinstance(design, DesignSpace):
        design = _config(shipped_design(design) if isinstance(design, str | Path) else design)
    source = noise_proxy(loaded.steps, None, "relu") if error is None else FunctionError(error, loaded.steps, "error")
    plan = QuantizePlan(
        network=loaded,
        hardware=design,
        hardware_name="given",
        engine=checked_engine(map_for, mac_energy, packing),
        map_for=map_for,
        batch=batch,
        objectives=parse_objectives(objectives, "objectives"),
        bits=bits,
        source=source,
        evaluations=evaluations,
        population=population,
        seed=seed,
    )
    with ResultStore.writing(Path(out)) as store:
        found = run_quantize(plan, store, jobs or usable_cpus(), lambda progress: None)
        write_settings(found, source.name, Path(out))
    columns = [name for name, _ in setting_columns(found, source.name)]
    return pd.DataFrame(list(setting_rows(found, source.name)), columns=columns)


def _run(
    plan: SweepPlan, directory: Path, jobs: int | None, progress: Callable[[Progress], None] | None
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Results of a plan, and the layers of the first of them."""
    import numpy as np

    from .analysis.groups import select
    from .sweep.frames import results_frame, stored_designs
    from .sweep.results import layer_rows
    from .sweep.runner import run_sweep, usable_cpus
    from .sweep.store import ResultStore

    with ResultStore.writing(directory) as store:
        counts = run_sweep(plan, store, jobs or usable_cpus(), progress or _silent)
        results = results_frame(store)
        ours = select(results, np.array([counts.run in runs.split() for runs in results["runs"]]))
        first = next(iter(stored_designs(store, ours.index.to_numpy()[:1])), None)
        layers = [] if first is None else list(layer_rows(first))
    return ours.reset_index(drop=True), layers


def _space(space: Space | None) -> DesignSpace | Path | None:
    if isinstance(space, str | Path):
        return Path(space)
    return space_from_values(dict(space), "space") if isinstance(space, Mapping) else space


def _config(config: Config) -> AcceleratorConfig:
    if isinstance(config, str | Path):
        return load_config(config)
    return config_from_values(dict(config), "config") if isinstance(config, Mapping) else config


def _silent(progress: Progress) -> None:
    """Nobody asked."""
