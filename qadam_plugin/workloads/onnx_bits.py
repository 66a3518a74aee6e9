"""Bit-widths that a quantised ONNX model brings along: QDQ, QCDQ, QONNX and integer operators."""

from __future__ import annotations

from collections.abc import Sequence

from .bits import HIGHEST, LOWEST, LayerBits
from .onnx_layers import OnnxLayer
from .onnx_model import OnnxGraph, OnnxNode

#: `onnx.TensorProto.DataType` by name, of elements that are quantised, and their bits.
_QUANTISED = {
    **{"INT2": 2, "UINT2": 2, "INT4": 4, "UINT4": 4, "FLOAT4E2M1": 4, "FLOAT6E2M3": 6, "FLOAT6E3M2": 6},
    **{"INT8": 8, "UINT8": 8, "INT16": 16, "UINT16": 16},
    **{"FLOAT8E4M3FN": 8, "FLOAT8E4M3FNUZ": 8, "FLOAT8E5M2": 8, "FLOAT8E5M2FNUZ": 8},
}

#: And of those that are not.
_FLOATING = {"FLOAT16": 16, "BFLOAT16": 16, "FLOAT": 32, "DOUBLE": 64}

#: Operators whose outputs are some of the values of their first input.
_PASSING = frozenset(
    {"Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Split", "Expand", "Gather"}
    | {"Relu", "Clip", "MaxPool", "Dropout", "DepthToSpace", "SpaceToDepth", "Pad"}
)


def layer_bits(graph: OnnxGraph, layers: Sequence[OnnxLayer]) -> list[LayerBits] | None:
    """Bits of activations and weights of every layer; None if the model is not quantised anywhere.

    An operand that is not quantised has the bits of its floating-point numbers.
    """
    makers = {name: node for node in graph.nodes for name in node.outputs}
    names = _names()
    found = [
        tuple(_quantised(graph, tensor, makers, names) for tensor in (layer.activations, layer.weights))
        for layer in layers
    ]
    if all(bits is None for pair in found for bits in pair):
        return None
    return [
        LayerBits(
            *(
                bits if bits is not None else _floating(graph, tensor, names)
                for bits, tensor in zip(pair, (layer.activations, layer.weights), strict=True)
            )
        )
        for layer, pair in zip(layers, found, strict=True)
    ]


def _names() -> dict[int, str]:
    from onnx import TensorProto

    return {number: name for name, number in TensorProto.DataType.items()}


def _quantised(graph: OnnxGraph, tensor: str, makers: dict[str, OnnxNode], names: dict[int, str]) -> int | None:
    """Bits of a tensor's elements; None where they are not quantised."""
    while True:
        if tensor in graph.said_bits:
            return graph.said_bits[tensor]
        bits = _QUANTISED.get(names.get(graph.types.get(tensor, 0), ""))
        node = makers.get(tensor)
        if node is None:
            return bits
        if bits is not None:
            return _clipped(graph, node, bits)
        if node.op == "DequantizeLinear" or node.op in _PASSING:
            tensor = node.input(0)
            continue
        return None


def _clipped(graph: OnnxGraph, node: OnnxNode, bits: int) -> int:
    """Bits of integers that a Clip keeps within fewer: QCDQ, as Brevitas writes it."""
    if node.op != "Clip":
        return bits
    least, most = graph.values.get(node.input(1)), graph.values.get(node.input(2))
    if least is None or most is None:
        return bits
    low, high = int(least), int(most)
    wanted = high.bit_length() if low >= 0 else max(high.bit_length(), (-low - 1).bit_length()) + 1
    return min(bits, max(wanted, LOWEST))


def _floating(graph: OnnxGraph, tensor: str, names: dict[int, str]) -> int:
    return min(_FLOATING.get(names.get(graph.types.get(tensor, 0), ""), HIGHEST), HIGHEST)
