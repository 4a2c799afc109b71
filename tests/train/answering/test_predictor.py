"""A student asked in pictures: any size, many at once, whole or in tiles."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from data_manifest.dataset import Dataset
from data_manifest.errors import UsageError, WeightsError
from data_manifest.pictures.decoding import decode_upright
from data_manifest.record import Picture, Size
from tests.conftest import ROOT
from train.answering.predictor import Pair, Predictor, shown_size
from train.models.student import Student
from train.running.checkpoint import Checkpoint

TRAINED = Size(48, 48)


@pytest.fixture(scope="module")
def student(student_run: Path) -> Predictor:
    return Predictor.load(student_run, device="cpu")


@pytest.fixture(scope="module")
def tiling(student_run: Path) -> Predictor:
    return Predictor.load(student_run, device="cpu", tiles=True)


@pytest.fixture(scope="module")
def pair(pictures: Path) -> Pair:
    """A photo of 640 x 427 px, and the same with a cut-out on it."""
    bg = decode_upright((pictures / "bgs" / "china.jpg").read_bytes(), "RGB")
    owl = decode_upright((pictures / "fgs" / "owl.webp").read_bytes(), "RGBA")[:200, :200]
    fg_bg, alpha = bg.copy(), owl[..., 3:] / 255
    part = fg_bg[100:300, 300:500]
    part[:] = part * (1 - alpha) + owl[..., :3] * alpha
    return Pair(bg, fg_bg)


def sized(pair: Pair, size: tuple[int, int]) -> Pair:
    return Pair(*(np.asarray(cv2.resize(picture, size), np.uint8) for picture in pair))


def test_three_lines_are_enough(student_run: Path, pair: Pair) -> None:
    student = Predictor.load(str(student_run))
    mask, depth = student(*pair)
    assert mask.shape == depth.shape == (427, 640)
    assert (mask.dtype, depth.dtype) == (bool, np.float32)
    assert student.encoding.unit == "metres"
    assert depth.min() >= 0 and depth.max() <= 10
    probability = student.estimate(*pair).probability
    assert probability.dtype == np.float32 and probability.min() >= 0 and probability.max() <= 1
    assert np.array_equal(mask, probability > 0.5)


@pytest.mark.parametrize("document", ["README.md", "docs/train.md"])
def test_the_examples_of_the_documents_run(document: str, student_run: Path, pair: Pair) -> None:
    Path("runs").mkdir()
    Path("runs/twin").symlink_to(student_run)
    (code,) = re.findall(
        r"```python\n(from train\..*?)```", (ROOT / document).read_text(), re.DOTALL
    )
    names = {**pair._asdict(), "frames": [pair.fg_bg]}
    exec(code, names)
    assert np.array_equal(names["depth"], names["student"](*pair).depth)


def test_pictures_of_the_size_trained_for_are_shown_as_they_are(
    student_run: Path, student: Predictor, tiling: Predictor, labelled: Path
) -> None:
    sample = Dataset(labelled)[3]
    pair = sized(Pair(sample.bg, sample.fg_bg), TRAINED)
    checkpoint = Checkpoint.read(student_run / "best.pt")
    tensors = (torch.from_numpy(part).permute(2, 0, 1)[None].float() / 255 for part in pair)
    with torch.inference_mode():
        mask_logits, depth = checkpoint.trained_model()(*tensors)
    for asked in (student, tiling):
        estimate = asked.estimate(*pair)
        assert np.allclose(estimate.probability, torch.sigmoid(mask_logits)[0, 0], atol=1e-5)
        metres = checkpoint.network.encoding.from_target(depth.clamp(0, 1))
        assert np.allclose(estimate.depth, metres[0, 0], atol=1e-4)


@pytest.mark.parametrize("size", [(301, 200), (37, 53), (48, 48), (400, 9), (5, 700), (1, 1)])
@pytest.mark.parametrize("tiles", [False, True])
def test_answers_have_the_size_of_the_composite(
    student: Predictor, tiling: Predictor, pair: Pair, size: tuple[int, int], tiles: bool
) -> None:
    small = sized(pair, size)
    mask, depth = (tiling if tiles else student)(pair.bg, small.fg_bg)
    assert Size.of(mask) == Size.of(depth) == size
    assert np.isfinite(depth).all()


@pytest.mark.parametrize(
    ("whole", "shown"),
    [
        ((48, 48), (48, 48)),
        ((640, 427), (64, 48)),
        ((427, 640), (48, 64)),
        ((30, 19), (80, 48)),
        ((4000, 4), (192, 16)),
        ((1, 1000), (16, 192)),
    ],
)
def test_the_shorter_side_is_that_of_the_size_trained_for(
    whole: tuple[int, int], shown: tuple[int, int]
) -> None:
    assert shown_size(Size(*whole), TRAINED, 16) == shown


def test_many_pictures_are_answered_as_one_by_one(
    student: Predictor, tiling: Predictor, pair: Pair
) -> None:
    sizes = [(96, 64)] * 9 + [(64, 96), (96, 64)]
    pairs = [sized(pair, size) for size in sizes]
    pairs[4] = Pair(pairs[4].bg, pairs[4].fg_bg[:, ::-1])
    for asked in (student, tiling):
        together = asked.estimates(pairs)
        assert [Size.of(one.depth) for one in together] == sizes
        for one, alone in zip(together, pairs, strict=True):
            estimate = asked.estimate(*alone)
            assert np.allclose(one.probability, estimate.probability, atol=1e-5)
            assert np.allclose(one.depth, estimate.depth, atol=1e-4)


class Tilted(Student):
    """Answers by the place in what it is shown, so that tiles can't agree: mask and depth rise from
    left to right, from 0 to 1."""

    def forward(self, bg: Tensor, fg_bg: Tensor) -> tuple[Tensor, Tensor]:
        assert bg.shape == fg_bg.shape
        ramp = torch.linspace(0, 1, bg.shape[3]).expand(bg[:, :1].shape)
        return torch.logit(ramp, eps=1e-6), ramp


def test_no_seam_shows_where_tiles_disagree_most(student: Predictor, pair: Pair) -> None:
    asked = Predictor(student.network, Tilted(), torch.device("cpu"), tiles=True)
    estimate = asked.estimate(*sized(pair, (400, 100)))
    probability, depth = estimate.probability[50], estimate.depth[50]
    assert (
        np.ptp(probability) > 0.5
    )  # tiles do disagree, and each would begin anew with a step of 1
    assert np.abs(np.diff(probability)).max() < 0.15
    assert np.corrcoef(depth, np.arange(400))[0, 1] > 0.99  # as the whole picture's answer has it
    assert np.abs(np.diff(depth)).max() < 0.5  # of 10 metres


def test_tiles_of_a_real_student_meet_as_pixels_do_elsewhere(tiling: Predictor, pair: Pair) -> None:
    estimate = tiling.estimate(*sized(pair, (156, 48)))  # tiles begin at 0, 36, 72 and 108
    for maps in estimate:
        steps = np.abs(np.diff(maps, axis=1)).max(axis=0)
        borders = [edge - 1 for start in (0, 36, 72, 108) for edge in (start, start + 48)]
        borders = [border for border in borders if 0 <= border < 155]
        assert steps[borders].max() <= np.delete(steps, borders).max()


def test_a_line_that_tiles_dont_fit_in_is_answered_whole(
    student: Predictor, tiling: Predictor, pair: Pair
) -> None:
    line = sized(pair, (60_000, 1))  # a tile high, it would have 138 million pixels
    assert np.array_equal(tiling(*line).depth, student(*line).depth)


def test_a_checkpoint_may_be_named_in_two_ways(student_run: Path, pair: Pair) -> None:
    small = sized(pair, TRAINED)
    one = Predictor.load(student_run / "last.pt", device="cpu")
    other = Predictor.load(student_run, checkpoint="last", device="cpu")
    assert np.array_equal(one(*small).depth, other(*small).depth)


def test_a_threshold_decides_what_is_mask(student_run: Path, pair: Pair) -> None:
    probability = Predictor.load(student_run).estimate(*pair).probability
    middle = float(np.median(probability))
    picky = Predictor.load(student_run, threshold=middle)
    assert np.array_equal(picky(*pair).mask, probability > middle)
    assert 0 < picky(*pair).mask.mean() < 1


def wrong(pair: Pair) -> list[tuple[Picture, Picture, str]]:
    grey, floats = pair.fg_bg[..., 0], pair.bg / 255
    return [
        (pair.bg, grey, r"fg_bg is \(427, 640\) uint8; expected \(H, W, 3\) uint8, RGB"),
        (floats, pair.fg_bg, r"bg is \(427, 640, 3\) float64; expected"),
    ]


def test_what_is_no_picture_is_a_sentence(student: Predictor, pair: Pair) -> None:
    for bg, fg_bg, sentence in wrong(pair):
        with pytest.raises(UsageError, match=sentence):
            student(bg, fg_bg)


def test_what_is_no_run_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no checkpoint nothing/best\.pt; train one"):
        Predictor.load("nothing")
    (tmp_path / "best.pt").write_text("half")
    with pytest.raises(WeightsError, match="not a whole checkpoint"):
        Predictor.load(tmp_path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_isnt_there_is_a_sentence(student_run: Path) -> None:
    with pytest.raises(UsageError, match="torch finds no GPU"):
        Predictor.load(student_run, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_says_the_same(student_run: Path, pair: Pair) -> None:
    answers = [Predictor.load(student_run, device=on).estimate(*pair) for on in ("cpu", "cuda")]
    for one, other in zip(*answers, strict=True):
        assert np.allclose(one, other, atol=0.02)
