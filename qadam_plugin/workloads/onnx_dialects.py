"""Operators of other domains that stand for standard ones: those of ONNX Runtime's quantiser and of QONNX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

#: Domain and operator: the standard operator that makes the same shape, and the inputs that it has of it.
_STANDARD: dict[tuple[str, str], tuple[str, tuple[int, ...]]] = {
    ("com.microsoft", "QuantizeLinear"): ("QuantizeLinear", (0, 1, 2)),
    ("com.microsoft", "DequantizeLinear"): ("DequantizeLinear", (0, 1, 2)),
    ("com.microsoft", "QLinearAdd"): ("Add", (0, 3)),
    ("com.microsoft", "QLinearMul"): ("Mul", (0, 3)),
    ("com.microsoft", "QLinearAveragePool"): ("AveragePool", (0,)),
    ("com.microsoft", "QLinearGlobalAveragePool"): ("GlobalAveragePool", (0,)),
    ("com.microsoft", "QLinearLeakyRelu"): ("Identity", (0,)),
    ("com.microsoft", "QLinearSigmoid"): ("Identity", (0,)),
    ("com.microsoft", "QLinearSoftmax"): ("Identity", (0,)),
    ("com.microsoft", "Gelu"): ("Identity", (0,)),
    ("com.microsoft", "FusedConv"): ("Conv", (0, 1)),
    ("com.microsoft", "FusedGemm"): ("Gemm", (0, 1)),
    ("com.microsoft", "QGemm"): ("Gemm", (0, 3)),
}

#: Domains of QONNX's operators, of today and before.
_QONNX = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")

#: Place of the number of bits among the inputs of ``Quant``.
_WIDTH = 3


def standardise(graph: GraphProto, values: Mapping[str, float]) -> dict[str, int]:
    """Put standard operators in the place of known others, and give the bits that QONNX's quantisers say.

    Parameters
    ----------
    values : constants of one number.

    Returns
    -------
    bits by the tensors that these quantisers make.
    """
    bits: dict[str, int] = {}
    for node in graph.node:
        if node.domain in _QONNX and node.op_type in ("Quant", "BipolarQuant") and len(node.output) == 1:
            width = 1.0 if node.op_type == "BipolarQuant" else values.get("".join(node.input[_WIDTH : _WIDTH + 1]), 0.0)
            if width >= 1:
                bits[node.output[0]] = int(width)
            node.op_type, node.domain = "Identity", ""
            _keep(node, (0,))
        elif found := _STANDARD.get((node.domain, node.op_type)):
            if any(item.name == "channels_last" and item.i for item in node.attribute):
                continue
            node.op_type, node.domain = found[0], ""
            _keep(node, found[1])
        elif (node.domain, node.op_type) == ("com.microsoft", "QLinearConcat"):
            node.op_type, node.domain = "Concat", ""
            # Scale and zero point of the output, then three inputs for each tensor.
            _keep(node, tuple(range(2, len(node.input), 3)))
    return bits


def _keep(node: NodeProto, places: tuple[int, ...]) -> None:
    """Leave a node only the inputs at these places."""
    kept = [node.input[place] for place in places if place < len(node.input)]
    del node.input[:]
    node.input.extend(kept)
