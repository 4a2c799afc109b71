"""What is written of an answer: for programs, for layout programs, and for a person."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from data_manifest.depth_stage import DepthEncoding
from data_manifest.files.names import inside
from data_manifest.files.publish import make_folder, may_write, publish_files
from data_manifest.pictures.sheet import Strip, depth_limits, depth_tile, tile, tile_size
from data_manifest.record import Depth, Picture
from data_manifest.shards.codec import encode_depth, encode_mask, encode_png
from train.answering.cutout import cutout
from train.answering.predictor import Estimate, Predictor
from train.panels.panel import Question, page, strip

KINDS = ("mask", "depth", "depth-colours", "cutout", "panel")
"""The files KEY.KIND.png of a picture."""


def may_write_all(out: Path, keys: Iterable[str], *, overwrite: bool) -> None:
    """Raises UsageError where any file of these keys is there and may not be replaced, DatasetError
    where a key leads out of the folder."""
    if not out.exists():
        return
    for key in keys:
        for kind in KINDS:
            may_write(inside(out, f"{key}.{kind}.png"), overwrite=overwrite)


def write_answer(out: Path, question: Question, estimate: Estimate, predictor: Predictor) -> Strip:
    """Publish all files of one picture together; gives the strip of its panel."""
    answer, encoding = estimate.answer(predictor.threshold), predictor.encoding
    shown = strip(question, answer, encoding)
    rgba = cutout(question.fg_bg, estimate.probability, answer.mask)
    contents = {
        "mask": encode_mask(answer.mask),
        "depth": encode_depth(encoding.to_stored(answer.depth)),
        "depth-colours": _png(depth_colours(answer.depth, encoding)),
        "cutout": encode_png(np.asarray(cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA), np.uint8)),
        "panel": _png(page([shown])),
    }
    places = [inside(out, f"{question.key}.{kind}.png") for kind in KINDS]
    make_folder(places[0].parent)
    files = ((place.name, contents[kind]) for place, kind in zip(places, KINDS, strict=True))
    publish_files(places[0].parent, files)
    return shown


def depth_colours(depth: Depth, encoding: DepthEncoding) -> Picture:
    """Depth in the colours of its own range, near is warm, (H, W, 3) uint8 RGB."""
    limits = depth_limits([tile(depth, tile_size(depth))])
    return depth_tile(depth, limits, encoding.near_is)


def _png(rgb: Picture) -> bytes:
    return encode_png(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), np.uint8))
