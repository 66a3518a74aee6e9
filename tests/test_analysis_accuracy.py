"""Accuracy files: what they bring to results, and every mistake in them as one line with its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qadam_plugin.analysis.accuracy import Accuracy, missing_accuracy, read_accuracy, with_accuracy
from qadam_plugin.errors import InputError

#: Round numbers that nobody measured: they belong to these tests only.
TABLE = """\
# five trials each
network,pe_type,top1_mean,top1_spread
n,int16,80,0.5
n,lightpe1,70,

"m, wide",int16,60,0
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "accuracy.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_are_found_by_network_and_pe_type(tmp_path: Path) -> None:
    table = read_accuracy(written(tmp_path, TABLE))
    assert table.of("n", "int16") == Accuracy(80.0, 0.5)
    assert table.of("n", "lightpe1") == Accuracy(70.0, None)
    assert table.of("m, wide", "int16") == Accuracy(60.0, 0.0)
    assert table.of("n", "fp32") is None and table.of("m, wide", "lightpe1") is None


def test_columns_may_stand_in_any_order_and_a_byte_order_mark_is_no_name(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufefftop1_spread, pe_type, network, top1_mean\r\n1, fp32, n, 99\r\n")
    assert read_accuracy(path).of("n", "fp32") == Accuracy(99.0, 1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("# only words\n", "is empty"),
        ("network,pe_type,top1_mean,top1_spread\n", "no rows"),
        ("network,pe_type,top1_mean\nn,int16,80\n", "line 1: column 'top1_spread' is missing"),
        ("network,pe_type,top1_meen,top1_spread\n", "line 1: unknown column 'top1_meen'; did you mean 'top1_mean'?"),
        ("network,network,pe_type,top1_mean,top1_spread\n", "line 1: column 'network' stands twice"),
        (TABLE + "n,fp32,80\n", "line 7: 4 cells are wanted, not 3"),
        (TABLE + "n,fp32,eighty,1\n", "line 7, column top1_mean: 0 to 100 percent is wanted, not 'eighty'"),
        (TABLE + "n,fp32,,1\n", "line 7, column top1_mean: 0 to 100 percent is wanted, not ''"),
        (TABLE + "n,fp32,101,1\n", "line 7, column top1_mean: 0 to 100"),
        (TABLE + "n,fp32,nan,1\n", "line 7, column top1_mean: 0 to 100"),
        (TABLE + "n,fp32,0.93,1\n", "line 7, column top1_mean: percent is wanted: 93, not 0.93"),
        (TABLE + "n,fp32,93,-1\n", "line 7, column top1_spread: 0 to 100 percent is wanted, not '-1'"),
        (TABLE + ",fp32,93,1\n", "line 7, column network: is empty"),
        (TABLE + "n,,93,1\n", "line 7, column pe_type: is empty"),
        (TABLE + "n,int16,93,1\n", "line 7: n with int16 already stands in line 3"),
    ],
)
def test_every_mistake_is_one_line_with_file_line_and_column(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError) as raised:
        read_accuracy(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert message in str(raised.value) and len(str(raised.value).splitlines()) == 1


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: no such file"):
        read_accuracy(tmp_path / "none.csv")


def test_results_get_their_accuracy_and_nan_where_there_is_none(tmp_path: Path) -> None:
    table = read_accuracy(written(tmp_path, TABLE))
    results = pd.DataFrame({"network": ["n", "n", "n"], "pe_type": ["lightpe1", "fp32", "int16"]}, index=[4, 2, 9])
    joined = with_accuracy(results, table)
    np.testing.assert_array_equal(joined["top1"], [70.0, np.nan, 80.0])
    np.testing.assert_array_equal(joined["top1_spread"], [np.nan, np.nan, 0.5])
    assert list(joined.index) == [4, 2, 9] and "top1" not in results
    assert missing_accuracy(results, table) == [("n", "fp32")]


def test_accuracies_of_other_networks_only_are_refused(tmp_path: Path) -> None:
    table = read_accuracy(written(tmp_path, TABLE))
    results = pd.DataFrame({"network": ["resnet"], "pe_type": ["int16"]})
    with pytest.raises(InputError, match="no row is of a network and PE type of these results: resnet with int16"):
        with_accuracy(results, table)
