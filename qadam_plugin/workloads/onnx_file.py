"""An ONNX file as it is parsed: whether it is one, its constants, and what onnx raises of a damaged one."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, RunError

if TYPE_CHECKING:
    import numpy as np
    from onnx import GraphProto, ModelProto, TensorProto

#: Protobuf reads no message beyond this; larger models keep their weights in files of their own.
LARGEST_BYTES = 2**31 - 1

#: Initializers with more elements are weights, not somebody's shape: their values are dropped at once.
_SMALL = 1024

#: Kinds of arrays that stand for no number: complex ones and words.
_NO_NUMBERS = "cOSU"


def parse_model(path: Path) -> ModelProto:
    """Parse a file and check the names in it. Weights in other files are not looked at.

    Raises
    ------
    RunError : the package onnx is not installed.
    InputError : the file is no model, damaged or too large.
    """
    try:
        from google.protobuf.message import DecodeError
        from onnx import ModelProto
    except ImportError:
        raise RunError("ONNX models are read by the package onnx: pip install 'qadam-tl[onnx]'") from None
    model = ModelProto()
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
    except DecodeError as error:
        raise InputError(path, "", f"is no ONNX model, or damaged: {first_line(error)}") from None
    if not model.graph.node or not model.opset_import:
        raise InputError(path, "", "is no ONNX model: it has no nodes, or does not say of which version they are")
    _check_words(model.graph, path)
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


def library_errors() -> tuple[type[Exception], ...]:
    """What onnx raises of a model that is not consistent: its own errors, and those that stand for C++'s."""
    from onnx.checker import ValidationError
    from onnx.shape_inference import InferenceError

    return (InferenceError, ValidationError, RuntimeError, ValueError, IndexError, OverflowError, MemoryError)


def first_line(error: Exception) -> str:
    """What a library says, in one printable line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0][:200] if lines else type(error).__name__
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def drop_weights(graph: GraphProto, path: Path) -> set[str]:
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
            raise InputError(path, name, f"has a shape that is none: {times(dims)}")
        names.add(name)
        if name not in listed:
            added = graph.input.add()
            added.name, added.type.tensor_type.elem_type = name, kind
            for size in dims:
                added.type.tensor_type.shape.dim.add().dim_value = size
    del graph.initializer[:], graph.sparse_initializer[:]
    graph.initializer.extend(kept)
    return names


def constant(tensor: TensorProto, folder: Path | None = None) -> np.ndarray | None:
    """Values of a constant; None where it is damaged, or in another file and no folder is given."""
    from onnx import numpy_helper

    if tensor.external_data and folder is None:
        return None
    try:
        return numpy_helper.to_array(tensor, str(folder or ""))
    except (TypeError, KeyError, OSError, *library_errors()):
        return None


def single_values(graph: GraphProto) -> dict[str, float]:
    """Constants of one number, wherever they are kept."""
    tensors = [(item.name, item) for item in graph.initializer]
    for node in graph.node:
        if node.op_type == "Constant" and len(node.attribute) == 1 and node.attribute[0].HasField("t"):
            tensors.append((node.output[0] if node.output else "", node.attribute[0].t))
    found: dict[str, float] = {}
    for name, tensor in tensors:
        values = constant(tensor) if _elements(tensor.dims) == 1 else None
        # A damaged constant: whoever needs it finds nothing.
        if values is not None and values.dtype.kind not in _NO_NUMBERS and isfinite(number := float(values.item())):
            found[name] = number
    return found


def times(shape: Sequence[int]) -> str:
    """A shape in words, such as 1x3x224x224."""
    return "x".join(map(str, shape)) or "a single number"


def _elements(dims: Sequence[int]) -> int:
    product = 1
    for size in dims:
        product *= size
    return product
