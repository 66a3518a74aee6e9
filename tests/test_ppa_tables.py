"""The estimator tables: what is refused in them, and what the shipped ones hold."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from qadam_plugin.errors import InputError
from qadam_plugin.paths import data_dir
from qadam_plugin.ppa.families import FAMILIES, SPAD
from qadam_plugin.ppa.tables import KINDS, load_table

TABLES = data_dir("estimator_tables")

HEAD = "addresses,depth,width,area_um2,read_pj,kind,source,note\n"
GOOD = "shared,64,16,6878,4.33,measured,run 1,\n"


def refusal(tmp_path: Path, text: str) -> str:
    path = tmp_path / "spad.csv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_table(path, SPAD)
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (HEAD + GOOD + "shared,64,8,minus,1,measured,run 1,\n", "line 3, column area_um2: a number above 0 is wanted"),
        (
            HEAD + GOOD + "shared,64,8,-5,1,measured,run 1,\n",
            "line 3, column area_um2: a number above 0 is wanted, not '-5'",
        ),
        (HEAD + "shared,64,8,0,1,measured,run 1,\n", "line 2, column area_um2: a number above 0 is wanted, not '0'"),
        (HEAD + "shared,64,8,nan,1,measured,run 1,\n", "line 2, column area_um2"),
        (
            HEAD + "shared,64,-8,5,1,measured,run 1,\n",
            "line 2, column width: a number of at least 0 is wanted, not '-8'",
        ),
        (HEAD + "shared,64,8,5,1,guessed,run 1,\n", "line 2, column kind: one of measured, simulated"),
        (HEAD + "shared,64,8,5,1,measured,,\n", "line 2, column source: every row names its source"),
        (HEAD + "shared,64,8,5,measured,run 1,\n", "line 2: 8 cells are wanted, not 7"),
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
    path.write_text(HEAD + "shared,64,16,6878,,measured,run 1,\n")
    (row,) = load_table(path, SPAD)
    assert row.figures == {"area_um2": 6878.0}


@pytest.mark.parametrize("name", FAMILIES)
def test_every_shipped_row_names_its_source(name: str) -> None:
    rows = load_table(TABLES / f"{name}.csv", FAMILIES[name])
    assert rows
    assert all(row.source and row.kind in KINDS for row in rows)


def test_shipped_tables_are_as_large_as_they_must_be() -> None:
    """At least 80 MACs, 60 scratchpads, 80 buffers, 50 flat PEs of each of four types, 12 simulated, 8 arrays."""
    rows = {name: load_table(TABLES / f"{name}.csv", family) for name, family in FAMILIES.items()}
    assert len(rows["mac"]) >= 80 and len(rows["spad"]) >= 60 and len(rows["glb"]) >= 80 and len(rows["array"]) >= 8
    pes = Counter((row.variant, row.parameters["act_bits"], row.parameters["weight_bits"]) for row in rows["pe"])
    simulated = Counter(
        (row.variant, row.parameters["act_bits"], row.parameters["weight_bits"])
        for row in rows["pe"]
        if "energy_pj" in row.figures
    )
    for kind in (("fp", 32, 32), ("int", 16, 16), ("shift-add", 8, 4), ("shift-add", 8, 8)):
        assert pes[kind] >= 50
        assert simulated[kind] >= 12


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "dram"])
def test_every_characterised_row_names_the_command_that_made_it(name: str) -> None:
    for row in load_table(TABLES / f"{name}.csv", FAMILIES[name]):
        assert row.details["command"].startswith(f"qadam-tl characterize --family {name} --row ")
        assert row.details["tools"].startswith("qadam-tl ")
