"""Videos frame by frame, in and out, with what OpenCV brings of FFmpeg."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from data_manifest.errors import SourceError, WriteError
from data_manifest.files.publish import publishing
from data_manifest.picks import spread
from data_manifest.pictures.silence import quiet_opencv
from data_manifest.record import Picture, Size

ENDINGS = frozenset((".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm"))
CODEC = "mp4v"
"""MPEG-4 Part 2: what OpenCV's own FFmpeg can write everywhere."""
USUAL_FPS = 25.0
"""Taken where a file doesn't say how many frames a second it has."""
_LOG_LEVEL = "OPENCV_FFMPEG_LOGLEVEL"
_SILENT = "-8"


class Clip(NamedTuple):
    """A video: its upright size, frames a second, and how many frames it says that it has.

    ``frames`` is what the file says, or an estimate; 0 where it says nothing.
    """

    path: Path
    size: Size
    fps: float
    frames: int


def is_video(path: Path) -> bool:
    """Whether a file is a video by its name."""
    return path.suffix.lower() in ENDINGS and not path.is_dir()


def open_clip(path: Path) -> Clip:
    """What a video is. Raises SourceError where not a single frame of it can be read."""
    with _capture(path) as capture:
        fps, frames = (
            float(capture.get(what)) for what in (cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_COUNT)
        )
        first = _next(capture)
    if first is None:
        raise SourceError(f"{path} can't be used: it is not a video that can be decoded.")
    fps = fps if 0 < fps < 1000 else USUAL_FPS
    return Clip(path, Size.of(first), fps, max(int(frames), 0) if np.isfinite(frames) else 0)


def frames_of(clip: Clip, limit: int | None = None) -> Iterator[Picture]:
    """The frames in their order, (H, W, 3) uint8 RGB, until no more can be read."""
    with _capture(clip.path) as capture:
        number = 0
        while (limit is None or number < limit) and (frame := _next(capture)) is not None:
            yield frame
            number += 1


def some_frames(clip: Clip, count: int, limit: int | None = None) -> list[Picture]:
    """At most ``count`` frames, spread evenly; the first alone where a video can't be wound."""
    total = min(clip.frames, limit or clip.frames)
    found = []
    with _capture(clip.path) as capture:
        for number in spread(total, count):
            capture.set(cv2.CAP_PROP_POS_FRAMES, float(number))
            frame = _next(capture)
            if frame is not None:
                found.append(frame)
    return found or list(frames_of(clip, 1))


@contextmanager
def publishing_video(path: Path, fps: float) -> Iterator[Callable[[Picture], None]]:
    """Yield what takes frames, (H, W, 3) uint8 RGB of one size; the video is published at the end.

    The codec has even sides: an odd one loses its last row or column. Raises WriteError where what
    was written can't be read back whole, as on a full disk, of which FFmpeg doesn't tell.
    """
    _quiet()
    written = 0
    writer = cv2.VideoWriter()

    def check(temporary: Path) -> None:
        with _capture(temporary) as capture:
            found = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        if found != written:
            raise WriteError(
                f"{path} can't be written: of {written} frames {max(found, 0)} got there; free "
                "some space, or choose another --out."
            )

    with publishing(path, check) as temporary:

        def take(frame: Picture) -> None:
            nonlocal written
            if not written:
                code = cv2.VideoWriter.fourcc(*CODEC)
                writer.open(str(temporary), code, fps, Size.of(frame))
            writer.write(np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)))
            written += 1

        try:
            yield take
        finally:
            writer.release()
        if not temporary.exists():
            raise WriteError(f"{path} can't be written; choose another --out.")


@contextmanager
def _capture(path: Path) -> Iterator[cv2.VideoCapture]:
    _quiet()
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        yield capture
    finally:
        capture.release()


def _next(capture: cv2.VideoCapture) -> Picture | None:
    done, frame = capture.read()
    if not done:
        return None
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)


def _quiet() -> None:
    """FFmpeg's own words are kept back; OpenCV reads how loud it may be at its first video."""
    quiet_opencv()
    os.environ.setdefault(_LOG_LEVEL, _SILENT)
