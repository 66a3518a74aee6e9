"""The Eyeriss chip and the energies of the row-stationary paper: the embedded mapper's beside the published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...engines.base import Access, Design, LayerResult
from ...errors import RunError
from ...hardware.archspec import ArchSpec, Storage
from ...hardware.build import build_spec
from ...hardware.config import AcceleratorConfig, config_from_values, load_config
from ...paths import data_dir
from ...ppa.energy_table import EnergyTable
from ...sweep.totals import batched
from ...workloads.layer import Layer
from ...workloads.network import load_network
from .published import published

#: Batches of the two publications.
CHIP_BATCH, ENERGY_BATCH = 4, 16

#: The chip stores every word in 16 bits, its partial sums too.
_CHIP_WORD_BYTES = 2

#: Words of weights that one row of a 64-bit buffer hands to the PEs in a cycle.
_WEIGHTS_PER_CYCLE = 4

#: Relative energy per 16-bit word, ISCA 2016: register file 1, buffer 6, DRAM 200; a MAC 1.
_RF, _GLB, _DRAM, _MAC = 1.0, 6.0, 200.0, 1.0


@dataclass(frozen=True, slots=True)
class ChipLayer:
    """One layer on the chip: what was measured, and ours.

    Attributes
    ----------
    measured_ms, ours_ms : processing time of the batch; ours overlaps all transfers with computing, as Timeloop does.
    with_loading_ms : ours, and the weights' way into the PEs at four words a cycle without computing meanwhile.
    measured_pes, ours_pes : PEs at work.
    measured_glb_mb, ours_glb_mb : words read and written at the global buffer, 2 bytes each.
    measured_dram_mb, ours_dram_mb : the same at DRAM; the chip's activations are compressed, ours are not.
    """

    layer: str
    measured_ms: float
    ours_ms: float
    with_loading_ms: float
    measured_pes: int
    ours_pes: int
    measured_glb_mb: float
    ours_glb_mb: float
    measured_dram_mb: float
    ours_dram_mb: float


@dataclass(frozen=True, slots=True)
class EnergyLayer:
    """Energy of one layer in 1e9 MAC operations: published, and ours for the mapping of least energy."""

    layer: str
    published_alu: float
    ours_alu: float
    published_rf: float
    ours_rf: float
    published_dram: float
    ours_dram: float
    ours_glb: float


def chip_layers(design: Design, config: AcceleratorConfig, clock_ghz: float) -> list[ChipLayer]:
    """AlexNet's convolutions on the chip's config, layer by layer; mapped for EDP.

    Raises
    ------
    RunError : a layer without a valid mapping.
    """
    found = []
    for row, layer in _layers("eyeriss_chip", CHIP_BATCH):
        result = design.run(layer, "edp")
        if not result.valid:
            raise RunError(f"{row['layer']} on the chip's config: {result.reason}")
        weights = sum(
            access.reads
            for access in result.accesses
            if access.tensor == "Weights" and access.level.startswith(("DRAM", "glb"))
        )
        ours_ms = result.cycles / clock_ghz * 1e-6
        found.append(
            ChipLayer(
                row["layer"],
                float(row["processing_ms"]),
                ours_ms,
                ours_ms + weights / _WEIGHTS_PER_CYCLE / clock_ghz * 1e-6,
                int(row["active_pes"]),
                round(result.utilization * config.rows * config.cols),
                float(row["glb_mb"]),
                _megabytes(result, "glb"),
                float(row["dram_mb"]),
                _megabytes(result, "DRAM"),
            )
        )
    return found


def chip_config() -> AcceleratorConfig:
    """The shipped design of the chip."""
    return load_config(data_dir("arch_specs") / "eyeriss168.yaml")


def energy_layers() -> list[EnergyLayer]:
    """AlexNet's convolutions on the design of ISCA 2016 at its relative costs; mapped for least energy.

    Our PEs have the spads of the chip (12, 224 and 24 words: 520 of the 512 bytes); moving data between PEs, cost 2 in
    the paper, has none of its own here, as Timeloop's counts end at the buffers.

    Raises
    ------
    RunError : a layer without a valid mapping.
    """
    from ...mapping.search import search

    spec = build_spec(_isca_config(), 0.2)
    costs = relative_costs(spec)
    found = []
    for row, layer in _layers("eyeriss_energy", ENERGY_BATCH):
        best = search(spec, layer, costs, "energy").evaluation
        if best is None:
            raise RunError(f"{row['layer']} on the design of ISCA 2016: no valid mapping")
        parts = {"DRAM": 0.0, "glb": 0.0, "spad": 0.0}
        for name, level in best.levels.items():
            for part in parts:
                if part in name:
                    parts[part] += sum(tensor.energy_pj for tensor in level.tensors.values()) * 1e-9
        found.append(
            EnergyLayer(
                row["layer"],
                float(row["alu"]),
                best.mac_energy_pj * 1e-9,
                float(row["rf"]),
                parts["spad"],
                float(row["dram"]),
                parts["DRAM"],
                parts["glb"],
            )
        )
    return found


def relative_costs(spec: ArchSpec) -> EnergyTable:
    """The paper's costs as an energy table: per word, whatever its width here, times the words of an access."""
    table = {storage.name: _access_costs(storage) for storage in spec.storages}
    table[spec.compute.name] = {"compute": _MAC, "leak": 0.0}
    return EnergyTable(table)


def _access_costs(storage: Storage) -> dict[str, float]:
    word = _DRAM if storage.name.startswith("DRAM") else _GLB if storage.name.startswith("glb") else _RF
    cost = word * storage.block_size
    return {"read": cost, "write": cost, "update": cost, "leak": 0.0}


def _isca_config() -> AcceleratorConfig:
    values = {"pe_type": "int16", "rows": 16, "cols": 16, "glb_kib": 128, "clock": 0.2}
    depths = {"ifmap_spad_depth": 12, "weights_spad_depth": 224, "psum_spad_depth": 24}
    return config_from_values(values | depths, "ISCA 2016")


def _layers(table: str, batch: int) -> Iterator[tuple[dict[str, str], Layer]]:
    """Published rows with AlexNet's layer of that name, for a batch."""
    shapes = {entry.name: entry.layer for entry in load_network("alexnet-imagenet").layers}
    for row in published(table):
        yield row, batched(shapes[row["layer"]], batch)


def _megabytes(result: LayerResult, level: str) -> float:
    """Traffic of a shared level's stores in the chip's words."""
    words = sum(_words(access) for access in result.accesses if access.level.startswith(level))
    return words * _CHIP_WORD_BYTES * 1e-6


def _words(access: Access) -> float:
    return access.reads + access.fills + access.updates
