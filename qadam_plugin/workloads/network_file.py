"""What a person writes in a network file, and the shape of each of its layers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..errors import InputError
from .layer import Layer

#: Largest size and number of channels in a network file.
LARGEST = 2**20

Extent = Annotated[int, Field(ge=1, le=LARGEST)]
Pair = Extent | Annotated[list[Extent], Field(min_length=2, max_length=2)]
Pad = Annotated[int, Field(ge=0, le=1024)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\-/]+$")]


class LayerModel(BaseModel):
    """One layer, or several equal ones, in a network file. Pairs are [height, width]; one number means both."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: Name | None = None
    "Name of a single layer."
    names: list[Name] | None = Field(default=None, min_length=1)
    "Names of several equal layers that follow one another."
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
        Pad
        | Annotated[list[Pad], Field(min_length=2, max_length=2)]
        | Annotated[list[Pad], Field(min_length=4, max_length=4)]
    ) = 0
    "Rows above and below, columns left and right; four numbers: top, left, bottom, right."
    dilation: Pair = 1
    groups: Extent = 1
    "Groups of a conv; a depthwise layer has as many as it has inputs."
    feeds: list[Name] | None = None
    "Names of the layers that read the output; left out: the next layer in the file. Empty: it leaves the network."
    bits: Any = None
    "Bits of the layer's tensors, as `workloads.bits.layer_bits` takes them; left out: those of the file."


class NetworkModel(BaseModel):
    """A network file."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9_.\-]+$")
    dataset: str = Field(pattern=r"^[a-z0-9_\-]+$")
    reference: str | None = None
    "Where the architecture is published."
    notes: str | None = None
    bits: Any = None
    "Bits of the layers that do not have their own, in the same words."
    layers: list[LayerModel] = Field(min_length=1)
    "In the order of execution."


def layer_names(item: LayerModel, path: Path, key: str) -> list[str]:
    """Names of the layers that an entry stands for.

    Raises
    ------
    InputError : both or neither of name and names is given, or several layers are said to feed others.
    """
    if (item.name is None) == (item.names is None):
        raise InputError(path, key, "either name (one layer) or names (several equal ones) is wanted")
    names = item.names if item.names is not None else [str(item.name)]
    if item.feeds is not None and len(names) > 1:
        raise InputError(path, f"{key}.feeds", "is for one layer: take it out of names")
    return names


def layer_shape(item: LayerModel, path: Path, key: str) -> Layer:
    """Timeloop's shape of a layer: output size from input size, padding, dilation and stride; channels per group.

    Raises
    ------
    InputError : the layer's figures do not go together.
    """
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
    (stride_h, stride_w), (dilation_h, dilation_w) = _pair(item.stride), _pair(item.dilation)
    top, left, bottom, right = _pads(item.padding)
    out_h = (height + top + bottom - dilation_h * (kernel_h - 1) - 1) // stride_h + 1
    out_w = (width + left + right - dilation_w * (kernel_w - 1) - 1) // stride_w + 1
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


def _pair(value: int | list[int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _pads(value: int | list[int]) -> tuple[int, int, int, int]:
    """Padding as top, left, bottom, right."""
    if isinstance(value, list) and len(value) == 4:
        return (value[0], value[1], value[2], value[3])
    height, width = _pair(value)
    return (height, width, height, width)
