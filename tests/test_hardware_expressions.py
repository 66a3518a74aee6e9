"""The language of ``where``: same answers as Python on what it allows, nothing else allowed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qadam_plugin.errors import InputError
from qadam_plugin.hardware.expressions import parse

NAMES = ("rows", "cols", "pe_type", "area_mm2", "valid")
VALUES = {"rows": 12, "cols": 14, "pe_type": "int16", "area_mm2": 1.5, "valid": True}


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("rows * cols <= 168", True),
        ("rows * cols < 168", False),
        ("8 < rows < 14", True),
        ("8 < rows < 12", False),
        ('pe_type == "int16"', True),
        ("pe_type != 'int16' or rows == 12", True),
        ("not rows > 3 and cols > 3", False),
        ("not (rows > 3 and cols > 300)", True),
        ("-rows + 13 == 1", True),
        ("cols // 4 == 3 and cols % 4 == 2 and cols / 4 == 3.5", True),
        ("2 ** 3 == 8", True),
        ("valid", True),
        ("not valid", False),
        ("valid and area_mm2 < 2", True),
        ("  rows > 3  ", True),
    ],
)
def test_truth(text: str, truth: bool):
    expression = parse(text, NAMES)
    assert expression.test(VALUES) is truth
    frame = pd.DataFrame([VALUES, VALUES])
    assert expression.mask(frame).tolist() == [truth, truth]


_numbers = st.integers(-20, 20)
_arithmetic = st.recursive(
    st.one_of(_numbers.map(str), st.sampled_from(["rows", "cols"])),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    max_leaves=6,
)
_comparison = st.tuples(_arithmetic, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), _arithmetic).map(" ".join)
_condition = st.recursive(
    _comparison,
    lambda inner: st.one_of(
        inner.map(lambda t: f"(not {t})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({' '.join(t)})"),
    ),
    max_leaves=5,
)


@given(text=_condition, rows=st.lists(_numbers, min_size=1, max_size=4), cols=_numbers)
def test_agrees_with_python(text: str, rows: list[int], cols: int):
    expression = parse(text, ("rows", "cols"))
    expected = [bool(eval(text, {"__builtins__": {}}, {"rows": row, "cols": cols})) for row in rows]
    assert [expression.test({"rows": row, "cols": cols}) for row in rows] == expected
    columns = {"rows": np.array(rows), "cols": np.full(len(rows), cols)}
    assert expression.mask(columns).tolist() == expected


def test_mask_is_false_for_nan_and_empty_for_no_rows():
    expression = parse("area_mm2 < 2", NAMES)
    assert expression.mask(pd.DataFrame({"area_mm2": [1.0, np.nan, 3.0]})).tolist() == [True, False, False]
    assert expression.mask(pd.DataFrame({"area_mm2": np.array([], dtype=float)})).tolist() == []


def test_constant_condition_covers_every_row():
    assert parse("1 < 2", NAMES).mask(pd.DataFrame({"rows": [1, 2, 3]})).tolist() == [True] * 3


def test_names_are_collected():
    assert parse("rows * cols > 3 and rows < 4", NAMES).names == {"rows", "cols"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rws > 3", "unknown name 'rws' (column 1); did you mean 'rows'?"),
        ("cols > 3 and xyz > 3", "unknown name 'xyz' (column 14); known are: rows, cols"),
        ("rows = 3", "'rows = 3' is no expression (column 6); compare with =="),
        ("rows >", "is no expression (column"),
        ("", "is no expression"),
        ("rows + 3", "is no condition; a comparison such as 'rows > 8' is wanted"),
        ("3", "is no condition"),
        ("__import__('os').system('true') == 0", "is not allowed"),
        ("rows.real > 3", "'rows.real' (column 1) is not allowed"),
        ("(lambda: 1)() == 1", "is not allowed"),
        ("[rows][0] > 1", "is not allowed"),
        ("rows if cols else 3", "is not allowed"),
        ("rows in (1, 2)", "is not allowed"),
        ("rows is 3", "is not allowed"),
        ("rows << 3 > 1", "is not allowed"),
        ("~rows > 1", "is not allowed"),
        ("(x := rows) > 1", "is not allowed"),
        ("f'{rows}' == 'a'", "is not allowed"),
        ("rows > 1j", "is not allowed"),
        ("rows > None", "is not allowed"),
        ("(" * 400 + "rows" + ")" * 400 + " > 1", "is no expression"),
        ("rows > " + "1" * 1000, "an expression has at most 1000 characters"),
    ],
)
def test_anything_else_is_refused_with_its_place(text: str, message: str):
    with pytest.raises(InputError) as caught:
        parse(text, NAMES, "space.yaml", "where[0]")
    assert message in str(caught.value)
    assert str(caught.value).startswith("space.yaml: where[0]: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pe_type > 3", "'pe_type > 3' (column 1) compares a word with a number"),
        ("pe_type * 99999999999 == 'a'", "computes with a word"),
        ("rows and cols > 3", "'rows' (column 1) a comparison is wanted here"),
        ("rows / (cols - 14) > 1", "divides by zero"),
    ],
)
def test_what_only_values_show_is_refused_too(text: str, message: str):
    with pytest.raises(InputError) as caught:
        parse(text, NAMES).test(VALUES)
    assert message in str(caught.value)
