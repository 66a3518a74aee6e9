"""The estimator tables: what is refused in them, and that the derived rows follow from the measured ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qadam_plugin.errors import InputError
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.families import FAMILIES, MAC, PE, SPAD
from qadam_plugin.ppa.tables import KINDS, load_table

TABLES = data_dir("estimator_tables")

HEAD = "depth,width,area_um2,read_pj,kind,source,note\n"
GOOD = "64,16,6878,4.33,measured,run 1,\n"


def refusal(tmp_path: Path, text: str) -> str:
    path = tmp_path / "spad.csv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_table(path, SPAD)
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (HEAD + GOOD + "64,8,minus,1,measured,run 1,\n", "line 3, column area_um2: a number above 0 is wanted"),
        (HEAD + GOOD + "64,8,-5,1,measured,run 1,\n", "line 3, column area_um2: a number above 0 is wanted, not '-5'"),
        (HEAD + "64,8,0,1,measured,run 1,\n", "line 2, column area_um2: a number above 0 is wanted, not '0'"),
        (HEAD + "64,8,nan,1,measured,run 1,\n", "line 2, column area_um2"),
        (HEAD + "64,-8,5,1,measured,run 1,\n", "line 2, column width: a number of at least 0 is wanted, not '-8'"),
        (HEAD + "64,8,5,1,guessed,run 1,\n", "line 2, column kind: one of measured, simulated"),
        (HEAD + "64,8,5,1,measured,,\n", "line 2, column source: every row names its source"),
        (HEAD + "64,8,5,measured,run 1,\n", "line 2: 7 cells are wanted, not 6"),
        ("# note\n\n" + HEAD + GOOD + GOOD, "line 5: stands twice"),
        (HEAD.replace("read_pj", "raed_pj") + GOOD, "line 1: unknown column 'raed_pj'; did you mean 'read_pj'?"),
        (HEAD.replace("area_um2", "read_pj") + GOOD, "line 1: column 'read_pj' stands twice"),
        (HEAD.replace("width,", "") + GOOD, "line 1: column 'width' is missing"),
        ("# only a comment\n", "is empty"),
    ],
)
def test_a_wrong_table_is_refused_with_line_and_column(tmp_path: Path, text: str, wanted: str) -> None:
    assert refusal(tmp_path, text).startswith(wanted)


def test_an_empty_cell_is_a_figure_not_known(tmp_path: Path) -> None:
    path = tmp_path / "spad.csv"
    path.write_text(HEAD + "64,16,6878,,measured,run 1,\n")
    (row,) = load_table(path, SPAD)
    assert row.figures == {"area_um2": 6878.0}


@pytest.mark.parametrize("name", FAMILIES)
def test_every_shipped_row_names_its_source(name: str) -> None:
    rows = load_table(TABLES / f"{name}.csv", FAMILIES[name])
    assert rows
    assert all(row.source and row.kind in KINDS for row in rows)


def test_derived_scratchpads_follow_from_the_whole_pes() -> None:
    """Solve the five equations anew: what MAC and 320 um^2 of control leave of four PEs, and one measured point."""
    macs = {
        (row.variant, *row.parameters.values()): row.figures["area_um2"] for row in load_table(TABLES / "mac.csv", MAC)
    }
    equations, areas = [[1, 64, 16, 64 * 16]], [6878.0]
    for row in load_table(TABLES / "pe.csv", PE):
        p = row.parameters
        widths = (p["act_bits"], p["weight_bits"], p["acc_bits"])
        depths = (p["ifmap_depth"], p["weights_depth"], p["psum_depth"])
        equations.append([3, sum(depths), sum(widths), sum(d * w for d, w in zip(depths, widths, strict=True))])
        areas.append(row.figures["area_um2"] - macs[(row.variant, *widths, p["shift_terms"])] - 320)
    matrix, target = np.array(equations, float), np.array(areas)
    solved = np.linalg.lstsq(matrix / target[:, None], np.ones(5), rcond=None)[0]
    assert np.abs(matrix @ solved / target - 1).max() < 0.00062  # five equations, four unknowns: the form holds

    derived = [row for row in load_table(TABLES / "spad.csv", SPAD) if row.kind == "derived"]
    assert len(derived) == 14
    for row in derived:
        d, w = row.parameters["depth"], row.parameters["width"]
        assert row.figures["area_um2"] == pytest.approx(solved @ [1, d, w, d * w], rel=1e-6)
        assert row.figures["read_pj"] == pytest.approx(4.33 * d * w / 1024, rel=1e-6)
        assert row.figures["write_pj"] == pytest.approx(1.65 * d * w / 1024, rel=1e-6)
        assert row.figures["idle_pj"] == pytest.approx(0.37 * d / 64, rel=1e-6)


def test_derived_leakage_follows_from_the_macs() -> None:
    """Two densities, of logic and of registers, explain the leakage of all five MACs within 0.3 %."""
    rows = load_table(TABLES / "mac.csv", MAC)
    leakage = np.array([row.figures["leakage_uw"] for row in rows])
    logic = np.array([row.figures["comb_area_um2"] for row in rows])
    registers = np.array([row.figures["area_um2"] for row in rows]) - logic
    matrix = np.stack([logic, registers], axis=1)
    density = np.linalg.lstsq(matrix / leakage[:, None], np.ones(len(rows)), rcond=None)[0]
    assert np.abs(matrix @ density / leakage - 1).max() < 0.003
    storage = 1024 * 4.522 / 6878  # flip-flops' part of the measured scratchpad
    mixed = storage * density[1] + (1 - storage) * density[0]
    for row in load_table(TABLES / "spad.csv", SPAD):
        assert row.figures["leakage_uw"] == pytest.approx(row.figures["area_um2"] * mixed, rel=1e-6)
