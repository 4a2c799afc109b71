"""What a worker does: draw one shard."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import cv2

from data_manifest.files.publish import publishing
from data_manifest.header import Header
from data_manifest.plan import Plan
from data_manifest.record import EncodedSample, Picture, Record
from data_manifest.shards import check_shard, create_shard
from data_manifest.shards.codec import encode_map, encode_mask
from data_manifest.shards.digests import file_sha256
from data_manifest.shards.fill import Filled
from datagen.drawing.painter import Painter, SourceFile
from datagen.planning.recipe import Recipe


class ShardTask(NamedTuple):
    """One shard to draw: its samples, and the sources that they use by their ids.

    ``header`` needs no sources: a task is sent to a worker as a whole.
    """

    path: Path
    header: Header
    recipe: Recipe
    plan: Plan
    backgrounds: Mapping[str, SourceFile]
    foregrounds: Mapping[str, SourceFile]

    def painter(self) -> Painter:
        """What draws the task's samples."""
        return Painter(self.recipe, self.backgrounds, self.foregrounds)


def draw_shard(task: ShardTask) -> Filled:
    """Draw, encode and publish one shard. Raises WriteError where that fails."""
    records = task.plan.records()
    distinct = list(dict.fromkeys(record.bg for record in records))
    expected = (task.header.fingerprint, len(records))
    with (
        publishing(task.path, check=lambda path: check_shard(path, *expected)) as temporary,
        one_opencv_thread(),
    ):
        empty = 0
        with create_shard(temporary, task.header, len(records), len(distinct)) as writer:
            for bg, data in draw_backgrounds(task, distinct):
                writer.add_background(bg, data)
            for sample, mask in draw_samples(task, records):
                writer.add(sample)
                empty += not cv2.hasNonZero(mask)
    return Filled(task.path.name, len(records), file_sha256(task.path), empty)


def draw_backgrounds(task: ShardTask, ids: list[str]) -> Iterator[tuple[str, bytes | Picture]]:
    """The backgrounds of some ids, encoded as they are stored."""
    painter, encoded = task.painter(), task.recipe.codec == "jpeg"
    for bg in ids:
        yield bg, painter.encoded_background(bg) if encoded else painter.background(bg)[..., ::-1]


def draw_samples(task: ShardTask, records: list[Record]) -> Iterator[tuple[EncodedSample, Picture]]:
    """Draw and encode samples; yields each with its mask, (H, W) uint8 0 or 255."""
    painter = task.painter()
    for record in records:
        if task.recipe.codec == "jpeg":
            fg_bg, drawing = painter.draw_encoded(record)
            maps = (None if part is None else encode_map(part) for part in drawing[2:])
            yield EncodedSample(record, fg_bg, encode_mask(drawing.mask), *maps), drawing.mask
        else:
            drawing = painter.draw(record)
            rgb, mask = drawing.fg_bg[..., ::-1], drawing.mask > 0
            yield EncodedSample(record, rgb, mask, *drawing[2:]), drawing.mask


@contextmanager
def one_opencv_thread() -> Iterator[None]:
    """Workers are processes; threads inside them would only get in each other's way."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
