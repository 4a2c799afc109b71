"""What a worker does for ``datagen verify``: read every sample of one shard and judge it."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, get_args

import cv2
import numpy as np

from data_manifest.errors import DatasetError, SourceError
from data_manifest.header import IMPORTED, Header
from data_manifest.plan import Plan
from data_manifest.record import MAP_STREAMS, Mask, PictureStream, Record
from data_manifest.shards import ShardReader, check_shard, open_shard
from data_manifest.shards.digests import file_sha256
from datagen.drawing.composite import Drawing
from datagen.drawing.draw_shard import ShardTask, one_opencv_thread

MOST_NAMED = 3  # samples of a shard that are named; the others are counted


class Fault(NamedTuple):
    """Something that is wrong, and the file that it is wrong with."""

    file: str
    text: str


class ShardCheck(NamedTuple):
    """A shard to check, with the plan of its samples.

    ``draw`` is how it is drawn, None where its sources aren't at hand.
    ``digests`` are those that were noted, none where the shard was never noted.
    """

    path: Path
    header: Header
    plan: Plan
    digests: Sequence[str]
    draw: ShardTask | None


class Checked(NamedTuple):
    """What a check found.

    ``empty`` counts samples whose mask is empty as it should be, ``uncompared`` those whose mask
    wasn't compared with its placement although sources are at hand; ``remark`` says why.
    """

    shard: str
    samples: int
    faults: list[Fault]
    empty: int = 0
    uncompared: int = 0
    remark: str = ""


def check_samples(task: ShardCheck) -> Checked:
    """Check one shard: digest, label, and every sample's pictures, mask and depth."""
    name, count = task.path.name, len(task.plan)
    if not task.path.exists():
        return Checked(name, count, [Fault(name, "it is missing")])
    faults = []
    if task.digests and file_sha256(task.path) not in task.digests:
        faults.append(Fault(name, "its bytes are not those that were written"))
    try:
        check_shard(task.path, task.header.fingerprint, count)
        with closing(open_shard(task.path)) as reader, one_opencv_thread():
            stages = task.header.stages
            if stages.depth and reader.label.stages != stages:
                faults.append(Fault(name, "it lacks the depth that dataset.json tells of"))
            samples = _SamplesToCheck(task, reader)
            faults += _few(name, samples.problems())
            return Checked(name, count, faults, samples.empty, samples.uncompared, samples.remark)
    except DatasetError as error:
        return Checked(name, count, [*faults, Fault(name, str(error).rstrip("."))])


def _few(name: str, problems: Iterator[str]) -> list[Fault]:
    found = list(problems)
    if len(found) > MOST_NAMED:
        found[MOST_NAMED:] = [f"and {len(found) - MOST_NAMED:,} more samples"]
    return [Fault(name, text) for text in found]


class _SamplesToCheck:
    """The samples of a shard, read one by one."""

    def __init__(self, task: ShardCheck, reader: ShardReader) -> None:
        self._task, self._reader = task, reader
        self._painter = task.draw and task.draw.painter()
        self.empty = self.uncompared = 0
        self.remark = ""

    def problems(self) -> Iterator[str]:
        """What is wrong, a sentence per sample that isn't right."""
        for record in self._task.plan.records():
            try:
                problem = self._problem(record)
            except DatasetError as error:
                problem = str(error).rstrip(".")
            if problem:
                yield f"sample {record.key}: {problem}"

    def _problem(self, record: Record) -> str | None:
        header, reader = self._task.header, self._reader
        shape = header.size.shape
        for stream in get_args(PictureStream):
            if reader.picture(stream, record).shape != (*shape, 3):
                return f"{stream} is not {header.size}"
        mask = reader.mask(record)
        if mask.shape != shape:
            return f"mask is not {header.size}"
        if not _is_binary(reader, record, header):
            return "mask is not binary"
        if header.stages.depth is not None:
            depth = reader.depth(record)
            if depth is None or depth.shape != shape:
                return f"depth is not {header.size}"
        return self._placed(record, mask)

    def _placed(self, record: Record, mask: Mask) -> str | None:
        """Whether mask and maps are what the placement says; an empty mask may be what it says."""
        drawing = self._drawing(record)
        if drawing is None:
            return None if mask.any() or not record.placements[0].width else "mask is empty"
        if not np.array_equal(mask, drawing.mask > 0):
            return "mask is not what the placement says"
        for stream in MAP_STREAMS:
            expected = getattr(drawing, stream)
            if expected is not None and not np.array_equal(
                self._reader.map(stream, record), expected
            ):
                return f"{stream} map is not what the placement says"
        self.empty += not mask.any()
        return None

    def _drawing(self, record: Record) -> Drawing | None:
        if self._painter is None:
            return None
        try:
            return self._painter.draw(record)
        except SourceError as error:
            self.uncompared += 1
            self.remark = str(error)
            return None


def _is_binary(reader: ShardReader, record: Record, header: Header) -> bool:
    if IMPORTED in header.recipe:
        return True  # they are cut at a threshold when they are read
    data = np.frombuffer(reader.encoded("mask", record), np.uint8)
    if header.codec == "raw":
        return bool(np.isin(data, (0, 1)).all())
    values = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    return values is not None and bool(np.isin(values, (0, 255)).all())
