"""Tiles: they cover a picture, and what is made of them has no seams."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from data_manifest.dataset import Dataset
from data_manifest.record import Size
from train.answering.tiles import OVERLAP, Corner, blended, corners, room_for, settled

SIZES = [Size(64, 48), Size(65, 48), Size(300, 200), Size(1000, 49), Size(129, 777)]
TILE = Size(64, 48)


@pytest.mark.parametrize("whole", SIZES)
def test_tiles_cover_a_picture_and_overlap(whole: Size) -> None:
    covered = np.zeros(whole.shape, int)
    at = corners(whole, TILE)
    for corner in at:
        part = covered[corner.of(TILE)]
        assert part.shape == TILE.shape
        part += 1
    assert covered.min() == 1
    for side, places in zip(TILE, zip(*at, strict=True), strict=True):
        steps = np.diff(sorted(set(places)))
        assert (steps <= side * (1 - OVERLAP) + 1).all()


def test_a_picture_that_a_tile_fits_in_has_room() -> None:
    assert room_for(Size(300, 200), TILE) == (300, 200)
    assert room_for(Size(300, 24), TILE) == (600, 48)
    assert room_for(Size(10, 10), TILE) == (64, 64)
    assert room_for(Size(7, 1000), TILE) == (64, 9143)


@pytest.mark.parametrize("whole", SIZES)
def test_pieces_of_a_picture_blend_to_that_picture(whole: Size, labelled: Path) -> None:
    sample = Dataset(labelled)[0]
    assert sample.depth is not None
    maps = np.stack([cv2.resize(part, whole) for part in (sample.mask / 1.0, sample.depth)])
    maps = maps.astype(np.float32)
    at = corners(whole, TILE)
    pieces = [maps[(slice(None), *corner.of(TILE))] for corner in at]
    assert np.allclose(blended(whole, TILE, at, pieces), maps, atol=1e-5)


def test_tiles_that_disagree_are_blended_without_a_seam() -> None:
    whole = Size(300, 200)
    at = corners(whole, TILE)
    levels = np.random.default_rng(0).integers(0, 2, len(at)).astype(np.float32)
    answers = [np.full((2, *TILE.shape), level) for level in levels]
    maps = blended(whole, TILE, at, answers)
    assert maps.min() < 0.01 and maps.max() > 0.99
    for axis in (1, 2):
        assert np.abs(np.diff(maps, axis=axis)).max() < 0.25  # a seam would be a step of 1


def test_what_is_coarse_is_the_whole_pictures_and_what_is_fine_the_tiles(labelled: Path) -> None:
    depth = np.asarray(Dataset(labelled)[0].depth)
    assert np.array_equal(settled(depth, depth), depth)
    ramp = np.linspace(0, 3, depth.size, dtype=np.float32).reshape(depth.shape)
    middle = (slice(24, 72), slice(24, 72))
    assert np.allclose(settled(depth + ramp + 5, depth)[middle], depth[middle], atol=0.02)
    dots = np.zeros_like(depth)
    dots[::6, ::6] = 1
    kept = settled(depth + dots, depth) - depth
    assert np.corrcoef(kept.ravel(), dots.ravel())[0, 1] > 0.99


def test_corners_are_in_reading_order() -> None:
    assert corners(Size(112, 96), TILE) == [
        Corner(0, 0), Corner(48, 0), Corner(0, 24), Corner(48, 24), Corner(0, 48), Corner(48, 48)
    ]  # fmt: skip
