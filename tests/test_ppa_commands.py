"""`qadam-tl estimate`, `models` and `fit`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import qadam_tl
from test_ppa_fitting import few_rows

from qadam_plugin.paths import data_dir


def test_a_mac_is_printed_with_its_control(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = qadam_tl(capsys, "estimate", "mac", "--pe-type", "lightpe1", "--json")
    found = json.loads(out)
    assert code == 0
    parts = [found[name] for name in ("mac", "control")]
    assert found["mac and control"]["area_um2"] == pytest.approx(sum(part["area_um2"] for part in parts))
    assert 800 < found["mac"]["area_um2"] < 900  # 858 um^2 in the table


def test_a_general_type_is_read_as_yaml(capsys: pytest.CaptureFixture[str]) -> None:
    text = "{family: int, act_bits: 8, weight_bits: 8, acc_bits: 24}"
    _, out, _ = qadam_tl(capsys, "estimate", "mac", "--json", "--pe-type", text)
    _, named, _ = qadam_tl(capsys, "estimate", "mac", "--json", "--pe-type", "int8")
    assert json.loads(out) == json.loads(named)


def test_deeper_pipelines_are_larger_and_faster(capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for ranks in (0, 1, 3):
        _, out, _ = qadam_tl(capsys, "estimate", "mac", "--pe-type", "fp32", "--pipeline", str(ranks), "--json")
        found.append(json.loads(out)["mac"])
    areas, paths = ([each[name] for each in found] for name in ("area_um2", "critical_path_ns"))
    assert areas == sorted(areas)
    assert paths == sorted(paths, reverse=True)


def test_out_of_range_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = qadam_tl(capsys, "estimate", "spad", "--depth", "224", "--width", "16")
    assert code == 0
    assert "read" in out
    assert err == "warning: depth 224 is outside 4 to 128 of the separate spad models\n"
    _, out, err = qadam_tl(capsys, "estimate", "spad", "--depth", "224", "--width", "16", "--shared")
    assert "shared addresses" in out
    assert err == ""


@pytest.mark.parametrize("design", ["fp32", "int16", "int8", "lightpe1", "lightpe2", "eyeriss168"])
def test_a_whole_config(capsys: pytest.CaptureFixture[str], design: str) -> None:
    path = str(data_dir("arch_specs") / f"{design}.yaml")
    _, out, _ = qadam_tl(capsys, "estimate", "config", path, "--json")
    found = json.loads(out)
    assert found["area_mm2"] == pytest.approx(found["array_area_mm2"] + found["buffer_area_mm2"])
    assert found["components"]["mac"]["energy_pj"]["compute"] > 0
    code, table, _ = qadam_tl(capsys, "estimate", "config", path)
    assert code == 0
    assert "weights_spad" in table


@pytest.mark.parametrize(
    ("argv", "wanted"),
    [
        (("dram", "--type", "DDR9"), "--type: no model for 'DDR9'"),
        (("mac", "--pe-type", "int7"), "--pe-type: unknown PE type 'int7'"),
        (("mac", "--pe-type", "{family: int"), "--pe-type: not valid YAML"),
        (("glb", "--kib", "0"), "--kib: a number above 0"),
        (("glb", "--kib", "nan"), "--kib: a number above 0"),
        (("spad", "--depth", "0", "--width", "8"), "--depth"),
        (("config", "missing.yaml"), "missing.yaml: no such file"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], wanted: str
) -> None:
    code, out, err = qadam_tl(capsys, "estimate", *argv)
    assert (code, out) == (2, "")
    assert wanted in err
    assert err.count("\n") == 1


def test_models_json_has_the_keys_that_scripts_rely_on(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = qadam_tl(capsys, "models", "--json")
    keys = {"family", "pe_type", "quantity", "unit", "degree", "terms", "points", "k", "r2", "range"}
    keys |= {"cv_mean_error", "cv_max_error"}
    found = json.loads(out)
    assert all(keys <= set(model) for model in found)
    assert {"mac", "spad", "glb", "dram"} <= {model["family"] for model in found}


def test_the_model_cards_are_those_of_the_shipped_models(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = qadam_tl(capsys, "models", "--cards", str(tmp_path))
    committed = Path(__file__).parent.parent / "docs" / "models"
    assert (code, out.split()[1:]) == (0, f"model cards in {tmp_path}".split())
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {p.name: p.read_text() for p in committed.iterdir()}
    (tmp_path / "file").write_text("")
    code, _, err = qadam_tl(capsys, "models", "--cards", str(tmp_path / "file"))
    assert (code, err.count("\n")) == (2, 1)


def test_the_check_lists_every_flat_design(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = qadam_tl(capsys, "models", "--check", "--json")
    found = json.loads(out)
    assert code == 0
    assert len([each for each in found if each["rows"] * each["cols"] == 1]) == 221
    assert len([each for each in found if each["rows"] * each["cols"] > 1]) == 11
    assert all({"area_um2", "leakage_uw", "path_ns"} <= set(each["deviation"]) for each in found)
    _, table, _ = qadam_tl(capsys, "models", "--check")
    assert "lightpe1" in table


def test_fit_prints_the_models_that_it_writes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tables = few_rows(tmp_path / "tables")
    code, out, _ = qadam_tl(capsys, "fit", "--tables", str(tables), "--out", str(tmp_path / "models"))
    assert code == 0
    assert "cv mean %" in out
    shipped = data_dir("estimator_tables") / "models"
    assert sorted(p.name for p in (tmp_path / "models").iterdir()) == sorted(p.name for p in shipped.iterdir())


def test_fit_names_the_table_that_is_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "mac.csv").write_text("family,act_bits\n")
    code, _, err = qadam_tl(capsys, "fit", "--tables", str(tmp_path))
    assert code == 2
    assert err == f"qadam-tl: {tmp_path}/mac.csv: line 1: column 'weight_bits' is missing\n"
