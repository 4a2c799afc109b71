"""The reader: a dataset, or any of its shards, as a sequence of samples."""

import os
import resource
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import overload

import numpy as np
import numpy.typing as npt

from data_manifest.condition import rows_where
from data_manifest.depth_stage import DepthEncoding, DepthStage
from data_manifest.errors import DatasetError, RecipeError, UsageError
from data_manifest.header import Header
from data_manifest.locate import locate, shard_number
from data_manifest.pictures.copying import copied
from data_manifest.plan import Plan
from data_manifest.quality import QUALITY_FILE, Column, Measures, read_quality
from data_manifest.record import SPLITS, Depth, Mask, Picture, Record, Sample
from data_manifest.shards import ShardReader, open_shard
from data_manifest.shards.backgrounds import BackgroundCache

HEADER_FILE = "dataset.json"
PLAN_FILE = "manifest.parquet"
STATS_FILE = "stats.json"


class Dataset:
    """Samples by number, from HDF5, zip and folder shards alike.

    ``source`` is a dataset's folder, a shard, a pattern such as ``data/*.h5``, or a list of these;
    ``split`` keeps the samples of one split. Nothing is opened before the first sample is read, and
    open files belong to one process, so a Dataset may be forked, pickled and shared by DataLoader
    workers, and by threads. A process keeps the last decoded backgrounds, up to 64 MB of them.

    Raises UsageError where nothing matches, DatasetError where what matches is no whole dataset.
    """

    def __init__(
        self, source: str | Path | Iterable[str | Path], *, split: str | None = None
    ) -> None:
        self.folder, shards = locate(source)
        self.header = Header.read(self.folder / HEADER_FILE)
        self.plan = Plan.read(self.folder / PLAN_FILE)
        self.rows = _of_shards(self.plan, self._shard_numbers(shards))
        if split is not None:
            self.rows = self._of_split(split)
        self._forget()

    def _shard_numbers(self, shards: list[Path] | None) -> list[int] | None:
        names = {name: number for number, name in enumerate(self.header.shard_names())}
        if shards is not None:
            return [shard_number(path, names) for path in shards]
        missing = [name for name in names if not (self.folder / name).exists()]
        if missing:
            raise DatasetError(
                f"{self.folder} is not finished: {len(missing)} of {len(names)} shards are missing "
                f"({missing[0]} first); run the same `{self.header.maker}` again to make them."
            )
        return None

    def where(self, condition: str) -> "Dataset":
        """The same dataset's samples for which a condition holds, ``shift < 0.1 and flip < 0.2``.

        It is of the plan's columns and those of quality.parquet; see ``data_manifest.condition``.
        Raises UsageError where it can't be understood, DatasetError where it asks for measures that
        the dataset doesn't have.
        """
        stage = self.header.stages.depth
        found: Measures = {}

        def measure(name: str) -> Column:
            if stage is None:
                raise DatasetError(
                    f"{self.folder} has no depth yet, so no {name}; run `depthgen run`."
                )
            if not found:
                found.update(self._measures(stage))
            return found[name]

        holds = rows_where(condition, self.plan, measure)
        return self._with_rows(self.rows[holds[self.rows]])

    def _measures(self, stage: DepthStage) -> Measures:
        measures = read_quality(self.folder, stage)
        rows = len(next(iter(measures.values())))
        if rows != len(self.plan):
            raise DatasetError(
                f"{self.folder / QUALITY_FILE} has {rows:,} rows, but the plan has "
                f"{len(self.plan):,}; `depthgen evaluate {self.folder}` makes it anew."
            )
        return measures

    def _of_split(self, split: str) -> npt.NDArray[np.int64]:
        if split not in SPLITS:
            raise UsageError(f"There is no split {split!r}; the splits are {', '.join(SPLITS)}.")
        return self.rows[self.plan.is_word("split", split)[self.rows]]

    def __len__(self) -> int:
        return len(self.rows)

    __contains__ = None  # a sample holds arrays, which can't be looked for by comparing

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        """Sample ``index``; with a slice, the list of its samples."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        record = self.plan[int(self.rows[index])]
        shard = self._shard(record.shard)
        bg, fg_bg = self._backgrounds.bg(shard, record), self._backgrounds.fg_bg(shard, record)
        mask = shard.mask(record)
        depth = self._backgrounds.depth(shard, record, mask)
        maps = _maps(shard, record) if self.header.maps else (None, None)
        return Sample(bg, fg_bg, mask, depth, record, *maps)

    def records(self, indices: npt.NDArray[np.int64]) -> list[Record]:
        """The records of samples by number, in the order asked for; no shard is opened."""
        return self.plan.records(self.rows[indices])

    def read_into(
        self, record: Record, bg: Picture, fg_bg: Picture, mask: Mask, depth: Depth
    ) -> None:
        """Read the sample of a record into arrays such as :class:`Sample` has.

        That saves copies where its place is settled. Raises DatasetError where it has no depth, or
        isn't of the arrays' size.
        """
        shard = self._shard(record.shard)
        try:
            self._backgrounds.bg(shard, record, bg)
            self._backgrounds.fg_bg(shard, record, fg_bg)
            copied(shard.mask(record), mask)
            found = self._backgrounds.depth(shard, record, mask, depth)
        except ValueError as error:
            raise DatasetError(f"Sample {record.key} has {error}.") from error
        if found is None:
            raise DatasetError(f"Sample {record.key} has no depth; run `depthgen run` again.")

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    def select(self, split: str) -> "Dataset":
        """The same dataset's samples of one split. Raises UsageError where there is no such split.

        Those that a Dataset of single shards or of another split has; there may be none.
        """
        return self._with_rows(self._of_split(split))

    def _with_rows(self, rows: npt.NDArray[np.int64]) -> "Dataset":
        other = self.__class__.__new__(self.__class__)
        other.__setstate__({**self.__getstate__(), "rows": rows})
        return other

    def check_shards(self) -> None:
        """Open every shard that any of the samples is in; samples themselves aren't read.

        Raises DatasetError where one isn't whole, RecipeError where it belongs to another dataset.
        """
        for number in np.unique(self.plan.column("shard")[self.rows]).tolist():
            self._opened(number).close()

    @property
    def depth_encoding(self) -> DepthEncoding:
        """How depth is to be read. Raises DatasetError where no teacher has run."""
        if self.header.stages.depth is None:
            raise DatasetError(f"{self.folder} has no depth yet; run `depthgen run` first.")
        return self.header.stages.depth.encoding

    def _shard(self, number: int) -> ShardReader:
        if self._process != os.getpid():
            self._forget()
        with self._opening:
            if number not in self._shards:
                if len(self._shards) >= _most_open_shards():
                    self._shards.popitem(last=False)  # closed when no thread reads from it
                self._shards[number] = self._opened(number)
            self._shards.move_to_end(number)
            return self._shards[number]

    def _opened(self, number: int) -> ShardReader:
        path = self.folder / self.header.shard_name(number)
        shard = open_shard(path)
        if shard.label.fingerprint != self.header.fingerprint:
            shard.close()
            raise RecipeError(
                f"{path} belongs to another recipe than {HEADER_FILE} says; run "
                f"`{self.header.maker}` again with --overwrite."
            )
        return shard

    def _forget(self) -> None:
        self._process, self._opening = os.getpid(), threading.Lock()
        self._shards: OrderedDict[int, ShardReader] = OrderedDict()
        self._backgrounds = BackgroundCache(self.header)

    def __getstate__(self) -> dict[str, object]:
        left = ("_process", "_opening", "_shards", "_backgrounds")
        return {name: value for name, value in self.__dict__.items() if name not in left}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._forget()


def open_dataset(folder: Path) -> Dataset:
    """The whole dataset in a folder.

    Raises UsageError where ``folder`` isn't one, DatasetError where its dataset isn't whole.
    """
    return Dataset(dataset_folder(folder))


def dataset_folder(folder: Path) -> Path:
    """The same folder. Raises UsageError where there is none, DatasetError where it isn't ours."""
    if not folder.is_dir():
        raise UsageError(
            f"There is no dataset {folder}; give a dataset's folder, or make one with "
            "`datagen overlay`."
        )
    Header.read(folder / HEADER_FILE)
    return folder


def _maps(shard: ShardReader, record: Record) -> tuple[Picture, Mask]:
    """A sample's instance map, and its amodal map as one mask per labelled foreground."""
    labelled = sum(placement.labelled for placement in record.placements)
    bits = 1 << np.arange(labelled, dtype=np.uint8)[:, None, None]
    return shard.map("instance", record), (shard.map("amodal", record) & bits) > 0


def _most_open_shards() -> int:
    """Half of the files that this process may have open, within reason; a shard takes one."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 4096 if allowed == resource.RLIM_INFINITY else min(max(allowed // 2, 16), 4096)


def _of_shards(plan: Plan, shards: list[int] | None) -> npt.NDArray[np.int64]:
    if shards is None:
        return np.arange(len(plan))
    return np.flatnonzero(np.isin(plan.column("shard"), shards))
