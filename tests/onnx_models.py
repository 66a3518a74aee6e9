"""ONNX graphs for tests, written node by node from the papers' tables; their weights are in files that do not exist."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from qadam_plugin.workloads.layer import Layer
from qadam_plugin.workloads.network import Network
from qadam_plugin.workloads.onnx_import import Imported, import_onnx


class Builder:
    """A graph under construction: every method adds nodes and gives the name of what they make."""

    def __init__(self, opset: int = 21) -> None:
        self.opset = opset
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, shape: Sequence[int | str | None], kind: int = TensorProto.FLOAT) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def weights(self, name: str, shape: Sequence[int], kind: int = TensorProto.FLOAT) -> str:
        """A tensor whose numbers are somewhere else."""
        tensor = TensorProto(name=name, dims=shape, data_type=kind, data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="not_there.bin")
        self.initializers.append(tensor)
        return name

    def small(self, name: str, kind: int, values: Sequence[float], shape: Sequence[int] = ()) -> str:
        self.initializers.append(helper.make_tensor(name, kind, shape, values))
        return name

    def node(self, op: str, inputs: Sequence[str], name: str = "", domain: str = "", **attributes: object) -> str:
        """A node with one output."""
        made = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [made], name=name, domain=domain, **attributes))
        return made

    def conv(
        self,
        x: str,
        name: str,
        channels: tuple[int, int],
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        activation: str = "Relu",
    ) -> str:
        """Convolution with the padding that keeps the size, batch normalisation, activation."""
        fan_in, fan_out = channels
        shape = (fan_out, fan_in // groups, kernel, kernel)
        pads, strides = [kernel // 2] * 4, [stride, stride]
        weights = self.weights(f"{name}.weight", shape)
        made = self.node("Conv", [x, weights], f"node {name}", group=groups, pads=pads, strides=strides)
        scales = [self.weights(f"{name}.bn.{part}", (fan_out,)) for part in ("gamma", "beta", "mean", "variance")]
        made = self.node("BatchNormalization", [made, *scales])
        return self.node(activation, [made]) if activation else made

    def model(self, *outputs: str) -> onnx.ModelProto:
        for name in outputs:
            if all(item.name != name for item in self.outputs):
                self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
        graph = helper.make_graph(self.nodes, "graph", self.inputs, self.outputs, self.initializers)
        domains = {"": self.opset} | {node.domain: 1 for node in self.nodes if node.domain}
        return helper.make_model(graph, opset_imports=[helper.make_opsetid(*item) for item in domains.items()])

    def write(self, path: Path, *outputs: str) -> Path:
        path.write_bytes(self.model(*outputs).SerializeToString())
        return path


def resnet50(path: Path) -> Path:
    """He et al., table 1, with the stride in the 3x3 convolution."""
    graph = Builder()
    x = graph.conv(graph.input("x", ["batch", 3, 224, 224]), "stem", (3, 64), 7, 2)
    x = graph.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    width = 64
    for stage, (narrow, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(blocks):
            name, stride = f"s{stage}.{block}", 2 if stage and not block else 1
            y = graph.conv(x, f"{name}.reduce", (width, narrow), 1)
            y = graph.conv(y, f"{name}.spatial", (narrow, narrow), 3, stride)
            y = graph.conv(y, f"{name}.expand", (narrow, 4 * narrow), 1, activation="")
            if not block:
                x = graph.conv(x, f"{name}.project", (width, 4 * narrow), 1, stride, activation="")
            width = 4 * narrow
            x = graph.node("Relu", [graph.node("Add", [y, x])])
    x = graph.node("Flatten", [graph.node("GlobalAveragePool", [x])])
    parts = [graph.weights("fc.weight", (1000, 2048)), graph.weights("fc.bias", (1000,))]
    return graph.write(path, graph.node("Gemm", [x, *parts], transB=1))


def mobilenetv2(path: Path) -> Path:
    """Sandler et al., table 2."""
    graph = Builder()
    x = graph.conv(graph.input("x", [1, 3, 224, 224]), "stem", (3, 32), 3, 2, activation="Clip")
    width, count = 32, 0
    table = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    for factor, channels, repeats, first in table:
        for repeat in range(repeats):
            count += 1
            stride, wide, name = 1 if repeat else first, factor * width, f"b{count}"
            y = x if factor == 1 else graph.conv(x, f"{name}.expand", (width, wide), 1, activation="Clip")
            y = graph.conv(y, f"{name}.depthwise", (wide, wide), 3, stride, groups=wide, activation="Clip")
            y = graph.conv(y, f"{name}.project", (wide, channels), 1, activation="")
            x = graph.node("Add", [x, y]) if stride == 1 and width == channels else y
            width = channels
    x = graph.conv(x, "head", (320, 1280), 1, activation="Clip")
    x = graph.node("Flatten", [graph.node("GlobalAveragePool", [x])])
    return graph.write(path, graph.node("MatMul", [x, graph.weights("classifier.weight", (1280, 1000))]))


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


def conv_model(path: Path, size: tuple[int, ...], filters: tuple[int, ...], **attributes: object) -> Path:
    graph = Builder()
    x = graph.input("x", (1, *size))
    return graph.write(path, graph.node("Conv", [x, graph.weights("c.weight", filters)], "c", **attributes))
