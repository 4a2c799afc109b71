"""Every kind of picture file reads to the pixels that someone else says are in it."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, features

from data_manifest.errors import SourceError
from data_manifest.pictures.decoding import decode_upright
from data_manifest.pictures.finding import find_pictures
from datagen.sources.reading import premultiply, read_background
from datagen.sources.scan import scan
from tests.datagen.sources.bombs import chunk, tiff
from tests.datagen.sources.good_files import saved

TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture(scope="module")
def china(pictures: Path) -> Image.Image:
    with Image.open(pictures / "bgs" / "china.jpg") as image:
        return image.resize((160, 107))


@pytest.fixture(scope="module")
def cat(pictures: Path) -> Image.Image:
    with Image.open(pictures / "fgs" / "cat.webp") as image:
        return image.convert("RGBA").resize((150, 120))


@pytest.fixture(scope="module")
def deep(cat: Image.Image) -> np.ndarray:
    """The cat in sixteen bits that are not just its eight twice, (H, W, 4) uint16 RGBA."""
    noise = np.random.default_rng(7).integers(-128, 129, (cat.height, cat.width, 4))
    return np.clip(np.asarray(cat).astype(np.int64) * 257 + noise, 0, 65535).astype(np.uint16)


def rounded(values: np.ndarray) -> np.ndarray:
    return np.rint(values / 257).astype(np.uint8)


def png(values: np.ndarray, kind: int, *more: bytes) -> bytes:
    """A 16-bit PNG file of (H, W, C) uint16, written by the book."""
    height, width = values.shape[:2]
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(lines))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + body + chunk(b"IEND", b"")


@pytest.mark.parametrize("ending", [".png", ".tiff"])
@pytest.mark.parametrize("dark", [1, 300])
def test_sixteen_bits_are_rounded(ending: str, dark: int, deep: np.ndarray) -> None:
    values = deep // dark
    for layout, channels in (("grey", 0), ("RGB", slice(2, None, -1)), ("RGBA", [2, 1, 0, 3])):
        stored = np.ascontiguousarray(values[..., channels])
        content = cv2.imencode(ending, stored)[1].tobytes()
        expected = rounded(np.dstack([values[..., :1]] * 3 if layout == "grey" else [values]))
        assert np.array_equal(decode_upright(content, "RGB"), expected[..., :3])
        if layout == "RGBA":
            assert np.array_equal(decode_upright(content, "RGBA"), expected)


def test_sixteen_bits_of_grey_and_alpha(deep: np.ndarray) -> None:
    read = decode_upright(png(deep[..., [1, 3]], 4), "RGBA")
    assert np.array_equal(read, rounded(deep[..., [1, 1, 1, 3]]))


def test_sixteen_bits_and_a_transparent_colour(deep: np.ndarray) -> None:
    values = deep[..., :3].copy()
    values[:20], values[20:22] = (500, 600, 700), (501, 600, 700)
    read = decode_upright(
        png(values, 2, chunk(b"tRNS", struct.pack(">HHH", 500, 600, 700))), "RGBA"
    )
    assert np.array_equal(read[..., :3], rounded(values))
    assert (read[:20, :, 3] == 0).all() and (read[20:, :, 3] == 255).all()
    grey = values[..., :1]
    read = decode_upright(png(grey, 0, chunk(b"tRNS", struct.pack(">H", 500))), "RGBA")
    assert (read[:20, :, 3] == 0).all() and (read[20:, :, 3] == 255).all()


def test_sixteen_bits_of_premultiplied_colour(deep: np.ndarray) -> None:
    share = deep[..., 3:] / 65535
    values = np.dstack([np.rint(deep[..., :3] * share).astype(np.uint16), deep[..., 3]])
    height, width = values.shape[:2]
    tags: dict[int, tuple[int, ...]] = {256: (width,), 257: (height,), 258: (16,) * 4, 259: (1,)}
    tags |= {262: (2,), 273: (8,), 277: (4,), 278: (height,), 279: (values.nbytes,), 338: (1,)}
    read = decode_upright(tiff(tags, values.tobytes()), "RGBA")
    seen = deep[..., 3] > 6000
    assert np.array_equal(read[..., 3], rounded(deep[..., 3]))
    assert np.abs(read[seen].astype(int) - rounded(deep)[seen]).max() <= 1


@pytest.mark.parametrize("orientation", TURNED)
def test_sixteen_bits_are_turned_upright(orientation: int, deep: np.ndarray) -> None:
    turned = np.asarray(
        [Image.fromarray(deep[..., c]).transpose(TURNED[orientation]) for c in range(3)]
    ).transpose(1, 2, 0)
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = png(turned, 2, chunk(b"eXIf", exif.tobytes()[6:]))
    assert np.array_equal(decode_upright(content, "RGB"), rounded(deep[..., :3]))
    height, width = turned.shape[:2]
    tags: dict[int, tuple[int, ...]] = {256: (width,), 257: (height,), 258: (16,) * 3, 259: (1,)}
    tags |= {262: (2,), 273: (8,), 274: (orientation,), 277: (3,), 278: (height,)}
    content = tiff({**tags, 279: (turned.nbytes,)}, turned.tobytes())
    assert np.array_equal(decode_upright(content, "RGB"), rounded(deep[..., :3]))
    content = tiff_of_numbers((turned / 65535).astype(np.float32), {274: (orientation,)})
    assert np.array_equal(decode_upright(content, "RGB"), rounded(deep[..., :3]))


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("ending", [".jpg", ".webp", ".tif"])
def test_pictures_are_turned_upright(orientation: int, ending: str, china: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {".jpg": {"quality": 95}, ".webp": {"lossless": True}, ".tif": {}}[ending]
    content = saved(china.transpose(TURNED[orientation]), ending, exif=exif, **options)
    difference = decode_upright(content, "RGB").astype(int) - np.asarray(china)
    assert np.abs(difference).max() == 0 if ending != ".jpg" else np.abs(difference).mean() < 6


@pytest.mark.parametrize("adobe", ["CMYK", "YCCK", "none"])
def test_jpeg_of_four_inks(adobe: str, china: Image.Image) -> None:
    content = saved(china.convert("CMYK"), ".jpg", quality=95)
    marker = content.index(b"\xff\xee")
    if adobe == "none":
        content = content[:marker] + content[marker + 16 :]
    elif adobe == "YCCK":
        content = content[: marker + 15] + b"\2" + content[marker + 16 :]
    expected = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR).astype(int)
    assert np.abs(read_background(content) - expected).max() <= 2
    near_china = np.abs(decode_upright(content, "RGB").astype(int) - np.asarray(china)).mean()
    assert near_china > 20 if adobe == "YCCK" else near_china < 6


@pytest.mark.parametrize("ending", [".gif", ".webp", ".png", ".tif"])
@pytest.mark.parametrize("broken", [False, True])
def test_of_many_frames_the_first(ending: str, broken: bool, cat: Image.Image) -> None:
    options = {"lossless": True} if ending == ".webp" else {}
    first = cat.copy()
    first.putalpha(cat.getchannel("A").point(lambda alpha: 255 * (alpha > 127)))
    frames = [first.rotate(angle) for angle in (90, 180)]
    content = saved(first, ending, save_all=True, append_images=frames, **options)
    if broken and ending == ".webp":
        pytest.skip("libwebp takes an animation as a whole, or not at all")
    if broken:
        content = content[: len(content) * 2 // 3]
    assert np.array_equal(decode_upright(content, "RGBA")[..., 3], np.asarray(first)[..., 3])


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        (".tif", {"compression": "tiff_lzw"}),
        (".tif", {"compression": "tiff_adobe_deflate"}),
        (".webp", {"lossless": True, "exact": True}),
        (".tga", {}),
        (".tga", {"compression": "tga_rle"}),
        (".jp2", {}),
    ],
)
def test_lossless_files_with_alpha(ending: str, options: dict, cat: Image.Image) -> None:
    assert np.array_equal(decode_upright(saved(cat, ending, **options), "RGBA"), np.asarray(cat))


@pytest.mark.parametrize("ending", [".webp", ".avif"])
def test_lossy_files_with_alpha(ending: str, cat: Image.Image) -> None:
    if not features.check(ending[1:]):
        pytest.skip(f"this Pillow has no {ending}")
    read, true = (
        premultiply(part)
        for part in (decode_upright(saved(cat, ending, quality=90), "RGBA"), np.asarray(cat))
    )
    assert np.abs(read.astype(int) - true).mean() < 3


def test_bmp_with_alpha(cat: Image.Image) -> None:
    stored = cv2.cvtColor(np.asarray(cat), cv2.COLOR_RGBA2BGRA)
    content = cv2.imencode(".bmp", stored)[1].tobytes()
    assert np.array_equal(decode_upright(content, "RGBA"), np.asarray(cat))


def test_plain_maps_of_sixteen_bits(deep: np.ndarray) -> None:
    size = f"{deep.shape[1]} {deep.shape[0]}\n65535\n".encode()
    colour = b"P6\n" + size + deep[..., :3].astype(">u2").tobytes()
    assert np.array_equal(decode_upright(colour, "RGB"), rounded(deep[..., :3]))
    grey = b"P5\n" + size + deep[..., 0].astype(">u2").tobytes()
    assert np.array_equal(decode_upright(grey, "RGB"), rounded(deep[..., [0, 0, 0]]))


def test_two_levels_and_palettes(china: Image.Image) -> None:
    bilevel = china.convert("1")
    assert np.array_equal(
        decode_upright(saved(bilevel, ".png"), "RGB")[..., 0], np.asarray(bilevel) * np.uint8(255)
    )
    palette = china.quantize(40)
    colours = np.asarray(palette.getpalette(), np.uint8).reshape(-1, 3)
    numbers = np.asarray(palette)
    assert np.array_equal(decode_upright(saved(palette, ".png"), "RGB"), colours[numbers])
    alpha = np.arange(40, dtype=np.uint8) * 6
    read = decode_upright(saved(palette, ".png", transparency=alpha.tobytes()), "RGBA")
    assert np.array_equal(read, np.dstack([colours[numbers], alpha[numbers]]))
    read = decode_upright(saved(palette, ".gif", transparency=3), "RGBA")
    assert np.array_equal(read[..., 3] == 0, numbers == 3)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.uint32])
@pytest.mark.parametrize("channels", [1, 3])
def test_numbers_of_32_and_64_bits(kind: type, channels: int, deep: np.ndarray) -> None:
    is_float = kind is not np.uint32
    values = (deep[..., :channels] / (65535 if is_float else 1)).astype(kind)
    content = tiff_of_numbers(values)
    expected = np.dstack([rounded(deep[..., :channels])] * (3 // channels))
    read = decode_upright(content, "RGB")
    assert np.abs(read.astype(int) - expected).max() == 0
    for wrong in (values * 2, np.where(values > 0, np.nan, 0)) if is_float else (values * 2,):
        with pytest.raises(SourceError, match=r"levels are not all from 0 to"):
            decode_upright(tiff_of_numbers(wrong.astype(kind)), "RGB")
    with pytest.raises(SourceError, match="no alpha channel"):
        decode_upright(content, "RGBA")


def tiff_of_numbers(values: np.ndarray, more: dict[int, tuple[int, ...]] | None = None) -> bytes:
    """An uncompressed TIFF file of (H, W, C) numbers of any type, with ``more`` tags."""
    height, width, channels = values.shape
    bits, kind = 8 * values.itemsize, 3 if values.dtype.kind == "f" else 1
    tags: dict[int, tuple[int, ...]] = {256: (width,), 257: (height,), 258: (bits,) * channels}
    tags |= {259: (1,), 262: (1 if channels == 1 else 2,), 273: (8,), 277: (channels,)}
    tags |= {278: (height,), 279: (values.nbytes,), 339: (kind,) * channels}
    return tiff({**tags, **(more or {})}, values.tobytes())


def test_damaged_exif_does_no_harm(china: Image.Image) -> None:
    content = saved(china, ".jpg")
    junk = b"Exif\0\0MM\0*\0\0\0\x08" + bytes(range(200))
    segment = b"\xff\xe1" + struct.pack(">H", len(junk) + 2) + junk
    read = decode_upright(content[:2] + segment + content[2:], "RGB")
    assert np.array_equal(read, decode_upright(content, "RGB"))


def test_megabytes_of_text_do_no_harm(china: Image.Image) -> None:
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("workflow", "{}" * 2_000_000, zip=True)
    assert np.array_equal(decode_upright(saved(china, ".png", pnginfo=notes), "RGB"), china)


def test_links_and_awkward_names(china: Image.Image, tmp_path: Path) -> None:
    (tmp_path / "in" / "a").mkdir(parents=True)
    (tmp_path / "in" / "b").mkdir()
    for name in ("a/x.PNG", "b/x.PNG", "ναός 寺.Png", "two\nlines.png"):
        (tmp_path / "in" / name).write_bytes(saved(china, ".png"))
    (tmp_path / "in" / "dangling.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "in" / "loop.png").symlink_to(tmp_path / "in" / "pool.png")
    (tmp_path / "in" / "pool.png").symlink_to(tmp_path / "in" / "loop.png")
    (tmp_path / "in" / "linked.png").symlink_to(tmp_path / "in" / "a" / "x.PNG")
    (tmp_path / "in" / "other\nlines.png").write_bytes(b"")
    assert len(find_pictures(tmp_path / "in")) == 9
    found = scan("bg", tmp_path / "in", workers=2, strict=False, quiet=True)
    ids = {source.id for source in found.sources}
    assert ids == {"a/x", "b/x", "linked", "ναός 寺", "two\nlines"}
    reasons = {reject.file: reject.reason for reject in found.rejects}
    assert set(reasons) == {"dangling.png", "loop.png", "pool.png", r"other\nlines.png"}
    assert reasons["dangling.png"] == "it can't be read: No such file or directory"
    assert "levels of symbolic links" in reasons["loop.png"]


def test_a_line_of_many_pixels(china: Image.Image) -> None:
    line = china.resize((70_000, 1))
    file = io.BytesIO(saved(line, ".png"))
    assert np.array_equal(decode_upright(file.getvalue(), "RGB"), np.asarray(line))
