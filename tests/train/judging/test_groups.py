"""Groups of samples, and the weakest of them."""

import numpy as np
import pytest

from tests.train.judging.judged import judged
from train.judging.groups import by_mask_share, groups, weakest

SAMPLES = [judged(number) for number in range(1, 11)]


def test_samples_are_grouped_by_what_they_have_in_common() -> None:
    found = groups(SAMPLES)
    assert [(group.name, group.samples) for group in found["bg"]] == [("bg0", 5), ("bg1", 5)]
    assert [(one.name, one.samples) for one in found["fg"]] == [("fg0", 3), ("fg1", 4), ("fg2", 3)]
    third = found["fg"][0]  # samples 3, 6 and 9
    assert third.mask_iou == pytest.approx(0.6)
    assert third.depth_rmse == pytest.approx(np.sqrt((9 + 36 + 81) / 3))  # of all pixels
    assert third.depth_mae == pytest.approx(0.5)


def test_masks_are_parted_by_size_into_equal_parts() -> None:
    parts = by_mask_share([judged(number) for number in (5, 1, 8, 3, 6, 2, 7, 4)])
    assert [part.samples for part in parts] == [2, 2, 2, 2]
    assert [part.name for part in parts][::3] == ["1.0% to 2.8%", "6.2% to 8.0%"]
    assert [part.mask_iou for part in parts] == pytest.approx([0.15, 0.35, 0.55, 0.75])


def test_equal_masks_stay_together() -> None:
    (one,) = by_mask_share([judged(number, mask_share=0.25) for number in range(6)])
    assert (one.name, one.samples) == ("25.0% to 25.0%", 6)
    some = by_mask_share([judged(number, mask_share=float(number > 3)) for number in range(6)])
    assert [part.samples for part in some] == [4, 2]


def test_the_weakest_come_first() -> None:
    by_mask, by_depth = weakest(groups(SAMPLES)["fg"], 2)
    assert [group.name for group in by_mask] == ["fg2", "fg1"]
    assert [group.name for group in by_depth] == ["fg0", "fg1"]
