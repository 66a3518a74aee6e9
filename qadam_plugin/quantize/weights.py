"""Weights that a person gives: arrays by layer in an .npz file, or the constants of an ONNX model."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..userfile import suggestion
from ..workloads.network import Network
from ..workloads.onnx_file import constant, parse_model

Weights = dict[str, npt.NDArray[np.floating]]

#: ONNX operators with weights, and the place of these among the inputs.
_WEIGHTED = {"Conv": 1, "Gemm": 1, "MatMul": 1}

_WANTED = "arrays of numbers by layer are wanted, as numpy.savez writes them"


def read_weights(path: Path, network: Network) -> Weights:
    """Weights of every layer of a network.

    Raises
    ------
    RunError : the package onnx is not installed.
    InputError : no such file, none of both kinds, or weights that are missing, too many, not numbers or not finite.
    """
    if not path.is_file():
        raise InputError(path, "", "no such file")
    found = _of_npz(path) if path.suffix == ".npz" else _of_onnx(path, network)
    sizes = {name: item.layer.weights for item in network.layers for name in item.members}
    for name in found:
        if name not in sizes:
            raise InputError(path, name, f"{network.name} has no such layer; {suggestion(name, list(sizes))}")
    for name, size in sizes.items():
        if name not in found:
            raise InputError(path, name, "weights of this layer are missing")
        values = found[name]
        if values.size != size:
            raise InputError(path, name, f"{size} weights are wanted, not {values.size}")
        if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
            raise InputError(path, name, "finite numbers are wanted")
    return found


def _of_npz(path: Path) -> Weights:
    """Arrays of a zip file of .npy files."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy"): _array(archive, name, path) for name in archive.namelist()}
    except OSError as error:
        raise InputError(path, "", f"cannot be read: {error.strerror}") from None
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise InputError(path, "", f"is no .npz file, or only a part of one; {_WANTED}") from None


def _array(archive: zipfile.ZipFile, name: str, path: Path) -> npt.NDArray[np.floating]:
    try:
        with archive.open(name) as handle:
            return np.lib.format.read_array(handle, allow_pickle=False)
    except Exception:  # a damaged file: zipfile, zlib, numpy and what parses its headers each raise their own
        raise InputError(path, name.removesuffix(".npy"), f"is no array of numbers, or damaged; {_WANTED}") from None


def _of_onnx(path: Path, network: Network) -> Weights:
    """Constants of the model's weighted operators, which must be the network's layers in order."""
    if path.suffix != ".onnx":
        raise InputError(path, "", "an .npz or .onnx file is wanted")
    graph = parse_model(path).graph
    constants = {item.name: item for item in graph.initializer}
    arrays = []
    for node in graph.node:
        place = _WEIGHTED.get(node.op_type, len(node.input))
        tensor = constants.get(node.input[place]) if place < len(node.input) else None
        if tensor is None:
            continue
        values = constant(tensor, path.parent)
        if values is None:
            raise InputError(path, tensor.name, "is no array of numbers, damaged, or in another file that is not there")
        arrays.append(values)
    if len(arrays) != len(network.steps):
        message = f"{len(network.steps)} operators with constant weights are wanted for {network.name}"
        raise InputError(path, "", f"{message}, not {len(arrays)}")
    return {step.name: array for step, array in zip(network.steps, arrays, strict=True)}
