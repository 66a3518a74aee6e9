"""The shipped networks against published totals, and network files of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from qadam_plugin.errors import InputError
from qadam_plugin.workloads.layer import Layer
from qadam_plugin.workloads.network import Network, load_network, network_names

NAMES = [
    "alexnet-imagenet",
    "mobilenetv1-imagenet",
    "mobilenetv2-imagenet",
    "resnet20-cifar10",
    "resnet20-cifar100",
    "resnet34-imagenet",
    "resnet50-imagenet",
    "resnet56-cifar10",
    "resnet56-cifar100",
    "vgg16-cifar10",
    "vgg16-cifar100",
    "vgg16-imagenet",
]

#: Published MACs at batch 1, in units of the last digit given.
PUBLISHED_MACS = [
    ("vgg16-imagenet", 15.47e9, 0.005e9),
    ("resnet34-imagenet", 3.66e9, 0.005e9),
    ("resnet50-imagenet", 4.09e9, 0.005e9),
    ("resnet20-cifar10", 40.6e6, 0.05e6),
    ("resnet56-cifar10", 125.5e6, 0.05e6),
    ("mobilenetv1-imagenet", 568.7e6, 0.05e6),
    ("mobilenetv2-imagenet", 300.8e6, 0.05e6),
]

#: Parameters of the public implementations less those of biases and batch normalisation: Caffe's AlexNet 60 965 224,
#: torchvision's VGG-16 138 357 544, ResNet-34 21 797 672, ResNet-50 25 557 032, MobileNetV2 3 504 872, Keras' MobileNet
#: 4 253 864, CIFAR ResNet-20 269 722 and ResNet-56 853 018, CIFAR VGG-16 14 728 266.
PUBLISHED_WEIGHTS = {
    "alexnet-imagenet": 60_965_224 - 10_568,
    "vgg16-imagenet": 138_357_544 - 13_416,
    "resnet34-imagenet": 21_797_672 - 17_024 - 1_000,
    "resnet50-imagenet": 25_557_032 - 53_120 - 1_000,
    "mobilenetv1-imagenet": 4_253_864 - 43_776 - 1_000,
    "mobilenetv2-imagenet": 3_504_872 - 34_112 - 1_000,
    "resnet20-cifar10": 269_722 - 1_376 - 10,
    "resnet56-cifar10": 853_018 - 4_064 - 10,
    "vgg16-cifar10": 14_728_266 - 4_224 - 8_448 - 10,
}


def conv_macs(network: Network) -> int:
    return sum(item.layer.macs * item.count for item in network.layers if item.kind != "fc")


def test_the_twelve_networks_ship():
    assert network_names() == NAMES
    for name in NAMES:
        network = load_network(name)
        assert network.name == name
        assert name.endswith(network.dataset)


@pytest.mark.parametrize(("name", "macs", "tolerance"), PUBLISHED_MACS)
def test_macs_are_the_published_ones(name: str, macs: float, tolerance: float):
    assert abs(load_network(name).macs - macs) <= tolerance


@pytest.mark.parametrize(
    ("name", "macs", "tolerance"), [("alexnet-imagenet", 0.666e9, 0.0005e9), ("vgg16-imagenet", 15.35e9, 0.005e9)]
)
def test_macs_of_the_convolutions_are_the_published_ones(name: str, macs: float, tolerance: float):
    assert abs(conv_macs(load_network(name)) - macs) <= tolerance


@pytest.mark.parametrize("name", ["resnet20", "resnet56", "vgg16"])
def test_cifar100_differs_by_its_classifier_only(name: str):
    ten, hundred = load_network(f"{name}-cifar10"), load_network(f"{name}-cifar100")
    assert ten.layers[:-1] == hundred.layers[:-1]
    assert hundred.layers[-1].layer.M == 10 * ten.layers[-1].layer.M == 100
    assert conv_macs(ten) == conv_macs(hundred)


def test_vgg16_on_cifar_is_the_published_one():
    assert load_network("vgg16-cifar10").macs == 313_201_664


@pytest.mark.parametrize("name", sorted(PUBLISHED_WEIGHTS))
def test_weights_are_the_published_ones(name: str):
    assert load_network(name).weights == PUBLISHED_WEIGHTS[name]


def test_alexnet_layers_are_those_measured_on_the_eyeriss_chip():
    """JSSC 2017: 0.42, 0.90, 0.60, 0.45, 0.30 GMAC at batch 4."""
    macs = [4 * item.layer.macs / 1e9 for item in load_network("alexnet-imagenet").layers[:5]]
    assert [round(value, 2) for value in macs] == [0.42, 0.90, 0.60, 0.45, 0.30]


def test_depthwise_layers_have_groups_and_one_channel_each():
    for name in ("mobilenetv1-imagenet", "mobilenetv2-imagenet"):
        depthwise = [item.layer for item in load_network(name).layers if item.kind == "depthwise"]
        assert depthwise
        assert all((layer.C, layer.M) == (1, 1) and layer.G >= 32 for layer in depthwise)


def test_equal_shapes_are_counted_once_with_their_names():
    network = load_network("resnet20-cifar10")
    assert network.layer_count == 20
    assert [item.count for item in network.layers] == [1, 6, 1, 5, 1, 5, 1]
    second = network.layers[1]
    assert second.name == second.members[0] == "layer1.0.conv1"
    assert len(second.members) == second.count
    assert len({(item.kind, item.layer) for item in network.layers}) == len(network.layers)


def test_padding_is_part_of_the_input_and_stride_comes_from_the_file():
    first = load_network("resnet50-imagenet").layers[0].layer
    assert first == Layer(C=3, M=64, R=7, S=7, P=112, Q=112, Wstride=2, Hstride=2)
    assert (first.input_width, first.input_height) == (229, 229)


def network_file(tmp_path: Path, *layers: str, head: str = "name: mine\ndataset: imagenet\n") -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(head + "layers:\n" + "".join(f"- {layer}\n" for layer in layers))
    return path


def test_own_file_with_uneven_kernel_dilation_and_groups(tmp_path: Path):
    path = network_file(
        tmp_path,
        "{name: a, kind: conv, inputs: 6, outputs: 8, size: [20, 30], kernel: [3, 5], stride: [2, 1], "
        "padding: [1, 0], dilation: [2, 3], groups: 2}",
    )
    # torch.nn.Conv2d's rule: floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1
    height, width = (20 + 2 - 2 * 2 - 1) // 2 + 1, 30 - 3 * 4 - 1 + 1
    expected = Layer(C=3, M=4, R=5, S=3, P=width, Q=height, G=2, Wstride=1, Hstride=2, Wdilation=3, Hdilation=2)
    assert load_network(path).layers[0].layer == expected


def test_equal_layers_far_apart_are_merged(tmp_path: Path):
    fc, other = "kind: fc, inputs: 4, outputs: 4}", "{name: b, kind: fc, inputs: 4, outputs: 8}"
    network = load_network(network_file(tmp_path, "{name: a, " + fc, other, "{name: c, " + fc))
    assert [(item.name, item.members, item.count) for item in network.layers] == [
        ("a", ("a", "c"), 2),
        ("b", ("b",), 1),
    ]
    assert (network.macs, network.weights) == (64, 64)


def test_unknown_name_lists_what_there_is():
    with pytest.raises(InputError, match="unknown network 'resnet21-cifar10'; did you mean 'resnet20-cifar10'"):
        load_network("resnet21-cifar10")


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("{kind: fc, inputs: 4, outputs: 4}", "layers[0]: either name (one layer) or names"),
        ("{name: a, names: [b], kind: fc, inputs: 4, outputs: 4}", "layers[0]: either name (one layer) or names"),
        ("{names: [a, a], kind: fc, inputs: 4, outputs: 4}", "layers[0]: layer name 'a' is used twice"),
        ("{name: a, kind: dense, inputs: 4, outputs: 4}", "layers[0].kind: 'conv', 'depthwise' or 'fc' is wanted"),
        ("{name: a, kind: fc, inputs: 0, outputs: 4}", "layers[0].inputs: at least 1 is wanted, not 0"),
        ("{name: a, kind: fc, inputs: 4, outputs: 4, stride: 2}", "layers[0].stride: a fully connected layer has only"),
        (
            "{name: a, kind: conv, inputs: 4, outputs: 4, kernal: 3}",
            "layers[0].kernal: unknown key; did you mean 'kernel'",
        ),
        ("{name: a, kind: conv, inputs: 4, outputs: 4, kernel: 3}", "layers[0].kernel: the filter is larger"),
        (
            "{name: a, kind: conv, inputs: 4, outputs: 6, groups: 4}",
            "layers[0].outputs: 6 is not a multiple of 4 groups",
        ),
        (
            "{name: a, kind: depthwise, inputs: 4, outputs: 4, groups: 2}",
            "layers[0].groups: a depthwise layer has one group",
        ),
        ("{name: a, kind: conv, inputs: 4, outputs: 4, size: [1, 2, 3]}", "layers[0].size"),
        ("{name: a, kind: conv, inputs: 4}", "layers[0].outputs: is missing"),
    ],
)
def test_mistakes_in_a_network_file_are_refused(tmp_path: Path, layer: str, message: str):
    path = network_file(tmp_path, layer)
    with pytest.raises(InputError) as caught:
        load_network(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_network_without_layers_is_refused(tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\ndataset: imagenet\nlayers: []\n")
    with pytest.raises(InputError, match="layers"):
        load_network(path)
