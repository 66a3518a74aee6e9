"""The examples of docs/files.md are what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qadam_plugin.hardware.config import config_from_values
from qadam_plugin.hardware.family import default_family
from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.hardware.space import parse_space
from qadam_plugin.userfile import parse_mapping
from qadam_plugin.workloads.network import load_network

PAGE = Path(__file__).resolve().parent.parent / "docs" / "files.md"


def examples(kind: str) -> list[str]:
    found = re.findall(rf"```yaml\n(# {kind}\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found


@pytest.mark.parametrize("text", examples("config"))
def test_configs_load(text: str):
    config_from_values(parse_mapping(text, "docs"), "docs")


@pytest.mark.parametrize("text", examples("space"))
def test_spaces_load_and_their_conditions_bite(text: str):
    space = parse_space(text, "docs")
    assert 0 < len(space) < space.combinations


@pytest.mark.parametrize("text", examples("network"))
def test_networks_load(text: str, tmp_path: Path):
    path = tmp_path / "network.yaml"
    path.write_text(text)
    assert load_network(path).layer_count == 5


def test_every_key_and_every_named_type_is_described():
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`{key}`" in page for key in default_family().keys)
    for pe in PE_TYPES.values():
        terms = pe.shift_terms or "-"
        row = f"| `{pe.name}` | {pe.family} | {pe.act_bits} | {pe.weight_bits} | {pe.acc_bits} | {terms} |"
        assert row in page
