"""One mapping of a real layer counted by hand, and layers too large to count."""

from __future__ import annotations

import pytest

from qadam_plugin.errors import InputError
from qadam_plugin.hardware.archspec import Storage
from qadam_plugin.hardware.spec_reader import read_spec
from qadam_plugin.mapping.model import evaluate
from qadam_plugin.mapping.nest import SPATIAL_X, SPATIAL_Y, TEMPORAL, LevelLoops, Mapping
from qadam_plugin.mapping.plan import make_plan
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.energy_table import EnergyTable
from qadam_plugin.workloads.layer import Layer

SPEC = read_spec(data_dir("arch_specs") / "timeloop" / "int16.yaml")
PRICES = EnergyTable(
    {level.name: {"read": 1.0, "write": 1.0} for level in SPEC.levels if isinstance(level, Storage)}
    | {"mac": {"compute": 1.0}}
)


def test_counts_of_resnet50_layer1_0_conv1_equal_those_by_hand() -> None:
    """The best mapping for EDP on the shipped INT16 design, as ``network_layers.py --nests`` prints it.

    The 64 * 64 * 56 * 56 = 12 845 056 operations on 4 * 4 * 16 = 256 MACs take 50 176 cycles. Outside the array only P
    and Q iterate, 56 * 14 = 784 times: they do not move Weights, which are read once (64 * 64), and each tile of 64
    channels times 4 columns (256 words) of Inputs and of Outputs passes each store once: 784 * 256 = 200 704.
    Each PE holds 16 partial sums, each begun 784 times: all its 50 176 updates but these 12 544 read a sum back.
    """
    mapping = Mapping(
        (
            LevelLoops("DRAM_psum", TEMPORAL, (("Q", 14), ("P", 56))),
            LevelLoops("PE_column", SPATIAL_X, (("M", 4), ("Q", 4))),
            LevelLoops("PE", SPATIAL_Y, (("C", 16),)),
            LevelLoops("weights_spad", TEMPORAL, (("C", 4),)),
            LevelLoops("psum_spad", TEMPORAL, (("M", 16),)),
        )
    )
    result = evaluate(SPEC, Layer(C=64, M=64, P=56, Q=56), mapping, PRICES)
    assert (result.compute_cycles, result.utilized_macs) == (50_176, 256)
    levels = result.levels
    weights, inputs = levels["DRAM_weights"].tensors["Weights"], levels["DRAM_ifmap"].tensors["Inputs"]
    outputs, partial = levels["DRAM_psum"].tensors["Outputs"], levels["glb_psum"].tensors["Outputs"]
    assert (weights.reads, inputs.reads, outputs.reads, outputs.updates) == (4_096, 200_704, 0, 200_704)
    held = levels["glb_ifmap"].tensors["Inputs"]
    assert (held.utilized_capacity, held.fills, held.reads) == (256, 200_704, 200_704)
    assert (partial.utilized_capacity, partial.fills, partial.updates) == (256, 0, 200_704)
    stationary, sums = levels["weights_spad"].tensors["Weights"], levels["psum_spad"].tensors["Outputs"]
    assert (stationary.utilized_capacity, stationary.fills, stationary.reads) == (64, 64, 50_176)
    assert (sums.utilized_capacity, sums.updates, sums.reads) == (16, 50_176, 37_632)


@pytest.mark.parametrize(
    ("layer", "tensor"), [(Layer(C=65_536, M=65_536), "Weights"), (Layer(N=2**16, M=2**16), "Outputs")]
)
def test_a_tensor_too_large_to_count_is_refused(layer: Layer, tensor: str) -> None:
    with pytest.raises(InputError, match=f"{tensor}: 4294967296 words"):
        make_plan(SPEC, layer, PRICES)
