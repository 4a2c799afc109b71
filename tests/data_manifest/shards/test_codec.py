"""What is encoded is read back, by us and by others; what is damaged is a sentence."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from data_manifest.errors import DatasetError
from data_manifest.record import Mask, Size
from data_manifest.shards.codec import (
    decode_depth,
    decode_map,
    decode_mask,
    decode_rgb,
    encode_depth,
    encode_jpeg,
    encode_map,
    encode_mask,
    encode_png,
)
from datagen.sources.reading import read_cutout

SHAPES = [(224, 224), (3, 5), (1, 1), (48, 8), (480, 640), (75, 100)]


def masks(pictures: Path, shape: tuple[int, int]) -> list[Mask]:
    """Real alphas of a shape, cut, and the two masks without an edge."""
    found = []
    for name in ("tree", "guitar"):
        alpha = read_cutout((pictures / "fgs" / f"{name}.webp").read_bytes())[0][..., 3]
        found.append(cv2.resize(alpha, shape[::-1]) >= 128)
    return [*found, np.zeros(shape, bool), np.ones(shape, bool)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_mask_is_read_back_by_us_pillow_and_opencv(
    pictures: Path, shape: tuple[int, int]
) -> None:
    for mask in masks(pictures, shape):
        data = encode_mask(mask)
        assert data == encode_mask(mask.astype(np.uint8) * 255)
        assert np.array_equal(decode_mask(data), mask)
        assert decode_mask(data).flags.writeable
        with Image.open(io.BytesIO(data)) as image:
            assert image.mode == "1" and image.size == Size.of(mask)
            assert np.array_equal(np.asarray(image), mask)
        grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert np.array_equal(grey == 255, mask) and set(np.unique(grey)) <= {0, 255}


def test_masks_of_other_encoders_are_read(pictures: Path) -> None:
    for mask in masks(pictures, (75, 100)):
        grey = mask.astype(np.uint8) * 255
        filtered = io.BytesIO()
        Image.fromarray(mask).save(filtered, "PNG", optimize=True)
        bilevel = cv2.imencode(".png", grey, [cv2.IMWRITE_PNG_BILEVEL, 1])[1].tobytes()
        for data in (filtered.getvalue(), bilevel, cv2.imencode(".png", grey)[1].tobytes()):
            assert np.array_equal(decode_mask(data), mask)


def test_a_damaged_mask_is_a_sentence_or_what_opencv_makes_of_it(pictures: Path) -> None:
    mask = masks(pictures, (75, 100))[0]
    data = encode_mask(mask)
    for end in range(0, len(data) - 16, 11):
        with pytest.raises(DatasetError):
            decode_mask(data[:end])
    huge = bytearray(data)
    huge[16:24] = struct.pack(">II", 2**30, 2**30)
    with pytest.raises(DatasetError):
        decode_mask(bytes(huge))


def test_a_mask_that_unpacks_to_more_than_its_size_is_not_taken_for_ours(pictures: Path) -> None:
    """A bomb in the pixels: no more is unpacked than the header's size says."""
    data = encode_mask(masks(pictures, (75, 100))[0])
    bomb = zlib.compress(bytes(10**7))
    chunk = b"IDAT" + bomb
    crafted = data[:33] + struct.pack(">I", len(bomb)) + chunk
    crafted += struct.pack(">I", zlib.crc32(chunk)) + data[-12:]
    try:
        assert decode_mask(crafted).shape == (75, 100)
    except DatasetError as error:
        assert str(error)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_lossless_pictures_come_back(pictures: Path, shape: tuple[int, int]) -> None:
    with Image.open(pictures / "bgs" / "coffee.png") as picture:
        rgb = np.asarray(picture.convert("RGB").resize(shape[::-1]))
    bgr = rgb[..., ::-1].copy()
    deep = rgb[..., 0].astype(np.uint16) * 256 + rgb[..., 1]
    assert np.array_equal(decode_rgb(encode_png(bgr)), rgb)
    assert np.array_equal(decode_map(encode_map(bgr[..., 0])), bgr[..., 0])
    assert np.array_equal(decode_depth(encode_depth(deep)), deep)
    lossy = decode_rgb(encode_jpeg(bgr, 95)).astype(int)
    assert lossy.shape == rgb.shape
    assert np.abs(lossy - rgb).mean() < 12


@pytest.mark.parametrize("decode", [decode_rgb, decode_mask, decode_map, decode_depth])
@pytest.mark.parametrize("data", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"])
def test_what_is_no_picture_is_a_sentence(decode: object, data: bytes) -> None:
    with pytest.raises(DatasetError):
        decode(data)  # type: ignore[operator]
