"""A network: its layers in order, equal shapes counted once with a multiplicity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..errors import InputError
from ..paths import data_dir
from ..userfile import parse_mapping, read_text, suggestion, validate
from .layer import Layer

DATASETS = ("cifar10", "cifar100", "imagenet")


@dataclass(frozen=True, slots=True)
class NetworkLayer:
    """Layers of one shape.

    Attributes
    ----------
    name : name of the first of them.
    kind : ``conv``, ``depthwise`` or ``fc``.
    layer : the shape, batch 1.
    count : how many layers of the network have it.
    members : names of all of them, in the order of the network.
    """

    name: str
    kind: str
    layer: Layer
    count: int
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Network:
    """A network that can be mapped layer by layer.

    Attributes
    ----------
    name, dataset : such as ``resnet20-cifar10`` and ``cifar10``.
    layers : distinct shapes in order of their first appearance.
    """

    name: str
    dataset: str
    layers: tuple[NetworkLayer, ...]

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulate operations of one inference."""
        return sum(item.layer.macs * item.count for item in self.layers)

    @cached_property
    def weights(self) -> int:
        """Weights of all layers, biases and normalisation left out."""
        return sum(item.layer.weights * item.count for item in self.layers)

    @cached_property
    def layer_count(self) -> int:
        """Layers, equal ones counted as often as they occur."""
        return sum(item.count for item in self.layers)


Extent = Annotated[int, Field(ge=1, le=2**20)]
Pair = Extent | Annotated[list[Extent], Field(min_length=2, max_length=2)]


class LayerModel(BaseModel):
    """One layer, or several equal ones, in a network file. Pairs are [height, width]; one number means both."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.\-/]+$")
    "Name of a single layer."
    names: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\-/]+$")]] | None = Field(default=None, min_length=1)
    "Names of several equal layers; they need not be neighbours in the network."
    kind: Literal["conv", "depthwise", "fc"]
    inputs: Extent
    "Input channels over all groups; features of a fully connected layer."
    outputs: Extent
    "Output channels over all groups."
    size: Pair = 1
    "Height and width of the input image, padding left out."
    kernel: Pair = 1
    "Height and width of the filter."
    stride: Pair = 1
    padding: (
        Annotated[int, Field(ge=0, le=1024)]
        | Annotated[list[Annotated[int, Field(ge=0, le=1024)]], Field(min_length=2, max_length=2)]
    ) = 0
    "Rows above and below, columns left and right."
    dilation: Pair = 1
    groups: Extent = 1
    "Groups of a conv; a depthwise layer has as many as it has inputs."


class NetworkModel(BaseModel):
    """A network file."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9_.\-]+$")
    dataset: str = Field(pattern=r"^[a-z0-9_\-]+$")
    reference: str | None = None
    "Where the architecture is published."
    notes: str | None = None
    layers: list[LayerModel] = Field(min_length=1)


def network_names() -> list[str]:
    """Names of the shipped networks, sorted."""
    return sorted(path.stem for path in (data_dir("problems")).glob("*.yaml"))


def load_network(name_or_path: str | Path, source: str = "--network") -> Network:
    """Load a shipped network by its name, or any other from its file.

    A word without a folder and without ``.yaml`` or ``.yml`` is a name; `source` says in messages where it was given.

    Raises
    ------
    InputError : unknown name, or a mistake in the file.
    """
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml") and len(path.parts) <= 1:
        names = network_names()
        if str(name_or_path) not in names:
            raise InputError(source, "", f"unknown network '{name_or_path}'; {suggestion(str(name_or_path), names)}")
        path = data_dir("problems") / f"{name_or_path}.yaml"
    model = validate(NetworkModel, parse_mapping(read_text(path), path), path)
    seen: set[str] = set()
    merged: dict[tuple[str, Layer], list[str]] = {}
    for index, item in enumerate(model.layers):
        key = f"layers[{index}]"
        names = _layer_names(item, path, key)
        for name in names:
            if name in seen:
                raise InputError(path, key, f"layer name '{name}' is used twice")
            seen.add(name)
        merged.setdefault((item.kind, _shape(item, path, key)), []).extend(names)
    layers = tuple(
        NetworkLayer(name=names[0], kind=kind, layer=layer, count=len(names), members=tuple(names))
        for (kind, layer), names in merged.items()
    )
    return Network(name=model.name, dataset=model.dataset, layers=layers)


def _layer_names(item: LayerModel, path: Path, key: str) -> list[str]:
    if (item.name is None) == (item.names is None):
        raise InputError(path, key, "either name (one layer) or names (several equal ones) is wanted")
    return item.names if item.names is not None else [str(item.name)]


def _pair(value: int | list[int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _shape(item: LayerModel, path: Path, key: str) -> Layer:
    """Timeloop's shape of a layer: output size from input size, padding, dilation and stride; channels per group."""
    groups = item.inputs if item.kind == "depthwise" else item.groups
    if item.kind == "depthwise" and item.groups not in (1, item.inputs):
        raise InputError(
            path, f"{key}.groups", f"a depthwise layer has one group per input ({item.inputs}); leave it out"
        )
    if item.kind == "fc":
        for field in ("size", "kernel", "stride", "padding", "dilation", "groups"):
            if field in item.model_fields_set:
                raise InputError(path, f"{key}.{field}", "a fully connected layer has only inputs and outputs")
    for field in ("inputs", "outputs"):
        if getattr(item, field) % groups:
            raise InputError(path, f"{key}.{field}", f"{getattr(item, field)} is not a multiple of {groups} groups")
    (height, width), (kernel_h, kernel_w) = _pair(item.size), _pair(item.kernel)
    (stride_h, stride_w), (pad_h, pad_w) = _pair(item.stride), _pair(item.padding)
    dilation_h, dilation_w = _pair(item.dilation)
    out_h = (height + 2 * pad_h - dilation_h * (kernel_h - 1) - 1) // stride_h + 1
    out_w = (width + 2 * pad_w - dilation_w * (kernel_w - 1) - 1) // stride_w + 1
    if out_h < 1 or out_w < 1:
        raise InputError(path, f"{key}.kernel", "the filter is larger than the padded input")
    return Layer(
        C=item.inputs // groups,
        M=item.outputs // groups,
        R=kernel_w,
        S=kernel_h,
        P=out_w,
        Q=out_h,
        G=groups,
        Wstride=stride_w,
        Hstride=stride_h,
        Wdilation=dilation_w,
        Hdilation=dilation_h,
    )
