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
    SKIP_CHANNELS,
    DenseDepth,
    keras_layers,
    load,
    load_densedepth,
    to_metres,
)

CARD = TEACHERS["densedepth"]


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
    with h5py.File(path, "w") as file:
        for name, layer in keras_layers(network).items():
            group = file.require_group(root).require_group(name)
            arrays = keras_arrays(layer)
            group.attrs["weight_names"] = [f"{name}/{part}:0".encode() for part in arrays]
            for part, array in arrays.items():
                group[f"{name}/{part}:0"] = array
    return path


@pytest.fixture(scope="module")
def nyu(network: DenseDepth, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_keras(tmp_path_factory.mktemp("weights") / "nyu.h5", network)


def test_parameter_count(network: DenseDepth) -> None:
    assert sum(part.numel() for part in network.parameters()) == 21_365_405 == CARD.parameters


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
