"""Upright as Pillow turns it, for all eight tags and for tags that are none."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from data_manifest.pictures.orientation import SIDEWAYS, orientation, upright
from data_manifest.pictures.silence import silence

TAG = 0x0112


@pytest.mark.parametrize("tag", range(1, 9))
def test_every_tag_is_turned_as_pillow_does(tag: int, pictures: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[TAG] = tag
    with Image.open(pictures / "bgs" / "china.jpg") as picture:
        picture.save(tmp_path / "tagged.jpg", exif=exif)
    with Image.open(tmp_path / "tagged.jpg") as image:
        assert orientation(image) == tag
        turned = upright(np.asarray(image), tag)
        expected = np.asarray(ImageOps.exif_transpose(image))
    assert turned.flags.c_contiguous
    assert np.array_equal(turned, expected)
    assert (turned.shape[:2] == np.asarray(image).shape[1::-1]) == (tag >= SIDEWAYS)


@pytest.mark.parametrize("tag", [0, 9, 65535])
def test_a_tag_that_is_none_is_upright(tag: int, pictures: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[TAG] = tag
    with Image.open(pictures / "bgs" / "china.jpg") as picture:
        picture.save(tmp_path / "tagged.jpg", exif=exif)
    with Image.open(tmp_path / "tagged.jpg") as image:
        assert orientation(image) == 1


def test_damaged_exif_is_upright(pictures: Path, tmp_path: Path) -> None:
    with Image.open(pictures / "bgs" / "china.jpg") as picture:
        picture.save(tmp_path / "damaged.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01")
    with silence(), Image.open(tmp_path / "damaged.jpg") as image:
        assert orientation(image) == 1
