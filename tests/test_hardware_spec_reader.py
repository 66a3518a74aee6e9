"""Reading v0.4 architectures: what is understood."""

from __future__ import annotations

import pytest
from spec_texts import container, level, nodes, refusal, storage

from qadam_plugin.hardware.archspec import Fanout, Storage
from qadam_plugin.hardware.spec_reader import read_spec
from qadam_plugin.workloads.layer import DIMENSIONS

#: A row-stationary design in the words of the public exercises: permutations without G, keep lists, two containers.
ROW_STATIONARY = """
architecture:
  version: 0.4
  nodes:
  - !Container {name: chip, attributes: {technology: "65nm", global_cycle_seconds: 2e-9}}
  - !Component
    name: DRAM
    class: DRAM
    attributes: {type: "LPDDR4", width: 64, datawidth: 8}
  - !Component
    name: buffer
    class: smartbuffer_SRAM
    attributes: {depth: 1000, width: 64, datawidth: 8, n_banks: 4, read_bandwidth: 16, write_bandwidth: 8.5}
    constraints: {dataspace: {keep: [Inputs, Outputs], bypass: [Weights]}}
  - !Container
    name: column
    spatial: {meshX: 14}
    constraints:
      spatial: {permutation: [N, C, P, R, S, Q, M], factors: [N=1, C=1, P=1, R=1, S=1], split: 999}
  - !Container
    name: row
    spatial: {meshY: 12}
    constraints:
      spatial: {permutation: [N, P, Q, R, S, C, M], factors: N=1 P=1 Q=1 R=1, split: 0}
  - !Parallel
    nodes:
    - !Component
      name: inputs
      class: storage
      subclass: my_register
      attributes: {depth: 12, width: 16, datawidth: 8}
      constraints:
        dataspace: {keep: [Inputs]}
        temporal: {permutation: NMC, factors: "N=1,M=1, C<=4"}
    - !Component
      name: weights
      class: smartbuffer_RF
      attributes: {entries: 24, width: 16, datawidth: 8, update_fifo_depth: 2}
      constraints: {dataspace: {keep: [Weights]}}
    - !Component
      name: outputs
      class: smartbuffer_RF
      attributes: {depth: 16, width: 16, datawidth: 16, multiple_buffering: 1, cluster_size: 1}
      constraints: {dataspace: {keep: [Outputs]}}
  - !Component {name: mac, class: intmac, attributes: {multiplier_width: 8}}
"""


def test_levels_and_head_of_a_row_stationary_design():
    spec = read_spec(ROW_STATIONARY)
    assert [item.name for item in spec.levels] == [
        *("DRAM", "buffer", "column", "row", "inputs", "weights", "outputs", "mac")
    ]
    assert (spec.name, spec.technology, spec.cycle_seconds) == ("chip", "65nm", 2e-9)
    assert (spec.cols, spec.rows) == (14, 12)
    assert [getattr(item, "instances", None) for item in spec.levels] == [1, 1, None, None, 168, 168, 168, 168]


def test_sizes_and_bandwidths():
    spec = read_spec(ROW_STATIONARY)
    buffer, weights = level(spec, "buffer"), level(spec, "weights")
    assert isinstance(buffer, Storage) and isinstance(weights, Storage)
    assert (buffer.block_size, buffer.size_words) == (8, 8000)
    assert (buffer.read_bandwidth, buffer.write_bandwidth) == (16, 8.5)
    assert (weights.depth, weights.size_words) == (12, 24)
    dram = level(spec, "DRAM")
    assert isinstance(dram, Storage) and dram.depth is None and dram.read_bandwidth is None


def test_subclass_is_the_class_the_models_see():
    assert getattr(level(read_spec(ROW_STATIONARY), "inputs"), "cls", None) == "my_register"


def test_parallel_branches_bypass_what_their_neighbours_keep():
    spec = read_spec(ROW_STATIONARY)
    assert [item.keep for item in spec.storages] == [
        ("Weights", "Inputs", "Outputs"),
        ("Inputs", "Outputs"),
        ("Inputs",),
        ("Weights",),
        ("Outputs",),
    ]
    assert all(item.optional == () for item in spec.storages)


def test_factors_and_orders_are_read_innermost_first():
    spec = read_spec(ROW_STATIONARY)
    inputs, column, row = level(spec, "inputs"), level(spec, "column"), level(spec, "row")
    assert isinstance(inputs, Storage) and isinstance(column, Fanout) and isinstance(row, Fanout)
    assert inputs.temporal.factors == {"N": 1, "M": 1}
    assert inputs.temporal.max_factors == {"C": 4}
    assert inputs.temporal.permutation == ("N", "M", "C")
    assert column.constraint_x.factors == {"N": 1, "C": 1, "P": 1, "R": 1, "S": 1}
    assert column.constraint_y.factors == dict.fromkeys(DIMENSIONS, 1)
    assert row.constraint_x.factors == dict.fromkeys(DIMENSIONS, 1)
    assert row.constraint_y.permutation == ("N", "P", "Q", "R", "S", "C", "M")


def test_attributes_of_containers_reach_later_nodes():
    text = nodes(
        '  - !Container {name: outer, attributes: {datawidth: 8, note: "a"}}\n'
        '  - !Component {name: buffer, class: SRAM, attributes: {depth: 2, width: 16, note: "b"}}'
    )
    buffer = level(read_spec(text), "buffer")
    assert isinstance(buffer, Storage)
    assert (buffer.datawidth, buffer.attributes["note"]) == (8, "b")


def test_variables_give_technology_and_clock():
    spec = read_spec(storage() + 'variables: {version: 0.4, technology: "32nm", global_cycle_seconds: 5e-10}\n')
    assert (spec.technology, spec.cycle_seconds) == ("32nm", 5e-10)


def test_tensors_that_the_spec_leaves_open_are_optional():
    spec = read_spec(storage(more=", constraints: {dataspace: {bypass: [Weights]}}"))
    buffer = level(spec, "buffer")
    assert isinstance(buffer, Storage)
    assert (buffer.keep, buffer.optional) == (("Inputs", "Outputs"), ("Inputs", "Outputs"))
    choices = [next(s for s in choice.storages if s.name == "buffer") for choice in spec.bypass_choices()]
    assert [item.keep for item in choices] == [("Inputs", "Outputs"), ("Inputs",), ("Outputs",), ()]
    assert all(item.optional == () for item in choices)
    dram = level(spec, "DRAM")
    assert isinstance(dram, Storage) and dram.optional == ()


@pytest.mark.parametrize(
    ("written", "keep"),
    [
        ("keep_only: [Inputs]", ("Inputs",)),
        ("bypass_only: [Inputs]", ("Weights", "Outputs")),
        ("keep: ['*']", ("Weights", "Inputs", "Outputs")),
        ("keep: [Outputs], bypass: ['*']", None),
    ],
)
def test_keep_macros(written: str, keep: tuple[str, ...] | None):
    text = storage(more=f", constraints: {{dataspace: {{{written}}}}}")
    if keep is None:
        assert "Outputs is both kept and bypassed" in refusal(text)
        return
    buffer = level(read_spec(text), "buffer")
    assert isinstance(buffer, Storage) and (buffer.keep, buffer.optional) == (keep, ())


@pytest.mark.parametrize(
    ("written", "fixed"),
    [
        ("factors_only: [C=4]", {"C": 4, **dict.fromkeys("MRSNPQG", 1)}),
        ("no_iteration_over_dataspaces: [Weights]", dict.fromkeys("CMRSG", 1)),
        ("must_iterate_over_dataspaces: [Outputs]", dict.fromkeys("CRS", 1)),
        ("factors: [C<=1]", {"C": 1}),
        ("no_reuse: []", {}),
    ],
)
def test_loop_macros(written: str, fixed: dict[str, int]):
    buffer = level(read_spec(storage(more=f", constraints: {{temporal: {{{written}}}}}")), "buffer")
    assert isinstance(buffer, Storage) and buffer.temporal.factors == fixed


def axes(spatial: str, constraint: str) -> tuple[set[str], set[str]]:
    """Dimensions that may stand on X and on Y."""
    found = level(read_spec(container(spatial, constraint)), "array")
    assert isinstance(found, Fanout)
    return tuple(  # type: ignore[return-value]
        {d for d in DIMENSIONS if axis.factors.get(d) != 1} for axis in (found.constraint_x, found.constraint_y)
    )


def test_split_counts_the_unit_loops_that_the_front_end_puts_in_front():
    """The stock output-stationary example: Timeloop's own answer has C and M on Y, none on X."""
    on_x, on_y = axes("meshX: 16, meshY: 16", "permutation: [C, M], split: 1, factors: [R=1, S=1, P=1, Q=1]")
    assert (on_x, on_y) == (set(), {"C", "M", "N", "G"})


def test_split_of_a_complete_order_divides_it():
    order = "permutation: [R, S, P, Q, N, G, C, M], factors: [R=1, S=1, P=1, Q=1, N=1, G=1]"
    assert axes("meshX: 16, meshY: 16", f"{order}, split: 7") == ({"C"}, {"M"})
    unlisted = "permutation: [C, M], factors: [R=1, S=1, P=1, Q=1, N=1, G=1]"
    assert axes("meshX: 16, meshY: 16", f"{unlisted}, split: 7") == ({"C"}, {"M"})


def test_without_split_loops_may_stand_on_either_axis():
    assert axes("meshX: 4, meshY: 4", "factors: [R=1, S=1, P=1, Q=1, N=1, G=1]") == ({"C", "M"}, {"C", "M"})
    assert axes("meshX: 4", "factors: [R=1, S=1, P=1, Q=1, N=1, G=1], permutation: [M, C]") == ({"C", "M"}, set())


def test_split_that_depends_on_the_layer_is_refused():
    said = refusal(container("meshX: 4, meshY: 4", "permutation: [C, M], factors: [R=1, S=1], split: 3"))
    assert "which loops a split of 3 lays on X depends on the layer: name N, P, Q, G" in said


def test_component_with_a_fanout_gets_a_container():
    text = nodes(
        "  - !Component {name: spad, class: regfile, spatial: {meshX: 3}, attributes: {depth: 1, datawidth: 8}}"
    )
    spec = read_spec(text)
    made = spec.levels[1]
    assert isinstance(made, Fanout) and (made.mesh_x, made.timeloop_name) == (3, "inter_spad_spatial")
    assert spec.compute.instances == 3


def test_timeloop_calls_containers_by_their_dummy_level():
    assert [item.timeloop_name for item in read_spec(ROW_STATIONARY).fanouts] == [
        "inter_column_spatial",
        "inter_row_spatial",
    ]


def test_disabled_nodes_and_plain_containers_bring_no_level():
    text = nodes("  - !Container {name: box}\n  - !Component {name: off, class: SRAM, enabled: false}")
    assert [item.name for item in read_spec(text).levels] == ["DRAM", "mac"]


def test_hierarchy_inside_parallel():
    text = nodes(
        "  - !Parallel\n    nodes:\n"
        "    - !Hierarchical\n      nodes:\n"
        "      - !Component {name: a, class: SRAM, attributes: {depth: 1, datawidth: 8}, "
        "constraints: {dataspace: {keep: [Inputs]}}}\n"
        "      - !Component {name: b, class: SRAM, attributes: {depth: 1, datawidth: 8}, "
        "constraints: {dataspace: {keep: [Inputs]}}}\n"
        "    - !Nothing {constraints: {dataspace: {keep: [Weights, Outputs]}}}"
    )
    assert [item.keep for item in read_spec(text).storages[1:]] == [("Inputs",), ("Inputs",)]
