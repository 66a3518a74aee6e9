"""Networks from ONNX models: shapes, order, readers, bit-widths, and files that are none."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper
from onnx_models import Builder, mobilenetv2, resnet50

from qadam_plugin.cli.app import main
from qadam_plugin.errors import InputError, QadamError, RunError
from qadam_plugin.workloads.layer import Layer
from qadam_plugin.workloads.network import Network, load_network
from qadam_plugin.workloads.onnx_import import Imported, import_onnx

#: Models that come with the package onnx, with weights made on the spot.
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


def imported(path: Path, **inputs: tuple[int, ...]) -> Imported:
    return import_onnx(path, "ours", "imagenet", inputs)


def steps(network: Network) -> list[tuple[str, Layer, list[int]]]:
    """(kind, shape, places of the readers) of every layer in order."""
    shapes = {member: item for item in network.layers for member in item.members}
    place = {step.name: index for index, step in enumerate(network.steps)}
    return [
        (shapes[step.name].kind, shapes[step.name].layer, [place[name] for name in step.feeds])
        for step in network.steps
    ]


def only(found: Imported) -> Layer:
    (item,) = found.network.layers
    return item.layer


@pytest.mark.parametrize(("name", "build"), [("resnet50", resnet50), ("mobilenetv2", mobilenetv2)])
def test_imported_networks_are_the_shipped_ones_layer_by_layer(tmp_path: Path, name: str, build) -> None:
    found = imported(build(tmp_path / "model.onnx"))
    shipped = load_network(f"{name}-imagenet")
    assert steps(found.network) == steps(shipped)
    assert (found.network.macs, found.network.weights) == (shipped.macs, shipped.weights)
    assert found.network.steps[0].name == "stem" and not found.network.has_bits


def test_a_public_resnet50_is_the_shipped_one_layer_by_layer() -> None:
    assert steps(imported(LIGHT / "light_resnet50.onnx").network) == steps(load_network("resnet50-imagenet"))


@pytest.mark.parametrize(
    ("name", "layers", "weights"),
    [
        # Parameters of the public implementations less biases and batch normalisation.
        ("bvlc_alexnet", 8, 60_965_224 - 10_568),
        ("densenet121", 121, 7_978_856 - 83_648 - 1_000),
        ("squeezenet", 26, 1_235_496 - 3_944),
        ("vgg19", 19, 143_667_240 - 14_696),
    ],
)
def test_public_models_have_the_published_weights(name: str, layers: int, weights: int) -> None:
    network = imported(LIGHT / f"light_{name}.onnx").network
    assert (network.layer_count, network.weights) == (layers, weights)


def test_concatenations_have_readers_behind_them() -> None:
    """SqueezeNet: both expanding convolutions of a fire module feed the next module's squeezing one."""
    feeds = steps(imported(LIGHT / "light_squeezenet.onnx").network)
    assert [readers for _, _, readers in feeds[:5]] == [[1], [2, 3], [4], [4], [5, 6]]


def test_what_is_skipped_is_listed_with_its_share_of_the_nodes(tmp_path: Path) -> None:
    found = imported(resnet50(tmp_path / "model.onnx"))
    # 53 convolutions and the classifier, and beside them:
    skipped = {"BatchNormalization": 53, "Relu": 49, "Add": 16, "Flatten": 1, "GlobalAveragePool": 1, "MaxPool": 1}
    assert [(item.op, item.nodes, item.share) for item in found.skipped] == [
        (op, count, count / 175) for op, count in skipped.items()
    ]
    assert sum(item.nodes for item in found.skipped) + found.network.layer_count == found.nodes


def conv_model(path: Path, size: tuple[int, ...], filters: tuple[int, ...], **attributes: object) -> Path:
    graph = Builder()
    x = graph.input("x", (1, *size))
    return graph.write(path, graph.node("Conv", [x, graph.weights("c.weight", filters)], "c", **attributes))


@pytest.mark.parametrize(
    ("size", "filters", "attributes", "layer"),
    [
        (
            (6, 20, 30),
            (8, 3, 3, 5),
            {"group": 2, "strides": [2, 1], "dilations": [2, 3], "pads": [1, 0, 2, 4]},
            # floor((20 + 1 + 2 - 4 - 1) / 2) + 1 rows, 30 + 4 - 12 columns
            Layer(C=3, M=4, R=5, S=3, P=22, Q=10, G=2, Wstride=1, Hstride=2, Wdilation=3, Hdilation=2),
        ),
        # SAME keeps ceil(size / stride) whatever the padding.
        (
            (3, 224, 225),
            (32, 3, 3, 3),
            {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
            Layer(C=3, M=32, R=3, S=3, P=113, Q=112, Wstride=2, Hstride=2),
        ),
        ((3, 9, 9), (4, 3, 2, 2), {"auto_pad": "SAME_LOWER"}, Layer(C=3, M=4, R=2, S=2, P=9, Q=9)),
        ((3, 9, 9), (4, 3, 3, 3), {"auto_pad": "VALID"}, Layer(C=3, M=4, R=3, S=3, P=7, Q=7)),
        ((8, 5, 5), (16, 1, 3, 3), {"group": 8}, Layer(C=1, M=2, R=3, S=3, P=3, Q=3, G=8)),
        # One dimension lies along P and R.
        ((8, 40), (16, 4, 5), {"group": 2, "strides": [2], "pads": [2, 2]}, Layer(4, 8, 5, P=20, G=2, Wstride=2)),
    ],
)
def test_convolutions(tmp_path: Path, size, filters, attributes, layer: Layer) -> None:
    assert only(imported(conv_model(tmp_path / "m.onnx", size, filters, **attributes))) == layer


def test_uneven_padding_is_kept_in_the_file(tmp_path: Path) -> None:
    found = imported(conv_model(tmp_path / "m.onnx", (3, 9, 9), (4, 3, 2, 2), auto_pad="SAME_LOWER"))
    assert "padding: [1, 1, 0, 0]" in found.text
    (tmp_path / "ours.yaml").write_text(found.text)
    assert load_network(tmp_path / "ours.yaml") == found.network


@pytest.mark.parametrize(
    ("op", "left", "right", "attributes", "layer"),
    [
        ("Gemm", (1, 64), (64, 10), {}, Layer(C=64, M=10)),
        ("Gemm", (64, 7), (10, 64), {"transA": 1, "transB": 1}, Layer(C=64, M=10, P=7)),
        ("MatMul", (1, 64), (64, 10), {}, Layer(C=64, M=10)),
        ("MatMul", (64,), (64, 10), {}, Layer(C=64, M=10)),
        # Tokens are positions; products of their own are groups.
        ("MatMul", (1, 16, 64), (64, 128), {}, Layer(C=64, M=128, P=16)),
        ("MatMul", (2, 3, 16, 64), (64, 128), {}, Layer(C=64, M=128, P=96)),
        ("MatMul", (1, 4, 16, 8), (1, 4, 8, 20), {}, Layer(C=8, M=20, P=16, G=4)),
        ("MatMul", (1, 1, 16, 8), (1, 4, 8, 20), {}, Layer(C=8, M=80, P=16)),
    ],
)
@pytest.mark.parametrize("constant", [True, False])
def test_matrix_products(tmp_path: Path, op: str, left, right, attributes, layer: Layer, constant: bool) -> None:
    graph = Builder()
    second = graph.weights("w", right) if constant else graph.input("w", right)
    path = graph.write(tmp_path / "m.onnx", graph.node(op, [graph.input("x", left), second], **attributes))
    assert only(imported(path, w=right) if not constant and right[0] == 1 else imported(path)) == layer


def test_weights_on_the_left_are_weights(tmp_path: Path) -> None:
    graph = Builder()
    x = graph.input("x", (64, 7))
    path = graph.write(tmp_path / "m.onnx", graph.node("MatMul", [graph.weights("w", (10, 64)), x]))
    assert only(imported(path)) == Layer(C=64, M=10, P=7)


def test_products_of_constants_are_no_layers(tmp_path: Path) -> None:
    graph = Builder()
    folded = graph.node("MatMul", [graph.weights("a", (64, 32)), graph.weights("b", (32, 10))])
    path = graph.write(tmp_path / "m.onnx", graph.node("MatMul", [graph.input("x", (1, 64)), folded]))
    found = imported(path)
    assert only(found) == Layer(C=64, M=10)
    assert [(item.op, item.multiplies) for item in found.skipped] == [("MatMul of constants", False)]


def test_what_multiplies_and_is_skipped_is_said(tmp_path: Path) -> None:
    graph = Builder()
    x = graph.input("x", (1, 4, 8, 8, 8))
    y = graph.node("Conv", [x, graph.weights("v.weight", (4, 4, 1, 1, 1))])
    y = graph.node("Reshape", [y, graph.small("s", TensorProto.INT64, [1, 4, 64, 8], (4,))])
    y = graph.node("ConvTranspose", [y, graph.weights("u.weight", (4, 4, 2, 2))], strides=[2, 2])
    path = graph.write(tmp_path / "m.onnx", graph.node("Conv", [y, graph.weights("c.weight", (8, 4, 1, 1))]))
    found = imported(path)
    assert only(found) == Layer(C=4, M=8, P=16, Q=128)
    assert {item.op for item in found.skipped if item.multiplies} == {"Conv in more than 2 dimensions", "ConvTranspose"}


def quantised(graph: Builder, x: str, name: str, bits: int, *, signed: bool = False, narrow: int | None = None) -> str:
    """QuantizeLinear, DequantizeLinear and, for fewer bits than the type has, Clip between them."""
    kind = {(8, False): TensorProto.UINT8, (8, True): TensorProto.INT8, (4, True): TensorProto.INT4}[bits, signed]
    scale = graph.small(f"{name}.scale", TensorProto.FLOAT, [0.5])
    zero = graph.small(f"{name}.zero", kind, [0])
    q = graph.node("QuantizeLinear", [x, scale, zero])
    if narrow is not None:
        low, high = (-(2 ** (narrow - 1)) + 1, 2 ** (narrow - 1) - 1) if signed else (0, 2**narrow - 1)
        limits = [graph.small(f"{name}.{at}", kind, [value]) for at, value in (("low", low), ("high", high))]
        q = graph.node("Clip", [q, *limits])
    return graph.node("DequantizeLinear", [q, scale, zero])


def dequantised_weights(graph: Builder, name: str, shape: tuple[int, ...], kind: int) -> str:
    scale = graph.small(f"{name}.wscale", TensorProto.FLOAT, [0.5])
    return graph.node("DequantizeLinear", [graph.weights(f"{name}.weight", shape, kind), scale])


def bits_of(network: Network) -> dict[str, tuple[int | None, int | None, int | None]]:
    """(activations, weights, outputs) of every layer."""
    return {
        name: (item.layer.input_bits, item.layer.weight_bits, item.layer.output_bits)
        for item in network.layers
        for name in item.members
    }


def test_a_qdq_model_brings_its_bits_along(tmp_path: Path) -> None:
    graph = Builder()
    x = quantised(graph, graph.input("x", (1, 3, 8, 8)), "x", 8)
    x = graph.node("Conv", [x, dequantised_weights(graph, "a", (8, 3, 1, 1), TensorProto.INT8)])
    x = quantised(graph, graph.node("Relu", [x]), "a_out", 8, narrow=4)
    x = graph.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
    x = graph.node("Conv", [x, dequantised_weights(graph, "b", (8, 8, 1, 1), TensorProto.INT4)])
    x = graph.node("Flatten", [quantised(graph, x, "b_out", 8, signed=True, narrow=6)])
    turned = graph.node("Transpose", [dequantised_weights(graph, "c", (10, 128), TensorProto.INT8)], perm=[1, 0])
    x = graph.node("MatMul", [x, turned])
    path = graph.write(tmp_path / "m.onnx", graph.node("Gemm", [x, graph.weights("last.weight", (10, 10))]))
    found = imported(path)
    assert bits_of(found.network) == {
        "a": (8, 8, 4),
        "b": (4, 4, 6),
        "c": (6, 8, 32),
        "last": (32, 32, 32),
    }
    assert found.unquantised == ("last",)
    (tmp_path / "ours.yaml").write_text(found.text)
    assert load_network(tmp_path / "ours.yaml") == found.network


def test_an_output_that_is_read_with_different_bits_has_the_widest(tmp_path: Path) -> None:
    graph = Builder()
    x = quantised(graph, graph.input("x", (1, 4, 8, 8)), "x", 8)
    x = graph.node("Conv", [x, dequantised_weights(graph, "a", (4, 4, 1, 1), TensorProto.INT8)])
    for name, narrow in (("wide", None), ("narrow", 4)):
        read = quantised(graph, x, name, 8, narrow=narrow)
        weights = dequantised_weights(graph, name, (4, 4, 1, 1), TensorProto.INT8)
        graph.outputs.append(
            helper.make_tensor_value_info(graph.node("Conv", [read, weights]), TensorProto.FLOAT, None)
        )
    assert bits_of(imported(graph.write(tmp_path / "m.onnx")).network) == {
        "a": (8, 8, 8),
        "wide": (8, 8, 8),
        "narrow": (4, 8, 4),
    }


def test_integer_operators_bring_their_bits_along(tmp_path: Path) -> None:
    graph = Builder()
    zero = [graph.small(f"z{kind}", kind, [0]) for kind in (TensorProto.UINT8, TensorProto.INT8)]
    scale = graph.small("scale", TensorProto.FLOAT, [0.5])
    x = graph.node("QuantizeLinear", [graph.input("x", (1, 3, 8, 8)), scale, zero[0]])
    weights = graph.weights("a.weight", (8, 3, 3, 3), TensorProto.INT8)
    x = graph.node("QLinearConv", [x, scale, zero[0], weights, scale, zero[1], scale, zero[0]], pads=[1, 1, 1, 1])
    x = graph.node("ConvInteger", [x, graph.weights("b.weight", (8, 8, 1, 1), TensorProto.INT8)])
    x = graph.node("Flatten", [graph.node("Cast", [x], to=TensorProto.FLOAT)])
    graph.nodes.append(helper.make_node("DynamicQuantizeLinear", [x], ["dq", "dscale", "dzero"]))
    path = graph.write(
        tmp_path / "m.onnx",
        graph.node("MatMulInteger", ["dq", graph.weights("c.weight", (512, 10), TensorProto.INT8)]),
    )
    found = imported(path)
    assert bits_of(found.network) == dict.fromkeys(("a", "b", "c"), (8, 8, 8))
    assert [item.layer.M for item in found.network.layers] == [8, 8, 10]


def test_operators_of_onnx_runtime_stand_for_standard_ones(tmp_path: Path) -> None:
    graph, ours = Builder(), "com.microsoft"
    scale, zero = graph.small("scale", TensorProto.FLOAT, [0.5]), graph.small("zero", TensorProto.UINT8, [0])
    how, signed = [scale, zero], [scale, graph.small("signed", TensorProto.INT8, [0])]
    x = graph.node("QuantizeLinear", [graph.input("x", (1, 4, 8, 8)), *how], domain=ours)
    filters = [graph.weights("a.weight", (4, 4, 1, 1), TensorProto.INT8), *signed]
    y = graph.node("QLinearConv", [x, *how, *filters, *how])
    x = graph.node("QLinearAdd", [x, *how, y, *how, *how], domain=ours)
    x = graph.node("QLinearConcat", [*how, x, *how, y, *how], domain=ours, axis=1)
    x = graph.node("Flatten", [graph.node("QLinearGlobalAveragePool", [x, *how, *how], domain=ours, channels_last=0)])
    head = [graph.weights("fc.weight", (10, 8), TensorProto.INT8), *signed]
    x = graph.node("QGemm", [x, *how, *head, "", *how], domain=ours, transB=1)
    found = imported(graph.write(tmp_path / "m.onnx", graph.node("DequantizeLinear", [x, *how], domain=ours)))
    assert steps(found.network) == [
        ("conv", Layer(C=4, M=4, P=8, Q=8, weight_bits=8, input_bits=8, output_bits=8), [1]),
        ("fc", Layer(C=8, M=10, weight_bits=8, input_bits=8, output_bits=8), []),
    ]
    assert "com.microsoft.QLinearConcat" in {item.op for item in found.skipped}


def test_quantisers_of_qonnx_say_their_bits(tmp_path: Path) -> None:
    graph = Builder()

    def quant(x: str, name: str, bits: int) -> str:
        parts = [(f"{name}.scale", 0.5), (f"{name}.zero", 0), (f"{name}.bits", bits)]
        given = [graph.small(part, TensorProto.FLOAT, [value]) for part, value in parts]
        return graph.node("Quant", [x, *given], domain="qonnx.custom_op.general", signed=1, narrow=0)

    x = quant(graph.input("x", (1, 4, 8, 8)), "x", 6)
    x = graph.node("Conv", [x, quant(graph.weights("a.weight", (4, 4, 1, 1)), "a", 3)])
    x = graph.node("Flatten", [quant(graph.node("Relu", [x]), "y", 5)])
    ones = graph.node("BipolarQuant", [graph.weights("b.weight", (256, 10)), "x.scale"], domain="onnx.brevitas")
    path = graph.write(tmp_path / "m.onnx", graph.node("MatMul", [x, ones]))
    assert bits_of(imported(path).network) == {"a": (6, 3, 5), "b": (5, 1, 5)}


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


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(list(argv))
    out, err = capsys.readouterr()
    return int(caught.value.code or 0), out, err


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model, file = str(mobilenetv2(tmp_path / "my model.onnx")), tmp_path / "own.yaml"
    code, out, _ = run(capsys, "networks", "import", model, "-o", str(file), "--dataset", "imagenet")
    assert code == 0 and "my_model: 53 layers of 152 nodes, 300,774,272 MACs" in out
    assert load_network(file).name == "my_model"
    code, out, err = run(capsys, "networks", "import", model, "--name", "mine")
    assert code == 0 and out.replace("name: mine", "name: my_model").replace("unknown", "imagenet") == file.read_text()
    assert "skipped, of all nodes: BatchNormalization 52 (34.2 %)" in err
    code, out, _ = run(capsys, "networks", "import", model, "--json")
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
    code, _, err = run(capsys, "networks", "import", str(path), *options)
    assert code == 2 and message in err and "Traceback" not in err
