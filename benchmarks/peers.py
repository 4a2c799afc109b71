"""Other ways to make the same composites, each with its own habits, for benchmarks/overlay.py.

All draw the placements of one plan at the same size and quality, from sources that are resized
beforehand as their users do.
"""

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from data_manifest.dataset import Dataset
from data_manifest.record import Placement, Record

QUALITY = 90
MASK_PNG = [cv2.IMWRITE_PNG_BILEVEL, 1, cv2.IMWRITE_PNG_COMPRESSION, 1]


class Prepared(NamedTuple):
    """A dataset's placements, and its sources as files of the size at which they are used."""

    records: Sequence[Record]
    bg: dict[str, Path]
    fg: dict[str, Path]
    out: Path


def write_sources(dataset: Dataset, pictures: Path, work: Path, samples: int) -> Prepared:
    """Write backgrounds of the dataset's size and cut-outs trimmed to 0.6 of it."""
    header = dataset.header
    work.mkdir(parents=True, exist_ok=True)
    bgs, fgs = {}, {}
    for number, source in enumerate(header.backgrounds):
        bgs[source.id] = work / f"bg{number}.png"
        with Image.open(pictures / "bgs" / source.file) as picture:
            picture.convert("RGB").resize(header.size).save(bgs[source.id])
    for number, source in enumerate(header.foregrounds):
        fgs[source.id] = work / f"fg{number}.png"
        left, top, width, height = source.box
        with Image.open(pictures / "fgs" / source.file) as picture:
            cut = picture.convert("RGBA").crop((left, top, left + width, top + height))
            cut.thumbnail([round(0.6 * side) for side in header.size])
            cut.save(fgs[source.id])
    rows = np.linspace(0, len(dataset) - 1, samples).astype(int)
    return Prepared(dataset.plan.records(rows), bgs, fgs, work)


def prior_systems(prepared: Prepared) -> None:
    """What five earlier systems did: open both files for every sample, paste, save optimized."""
    for record in prepared.records:
        bg = Image.open(prepared.bg[record.bg])
        fg = Image.open(prepared.fg[record.fg])
        _paste_and_save(bg, fg, *record.placements, prepared.out)


def _paste_and_save(bg: Image.Image, fg: Image.Image, at: Placement, out: Path) -> None:
    fg_bg, placed = bg.copy(), _placed(fg, at)
    fg_bg.paste(placed, (at.x, at.y), placed)
    mask = Image.new("L", bg.size)
    mask.paste(placed.getchannel("A"), (at.x, at.y))
    fg_bg.save(out / "fg_bg.jpg", quality=QUALITY, optimize=True)
    mask.save(out / "mask.jpg", quality=QUALITY, optimize=True)


def _placed(fg: Image.Image, at: Placement) -> Image.Image:
    placed = fg.resize((at.width, at.height))
    return placed.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if at.flip else placed


def pillow_cached(prepared: Prepared) -> None:
    """Pillow with sources kept in memory, encoded in memory, masks as 1-bit PNG."""
    bgs = {name: Image.open(path).convert("RGB") for name, path in prepared.bg.items()}
    fgs = {name: Image.open(path).convert("RGBA") for name, path in prepared.fg.items()}
    for record in prepared.records:
        (at,) = record.placements
        fg_bg, placed = bgs[record.bg].copy(), _placed(fgs[at.fg], at)
        fg_bg.paste(placed, (at.x, at.y), placed)
        mask = Image.new("1", fg_bg.size)
        alpha = placed.getchannel("A").point([0] * 128 + [255] * 128)
        mask.paste(alpha.convert("1", dither=Image.Dither.NONE), (at.x, at.y))
        fg_bg.save(io.BytesIO(), "JPEG", quality=QUALITY)
        mask.save(io.BytesIO(), "PNG", compress_level=1)


def albumentations_overlay(prepared: Prepared) -> None:
    """``OverlayElements`` of albumentations 2.0.8, sources in memory, encoded with OpenCV."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import albumentations

        transform = albumentations.Compose([albumentations.OverlayElements(p=1)])
        bgs = {name: np.array(Image.open(path)) for name, path in prepared.bg.items()}
        fgs = {name: np.array(Image.open(path)) for name, path in prepared.fg.items()}
        for record in prepared.records:
            (at,) = record.placements
            bg, fg = bgs[record.bg], fgs[at.fg]
            fg = fg[:, ::-1] if at.flip else fg
            side = bg.shape[0]
            box = (at.x, at.y, at.x + at.width, at.y + at.height)
            element = {
                "image": np.ascontiguousarray(fg[..., :3]),
                "mask": (fg[..., 3] >= 128).astype(np.uint8),
                "bbox": [edge / side for edge in box],
                "mask_id": 255,
            }
            blank = np.zeros(bg.shape[:2], np.uint8)
            drawn = transform(image=bg, mask=blank, overlay_metadata=[element])
            cv2.imencode(".jpg", drawn["image"], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            cv2.imencode(".png", drawn["mask"], MASK_PNG)


def installed() -> Iterator[tuple[str, Callable[[Prepared], None]]]:
    """Names and functions of the peers that are there; albumentations is optional."""
    yield "the earlier systems' loop (open, paste, save optimized)", prior_systems
    yield "Pillow, sources kept in memory", pillow_cached
    try:
        import albumentations
    except ImportError:
        return
    yield f"albumentations {albumentations.__version__} OverlayElements", albumentations_overlay
