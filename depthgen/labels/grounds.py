"""The depth of backgrounds, asked for once each, and what range a dataset's depth has."""

from collections.abc import Iterable, Iterator
from contextlib import closing

import numpy as np

from data_manifest.bounded_cache import BoundedCache
from data_manifest.dataset import Dataset
from data_manifest.picks import spread
from data_manifest.record import Depth, Picture, Record, Size
from data_manifest.shards import ShardReader, open_shard
from depthgen.engine.predict import Predictor, refuse_unfinished

CACHE_BYTES = 64 * 2**20
SURVEYED = 256
MARGIN = 0.25
"""Of the range that backgrounds have, either way: composites may be nearer or farther."""


class GroundDepths:
    """A teacher's answers to backgrounds: the mean of ``views``, the picture and its mirror image.

    Each is asked in a batch of its own, so that its bits don't depend on what else is asked.
    """

    def __init__(self, predictor: Predictor, frame: Size, views: int) -> None:
        self._predictor, self._frame, self._views = predictor, frame, views
        self._known: BoundedCache[Depth] = BoundedCache(CACHE_BYTES)

    def of(self, shard: ShardReader, record: Record) -> Depth:
        """The depth of a sample's background, (H, W) float32 in the teacher's space.

        Raises TeacherError where it isn't finite.
        """
        found = self._known.get(record.bg)
        if found is not None:
            return found
        depth = self.answer(shard.picture("bg", record), f"the background {record.bg}")
        return self._known.put(record.bg, depth, depth.nbytes)

    def answer(self, bg: Picture, name: str) -> Depth:
        """The depth of a picture, (H, W) float32, as the mean of its views.

        Raises TeacherError, with the picture's ``name``, where it isn't finite.
        """
        views = self._predictor.answers([bg], self._frame)
        if self._views > 1:
            views += self._predictor.mirrored([bg], self._frame)
        depth = np.asarray(np.mean(views, axis=0, dtype=np.float32))
        refuse_unfinished(depth, self._predictor.teacher.name, name)
        return depth


def surveyed_limits(dataset: Dataset, grounds: GroundDepths) -> tuple[float, float]:
    """The range of a relative teacher's answers, from those to some backgrounds, with a margin."""
    ends = [(float(depth.min()), float(depth.max())) for depth in _some(dataset, grounds)]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    margin = MARGIN * max(high - low, 1e-6)
    return low - margin, high + margin


def _some(dataset: Dataset, grounds: GroundDepths) -> Iterator[Depth]:
    for record in first_uses(dataset, SURVEYED):
        path = dataset.folder / dataset.header.shard_name(record.shard)
        with closing(open_shard(path)) as shard:
            yield grounds.of(shard, record)


def first_uses(dataset: Dataset, count: int | None = None) -> Iterable[Record]:
    """The first sample of each background, or of ``count`` of them that are spread evenly."""
    _, rows = np.unique(dataset.plan.column("bg"), return_index=True)
    chosen = rows[spread(len(rows), count)]
    return dataset.plan.records(np.sort(chosen).astype(np.int64))
