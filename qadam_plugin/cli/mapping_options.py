"""What `map` and `evaluate` share: options, energies, printing of the answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import InputError, RunError

if TYPE_CHECKING:
    from rich.table import Table

    from ..hardware.archspec import ArchSpec
    from ..mapping.evaluation import Evaluation
    from ..mapping.nest import Mapping
    from ..mapping.report import Proof
    from ..ppa.energy_table import EnergyTable
    from ..workloads.layer import Layer

ARCH: Path = typer.Option(..., "--arch", metavar="FILE", help="Timeloop v0.4 architecture.")
PROBLEM: Path = typer.Option(..., "--problem", metavar="FILE", help="Timeloop v0.4 problem: one layer.")
ERT: Path | None = typer.Option(None, "--ert", metavar="FILE", help="Accelergy's ERT.yaml; without it, our models.")
BITS: str | None = typer.Option(
    None,
    "--bits",
    metavar="A,W[,O]",
    help="Bits of activations, weights and outputs, such as 8,4 (outputs: as inputs).",
)
PACKING: str = typer.Option(
    "word",
    "--packing",
    metavar="word|ideal",
    help="How elements with bits lie in words: whole ones only, or across words too.",
)
JSON: bool = typer.Option(False, "--json", help="One JSON object instead of text.")


def read_layer(problem: Path, bits: str | None) -> Layer:
    """The layer of a problem, with bit-widths if any are given."""
    from ..workloads.bits import as_bits, layer_with
    from ..workloads.timeloop_problem import read_problem

    layer = read_problem(problem)
    if bits is None:
        return layer
    given = as_bits(bits, "--bits")
    if given.default is None or given.layers:
        raise InputError("--bits", "", f"numbers such as 8 or 8,4 are wanted for one layer, not the file '{bits}'")
    return layer_with(layer, given.default)


def read_packing(packing: str) -> str:
    """The packing that a person named."""
    if packing not in ("word", "ideal"):
        raise InputError("--packing", "", f"word or ideal is wanted, not '{packing}'")
    return packing


def energies(spec: ArchSpec, layer: Layer, ert: Path | None) -> EnergyTable:
    """Energies from an ERT file, else from our models for the classes they know and the layer's bits."""
    if ert is not None:
        from ..ppa.ert_file import read_ert

        return read_ert(ert, spec)
    from ..ppa.library import load_library
    from ..ppa.pricing import price_layer

    return price_layer(spec, load_library(), layer).energy


def print_answer(
    spec: ArchSpec,
    mapping: Mapping | None,
    evaluation: Evaluation | None,
    reason: str,
    proof: Proof | None,
    as_script: bool,
) -> None:
    """Print one answer; without a valid mapping the exit code is 1.

    Raises
    ------
    RunError : no valid mapping, and text was asked for.
    """
    valid = mapping is not None and evaluation is not None and evaluation.valid
    if as_script:
        import json

        from ..mapping.report import as_json

        typer.echo(json.dumps(as_json(mapping, evaluation, reason, proof)))
        if not valid:
            raise typer.Exit(1)
        return
    if mapping is None or evaluation is None or not evaluation.valid:
        raise RunError(f"{'no valid mapping' if proof else 'the mapping is not valid'}: {reason}")
    from ..mapping.nest_text import nest_text
    from .tables import print_tables

    typer.echo(nest_text(spec, mapping, evaluation))
    print_tables([_level_table(evaluation)])
    typer.echo(
        f"energy {evaluation.energy_pj / 1e6:.6g} uJ, {evaluation.cycles} cycles, EDP {evaluation.edp:.6g} pJ cycles, "
        f"utilization {100 * evaluation.utilization:.1f} %"
    )
    if proof is not None:
        typer.echo(_verdict(proof))


def _verdict(proof: Proof) -> str:
    """What the search proved, as a sentence."""
    if proof.optimal:
        return f"proven best for {proof.objective} among all mappings that the architecture's constraints allow"
    if proof.gap == float("inf"):
        return f"best found for {proof.objective}; no bound is known"
    return f"best found for {proof.objective}; at most {100 * proof.gap:.2f} % above the optimum"


def _level_table(evaluation: Evaluation) -> Table:
    """Counts and energy of every level and tensor."""
    from rich import box
    from rich.table import Table

    table = Table(
        title="Words per instance",
        caption="energy: all instances in use; leakage, if any, in the level's last row",
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("level")
    table.add_column("tensor")
    packed = any(
        counts.operands_per_word != 1 or counts.wasted_bits_per_word
        for result in evaluation.levels.values()
        for counts in result.tensors.values()
    )
    filled = ("per word", "wasted bits") if packed else ()
    for name in ("holds", *filled, "instances", "reads", "fills", "updates", "energy (pJ)", "cycles"):
        table.add_column(name, justify="right")
    for level, result in evaluation.levels.items():
        for row, (tensor, counts) in enumerate(result.tensors.items()):
            figures = (
                counts.utilized_capacity,
                *((f"{float(counts.operands_per_word):.4g}", counts.wasted_bits_per_storage) if packed else ()),
                counts.utilized_instances,
                counts.reads,
                counts.fills,
                counts.updates,
            )
            cycles = str(result.cycles) if row == 0 else ""
            table.add_row(level if row == 0 else "", tensor, *map(str, figures), f"{counts.energy_pj:.6g}", cycles)
        if result.leakage_energy_pj:
            table.add_row("", "leakage", *[""] * (5 + len(filled)), f"{result.leakage_energy_pj:.6g}", "")
    table.add_row(
        "MACs",
        "",
        "",
        *[""] * len(filled),
        str(evaluation.utilized_macs),
        "",
        "",
        "",
        f"{evaluation.mac_energy_pj:.6g}",
        "",
    )
    return table
