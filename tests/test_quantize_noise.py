"""Noise of quantisation against brute force and published figures, and the sources of errors."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

import numpy as np
import pytest

from qadam_plugin.errors import InputError, RunError
from qadam_plugin.quantize.errors import PROXY, function_error, noise_proxy, read_errors
from qadam_plugin.quantize.noise import gaussian_noise_to_signal, noise_to_signal, quantized
from qadam_plugin.quantize.weights import read_weights
from qadam_plugin.workloads.bits import Step
from qadam_plugin.workloads.network import load_network, parse_network

STEPS = (Step("first", ("second",)), Step("second", ()))


@pytest.mark.parametrize(("count", "error"), [(3, 0.1902), (7, 0.0469), (15, 0.0129)])
def test_gaussian_noise_is_that_of_the_best_uniform_quantiser_with_so_many_levels(count: int, error: float) -> None:
    # Max, Quantizing for minimum distortion, 1960: uniform quantisers, odd numbers of levels (3: 0.1902).
    bits = int(math.log2(count + 1))
    assert gaussian_noise_to_signal(bits) == pytest.approx(error, rel=5e-3)


@pytest.mark.parametrize("bits", [1, 2, 4, 5])
@pytest.mark.parametrize("signed", [True, False])
def test_gaussian_noise_is_the_limit_of_that_of_many_values(bits: int, signed: bool) -> None:
    values = np.random.default_rng(3).standard_normal(400_000)
    drawn = noise_to_signal(values if signed else np.abs(values), bits, signed=signed)
    assert drawn == pytest.approx(gaussian_noise_to_signal(bits, signed=signed), rel=0.03)


@pytest.mark.parametrize("bits", [2, 3, 5])
def test_no_range_gives_less_noise(bits: int) -> None:
    values = np.random.default_rng(5).laplace(size=300)
    last = 2 ** (bits - 1) - 1
    best = math.inf
    for step in np.linspace(1e-3, np.abs(values).max() / last * 1.2, 4000):
        levels = np.arange(-last, last + 1) * step
        nearest = levels[np.abs(values[:, None] - levels).argmin(axis=1)]
        best = min(best, float(((nearest - values) ** 2).mean() / (values**2).mean()))
    found = noise_to_signal(values, bits)
    assert best * (1 - 1e-5) <= found <= best * 1.02


def test_levels_are_symmetric_and_values_beyond_are_clipped() -> None:
    assert list(quantized(np.array([-9.0, -0.6, 0.4, 1.6, 9.0]), 1.0, 3)) == [-3.0, -1.0, 0.0, 2.0, 3.0]
    assert list(quantized(np.array([0.0, 2.6, 99.0]), 1.0, 2, signed=False)) == [0.0, 3.0, 3.0]
    assert noise_to_signal(np.zeros(4), 4) == 0.0 and noise_to_signal(np.array([1.0, -1.0]), 1) == 0.0


def test_proxy_adds_the_noise_of_every_layers_operands() -> None:
    dice = np.random.default_rng(1)
    weights = {"first": dice.uniform(-1, 1, (4, 9)), "second": dice.standard_normal(50)}
    source = noise_proxy(STEPS, weights, "relu")
    expected = sum(
        noise_to_signal(weights[name], w) + gaussian_noise_to_signal(a, signed=False)
        for name, (a, w) in zip(("first", "second"), ((8, 3), (4, 5)), strict=True)
    )
    assert source.name == PROXY and source.error(((8, 3), (4, 5))) == pytest.approx(expected, rel=1e-12)
    gaussian = noise_proxy(STEPS, None, "gaussian")
    assert gaussian.error(((4, 4), (4, 4))) == pytest.approx(4 * gaussian_noise_to_signal(4))
    with pytest.raises(InputError, match="unknown distribution 'cauchy'"):
        noise_proxy(STEPS, None, "cauchy")


def test_tables_of_errors_are_read_and_mistakes_named(tmp_path: Path) -> None:
    path = tmp_path / "errors.csv"
    path.write_text("layer,operand,bits,error\nfirst,weights,4,0.5\nfirst,activations,8,0\nsecond,weights,4,1\n")
    path.write_text(path.read_text() + "second,activations,8,0.25\n")
    source = read_errors(path, STEPS)
    assert source.name == "added_error" and source.error(((8, 4), (8, 4))) == 1.75
    with pytest.raises(InputError, match="has no error for weights of second at 3 bits"):
        source.error(((8, 4), (8, 3)))
    both = "bits, accuracy or layer, operand, bits, error"
    for text, message in (
        ("layer,operand,bits,error\nfrist,weights,4,1\n", "line 2: the network has no layer 'frist'; did you mean"),
        ("layer,operand,bits,error\nfirst,bias,4,1\n", "operand 'bias' is none of activations, weights"),
        ("layer,operand,bits,error\nfirst,weights,4,-1\n", "column error: a number, zero or more"),
        ("bits,accuracy\n8/4 8/4 8/4,70\n", "1 or 2 pairs are wanted, not 3"),
        ('bits,accuracy\n"8,4",170\n', "0 to 100 percent is wanted"),
        ("bits,accuracy\n8/4\n", "line 2: 2 cells are wanted, not 1"),
        (f"bits,accuracy\n{'8' * 5000}/4,70\n", "line 2, column bits: 1 to 32 bits are wanted"),
        (f"bits,accuracy\n{'8' * 200_000},70\n", "line 2: is no row of a table"),
        ("bits,top1\n8/4,70\n", f"line 1: the columns {both} are wanted, not bits, top1"),
        ("layer,bits,error\nfirst,4,1\n", f"line 1: the columns {both} are wanted, not layer, bits, error"),
        ("", f"is empty; the columns {both} and at least one row are wanted"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_errors(path, STEPS)
    path.write_text("# measured\nbits,accuracy\n8/4,70\n8/8 4/4,65.5\n")
    listed = read_errors(path, STEPS)
    assert listed.error(((8, 4), (8, 4))) == 30.0 and listed.error(((8, 8), (4, 4))) == 34.5


def test_a_function_gives_errors_and_its_mistakes_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "measured.py").write_text(
        "def error(bits):\n    return 10.0 - bits['first'][1]\ndef broken(bits):\n    return 1 / 0\nnumber = 3\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert function_error("measured:error", STEPS).error(((8, 4), (8, 2))) == 6.0
    with pytest.raises(RunError, match=r"measured:broken failed .ZeroDivisionError"):
        function_error("measured:broken", STEPS).error(((8, 4), (8, 2)))
    for text, message in (
        ("measured", "is no function; one such as"),
        ("measured:nothing", "cannot be loaded .AttributeError"),
        ("measured:number", "is no function"),
        ("no_such_module:f", "cannot be loaded .ModuleNotFoundError"),
    ):
        with pytest.raises(InputError, match=message):
            function_error(text, STEPS)


def test_weights_must_be_those_of_the_network(tmp_path: Path) -> None:
    network = load_network("resnet20-cifar10")
    arrays = {name: np.ones(item.layer.weights) for item in network.layers for name in item.members}
    path = tmp_path / "weights.npz"
    np.savez(path, **arrays)  # pyright: ignore[reportArgumentType]
    assert set(read_weights(path, network)) == set(arrays)
    for wrong, message in (
        ({**arrays, "fc": np.ones(3)}, "fc: 640 weights are wanted, not 3"),
        ({**arrays, "fc2": np.ones(3)}, "fc2: resnet20-cifar10 has no such layer"),
        ({**arrays, "fc": np.full(640, np.nan)}, "fc: finite numbers are wanted"),
        ({name: array for name, array in arrays.items() if name != "fc"}, "fc: weights of this layer are missing"),
    ):
        np.savez(path, **wrong)  # pyright: ignore[reportArgumentType]
        with pytest.raises(InputError, match=message):
            read_weights(path, network)


def test_file_that_holds_no_arrays_is_refused_in_our_own_words(tmp_path: Path) -> None:
    network, path = load_network("resnet20-cifar10"), tmp_path / "weights.npz"
    np.savez_compressed(path, fc=np.random.default_rng(3).normal(size=640))
    whole = path.read_bytes()
    np.save(tmp_path / "fc.npy", np.ones(640))
    np.savez(tmp_path / "words.npz", fc=np.array([1, "x", None], dtype=object))
    wanted = "arrays of numbers by layer are wanted, as numpy.savez writes them"
    for content, message in (
        (b"", "is no .npz file, or only a part of one"),
        (b"nothing of the kind", "is no .npz file, or only a part of one"),
        (whole[: len(whole) // 2], "is no .npz file, or only a part of one"),
        ((tmp_path / "fc.npy").read_bytes(), "is no .npz file, or only a part of one"),
        ((tmp_path / "words.npz").read_bytes(), "fc: is no array of numbers, or damaged"),
        (whole[:300] + bytes(100) + whole[400:], "fc: is no array of numbers, or damaged"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError) as caught:
            read_weights(path, network)
        assert str(caught.value) == f"{path}: {message}; {wanted}"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("fc.npy", b"\x93NUMPY\x01\x00\x10\x00{((((          \n")
    with pytest.raises(InputError, match="fc: is no array of numbers, or damaged"):
        read_weights(path, network)


def test_weights_of_an_onnx_model_are_taken_in_the_order_of_its_layers(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    dice = np.random.default_rng(2)
    filters = dice.standard_normal((4, 3, 3, 3)).astype(np.float32)
    matrix = dice.standard_normal((16, 10)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "filters"], ["y"], kernel_shape=[3, 3]),
        helper.make_node("Relu", ["y"], ["z"]),
        helper.make_node("Flatten", ["z"], ["f"]),
        helper.make_node("MatMul", ["f", "matrix"], ["o"]),
    ]
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 4])]
    wanted = [helper.make_tensor_value_info("o", TensorProto.FLOAT, [1, 10])]
    constants = [numpy_helper.from_array(filters, "filters"), numpy_helper.from_array(matrix, "matrix")]
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", given, wanted, constants)), str(path))
    layers = (
        "{name: first, kind: conv, inputs: 3, outputs: 4, size: 4, kernel: 3}",
        "{name: last, kind: fc, inputs: 16, outputs: 10}",
    )
    text = "name: two\ndataset: none\nlayers:\n" + "".join(f"- {layer}\n" for layer in layers)
    found = read_weights(path, parse_network(text, Path("two.yaml")))
    assert np.array_equal(found["first"], filters) and np.array_equal(found["last"], matrix)
    with pytest.raises(InputError, match="20 operators with constant weights are wanted for resnet20-cifar10, not 2"):
        read_weights(path, load_network("resnet20-cifar10"))
    onnx.save(onnx.load(str(path)), str(path), save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert np.array_equal(read_weights(path, parse_network(text, Path("two.yaml")))["last"], matrix)
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(InputError, match=r"filters: is no array of numbers, damaged, or in another file that is not"):
        read_weights(path, load_network("resnet20-cifar10"))
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match=r"model.onnx: is no ONNX model, or damaged"):
        read_weights(path, load_network("resnet20-cifar10"))
