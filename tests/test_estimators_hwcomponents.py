"""Our components in the real hwcomponents, where it is installed: found by name, the numbers of the other front."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from qadam_plugin.hardware.build import build_spec
from qadam_plugin.hardware.config import load_config
from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.library import load_library
from qadam_plugin.ppa.pricing import price_spec

pytestmark = pytest.mark.real("hwcomponents")

CLOCK_GHZ = 0.25
REL = 1e-9
PARAMETERS = {
    "qadam_DRAM": ("width", "type"),
    "qadam_SRAM": ("width", "depth", "n_banks"),
    "qadam_regfile": ("width", "depth", "addresses"),
}
DEPTHS = ("ifmap_spad_depth", "weights_spad_depth", "psum_spad_depth")


@pytest.fixture
def hwcomponents() -> ModuleType:
    """The real hwcomponents."""
    return pytest.importorskip("hwcomponents", reason="hwcomponents is not installed: it needs Python 3.12")


@pytest.mark.parametrize("name", PE_TYPES)
def test_numbers_are_those_that_architectures_are_priced_with(name: str, hwcomponents: ModuleType) -> None:
    spec = build_spec(load_config(data_dir("arch_specs") / f"{name}.yaml"), CLOCK_GHZ)
    priced = price_spec(spec, load_library())
    cycle_s = 1e-9 / CLOCK_GHZ
    for level, part in zip((*spec.storages, spec.compute), priced.components, strict=True):
        wanted = priced.energy.energy_pj[level.name]
        given = {key: level.attributes[key] for key in PARAMETERS.get(level.cls, DEPTHS)}
        cls = level.cls
        if cls not in PARAMETERS:
            cls, given["pe_type"] = "qadam_mac", name
        if "type" in given:
            given["dram_type"] = given.pop("type")
        model = hwcomponents.get_model(cls, {**given, "global_cycle_seconds": cycle_s})
        assert model.area == pytest.approx(part.estimate.area_um2 * 1e-12, rel=REL)
        assert model.leak_power * cycle_s == pytest.approx(wanted["leak"] * 1e-12, rel=REL)
        for action in set(wanted) - {"leak"}:
            assert getattr(model, action)().energy == pytest.approx(wanted[action] * 1e-12, rel=REL), action


def test_general_widths_make_the_named_type(hwcomponents: ModuleType) -> None:
    widths = {"family": "int", "activation_bits": 16, "weight_bits": 16, "accumulator_bits": 40}
    general = hwcomponents.get_model("qadam_mac", widths)
    named = hwcomponents.get_model("qadam_mac", {"pe_type": "int16"})
    assert general.area == named.area
    assert general.compute().energy == named.compute().energy


def test_energy_follows_the_bits_of_an_access(hwcomponents: ModuleType) -> None:
    model = hwcomponents.get_model("qadam_regfile", {"width": 16, "depth": 24})
    assert model.read(bits_per_action=4).energy == pytest.approx(model.read().energy / 4)


def test_idle_clocking_needs_a_clock(hwcomponents: ModuleType) -> None:
    still = hwcomponents.get_model("qadam_regfile", {"width": 16, "depth": 24})
    clocked = hwcomponents.get_model("qadam_regfile", {"width": 16, "depth": 24, "global_cycle_seconds": 1e-9})
    assert clocked.leak_power > still.leak_power


@pytest.mark.parametrize(
    ("cls", "attributes", "said"),
    [
        ("qadam_regfile", {"width": 0, "depth": 24}, "a whole number of at least 1 is wanted, not 0"),
        ("qadam_regfile", {"width": 16, "depth": 24, "tech_node": 7e-9}, "not '7nm'"),
        ("qadam_regfile", {"width": 16, "depth": 1 << 16}, "depth 65536 is outside"),
        ("qadam_mac", {"pe_type": "lightpe9"}, "unknown PE type 'lightpe9'"),
    ],
)
def test_what_cannot_exist_gets_no_number(
    cls: str, attributes: dict[str, object], said: str, hwcomponents: ModuleType
) -> None:
    with pytest.raises(Exception, match="Can not find") as caught:
        hwcomponents.get_model(cls, attributes)
    assert said in str(caught.value)


def test_components_are_listed(hwcomponents: ModuleType) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hwcomponents.hwcomponents", "--list"], capture_output=True, text=True, check=False
    )
    listed = done.stdout + done.stderr
    for name in ("QadamDRAM", "QadamGlobalBuffer", "QadamMAC", "QadamScratchpad"):
        assert f"from class {name}" in listed, listed[-500:]
