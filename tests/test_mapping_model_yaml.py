"""Mappings and energies through the files of Timeloop and Accelergy."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from qadam_plugin.errors import InputError
from qadam_plugin.hardware.archspec import ArchSpec, Compute, Fanout, Storage
from qadam_plugin.mapping.corpus import ReferenceCase, read_cases
from qadam_plugin.mapping.mapping_yaml import mapping_yaml, read_mapping, with_keeps_of
from qadam_plugin.mapping.nest import Mapping
from qadam_plugin.ppa.ert_file import read_ert
from qadam_plugin.workloads.layer import DIMENSIONS, TENSORS, Layer

CORPORA = Path(__file__).parent / "data" / "timeloop"
CASES = [
    case
    for name in ("model_cases", "families")
    for case in read_cases(CORPORA / f"{name}.jsonl.gz")
    if case.result["valid"]
]

EYERISS = ArchSpec(
    "system",
    (
        Storage("DRAM", "DRAM", 64, 16, None, TENSORS),
        Storage("shared_glb", "SRAM", 64, 16, 16384, ("Inputs", "Outputs")),
        Fanout("inter_PE_column_spatial", 14),
        Fanout("inter_PE_spatial", 1, 12),
        Storage("ifmap_spad", "regfile", 16, 16, 12, ("Inputs",), instances=168),
        Storage("weights_spad", "regfile", 16, 16, 192, ("Weights",), instances=168),
        Storage("psum_spad", "regfile", 16, 16, 16, ("Outputs",), instances=168),
        Compute("mac", "intmac", 168),
    ),
)


def used(mapping: Mapping) -> dict[tuple[str, str], tuple[tuple[str, int], ...]]:
    return {(entry.level, entry.kind): entry.loops for entry in mapping.entries if entry.loops}


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(CASES))
def test_a_mapping_survives_writing_and_reading(tmp_path_factory: pytest.TempPathFactory, case: ReferenceCase) -> None:
    file = tmp_path_factory.mktemp("yaml") / "mapping.yaml"
    file.write_text(mapping_yaml(case.spec, case.mapping))
    assert used(read_mapping(file, case.spec, case.layer)) == used(case.mapping)


def test_written_entries_say_what_timeloop_needs_to_know() -> None:
    case = next(case for case in CASES if case.id == "h00004")
    entries = yaml.safe_load(mapping_yaml(case.spec, case.mapping))["mapping"]
    pe = next(entry for entry in entries if entry["target"] == "PE")
    assert (pe["type"], pe["split"]) == ("spatial", 0)
    assert {"C=2", "M=2"} <= set(pe["factors"])
    assert sorted(pe["permutation"]) == sorted(DIMENSIONS)
    column = next(entry for entry in entries if entry["target"] == "PE_column")
    assert (column["split"], column["permutation"][0]) == (1, "Q")
    spad = next(e for e in entries if e["target"] == "ifmap_spad" and e["type"] == "dataspace")
    assert (spad["keep"], spad["bypass"]) == (["Inputs"], ["Weights", "Outputs"])


TIMELOOPS_OWN = """
mapping:
  - {target: psum_spad, type: datatype, keep: [Outputs], bypass: [Weights, Inputs]}
  - {target: inter_PE_spatial, type: datatype, keep: [], bypass: [Weights, Inputs, Outputs]}
  - {target: psum_spad, type: temporal, factors: C1 M8 R1 S1 N1 P1 Q1, permutation: MCRSNPQ}
  - {target: weights_spad, type: temporal, factors: C1 M1 R3 S1 N1 P1 Q1, permutation: RCMSNPQ}
  - {target: inter_PE_spatial, type: spatial, factors: C3 M1 R1 S3 N1 P1 Q1, permutation: SCMRNPQ, split: 0}
  - {target: inter_PE_spatial, type: temporal, factors: C1 M1 R1 S1 N1 P1 Q1, permutation: CMRSNPQ}
  - {target: inter_PE_column_spatial, type: spatial, factors: C1 M1 R1 S1 N1 P1 Q14, permutation: QCMRSNP, split: 1}
  - {target: shared_glb, type: temporal, factors: C1 M1 R1 S1 N1 P14 Q4, permutation: QPCMRSN}
  - {target: DRAM, type: temporal, factors: C1 M4 R1 S1 N1 P8 Q2, permutation: MQPCRSN}
"""


def test_what_timeloop_mapper_writes_is_read(tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text(TIMELOOPS_OWN)
    assert used(read_mapping(file, EYERISS, Layer(C=3, M=32, R=3, S=3, P=112, Q=112))) == {
        ("DRAM", "temporal"): (("P", 8), ("Q", 2), ("M", 4)),
        ("shared_glb", "temporal"): (("P", 14), ("Q", 4)),
        ("inter_PE_column_spatial", "spatial-x"): (("Q", 14),),
        ("inter_PE_spatial", "spatial-y"): (("C", 3), ("S", 3)),
        ("weights_spad", "temporal"): (("R", 3),),
        ("psum_spad", "temporal"): (("M", 8),),
    }


def test_what_a_mapping_keeps_holds_for_its_evaluation(tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text("mapping:\n- {target: shared_glb, type: datatype, keep: [Weights], bypass: [Outputs]}\n")
    keeps = {level.name: level.keep for level in with_keeps_of(file, EYERISS).storages}
    assert keeps["shared_glb"] == ("Weights", "Inputs")
    assert keeps["DRAM"] == TENSORS
    file.write_text("mapping:\n- {target: shared_glb, type: datatype, keep: [Weights], bypass: [Weights]}\n")
    with pytest.raises(InputError, match=r"mapping\[0\]\.bypass: Weights is in keep too"):
        with_keeps_of(file, EYERISS)


def test_a_factor_of_zero_takes_what_is_left(tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text(
        "mapping:\n- {target: DRAM, type: temporal, factors: P=0 M=2}\n- {target: PE, type: spatial, factors: [P=4]}\n"
    )
    read = used(read_mapping(file, EYERISS, Layer(M=2, P=24)))
    assert dict(read["DRAM", "temporal"]) == {"P": 6, "M": 2}
    with pytest.raises(InputError, match="P=0 at DRAM has no answer"):
        read_mapping(file, EYERISS, Layer(M=2, P=10))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mapping: {}", r"mapping: a list of entries"),
        ("a: [", "not valid YAML"),
        ("mapping: [{target: L2, type: temporal}]", r"mapping\[0\]\.target: system has no 'L2'.*DRAM, shared_glb"),
        ("mapping: [{target: DRAM, type: tiling}]", r"mapping\[0\]\.type: temporal, spatial or dataspace"),
        ("mapping: [{target: DRAM, type: temporal, split: 1}]", r"mapping\[0\]\.split: not supported in a temporal"),
        ("mapping: [{target: DRAM, type: temporal, factors: ['C=4,3']}]", "imperfect factors are not supported"),
        ("mapping: [{target: DRAM, type: temporal, factors: [K=4]}]", "K is none of C, M, R"),
        ("mapping: [{target: DRAM, type: temporal, factors: [C=4, C=2]}]", "C is given twice"),
        ("mapping: [{target: DRAM, type: temporal, permutation: CC}]", "C is given twice"),
        ("mapping: [{target: DRAM, type: temporal}, {target: DRAM, type: temporal}]", "has a temporal entry already"),
        (
            "mapping: [{target: shared_glb, type: dataspace, keep: [Weights]}]",
            r"mapping\[0\]\.keep: in the architecture shared_glb bypasses Weights",
        ),
        ("mapping: [{target: inter_PE_spatial, type: temporal, factors: [C=2]}]", "can have no temporal loops"),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_key(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "map.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_mapping(file, EYERISS, Layer())
    assert str(file) in str(caught.value)


def ert(names: dict[str, dict[str, float]]) -> str:
    tables = [
        {"name": name, "actions": [{"name": a, "arguments": {}, "energy": e} for a, e in actions.items()]}
        for name, actions in names.items()
    ]
    return yaml.safe_dump({"ERT": {"version": "0.4", "tables": tables}})


ACTIONS = {"read": 2.0, "write": 3.0, "leak": 0.5}
COMPONENTS = ("DRAM", "shared_glb", "ifmap_spad", "weights_spad", "psum_spad")


@pytest.mark.parametrize(
    "pattern", ["{}", "system_top_level.{}[1..1]", "system.PE_column[1..14].PE[1..12].{}[1..168]", "system.{}"]
)
def test_components_are_found_under_every_name_accelergy_writes(tmp_path: Path, pattern: str) -> None:
    file = tmp_path / "ERT.yaml"
    tables = {pattern.format(name): ACTIONS for name in COMPONENTS}
    tables |= {pattern.format("mac"): {"compute": 1.5, "leak": 0.0}, "system.noc[1..1]": {"transfer": 1.0}}
    file.write_text(ert(tables))
    energy = read_ert(file, EYERISS).energy_pj
    assert energy["ifmap_spad"] == ACTIONS
    assert energy["mac"]["compute"] == 1.5
    assert set(energy) == {*COMPONENTS, "mac"}


def test_an_incomplete_ert_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "ERT.yaml"
    tables = {f"system.{name}[1..1]": dict(ACTIONS) for name in COMPONENTS}
    file.write_text(ert(tables))
    with pytest.raises(InputError, match=r"ERT\.tables: no table for mac of system"):
        read_ert(file, EYERISS)
    tables["system.mac[1..168]"] = {"compute": 1.0}
    del tables["system.psum_spad[1..1]"]["write"]
    file.write_text(ert(tables))
    with pytest.raises(InputError, match="psum_spad: no action write; it has: read, leak"):
        read_ert(file, EYERISS)
    file.write_text("ERT_summary: {}\n")
    with pytest.raises(InputError, match="give the ERT itself"):
        read_ert(file, EYERISS)
    file.write_text(ert({"system.DRAM[1..1]": {"read": -1.0}}))
    with pytest.raises(InputError, match=r"actions\[0\]\.energy: an energy in pJ"):
        read_ert(file, EYERISS)
