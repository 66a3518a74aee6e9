"""ONNX models that are open, damaged or none, and the command that imports them."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import pytest
from command_line import qadam_tl
from onnx import TensorProto, helper
from onnx_models import LIGHT, Builder, conv_model, imported, mobilenetv2, only

from qadam_plugin.errors import InputError, QadamError, RunError
from qadam_plugin.workloads.layer import Layer
from qadam_plugin.workloads.network import load_network
from qadam_plugin.workloads.onnx_import import import_onnx


def test_open_shapes_are_asked_for(tmp_path: Path) -> None:
    graph = Builder()
    x = graph.input("x:0", ["batch", 3, "height", None])
    path = graph.write(tmp_path / "m.onnx", graph.node("Conv", [x, graph.weights("c.weight", (4, 3, 3, 3))]))
    message = r"input x:0: its shape is open \(1x3xheightx\?\): give it, such as --input x:0:1x3x224x224"
    with pytest.raises(InputError, match=message):
        imported(path)
    assert only(import_onnx(path, "ours", "imagenet", {"x:0": (1, 3, 8, 9)})) == Layer(C=3, M=4, R=3, S=3, P=7, Q=6)
    with pytest.raises(InputError, match=r"--input: y: .* has no such input; known are: x:0"):
        import_onnx(path, "ours", "imagenet", {"y": (1, 3, 8, 9)})
    with pytest.raises(InputError, match=r"works on a batch of 4; layers are those of one"):
        import_onnx(path, "ours", "imagenet", {"x:0": (4, 3, 8, 9)})


def broken(kind: str) -> Builder:
    """A graph with one mistake."""
    graph = Builder()
    x, weights = graph.input("x", (1, 3, 8, 8)), graph.weights("c.weight", (4, 3, 3, 3))
    if kind == "cyclic":
        graph.nodes = [
            helper.make_node("Add", ["x", "back"], ["y"], name="first"),
            helper.make_node("Relu", ["y"], ["back"], name="second"),
        ]
    elif kind == "twice":
        graph.nodes = [helper.make_node("Relu", ["x"], ["y"], name=name) for name in ("first", "second")]
    elif kind == "unknown operator":
        graph.node("Conv", [graph.node("Strange", [x], "odd", "our.own"), weights], "c")
    elif kind == "zero":
        empty = graph.node("Reshape", [x, graph.small("s", TensorProto.INT64, [1, 3, 0, 64], (4,))], allowzero=1)
        graph.node("Conv", [empty, weights], "c")
    elif kind == "channels":
        graph.node("Conv", [x, graph.weights("d.weight", (4, 5, 1, 1))], "c")
    elif kind == "too small":
        graph.node("Conv", [x, graph.weights("d.weight", (4, 3, 9, 9))], "c")
    elif kind == "pads":
        graph.node("Conv", [x, weights], "c", pads=[1, 1])
    elif kind == "no layer":
        graph.node("Relu", [x])
    elif kind == "large":
        graph.node("Gemm", [graph.input("a", (1, 2**21)), graph.weights("d.weight", (2**21, 4))], "c")
    return graph


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("cyclic", "first: reads 'back', which nothing before it makes"),
        ("twice", "second: makes 'y', which is there already"),
        ("unknown operator", "c: the shape of 't0' is not known: our.own.Strange of 'odd' gives none"),
        ("zero", "c: 't0' is empty: its shape is 1x3x0x64"),
        ("channels", "c: an input of 1x3x8x8 and filters of 4x5x1x1 do not go with 1 groups"),
        ("too small", "c: "),
        ("pads", "c: 4 pads of 0 to 1024 are wanted, not 1, 1 (NOTSET)"),
        ("no layer", "has no layer: none of its 1 nodes is Conv"),
        ("large", "c: inputs of 2097152: at most 1048576 is supported"),
    ],
)
def test_mistakes_in_a_model_are_refused_naming_file_and_node(tmp_path: Path, kind: str, message: str) -> None:
    path = broken(kind).write(tmp_path / "m.onnx")
    with pytest.raises(InputError) as caught:
        imported(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n" * 40, b"\0" * 1000, b"name: tiny\n" * 20])
def test_files_that_are_no_models_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is no ONNX model"):
        imported(path)


def test_missing_and_huge_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        imported(tmp_path / "none.onnx")
    with pytest.raises(InputError, match="is a folder"):
        imported(tmp_path)
    huge = tmp_path / "huge.onnx"
    with huge.open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(InputError, match="has 2147483648 bytes; a model has at most 2147483647"):
        imported(huge)


@pytest.mark.parametrize("name", ["two\nlines", "bell\a"])
def test_names_that_are_no_text_are_refused(tmp_path: Path, name: str) -> None:
    graph = Builder()
    graph.node("Relu", [graph.input("x", (1, 3))], name)
    with pytest.raises(InputError, match=r"is damaged: a name in it is no text: '(two|bell)") as caught:
        imported(graph.write(tmp_path / "m.onnx"))
    assert str(caught.value).isprintable()


def test_damaged_models_are_refused_in_one_line_or_read(tmp_path: Path) -> None:
    """Cut off or with wrong bytes; the seed is fixed."""
    dice = random.Random(7)
    whole = (LIGHT / "light_squeezenet.onnx").read_bytes()
    refused, path = 0, tmp_path / "m.onnx"
    for _ in range(150):
        data = bytearray(whole[: dice.randrange(len(whole))] if dice.random() < 0.3 else whole)
        for _ in range(dice.choice((0, 1, 5, 30))):
            if data:
                data[dice.randrange(len(data))] = dice.randrange(256)
        path.write_bytes(data)
        try:
            imported(path)
        except QadamError as error:
            refused += 1
            assert str(error).startswith(str(path)) and "\n" not in str(error)
    assert 75 < refused < 150


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(RunError, match=r"pip install 'qadam-tl\[onnx\]'"):
        imported(tmp_path / "m.onnx")


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model, file = str(mobilenetv2(tmp_path / "my model.onnx")), tmp_path / "own.yaml"
    code, out, _ = qadam_tl(capsys, "networks", "import", model, "-o", str(file), "--dataset", "imagenet")
    assert code == 0 and "my_model: 53 layers of 152 nodes, 300,774,272 MACs" in out
    assert load_network(file).name == "my_model"
    code, out, err = qadam_tl(capsys, "networks", "import", model, "--name", "mine")
    assert code == 0 and out.replace("name: mine", "name: my_model").replace("unknown", "imagenet") == file.read_text()
    assert "skipped, of all nodes: BatchNormalization 52 (34.2 %)" in err
    code, out, _ = qadam_tl(capsys, "networks", "import", model, "--json")
    said = json.loads(out)
    assert code == 0 and (said["layers"], said["nodes"], said["bits"]) == (53, 152, False)
    assert said["skipped"][0] == {"op": "BatchNormalization", "nodes": 52, "share": 52 / 152, "multiplies": False}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--input", "x"), "--input: a name and a shape such as images:1x3x224x224 is wanted, not 'x'"),
        (("--input", "x:1x0x3"), "--input: a name and a shape"),
        (("--input", "y:1x3"), "has no such input; known are: x"),
        (("--name", "a b"), "name: "),
        (("-o", "none/none.yaml"), "-o: cannot write"),
    ],
)
def test_mistakes_on_the_command_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    path = conv_model(tmp_path / "m.onnx", (3, 9, 9), (4, 3, 2, 2))
    code, _, err = qadam_tl(capsys, "networks", "import", str(path), *options)
    assert code == 2 and message in err and "Traceback" not in err
