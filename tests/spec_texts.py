"""v0.4 architectures for tests, a node or two at a time."""

from __future__ import annotations

import pytest

from qadam_plugin.errors import InputError
from qadam_plugin.hardware.archspec import ArchSpec, Compute, Fanout, Storage
from qadam_plugin.hardware.spec_reader import read_spec


def level(spec: ArchSpec, name: str) -> Storage | Fanout | Compute:
    return next(item for item in spec.levels if item.name == name)


def nodes(text: str) -> str:
    """A complete architecture around some nodes."""
    return (
        "architecture:\n  version: 0.4\n  nodes:\n"
        "  - !Component {name: DRAM, class: DRAM, attributes: {width: 64, datawidth: 8}}\n"
        f"{text}\n  - !Component {{name: mac, class: intmac}}\n"
    )


def storage(attributes: str = "depth: 4, width: 8, datawidth: 8", more: str = "") -> str:
    return nodes(f"  - !Component {{name: buffer, class: SRAM, attributes: {{{attributes}}}{more}}}")


def container(spatial: str, constraint: str) -> str:
    return nodes(f"  - !Container {{name: array, spatial: {{{spatial}}}, constraints: {{spatial: {{{constraint}}}}}}}")


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        read_spec(text)
    assert "\n" not in str(caught.value)
    return str(caught.value)
