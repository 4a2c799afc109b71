"""Twin begins as the teacher whose features it has, and finds what differs."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from data_manifest.dataset import Dataset
from data_manifest.errors import WeightsError
from data_manifest.weights import fastdepth
from tests.train.models.anatomy import count, counts, part_shapes, reached
from train.models.layout import Layout
from train.models.pretrained import pretrain
from train.models.twin import Trunk, Twin

COMPOSITE, LAYERED = Layout(), Layout(layered=True)


@pytest.fixture(scope="module", params=[COMPOSITE, LAYERED], ids=["composite", "layered"])
def twin(request: pytest.FixtureRequest) -> Twin:
    torch.manual_seed(0)
    model = Twin(request.param)
    assert pretrain(model, "auto").sha256 == fastdepth.WEIGHTS.sha256
    return model.eval()


@pytest.fixture(scope="module")
def pair(dataset: Path) -> tuple[Tensor, Tensor]:
    """A real pair of 96 px, enlarged to 224."""
    sample = Dataset(dataset)[7]
    both = torch.from_numpy(np.stack([sample.bg, sample.fg_bg])).permute(0, 3, 1, 2).float() / 255
    large = torch.nn.functional.interpolate(both, size=(224, 224))
    return large[:1], large[1:]


def test_counts_of_its_parts() -> None:
    model = Twin(COMPOSITE)
    assert count(model) == 1_563_801 < 2_000_000
    assert counts(model, ("trunk", "trunk.encoder", "trunk.decoder", "trunk.head")) == {
        "trunk": 1_352_225, "trunk.encoder": 1_129_880, "trunk.decoder": 222_328, "trunk.head": 17,
    }  # fmt: skip
    assert counts(model, ("mask", "refiner", "object")) == {
        "mask": 117_236, "refiner": 40_129, "object": 54_209,
    }  # fmt: skip


def test_untrained_it_answers_as_the_teacher(twin: Twin, pair: tuple[Tensor, Tensor]) -> None:
    """Of the composite; or of the background, outside the mask, where labels are layered."""
    from depthgen.teachers.fastdepth import load_fastdepth

    teacher = load_fastdepth(fastdepth.fetch().content)
    layered = twin.object._layered
    with torch.inference_mode():
        mask_logits, depth = twin(*pair)
        expected = teacher(pair[0] if layered else pair[1])
        away = torch.sigmoid(mask_logits) if layered else torch.zeros_like(mask_logits)
    error = (10 * depth - expected) * (1 - away)
    if layered:
        smooth = torch.nn.functional.avg_pool2d(expected, 8)
        smooth = torch.nn.functional.interpolate(smooth, size=(224, 224), mode="bilinear")
        error = 10 * depth - (1 - away) * expected - away * smooth
    assert float(error.square().mean().sqrt()) < 3e-4


def test_metres_become_targets_by_the_dataset_s_own_affine(pair: tuple[Tensor, Tensor]) -> None:
    models = [Twin(Layout(False, 0.1, 0.0)), Twin(Layout(False, -0.05, 0.9))]
    answers = []
    for model in models:
        pretrain(model, "auto")
        with torch.inference_mode():
            answers.append(model.eval()(*pair)[1])
    assert torch.allclose(answers[1], 0.9 - 0.5 * answers[0], atol=1e-4)


@pytest.mark.parametrize("size", [(96, 96), (224, 224), (64, 128), (232, 320)])
def test_any_multiple_of_eight(twin: Twin, size: tuple[int, int]) -> None:
    with torch.inference_mode():
        outputs = twin(torch.rand(2, 3, *size), torch.rand(2, 3, *size))
    assert all(output.shape == (2, 1, *size) and output.isfinite().all() for output in outputs)


def test_what_depends_on_what(twin: Twin) -> None:
    assert reached(twin, 0) == {"trunk", "mask", "refiner"}
    assert reached(twin, 1) == {"trunk", "object"}  # the mask isn't bent to suit the depth


def test_equal_pictures_differ_nowhere(twin: Twin, pair: tuple[Tensor, Tensor]) -> None:
    with torch.inference_mode():
        features = twin.trunk.encode(torch.cat([pair[0], pair[0]]))
    for x in features:
        one, other = x.chunk(2)
        assert torch.equal(one, other)


def test_its_trunk_gives_features_at_every_level() -> None:
    shapes = part_shapes(Twin(COMPOSITE), [f"trunk.encoder.{n}" for n in (1, 3, 5, 10, 13)], 224)
    assert list(shapes.values()) == [(56, 112), (120, 56), (256, 28), (296, 14), (512, 7)]


def test_other_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsError, match="not an ONNX file"):
        Trunk().load(b"no network")
    with pytest.raises(WeightsError, match="not an ONNX file"):
        pretrain(Twin(COMPOSITE), str(tmp_path / "bad.onnx"))
