"""Bit-widths of a network's layers: in its file, on the command line, from Python."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command_line import qadam_tl

from qadam_plugin import api as qadam
from qadam_plugin.engines.registry import SURROGATE
from qadam_plugin.errors import InputError
from qadam_plugin.hardware.pe_types import PE_TYPES
from qadam_plugin.sweep.keys import network_key
from qadam_plugin.sweep.planning import check_takes_bits, plan_sweep
from qadam_plugin.workloads.bits import BitsLike, LayerBits, as_bits
from qadam_plugin.workloads.network import Network, load_network, network_names, parse_network

#: a -> b -> c -> d, with a shortcut of its own layer from a's output around b and c.
RESIDUAL = """
name: residual
dataset: cifar10
layers:
- {name: a, kind: conv, inputs: 3, outputs: 16, size: 8, feeds: [b, shortcut]}
- {name: b, kind: conv, inputs: 16, outputs: 16, size: 8}
- {name: c, kind: conv, inputs: 16, outputs: 16, size: 8, feeds: [d]}
- {name: shortcut, kind: conv, inputs: 16, outputs: 16, size: 8}
- {name: d, kind: fc, inputs: 16, outputs: 10}
"""

ALL_BUT_ONE = "".join(f"{step.name}: 8\n" for step in load_network("resnet20-cifar10").steps[:-1])


def bits_by_name(network: Network) -> dict[str, tuple[int | None, int | None, int | None]]:
    """(activations, weights, outputs) of every layer."""
    found = {}
    for item in network.layers:
        weights, inputs, outputs = item.layer.bits
        found |= dict.fromkeys(item.members, (inputs, weights, outputs))
    return found


def residual(bits: BitsLike) -> dict[str, tuple[int | None, int | None, int | None]]:
    return bits_by_name(parse_network(RESIDUAL, Path("residual.yaml")).with_bits(bits))


def test_shipped_networks_say_what_reads_every_output():
    """From the shapes: what a layer feeds has as many input channels as it has outputs, pooling before an fc apart."""
    for name in network_names():
        network = load_network(name)
        shapes = {member: item for item in network.layers for member in item.members}
        assert len(network.steps) == network.layer_count
        fed = {reader for step in network.steps for reader in step.feeds}
        assert fed == {step.name for step in network.steps[1:]}
        assert [step.name for step in network.steps if not step.feeds] == [network.steps[-1].name]
        for step in network.steps:
            source = shapes[step.name].layer
            for reader in step.feeds:
                target = shapes[reader]
                channels = target.layer.C * target.layer.G
                flattened = channels // (source.M * source.G) if target.kind == "fc" else 1
                assert channels == source.M * source.G * flattened, (name, step.name, reader)


def test_resnet50_feeds_block_and_projection_together():
    feeds = {step.name: step.feeds for step in load_network("resnet50-imagenet").steps}
    assert feeds["layer1.2.conv3"] == ("layer2.0.conv1", "layer2.0.downsample")
    assert feeds["layer2.0.conv3"] == feeds["layer2.0.downsample"] == ("layer2.1.conv1",)


def test_uniform_bits_reach_every_tensor():
    network = load_network("mobilenetv2-imagenet")
    narrow = network.with_bits([8, 4])
    assert narrow.name == "mobilenetv2-imagenet@8,4"
    assert set(bits_by_name(narrow).values()) == {(8, 4, 8)}
    assert [(item.name, item.count) for item in narrow.layers] == [(item.name, item.count) for item in network.layers]
    assert (narrow.macs, narrow.has_bits, network.has_bits) == (network.macs, True, False)
    assert network_key(narrow) != network_key(network)


def test_bits_given_again_replace_those_before():
    network = load_network("resnet20-cifar10")
    assert network.with_bits(2).with_bits("8, 4") == network.with_bits([8, 4])


def test_an_output_has_the_bits_that_its_readers_want():
    mixed = {"default": 8, "c": [6, 2], "d": [4, 8], "shortcut": [8, 3]}
    expected = {"a": (8, 8, 8), "b": (8, 8, 6), "c": (6, 2, 4), "shortcut": (8, 3, 4), "d": (4, 8, 4)}
    assert residual(mixed) == expected


def test_an_output_with_readers_of_different_bits_has_to_be_said():
    mixed: dict[str, object] = {"default": 8, "shortcut": [4, 8]}
    with pytest.raises(InputError, match="a: nothing says how wide its output is, but shortcut reads it with 4 and b "):
        residual(mixed)
    assert residual({**mixed, "a": [8, 8, 4]})["a"] == (8, 8, 4)
    with pytest.raises(
        InputError, match="a: its output has 5 bits, but shortcut reads it with 4 and b reads it with 8"
    ):
        residual({**mixed, "a": [8, 8, 5]})


def test_an_output_that_contradicts_its_only_reader_is_refused_naming_both():
    with pytest.raises(InputError, match="b: its output has 8 bits, but c reads it with 4"):
        residual({"default": 8, "b": [8, 8, 8], "c": [4, 8]})


def test_the_last_output_is_what_is_said_or_as_the_activations():
    assert residual({"default": 8, "d": [4, 2]})["d"] == (4, 2, 4)
    assert residual({"default": 8, "d": [4, 2, 16]})["d"] == (4, 2, 16)


def test_equal_shapes_with_different_bits_are_apart():
    network = load_network("resnet20-cifar10").with_bits({"default": 8, "layer1.1.conv1": [8, 4]})
    rows = [(item.name, item.count, item.layer.weight_bits) for item in network.layers[1:3]]
    assert rows == [("layer1.0.conv1", 5, 8), ("layer1.1.conv1", 1, 4)]


NETWORK = """
name: own
dataset: cifar10
bits: {activations: 8, weights: 4}
layers:
- {name: first, kind: conv, inputs: 3, outputs: 16, size: 8, bits: 8}
- {names: [second, third], kind: conv, inputs: 16, outputs: 16, size: 8}
- {name: fc, kind: fc, inputs: 16, outputs: 10, bits: [6, 8]}
"""


def test_bits_in_the_network_file():
    network = parse_network(NETWORK, Path("own.yaml"))
    expected = {"first": (8, 8, 8), "second": (8, 4, 8), "third": (8, 4, 6), "fc": (6, 8, 6)}
    assert network.name == "own"
    assert bits_by_name(network) == expected


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("bits: 8}", "bits: 33}", "layers[0].bits: 1 to 32 bits are wanted, not 33"),
        ("bits: 8}", "bits: {weights: 4}}", "layers[0].bits.activations: is missing"),
        ("bits: 8}", "bits: {weight: 4}}", "layers[0].bits.weight: unknown key; did you mean 'weights'?"),
        ("bits: [6, 8]}", "bits: [6, 8, 4, 4]}", "layers[2].bits: 8 (both), [8, 4]"),
        ("bits: [6, 8]}", "bits: [6, yes]}", "layers[2].bits: 1 to 32 bits are wanted, not a yes/no value (true)"),
        ("bits: {activations: 8, weights: 4}\n", "", "second and 1 more layer have no bits: add them, or a default"),
        ("size: 8, bits: 8}", "size: 8, bits: [8, 8, 4]}", "first: its output has 4 bits, but second reads it with 8"),
        ("size: 8, bits: 8}", "size: 8, feeds: [fist]}", "first.feeds: no other layer is named 'fist'; did you mean"),
        ("size: 8}", "size: 8, feeds: [fc]}", "layers[1].feeds: is for one layer"),
    ],
)
def test_mistakes_in_the_bits_of_a_network_file_are_refused(old: str, new: str, message: str):
    assert NETWORK.count(old) == 1
    with pytest.raises(InputError) as caught:
        parse_network(NETWORK.replace(old, new), Path("own.yaml"))
    assert str(caught.value).startswith(f"own.yaml: {message}")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("b.yaml", "default: [8, 4]\nconv1: 8\nfc: {activations: 8, weights: 8, outputs: 16}\n"),
        ("b.csv", "# ours\nlayer,weights,activations,outputs\ndefault,4,8,\nconv1, 8, 8,\nfc,8,8,16\n"),
    ],
)
def test_bits_of_layers_from_a_file(tmp_path: Path, name: str, text: str):
    path = tmp_path / name
    path.write_text(text)
    network = load_network("resnet20-cifar10").with_bits(str(path))
    bits = bits_by_name(network)
    assert network.name == "resnet20-cifar10@b"
    assert (bits["conv1"], bits["layer2.1.conv1"], bits["fc"]) == ((8, 8, 8), (8, 4, 8), (8, 8, 16))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("b.yaml", "default: 8\nlayer1.0.conv3: 8\n", "layer1.0.conv3: the network has no such layer; did you mean"),
        ("b.yaml", "conv1: 8\n", "layer1.0.conv1 and 18 more layers have no bits: add them, or a default"),
        ("b.yaml", ALL_BUT_ONE, "fc has no bits: add it, or a default"),
        ("b.yaml", "", "names no layer and no default"),
        ("b.yaml", "conv1: 0\n", "conv1: 1 to 32 bits are wanted, not 0"),
        ("b.yaml", "conv1: eight\n", "conv1: 8 (both), [8, 4]"),
        ("b.csv", "layer,activations\nconv1,8\n", "line 1: column 'weights' is missing"),
        ("b.csv", "layer,activations,weights,width\n", "line 1: unknown column 'width'; known are"),
        ("b.csv", "layer,activations,weights\nconv1,8\n", "line 2: 3 cells are wanted, not 2"),
        ("b.csv", "layer,activations,weights\nconv1,8,4.5\n", "line 2, column weights: 1 to 32 bits are wanted, not"),
        ("b.csv", "layer,activations,weights\nconv1,8,\n", "line 2, column weights: 1 to 32 bits are wanted, not ''"),
        ("b.csv", "layer,activations,weights\nconv1,8,8\nconv1,8,4\n", "line 3: layer 'conv1' stands twice"),
        ("b.csv", "", "is empty"),
    ],
)
def test_mistakes_in_a_file_of_bits_are_refused(tmp_path: Path, name: str, text: str, message: str):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_network("resnet20-cifar10").with_bits(path)
    assert str(caught.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize("text", ["0", "33", "8,40", "8,4,8,8", "8,x", "-8", "8 4", "", "8,"])
def test_numbers_that_are_no_bits_are_refused(text: str):
    with pytest.raises(InputError, match="--bits: 1 to 32 bits"):
        as_bits(text, "--bits")


def test_one_number_is_of_both():
    assert as_bits("6").default == as_bits(6).default == as_bits([6]).default == LayerBits(6, 6)


@pytest.mark.parametrize(
    ("pe", "bits", "reason"),
    [
        ("lightpe1", (8, 4, 8), ""),
        ("lightpe1", (2, 2, None), ""),
        ("lightpe1", (8, 16, 8), "weights of 16 bits do not fit lightpe1, whose weights have 4"),
        ("int8", (16, 8, 8), "activations of 16 bits do not fit int8, whose activations have 8"),
        ("int8", (8, 8, 9), "outputs of 9 bits do not fit int8, whose activations have 8"),
        ("fp32", (32, 32, 32), ""),
    ],
)
def test_pe_types_say_which_operands_they_are_too_narrow_for(
    pe: str, bits: tuple[int, int, int | None], reason: str
) -> None:
    activations, weights, outputs = bits
    assert PE_TYPES[pe].too_narrow_for(weights, activations, outputs) == reason


SPACE = {
    **{"pe_type": ["int16", "lightpe1"], "rows": 4, "cols": 8, "glb_kib": 16},
    **{"ifmap_spad_depth": 12, "weights_spad_depth": 48, "psum_spad_depth": 16},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the network of `NETWORK`, once with other bits."""
    path = tmp_path_factory.mktemp("bits") / "own.yaml"
    path.write_text(NETWORK)
    qadam.sweep(SPACE, [path, load_network(path).with_bits([8, 4])], jobs=1, out=path.parent / "results")
    return path.parent


def test_a_layer_too_wide_for_the_pe_is_an_invalid_result_with_its_reason(folder: Path):
    path, results = folder / "own.yaml", qadam.load(folder / "results")
    valid = {(row.network, row.pe_type): row.reason for row in results.itertuples()}
    assert valid == {
        ("own", "int16"): "",
        ("own", "lightpe1"): "first: weights of 8 bits do not fit lightpe1, whose weights have 4",
        ("own@8,4", "int16"): "",
        ("own@8,4", "lightpe1"): "",
    }
    layers = qadam.evaluate({**SPACE, "pe_type": "int16"}, path).layers
    columns = ["layer", "input_bits", "weight_bits", "output_bits"]
    assert [tuple(row) for row in layers[columns].itertuples(index=False)] == [
        ("first", 8, 8, 8),
        ("second", 8, 4, 8),
        ("third", 8, 4, 6),
        ("fc", 6, 8, 6),
    ]


def test_engines_that_know_no_bits_refuse_a_network_that_has_some():
    plain = load_network("resnet20-cifar10")
    for engine in ("timeloop", SURROGATE):
        check_takes_bits(engine, False, [plain])
        with pytest.raises(InputError, match=rf"engine {engine} knows no bit-widths, and resnet20-cifar10@8 has some"):
            check_takes_bits(engine, False, [plain, plain.with_bits(8)])


def test_a_plan_takes_bits_for_all_its_networks():
    plan = plan_sweep(None, ["resnet20-cifar10", "vgg16-cifar10"], bits="8,4")
    assert [network.name for network in plan.networks] == ["resnet20-cifar10@8,4", "vgg16-cifar10@8,4"]
    with pytest.raises(InputError, match="--bits: 1 to 32 bits"):
        plan_sweep(None, ["resnet20-cifar10"], bits="99")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("verify",), "own: has bit-widths of its own, which Timeloop does not know"),
        (("surrogate", "fit"), "has only networks with bit-widths, which accelerator models do not know"),
    ],
)
def test_what_knows_no_bits_refuses_stored_results_with_some(
    folder: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...], message: str
) -> None:
    code, _, err = qadam_tl(capsys, *command, str(folder / "results"))
    assert code == 2 and message in err


def test_the_bits_shown_in_the_documentation_fit_a_shipped_network(tmp_path: Path):
    page = Path(__file__).parent.parent / "docs" / "files.md"
    (text,) = re.findall(r"```yaml\n(# bits\n.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "bits.yaml").write_text(text)
    bits = bits_by_name(load_network("mobilenetv2-imagenet").with_bits(tmp_path / "bits.yaml"))
    assert (bits["conv1"], bits["block2.expand"], bits["fc"]) == ((8, 8, 8), (8, 4, 8), (8, 8, 8))


def test_commands_that_take_bits(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    code, out, _ = qadam_tl(capsys, "networks", "show", "resnet20-cifar10", "--bits", "8,4", "--json")
    shown = json.loads(out)
    assert code == 0 and shown["name"] == "resnet20-cifar10@8,4"
    assert {item["shape"]["weight_bits"] for item in shown["layers"]} == {4}
    assert shown["order"][0] == {"name": "conv1", "feeds": ["layer1.0.conv1"]}
    assert "6/3/6" in qadam_tl(capsys, "networks", "show", "resnet20-cifar10", "--bits", "6,3")[1]
    sweep = ("sweep", "--engine", SURROGATE, "--bits", "8", "--out", str(tmp_path / "none"))
    code, _, err = qadam_tl(capsys, *sweep)
    assert code == 2 and "engine surrogate knows no bit-widths" in err
    code, _, err = qadam_tl(capsys, "explore", "--bits", "8,64", "--out", str(tmp_path / "none"))
    assert code == 2 and "--bits: 1 to 32 bits are wanted, not 64" in err
    assert not (tmp_path / "none").exists()
    own = tmp_path / "own.yaml"
    own.write_text(NETWORK)
    assert qadam_tl(capsys, "networks", "problems", str(own), "-o", str(tmp_path / "problems"))[0] == 0
    assert "--bits 6,8,6\n" in (tmp_path / "problems" / "fc.yaml").read_text()
