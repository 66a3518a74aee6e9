"""Bit-widths that quantised ONNX models bring along."""

from __future__ import annotations

from pathlib import Path

from onnx import TensorProto, helper
from onnx_models import Builder, imported, steps

from qadam_plugin.workloads.layer import Layer
from qadam_plugin.workloads.network import Network, load_network


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
