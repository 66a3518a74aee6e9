"""Networks from ONNX models: every convolution and matrix product in the order of execution."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import InputError
from .bits import DEFAULT, LayerBits, Step
from .network import Network, parse_network
from .onnx_bits import layer_bits
from .onnx_layers import OPERANDS, OTHER_PRODUCTS, LayerShape, OnnxLayer, layer_of
from .onnx_model import OnnxGraph, OnnxNode, read_onnx

#: Longest line of a network file.
_LINE = 120


@dataclass(frozen=True, slots=True)
class Skipped:
    """Nodes of one operator that are no layers.

    Attributes
    ----------
    share : of all nodes of the graph, 0 to 1.
    multiplies : whether it does work that the network then lacks.
    """

    op: str
    nodes: int
    share: float
    multiplies: bool


@dataclass(frozen=True)
class Imported:
    """A network made of a model.

    Attributes
    ----------
    text : the network as a file.
    nodes : of the graph, constants and functions' own included.
    skipped : what is no layer, most frequent first.
    unquantised : layers of a quantised model that have an operand in floating point.
    """

    network: Network
    text: str
    nodes: int
    skipped: tuple[Skipped, ...]
    unquantised: tuple[str, ...]


def import_onnx(
    path: Path, name: str, dataset: str, inputs: Mapping[str, Sequence[int]], command: str = "qadam-tl"
) -> Imported:
    """The network of an ONNX model. Batch normalisation, activations, pooling and all else is left out, and listed.

    Parameters
    ----------
    name, dataset : of the network.
    inputs : shapes of the model's inputs where the file leaves them open.
    command : named in the file as what wrote it.

    Raises
    ------
    InputError : the file is no model, has no layer, or one that is not supported; names file and node.
    RunError : the package onnx is not installed.
    """
    graph = read_onnx(path, inputs)
    found = [(node, layer_of(graph, node)) for node in graph.nodes]
    layers = [layer for _, layer in found if layer is not None]
    if not layers:
        raise InputError(path, "", f"has no layer: none of its {len(graph.nodes)} nodes is {', '.join(OPERANDS)}")
    names = _names(graph, layers)
    steps = [
        Step(name, tuple(names[reader] for reader in readers))
        for name, readers in zip(names, _readers(graph, layers), strict=True)
    ]
    bits = layer_bits(graph, layers)
    widths = None if bits is None else _with_outputs(steps, bits)
    text = _file(name, dataset, command, [layer.shape for layer in layers], steps, widths)
    return Imported(
        network=parse_network(text, path),
        text=text,
        nodes=len(graph.nodes),
        skipped=_skipped(graph, [node for node, layer in found if layer is None]),
        unquantised=() if bits is None else tuple(_wide(names, bits)),
    )


def _wide(names: Sequence[str], bits: Sequence[LayerBits]) -> list[str]:
    return [name for name, own in zip(names, bits, strict=True) if max(own.activations, own.weights) > 16]


def _skipped(graph: OnnxGraph, nodes: Sequence[OnnxNode]) -> tuple[Skipped, ...]:
    counts = Counter(_skipped_as(graph, node) for node in nodes)
    return tuple(
        Skipped(op, count, count / len(graph.nodes), multiplies)
        for (op, multiplies), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


def _skipped_as(graph: OnnxGraph, node: OnnxNode) -> tuple[str, bool]:
    """What a node that is no layer is called, and whether it multiplies all the same."""
    if node.op not in OPERANDS:
        return node.written, node.op in OTHER_PRODUCTS
    if all(name in graph.constants for name in node.outputs):
        return f"{node.written} of constants", False
    return f"{node.written} in more than 2 dimensions", True


def _names(graph: OnnxGraph, layers: Sequence[OnnxLayer]) -> list[str]:
    """A name per layer: that of its weights as frameworks write it, else the node's."""
    makers = {name: node for node in graph.nodes for name in node.outputs}
    found: list[str] = []
    for place, layer in enumerate(layers, 1):
        tensor = layer.weights
        while tensor in graph.constants and tensor in makers:
            tensor = makers[tensor].input(0)
        named = re.fullmatch(r"(.+?)[./]weights?([._].*)?", tensor) if tensor in graph.constants else None
        name = named[1] if named and "::" not in tensor else _node_name(layer.node)
        name = re.sub(r"[^A-Za-z0-9_.\-/]+", "_", name).strip("/_") or f"{layer.node.proto.op_type}_{place}"
        unique, again = name, 1
        while unique in found or unique == DEFAULT:
            again += 1
            unique = f"{name}_{again}"
        found.append(unique)
    return found


def _node_name(node: OnnxNode) -> str:
    """``/layer1/layer1.0/conv1/Conv``, as PyTorch calls a node, is layer1.0.conv1; other names stay."""
    name = node.proto.name
    if not name.startswith("/"):
        return name
    parts = [part for part in name.split("/") if part]
    if len(parts) > 1:
        parts.pop()
    kept = [part for part, below in zip(parts, [*parts[1:], ""], strict=True) if not below.startswith(f"{part}.")]
    return ".".join(kept)


def _readers(graph: OnnxGraph, layers: Sequence[OnnxLayer]) -> list[list[int]]:
    """Which layers read the output of each: those that get it as it is, else those that get it through the fewest sums.

    What combines several tensors, a sum or a concatenation, makes a new tensor: an output has readers beyond it only
    where nothing reads the output itself.
    """
    consumers: dict[str, list[OnnxNode]] = {}
    for node in graph.nodes:
        for name in dict.fromkeys(node.inputs):
            if name:
                consumers.setdefault(name, []).append(node)
    place = {id(layer.node): index for index, layer in enumerate(layers)}
    return [_reached(graph, layer, consumers, place) for layer in layers]


def _reached(
    graph: OnnxGraph, layer: OnnxLayer, consumers: Mapping[str, list[OnnxNode]], place: Mapping[int, int]
) -> list[int]:
    waiting = [name for name in layer.node.outputs if name]
    seen = set(waiting)
    found: set[int] = set()
    while waiting and not found:
        joined: list[str] = []
        while waiting:
            for node in consumers.get(waiting.pop(), ()):
                if id(node) in place:
                    found.add(place[id(node)])
                    continue
                fresh = [name for name in node.outputs if name and name not in seen]
                seen.update(fresh)
                moving = {name for name in node.inputs if name and name not in graph.constants}
                (waiting if len(moving) == 1 else joined).extend(fresh)
        waiting = joined
    return sorted(found)


def _with_outputs(steps: Sequence[Step], bits: Sequence[LayerBits]) -> list[LayerBits]:
    """Bits with those of an output that its readers take differently: the widest of them."""
    own = {step.name: item for step, item in zip(steps, bits, strict=True)}
    found = []
    for step in steps:
        wanted = {own[reader].activations for reader in step.feeds}
        found.append(replace(own[step.name], outputs=max(wanted) if len(wanted) > 1 else None))
    return found


def _file(
    name: str,
    dataset: str,
    command: str,
    shapes: Sequence[LayerShape],
    steps: Sequence[Step],
    bits: Sequence[LayerBits] | None,
) -> str:
    lines = [f"# Written by: {command}", f"name: {_word(name)}", f"dataset: {_word(dataset)}"]
    common = None if bits is None else Counter(bits).most_common(1)[0][0]
    if common is not None:
        lines.append(f"bits: {_bits(common)}")
    lines.append("layers:")
    for index, (shape, step) in enumerate(zip(shapes, steps, strict=True)):
        parts = [f"name: {_word(step.name)}", *_shape_parts(shape)]
        if bits is not None and bits[index] != common:
            parts.append(f"bits: {_bits(bits[index])}")
        below = steps[index + 1 : index + 2]
        if step.feeds != tuple(item.name for item in below):
            parts.append(f"feeds: [{', '.join(map(_word, step.feeds))}]")
        lines += _entry(parts)
    return "\n".join(lines) + "\n"


def _entry(parts: Sequence[str]) -> list[str]:
    """One layer as a flow mapping, broken where a line would be too long."""
    lines = ["- {" + parts[0]]
    for part in parts[1:]:
        if len(lines[-1]) + len(part) + 3 > _LINE:
            lines[-1] += ","
            lines.append(f"   {part}")
        else:
            lines[-1] += f", {part}"
    lines[-1] += "}"
    return lines


def _shape_parts(shape: LayerShape) -> list[str]:
    parts = [f"kind: {shape.kind}", f"inputs: {shape.inputs}", f"outputs: {shape.outputs}"]
    if shape.kind == "fc":
        return parts
    parts += [f"size: {_numbers(shape.size)}", f"kernel: {_numbers(shape.kernel)}"]
    top, left, bottom, right = shape.padding
    padding = (top, left) if (top, left) == (bottom, right) else shape.padding
    for key, values, default in (("stride", shape.stride, 1), ("padding", padding, 0), ("dilation", shape.dilation, 1)):
        if set(values) != {default}:
            parts.append(f"{key}: {_numbers(values)}")
    if shape.kind == "conv" and shape.groups > 1:
        parts.append(f"groups: {shape.groups}")
    return parts


def _numbers(values: Sequence[int]) -> str:
    return str(values[0]) if len(set(values)) == 1 else f"[{', '.join(map(str, values))}]"


def _bits(bits: LayerBits) -> str:
    widths = (bits.activations, bits.weights, *(() if bits.outputs is None else (bits.outputs,)))
    return f"[{', '.join(map(str, widths))}]"


def _word(text: str) -> str:
    """A word in YAML, in quotes where it would be read as something else."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.\-/]*", text)
    odd = text.lower() in ("y", "n", "yes", "no", "true", "false", "on", "off", "null")
    return text if plain and not odd else f"'{text}'"
