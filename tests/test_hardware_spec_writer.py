"""Writing architectures: reading what was written gives the same architecture."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qadam_plugin.hardware.archspec import ArchSpec, Compute, Fanout, Level, LoopConstraint, Storage
from qadam_plugin.hardware.build import build_spec
from qadam_plugin.hardware.config import config_from_values
from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.hardware.spec_constraints import axis_constraints
from qadam_plugin.hardware.spec_reader import read_spec
from qadam_plugin.hardware.spec_writer import spec_yaml
from qadam_plugin.workloads.layer import DIMENSIONS, TENSORS

_orders = st.permutations(DIMENSIONS).flatmap(lambda order: st.integers(0, 8).map(lambda n: tuple(order[:n])))
_factors = st.dictionaries(st.sampled_from(DIMENSIONS), st.integers(1, 6), max_size=8)


@st.composite
def _loops(draw: st.DrawFn) -> LoopConstraint:
    factors = draw(_factors)
    largest = draw(st.dictionaries(st.sampled_from(DIMENSIONS), st.integers(2, 9), max_size=3))
    return LoopConstraint(factors, {d: b for d, b in largest.items() if d not in factors}, draw(_orders))


@st.composite
def _fanouts(draw: st.DrawFn, name: str) -> Fanout:
    mesh_x, mesh_y = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    split = draw(st.one_of(st.none(), st.integers(0, 9)))
    loops = draw(_loops())
    try:
        x, y = axis_constraints(mesh_x, mesh_y, loops.factors, loops.max_factors, loops.permutation, split)
    except ValueError:
        x, y = axis_constraints(mesh_x, mesh_y, {}, {}, (), 0)
    return Fanout(name, mesh_x, mesh_y, x, y)


@st.composite
def _storages(draw: st.DrawFn, name: str, instances: int, outermost: bool) -> Storage:
    keep = TENSORS if outermost else tuple(t for t in TENSORS if draw(st.booleans()))
    optional = () if outermost else tuple(t for t in keep if draw(st.integers(0, 4)) == 0)
    datawidth, block, depth = draw(st.integers(1, 40)), draw(st.integers(1, 8)), draw(st.integers(1, 10**6))
    bandwidth = draw(st.one_of(st.none(), st.floats(0.01, 1e6)))
    attributes: dict[str, object] = {"depth": depth, "width": datawidth * block, "datawidth": datawidth}
    if bandwidth is not None:
        attributes["read_bandwidth"] = bandwidth
    attributes["note"] = draw(st.sampled_from(['45 nm: "x"', "true", "12", 3, 2.5e-9, True]))
    cls = draw(st.sampled_from(["qadam_SRAM", "smartbuffer_RF", "aladdin_register", "my_mac_store"]))
    loops = draw(_loops())
    return Storage(
        *(name, cls, datawidth * block, datawidth, depth, keep, bandwidth),
        temporal=loops,
        optional=optional,
        instances=instances,
        attributes=attributes,
    )


@st.composite
def _specs(draw: st.DrawFn) -> ArchSpec:
    levels: list[Level] = [draw(_storages("s0", 1, True))]
    mesh = 1
    for index in range(1, draw(st.integers(1, 6))):
        if draw(st.booleans()):
            made = draw(_fanouts(f"f{index}"))
            mesh *= made.mesh_x * made.mesh_y
            levels.append(made)
        else:
            levels.append(draw(_storages(f"s{index}", mesh, False)))
    cls = draw(st.sampled_from(["qadam_mac", "compute_unit", "alu"]))
    levels.append(Compute("m", cls, mesh, {"bits": 8}))
    technology = draw(st.sampled_from([None, "45nm"]))
    return ArchSpec("top", tuple(levels), technology, draw(st.sampled_from([1e-9, 5e-9, 1 / 0.37e9])), "<text>")


@settings(max_examples=150, deadline=None)
@given(_specs())
def test_written_spec_reads_back_equal(spec: ArchSpec):
    assert read_spec(spec_yaml(spec)) == spec


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(sorted(PE_TYPES)),
    rows=st.integers(1, 40),
    cols=st.integers(1, 40),
    depths=st.tuples(*[st.integers(1, 500)] * 3),
    glb=st.floats(1, 4096),
    weights=st.sampled_from([0, 0.25]),
    clock=st.floats(0.05, 4),
)
def test_generated_spec_reads_back_equal(name, rows, cols, depths, glb, weights, clock):
    config = config_from_values(
        {
            "pe_type": name,
            "rows": rows,
            "cols": cols,
            "ifmap_spad_depth": depths[0],
            "weights_spad_depth": depths[1],
            "psum_spad_depth": depths[2],
            "glb_kib": glb,
            "glb_weights_share": weights,
        },
        "test",
    )
    spec = build_spec(config, clock)
    assert replace(read_spec(spec_yaml(spec)), source=spec.source) == spec


def test_strings_are_quoted_and_the_command_is_named():
    spec = read_spec(
        "architecture:\n  nodes:\n"
        "  - !Component {name: DRAM, class: DRAM, attributes: {type: LPDDR4, width: 8, datawidth: 8, technology: 45nm}}"
        "\n"
        "  - !Component {name: mac, class: mac, attributes: {technology: 45nm}}\n"
    )
    text = spec_yaml(spec, "qadam-tl arch design.yaml", ["a note"])
    assert text.startswith("# Timeloop v0.4 architecture, generated by: qadam-tl arch design.yaml\n# a note\n")
    assert 'type: "LPDDR4"' in text
    assert 'technology: "45nm"' in text


def test_weights_that_pass_the_buffer_get_their_nothing_branch():
    """The front end refuses a !Parallel in which a data space has no branch."""
    config = config_from_values(
        {"pe_type": "int8", "rows": 2, "cols": 2, "ifmap_spad_depth": 4, "weights_spad_depth": 4, "psum_spad_depth": 4}
        | {"glb_kib": 8},
        "test",
    )
    text = spec_yaml(build_spec(config, 1.0))
    assert text.count("!Parallel") == 3
    assert text.count("- !Nothing {constraints: {dataspace: {keep: [Weights]}}}") == 1


def test_container_that_v04_cannot_express_is_refused():
    both = LoopConstraint(permutation=("C", "M"))
    levels = (Storage("s", "SRAM", 8, 8, 1, TENSORS), Fanout("f", 2, 2, both, LoopConstraint()), Compute("m", "mac", 4))
    with pytest.raises(ValueError, match="container f"):
        spec_yaml(ArchSpec("top", levels))
