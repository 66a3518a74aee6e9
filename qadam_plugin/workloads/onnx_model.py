"""An ONNX file as a checked graph with shapes: nothing in it is trusted, and no weights are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, RunError
from ..userfile import suggestion
from .onnx_dialects import standardise

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto

#: Protobuf reads no message beyond this; larger models keep their weights in files of their own.
LARGEST_BYTES = 2**31 - 1

#: Initializers with more elements are weights, not somebody's shape: their values are dropped at once.
_SMALL = 1024

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
            raise InputError(self.path, node.label, f"'{tensor}' is empty: its shape is {_times(found)}")
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
    try:
        import onnx
        from onnx import inliner, shape_inference
    except ImportError:
        raise RunError("ONNX models are read by the package onnx: pip install 'qadam-tl[onnx]'") from None
    model = _parsed(path, onnx.ModelProto())
    _check_words(model.graph, path)
    constants = _without_weights(model.graph, path)
    try:
        if model.functions:
            model = inliner.inline_local_functions(model)
    except Exception as error:
        raise InputError(path, "", f"its functions cannot be inlined: {_first_line(error)}") from None
    _set_inputs(model.graph, constants, inputs, path)
    written = [_operator(proto) for proto in model.graph.node]
    values = _single_values(model.graph)
    said_bits = standardise(model.graph, values)
    nodes = tuple(_node(place, proto, written[place]) for place, proto in enumerate(model.graph.node))
    constants |= _check_order(nodes, constants | {item.name for item in model.graph.input}, constants, path)
    _forget_shapes(model.graph)
    try:
        graph = shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception as error:
        raise InputError(path, "", f"its shapes cannot be inferred: {_first_line(error)}") from None
    known = [item for item in (*graph.input, *graph.value_info, *graph.output) if item.type.HasField("tensor_type")]
    shapes = {item.name: shape for item in known if (shape := _shape(item)) is not None}
    shapes |= {item.name: tuple(item.dims) for item in graph.initializer}
    types = {item.name: item.type.tensor_type.elem_type for item in known}
    types |= {item.name: item.data_type for item in graph.initializer}
    return OnnxGraph(path, nodes, shapes, types, frozenset(constants), values, said_bits)


def _parsed(path: Path, model: ModelProto) -> ModelProto:
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise InputError(path, "", f"has {size} bytes; a model has at most {LARGEST_BYTES}, its weights apart")
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(path, "", "no such file") from None
    except IsADirectoryError:
        raise InputError(path, "", "is a folder; an ONNX file is wanted") from None
    except OSError as error:
        raise InputError(path, "", f"cannot be read: {error.strerror}") from None
    try:
        model.ParseFromString(data)
    except Exception as error:
        raise InputError(path, "", f"is no ONNX model, or damaged: {_first_line(error)}") from None
    if not model.graph.node or not model.opset_import:
        raise InputError(path, "", "is no ONNX model: it has no nodes, or does not say of which version they are")
    return model


def _check_words(graph: GraphProto, path: Path) -> None:
    """Refuse names that are no text: protobuf hands them on as bytes."""
    tensors = (*graph.input, *graph.output, *graph.value_info, *graph.initializer)
    words = [item.name for item in tensors] + [item.values.name for item in graph.sparse_initializer]
    for node in graph.node:
        words += [node.name, node.op_type, node.domain, *node.input, *node.output]
    for word in words:
        if not isinstance(word, str) or not word.isprintable():
            raise InputError(path, "", f"is damaged: a name in it is no text: {word!r:.80}")


def _without_weights(graph: GraphProto, path: Path) -> set[str]:
    """Make inputs of all initializers but small ones; the names of all of them."""
    kept = [item for item in graph.initializer if _elements(item.dims) <= _SMALL and not item.external_data]
    kept = [type(item).FromString(item.SerializeToString()) for item in kept]
    listed = {item.name for item in (*graph.input, *kept)}
    names: set[str] = set()
    sparse = [(item.values.name, item.values.data_type, tuple(item.dims)) for item in graph.sparse_initializer]
    for name, kind, dims in [*((i.name, i.data_type, tuple(i.dims)) for i in graph.initializer), *sparse]:
        if name in names:
            raise InputError(path, name, "is an initializer twice")
        if any(size < 0 for size in dims):
            raise InputError(path, name, f"has a shape that is none: {_times(dims)}")
        names.add(name)
        if name not in listed:
            added = graph.input.add()
            added.name, added.type.tensor_type.elem_type = name, kind
            for size in dims:
                added.type.tensor_type.shape.dim.add().dim_value = size
    del graph.initializer[:], graph.sparse_initializer[:]
    graph.initializer.extend(kept)
    return names


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


def _single_values(graph: GraphProto) -> dict[str, float]:
    """Constants of one number, wherever they are kept."""
    from onnx import numpy_helper

    tensors = [(item.name, item) for item in graph.initializer]
    for node in graph.node:
        if node.op_type == "Constant" and len(node.attribute) == 1 and node.attribute[0].HasField("t"):
            tensors.append((node.output[0] if node.output else "", node.attribute[0].t))
    found: dict[str, float] = {}
    for name, tensor in tensors:
        if _elements(tensor.dims) != 1 or tensor.external_data:
            continue
        try:
            value = float(numpy_helper.to_array(tensor).ravel()[0])
        except Exception:
            # A damaged constant, which the reader meets in many ways: whoever needs it finds nothing.
            continue
        if isfinite(value):
            found[name] = value
    return found


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


def _elements(dims: Sequence[int]) -> int:
    product = 1
    for size in dims:
        product *= size
    return product


def _times(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "a single number"


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0][:200] if lines else type(error).__name__
    return "".join(letter if letter.isprintable() else "?" for letter in text)
