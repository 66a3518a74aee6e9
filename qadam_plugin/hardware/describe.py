"""The architecture file of a config, with what was decided on the way in its header."""

from __future__ import annotations

from .build import build_spec, formula_values
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
    family, values = config.family, formula_values(config, clock_ghz)
    source = "from the models" if config.clock_ghz is None else "as given"
    header = family.texts.header.text(values)
    named = "" if family.default else f"family {family.name}, "
    return [
        f"Config {config.config_id}: {named}{config.pe.name}, {header}, clock {clock_ghz:.6g} GHz ({source}).",
        *(note.text(values) for note, when in family.texts.notes if when is None or when.true(values)),
    ]
