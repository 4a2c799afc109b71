"""JPEG files in cells: read in part they give what decoding them whole gives."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from data_manifest.record import Picture, Size
from data_manifest.shards.codec import decode_rgb, encode_jpeg
from data_manifest.shards.jpeg_cells import CellJpeg, grid_of, jpeg_size

SIZES = [Size(224, 224), Size(100, 75), Size(75, 100), Size(640, 480), Size(16, 16), Size(5, 3)]


def photo(pictures: Path, name: str, size: Size) -> Picture:
    with Image.open(pictures / "bgs" / name) as picture:
        return np.asarray(picture.convert("RGB").resize(size))[..., ::-1].copy()


@pytest.fixture(params=SIZES, ids=str)
def two(request: pytest.FixtureRequest, pictures: Path) -> tuple[Picture, Picture]:
    """Two photos of one size."""
    size = request.param
    return photo(pictures, "coffee.png", size), photo(pictures, "chelsea.png", size)


@pytest.mark.parametrize("quality", [30, 90, 100])
def test_a_file_in_cells_decodes_as_one_without(two: tuple[Picture, Picture], quality: int) -> None:
    bgr, _ = two
    plain = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    assert np.array_equal(decode_rgb(encode_jpeg(bgr, quality)), decode_rgb(plain))


@pytest.mark.parametrize("quality", [30, 90, 100])
def test_every_window_put_in_is_the_whole_picture_encoded(
    two: tuple[Picture, Picture], quality: int
) -> None:
    below, above = two
    size = Size.of(below)
    file, random = CellJpeg(encode_jpeg(below, quality), size), np.random.default_rng(1)
    boxes = [(0, 0, *size), (-5, -5, 1, 1), (size.width - 1, size.height - 1, *size)]
    for _ in range(40):
        x, y = (np.sort(random.integers(-9, side + 9, 2)).tolist() for side in size)
        boxes.append((x[0], y[0], x[1] + 1, y[1] + 1))
    for box in boxes:
        window = grid_of(size).window(box, size)
        drawn = below.copy()
        drawn[window.pixels] = above[window.pixels]
        expected = encode_jpeg(drawn, quality)
        assert file.with_window(window, above[window.pixels], quality) == expected, box


@pytest.mark.parametrize("quality", [30, 90, 100])
def test_every_window_read_back_is_the_whole_picture_decoded(
    two: tuple[Picture, Picture], quality: int
) -> None:
    below, above = two
    size, random = Size.of(below), np.random.default_rng(2)
    file = CellJpeg(encode_jpeg(below, quality), size)
    decoded = decode_rgb(file.data)
    in_part = 0
    for _ in range(60):
        top, bottom = np.sort(random.integers(0, size.height + 1, 2))
        left, right = np.sort(random.integers(0, size.width + 1, 2))
        drawn = below.copy()
        drawn[top:bottom, left:right] = above[top:bottom, left:right]
        data = encode_jpeg(drawn, quality)
        found = file.decode_on(decoded, data)
        if found is not None:
            in_part += 1
            assert np.array_equal(found, decode_rgb(data)), (top, bottom, left, right)
            assert not np.shares_memory(found, decoded)
    assert in_part > 10 or size.height < 100


def test_a_file_of_another_quality_or_size_is_not_read_in_part(pictures: Path) -> None:
    size = Size(224, 224)
    bgr = photo(pictures, "coffee.png", size)
    file = CellJpeg(encode_jpeg(bgr, 90), size)
    rgb = decode_rgb(file.data)
    assert file.decode_on(rgb, encode_jpeg(bgr, 80)) is None
    assert file.decode_on(rgb, encode_jpeg(bgr[:208], 90)) is None
    assert file.decode_on(rgb, cv2.imencode(".jpg", bgr)[1].tobytes()) is None


def test_a_file_that_is_not_ours_is_not_taken_apart(pictures: Path) -> None:
    size = Size(224, 224)
    bgr = photo(pictures, "coffee.png", size)
    ours = encode_jpeg(bgr, 90)
    without_markers = cv2.imencode(".jpg", bgr)[1].tobytes()
    for data in (without_markers, ours[:-2], ours[: len(ours) // 2], b"", b"\xff\xd8\xff"):
        with pytest.raises(ValueError):
            CellJpeg(data, size)
    with pytest.raises(ValueError):
        CellJpeg(ours, Size(640, 480))


def test_cut_anywhere_a_file_is_refused_or_taken_as_whole_cells(pictures: Path) -> None:
    size = Size(64, 48)
    data = encode_jpeg(photo(pictures, "coffee.png", size), 90)
    for end in range(0, len(data), 7):
        with pytest.raises(ValueError):
            CellJpeg(data[:end], size)


@pytest.mark.parametrize("size", [Size(224, 224), Size(640, 480), Size(5, 3)], ids=str)
def test_size_is_read_from_the_header(pictures: Path, size: Size) -> None:
    data = encode_jpeg(photo(pictures, "coffee.png", size), 90)
    assert jpeg_size(data) == size


def test_size_of_what_decoders_would_turn_or_is_grey_is_not_read(
    pictures: Path, tmp_path: Path
) -> None:
    with Image.open(pictures / "bgs" / "coffee.png") as picture:
        exif = Image.Exif()
        exif[0x0112] = 6
        picture.convert("RGB").save(tmp_path / "turned.jpg", exif=exif)
        picture.convert("L").save(tmp_path / "grey.jpg")
        picture.convert("RGB").save(tmp_path / "progressive.jpg", progressive=True)
    for path in tmp_path.glob("*.jpg"):
        assert jpeg_size(path.read_bytes()) is None, path
    assert jpeg_size(b"not a picture") is None
