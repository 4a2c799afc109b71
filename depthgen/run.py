"""``depthgen run``: add a teacher's depth to every shard of a dataset."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import torch

from data_manifest.commands.progress import Advance, progress
from data_manifest.dataset import HEADER_FILE, Dataset, open_dataset
from data_manifest.errors import RecipeError
from data_manifest.files.lock import locked
from data_manifest.files.publish import remove_leftovers
from data_manifest.header import DepthStage, Stages
from data_manifest.record import Picture, Record, StoredDepth
from data_manifest.shards import add_depth, open_shard, read_label
from data_manifest.shards.digests import tidy_digests
from depthgen.config import RunConfig
from depthgen.predict import Predictor, choose_device
from depthgen.teacher import load_teacher

Item = TypeVar("Item")
CPU_READ = 32  # pictures; as many as stay in the cache until the network has them


def run(config: RunConfig) -> str:
    """Label every shard that this teacher hasn't labelled yet; gives a summary.

    Raises DatasetError where the dataset isn't whole, RecipeError where it has depth of another
    teacher, WeightsError where the teacher can't be loaded.
    """
    dataset = open_dataset(config.data)
    teacher = load_teacher(config.teacher, config.weights)
    device = choose_device(config.device)
    predictor = Predictor(teacher, device)
    start = time.monotonic()
    with locked(config.data):
        remove_leftovers(config.data)
        pending = _pending(dataset, teacher.stage, overwrite=config.overwrite)
        samples = sum(len(dataset.plan.shard_rows(shard)) for shard in pending)
        with progress("Labelling", samples, "samples", quiet=config.quiet) as advance:
            for shard in pending:
                _label(dataset, shard, predictor, teacher.stage, _pace(config, device, advance))
        tidy_digests(config.data, dataset.header.shard_names())
        header = dataset.header.model_copy(update={"stages": Stages(depth=teacher.stage)})
        header.write(config.data / HEADER_FILE)
    return _summary(
        config, len(dataset), teacher.stage, samples, time.monotonic() - start, device.type
    )


class _Pace(NamedTuple):
    """How a device is kept busy: with a GPU, reading and writing go on in threads meanwhile."""

    batch: int
    threads: bool
    advance: Advance


def _pace(config: RunConfig, device: torch.device, advance: Advance) -> _Pace:
    """On a CPU the network has all cores: threads beside it would only make it wait for them."""
    if device.type == "cpu":
        return _Pace(min(config.batch, CPU_READ), False, advance)
    return _Pace(config.batch, True, advance)


def _pending(dataset: Dataset, stage: DepthStage, *, overwrite: bool) -> list[int]:
    """Shards without this teacher's depth. Raises RecipeError where there is another's."""
    pending = []
    for shard in range(dataset.header.shards):
        path = dataset.folder / dataset.header.shard_name(shard)
        found = read_label(path).stages.depth
        if found and found != stage and not overwrite:
            raise RecipeError(
                f"{path} has depth by {found.teacher} (weights {found.weights_sha256[:12]}), not "
                f"by {stage.teacher} ({stage.weights_sha256[:12]}); give --overwrite to replace it."
            )
        if found != stage:
            pending.append(shard)
    return pending


def _label(
    dataset: Dataset, shard: int, predictor: Predictor, stage: DepthStage, pace: _Pace
) -> None:
    path = dataset.folder / dataset.header.shard_name(shard)
    records = dataset.plan.shard_records(shard)
    add_depth(path, stage, records, _depths(path, records, predictor, pace))


def _depths(
    path: Path, records: Sequence[Record], predictor: Predictor, pace: _Pace
) -> Iterator[StoredDepth]:
    ahead = _ahead if pace.threads else iter
    batches = ahead(_pictures(path, records, pace.batch))
    pieces = (piece for batch in batches for piece in predictor.stored_depth(batch))
    for piece in ahead(pieces):
        yield from piece
        pace.advance(len(piece))


def _pictures(path: Path, records: Sequence[Record], batch: int) -> Iterator[Picture]:
    """The composites of a shard, ``batch`` at a time, (n, H, W, 3) uint8 RGB."""
    shard = open_shard(path)
    try:
        for start in range(0, len(records), batch):
            chosen = records[start : start + batch]
            yield np.stack([shard.picture("fg_bg", record) for record in chosen])
    finally:
        shard.close()


def _ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items, the next one being made in a thread while one is worked on."""
    with ThreadPoolExecutor(1) as maker:
        waiting = maker.submit(next, items, None)
        while (item := waiting.result()) is not None:
            waiting = maker.submit(next, items, None)
            yield item


def _summary(
    config: RunConfig, total: int, stage: DepthStage, samples: int, seconds: float, device: str
) -> str:
    encoding = stage.encoding
    line = f"{total:,} samples in {config.data} have depth by {stage.teacher}: "
    line += f"{encoding.kind}, unit {encoding.unit}, near is {encoding.near_is}"
    if not samples:
        return f"{line}\nall of them had it already"
    rate = f"{samples / seconds:,.0f} a second on {device}"
    return f"{line}\nlabelled {samples:,} of them in {seconds:.1f} s ({rate})"
