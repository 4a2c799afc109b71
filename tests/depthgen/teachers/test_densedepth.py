import json
import zlib
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from data_manifest.errors import UsageError, WeightsError
from data_manifest.record import Size
from data_manifest.shards.digests import file_sha256
from depthgen.teachers import TEACHERS
from depthgen.teachers.declared import Declared
from depthgen.teachers.densedepth import (
    ENCODER_CHANNELS,
    HALF_WIDTH,
    SKIP_CHANNELS,
    DenseDepth,
    keras_layers,
    load,
    load_densedepth,
    to_metres,
)

CARD = TEACHERS["densedepth"]
BY_KERAS = Path(__file__).with_name("densedepth_keras.npz")


@pytest.fixture(scope="module")
def network() -> DenseDepth:
    """With random weights everywhere, statistics of the batch norms too."""
    torch.manual_seed(0)
    network = DenseDepth().eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.running_mean, std=0.1)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
            nn.init.normal_(layer.bias, std=0.1)
    nn.init.constant_(network.conv3.bias, 10.0)  # 1 m
    nn.init.normal_(network.conv3.weight, std=2.0)
    return network


@pytest.fixture(scope="module")
def rgb(all_pictures: Path) -> torch.Tensor:
    """A coffee cup and a motorcycle, (2, 3, 96, 128) in [0, 1]."""
    batch = []
    for name in ("coffee.png", "motorcycle_left.png"):
        with Image.open(all_pictures / "bgs" / name) as image:
            batch.append(np.asarray(image.convert("RGB").resize((128, 96))))
    return torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2).float() / 255


def keras_arrays(layer: nn.Module) -> Mapping[str, np.ndarray]:
    """A layer's arrays as Keras names and orders them."""
    state = {name: part.numpy() for name, part in layer.state_dict().items()}
    if isinstance(layer, nn.BatchNorm2d):
        return {
            "gamma": state["weight"],
            "beta": state["bias"],
            "moving_mean": state["running_mean"],
            "moving_variance": state["running_var"],
        }
    kernel = {"kernel": state["weight"].transpose(2, 3, 1, 0)}
    return {**kernel, "bias": state["bias"]} if "bias" in state else kernel


def write_keras(path: Path, network: DenseDepth, root: str = "model_weights") -> Path:
    layers = keras_layers(network)
    return write_layers(path, {name: keras_arrays(layer) for name, layer in layers.items()}, root)


def write_layers(
    path: Path, layers: Mapping[str, Mapping[str, np.ndarray]], root: str = "model_weights"
) -> Path:
    with h5py.File(path, "w") as file:
        for name, arrays in layers.items():
            group = file.require_group(root).require_group(name)
            group.attrs["weight_names"] = [f"{name}/{part}:0".encode() for part in arrays]
            for part, array in arrays.items():
                group[f"{name}/{part}:0"] = array
    return path


def write_model_config(path: Path, feeding: str) -> Path:
    """Says as Keras does which layer feeds ``up1_convB``."""
    layer = {"name": "up1_convB", "inbound_nodes": [[[feeding, 0, 0, {}]]]}
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = json.dumps({"config": {"layers": [layer]}}).encode()
    return path


def seeded(layer: str, part: str, shape: tuple[int, ...]) -> np.ndarray:
    """An array of the network that Keras ran, float32, by Keras' names and in Keras' order."""
    random = np.random.default_rng(zlib.crc32(f"{layer}/{part}".encode()))
    last = layer == "conv3"
    if part == "kernel":
        array = random.normal(0, (4 if last else 1) * (2 / np.prod(shape[:3])) ** 0.5, shape)
    elif part in ("gamma", "moving_variance"):
        array = random.uniform(0.5, 1.5, shape)
    else:
        array = random.normal(30 if last else 0, 0.1, shape)
    return array.astype(np.float32)


def write_seeded(path: Path, width: int) -> Path:
    shapes = {
        name: {part: array.shape for part, array in keras_arrays(layer).items()}
        for name, layer in keras_layers(DenseDepth(width)).items()
    }
    layers = {
        name: {part: seeded(name, part, shape) for part, shape in parts.items()}
        for name, parts in shapes.items()
    }
    return write_layers(path, layers)


@pytest.fixture(scope="module")
def nyu(network: DenseDepth, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_keras(tmp_path_factory.mktemp("weights") / "nyu.h5", network)


def test_parameter_count(network: DenseDepth) -> None:
    """As Keras counts those that are trained: 21,523,805 and 42,816,089 less 158,400."""
    with torch.device("meta"):
        published = DenseDepth(ENCODER_CHANNELS, both_rectified=False)
    assert sum(part.numel() for part in network.parameters()) == 21_365_405
    assert sum(part.numel() for part in published.parameters()) == 42_657_689 == CARD.parameters
    statistics = [part for part in published.buffers() if part.is_floating_point()]
    assert sum(part.numel() for part in statistics) == 158_400


@pytest.mark.parametrize(
    ("width", "feeding"), [(HALF_WIDTH, "leaky_re_lu"), (ENCODER_CHANNELS, "up1_convA")]
)
def test_answers_as_the_original_in_keras(width: int, feeding: str, tmp_path: Path) -> None:
    """Both kinds of the authors' network, run by Keras 2.15.0 (TensorFlow 2.15.1) on a CPU.

    It was built of ``keras.applications.DenseNet169(include_top=False, weights=None)`` and their
    decoder, upsampling by ``tf.compat.v1.image.resize_bilinear(align_corners=True)`` as in the code
    that made ``nyu.h5``, filled by ``layer.set_weights`` with the arrays of ``seeded``, whose seeds
    are CRC-32 of "layer/part". ``rgb`` is demo's motorcycle_left.png at 96 x 64, (64, 96, 3) uint8,
    given to Keras as float32 / 255; ``raw_832`` and ``raw_1664`` are what ``predict`` answered,
    (32, 48) float32, of decoders that begin with so many channels: the first with LeakyReLU 0.2
    behind each convolution of a step, the second behind ``convB`` only.
    """
    path = write_seeded(tmp_path / "nyu.h5", width)
    with np.load(BY_KERAS) as stored:
        rgb, true_raw = stored["rgb"], torch.from_numpy(stored[f"raw_{width}"])
    batch = torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        by_width = load_densedepth(path).raw(batch)[0]
        network = load_densedepth(write_model_config(path, feeding))
        raw, depth_m = network.raw(batch)[0], network(batch)[0]
    assert (raw - true_raw).abs().max() < 1e-3 * true_raw.std()
    assert torch.equal(by_width, raw)
    assert torch.allclose(depth_m, 10 / true_raw, rtol=1e-3)


def test_the_file_says_what_is_rectified(nyu: Path, tmp_path: Path) -> None:
    path = tmp_path / "nyu.h5"
    path.write_bytes(nyu.read_bytes())
    for feeding, expected in (("leaky_re_lu_1", nn.LeakyReLU), ("up1_convA", nn.Identity)):
        read = load_densedepth(write_model_config(path, feeding))
        assert all(
            isinstance(up.reluA, expected) for up in (read.up1, read.up2, read.up3, read.up4)
        )


@pytest.mark.parametrize("config", ["", "[]", '{"config": {"layers": [{"name": "up1_convA"}]}}'])
def test_a_model_not_understood_is_a_sentence(config: str, nyu: Path, tmp_path: Path) -> None:
    path = tmp_path / "nyu.h5"
    path.write_bytes(nyu.read_bytes())
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = config
    with pytest.raises(WeightsError, match="doesn't say what feeds layer 'up1_convB'"):
        load_densedepth(path)


def test_skips_are_those_of_the_paper(network: DenseDepth) -> None:
    with torch.inference_mode():
        deepest, skips = network.encoder(torch.rand(1, 3, 96, 128))
    assert deepest.shape == (1, 1664, 3, 4)
    sides = [(48, 64), (24, 32), (12, 16), (6, 8)]
    expected = [(1, channels, *side) for channels, side in zip(SKIP_CHANNELS, sides, strict=True)]
    assert [tuple(skip.shape) for skip in skips] == expected
    assert skips[0].min() == 0 and (skips[0] == 0).any()  # behind the ReLU


def test_encoder_is_keras_densenet(network: DenseDepth) -> None:
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    assert {norm.eps for norm in norms} == {1.001e-5}
    layers = keras_layers(network)
    assert len(norms) == sum(isinstance(layer, nn.BatchNorm2d) for layer in layers.values())
    named = {id(part) for layer in layers.values() for part in layer.parameters()}
    assert named == {id(part) for part in network.parameters()}


def test_half_size_in_metres(network: DenseDepth, rgb: torch.Tensor) -> None:
    with torch.inference_mode():
        depth = network(rgb)
    assert depth.shape == (2, 48, 64)
    assert depth.min() >= 0.1 and depth.max() <= 10
    assert len(depth.unique()) > 1000


def test_raw_to_metres() -> None:
    raw = torch.tensor([-5.0, 0.0, 0.5, 1.0, 10.0, 50.0, 100.0, 500.0])
    expected = torch.tensor([0.1, 10.0, 10.0, 10.0, 1.0, 0.2, 0.1, 0.1])
    assert torch.allclose(to_metres(raw), expected)


def test_reads_the_original_file(network: DenseDepth, nyu: Path, rgb: torch.Tensor) -> None:
    read = load_densedepth(nyu)
    assert not read.training
    with torch.inference_mode():
        assert torch.equal(read(rgb), network(rgb))
    state = network.state_dict()
    for name, part in read.state_dict().items():
        assert name.endswith("num_batches_tracked") or torch.equal(part, state[name]), name


def test_reads_a_file_of_weights_alone(network: DenseDepth, tmp_path: Path) -> None:
    read = load_densedepth(write_keras(tmp_path / "weights.h5", network, root="/"))
    assert torch.equal(read.up4.convB.weight, network.up4.convB.weight)


def test_wrong_files_are_sentences(nyu: Path, tmp_path: Path) -> None:
    path = tmp_path / "nyu.h5"
    path.write_bytes(nyu.read_bytes())
    with h5py.File(path, "a") as file:
        del file["model_weights/up2_convA/up2_convA/kernel:0"]
    with pytest.raises(WeightsError, match="no kernel of a layer 'up2_convA'"):
        load_densedepth(path)
    with h5py.File(path, "a") as file:
        file["model_weights/up2_convA/up2_convA/kernel:0"] = np.zeros((3, 3, 7, 208), np.float32)
    with pytest.raises(WeightsError, match=r"'up2_convA' has shape \(208, 7, 3, 3\), expected"):
        load_densedepth(path)
    with h5py.File(path, "a") as file:
        del file["model_weights/conv3_block4_1_bn"]
    with pytest.raises(WeightsError, match="no gamma of a layer 'conv3_block4_1_bn'"):
        load_densedepth(path)


def test_numbers_that_are_none_are_a_sentence(nyu: Path, tmp_path: Path) -> None:
    path = tmp_path / "nyu.h5"
    path.write_bytes(nyu.read_bytes())
    with h5py.File(path, "a") as file:
        file["model_weights/conv1/bn/conv1/bn/gamma:0"][3] = np.nan
    with pytest.raises(WeightsError, match="gamma of layer 'conv1/bn' holds no finite floats"):
        load_densedepth(path)


def test_a_truncated_file_is_a_sentence(nyu: Path, tmp_path: Path) -> None:
    path = tmp_path / "nyu.h5"
    content = nyu.read_bytes()
    for share in (0, 0.3, 0.9):
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(WeightsError, match=r"nyu\.h5 can't be read"):
            load_densedepth(path)


def test_the_teacher(nyu: Path) -> None:
    teacher = load(CARD, nyu, Declared(input_size=Size(128, 96)))
    assert teacher.input_size == Size(128, 96)
    assert teacher.weights_sha256 == file_sha256(nyu)
    assert (teacher.meaning, teacher.licence) == (CARD.meaning, "GPL-3.0")
    assert load(CARD, nyu, Declared()).input_size == Size(640, 480)


def test_needs_a_file_and_sides_that_fit(nyu: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"can't be fetched.*--weights nyu\.h5"):
        load(CARD, None, Declared())
    with pytest.raises(UsageError, match="There is no weights file"):
        load(CARD, tmp_path / "none.h5", Declared())
    with pytest.raises(UsageError, match="multiples of 32, such as 640x480"):
        load(CARD, nyu, Declared(input_size=Size(100, 96)))
    with pytest.raises(UsageError, match="--kind relative: densedepth has metric"):
        load(CARD, nyu, Declared(kind="relative"))
