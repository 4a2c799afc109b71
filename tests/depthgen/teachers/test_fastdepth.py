from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

from data_manifest.errors import WeightsError
from data_manifest.weights.fastdepth import WEIGHTS
from data_manifest.weights.npm import NPM
from data_manifest.weights.pinned import load_weights
from depthgen.teachers.fastdepth import FastDepth, load_fastdepth


@pytest.fixture(scope="module")
def content() -> bytes:
    return load_weights(WEIGHTS, NPM, None).content


@pytest.fixture(scope="module")
def rgb(all_pictures: Path) -> torch.Tensor:
    """A photo of a coffee cup, a motorcycle and a hall, (3, 3, 224, 224) in [0, 1]."""
    batch = []
    for name in ("coffee.png", "motorcycle_left.png", "now-ui-kit_bg6.jpg"):
        with Image.open(all_pictures / "bgs" / name) as image:
            batch.append(np.asarray(image.convert("RGB").resize((224, 224))))
    return torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2).float() / 255


def test_equals_the_authors_export_in_another_engine(content: bytes, rgb: torch.Tensor) -> None:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    expected = [session.run(None, {name: part[None].numpy()})[0] for part in rgb]
    model = load_fastdepth(content)
    with torch.inference_mode():
        depth = model(rgb).numpy()
    assert depth.shape == (3, 1, 224, 224)
    assert np.abs(depth - np.concatenate(expected)).max() < 1e-4
    assert 0.5 < np.median(depth) < 10


def test_fused_is_the_same_function(content: bytes, rgb: torch.Tensor) -> None:
    plain, fused = load_fastdepth(content), load_fastdepth(content)
    fused.fuse()
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in fused.modules())
    with torch.inference_mode():
        assert (plain(rgb) - fused(rgb)).abs().max() < 1e-4


def test_parameter_count() -> None:
    assert sum(part.numel() for part in FastDepth().parameters()) == 1_360_786


def test_foreign_weights_are_sentences(content: bytes) -> None:
    with pytest.raises(WeightsError, match="not an ONNX file"):
        load_fastdepth(b"hello, this is no network")
    import onnx

    graph = onnx.load_from_string(content)
    del graph.graph.initializer[-1]
    with pytest.raises(WeightsError, match="shapes differ"):
        load_fastdepth(graph.SerializeToString())
