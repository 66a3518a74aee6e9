"""`qadam-tl arch` and `qadam-tl networks` as a person and a script meet them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from command_line import qadam_tl

from qadam_plugin.hardware.spec_reader import read_spec
from qadam_plugin.paths import data_dir
from qadam_plugin.workloads.timeloop_problem import read_problem


def design(name: str) -> str:
    return str(data_dir("arch_specs") / f"{name}.yaml")


def test_networks_as_json_have_the_promised_keys(capsys: pytest.CaptureFixture[str]):
    code, out, _ = qadam_tl(capsys, "networks", "--json")
    rows = json.loads(out)
    assert code == 0
    assert len(rows) == 12
    assert all(set(row) == {"name", "dataset", "layers", "macs", "weights"} for row in rows)
    assert {row["dataset"] for row in rows} == {"cifar10", "cifar100", "imagenet"}
    assert next(row for row in rows if row["name"] == "resnet20-cifar10")["layers"] == 20


def test_networks_for_people_name_every_network(capsys: pytest.CaptureFixture[str]):
    code, out, _ = qadam_tl(capsys, "networks")
    assert code == 0
    assert "vgg16-imagenet" in out and "15,470.3" in out


def test_show_lists_layers_with_their_number(capsys: pytest.CaptureFixture[str]):
    code, out, _ = qadam_tl(capsys, "networks", "show", "resnet20-cifar10", "--json")
    network = json.loads(out)
    assert code == 0
    assert sum(item["count"] for item in network["layers"]) == 20
    assert sum(item["count"] * item["macs"] for item in network["layers"]) == network["macs"]
    assert qadam_tl(capsys, "networks", "show", "resnet20-cifar10")[1].count("layer") >= 5


def test_problems_are_written_with_the_batch(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    code, _, _ = qadam_tl(capsys, "networks", "problems", "resnet20-cifar10", "-o", str(tmp_path / "p"), "--batch", "4")
    files = sorted((tmp_path / "p").glob("*.yaml"))
    assert code == 0
    assert len(files) == 7
    assert {read_problem(path).N for path in files} == {4}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["networks", "show", "resnet"], "qadam-tl: NAME: unknown network 'resnet'"),
        (["networks", "show", "nofile.yaml"], "qadam-tl: nofile.yaml: no such file"),
        (["arch", "nofile.yaml"], "qadam-tl: nofile.yaml: no such file"),
    ],
)
def test_bad_input_is_one_line_and_code_two(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str):
    code, out, err = qadam_tl(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_arch_writes_what_ships(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    output = tmp_path / "arch.yaml"
    code, out, _ = qadam_tl(capsys, "arch", design("eyeriss168"), "-o", str(output))
    assert (code, out) == (0, "")
    assert output.read_text() == (data_dir("arch_specs") / "timeloop" / "eyeriss168.yaml").read_text()


def test_arch_takes_another_clock(capsys: pytest.CaptureFixture[str]):
    code, out, _ = qadam_tl(capsys, "arch", design("lightpe1"), "--clock", "0.5")
    assert code == 0
    assert read_spec(out).cycle_seconds == pytest.approx(2e-9)
    code, out, _ = qadam_tl(capsys, "arch", design("lightpe1"), "--clock", "auto")
    assert code == 0
    assert "(from the models)" in out
    assert qadam_tl(capsys, "arch", design("lightpe1"), "--clock", "fast")[0] == 2


def test_arch_for_accelergy_lists_the_same_components(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    output = tmp_path / "flat.yaml"
    code, out, _ = qadam_tl(capsys, "arch", design("lightpe2"), "--clock", "0.5", "--accelergy", "-o", str(output))
    assert (code, out) == (0, "")
    (system,) = yaml.safe_load(output.read_text())["architecture"]["subtree"]
    spec = read_spec(qadam_tl(capsys, "arch", design("lightpe2"), "--clock", "0.5")[1])
    assert system["attributes"] == {"global_cycle_seconds": pytest.approx(2e-9), "technology": "45nm"}
    assert [(part["name"], part["class"]) for part in system["local"]] == [
        (f"{level.name}[1..{level.instances}]", level.cls) for level in (*spec.storages, spec.compute)
    ]


def test_arch_says_where_it_cannot_write(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    code, _, err = qadam_tl(capsys, "arch", design("int8"), "-o", str(tmp_path / "no" / "arch.yaml"))
    assert code == 2
    assert "-o: cannot write" in err and err.count("\n") == 1
