from pathlib import Path

import numpy as np
import pytest

from data_manifest.dataset import Dataset
from data_manifest.pictures.resizing import resize
from data_manifest.record import Depth, Picture, Size


@pytest.fixture(scope="module")
def rgb(dataset: Path) -> Picture:
    """A real composite, (96, 96, 3)."""
    return Dataset(dataset)[3].fg_bg


@pytest.fixture(scope="module")
def depth(labelled: Path) -> Depth:
    found = Dataset(labelled)[3].depth
    assert found is not None
    return found


def test_a_picture_of_that_size_is_left_as_it_is(rgb: Picture) -> None:
    assert resize(rgb, Size(96, 96)) is rgb


def test_width_and_height_are_not_confused(rgb: Picture, depth: Depth) -> None:
    for size in (Size(32, 48), Size(200, 100), Size(1, 1)):
        small, flat = resize(rgb, size), resize(depth, size)
        assert small.shape == (size.height, size.width, 3) and small.dtype == np.uint8
        assert flat.shape == size.shape and flat.dtype == np.float32


@pytest.mark.parametrize("times", [2, 3, 4])
def test_areas_are_averaged_when_it_shrinks(rgb: Picture, depth: Depth, times: int) -> None:
    side = 96 // times

    def averaged(picture: np.ndarray) -> np.ndarray:
        cells = picture.astype(np.float64).reshape(side, times, side, times, -1)
        return cells.mean(axis=(1, 3)).reshape(side, side, *picture.shape[2:])

    size = Size(side, side)
    assert np.abs(resize(rgb, size) - averaged(rgb)).max() <= 0.5001
    assert np.allclose(resize(depth, size), averaged(depth), rtol=1e-5)


def test_it_grows_linearly(depth: Depth) -> None:
    big = resize(depth, Size(192, 192))
    centre = 0.75 * depth[10, 20:40] + 0.25 * depth[10, 21:41]
    below = 0.75 * depth[11, 20:40] + 0.25 * depth[11, 21:41]
    assert np.allclose(big[21, 41:81:2], 0.75 * centre + 0.25 * below, rtol=1e-5)
    assert depth.min() <= big.min() and big.max() <= depth.max()


def test_a_mirrored_view_is_resized_as_it_looks(rgb: Picture, depth: Depth) -> None:
    for picture in (rgb, depth):
        mirrored = resize(picture[:, ::-1], Size(48, 48))
        assert np.allclose(mirrored, resize(picture, Size(48, 48))[:, ::-1], atol=1e-6)


def test_what_is_given_is_not_changed(rgb: Picture) -> None:
    before = rgb.copy()
    resize(rgb, Size(224, 224))[:] = 0
    assert np.array_equal(rgb, before)
