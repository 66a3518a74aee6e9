"""How good and how fast the accelerator models are: errors, points per second, hypervolume after refining, speed-ups.

    python benchmarks/surrogate.py [--out DIR] [--networks NAME ...] [--space SPACE.yaml] [--train N]
                                   [--timeloop FILE] [--characterize-log FILE]

1. Errors on held-out configs of the shipped design space, for each PE type and network, beside those of polynomials
   over the parameters alone, as the QADAM papers describe them, with the same selection. Then the errors of the same
   models on configs between the points of the shipped space, drawn at random and computed exactly.
2. Points priced per second on one core, over a space of 1.44 million configs that lies inside the models' range.
3. Hypervolume: models fitted to N configs of SPACE drawn at random, the whole space predicted and refined, against the
   front of the whole space computed exactly. Logarithmic axes, the space's worst valid point as reference.
4. Speed-ups over the exact engine, measured here; over Timeloop's mapper, from the CPU seconds of the mapper references
   in FILE; over synthesis, from the seconds per PE in the log of `qadam-tl characterize --family pe`.

Exact results stay in DIR, so that a second call only predicts. CPU seconds throughout: other programs do not count.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

import numpy as np

from qadam_plugin.analysis.fronts import front_mask
from qadam_plugin.analysis.groups import column, select, valid_results
from qadam_plugin.analysis.hypervolume import hypervolume, log_costs
from qadam_plugin.analysis.metrics import METRICS
from qadam_plugin.analysis.refined_sweep import Refinement
from qadam_plugin.engines.rowstationary import RowStationaryEngine
from qadam_plugin.engines.surrogate import predict_space
from qadam_plugin.hardware.config import AcceleratorConfig
from qadam_plugin.hardware.space import DesignSpace, default_space, load_space, parse_space
from qadam_plugin.hardware.space_arrays import config_block, sample_space
from qadam_plugin.ppa.accelerator.bounds import NetworkBounder
from qadam_plugin.ppa.accelerator.fit import choose_terms, held_out_errors, split_held_out
from qadam_plugin.ppa.accelerator.models import AcceleratorModels, HeldOut
from qadam_plugin.ppa.accelerator.prices import Pricer
from qadam_plugin.ppa.accelerator.terms import TermValues, candidate_forms
from qadam_plugin.ppa.regression import fit_coefficients, predictions
from qadam_plugin.sweep.frames import results_frame
from qadam_plugin.sweep.predictions import write_predictions
from qadam_plugin.sweep.runner import SweepPlan, run_sweep, usable_cpus
from qadam_plugin.sweep.store import ResultStore
from qadam_plugin.sweep.training import SurrogateFit, fit_store
from qadam_plugin.workloads.network import Network, load_network

#: Inside the range of the shipped space, finer: what the throughput is measured on.
FINE = """
rows: {from: 8, to: 16, step: 1}
cols: {from: 8, to: 14, step: 1}
ifmap_spad_depth: {from: 6, to: 12, step: 1}
weights_spad_depth: {from: 28, to: 224, step: 28}
psum_spad_depth: {from: 8, to: 24, step: 4}
glb_kib: [32, 40, 48, 56, 64, 80, 96, 108, 128, 144, 160, 176, 192, 208, 224, 232, 240, 248, 252, 256]
"""

FRONTS = (("onchip_energy_uj", "perf_per_area"), ("energy_uj", "latency_ms", "area_mm2"))


def main() -> None:
    """Sweep what is missing, then print the four parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("surrogate-benchmark"))
    parser.add_argument("--networks", nargs="+", default=["resnet20-cifar10", "resnet34-imagenet"])
    parser.add_argument("--space", type=Path, help="design space for the hypervolume; left out, the shipped one")
    parser.add_argument("--exact", type=Path, help="folder with exact results of SPACE; left out, in --out")
    parser.add_argument("--train", type=int, default=240)
    parser.add_argument("--between", type=int, default=160, help="configs between the grid's points")
    parser.add_argument("--timeloop", type=Path, help="mapper references, JSON")
    parser.add_argument("--characterize-log", type=Path)
    options = parser.parse_args()
    engine = RowStationaryEngine()
    networks = tuple(load_network(name) for name in options.networks)
    exact_seconds = sweep(default_space(), networks, options.out / "default", engine)
    fit = fitted(options.out / "default", engine)
    print_errors(fit, engine)
    print_errors_between(fit, networks, options, engine)
    point_seconds = print_throughput(fit, networks, engine)
    space = load_space(options.space) if options.space else default_space()
    print_hypervolume(space, networks[0], options, engine)
    print_speed_ups(point_seconds, networks[0], engine, options)
    if exact_seconds:
        print(f"(exact sweep of the shipped space on {len(networks)} networks: {exact_seconds:.0f} s of wall clock)")


def plan_of(
    space: DesignSpace | list[AcceleratorConfig], networks: tuple[Network, ...], engine: RowStationaryEngine
) -> SweepPlan:
    """The exact sweep of some configs."""
    return SweepPlan(space, "benchmark", networks, engine, objective="edp", batch=1, clock="space")


def sweep(
    space: DesignSpace | list[AcceleratorConfig], networks: tuple[Network, ...], out: Path, engine: RowStationaryEngine
) -> float:
    """Compute what is missing; wall-clock seconds, 0 if nothing was."""
    began = time.monotonic()
    with ResultStore.writing(out) as store:
        counts = run_sweep(plan_of(space, networks, engine), store, usable_cpus(), lambda progress: None)
    return time.monotonic() - began if counts.computed else 0.0


def fitted(folder: Path, engine: RowStationaryEngine, config_ids: Collection[str] | None = None) -> SurrogateFit:
    """Models of a folder's results, or of some of them."""
    with ResultStore.reading(folder) as store:
        return fit_store(store, engine, engine.library, "edp", 1, lambda text: None, config_ids)


def print_errors(fit: SurrogateFit, engine: RowStationaryEngine) -> None:
    """Part 1."""
    print("1. errors on held-out configs of the shipped space, per cent: median / mean / largest")
    print(f"   {'network':20}{'PE type':10}{'figure':18}{'models':>22}{'parameters alone':>22}")
    worst: dict[str, list[float]] = {"median": [], "mean": []}
    for found in fit.sets:
        block = config_block(found.training.pe, found.training.configs)
        prices = Pricer(engine.library).price(block)
        bounds = NetworkBounder(found.training.network, 1, found.training.pe, engine.library).bound(block, prices)
        held, rest = split_held_out(len(block))
        values = TermValues(block, bounds, {})
        forms = [(terms, values.matrix(terms)) for terms in candidate_forms(block, bounds, analytic=False)]
        plain = []
        for quantity in (found.training.cycles, found.training.onchip_pj, found.training.dram_pj):
            _, matrix, _ = choose_terms(forms, rest, quantity)
            plain.append(predictions(matrix[held], fit_coefficients(matrix[rest], quantity[rest], log=True), log=True))
        exact = (found.training.cycles, found.training.onchip_pj, found.training.dram_pj)
        figures = {
            "latency_ms": (plain[0], exact[0][held]),
            "onchip_energy_uj": (plain[1], exact[1][held]),
            "energy_uj": (plain[1] + plain[2], (exact[1] + exact[2])[held]),
            "dram_energy_uj": (plain[2], exact[2][held]),
        }
        ours = {record.figure: record.held_out for record in found.errors}
        for figure, pair in figures.items():
            other = held_out_errors(*pair)
            cells = [in_per_cent(errors) for errors in (ours[figure], other)]
            print(
                f"   {found.training.network.name:20}{found.training.pe.name:10}{figure:18}{cells[0]:>22}{cells[1]:>22}"
            )
            if figure != "dram_energy_uj":
                worst["median"].append(ours[figure].median)
                worst["mean"].append(ours[figure].mean)
    median, mean = (100 * max(worst[name]) for name in ("median", "mean"))
    print(f"   worst of latency, on-chip and total energy: median {median:.2f} %, mean {mean:.2f} %")


def in_per_cent(errors: HeldOut) -> str:
    """Median, mean and largest error."""
    return f"{100 * errors.median:.2f} / {100 * errors.mean:.2f} / {100 * errors.largest:.2f}"


def print_errors_between(
    fit: SurrogateFit, networks: tuple[Network, ...], options: argparse.Namespace, engine: RowStationaryEngine
) -> None:
    """Part 1, second half."""
    configs = sample_space(parse_space(FINE, "benchmarks/surrogate.py"), options.between, seed=1)
    sweep(configs, networks, options.out / "between", engine)
    with ResultStore.reading(options.out / "between") as store:
        exact = results_frame(store).set_index(["network", "config_id"])
    models = AcceleratorModels(fit.file, networks, engine.library)
    print(f"   {len(configs)} configs between the points of the shipped space: median / mean / largest")
    for name in dict.fromkeys(config.pe.name for config in configs):
        chosen = [config for config in configs if config.pe.name == name]
        for network, seen in zip(networks, models.predict(config_block(chosen[0].pe, chosen)), strict=True):
            truth = exact.loc[[(network.name, config.config_id) for config in chosen]]
            for figure in ("latency_ms", "onchip_energy_uj", "energy_uj", "dram_energy_uj"):
                errors = held_out_errors(getattr(seen, figure), truth[figure].to_numpy(dtype=float))
                print(f"   {network.name:20}{name:10}{figure:18}{in_per_cent(errors):>22}", flush=True)


def print_throughput(fit: SurrogateFit, networks: tuple[Network, ...], engine: RowStationaryEngine) -> float:
    """Part 2; CPU seconds per point on the first network alone."""
    space = parse_space(FINE, "fine")
    print("2. points priced on one core, space of", space.combinations, "configs")
    seconds = []
    for chosen in (networks[:1], networks):
        models = AcceleratorModels(fit.file, chosen, engine.library)
        began = time.process_time()
        points = sum(len(block) * len(found) for block, found in predict_space(models, space))
        seconds.append((time.process_time() - began) / points)
        with tempfile.TemporaryDirectory() as folder:
            began = time.process_time()
            write_predictions(Path(folder) / "p.parquet", models, chosen, space)
            whole = (time.process_time() - began) / points
            size = (Path(folder) / "p.parquet").stat().st_size / points
        names = ", ".join(network.name for network in chosen)
        print(f"   {names}: {1 / seconds[-1]:,.0f} a second; with writing {1 / whole:,.0f}, {size:.0f} bytes a row")
    return seconds[0]


def print_hypervolume(
    space: DesignSpace, network: Network, options: argparse.Namespace, engine: RowStationaryEngine
) -> None:
    """Part 3."""
    exact = options.exact or options.out / ("exact" if options.space else "default")
    sweep(space, (network,), exact, engine)
    sample = sample_space(space, options.train, seed=0)
    fit = fitted(exact, engine, {config.config_id for config in sample})
    size = len(space)
    print(f"3. {network.name}, space of {size} configs, models fitted to {len(sample)} of them drawn at random")
    with ResultStore.reading(exact) as store:
        results = results_frame(store)
    ours = (results["network"] == network.name) & (results["fingerprint"] == engine.fingerprint)
    known = valid_results(select(results, ours & results["config_id"].isin([config.config_id for config in space])))
    for names in FRONTS:
        metrics = [METRICS[name] for name in names]
        maximize = [metric.maximize for metric in metrics]
        costs = log_costs(np.column_stack([column(known, name) for name in names]), maximize)
        reference = costs.max(axis=0)
        refinement = Refinement(plan_of(space, (network,), engine), fit.file, metrics, limit=size)
        with tempfile.TemporaryDirectory() as folder:
            models = AcceleratorModels(fit.file, (network,), engine.library)
            write_predictions(Path(folder) / "p.parquet", models, (network,), space, (refinement.listen,))
        # What is recomputed is in this store already: the sweep finds it there, and nothing is computed twice.
        with ResultStore.writing(exact) as store:
            refined = refinement.recompute(store, usable_cpus(), lambda progress: None)
        mine = known["config_id"].isin([config.config_id for config in refined.configs]).to_numpy()
        share = hypervolume(costs[mine], reference) / hypervolume(costs, reference)
        true = front_mask(known, metrics)
        part = 100 * mine.sum() / size
        print(
            f"   {' and '.join(names)}: {100 * share:.3f} % of the true front's hypervolume, {(true & mine).sum()} of "
            f"its {true.sum()} configs, after {mine.sum()} exact configs ({part:.1f} % of the space), "
            f"{refined.rounds} rounds"
        )


def print_speed_ups(seconds: float, network: Network, engine: RowStationaryEngine, options: argparse.Namespace) -> None:
    """Part 4."""
    print(f"4. CPU seconds for one config on {network.name}: {seconds:.3g} by the models")
    some = sample_space(default_space(), 41, seed=1)
    layers = [item.layer for item in network.layers]

    def run(configs: list[AcceleratorConfig]) -> float:
        began = time.process_time()
        for config in configs:
            design = engine.design(config)
            for layer in layers:
                design.run(layer, "edp")
        return (time.process_time() - began) / len(configs)

    # The first config loads the compiled kernels.
    run(some[:1])
    exact = run(some[1:])
    print(f"   exact engine: {exact:.3g}, {exact / seconds:,.0f} times as long (measured now, one core)")
    if options.timeloop:
        references = json.loads(options.timeloop.read_text())["refs"]
        timeloop = statistics.median(reference["cpu_s"] for reference in references) * len(layers)
        print(
            f"   Timeloop's mapper: {timeloop:.3g}, {timeloop / seconds:,.0f} times as long "
            f"(median CPU seconds of {len(references)} layers in {options.timeloop.name}, times {len(layers)} layers)"
        )
    if options.characterize_log:
        text = options.characterize_log.read_text()
        pes = [float(found) for found in re.findall(r"of \d+ rows: pe_\S+, ([\d.]+) s", text)]
        if pes:
            pe = statistics.median(pes)
            print(
                f"   synthesis, timing and simulation of one PE: {pe:.3g}, {pe / seconds:,.0f} times as long "
                f"(median wall-clock seconds of {len(pes)} PEs in {options.characterize_log.name})"
            )


if __name__ == "__main__":
    main()
