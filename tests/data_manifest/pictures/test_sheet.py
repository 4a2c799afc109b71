"""Sheets of tiles for a person, and files that are not replaced unasked."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_manifest.dataset import Dataset
from data_manifest.errors import UsageError
from data_manifest.pictures.sheet import (
    GAP,
    LINE,
    TILE,
    Strip,
    depth_limits,
    depth_tile,
    mask_tile,
    sheet,
    tile,
    tile_size,
    write_png,
)
from data_manifest.record import Size


def test_every_tile_stands_in_its_place(labelled: Path) -> None:
    samples = Dataset(labelled)[:6]
    strips = [Strip((one.bg, one.fg_bg, mask_tile(one.mask)), one.record.key) for one in samples]
    page = sheet(("bg", "fg_bg", "mask"), strips, columns=2)
    block = 3 * (96 + GAP) + GAP
    assert page.shape == (GAP + LINE + 3 * (96 + LINE + GAP), 2 * block + GAP, 3)
    for number, sample in enumerate(samples):
        top = GAP + LINE + number // 2 * (96 + LINE + GAP)
        left = GAP + number % 2 * block
        assert np.array_equal(page[top : top + 96, left : left + 96], sample.bg)
        second = left + 96 + GAP
        assert np.array_equal(page[top : top + 96, second : second + 96], sample.fg_bg)


def test_depth_is_warm_where_it_is_near(labelled: Path) -> None:
    depths = [sample.depth for sample in Dataset(labelled)[:5]]
    assert all(depth is not None for depth in depths)
    limits = depth_limits(depths)  # type: ignore[arg-type]
    depth = np.linspace(*limits, 64).reshape(8, 8)
    small, large = (depth_tile(depth, limits, near) for near in ("small", "large"))
    assert np.array_equal(small, large[::-1, ::-1])
    near, far = small[0, 0].astype(int), small[-1, -1].astype(int)
    assert near[0] > near[2] and far[2] > far[0]


@pytest.mark.parametrize("size", [Size(640, 480), Size(30, 20), Size(1000, 10)])
def test_tiles_keep_their_shape(size: Size, pictures: Path) -> None:
    with Image.open(pictures / "bgs" / "china.jpg") as picture:
        pixels = np.asarray(picture.resize(size))
    small = tile_size(pixels)
    assert max(small) == min(TILE, max(size))
    assert tile(pixels, small).shape == (*small.shape, 3)
    assert small.width / small.height == pytest.approx(size.width / size.height, rel=0.25)


def test_a_file_is_replaced_where_asked_or_of_the_same_mark(pictures: Path, tmp_path: Path) -> None:
    with Image.open(pictures / "bgs" / "china.jpg") as picture:
        pixels = np.asarray(picture)
    path = tmp_path / "new" / "sheet.png"
    write_png(path, pixels, overwrite=False, mark="of one")
    write_png(path, pixels[::-1], overwrite=False, mark="of one")
    with Image.open(path) as written:
        assert np.array_equal(np.asarray(written), pixels[::-1])
    for mark in ("of two", ""):
        with pytest.raises(UsageError, match="give --overwrite"):
            write_png(path, pixels, overwrite=False, mark=mark)
    write_png(path, pixels, overwrite=True)
    with pytest.raises(UsageError, match="is not a file"):
        write_png(tmp_path / "new", pixels, overwrite=True)
