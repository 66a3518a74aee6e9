"""Timeloop problem files: what the exercises write is read, and what is written reads back equal."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from qadam_plugin.errors import InputError
from qadam_plugin.workloads.layer import DIMENSIONS, Layer
from qadam_plugin.workloads.network import load_network, network_names
from qadam_plugin.workloads.timeloop_problem import problem_yaml, read_problem

_COEFFICIENTS = [{"name": f"{axis}{kind}", "default": 1} for kind in ("stride", "dilation") for axis in "WH"]


def shape(dimensions: str = "CMRSNPQ") -> dict:
    """A convolution as the public exercises write it."""
    group = [[["G"]]] if "G" in dimensions else []
    inputs = [[["N"]], [["C"]], [["R", "Wdilation"], ["P", "Wstride"]], [["S", "Hdilation"], ["Q", "Hstride"]], *group]
    return {
        "name": "CNN_Layer",
        "dimensions": list(dimensions),
        "coefficients": _COEFFICIENTS,
        "data_spaces": [
            {"name": "Weights", "projection": [*([[d]] for d in "CMRS"), *group]},
            {"name": "Inputs", "projection": inputs},
            {"name": "Outputs", "projection": [*([[d]] for d in "NMQP"), *group], "read_write": True},
        ],
    }


INSTANCE = {"C": 3, "M": 96, "R": 11, "S": 5, "N": 2, "P": 55, "Q": 27, "Wstride": 4, "Hstride": 2}


def write(path: Path, instance: dict, body: dict, **more: object) -> Path:
    path.write_text(yaml.safe_dump({"problem": {"version": 0.4, "instance": instance, "shape": body, **more}}))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_problem(path)
    assert str(caught.value).startswith(str(path.parent))
    assert "\n" not in str(caught.value)
    return str(caught.value)


_layers = st.builds(
    Layer,
    **{name: st.integers(1, 300) for name in DIMENSIONS},
    **{name: st.integers(1, 5) for name in ("Wstride", "Hstride", "Wdilation", "Hdilation")},
)


@given(layer=_layers)
def test_written_problem_reads_back_equal(layer: Layer, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("problem") / "layer.yaml"
    path.write_text(problem_yaml(layer))
    assert read_problem(path) == layer


def test_every_layer_of_every_network_reads_back_equal(tmp_path: Path):
    path = tmp_path / "layer.yaml"
    for name in network_names():
        for item in load_network(name).layers:
            path.write_text(problem_yaml(item.layer))
            assert read_problem(path) == item.layer


def test_shape_of_the_exercises_without_groups(tmp_path: Path):
    path = write(tmp_path / "layer.yaml", {**INSTANCE, "H": 224, "Hpad": 1}, shape())
    assert read_problem(path) == Layer(C=3, M=96, R=11, S=5, N=2, P=55, Q=27, Wstride=4, Hstride=2)


def test_shape_with_groups(tmp_path: Path):
    path = write(tmp_path / "layer.yaml", {**INSTANCE, "G": 4}, shape("CMRSNPQG"))
    assert read_problem(path).G == 4


def test_stride_belongs_to_the_dimension_beside_it_not_to_its_name(tmp_path: Path):
    body = shape()
    inputs = body["data_spaces"][1]["projection"]
    inputs[2], inputs[3] = [["R", "Hdilation"], ["P", "Hstride"]], [["S", "Wdilation"], ["Q", "Wstride"]]
    layer = read_problem(write(tmp_path / "layer.yaml", INSTANCE, body))
    assert (layer.Wstride, layer.Hstride) == (2, 4)


def test_dimensions_may_be_left_out(tmp_path: Path):
    """The one-dimensional convolution of the tutorials."""
    body = {
        "dimensions": ["R", "P", "M"],
        "data_spaces": [
            {"name": "Weights", "projection": [[["M"]], [["R"]]]},
            {"name": "Inputs", "projection": [[["P"], ["R"]]]},
            {"name": "Outputs", "projection": [[["P"]], [["M"]]], "read_write": True},
        ],
    }
    assert read_problem(write(tmp_path / "conv1d.yaml", {"R": 3, "P": 16, "M": 4}, body)) == Layer(R=3, P=16, M=4)


def test_matrix_product_becomes_a_fully_connected_layer(tmp_path: Path):
    body = {
        "dimensions": ["M", "N", "K"],
        "data_spaces": [
            {"name": "A", "projection": [[["M"]], [["K"]]]},
            {"name": "B", "projection": [[["N"]], [["K"]]]},
            {"name": "Z", "projection": [[["M"]], [["N"]]], "read_write": True},
        ],
    }
    densities = {"A": {"density": 0.5, "distribution": "fixed_structured"}}
    path = write(tmp_path / "mm.yaml", {"M": 7, "N": 5, "K": 3, "densities": densities}, body)
    assert read_problem(path) == Layer(M=7, N=5, C=3)
    body["data_spaces"][0]["projection"] = [[["M"]], [["N"]]]
    assert "a matrix product has the data spaces" in refusal(
        write(tmp_path / "mm.yaml", {"M": 7, "N": 5, "K": 3}, body)
    )


@pytest.fixture
def exercise(tmp_path: Path) -> Path:
    """A base file and a folder, as layer_shapes/ of the exercises lays them out."""
    instance = ", ".join(f"{name}: 1" for name in (*DIMENSIONS, "H", "W", "Wstride", "Hstride"))
    base = f"problem_base_ignore: &problem_base\n  version: 0.4\n  instance: {{{instance}}}\n  shape:\n"
    text = yaml.safe_dump(shape("CMRSNPQG"))
    (tmp_path / "problem_base.yaml").write_text(base + "".join(f"    {line}\n" for line in text.splitlines()))
    folder = tmp_path / "mobilenet"
    folder.mkdir()
    return folder


def layer_shape(folder: Path, instance: str) -> Path:
    path = folder / "04.yaml"
    path.write_text(
        f"{{{{include_text('../problem_base.yaml')}}}}\nproblem:\n  <<<: *problem_base\n  instance: {instance}\n"
    )
    return path


def test_included_base_lies_below_what_the_file_says(exercise: Path):
    path = layer_shape(exercise, "{C: 16, M: 64, P: 112, Q: 56}")
    assert read_problem(path) == Layer(C=16, M=64, P=112, Q=56)


def test_stride_in_the_other_spelling_of_the_exercises_counts(exercise: Path):
    """Timeloop silently takes the default there; the file says 2."""
    path = layer_shape(exercise, "{G: 64, P: 56, Q: 56, R: 3, S: 3, HStride: 2, WStride: 2}")
    assert read_problem(path) == Layer(G=64, P=56, Q=56, R=3, S=3, Wstride=2, Hstride=2)


def test_two_spellings_that_disagree_are_refused(exercise: Path):
    assert "Hstride: is given twice: 3 and 2" in refusal(layer_shape(exercise, "{P: 2, Hstride: 3, HStride: 2}"))


def test_missing_include_is_named(tmp_path: Path):
    folder = tmp_path / "a"
    folder.mkdir()
    assert "problem_base.yaml: no such file" in refusal(layer_shape(folder, "{C: 1}"))


@pytest.mark.parametrize("template", ["{{add_to_path('a')}}", "{% if a %}", "a: {{ b }}"])
def test_other_templates_are_refused(tmp_path: Path, template: str):
    path = tmp_path / "layer.yaml"
    path.write_text(f"{template}\nproblem: {{}}\n")
    assert "contains jinja templates other than include_text" in refusal(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"C": 0}, "problem.instance.C: an integer of at least 1 is wanted, not 0"),
        ({"C": True}, "problem.instance.C: an integer of at least 1"),
        ({"K": 3}, "problem.instance.K: unknown key"),
        ({"Hstide": 3}, "problem.instance.Hstide: unknown key; did you mean 'Hstride'?"),
        ({"C": None}, "problem.instance.C: an integer of at least 1 is wanted, not nothing"),
    ],
)
def test_wrong_sizes_are_refused(tmp_path: Path, change: dict, message: str):
    assert message in refusal(write(tmp_path / "layer.yaml", {**INSTANCE, **change}, shape()))


def test_missing_size_is_named(tmp_path: Path):
    instance = {key: value for key, value in INSTANCE.items() if key != "Q"}
    assert "problem.instance.Q: is missing" in refusal(write(tmp_path / "layer.yaml", instance, shape()))


@pytest.mark.parametrize(
    ("space", "projection", "message"),
    [
        (0, [[["C"]], [["M"]], [["R"]]], "data_spaces.Weights.projection: the ranks C, M, R, S are wanted here"),
        (2, [[["N"]], [["M"]], [["Q"]], [["P"]], [["C"]]], "data_spaces.Outputs.projection: the ranks M, N, P, Q"),
        (1, [[["N"]], [["C"]], [["R"], ["Q"]], [["S"], ["P"]]], "Inputs.projection: P and R must share one rank"),
        (1, [[["N"]], [["C"]], [["R"], ["P"]]], "Inputs.projection: Q and S must share one rank"),
        (1, [[["N"]], [["C"]], [["R"], ["P", "Zstride"]], [["S"], ["Q"]]], "unknown coefficient 'Zstride'"),
        (1, [[["N"]], [["C", "Wstride"]], [["R"], ["P"]], [["S"], ["Q"]]], "the ranks C, N are wanted here"),
        (0, [["C"]], "data_spaces[0].projection: a list of ranks"),
    ],
)
def test_other_projections_are_refused(tmp_path: Path, space: int, projection: list, message: str):
    body = shape()
    body["data_spaces"][space]["projection"] = projection
    assert message in refusal(write(tmp_path / "layer.yaml", INSTANCE, body))


def test_other_shapes_are_refused(tmp_path: Path):
    path = tmp_path / "layer.yaml"
    assert "problem.shape: a mapping is wanted, not 'cnn_layer'; named shapes of version 0.3" in refusal(
        write(path, INSTANCE, "cnn_layer")  # type: ignore[arg-type]
    )
    assert "unknown dimension 'K'" in refusal(
        write(path, {**INSTANCE, "K": 1}, {**shape(), "dimensions": [*"CMRSNPQK"]})
    )
    body = shape()
    body["data_spaces"][2]["read_write"] = False
    assert "Outputs.read_write: true is wanted" in refusal(write(path, INSTANCE, body))
    path.write_text("problem: {version: 0.3, instance: {}, shape: {}}\n")
    assert "problem.version: 0.4 is wanted, not 0.3" in refusal(path)
    path.write_text("architecture: {}\n")
    assert "problem: is missing" in refusal(path)
