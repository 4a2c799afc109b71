"""``depthgen run``: add a teacher's depth to every shard of a dataset."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from data_manifest.commands.progress import Advance, progress
from data_manifest.commands.remark import remark
from data_manifest.dataset import HEADER_FILE, Dataset, open_dataset
from data_manifest.depth_stage import DepthStage
from data_manifest.errors import RecipeError, TeacherError
from data_manifest.files.lock import locked
from data_manifest.files.publish import remove_leftovers
from data_manifest.quality import keep_parts, merge_parts, write_part
from data_manifest.record import StoredDepth
from data_manifest.shards import add_depth, read_label
from data_manifest.shards.digests import tidy_digests
from depthgen.config import RunConfig
from depthgen.engine import ranks
from depthgen.engine.torch_network import threads_kept
from depthgen.labels.label_shard import ShardLabels
from depthgen.labels.settle import Settled, settle
from depthgen.teachers.speeds import note_speed


class _Done(NamedTuple):
    """What one process has labelled, and the shards that it couldn't, with why."""

    samples: int
    failures: list[tuple[str, str]]


def run(config: RunConfig) -> str:
    """Label every shard that hasn't these labels yet; gives a summary.

    Raises DatasetError where the dataset isn't whole, RecipeError where it has other depth,
    WeightsError where the teacher can't be loaded, TeacherError where it can't label some shards:
    the others are then labelled.
    """
    dataset = open_dataset(config.data)
    with ranks.together(), threads_kept():
        settled = settle(config, dataset)
        start = time.monotonic()
        with _alone(config.data):
            pending = ranks.from_first(_begin(config, dataset, settled) if _is_first() else None)
            done = _label_all(config, dataset, settled, pending[ranks.rank() :: ranks.world_size()])
            parts = ranks.of_all(done)
            if _is_first():
                _end(config.data, dataset, settled, parts)
            ranks.of_all(None)
    seconds = time.monotonic() - start
    failures = sorted(failure for part in parts for failure in part.failures)
    if failures:
        raise TeacherError(_complaint(config.data, failures))
    samples = sum(part.samples for part in parts)
    if samples and _is_first() and settled.stage.labels.kind != "layered":
        note_speed(config.teacher, settled.stage.runtime.engine, seconds / samples)
    return _summary(config, dataset, settled, samples, seconds)


def _is_first() -> bool:
    return ranks.rank() == 0


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Under the folder's lock, which the first process holds for all."""
    if not _is_first():
        yield
        return
    with locked(folder):
        remove_leftovers(folder)
        yield


def _begin(config: RunConfig, dataset: Dataset, settled: Settled) -> list[int]:
    """The shards that are to be labelled; a dataset that mixes labels never says that it has one.

    Raises RecipeError where there is other depth that may not be replaced.
    """
    pending = _pending(dataset, settled.stage, overwrite=config.overwrite)
    waiting = {dataset.header.shard_name(number) for number in pending}
    keep_parts(config.data, set(dataset.header.shard_names()) - waiting)
    if pending and dataset.header.stages.depth is not None:
        dataset.header.with_depth(None, {}).write(config.data / HEADER_FILE)
    return pending


def _pending(dataset: Dataset, stage: DepthStage, *, overwrite: bool) -> list[int]:
    """Shards without this depth. Raises RecipeError where there is other depth."""
    pending = []
    for number, name in enumerate(dataset.header.shard_names()):
        found = read_label(dataset.folder / name).stages.depth
        if found and found != stage and not overwrite:
            raise RecipeError(
                f"{dataset.folder / name} has other depth: {found.difference(stage)}; give "
                "--overwrite to replace it."
            )
        if found != stage:
            pending.append(number)
    return pending


def _label_all(
    config: RunConfig, dataset: Dataset, settled: Settled, pending: Sequence[int]
) -> _Done:
    samples = sum(len(dataset.plan.shard_rows(shard)) for shard in pending)
    done, failures = 0, []
    quiet = config.quiet or not _is_first()
    with progress("Labelling", samples, "samples", quiet=quiet) as advance:
        for shard in pending:
            try:
                done += _label(dataset, shard, settled, advance)
            except TeacherError as error:
                failures.append((dataset.header.shard_name(shard), str(error)))
                remark(f"{failures[-1][0]} is left without depth: {error}", quiet=config.quiet)
    return _Done(done, failures)


def _label(dataset: Dataset, shard: int, settled: Settled, advance: Advance) -> int:
    """Label one shard; gives the number of its samples."""
    name, records = dataset.header.shard_name(shard), dataset.plan.shard_records(shard)
    path, watch = dataset.folder / name, settled.labelling.watch
    labels = ShardLabels(settled.labelling, path, records)
    rows: list[tuple[float, ...]] = []

    def depths() -> Iterator[StoredDepth]:
        """What the shard's writer asks for; its parts of quality are there before the shard is."""
        for labelled in labels:
            rows.append(labelled.quality)
            with watch("writing"):
                yield labelled.stored
            advance(1)
        write_part(dataset.folder, name, settled.stage, dataset.plan.shard_rows(shard), rows)

    add_depth(path, settled.stage, records, depths(), labels.grounds)
    return len(records)


def _end(folder: Path, dataset: Dataset, settled: Settled, parts: Sequence[_Done]) -> None:
    """Say that the dataset has depth, if all of it has."""
    tidy_digests(folder, dataset.header.shard_names())
    if any(part.failures for part in parts):
        return
    merge_parts(folder, len(dataset.plan), settled.stage)
    dataset.header.with_depth(settled.stage, settled.checks).write(folder / HEADER_FILE)


def _complaint(folder: Path, failures: Sequence[tuple[str, str]]) -> str:
    count = len(failures)
    what = "A shard has" if count == 1 else f"{count} shards have"
    shard, reason = failures[0]
    return (
        f"{what} no depth yet, {shard} for one: {reason.rstrip('.')}. The others are labelled; run "
        f"the same `depthgen run` again for what is missing in {folder}."
    )


def _summary(
    config: RunConfig, dataset: Dataset, settled: Settled, samples: int, seconds: float
) -> str:
    stage = settled.stage
    encoding = stage.encoding
    line = (
        f"{len(dataset):,} samples in {config.data} have {stage.labels.kind} depth by "
        f"{stage.teacher}: {encoding.kind}, unit {encoding.unit}, near is {encoding.near_is}"
    )
    if not samples:
        return f"{line}\nall of them had it already"
    return (
        f"{line}\nlabelled {samples:,} of them in {seconds:.1f} s ({samples / seconds:,.0f} a "
        f"second) by {stage.runtime}; of the time: {settled.labelling.watch.shares()}"
    )
