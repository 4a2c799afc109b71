"""What earlier systems' figures say of answers that are right, and of answers that are wrong."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.train.losses import reference
from tests.train.losses.scene import Scene
from train.metrics import legacy


def certain(mask: Tensor) -> Tensor:
    """Logits of a mask that is right and sure of it: probabilities of 0 and 1."""
    return (mask * 2 - 1) * 80


def logit(probability: Tensor) -> Tensor:
    return torch.special.logit(probability.double(), eps=1e-12)


def arrays(*parts: Tensor) -> list[np.ndarray]:
    return [part.double()[:, 0].numpy() for part in parts]


def test_every_figure_equals_its_description(scene: Scene) -> None:
    z, m, d, t = arrays(scene.logits, scene.true.mask, scene.depth, scene.true.depth)
    p, s = reference.sigmoid(z), scene.double()
    similarities = [
        [reference.ssim_map(a, b, 11, "constant").mean() for a, b in zip(*pair, strict=True)]
        for pair in ((p, m), (d, t))
    ]
    axes = (1, 2)
    overlap, areas = (p * m).sum(axes), p.sum(axes) + m.sum(axes)
    tiny, tiny_areas = (p * m / 255).sum(axes), p.sum(axes) + m.sum(axes) / 255
    found = {
        "mask": legacy.legacy_mdeas_ssim_mask(s.logits, s.true.mask),
        "depth": legacy.legacy_mdeas_ssim_depth(s.depth, s.true.depth),
        "gilf": legacy.legacy_gilf_iou(s.logits, s.true.mask),
        "vathos": legacy.legacy_vathos_miou(s.logits, s.true.mask),
        "mrmse": legacy.legacy_vathos_mrmse(s.depth, s.true.depth),
        "sushmitha": legacy.legacy_sushmitha_dice(s.logits, s.true.mask),
        "futartup": legacy.legacy_futartup_dice(torch.sigmoid(s.logits), s.true.mask),
    }
    assert {name: float(value) for name, value in found.items()} == pytest.approx(
        {
            "mask": np.mean(similarities[0]),
            "depth": np.mean(similarities[1]),
            "gilf": 1 - reference.cross_entropy(p, m),
            "vathos": (overlap / (areas + 1e-6)).mean(),
            "mrmse": math.sqrt(np.square(d - t).mean() + 1e-6),
            "sushmitha": ((2 * tiny + 1e-4) / (tiny_areas + 1e-4)).mean(),
            "futartup": ((2 * overlap + 1e-4) / (areas + 1e-4)).mean(),
        },
        rel=1e-9,
    )


def test_mdeas_accuracy_is_high_for_an_empty_mask_and_for_depth_that_is_off(scene: Scene) -> None:
    true = scene.true
    empty = legacy.legacy_mdeas_ssim_mask(torch.full_like(true.mask, -80.0), true.mask)
    assert 0.5 < float(empty) < 1
    assert float(legacy.legacy_mdeas_ssim_mask(certain(true.mask), true.mask)) == pytest.approx(1)
    bright = true.depth.clamp(min=0.4)
    assert float(legacy.legacy_mdeas_ssim_depth(bright + 0.05, bright)) > 0.9


def test_mdeas_miou_is_0_for_a_nearly_perfect_mask(scene: Scene) -> None:
    mask = scene.true.mask
    assert float(legacy.legacy_mdeas_miou(mask, mask)) == 1
    assert float(legacy.legacy_mdeas_miou(mask * 0.999, mask)) == 0


def test_mdeas_miou_counts_in_tenths_from_half() -> None:
    true = torch.zeros(1, 1, 10, 20)
    true[..., :10] = 1
    for right, figure in ((50, 0.0), (51, 0.1), (62, 0.3), (94, 0.9), (96, 1.0)):
        predicted = torch.zeros(1, 1, 10, 20)
        predicted[0, 0, :, :10] = (torch.arange(100) < right).float().view(10, 10)
        assert float(legacy.legacy_mdeas_miou(predicted, true)) == pytest.approx(figure)


def test_gilf_iou_is_high_where_nothing_overlaps_and_far_below_0_where_it_does(
    scene: Scene,
) -> None:
    mask = scene.true.mask.clone()
    mask[:, :, :, ::2] = 0  # small masks
    share = mask.mean()
    blind = torch.full_like(mask, float(torch.special.logit(share)))
    assert not bool((blind > 0).any())
    assert float(legacy.legacy_gilf_iou(blind, mask)) > 0.5
    half_right = certain(mask).clone()
    half_right[:, :, :48] *= -1
    assert float(legacy.legacy_gilf_iou(half_right, mask)) < -10


def test_vathos_miou_of_a_perfect_mask_is_a_half(scene: Scene) -> None:
    mask = scene.true.mask
    assert float(legacy.legacy_vathos_miou(certain(mask), mask)) == pytest.approx(0.5)


def test_vathos_mrmse_depends_on_the_size_of_batches(scene: Scene) -> None:
    depth, true = scene.double().depth, scene.double().true.depth
    whole = float(legacy.legacy_vathos_mrmse(depth, true))
    singles = [
        float(legacy.legacy_vathos_mrmse(depth[n : n + 1], true[n : n + 1])) for n in range(8)
    ]
    assert np.mean(singles) < 0.99 * whole
    assert float(legacy.legacy_vathos_mrmse(true, true)) == pytest.approx(0.001)


def test_sushmitha_dice_of_an_exact_answer_is_below_a_hundredth(scene: Scene) -> None:
    mask, depth = scene.double().true.mask, scene.double().true.depth
    exact = legacy.legacy_sushmitha_dice(logit(mask / 255), mask)
    assert float(exact) == pytest.approx(1 / 255, rel=1e-2)
    of_depth = float(legacy.legacy_sushmitha_dice(logit(depth / 255), depth))
    squares_over_mean = [np.square(t).mean() / t.mean() / 255 for t in depth.numpy()]
    assert of_depth == pytest.approx(np.mean(squares_over_mean), rel=5e-2)
    assert of_depth < 0.0039
    sure = float(legacy.legacy_sushmitha_dice(certain(mask), mask))
    assert sure == pytest.approx(2 / 256, rel=1e-2)


def test_futartup_dice_is_right_for_a_perfect_mask(scene: Scene) -> None:
    mask = scene.true.mask
    assert float(legacy.legacy_futartup_dice(mask, mask)) == pytest.approx(1)
    assert float(legacy.legacy_futartup_dice(1 - mask, mask)) < 1e-6


def test_uday96_shares_are_high_for_an_empty_mask(scene: Scene) -> None:
    mask, depth, true = scene.true.mask, scene.depth, scene.true.depth
    shares = legacy.legacy_uday96_within(torch.zeros_like(mask), mask)
    assert [float(share) for share in shares] == pytest.approx([1 - float(mask.mean())] * 3)
    d, t = (np.clip(part, 0.1, 1) for part in arrays(depth, true))
    apart = np.maximum(d / t, t / d)
    for share, limit in zip(
        legacy.legacy_uday96_within(depth, true), (1.25, 1.5625, 1.953125), strict=True
    ):
        assert float(share) == pytest.approx((apart < limit).mean(), abs=1e-4)
