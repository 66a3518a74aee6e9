"""Reading v0.4 architectures: nothing that is not understood passes unnoticed."""

from __future__ import annotations

import pytest
from spec_texts import container, nodes, refusal, storage


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
