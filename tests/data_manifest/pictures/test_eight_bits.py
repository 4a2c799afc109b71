"""Levels of sixteen bits and of floating-point numbers as eight, rounded to the nearest."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_manifest.errors import SourceError
from data_manifest.pictures.bands import BAND_PIXELS
from data_manifest.pictures.eight_bits import WHITE, eight_bits


def test_every_level_of_sixteen_bits_becomes_the_nearest_of_eight() -> None:
    levels = np.arange(WHITE + 1, dtype=np.uint16).reshape(256, 256)
    exact = levels.astype(np.float64) * 255 / WHITE
    assert np.abs(eight_bits(levels) - exact).max() <= 0.5
    assert eight_bits(levels)[0, 0] == 0 and eight_bits(levels)[-1, -1] == 255


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_eight_bits_made_deeper_come_back(pictures: Path, dtype: type) -> None:
    with Image.open(pictures / "bgs" / "coffee.png") as picture:
        rgb = np.asarray(picture.convert("RGB"))
    assert np.array_equal(eight_bits((rgb / 255).astype(dtype)), rgb)
    assert np.array_equal(eight_bits(rgb.astype(np.uint16) * 257), rgb)
    assert np.array_equal(eight_bits(rgb.astype(np.int32) * 257), rgb)


@pytest.mark.parametrize(
    "wrong",
    [np.float32([[1.01]]), np.float32([[np.nan]]), np.int32([[-1]]), np.int32([[WHITE + 1]])],
)
def test_levels_out_of_range_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(SourceError, match="levels are not all from 0 to"):
        eight_bits(wrong)


def test_bands_change_nothing(pictures: Path) -> None:
    with Image.open(pictures / "bgs" / "china.jpg") as picture:
        grey = np.asarray(picture.convert("L")).astype(np.uint16) * 257
    tall = np.tile(grey, (2 + BAND_PIXELS // grey.size, 1))
    assert tall.size > BAND_PIXELS
    assert np.array_equal(eight_bits(tall)[-len(grey) :], eight_bits(grey))
