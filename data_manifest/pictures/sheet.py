"""How pictures, masks and depth are shown to a person: tiles on a captioned sheet."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from data_manifest.files.publish import make_folder, may_write, publishing
from data_manifest.record import Depth, Mask, Picture, Size

GAP = 8
LINE = 20
PAPER, INK, FAINT = (252, 252, 250), (40, 40, 44), (120, 120, 126)
TILE = 256
"""Most pixels of a tile's longer side."""


class Strip(NamedTuple):
    """A row of tiles of one sample, each (H, W, 3) uint8 RGB, and what is written under it."""

    tiles: Sequence[Picture]
    caption: str


def mask_tile(mask: Mask) -> Picture:
    """(H, W) bool as white on black, (H, W, 3) uint8 RGB."""
    tile = np.zeros((*mask.shape, 3), np.uint8)
    tile[mask] = 255
    return tile


def depth_tile(depth: Depth, limits: tuple[float, float], near_is: str) -> Picture:
    """(H, W) float as colour, near warm and far cold, (H, W, 3) uint8 RGB; Turbo colour map.

    ``limits`` are the values at both ends; give all tiles of a sheet the same, so that they can be
    compared. ``near_is`` is ``small`` or ``large``.
    """
    low, high = limits
    share = np.clip((depth - low) / max(high - low, 1e-12), 0, 1)
    warm = 1 - share if near_is == "small" else share
    colour: Picture = cv2.applyColorMap(np.rint(warm * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
    return colour[..., ::-1]


def depth_limits(depths: Sequence[Depth]) -> tuple[float, float]:
    """Values that 1 % and 99 % of the pixels stay below."""
    low, high = np.percentile(np.stack(depths), [1, 99])
    return float(low), float(high)


def tile_size(picture: npt.NDArray[Any]) -> Size:
    """The size at which a picture is shown: its own, or less in proportion."""
    size = Size.of(picture)
    factor = min(1.0, TILE / max(size))
    return Size(*(max(1, round(side * factor)) for side in size))


def tile(picture: npt.NDArray[Any], size: Size) -> npt.NDArray[Any]:
    """A picture or map, (H, W) or (H, W, 3), as a tile of a size."""
    if Size.of(picture) == size:
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def sheet(titles: Sequence[str], strips: Sequence[Strip], columns: int = 1) -> Picture:
    """A page of strips, ``columns`` of them side by side, with ``titles`` over the tiles.

    There is room for the largest tile everywhere; smaller ones stand in its upper left corner.
    """
    shapes = np.array([tile.shape[:2] for strip in strips for tile in strip.tiles])
    height, width = map(int, shapes.max(axis=0))
    block = len(titles) * (width + GAP) + GAP
    rows = -(-len(strips) // columns)
    page = Image.new(
        "RGB", (columns * block + GAP, GAP + LINE + rows * (height + LINE + GAP)), PAPER
    )
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    for column in range(min(columns, len(strips))):
        for number, title in enumerate(titles):
            left = GAP + column * block + number * (width + GAP)
            pen.text((left, GAP), title, INK, font)
    for number, strip in enumerate(strips):
        left, top = (
            GAP + number % columns * block,
            GAP + LINE + number // columns * (height + LINE + GAP),
        )
        for tile in strip.tiles:
            page.paste(Image.fromarray(tile), (left, top))
            left += width + GAP
        pen.text((GAP + number % columns * block, top + height + 2), strip.caption, FAINT, font)
    return np.asarray(page)


def write_png(path: Path, picture: Picture, *, overwrite: bool, mark: str = "") -> None:
    """Publish a picture as PNG, with ``mark`` in it as its source if there is one.

    Raises UsageError where it exists and may not be replaced, see ``may_write``.
    """
    may_write(path, overwrite=overwrite, mark=mark)
    make_folder(path.parent)
    notes = PngInfo()
    if mark:
        notes.add_text("Source", mark)
    with publishing(path) as temporary:
        Image.fromarray(picture).save(temporary, "PNG", pnginfo=notes)
