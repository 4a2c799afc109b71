"""Metrics against plain numpy, on real pictures."""

import numpy as np
import pytest
import torch

from tests.train.losses.reference import ssim_map
from tests.train.losses.scene import TEN_METRES, Scene
from train.data.batch import ReadBatch
from train.metrics.figures import NAMES, Sums, per_sample
from train.metrics.meter import Meter


def expected(scene: Scene) -> dict[str, float]:
    """The metrics of all pixels together, from their definitions."""
    p, t = scene.logits.numpy() > 0, scene.true.mask.numpy() > 0.5
    targets = scene.depth.double().numpy().clip(0, 1), scene.true.depth.double().numpy()
    d, s = (target * 10 for target in targets)
    apart = np.maximum(d / s, s / d)
    similarities = [
        ssim_map(a[0], b[0], 11, "constant").mean() for a, b in zip(*targets, strict=True)
    ]
    return {
        "mask_iou": (p & t).sum() / (p | t).sum(),
        "mask_dice": 2 * (p & t).sum() / (p.sum() + t.sum()),
        "depth_mae": np.abs(d - s).mean(),
        "depth_rmse": np.sqrt(np.square(d - s).mean()),
        "depth_absrel": (np.abs(d - s) / s).mean(),
        "depth_delta1": (apart < 1.25).mean(),
        "depth_delta2": (apart < 1.5625).mean(),
        "depth_delta3": (apart < 1.953125).mean(),
        "depth_ssim": np.mean(similarities),
    }


def metered(scene: Scene) -> Meter:
    meter = Meter(TEN_METRES)
    meter.add(scene.logits > 0, scene.depth, scene.true)
    return meter


@pytest.fixture
def far(scene: Scene) -> Scene:
    """Answers that are far enough off for every share to lie between 0 and 1."""
    return scene._replace(depth=scene.depth * 1.4 - 0.05)


def test_metrics_equal_a_plain_computation(far: Scene) -> None:
    exact, single = metered(far.double()).result(), metered(far).result()
    assert tuple(exact) == tuple(single) == NAMES
    for name, value in expected(far.double()).items():
        assert exact[name] == pytest.approx(value, rel=1e-9)
        assert single[name] == pytest.approx(value, rel=1e-5, abs=1e-6)
        assert 0 < value < 2
    shares = [exact[f"depth_delta{power}"] for power in (1, 2, 3)]
    assert 0 < shares[0] < shares[1] < shares[2] < 1


def test_unequal_batches_and_processes_are_merged(far: Scene) -> None:
    scene, whole = far.double(), metered(far.double()).result()
    one, other = Meter(TEN_METRES), Meter(TEN_METRES)
    for meter, cut in ((one, slice(0, 3)), (one, slice(3, 4)), (other, slice(4, 8))):
        part = scene.part(cut)
        meter.add(part.logits > 0, part.depth, part.true)
    assert one.sums.shape == (len(Sums._fields),) and one.sums.dtype == torch.float64
    total = one.sums + other.sums
    for meter in (one, other):
        meter.set_sums(total)
        assert meter.result() == pytest.approx(whole, rel=1e-12)


def test_each_samples_metrics_are_its_own(far: Scene) -> None:
    found = per_sample(far.logits > 0, far.depth, far.true, TEN_METRES)
    assert tuple(found) == NAMES
    for number in range(len(far.depth)):
        alone = far.part(slice(number, number + 1))
        values = {name: float(column[number]) for name, column in found.items()}
        assert values == pytest.approx(expected(alone), rel=1e-5, abs=1e-6)
    assert all(column.dtype == torch.float64 and column.shape == (8,) for column in found.values())


def test_a_perfect_prediction_scores_perfectly(scene: Scene) -> None:
    true = scene.true
    perfect = metered(scene._replace(logits=true.mask - 0.5, depth=true.depth)).result()
    errors = {"depth_mae", "depth_rmse", "depth_absrel"}
    for name, value in perfect.items():
        assert value == pytest.approx(0 if name in errors else 1, abs=1e-6)


def test_no_mask_answered_by_none_is_right_and_answered_by_some_is_wrong(scene: Scene) -> None:
    true = scene.true._replace(mask=torch.zeros_like(scene.true.mask))
    none, some = torch.zeros_like(true.mask) > 0, torch.ones_like(true.mask) > 0
    for mask, value in ((none, 1), (some, 0)):
        meter = Meter(TEN_METRES)
        meter.add(mask, scene.depth, true)
        assert (meter.result()["mask_iou"], meter.result()["mask_dice"]) == (value, value)
        found = per_sample(mask, scene.depth, true, TEN_METRES)
        assert found["mask_iou"].tolist() == [value] * 8


def test_estimates_outside_the_targets_range_are_cut_off(scene: Scene) -> None:
    beyond = metered(scene._replace(depth=scene.true.depth + 5)).result()
    cut = metered(scene._replace(depth=torch.ones_like(scene.depth))).result()
    assert beyond == cut


def test_metrics_are_taken_without_gradients_from_batches_that_were_read(scene: Scene) -> None:
    bg, fg_bg = ((part * 255).byte() for part in scene.true[:2])
    read = ReadBatch(bg, fg_bg, scene.true.mask.byte(), scene.true.depth, None)
    with torch.inference_mode():
        assert metered(scene._replace(true=read.as_float())).result()["mask_iou"] > 0
