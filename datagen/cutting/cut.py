"""One photo to one cut-out."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from data_manifest.errors import SourceError
from data_manifest.pictures.decoding import decode
from data_manifest.pictures.sheet import write_png
from datagen.config import CutoutConfig
from datagen.cutting.decontaminate import decontaminate
from datagen.cutting.matte import clear_haze, covered, keep_largest
from datagen.cutting.u2netp import U2Netp, load_u2netp
from datagen.sources.fitting import shrink
from datagen.sources.rejects import Reject
from datagen.sources.scan import printable, read_named


class PhotoTask(NamedTuple):
    """A photo by its relative name and id, and the cut-out that is made of it."""

    name: str
    id: str
    target: Path
    config: CutoutConfig


def cut(task: PhotoTask) -> Reject | None:
    """Write the cut-out of one photo, or give the reason why not; with ``strict`` raise it."""
    try:
        _cut(task)
    except SourceError as error:
        name = printable(task.name)
        if task.config.strict:
            raise SourceError(f"{task.config.photos / name} can't be used: {error}.") from error
        return Reject("fg", name, str(error))
    return None


def _cut(task: PhotoTask) -> None:
    config = task.config
    rgb = decode(read_named(config.photos / task.name), "RGB", config.size).pixels
    rgba = np.dstack([rgb, clear_haze(network(config.weights).alpha(rgb))])
    if config.size is not None:
        rgba = shrink(rgba, config.size)
    alpha = rgba[..., 3]
    if config.keep == "largest":
        rgba[..., 3] = alpha = keep_largest(alpha)
    share = covered(alpha)
    if share < config.min_area:
        raise SourceError(f"its object covers {share:.2%}, less than --min-area {config.min_area}")
    if share > config.max_area:
        raise SourceError(f"its object covers {share:.2%}, more than --max-area {config.max_area}")
    if config.decontaminate:
        rgba = decontaminate(rgba)
    left, top, width, height = cv2.boundingRect(alpha)
    write_png(task.target, rgba[top : top + height, left : left + width], overwrite=True)


@lru_cache(maxsize=1)
def network(weights: Path | None) -> U2Netp:
    """The network of this process. Raises UsageError or WeightsError where it can't be had."""
    return load_u2netp(weights)
