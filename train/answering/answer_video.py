"""A video's frames answered, and shown as videos."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data_manifest.depth_stage import DepthEncoding
from data_manifest.files.names import inside
from data_manifest.files.publish import may_write
from data_manifest.pictures.resizing import resize
from data_manifest.pictures.sheet import (
    Strip,
    depth_limits,
    depth_tile,
    mask_tile,
    sheet,
    tile,
    tile_size,
)
from data_manifest.record import Picture, Size
from train.answering.cutout import cutout, on_green
from train.answering.portions import portions
from train.answering.predictor import Estimate, Predictor
from train.answering.video import Clip, frames_of, publishing_video, some_frames
from train.panels.panel import said

KINDS = ("mask", "cutout", "depth", "panel")
"""The files CLIP.KIND.mp4 of a video."""
FRAMES_FOR_COLOURS = 8
PANEL_TILE = 480
"""Pixels of the longer side of each of a panel's four tiles."""


def video_files(out: Path, clip: Path, *, overwrite: bool) -> dict[str, Path]:
    """The files to write, by kind. Raises UsageError where one is there and may not be replaced."""
    files = {kind: inside(out, f"{clip.stem}.{kind}.mp4") for kind in KINDS}
    for path in files.values():
        may_write(path, overwrite=overwrite)
    return files


def answer_video(
    predictor: Predictor,
    clip: Clip,
    bg: Picture,
    files: dict[str, Path],
    limit: int | None,
    advance: Callable[[int], object],
) -> int:
    """Write the videos; gives how many frames there were. ``bg`` is resized to the frames.

    All frames have the same depth colours, those of FRAMES_FOR_COLOURS frames, so that they don't
    flicker. Raises WriteError where the videos can't be written.
    """
    bg = resize(bg, clip.size)
    limits = _limits(predictor, clip, bg, limit)
    count = 0
    with ExitStack() as stack:
        takers = {
            kind: stack.enter_context(publishing_video(path, clip.fps))
            for kind, path in files.items()
        }
        for frames in portions(frames_of(clip, limit), lambda frame: frame):
            estimates = predictor.estimates([(bg, frame) for frame in frames])
            for frame, estimate in zip(frames, estimates, strict=True):
                for kind, picture in _pictures(predictor, frame, estimate, limits):
                    takers[kind](picture)
            count += len(frames)
            advance(len(frames))
    return count


def _limits(
    predictor: Predictor, clip: Clip, bg: Picture, limit: int | None
) -> tuple[float, float]:
    frames = some_frames(clip, FRAMES_FOR_COLOURS, limit)
    small = tile_size(frames[0])
    depths = [predictor.estimate(bg, frame).depth for frame in frames]
    return depth_limits([tile(depth, small) for depth in depths])


def _pictures(
    predictor: Predictor, frame: Picture, estimate: Estimate, limits: tuple[float, float]
) -> Iterator[tuple[str, Picture]]:
    """What is shown of one frame, by kind, (h, w, 3) uint8 RGB."""
    mask, depth = estimate.answer(predictor.threshold)
    shown = {
        "mask": mask_tile(mask),
        "cutout": on_green(cutout(frame, estimate.probability, mask)),
        "depth": depth_tile(depth, limits, predictor.encoding.near_is),
    }
    yield from shown.items()
    yield "panel", _panel({"composite": frame, **shown}, limits, predictor.encoding)


def _panel(
    shown: dict[str, Picture], limits: tuple[float, float], encoding: DepthEncoding
) -> Picture:
    """Two by two."""
    names = {"cutout": "cut-out", "depth": f"depth, near is warm, {said(limits, encoding)}"}
    strips = [Strip([_fitted(picture)], names.get(kind, kind)) for kind, picture in shown.items()]
    return sheet([""], strips, columns=2)


def _fitted(picture: npt.NDArray[Any]) -> Picture:
    size = Size.of(picture)
    width, height = (2 * max(1, round(side * PANEL_TILE / max(size) / 2)) for side in size)
    return np.asarray(resize(picture, Size(width, height)), np.uint8)
