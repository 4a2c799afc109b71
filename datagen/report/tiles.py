"""Samples as pictures within the page: the composite, and what belongs to it small beside it."""

import base64
import io
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from data_manifest.dataset import Dataset
from data_manifest.pictures.sheet import depth_tile, mask_tile
from data_manifest.record import Picture, Sample
from datagen.report.markup import Markup, tag

LARGE, SMALL = 256, 128
QUALITY = 82
_COLOURS = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
    (160, 160, 160),
)
"""One for each of the most foregrounds; Okabe and Ito (2008), told apart by the colour-blind."""


class Gallery(NamedTuple):
    """How samples of a dataset are shown: ``limits`` are the ends of the depth's colours."""

    dataset: Dataset
    limits: tuple[float, float]

    def card(self, row: int, reason: str = "", *, parts: bool = False) -> Markup:
        """The sample in plan row ``row``; with ``parts`` also what is seen and what is hidden."""
        sample = self.dataset[row]
        record, names = sample.record, ", ".join(p.fg for p in sample.record.placements)
        small = {"bg": jpeg_uri(sample.bg, SMALL), "mask": png_uri(_shrink(mask_tile(sample.mask)))}
        if parts:
            small["seen and hidden parts"] = png_uri(_shrink(parts_tile(sample)))
        if sample.depth is not None:
            near_is = self.dataset.depth_encoding.near_is
            small["depth"] = jpeg_uri(depth_tile(sample.depth, self.limits, near_is), SMALL)
        large = tag(
            "img",
            src=jpeg_uri(sample.fg_bg, LARGE),
            alt=f"fg_bg {record.key}: {names} on {record.bg}",
            loading="lazy",
            class_="large",
        )
        beside = (
            tag("img", src=uri, alt=f"{name} of {record.key}", title=name, loading="lazy")
            for name, uri in small.items()
        )
        caption = [tag("b", reason)] if reason else []
        caption += [
            tag("span", tag("code", record.key), f" {record.split}"),
            tag("span", f"{record.bg} + {names}", class_="sources"),
        ]
        return tag(
            "figure",
            tag("div", large, *beside, class_=f"tiles beside{len(small)}"),
            tag("figcaption", *caption),
            class_="card",
        )


def parts_tile(sample: Sample) -> Picture:
    """Labelled foregrounds in a colour each, dimmed where others hide them, (H, W, 3) uint8."""
    tile = np.zeros((*sample.mask.shape, 3), np.uint8)
    if sample.instance is None or sample.amodal is None:
        return tile
    for mask, colour in zip(sample.amodal, _COLOURS, strict=False):
        tile[mask] = np.maximum(tile[mask], np.array(colour) // 3)
    for number, colour in enumerate(_COLOURS[: len(sample.amodal)], start=1):
        tile[sample.instance == number] = colour
    hidden = (sample.amodal.sum(axis=0) > 0) & (sample.instance == 0)
    tile[hidden] = tile[hidden] // 2 + 40
    return tile


def jpeg_uri(picture: Picture, side: int) -> str:
    """A picture of at most ``side`` pixels a side as a data URI."""
    return _uri(_shrink(picture, side), "JPEG", quality=QUALITY, optimize=True)


def png_uri(picture: Picture) -> str:
    """A picture of few colours as a data URI."""
    return _uri(picture, "PNG", optimize=True)


def _shrink(picture: Picture, side: int = SMALL) -> Picture:
    longer = max(picture.shape[:2])
    if longer <= side:
        return picture
    height, width = (max(1, round(length * side / longer)) for length in picture.shape[:2])
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _uri(picture: Picture, kind: str, **options: object) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"
