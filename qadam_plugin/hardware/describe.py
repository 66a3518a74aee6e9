"""The architecture file of a config, with what was decided on the way in its header."""

from __future__ import annotations

from .build import build_spec
from .config import AcceleratorConfig
from .spec_writer import spec_yaml


def arch_yaml(config: AcceleratorConfig, clock_ghz: float, command: str) -> str:
    """Timeloop v0.4 YAML of a config at a clock.

    Parameters
    ----------
    command : named in the header as what generated the file.
    """
    return spec_yaml(build_spec(config, clock_ghz), command, _notes(config, clock_ghz))


def _notes(config: AcceleratorConfig, clock_ghz: float) -> list[str]:
    pe = config.pe
    glb = [("weights", config.glb_weights_share), ("ifmaps", config.glb_ifmap_share), ("psums", config.glb_psum_share)]
    dram = [
        ("weights", config.dram_weights_share),
        ("ifmaps", config.dram_ifmap_share),
        ("outputs", config.dram_psum_share),
    ]
    source = "from the models" if config.clock_ghz is None else "as given"
    bypass = "" if config.glb_weights_share else "; weights bypass it"
    return [
        f"Config {config.config_id}: {pe.name}, {config.rows} rows x {config.cols} columns of PEs, "
        f"clock {clock_ghz:.6g} GHz ({source}).",
        f"Words: activations {pe.act_bits}, weights {pe.weight_bits}, partial sums {pe.acc_bits} bits; outputs in DRAM "
        f"{pe.act_bits} bits.",
        f"Global buffer {config.glb_kib:g} KiB, {config.glb_bandwidth:g} words/cycle: {_shares(glb)}{bypass}.",
        f"DRAM {config.dram_gbps:g} GB/s: {_shares(dram)}. Its depth stands for unbounded.",
        "A level split by tensor has its loops in its innermost store. Problems need the dimension G (1 if unused).",
    ]


def _shares(parts: list[tuple[str, float]]) -> str:
    return ", ".join(f"{name} {share:.4g}" for name, share in parts if share)
