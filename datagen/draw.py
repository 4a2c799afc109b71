"""What a worker does: draw one shard."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import cv2

from data_manifest.codec import encode_jpeg, encode_map, encode_mask
from data_manifest.digests import file_sha256
from data_manifest.header import Header
from data_manifest.publish import publishing
from data_manifest.record import EncodedSample, Picture, Record
from data_manifest.shard import check_shard, create_shard
from datagen.painting.painter import Painter, SourceFile
from datagen.planning.recipe import Recipe


class ShardTask(NamedTuple):
    """One shard to draw, with the sources that it uses by their ids.

    ``header`` needs no sources: a task is sent to a worker as a whole.
    """

    path: Path
    header: Header
    recipe: Recipe
    records: Sequence[Record]
    backgrounds: Mapping[str, SourceFile]
    foregrounds: Mapping[str, SourceFile]

    def painter(self) -> Painter:
        """What draws the task's samples."""
        return Painter(self.recipe, self.backgrounds, self.foregrounds)


class Drawn(NamedTuple):
    """A drawn shard: its samples, how many of their masks are empty, and its SHA-256."""

    shard: str
    samples: int
    empty: int
    sha256: str


def draw_shard(task: ShardTask) -> Drawn:
    """Draw, encode and publish one shard. Raises WriteError where that fails."""
    distinct = list(dict.fromkeys(record.bg for record in task.records))
    expected = (task.header.fingerprint, len(task.records))
    painter, recipe = task.painter(), task.recipe
    with (
        publishing(task.path, check=lambda path: check_shard(path, *expected)) as temporary,
        one_opencv_thread(),
    ):
        empty = 0
        with create_shard(temporary, task.header, len(task.records), len(distinct)) as writer:
            for bg in distinct:
                quality = recipe.bg_quality or recipe.quality
                writer.add_background(bg, _picture(painter.background(bg), quality, recipe))
            for sample, mask in draw_samples(task):
                writer.add(sample)
                empty += not cv2.hasNonZero(mask)
    return Drawn(task.path.name, len(task.records), empty, file_sha256(task.path))


def draw_samples(task: ShardTask) -> Iterator[tuple[EncodedSample, Picture]]:
    """Draw and encode the samples of a task; yields each with its mask, (H, W) uint8 0 or 255."""
    painter, recipe = task.painter(), task.recipe
    quality, encoded = recipe.quality, recipe.codec == "jpeg"
    for record in task.records:
        drawing = painter.draw(record)
        fg_bg = _picture(drawing.fg_bg, quality, recipe)
        if encoded:
            maps = (None if part is None else encode_map(part) for part in drawing[2:])
            sample = EncodedSample(record, fg_bg, encode_mask(drawing.mask), *maps)
        else:
            sample = EncodedSample(record, fg_bg, drawing.mask > 0, *drawing[2:])
        yield sample, drawing.mask


def _picture(bgr: Picture, quality: int, recipe: Recipe) -> bytes | Picture:
    return encode_jpeg(bgr, quality) if recipe.codec == "jpeg" else bgr[..., ::-1]


@contextmanager
def one_opencv_thread() -> Iterator[None]:
    """Workers are processes; threads inside them would only get in each other's way."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
