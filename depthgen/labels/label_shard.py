"""One shard's labels: its pictures to a teacher's answers, and those to what is stored."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_manifest.depth_stage import DepthEncoding, LabelKind
from data_manifest.record import Depth, Mask, Picture, Record, Size, StoredDepth
from data_manifest.shards import ShardReader, open_shard
from data_manifest.shards.backgrounds import BackgroundCache
from depthgen.engine.lanes import in_lanes
from depthgen.engine.predict import Predictor, refuse_unfinished
from depthgen.engine.timing import Stopwatch
from depthgen.labels.anchored import Anchoring, anchored
from depthgen.labels.grounds import GroundDepths
from depthgen.labels.layered import Layering, layered
from depthgen.quality.measure import Evidence, Quality, measure
from depthgen.teachers.space import Space

ANCHORING, LAYERING = Anchoring(), Layering()
_PIECE = 8
"""Samples that a thread does in a row; handing each over singly takes a tenth of a millisecond."""


class Labelling(NamedTuple):
    """How a dataset is labelled.

    ``mirror`` asks about each composite's mirror image too, and takes the mean; ``other`` is a
    second teacher, that only says how far it disagrees. ``pictures`` reads composites; ``maps``
    says whether samples have maps of several foregrounds, ``held`` how many pictures may be in
    memory at a time.
    """

    kind: LabelKind
    predictor: Predictor
    pictures: BackgroundCache
    grounds: GroundDepths
    space: Space
    encoding: DepthEncoding
    frame: Size
    maps: bool
    held: int
    mirror: bool
    other: Predictor | None
    watch: Stopwatch


class Labelled(NamedTuple):
    """One sample's label as it is stored, (H, W) uint16, and what is measured of it."""

    stored: StoredDepth
    quality: Quality


class _Sample(NamedTuple):
    record: Record
    fg_bg: Picture | None
    mask: Mask
    instance: Picture | None
    ground: Depth | None


class ShardLabels:
    """The labels of one shard's samples; ``grounds`` are those of backgrounds, as stored.

    They are stored where a label differs from its background's within the mask only.
    """

    def __init__(self, how: Labelling, path: Path, records: Sequence[Record]) -> None:
        self._how, self._path, self._records = how, path, records
        self.grounds: dict[str, StoredDepth] | None = None if how.kind == "composite" else {}
        self._depths: dict[str, Depth] = {}

    def __iter__(self) -> Iterator[Labelled]:
        """In the order of the records. Raises TeacherError where an answer can't be used."""
        how = self._how
        size = max(how.predictor.network.batch, min(_PIECE, how.held))
        pieces = (
            self._records[start : start + size] for start in range(0, len(self._records), size)
        )
        with closing(open_shard(self._path)) as shard:
            self._ask_of_backgrounds(shard)
            for labelled in self._labelled(shard, pieces, max(1, how.held // size)):
                yield from labelled

    def _ask_of_backgrounds(self, shard: ShardReader) -> None:
        how, network = self._how, self._how.predictor.network
        first = {record.bg: record for record in reversed(self._records)}

        def asked(record: Record) -> Depth:
            return how.grounds.of(shard, record)

        with how.watch("backgrounds"):
            lanes = network.lanes
            depths = in_lanes(asked, first.values(), lanes, 2 * lanes, network.begin_lane)
            for bg, depth in zip(first, depths, strict=True):
                self._depths[bg] = depth
                if self.grounds is not None:
                    self.grounds[bg] = self._stored(depth)

    def _labelled(
        self, shard: ShardReader, pieces: Iterator[Sequence[Record]], most: int
    ) -> Iterator[list[Labelled]]:
        """The labels of every piece, with at most so many pieces in memory.

        The network's lanes do nothing but ask it: Python lets one thread at a time do the rest, and
        threads that want to at once hold each other up.
        """
        network = self._how.predictor.network
        readings = (self._read(shard, piece) for piece in pieces)
        if self._how.kind == "layered":
            return map(self._label, map(self._asked, readings))
        ahead = min(most, 2 * network.lanes)
        asked = in_lanes(self._asked, readings, network.lanes, ahead, network.begin_lane)
        return map(self._label, asked)

    def _read(self, shard: ShardReader, piece: Sequence[Record]) -> list[_Sample]:
        how = self._how
        with how.watch("reading"):
            return [
                _Sample(
                    record,
                    None if how.kind == "layered" else how.pictures.fg_bg(shard, record),
                    shard.mask(record),
                    shard.map("instance", record) if how.maps else None,
                    self._depths.get(record.bg),
                )
                for record in piece
            ]

    def _asked(self, piece: list[_Sample]) -> list[tuple[_Sample, "_Answers"]]:
        pictures = [sample.fg_bg for sample in piece if sample.fg_bg is not None]
        if not pictures:
            return [(sample, _Answers()) for sample in piece]
        how = self._how
        with how.watch("network"):
            answers = how.predictor.answers(pictures, how.frame)
            mirrored = how.predictor.mirrored(pictures, how.frame) if how.mirror else None
            others = how.other.nearness(pictures, how.frame) if how.other else None
        return [
            (
                sample,
                _Answers(
                    answers[n],
                    mirrored[n] if mirrored else None,
                    others[n] if others else None,
                ),
            )
            for n, sample in enumerate(piece)
        ]

    def _label(self, piece: list[tuple[_Sample, "_Answers"]]) -> list[Labelled]:
        with self._how.watch("labelling"):
            return [self._label_of(*pair) for pair in piece]

    def _label_of(self, sample: _Sample, answers: "_Answers") -> Labelled:
        how, teacher = self._how, self._how.predictor.teacher.name
        answer = answers.answer
        if answer is not None:
            if answers.mirrored is not None:
                answer = np.asarray((answer + answers.mirrored) / 2, np.float32)
            refuse_unfinished(answer, teacher, sample.record.key)
        depth = self._made(answer, sample)
        seen = Evidence(
            depth, sample.mask, how.encoding.limits, answers.answer, answers.mirrored,
            sample.ground, answers.other,
        )  # fmt: skip
        if self.grounds is None:
            return Labelled(self._stored(depth), measure(seen, how.space))
        stored = self.grounds[sample.record.bg].copy()
        stored[sample.mask] = self._stored(depth[sample.mask])
        return Labelled(stored, measure(seen, how.space))

    def _made(self, answer: Depth | None, sample: _Sample) -> Depth:
        space, seen = self._how.space, (sample.mask, sample.instance)
        match self._how.kind:
            case "composite":
                assert answer is not None
                return answer
            case "anchored":
                assert answer is not None and sample.ground is not None
                return anchored(answer, sample.ground, *seen, space, ANCHORING)
            case "layered":
                assert sample.ground is not None
                return layered(sample.ground, *seen, space, LAYERING)

    def _stored(self, depth: Depth) -> StoredDepth:
        encoding = self._how.encoding
        return encoding.to_stored(depth.clip(*encoding.limits))


class _Answers(NamedTuple):
    """A teacher's answers to a composite and its mirror image, and another teacher's nearness."""

    answer: Depth | None = None
    mirrored: Depth | None = None
    other: Depth | None = None
