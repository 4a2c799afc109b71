"""The earlier systems' figures of several batches."""

from pathlib import Path

import pytest
import torch

from tests.train.losses.scene import Scene, make_scene
from train.judging.legacy_figures import LABELS, LegacyMeter
from train.metrics import legacy


@pytest.fixture(scope="module")
def scene(labelled: Path) -> Scene:
    return make_scene(labelled)


def collected(scene: Scene, cuts: list[slice]) -> dict[str, float]:
    meter = LegacyMeter()
    for cut in cuts:
        part = scene.part(cut)
        meter.add(part.logits, part.depth, part.true)
    return meter.result()


def test_one_batch_gives_what_the_functions_give(scene: Scene) -> None:
    found = collected(scene, [slice(0, 8)])
    assert tuple(found) == tuple(LABELS)
    true, probability = scene.true, torch.sigmoid(scene.logits)
    depth = scene.depth.clamp(0, 1)
    expected = {
        "mdeas_ssim_mask": legacy.legacy_mdeas_ssim_mask(scene.logits, true.mask),
        "mdeas_ssim_depth": legacy.legacy_mdeas_ssim_depth(depth, true.depth),
        "mdeas_miou_mask": legacy.legacy_mdeas_miou(probability, true.mask),
        "gilf_iou": legacy.legacy_gilf_iou(scene.logits, true.mask),
        "vathos_miou": legacy.legacy_vathos_miou(scene.logits, true.mask),
        "vathos_mrmse": legacy.legacy_vathos_mrmse(depth, true.depth),
        "futartup_dice": legacy.legacy_futartup_dice(probability, true.mask),
        "sushmitha_dice_depth": legacy.legacy_futartup_dice(depth, true.depth / 255),
        "uday96_within2_mask": legacy.legacy_uday96_within(probability, true.mask)[1],
        "uday96_within3_depth": legacy.legacy_uday96_within(depth, true.depth)[2],
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(float(value), rel=1e-4), name


def test_only_mdeas_counts_samples_and_the_others_batches(scene: Scene) -> None:
    first, second = slice(0, 6), slice(6, 8)
    one, other = collected(scene, [first]), collected(scene, [second])
    both = collected(scene, [first, second])
    for name, value in both.items():
        share = 6 / 8 if name.startswith("mdeas") else 1 / 2
        assert value == pytest.approx(share * one[name] + (1 - share) * other[name]), name


def test_depths_at_the_ends_of_the_range_are_numbers(scene: Scene) -> None:
    beyond = scene._replace(depth=(scene.depth - 0.2) * 9)
    assert beyond.depth.min() < 0 and beyond.depth.max() > 1
    found = collected(beyond, [slice(0, 8)])
    assert all(value == value and abs(value) < 10 for value in found.values())
