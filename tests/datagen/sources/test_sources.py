import os
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from data_manifest.errors import SourceError, UsageError
from data_manifest.pictures.finding import find_pictures, picture_ids
from data_manifest.record import Size
from datagen.planning.recipe import Fit
from datagen.sources.fitting import fit_frame, shrink
from datagen.sources.reading import premultiply, read_background, read_cutout
from datagen.sources.scan import scan


@pytest.fixture
def cat(pictures: Path) -> Image.Image:
    return Image.open(pictures / "fgs" / "cat.webp").convert("RGBA")


@pytest.fixture
def china(pictures: Path) -> Image.Image:
    return Image.open(pictures / "bgs" / "china.jpg")


def test_backgrounds_come_in_bgr(pictures: Path, china: Image.Image) -> None:
    bgr = read_background((pictures / "bgs" / "china.jpg").read_bytes())
    assert np.array_equal(bgr[..., ::-1], np.asarray(china))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_turned_upright(
    orientation: int, china: Image.Image, tmp_path: Path
) -> None:
    # What a camera held otherwise stores: the picture turned, and a tag that says how to turn back.
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = china.transpose(undo[orientation]) if orientation in undo else china
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(
        read_background((tmp_path / "a.png").read_bytes())[..., ::-1], np.asarray(china)
    )


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "LA", "RGBA", "I;16", "I"])
def test_backgrounds_of_every_mode(mode: str, china: Image.Image, tmp_path: Path) -> None:
    grey = np.asarray(china.convert("L"))
    if mode == "I;16":
        Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "a.png")
    elif mode == "I":
        Image.fromarray(grey.astype(np.int32) * 257, mode="I").save(tmp_path / "a.tif")
    else:
        china.convert(mode).save(tmp_path / ("a.tif" if mode == "CMYK" else "a.png"))
    (path,) = tmp_path.iterdir()
    read = read_background(path.read_bytes())
    assert read.shape == (*grey.shape, 3)
    if mode in ("L", "LA", "I;16", "I"):
        assert np.array_equal(read[..., 1], grey)
    else:
        assert np.corrcoef(read.mean(axis=2).ravel(), grey.ravel())[0, 1] > 0.6


def test_cutouts_are_trimmed_and_premultiplied(cat: Image.Image, tmp_path: Path) -> None:
    wide = Image.new("RGBA", (cat.width + 60, cat.height + 100))
    wide.paste(cat, (25, 70))
    wide.save(tmp_path / "a.png")
    pixels, (left, top, width, height) = read_cutout((tmp_path / "a.png").read_bytes())
    inner = cat.getbbox()
    assert inner is not None
    assert (left, top) == (inner[0] + 25, inner[1] + 70)
    assert pixels.shape == (height, width, 4)
    trimmed = np.asarray(cat.crop(inner)).astype(np.float64)
    assert np.array_equal(pixels[..., 3], trimmed[..., 3])
    exact = trimmed[..., 2::-1] * trimmed[..., 3:] / 255
    assert np.abs(pixels[..., :3] - exact).max() <= 0.5


def test_premultiplied_colour_never_exceeds_alpha() -> None:
    colour, alpha = np.meshgrid(np.arange(256), np.arange(256))
    straight = np.dstack([colour, colour, colour, alpha]).astype(np.uint8)
    result = premultiply(straight)
    assert (result[..., :3] <= result[..., 3:]).all()
    assert np.abs(result[..., 0] - colour * alpha / 255).max() <= 0.5


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_alpha_of_every_kind(mode: str, cat: Image.Image, tmp_path: Path) -> None:
    converted = cat.convert(mode) if mode != "P" else cat.quantize(64)
    converted.save(tmp_path / "a.png")
    pixels, _ = read_cutout((tmp_path / "a.png").read_bytes())
    true = read_cutout_alpha(cat)
    assert (np.abs(pixels[..., 3].astype(int) - true) > 64).mean() < 0.01


def read_cutout_alpha(cat: Image.Image) -> np.ndarray:
    box = cat.getbbox()
    return np.asarray(cat.crop(box))[..., 3].astype(int)


def test_a_foreground_without_alpha_says_so(china: Image.Image, tmp_path: Path) -> None:
    china.save(tmp_path / "plain.jpg")
    china.convert("RGBA").save(tmp_path / "opaque.png")
    clear = china.convert("RGBA")
    clear.putalpha(0)
    clear.save(tmp_path / "clear.png")
    for name, reason in (
        ("plain.jpg", "no alpha channel"),
        ("opaque.png", "opaque everywhere"),
        ("clear.png", r"transparent \(nearly\) everywhere"),
    ):
        with pytest.raises(SourceError, match=reason):
            read_cutout((tmp_path / name).read_bytes())


def test_crop_keeps_the_middle(pictures: Path) -> None:
    picture = read_background((pictures / "bgs" / "china.jpg").read_bytes())
    assert picture.shape[:2] == (427, 640)
    same = fit_frame(picture, Size(427, 427), "crop")
    assert np.array_equal(same, picture[:, 106 : 106 + 427])
    assert fit_frame(picture, Size(96, 96), "crop").shape == (96, 96, 3)
    assert fit_frame(picture, Size(500, 500), "crop").shape == (500, 500, 3)


def test_pictures_are_found_everywhere_in_order(china: Image.Image, tmp_path: Path) -> None:
    small = china.resize((32, 32))
    for name in ("b/x.JPG", "a/x.jpg", "a/ö/é ü.png", "z.webp", ".hidden.png", ".d/x.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        small.save(tmp_path / "in" / name)
    (tmp_path / "in" / "notes.txt").write_text("not a picture")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in", target_is_directory=True)
    (tmp_path / "elsewhere").mkdir()
    small.save(tmp_path / "elsewhere" / "y.png")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    found = [
        path.relative_to(tmp_path / "in").as_posix() for path in find_pictures(tmp_path / "in")
    ]
    assert found == ["a/x.jpg", "a/ö/é ü.png", "b/x.JPG", "link/y.png", "z.webp"]


def test_ids_are_unique() -> None:
    assert picture_ids(["a/x.jpg", "b/x.jpg", "c.jpg", "c.png"]) == ["a/x", "b/x", "c.jpg", "c.png"]
    awkward = ["a.jpg", "a.png", "a.png.jpg"]
    assert picture_ids(awkward) == awkward


def test_empty_and_missing_folders_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no pictures"):
        find_pictures(tmp_path)
    with pytest.raises(UsageError, match="There is no folder"):
        find_pictures(tmp_path / "none")


def test_scan_survives_anything(china: Image.Image, tmp_path: Path) -> None:
    """Damage that makes Pillow's decoders raise other errors than they promise."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x8769] = 6, "hello", {0x9003: "2020:01:01 00:00:00"}
    china.resize((64, 64)).save(tmp_path / "whole.jpg", exif=exif)
    whole = (tmp_path / "whole.jpg").read_bytes()
    for place, value in ((41, 0), (41, 26), (43, 11)):
        damaged = bytearray(whole)
        damaged[place] = value
        (tmp_path / f"exif{place}_{value}.jpg").write_bytes(damaged)
    Image.new("RGB", (32, 32), (200, 30, 30)).save(tmp_path / "whole.png")
    (tmp_path / "dds.png").write_bytes(b"DDS " + bytes(200))
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "broken-link.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(whole)
    found = scan("bg", tmp_path, workers=1, strict=False, quiet=True)
    reasons = {reject.file: reject.reason for reject in found.rejects}
    assert {"whole.jpg", "whole.png"} <= {source.file for source in found.sources}
    assert reasons["pipe.png"] == "it is not a regular file"
    assert "not valid UTF-8" in reasons["caf\\udce9.jpg"]
    assert {"dds.png", "broken-link.png"} <= set(reasons)
    assert len(found.sources) + len(found.rejects) == 9


def test_scan_counts_what_it_leaves_out(china: Image.Image, pictures: Path, tmp_path: Path) -> None:
    whole = (pictures / "bgs" / "china.jpg").read_bytes()
    (tmp_path / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.png").write_text("this is a text")
    (tmp_path / "zero.png").write_bytes(b"")
    china.save(tmp_path / "good.png")
    found = scan("bg", tmp_path, workers=2, strict=False, quiet=True)
    assert [source.id for source in found.sources] == ["good"]
    assert found.sources[0].size == (640, 427)
    reasons = {reject.file: reject.reason for reject in found.rejects}
    assert set(reasons) == {"truncated.jpg", "text.png", "zero.png"}
    assert "can't be decoded" in reasons["truncated.jpg"]
    assert "not a picture" in reasons["text.png"]
    with pytest.raises(SourceError, match=r"can't be used"):
        scan("bg", tmp_path, workers=1, strict=True, quiet=True)
    (tmp_path / "good.png").unlink()
    with pytest.raises(UsageError, match="None of the 3 pictures"):
        scan("bg", tmp_path, workers=1, strict=False, quiet=True)


def test_fit_frame_takes_any_shape(pictures: Path) -> None:
    picture = read_background((pictures / "bgs" / "china.jpg").read_bytes())
    cutout, _ = read_cutout((pictures / "fgs" / "guitar.webp").read_bytes())
    thin = picture[:3]
    for source in (picture, cutout, thin, thin.transpose(1, 0, 2)):
        for frame in (Size(96, 96), Size(700, 700), Size(640, 48), Size(17, 300)):
            for fit in get_args(Fit):
                fitted = fit_frame(source, frame, fit)
                assert fitted.shape == (*frame.shape, source.shape[2])
    assert np.array_equal(fit_frame(picture, Size(640, 640), "pad")[106 : 106 + 427], picture)
    edge = np.repeat(picture[:1], 106, axis=0)
    assert np.array_equal(fit_frame(picture, Size(640, 640), "pad")[:106], edge)
    grey = fit_frame(picture, Size(640, 640), "pad", "#102030")
    assert (grey[:106] == (0x30, 0x20, 0x10)).all()


def test_shrink_never_enlarges(pictures: Path) -> None:
    picture = read_background((pictures / "bgs" / "china.jpg").read_bytes())
    assert shrink(picture, 640) is picture and shrink(picture, 2000) is picture
    assert shrink(picture, 320).shape == (214, 320, 3)
    assert shrink(picture[:1], 16).shape == (1, 16, 3)
