"""Reading v0.4 architectures: what is understood, and that nothing else passes unnoticed."""

from __future__ import annotations

import pytest

from qadam_plugin.errors import InputError
from qadam_plugin.hardware.archspec import ArchSpec, Compute, Fanout, Storage
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


@pytest.mark.parametrize(
    ("attributes", "key"),
    [
        (
            "depth: 1, width: 16, datawidth: 8, cluster_size: 2",
            "attributes.cluster_size: 1 instances are not a multiple",
        ),
        (
            "depth: 1, width: 24, datawidth: 8, cluster_size: 2",
            "24 is not a multiple of datawidth 8 times cluster_size 2",
        ),
        (
            "depth: 1, width: 32, datawidth: 8, block_size: 4, cluster_size: 2",
            "attributes.block_size: 4 words in each of 2 instances of 8 bits are not the width of 32",
        ),
        ("depth: 1, datawidth: 8, partial_sums: 1", "attributes.partial_sums: true or false is wanted, not 1"),
        ("depth: 1, datawidth: 8, multiple_buffering: 2", "attributes.multiple_buffering: 2 is not supported"),
        ("depth: 1, datawidth: 8, min_utilization: 0.5", "attributes.min_utilization"),
        ("depth: 1, datawidth: 8, reduction_supported: false", "attributes.reduction_supported"),
        ("depth: 1, datawidth: 8, shared_bandwidth: 4", "attributes.shared_bandwidth: 4 is not supported"),
        ("depth: 1, datawidth: 8, metadata_datawidth: 4", "attributes.metadata_datawidth"),
        ("depth: 1, datawidth: 8, has_power_gating: true", "attributes.has_power_gating"),
        ("sizeKB: 4, datawidth: 8", "attributes.sizeKB"),
        ("depth: 1, datawidth: 8, read_bandwith: 4", "attributes.read_bandwith: unknown attribute; did you mean"),
        ("datawidth: 8", "attributes.depth: is missing"),
        ("depth: 4", "attributes.datawidth: is missing"),
        ("depth: 0, datawidth: 8", "attributes.depth: an integer of at least 1 is wanted, not 0"),
        ("depth: 2.5, datawidth: 8", "attributes.depth: an integer of at least 1 is wanted, not 2.5"),
        ("depth: 4 * 4, datawidth: 8", "expressions are not supported, write the number"),
        ("depth: 1, width: 20, datawidth: 8", "attributes.width: 20 is not a multiple of datawidth 8"),
        ("depth: 1, entries: 1, datawidth: 8", "attributes.entries: either depth or entries"),
        ("depth: 1, datawidth: 8, read_bandwidth: 0", "attributes.read_bandwidth: words per cycle, above 0"),
        ("depth: 1, datawidth: 8, list: [1]", "attributes.list: a number or a word is wanted"),
        (
            "depth: 1, datawidth: 8, technology: -1",
            "attributes.technology: -1 makes Accelergy answer with dummy numbers",
        ),
    ],
)
def test_attributes_that_would_change_a_count_are_refused(attributes: str, key: str):
    assert f"architecture.nodes[1].{key}" in refusal(storage(attributes)) or key in refusal(storage(attributes))


@pytest.mark.parametrize(
    ("constraint", "message"),
    [
        ("temporal: {factors: [C=0]}", "temporal.factors: 'C=0' means the whole dimension and is not supported"),
        ("temporal: {factors: [C>=2]}", "temporal.factors: 'C>=2' is not supported: only = and <= are"),
        ("temporal: {factors: [K=2]}", "temporal.factors: unknown dimension 'K'"),
        ("temporal: {factors: [C=2, C=3]}", "temporal.factors: 'C=3' contradicts another factor of C"),
        ("temporal: {factors: [C=4, C<=3]}", "temporal.factors: C=4 and C<=3 contradict"),
        ("temporal: {factors: [C]}", "temporal.factors: a factor such as C=4 or C<=4 is wanted, not 'C'"),
        ("temporal: {permutation: [C, C]}", "temporal.permutation: dimension C is given twice"),
        ("temporal: {permutation: [C, X]}", "temporal.permutation: unknown dimension 'X'"),
        ("temporal: {maximize_dims: [[C]]}", "temporal.maximize_dims: is not supported"),
        ("temporal: {no_reuse: [Inputs]}", "temporal.no_reuse: is not supported"),
        ("temporal: {rmw_first_update: [Outputs]}", "temporal.rmw_first_update: is not supported"),
        ("temporal: {default_max_factor: 3}", "temporal.default_max_factor: is not supported"),
        ("temporal: {permutations: [C]}", "temporal.permutations: unknown key; did you mean 'permutation'?"),
        ("dataspace: {keep: [Input]}", "dataspace.keep: unknown data space 'Input'"),
        ("dataspace: {keep: Inputs}", "dataspace.keep: a list of Weights, Inputs, Outputs is wanted"),
        ("dataspace: {no_coalesce: [Inputs]}", "dataspace.no_coalesce: is not supported"),
        (
            "max_overbooked_proportion: {proportion: 0.5}",
            "constraints.max_overbooked_proportion: is not supported here",
        ),
        ("spatial: {factors: [C=1]}", "constraints.spatial: needs spatial: {meshX, meshY} at the same node"),
    ],
)
def test_constraints_that_are_not_modelled_are_refused(constraint: str, message: str):
    said = refusal(storage(more=f", constraints: {{{constraint}}}"))
    assert f"architecture.nodes[1].{'' if message.startswith('constraints') else 'constraints.'}{message}" in said


@pytest.mark.parametrize(
    ("spatial", "constraint", "message"),
    [
        ("meshX: 0", "", "spatial.meshX: an integer of at least 1 is wanted, not 0"),
        ("meshX: true", "", "spatial.meshX: an integer of at least 1"),
        ("meshZ: 3", "", "spatial.meshZ: unknown key"),
        ("meshX: 3", "split: -1", "constraints.spatial.split: an integer of at least 0 is wanted, not -1"),
        ("meshX: 3", "no_link_transfer: [Inputs]", "constraints.spatial.no_link_transfer: is not supported"),
        ("meshX: 3, meshY: 3", "permutation: [C, M]", "a permutation needs a split"),
        ("meshX: 3, meshY: 3", "factors: [C=3]", "a factor needs a permutation and a split"),
    ],
)
def test_fanouts_that_cannot_be_expressed_are_refused(spatial: str, constraint: str, message: str):
    assert message in refusal(container(spatial, constraint))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("architecture: {version: 0.3, subtree: []}\n", "architecture: is version 0.3; version 0.4 is wanted"),
        ("architecture: {subtree: []}\n", "architecture: is version 0.3"),
        ("architecture: {version: 0.5, nodes: []}\n", "architecture.version: 0.4 is wanted, not 0.5"),
        ("problem: {}\n", "architecture: is missing"),
        ("architecture: {version: 0.4, nodes: [!Widget {name: a}]}\n", "unknown tag '!Widget'"),
        ("architecture: {version: 0.4, nodes: [{name: a}]}\n", "architecture.nodes[0]: a node with a tag"),
        ("architecture: {version: 0.4, nodes: [!Pipelined {nodes: []}]}\n", "!Pipelined is not supported"),
        ("architecture: {version: 0.4, nodes: 3}\n", "architecture.nodes: a list of nodes is wanted, not 3"),
        ("architecture: {version: 0.4, notes: []}\n", "architecture.notes: unknown key; did you mean 'nodes'?"),
        ("architecture: {version: 0.4, nodes: []}\n", "architecture.nodes: the last node must be a compute"),
        ("{{ include('a') }}\narchitecture: {}\n", "contains jinja templates"),
        (storage() + "constraints: {targets: [{target: a}]}\n", "constraints: is not supported"),
        (storage() + "sparse_optimizations: {targets: [{name: a}]}\n", "sparse_optimizations: is not supported"),
        (storage() + "architectures: {}\n", "architectures: unknown key; did you mean 'architecture'?"),
        (storage(more=", energy_scale: 2"), "architecture.nodes[1].energy_scale: is not supported"),
        (
            storage(more=", sparse_optimizations: {a: 1}"),
            "architecture.nodes[1].sparse_optimizations: is not supported",
        ),
        (storage(more=", clas: a"), "architecture.nodes[1].clas: unknown key; did you mean 'class'?"),
        (nodes("  - !Component {name: DRAM, class: SRAM}"), "architecture.nodes[1].name: 'DRAM' is used twice"),
        (nodes("  - !Component {name: a, class: cache}"), "architecture.nodes[1].class: 'cache' is no class"),
        (nodes("  - !Component {name: a, class: Legacy}"), "architecture.nodes[1].class: network 'Legacy' is not"),
        (nodes("  - !Component {name: a}"), "architecture.nodes[1].class: is missing"),
        (nodes("  - !Component {class: SRAM, attributes: {depth: 1, datawidth: 1}}"), "architecture.nodes[1].name"),
        (nodes("  - !Component {name: m, class: mac}"), "comes after the compute"),
    ],
)
def test_files_of_another_kind_are_refused(text: str, message: str):
    assert message in refusal(text)


def test_parallel_needs_one_branch_for_every_data_space():
    branch = (
        "    - !Component {name: a, class: SRAM, attributes: {depth: 1, datawidth: 8}, constraints: {dataspace: %s}}"
    )
    alone = nodes("  - !Parallel\n    nodes:\n" + branch % "{keep: [Inputs]}")
    assert "no branch of this !Parallel keeps Weights, Outputs; to bypass all of them add !Nothing" in refusal(alone)
    twice = "\n".join([branch % "{keep: [Inputs]}", (branch % "{keep: [Inputs]}").replace("name: a", "name: b")])
    assert "Inputs is kept in branch 0" in refusal(nodes("  - !Parallel\n    nodes:\n" + twice))


def test_a_data_space_without_a_storage_is_refused():
    text = storage().replace("class: DRAM,", "class: DRAM, constraints: {dataspace: {keep_only: [Inputs]}},")
    text = text.replace("class: SRAM,", "class: SRAM, constraints: {dataspace: {keep_only: [Outputs]}},")
    assert "no storage keeps Weights" in refusal(text)
