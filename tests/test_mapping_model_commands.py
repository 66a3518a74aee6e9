"""`qadam-tl evaluate` and `qadam-tl map`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from command_line import qadam_tl

from qadam_plugin.hardware.spec_reader import read_spec
from qadam_plugin.mapping.mapping_yaml import mapping_yaml
from qadam_plugin.mapping.nest import LevelLoops, Mapping
from qadam_plugin.paths import data_dir
from qadam_plugin.workloads.layer import Layer
from qadam_plugin.workloads.timeloop_problem import problem_yaml

KEYS = {
    "valid",
    "reason",
    "objective",
    "optimal",
    "gap",
    "energy_pj",
    "cycles",
    "edp",
    "utilization",
    "mapping",
    "levels",
}
ARCH = data_dir("arch_specs") / "timeloop" / "eyeriss168.yaml"


def by_hand(psums: int = 4) -> Mapping:
    """A row-stationary mapping of a 3x3 layer of 16 to 16 channels, 32x32; `psums` output channels in the psum spad."""
    return Mapping(
        (
            LevelLoops("DRAM_psum", "temporal", (("Q", 4),)),
            LevelLoops("glb_psum", "temporal", (("C", 4), ("P", 32))),
            LevelLoops("PE_column", "spatial-x", (("Q", 8),)),
            LevelLoops("PE", "spatial-y", (("S", 3), ("M", 16 // psums))),
            LevelLoops("weights_spad", "temporal", (("R", 3), ("C", 4))),
            LevelLoops("psum_spad", "temporal", (("M", psums),)),
        )
    )


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "problem.yaml").write_text(problem_yaml(Layer(C=16, M=16, R=3, S=3, P=32, Q=32)))
    (tmp_path / "mapping.yaml").write_text(mapping_yaml(read_spec(ARCH), by_hand()))
    return {name: str(tmp_path / f"{name}.yaml") for name in ("problem", "mapping", "best", "ert")}


def test_evaluate_as_json(capsys: pytest.CaptureFixture[str], files: dict[str, str]) -> None:
    code, out, _ = qadam_tl(
        capsys,
        "evaluate",
        *("--arch", str(ARCH)),
        *("--problem", files["problem"]),
        *("--mapping", files["mapping"]),
        "--json",
    )
    found = json.loads(out)
    assert code == 0
    assert set(found) == KEYS
    assert (found["valid"], found["reason"], found["objective"], found["optimal"]) == (True, "", None, None)
    # 4 x 4 x 32 x 3 x 4 x 4 iterations in time on 8 x 12 MACs
    assert found["cycles"] == 24576
    assert found["utilization"] == pytest.approx(96 / 168)
    assert found["edp"] == pytest.approx(found["energy_pj"] * found["cycles"])
    # DRAM holds the box of all input pixels
    assert found["levels"]["DRAM_ifmap"]["Inputs"]["capacity"] == 34 * 34 * 16
    # psums: C is outside P, so each of the four passes over C adds to all of them
    assert found["levels"]["glb_psum"]["Outputs"]["updates"] == 4 * 16 * 32 * 32
    assert found["levels"]["DRAM_psum"]["Outputs"]["updates"] == 16 * 32 * 32


def test_evaluate_prints_nest_and_table(capsys: pytest.CaptureFixture[str], files: dict[str, str]) -> None:
    code, out, _ = qadam_tl(
        capsys, "evaluate", "--arch", str(ARCH), "--problem", files["problem"], "--mapping", files["mapping"]
    )
    assert code == 0
    assert "parallel for S in 0..2 (along Y)" in out
    assert "24576 cycles" in out
    assert "psum_spad" in out


def test_an_ert_replaces_our_models(capsys: pytest.CaptureFixture[str], files: dict[str, str]) -> None:
    spec = read_spec(ARCH)
    actions = [{"name": name, "energy": 0.0} for name in ("read", "write", "update", "leak")]
    tables = [{"name": f"system.{level.name}[1..{level.instances}]", "actions": actions} for level in spec.storages]
    tables.append({"name": f"system.{spec.compute.name}", "actions": [{"name": "compute", "energy": 2.0}]})
    Path(files["ert"]).write_text(yaml.safe_dump({"ERT": {"version": 0.4, "tables": tables}}))
    arguments = ["--arch", str(ARCH), "--problem", files["problem"], "--mapping", files["mapping"]]
    _, out, _ = qadam_tl(capsys, "evaluate", *arguments, "--ert", files["ert"], "--json")
    assert json.loads(out)["energy_pj"] == 2.0 * 16 * 16 * 9 * 32 * 32


def test_an_invalid_mapping_is_answered_with_its_reason(
    capsys: pytest.CaptureFixture[str], files: dict[str, str]
) -> None:
    spec = read_spec(ARCH)
    Path(files["mapping"]).write_text(mapping_yaml(spec, by_hand(psums=1)))
    arguments = ["--arch", str(ARCH), "--problem", files["problem"], "--mapping", files["mapping"]]
    code, out, _ = qadam_tl(capsys, "evaluate", *arguments, "--json")
    found = json.loads(out)
    assert (code, found["valid"], found["energy_pj"], found["levels"]) == (1, False, None, {})
    assert found["reason"] == "mac would need 384 instances, it has 168"
    code, out, err = qadam_tl(capsys, "evaluate", *arguments)
    assert (code, out) == (1, "")
    assert err == "qadam-tl: the mapping is not valid: mac would need 384 instances, it has 168\n"


def test_map_finds_a_proven_mapping_that_evaluate_prices_the_same(
    capsys: pytest.CaptureFixture[str], files: dict[str, str]
) -> None:
    arguments = ["--arch", str(ARCH), "--problem", files["problem"]]
    _, out, _ = qadam_tl(capsys, "evaluate", *arguments, "--mapping", files["mapping"], "--json")
    given = json.loads(out)
    code, out, _ = qadam_tl(capsys, "map", *arguments, "-o", files["best"], "--json")
    best = json.loads(out)
    assert code == 0
    assert set(best) == KEYS
    assert (best["valid"], best["objective"], best["optimal"], best["gap"]) == (True, "edp", True, 0.0)
    assert best["edp"] <= given["edp"]
    _, out, _ = qadam_tl(capsys, "evaluate", *arguments, "--mapping", files["best"], "--json")
    again = json.loads(out)
    assert {key: again[key] for key in ("energy_pj", "cycles", "levels")} == {
        key: best[key] for key in ("energy_pj", "cycles", "levels")
    }


@pytest.mark.parametrize("objective", ["energy", "latency"])
def test_map_minimises_what_it_is_asked_to(
    capsys: pytest.CaptureFixture[str], files: dict[str, str], objective: str
) -> None:
    arguments = ["--arch", str(ARCH), "--problem", files["problem"], "--json"]
    _, out, _ = qadam_tl(capsys, "map", *arguments)
    edp = json.loads(out)
    _, out, _ = qadam_tl(capsys, "map", *arguments, "--objective", objective)
    found = json.loads(out)
    key = {"energy": "energy_pj", "latency": "cycles"}[objective]
    assert found["objective"] == objective
    assert found[key] <= edp[key]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"--objective": "speed"}, "--objective: edp, energy or latency is wanted, not 'speed'"),
        ({"--problem": "none.yaml"}, "none.yaml: no such file"),
        ({"--ert": "none.yaml"}, "none.yaml: no such file"),
        ({"-o": "/nowhere/at/all.yaml"}, "-o: cannot write /nowhere/at/all.yaml"),
    ],
)
def test_bad_input_is_one_line(
    capsys: pytest.CaptureFixture[str], files: dict[str, str], change: dict[str, str], message: str
) -> None:
    arguments = {"--arch": str(ARCH), "--problem": files["problem"]} | change
    code, out, err = qadam_tl(capsys, "map", *(word for pair in arguments.items() for word in pair))
    assert (code, out) == (2, "")
    assert err.startswith(f"qadam-tl: {message}")
    assert err.count("\n") == 1


def test_a_layer_with_bits_shows_how_words_are_filled(
    capsys: pytest.CaptureFixture[str], files: dict[str, str]
) -> None:
    given = ("evaluate", "--arch", str(ARCH), "--problem", files["problem"], "--mapping", files["mapping"])
    code, out, _ = qadam_tl(capsys, *given, "--bits", "8,3")
    assert code == 0
    assert "per word" in out and "wasted bits" in out
    code, out, _ = qadam_tl(capsys, *given)
    assert code == 0 and "per word" not in out
    code, out, _ = qadam_tl(capsys, *given, "--bits", "8,3", "--packing", "ideal", "--json")
    assert code == 0
    levels = json.loads(out)["levels"]
    assert levels["weights_spad"]["Weights"]["operands_per_word"] == pytest.approx(16 / 3)
    assert levels["psum_spad"]["Outputs"]["operands_per_word"] == 1  # partial sums
    assert levels["DRAM_psum"]["Outputs"]["operands_per_word"] == 2
    code, _, err = qadam_tl(capsys, *given, "--bits", "20,3")
    assert (code, "too narrow for Inputs of 20" in err) == (1, True)
    code, _, err = qadam_tl(capsys, *given, "--packing", "tight")
    assert (code, "word or ideal is wanted, not 'tight'" in err) == (2, True)
