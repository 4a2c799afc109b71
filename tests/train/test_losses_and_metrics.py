from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torch.nn import functional as F

from data_manifest.dataset import Dataset
from data_manifest.header import DepthEncoding
from data_manifest.record import Size
from train.baselines import baseline_maps, best_constant_mask, mean_maps
from train.data import Batch, Samples, ShuffledByEpoch, make_loader
from train.losses import mdeas_loss, ssim
from train.metrics import NAMES, Meter

TEN_METRES = DepthEncoding(
    scale=0.001, offset=0, unit="metres", kind="metric", near_is="small",
    target_scale=0.1, target_offset=0,
)  # fmt: skip


@pytest.fixture
def batch(labelled: Path) -> Batch:
    """Thirty real samples of 96 px."""
    return next(iter(make_loader(Samples(Dataset(labelled), Size(96, 96)), 30, 0)))


def test_ssim_equals_an_independent_implementation(batch: Batch) -> None:
    other = batch.depth.roll(5, dims=3)
    ours = ssim(batch.depth, other)
    pairs = zip(F.pad(batch.depth, [5] * 4)[:, 0], F.pad(other, [5] * 4)[:, 0], strict=True)
    for value, (first, second) in zip(ours, pairs, strict=True):
        _, full = structural_similarity(
            first.double().numpy(), second.double().numpy(), data_range=1, gaussian_weights=True,
            sigma=1.5, use_sample_covariance=False, full=True, truncate=3.5, win_size=11,
        )  # fmt: skip
        assert float(value) == pytest.approx(full[5:-5, 5:-5].mean(), abs=2e-5)
    assert torch.allclose(ssim(other, other), torch.ones(30))


def test_the_loss_is_the_weighted_sum(batch: Batch) -> None:
    true = batch.as_float()
    logits, depth = torch.randn_like(true.mask), torch.rand_like(true.depth)
    parts = mdeas_loss(logits, depth, true)
    mask = torch.sigmoid(logits)
    expected = (
        2.0 * (1 - ssim(depth, true.depth).mean())
        + 0.4 * (1 - ssim(mask, true.mask).mean())
        + 0.1 * (depth - true.depth).square().mean()
        + 1.0 * (mask - true.mask).square().mean()
        + 1e-6 * ((depth - true.depth).abs().mean() + (mask - true.mask).abs().mean())
    )
    assert float(parts["loss"]) == pytest.approx(float(expected), rel=1e-6)
    perfect = mdeas_loss((true.mask * 2 - 1) * 50, true.depth, true)
    assert float(perfect["loss"]) == pytest.approx(0, abs=1e-4)


def test_metrics_equal_a_plain_computation(batch: Batch) -> None:
    true = batch.as_float()
    predicted = true.mask.roll(4, dims=3) > 0.5
    depth = (true.depth * 1.3 + 0.01).clamp(0, 1)
    meter = Meter(TEN_METRES)
    for part in range(0, 30, 7):  # unequal batches
        cut = slice(part, part + 7)
        meter.add(predicted[cut], depth[cut], Batch(*(stream[cut] for stream in true)))
    result = meter.result()
    p, t = predicted.numpy(), true.mask.numpy() > 0.5
    d, s = depth.double().numpy() * 10, true.depth.double().numpy() * 10
    iou = (p & t).sum() / (p | t).sum()
    assert tuple(result) == NAMES
    assert result["mask_iou"] == pytest.approx(iou)
    assert result["mask_dice"] == pytest.approx(2 * (p & t).sum() / (p.sum() + t.sum()))
    assert result["mask_dice"] == pytest.approx(2 * iou / (1 + iou))
    assert result["depth_mae"] == pytest.approx(np.abs(d - s).mean(), rel=1e-5)
    assert result["depth_rmse"] == pytest.approx(np.sqrt(np.square(d - s).mean()), rel=1e-5)
    assert result["depth_absrel"] == pytest.approx((np.abs(d - s) / s).mean(), rel=1e-5)
    assert result["depth_delta1"] == pytest.approx((np.maximum(d / s, s / d) < 1.25).mean())
    assert 0 < result["depth_ssim"] < 1


def test_a_perfect_prediction_scores_perfectly(batch: Batch) -> None:
    true = batch.as_float()
    meter = Meter(TEN_METRES)
    meter.add(true.mask > 0.5, true.depth, true)
    result = meter.result()
    assert (result["mask_iou"], result["mask_dice"], result["depth_delta1"]) == (1, 1, 1)
    assert (result["depth_mae"], result["depth_rmse"], result["depth_absrel"]) == (0, 0, 0)


def test_mean_maps_are_means(labelled: Path) -> None:
    samples = list(Dataset(labelled, split="train"))
    loader = make_loader(Samples(Dataset(labelled, split="train"), Size(96, 96)), 16, 0)
    mask, depth = mean_maps(loader)
    assert np.allclose(mask, np.mean([s.mask for s in samples], axis=0))
    assert np.allclose(depth, np.mean([s.depth / 10 for s in samples], axis=0), atol=1e-6)
    maps = baseline_maps(loader)
    assert not maps["empty mask"][0].any() and maps["mean mask"][0].any()


def test_the_constant_mask_is_the_best_level_set(labelled: Path) -> None:
    masks = np.stack([sample.mask for sample in Dataset(labelled)])
    mean = masks.mean(axis=0)

    def pooled_iou(region: np.ndarray) -> float:
        return float((masks & region).sum() / (masks | region).sum())

    best = pooled_iou(best_constant_mask(mean))
    assert best >= max(pooled_iou(mean >= level) for level in np.unique(mean)) - 1e-12
    assert best > pooled_iou(mean > 0.5)


def test_targets_are_what_is_stored(labelled: Path) -> None:
    dataset = Dataset(labelled)
    for row in (0, 50):
        sample, item = dataset[row], Samples(dataset, Size(96, 96))[row]
        assert np.array_equal(item.fg_bg.numpy().transpose(1, 2, 0), sample.fg_bg)
        assert np.array_equal(item.mask[0].numpy() == 1, sample.mask)
        assert sample.depth is not None
        assert np.allclose(item.depth[0].numpy(), sample.depth / 10)
        small = Samples(dataset, Size(48, 48))[row]
        assert small.bg.shape == (3, 48, 48) and small.depth.shape == (1, 48, 48)
        assert set(small.mask.unique().tolist()) <= {0, 1}
        assert abs(float(small.mask.float().mean() - item.mask.float().mean())) < 0.02


def test_targets_outside_the_unit_range_are_refused() -> None:
    from data_manifest.errors import DatasetError
    from train.data import depth_target

    wrong = TEN_METRES.model_copy(update={"target_scale": 1.0})
    with pytest.raises(DatasetError, match=r"not within \[0, 1\]"):
        depth_target(np.full((4, 4), 3.0, np.float32), wrong)


def test_orders_differ_by_epoch_and_repeat() -> None:
    order = ShuffledByEpoch(50, seed=3)
    first = list(order)
    order.epoch = 1
    second = list(order)
    order.epoch = 0
    assert list(order) == first != second
    assert sorted(first) == sorted(second) == list(range(50))
    assert list(ShuffledByEpoch(50, seed=4)) != first
