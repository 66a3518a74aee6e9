"""A network: its layers in order, equal shapes counted once with a multiplicity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ..errors import InputError
from ..paths import data_dir
from ..userfile import parse_mapping, read_text, suggestion, validate
from .bits import Bits, BitsLike, LayerBits, Step, as_bits, bits_of_steps, layer_bits, layer_with
from .layer import Layer
from .network_file import NetworkModel, layer_names, layer_shape

DATASETS = ("cifar10", "cifar100", "imagenet")


@dataclass(frozen=True, slots=True)
class NetworkLayer:
    """Layers of one shape.

    Attributes
    ----------
    name : name of the first of them.
    kind : ``conv``, ``depthwise`` or ``fc``.
    layer : the shape, batch 1, with its bit-widths if the network has any.
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
    name, dataset : such as ``resnet20-cifar10`` and ``cifar10``; ``resnet20-cifar10@8,4`` once it was given bits.
    layers : distinct shapes in order of their first appearance.
    steps : all layers in the order of execution, with what reads their outputs; empty where only shapes are known.
    """

    name: str
    dataset: str
    layers: tuple[NetworkLayer, ...]
    steps: tuple[Step, ...] = ()

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

    @cached_property
    def has_bits(self) -> bool:
        """Whether its layers have bit-widths of their own, so that what is narrow is packed."""
        return any(bits is not None for item in self.layers for bits in item.layer.bits)

    def with_bits(self, bits: BitsLike) -> Network:
        """The network with these bit-widths, named after them; those it has are forgotten.

        Layers of one shape with different bits are apart.

        Parameters
        ----------
        bits : anything that `workloads.bits.as_bits` takes, such as ``[8, 4]``.

        Raises
        ------
        InputError : the bits do not fit the network's layers.
        ValueError : the network has only shapes: it was not read from a file.
        """
        if not self.steps:
            raise ValueError(f"{self.name} has no order of its layers")
        given = as_bits(bits)
        return replace(self._with_bits(given), name=f"{self.name.split('@')[0]}@{given.label}")

    def _with_bits(self, bits: Bits) -> Network:
        items = {member: item for item in self.layers for member in item.members}
        found = bits_of_steps(self.steps, bits)
        named = ((name, items[name].kind, layer_with(items[name].layer, widths)) for name, widths in found.items())
        return replace(self, layers=_merged(named))


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
    return parse_network(read_text(path), path)


def parse_network(text: str, path: Path) -> Network:
    """The network of a file's text; `path` names it in messages.

    Raises
    ------
    InputError : a mistake in the text.
    """
    model = validate(NetworkModel, parse_mapping(text, path), path)
    named: dict[str, tuple[str, str, Layer]] = {}
    feeds: dict[str, list[str] | None] = {}
    bits: dict[str, LayerBits] = {}
    for index, item in enumerate(model.layers):
        key = f"layers[{index}]"
        names, shape = layer_names(item, path, key), layer_shape(item, path, key)
        for name in names:
            if name in named:
                raise InputError(path, key, f"layer name '{name}' is used twice")
            named[name], feeds[name] = (name, item.kind, shape), item.feeds
            if item.bits is not None:
                bits[name] = layer_bits(item.bits, path, f"{key}.bits")
    network = Network(model.name, model.dataset, _merged(named.values()), _steps(feeds, path))
    if model.bits is None and not bits:
        return network
    default = None if model.bits is None else layer_bits(model.bits, path, "bits")
    return network._with_bits(Bits("", bits, default, str(path)))


def _steps(feeds: dict[str, list[str] | None], path: Path) -> tuple[Step, ...]:
    """Layers with what they feed: where the file does not say, the layer below."""
    names = list(feeds)
    found = []
    for name, below in zip(names, [*names[1:], None], strict=True):
        given = feeds[name]
        for other in given or ():
            if other not in feeds or other == name:
                raise InputError(
                    path, f"{name}.feeds", f"no other layer is named '{other}'; {suggestion(other, names)}"
                )
        chain = () if below is None else (below,)
        found.append(Step(name, chain if given is None else tuple(given)))
    return tuple(found)


def _merged(named: Iterable[tuple[str, str, Layer]]) -> tuple[NetworkLayer, ...]:
    """Layers (name, kind, shape) with equal ones together."""
    members: dict[tuple[str, Layer], list[str]] = {}
    for name, kind, layer in named:
        members.setdefault((kind, layer), []).append(name)
    return tuple(
        NetworkLayer(name=names[0], kind=kind, layer=layer, count=len(names), members=tuple(names))
        for (kind, layer), names in members.items()
    )
