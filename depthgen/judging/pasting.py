"""Cut-outs pasted on pictures whose depth was measured, as composites of a dataset are."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.commands.remark import remark
from data_manifest.errors import SourceError, UsageError
from data_manifest.pictures.decoding import decode_upright
from data_manifest.pictures.finding import find_pictures, read_file
from data_manifest.record import MASK_FROM, Mask, Picture, Size

SCALES = (0.4, 0.6)
"""Longer side of a cut-out as a share of the frame's shorter one: what datasets have by default."""


class Pasted(NamedTuple):
    """A composite, (H, W, 3) uint8 RGB, and where its cut-out is seen, (H, W) bool."""

    fg_bg: Picture
    mask: Mask


def read_cutouts(folder: Path, *, quiet: bool) -> list[Picture]:
    """The cut-outs in a folder, (h, w, 4) uint8 RGBA each; says which can't be read.

    Raises UsageError where none can.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}; give one of cut-outs with alpha.")
    found = []
    for path in find_pictures(folder):
        try:
            found.append(decode_upright(read_file(path), "RGBA"))
        except SourceError as error:
            remark(f"Left out: {path}: {error}.", quiet=quiet)
    if not found:
        raise UsageError(f"{folder} holds no cut-out that can be read.")
    return found


def stencil(cutout: Picture, frame: Size, draw: np.random.Generator) -> Picture:
    """A cut-out somewhere in a frame, (H, W, 4) uint8 RGBA; scale and place are drawn."""
    side = draw.uniform(*SCALES) * frame.shorter
    factor = side / max(cutout.shape[:2])
    height, width = (max(round(length * factor), 1) for length in cutout.shape[:2])
    alpha = cutout[..., 3:].astype(np.float32) / 255
    small = np.dstack([cutout[..., :3] * alpha, alpha]).astype(np.float32)
    small = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    colour = small[..., :3] / np.maximum(small[..., 3:], 1e-3)
    whole = np.zeros((*frame.shape, 4), np.uint8)
    top = int(draw.integers(0, frame.height - height + 1))
    left = int(draw.integers(0, frame.width - width + 1))
    placed = np.dstack([colour.clip(0, 255), small[..., 3:] * 255])
    whole[top : top + height, left : left + width] = np.rint(placed)
    return whole


def paste(bg: Picture, fg: Picture) -> Pasted:
    """A stencil, (H, W, 4) uint8 RGBA, on a picture of its size, (H, W, 3) uint8 RGB."""
    alpha = fg[..., 3:].astype(np.float32) / 255
    mixed = bg * (1 - alpha) + fg[..., :3] * alpha
    return Pasted(np.rint(mixed).astype(np.uint8), fg[..., 3] >= MASK_FROM)


def patch(of: Picture, shape: Picture) -> Picture:
    """What lies of another picture under a stencil, at the same place: it keeps its depth."""
    return np.dstack([of, np.where(shape[..., 3:] >= MASK_FROM, 255, 0).astype(np.uint8)])


def stencils(
    cutouts: Sequence[Picture], count: int, frame: Size, seed: Sequence[int]
) -> list[Picture]:
    """``count`` stencils of cut-outs in turn, the same ones for the same ``seed``."""
    draw = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed)))
    chosen: npt.NDArray[np.int64] = draw.permutation(len(cutouts))
    return [stencil(cutouts[chosen[n % len(chosen)]], frame, draw) for n in range(count)]
