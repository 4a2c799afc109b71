"""A dataset's own labels measured: what is stored, beside what a teacher says today."""

from collections.abc import Iterator
from contextlib import closing

import numpy as np

from data_manifest.commands.progress import Advance, progress
from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError
from data_manifest.files.lock import locked
from data_manifest.quality import QUALITY_FILE, merge_parts, read_quality, write_part
from data_manifest.record import Depth, Picture, Record
from data_manifest.shards import ShardReader, open_shard
from depthgen.config import EvaluateConfig
from depthgen.engine.lanes import in_lanes
from depthgen.labels.grounds import GroundDepths
from depthgen.labels.settle import load_predictor, load_second, space_of
from depthgen.quality.measure import Evidence, Quality, measure
from depthgen.teachers.space import Space


def measure_dataset(config: EvaluateConfig, dataset: Dataset) -> str:
    """Write the measures of every stored label beside the manifest; gives their table.

    Unlike those of ``depthgen run``, ``shift`` and ``flip`` are of the label as it is stored, so
    that a label that isn't its composite's stands out. Raises DatasetError where there is no depth.
    """
    stage = dataset.header.stages.depth
    if stage is None:
        raise DatasetError(f"{dataset.folder} has no depth yet; run `depthgen run` first.")
    examination = _Examination(config, dataset)
    with locked(dataset.folder):
        with progress("Measuring", len(dataset), "samples", quiet=config.quiet) as advance:
            for shard, name in enumerate(dataset.header.shard_names()):
                records = dataset.plan.shard_records(shard)
                rows = list(examination.of_shard(name, records, advance))
                write_part(dataset.folder, name, stage, dataset.plan.shard_rows(shard), rows)
        merge_parts(dataset.folder, len(dataset.plan), stage)
    return f"{quality_summary(dataset)}\nwritten to {dataset.folder / QUALITY_FILE}"


class _Examination:
    """What asks about every sample of a dataset."""

    def __init__(self, config: EvaluateConfig, dataset: Dataset) -> None:
        frame = dataset.header.size
        self._dataset, self._frame = dataset, frame
        self._predictor = load_predictor(config, frame)
        self._space: Space = space_of(self._predictor.teacher.meaning)
        self._grounds = GroundDepths(self._predictor, frame, config.views)
        self._other = load_second(config.second, config, frame)

    def of_shard(self, name: str, records: list[Record], advance: Advance) -> Iterator[Quality]:
        """The measures of a shard's samples, in the order of its records."""
        lanes = self._predictor.network.lanes
        with closing(open_shard(self._dataset.folder / name)) as shard:
            grounds = {record.bg: self._grounds.of(shard, record) for record in records}

            pictures = (shard.picture("fg_bg", record) for record in records)
            begin = self._predictor.network.begin_lane
            answers = in_lanes(self._asked, pictures, lanes, 2 * lanes, begin)
            for record, asked in zip(records, answers, strict=True):
                yield self._of(shard, record, grounds[record.bg], *asked)
                advance(1)

    def _asked(self, fg_bg: Picture) -> tuple[Depth, Depth | None]:
        """The answer to the mirror image, mirrored back, and the other teacher's nearness."""
        mirrored = self._predictor.mirrored([fg_bg], self._frame)[0]
        other = self._other.nearness([fg_bg], self._frame)[0] if self._other else None
        return mirrored, other

    def _of(
        self,
        shard: ShardReader,
        record: Record,
        ground: Depth,
        mirrored: Depth,
        other: Depth | None,
    ) -> Quality:
        encoding = self._dataset.depth_encoding
        stored = shard.depth(record)
        if stored is None:
            raise DatasetError(f"Sample {record.key} has no depth; run `depthgen run` again.")
        label = encoding.to_unit(stored)
        seen = Evidence(label, shard.mask(record), encoding.limits, label, mirrored, ground, other)
        return measure(seen, self._space)


def quality_summary(dataset: Dataset) -> str:
    """Each measure's middle and tails as lines."""
    stage = dataset.header.stages.depth
    assert stage is not None
    lines = [f"{'measure':14}{'1 %':>10}{'median':>10}{'99 %':>10}"]
    for name, values in read_quality(dataset.folder, stage).items():
        known = values[~np.isnan(values)]
        if len(known):
            numbers = "".join(f"{value:10.4f}" for value in np.percentile(known, [1, 50, 99]))
            lines.append(f"{name:14}{numbers}")
    return "\n".join(lines)
