"""Nodes of an ONNX graph that multiply and accumulate, as layers of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from ..errors import InputError
from .network_file import LARGEST
from .onnx_model import OnnxGraph, OnnxNode

#: Operator: places of its activations and of its weights among its inputs.
OPERANDS = {
    "Conv": (0, 1),
    "ConvInteger": (0, 1),
    "QLinearConv": (0, 3),
    "Gemm": (0, 1),
    "MatMul": (0, 1),
    "MatMulInteger": (0, 1),
    "QLinearMatMul": (0, 3),
}

#: What multiplies too, but is no layer here.
OTHER_PRODUCTS = frozenset(
    {"ConvTranspose", "DeformConv", "Einsum", "LSTM", "GRU", "RNN", "Attention", "If", "Loop", "Scan"}
)

_LARGEST_PAD = 1024


@dataclass(frozen=True, slots=True)
class LayerShape:
    """A layer as a network file says it. Pairs are (height, width), padding is (top, left, bottom, right)."""

    kind: str
    inputs: int
    outputs: int
    size: tuple[int, int] = (1, 1)
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1


@dataclass(frozen=True, slots=True)
class OnnxLayer:
    """A node that is a layer.

    Attributes
    ----------
    activations, weights : the tensors it multiplies. Of a product of two activations the second counts as weights.
    """

    node: OnnxNode
    shape: LayerShape
    activations: str
    weights: str


def layer_of(graph: OnnxGraph, node: OnnxNode) -> OnnxLayer | None:
    """The layer that a node is; None for any other.

    Raises
    ------
    InputError : its shapes are not known or contradict each other; names the node.
    """
    places = OPERANDS.get(node.op)
    if places is None or all(name in graph.constants for name in node.outputs):
        return None
    first, second = (node.input(place) for place in places)
    if "Conv" in node.op:
        shape = _convolution(graph, node, first, second)
        return None if shape is None else OnnxLayer(node, shape, first, second)
    if node.op == "Gemm":
        return OnnxLayer(node, _gemm(graph, node, first, second), first, second)
    if first in graph.constants:
        # W x instead of x W: the transpose of it all.
        return OnnxLayer(node, _product(graph, node, second, first, transposed=True), second, first)
    return OnnxLayer(node, _product(graph, node, first, second, transposed=False), first, second)


def _convolution(graph: OnnxGraph, node: OnnxNode, image: str, filters: str) -> LayerShape | None:
    """Shape of a convolution over one or two dimensions; None over more."""
    images, weights = graph.shape(node, image), graph.shape(node, filters)
    rank = len(images) - 2
    if rank > 2:
        return None
    groups = node.integers("group", [1])[0]
    if rank < 1 or len(weights) != len(images) or groups < 1 or images[1] != weights[1] * groups or weights[0] % groups:
        message = f"an input of {_times(images)} and filters of {_times(weights)} do not go with {groups} groups"
        raise InputError(graph.path, node.label, message)
    if images[0] != 1:
        message = f"works on a batch of {images[0]}; layers are those of one: give --input NAME:1x..."
        raise InputError(graph.path, node.label, message)
    kernel, size = weights[2:], images[2:]
    if node.integers("kernel_shape", kernel) != kernel:
        raise InputError(graph.path, node.label, f"its kernel_shape is not that of its filters, {_times(kernel)}")
    strides = _positive(graph, node, "strides", rank)
    dilations = _positive(graph, node, "dilations", rank)
    extents = [(k - 1) * dilation + 1 for k, dilation in zip(kernel, dilations, strict=True)]
    pads = _pads(graph, node, size, strides, extents)
    outputs = tuple(
        (size[i] + sum(pads[i]) - extents[i]) // strides[i] + 1 if size[i] + sum(pads[i]) >= extents[i] else 0
        for i in range(rank)
    )
    if graph.shape(node, node.outputs[0]) != (1, weights[0], *outputs):
        raise InputError(
            graph.path, node.label, f"its output is not {_times((1, weights[0], *outputs))}, as it must be"
        )
    # One dimension lies along the width.
    up, left = (pads[0], pads[-1]) if rank == 2 else ((0, 0), pads[0])
    shape = LayerShape(
        kind="depthwise" if groups == images[1] and groups > 1 else "conv",
        inputs=images[1],
        outputs=weights[0],
        size=_pair(size),
        kernel=_pair(kernel),
        stride=_pair(strides),
        padding=(up[0], left[0], up[1], left[1]),
        dilation=_pair(dilations),
        groups=groups,
    )
    return _checked(graph, node, shape)


def _pads(
    graph: OnnxGraph, node: OnnxNode, size: Sequence[int], strides: Sequence[int], extents: Sequence[int]
) -> list[tuple[int, int]]:
    """Padding before and after, per dimension."""
    rank, auto = len(size), node.text("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        found = []
        for length, stride, extent in zip(size, strides, extents, strict=True):
            total = max((-(-length // stride) - 1) * stride + extent - length, 0)
            small, large = total // 2, total - total // 2
            found.append((small, large) if auto == "SAME_UPPER" else (large, small))
        return found
    pads = node.integers("pads", [0] * 2 * rank) if auto == "NOTSET" else (0,) * 2 * rank
    if auto not in ("NOTSET", "VALID") or len(pads) != 2 * rank or not all(0 <= pad <= _LARGEST_PAD for pad in pads):
        message = f"{2 * rank} pads of 0 to {_LARGEST_PAD} are wanted, not {', '.join(map(str, pads))} ({auto})"
        raise InputError(graph.path, node.label, message)
    return list(zip(pads[:rank], pads[rank:], strict=True))


def _positive(graph: OnnxGraph, node: OnnxNode, name: str, rank: int) -> tuple[int, ...]:
    found = node.integers(name, [1] * rank)
    if len(found) != rank or not all(1 <= value <= LARGEST for value in found):
        raise InputError(graph.path, node.label, f"{rank} {name} of at least 1 are wanted, not {_times(found)}")
    return found


def _gemm(graph: OnnxGraph, node: OnnxNode, first: str, second: str) -> LayerShape:
    left, right = graph.shape(node, first), graph.shape(node, second)
    if len(left) != 2 or len(right) != 2:
        raise InputError(graph.path, node.label, f"multiplies {_times(left)} by {_times(right)}: no matrices")
    rows, inner = left[::-1] if node.integers("transA", [0])[0] else left
    again, outputs = right[::-1] if node.integers("transB", [0])[0] else right
    if inner != again:
        raise InputError(graph.path, node.label, f"multiplies {rows}x{inner} by {again}x{outputs}")
    return _checked(graph, node, _rows(rows, inner, outputs, 1))


def _product(graph: OnnxGraph, node: OnnxNode, moving: str, fixed: str, *, transposed: bool) -> LayerShape:
    """A product of matrices, or of many: rows are positions of a 1x1 convolution, separate products its groups."""
    shapes = [graph.shape(node, name) for name in (moving, fixed)]
    # A vector is a matrix of one row (first) or one column (second).
    left, right = [
        shape if len(shape) > 1 else ((1, *shape) if (place == 0) != transposed else (*shape, 1))
        for place, shape in enumerate(shapes)
    ]
    if transposed:
        left, right = (*left[:-2], left[-1], left[-2]), (*right[:-2], right[-1], right[-2])
    if left[-1] != right[-2]:
        raise InputError(graph.path, node.label, f"multiplies {_times(shapes[0])} and {_times(shapes[1])}")
    rows, inner, outputs = left[-2], left[-1], right[-1]
    if prod(right[:-2]) == 1:
        return _checked(graph, node, _rows(prod(left[:-1]), inner, outputs, 1))
    if prod(left[:-2]) == 1:
        return _checked(graph, node, _rows(rows, inner, outputs * prod(right[:-2]), 1))
    if left[:-2] == right[:-2]:
        return _checked(graph, node, _rows(rows, inner, outputs, prod(left[:-2])))
    message = f"multiplies {_times(shapes[0])} and {_times(shapes[1])}: matrices repeated in part are not supported"
    raise InputError(graph.path, node.label, message)


def _rows(rows: int, inner: int, outputs: int, groups: int) -> LayerShape:
    if rows == 1 and groups == 1:
        return LayerShape("fc", inner, outputs)
    return LayerShape("conv", inner * groups, outputs * groups, size=(1, rows), groups=groups)


def _checked(graph: OnnxGraph, node: OnnxNode, shape: LayerShape) -> LayerShape:
    for what in ("inputs", "outputs", "size", "kernel"):
        value = getattr(shape, what)
        for number in value if isinstance(value, tuple) else (value,):
            if number > LARGEST:
                raise InputError(graph.path, node.label, f"{what} of {number}: at most {LARGEST} is supported")
    return shape


def _pair(values: Sequence[int]) -> tuple[int, int]:
    return (values[0], values[1]) if len(values) == 2 else (1, values[0])


def _times(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
