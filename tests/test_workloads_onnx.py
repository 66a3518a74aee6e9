"""Networks from ONNX models: shapes, order, readers."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import TensorProto
from onnx_models import LIGHT, Builder, conv_model, imported, mobilenetv2, only, resnet50, steps

from qadam_plugin.workloads.layer import Layer
from qadam_plugin.workloads.network import load_network


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
