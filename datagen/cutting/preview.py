"""The picture by which cut-outs are accepted or rejected: photo, alpha, and cut-out."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_manifest.commands.parallel import each
from data_manifest.errors import SourceError, UsageError
from data_manifest.pictures.decoding import decode_upright
from data_manifest.pictures.finding import read_file
from data_manifest.pictures.sheet import Strip, sheet, write_png
from data_manifest.record import Picture, Size
from datagen.config import CutoutConfig
from datagen.cutting.matte import covered
from datagen.folders.picture_folder import remembered
from datagen.sources.fitting import fit_frame, shrink
from datagen.sources.reading import premultiply

TILE = 160
SQUARE = Size(TILE, TILE)
PAPER = "#e1e1e1"
COLUMNS = 2
TO_A_PAGE = 60


class Shown(NamedTuple):
    """A cut-out by its id, with its file and its photo's; ``size`` is what the photo shrank to."""

    id: str
    photo: Path
    cutout: Path
    size: int | None


def refuse_foreign_preview(preview: Path, config: CutoutConfig) -> None:
    """Raises UsageError where a file is in the way that no run before has written."""
    old = remembered(config.out)
    if config.overwrite or (
        old and old.get("preview") == config.model_dump(mode="json")["preview"]
    ):
        return
    foreign = next(_existing_pages(preview), None)
    if foreign:
        raise UsageError(
            f"{foreign} exists; choose another --preview, or give --overwrite to replace it."
        )


def write_preview(shown: Sequence[Shown], preview: Path, workers: int) -> list[Path]:
    """Draw all in pages: ``preview``, then with -2, -3 ... in its name; gives the pages."""
    old = list(_existing_pages(preview))
    pages: list[Path] = []
    for start in range(0, len(shown), TO_A_PAGE):
        strips = dict(each(strip, shown[start : start + TO_A_PAGE], workers))
        pages.append(_page(preview, len(pages) + 1))
        page = sheet(
            ["photo", "alpha", "cut-out"], [strips[id_] for id_ in sorted(strips)], COLUMNS
        )
        write_png(pages[-1], page, overwrite=True)
    for path in old[len(pages) :]:
        path.unlink()
    return pages


def strip(shown: Shown) -> tuple[str, Strip]:
    """The tiles and the covered share of one cut-out, under its id."""
    try:
        photo = decode_upright(read_file(shown.photo), "RGB")
        rgba = decode_upright(read_file(shown.cutout), "RGBA")
    except SourceError as error:
        blank = np.zeros((TILE, TILE, 3), np.uint8)
        return shown.id, Strip([blank] * 3, f"{shown.id}   can't be shown: {error}")
    if shown.size is not None:
        photo = shrink(photo, shown.size)
    alpha = rgba[..., 3]
    share = covered(alpha) * alpha.size / (photo.shape[0] * photo.shape[1])
    tiles = [
        fit_frame(photo, SQUARE, "pad", PAPER),
        fit_frame(np.dstack([alpha] * 3), SQUARE, "pad", PAPER),
        fit_frame(on_checkerboard(shrink(premultiply(rgba), TILE)), SQUARE, "pad", PAPER),
    ]
    return shown.id, Strip(tiles, f"{shown.id}   covers {share:.1%} of its photo")


def on_checkerboard(premultiplied: Picture) -> Picture:
    """(h, w, 4) uint8 premultiplied by alpha over light squares of 8 pixels, (h, w, 3) uint8."""
    rows, columns = np.indices(premultiplied.shape[:2]) // 8
    board = np.where((rows + columns) % 2, 204, 255)[..., None]
    clear = 1 - premultiplied[..., 3:] / 255
    return np.rint(np.minimum(premultiplied[..., :3] + board * clear, 255)).astype(np.uint8)


def _page(preview: Path, number: int) -> Path:
    return preview if number == 1 else preview.with_stem(f"{preview.stem}-{number}")


def _existing_pages(preview: Path) -> Iterator[Path]:
    number = 1
    while (path := _page(preview, number)).exists():
        yield path
        number += 1
