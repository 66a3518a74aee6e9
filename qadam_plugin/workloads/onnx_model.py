"""An ONNX file as a checked graph with shapes: nothing in it is trusted, and no weights are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..userfile import suggestion
from .onnx_dialects import standardise
from .onnx_file import drop_weights, first_line, library_errors, parse_model, single_values, times

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, ValueInfoProto

_STANDARD = ("", "ai.onnx")


@dataclass(frozen=True)
class OnnxNode:
    """One node.

    Attributes
    ----------
    label : its name, or its operator and place where it has none.
    op : operator, with its domain where that is not ONNX's own; the standard one where another stands for it.
    written : operator as the file has it.
    inputs, outputs : tensors; empty for what is left out.
    """

    label: str
    op: str
    written: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    proto: NodeProto

    def input(self, place: int) -> str:
        """Tensor at a place; empty where it is left out."""
        return self.inputs[place] if place < len(self.inputs) else ""

    def integers(self, name: str, default: Sequence[int]) -> tuple[int, ...]:
        """Attribute that is a list of integers, or one."""
        for item in self.proto.attribute:
            if item.name == name:
                return tuple(item.ints) or (item.i,)
        return tuple(default)

    def text(self, name: str, default: str) -> str:
        """Attribute that is a word."""
        for item in self.proto.attribute:
            if item.name == name:
                return item.s.decode("utf-8", "replace")
        return default


@dataclass(frozen=True)
class OnnxGraph:
    """The main graph of a model, functions inlined.

    Attributes
    ----------
    nodes : in an order in which every input is there before it is read.
    shapes : of the tensors of which it is known.
    types : `onnx.TensorProto.DataType` of the tensors of which it is known.
    constants : tensors that do not depend on the model's inputs.
    values : constants of one number, which say how narrow a quantised tensor is.
    said_bits : of the tensors that a quantiser makes which says so itself.
    """

    path: Path
    nodes: tuple[OnnxNode, ...]
    shapes: Mapping[str, tuple[int, ...]]
    types: Mapping[str, int]
    constants: frozenset[str]
    values: Mapping[str, float]
    said_bits: Mapping[str, int]

    def shape(self, node: OnnxNode, tensor: str) -> tuple[int, ...]:
        """Shape of a tensor that a node needs.

        Raises
        ------
        InputError : it is not known, or empty somewhere; names the node, and the one after which it is not known.
        """
        found = self.shapes.get(tensor)
        if found is None:
            raise InputError(self.path, node.label, f"the shape of '{tensor}' is not known{self._reason(tensor)}")
        if 0 in found:
            raise InputError(self.path, node.label, f"'{tensor}' is empty: its shape is {times(found)}")
        return found

    def _reason(self, tensor: str) -> str:
        """The first node on the way to a tensor whose inputs have shapes and whose outputs have none."""
        makers = {name: node for node in self.nodes for name in node.outputs}
        waiting, seen = [tensor], {tensor}
        while waiting:
            node = makers.get(waiting.pop())
            if node is None:
                continue
            unknown = [name for name in node.inputs if name and name not in self.shapes and name in makers]
            if not unknown:
                return f": {node.op} of '{node.label}' gives none"
            waiting += [name for name in unknown if name not in seen]
            seen.update(unknown)
        return ""


def read_onnx(path: Path, inputs: Mapping[str, Sequence[int]]) -> OnnxGraph:
    """Read a model and infer every shape. Weights in other files are not looked at.

    A first dimension of an input that is open is taken as a batch of 1.

    Parameters
    ----------
    inputs : shapes of the model's inputs where the file leaves them open, or others are wanted.

    Raises
    ------
    RunError : the package onnx is not installed.
    InputError : the file is no model, too large or not consistent; or a shape is open. Names file and node.
    """
    model = parse_model(path)
    from onnx import inliner, shape_inference

    constants = drop_weights(model.graph, path)
    try:
        if model.functions:
            model = inliner.inline_local_functions(model)
    except library_errors() as error:
        raise InputError(path, "", f"its functions cannot be inlined: {first_line(error)}") from None
    _set_inputs(model.graph, constants, inputs, path)
    written = [_operator(proto) for proto in model.graph.node]
    values = single_values(model.graph)
    said_bits = standardise(model.graph, values)
    nodes = tuple(_node(place, proto, written[place]) for place, proto in enumerate(model.graph.node))
    constants |= _check_order(nodes, constants | {item.name for item in model.graph.input}, constants, path)
    _forget_shapes(model.graph)
    try:
        graph = shape_inference.infer_shapes(model, data_prop=True).graph
    except library_errors() as error:
        raise InputError(path, "", f"its shapes cannot be inferred: {first_line(error)}") from None
    known = [item for item in (*graph.input, *graph.value_info, *graph.output) if item.type.HasField("tensor_type")]
    shapes = {item.name: shape for item in known if (shape := _shape(item)) is not None}
    shapes |= {item.name: tuple(item.dims) for item in graph.initializer}
    types = {item.name: item.type.tensor_type.elem_type for item in known}
    types |= {item.name: item.data_type for item in graph.initializer}
    return OnnxGraph(path, nodes, shapes, types, frozenset(constants), values, said_bits)


def _set_inputs(graph: GraphProto, constants: set[str], wanted: Mapping[str, Sequence[int]], path: Path) -> None:
    names = [item.name for item in graph.input if item.name not in constants]
    for name in wanted:
        if name not in names:
            raise InputError("--input", name, f"{path} has no such input; {suggestion(name, names)}")
    for item in graph.input:
        if item.name in constants or not item.type.HasField("tensor_type"):
            continue
        tensor = item.type.tensor_type
        if item.name in wanted:
            tensor.shape.ClearField("dim")
            for size in wanted[item.name]:
                tensor.shape.dim.add().dim_value = size
            continue
        for place, dim in enumerate(tensor.shape.dim):
            if place == 0 and not dim.HasField("dim_value"):
                dim.dim_value = 1
        if not tensor.HasField("shape") or not all(dim.HasField("dim_value") for dim in tensor.shape.dim):
            shown = "x".join(str(dim.dim_value or dim.dim_param or "?") for dim in tensor.shape.dim) or "unknown"
            message = f"its shape is open ({shown}): give it, such as --input {item.name}:1x3x224x224"
            raise InputError(path, f"input {item.name}", message)


def _node(place: int, proto: NodeProto, written: str) -> OnnxNode:
    label = proto.name or f"{written} (node {place + 1})"
    return OnnxNode(label, _operator(proto), written, tuple(proto.input), tuple(proto.output), proto)


def _operator(proto: NodeProto) -> str:
    return proto.op_type if proto.domain in _STANDARD else f"{proto.domain}.{proto.op_type}"


def _check_order(nodes: Sequence[OnnxNode], given: set[str], constants: set[str], path: Path) -> set[str]:
    """Check that every tensor is made once, and before it is read; the tensors that depend on no input."""
    made, fixed = set(given), set(constants)
    for node in nodes:
        for name in node.inputs:
            if name and name not in made:
                message = f"reads '{name}', which nothing before it makes: the graph is cyclic, unsorted or cut off"
                raise InputError(path, node.label, message)
        for name in node.outputs:
            if name and name in made:
                raise InputError(path, node.label, f"makes '{name}', which is there already")
            made.add(name)
        # Every shape is known, so what is computed from shapes alone is constant too.
        known = node.op in ("Shape", "Size") or all(name in fixed for name in node.inputs if name)
        if known and not _has_graphs(node):
            fixed.update(node.outputs)
    return fixed - {""}


def _has_graphs(node: OnnxNode) -> bool:
    """Whether a node has graphs of its own, which may read anything."""
    return any(item.HasField("g") or item.graphs for item in node.proto.attribute)


def _forget_shapes(graph: GraphProto) -> None:
    """Leave what the file says of shapes only for operators that nobody but the file knows."""
    own = {name for node in graph.node if node.domain not in _STANDARD for name in node.output}
    kept = [item for item in graph.value_info if item.name in own]
    kept = [type(item).FromString(item.SerializeToString()) for item in kept]
    del graph.value_info[:]
    graph.value_info.extend(kept)
    for item in graph.output:
        if item.name not in own and item.type.HasField("tensor_type"):
            item.type.tensor_type.ClearField("shape")


def _shape(item: ValueInfoProto) -> tuple[int, ...] | None:
    tensor = item.type.tensor_type
    if not tensor.HasField("shape") or not all(dim.HasField("dim_value") for dim in tensor.shape.dim):
        return None
    sizes = tuple(dim.dim_value for dim in tensor.shape.dim)
    return None if any(size < 0 for size in sizes) else sizes
