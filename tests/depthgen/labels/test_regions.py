from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import distance_transform_cdt

from data_manifest.dataset import Dataset
from data_manifest.record import Mask, Picture
from depthgen.labels.regions import Region, regions

FRAME = (40, 60)


def box_of(part: Mask, margin: int) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of what is True, with a margin, within the frame."""
    rows, columns = np.flatnonzero(part.any(1)), np.flatnonzero(part.any(0))
    height, width = part.shape
    top, left = max(int(rows[0]) - margin, 0), max(int(columns[0]) - margin, 0)
    bottom = min(int(rows[-1]) + 1 + margin, height)
    return top, bottom, left, min(int(columns[-1]) + 1 + margin, width)


def assert_region(region: Region, part: Mask, mask: Mask, margin: int) -> None:
    """That a region tells of ``part``, and its ring of what is around it, in the whole frame."""
    top, bottom, left, right = box_of(part, margin)
    assert np.array_equal(np.arange(part.shape[0])[region.box[0]], np.arange(top, bottom))
    assert np.array_equal(np.arange(part.shape[1])[region.box[1]], np.arange(left, right))
    whole = np.zeros_like(part)
    whole[region.box] = region.mask
    assert np.array_equal(whole, part)
    assert np.array_equal(region.free, ~mask[region.box])
    for width in {1, margin} if margin else ():
        ring = np.zeros_like(part)
        ring[region.box] = region.ring(width)
        away = distance_transform_cdt(~part, "chessboard")
        assert np.array_equal(ring, (away <= width) & ~mask)


@pytest.mark.parametrize("margin", [1, 2, 6, 200])
def test_one_foreground_is_one_region(dataset: Path, margin: int) -> None:
    for sample in Dataset(dataset)[::23]:
        (region,) = regions(sample.mask, None, margin)
        assert_region(region, sample.mask, sample.mask, margin)


@pytest.mark.parametrize("margin", [1, 5])
def test_several_foregrounds_are_told_by_their_numbers(crowded: Path, margin: int) -> None:
    most = 0
    for sample in Dataset(crowded)[::3]:
        assert sample.instance is not None
        numbers = sorted(set(sample.instance[sample.mask].tolist()) - {0})
        found = list(regions(sample.mask, sample.instance, margin))
        assert len(found) == len(numbers)
        most = max(most, len(found))
        for number, region in zip(numbers, found, strict=True):
            assert_region(region, sample.instance == number, sample.mask, margin)
    assert most > 1


def test_without_a_margin_the_box_is_tight(dataset: Path) -> None:
    mask = Dataset(dataset)[5].mask
    (region,) = regions(mask, None, 0)
    assert_region(region, mask, mask, 0)
    assert region.mask[0].any() and region.mask[-1].any()
    assert region.mask[:, 0].any() and region.mask[:, -1].any()


def test_an_empty_mask_has_no_region() -> None:
    nothing = np.zeros(FRAME, bool)
    assert list(regions(nothing, None, 3)) == []
    assert list(regions(nothing, np.zeros(FRAME, np.uint8), 3)) == []
    assert list(regions(nothing, np.full(FRAME, 2, np.uint8), 3)) == []


def test_a_mask_that_fills_the_frame_has_nothing_around_it() -> None:
    whole = np.ones(FRAME, bool)
    (region,) = regions(whole, None, 3)
    assert region.mask.shape == FRAME and region.mask.all()
    assert not region.free.any() and not region.ring(3).any()


PLACES = [(0, 0), (0, 59), (39, 0), (39, 59), (0, 30), (20, 0), (20, 30), (38, 58)]


@pytest.mark.parametrize("place", PLACES)
def test_one_pixel_anywhere_has_a_region(place: tuple[int, int]) -> None:
    mask = np.zeros(FRAME, bool)
    mask[place] = True
    (region,) = regions(mask, None, 2)
    assert_region(region, mask, mask, 2)


def test_a_foreground_at_the_edge_has_a_ring_inside_the_frame() -> None:
    mask = np.zeros(FRAME, bool)
    mask[:12, 48:] = True
    (region,) = regions(mask, None, 4)
    assert_region(region, mask, mask, 4)
    assert np.count_nonzero(region.ring(4)) == 16 * 16 - 12 * 12


def test_another_foreground_is_not_around_one() -> None:
    mask, instance = np.zeros(FRAME, bool), np.zeros(FRAME, np.uint8)
    instance[10:20, 10:20], instance[10:20, 20:30] = 1, 3
    mask |= instance > 0
    first, second = regions(mask, instance, 2)
    assert_region(first, instance == 1, mask, 2)
    assert_region(second, instance == 3, mask, 2)
    assert not first.ring(2)[:, -2:][2:-2].any()


def test_what_is_given_is_not_changed(crowded: Path) -> None:
    sample = Dataset(crowded)[0]
    assert sample.instance is not None
    before: list[Mask | Picture] = [sample.mask.copy(), sample.instance.copy()]
    for region in regions(sample.mask, sample.instance, 3):
        region.ring(3)
    assert np.array_equal(sample.mask, before[0]) and np.array_equal(sample.instance, before[1])
