"""A dataset in shards of another format: encoded pictures are copied, not encoded again.

The whole of a drawn dataset becomes what ``datagen overlay`` would have drawn in that format, byte
for byte. A part of one, and loose files, become a dataset that says what it was packed from.
"""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data_manifest.dataset import HEADER_FILE, PLAN_FILE, Dataset
from data_manifest.depth_stage import Stages
from data_manifest.errors import DatasetError, UsageError
from data_manifest.files.claim import refuse_inputs
from data_manifest.files.lock import locked
from data_manifest.files.publish import make_folder, publishing, remove_leftovers
from data_manifest.header import LARGEST_SHARD, PACKED_FROM, Header, Kind, ShardFormat
from data_manifest.plan import Plan
from data_manifest.quality import carry_quality
from data_manifest.record import (
    MAP_STREAMS,
    EncodedSample,
    Grounds,
    PictureStream,
    Record,
    StoredDepth,
)
from data_manifest.shards import ShardReader, add_depth, check_shard, create_shard, open_shard
from data_manifest.shards.digests import file_sha256
from data_manifest.shards.fill import Filled, Filling, fill_shards
from data_manifest.shards.folder.listing import listed_files
from datagen.drawing.ingredients import read_recipe
from datagen.export.output_files import ExportJob, samples_per_file
from datagen.folders.dataset_folder import claim_dataset, missing_shards
from datagen.planning.fingerprint import PLAN_VERSION, digest, fingerprint, plan_version_of

_OPEN = 8  # source shards that one new shard is made of at a time
_IMPORTED_QUALITY = 95


class RepackTask(NamedTuple):
    """One new shard by its ``plan``, and where its samples are now: ``old`` in ``source``."""

    path: Path
    header: Header
    plan: Plan
    source: Path
    source_header: Header
    old: Plan


def repack(job: ExportJob, to: ShardFormat, *, overwrite: bool) -> None:
    """Write the selected samples into ``job.out`` as a dataset of format ``to``.

    Raises RecipeError where it holds something else, DatasetError where a sample is damaged.
    """
    dataset, out = job.selection.dataset, job.out
    if out.resolve() == dataset.folder.resolve():
        raise UsageError(f"{out} is the dataset itself; choose another --out.")
    refuse_inputs(out, _input_folders(dataset))
    rows = np.sort(np.concatenate(list(job.selection.rows.values())))
    header, plan = _described(job, to, rows)
    make_folder(out)
    with locked(out):
        remove_leftovers(out)
        claim_dataset(out, header, overwrite=overwrite)
        header.write(out / HEADER_FILE)
        plan.write(out / PLAN_FILE)
        with_depth = header.stages.depth is not None
        pending = missing_shards(out, header, plan, quiet=job.quiet, depth=with_depth)
        tasks = (
            RepackTask(
                out / header.shard_name(number),
                header.without_sources(),
                plan.take(plan.shard_rows(number)),
                dataset.folder,
                dataset.header.without_sources(),
                dataset.plan.take(rows[plan.shard_rows(number)]),
            )
            for number in pending
        )
        total = sum(len(plan.shard_rows(number)) for number in pending)
        fill_shards(
            out, header, Filling("Packing", total, job.workers, job.quiet), repack_shard, tasks
        )
        if header.stages.depth is not None:
            carry_quality(dataset.folder, out, rows, header.stages.depth)


def _input_folders(dataset: Dataset) -> set[Path]:
    """The folders that the dataset's files lie in."""
    folders = {dataset.folder}
    if dataset.header.format == "folder":
        for name in dataset.header.shard_names():
            folders |= {file.parent for file in listed_files(dataset.folder / name)}
    return folders


def _described(job: ExportJob, to: ShardFormat, rows: npt.NDArray[np.int64]) -> tuple[Header, Plan]:
    """Header and plan of the new dataset."""
    dataset = job.selection.dataset
    old = dataset.header
    shard_size = int(old.recipe.get("shard_size", samples_per_file(job.selection)))
    shard_size = min(shard_size, LARGEST_SHARD[to])
    recipe: dict[str, Any] = {**old.recipe, "format": to, "codec": "jpeg", "shard_size": shard_size}
    drawn = read_recipe(old) is not None and plan_version_of(old) == PLAN_VERSION
    redrawable = drawn and len(rows) == len(dataset.plan) and to != "folder"
    if redrawable:
        new = fingerprint(recipe, old.backgrounds, old.foregrounds)
    else:
        recipe |= {PACKED_FROM: old.fingerprint, "splits": list(job.selection.rows)}
        content = [recipe, hashlib.sha256(rows.tobytes()).hexdigest()]
        new = digest(content)
    index = np.arange(len(rows))
    table = dataset.plan.table.take(pa.array(rows))
    changed = {"index": index, "shard": index // shard_size, "row": index % shard_size}
    for name, values in changed.items():
        place = table.column_names.index(name)
        array = pa.array(values).cast(table.schema.field(name).type)
        table = table.set_column(place, table.schema.field(name), array)
    plan = Plan(table)
    header = old.model_copy(
        update={
            "fingerprint": new,
            "samples": len(plan),
            "shards": plan.shard_count,
            "format": to,
            "codec": "jpeg",
            "made_by": "datagen pack",
            "recipe": recipe,
            "folders": _folders(job) if redrawable else {},
        }
    )
    return header, plan


def _folders(job: ExportJob) -> dict[Kind, str]:
    """The sources' folders, seen from the new dataset."""
    old = job.selection.dataset
    return {
        kind: os.path.relpath(old.folder / where, job.out)
        for kind, where in old.header.folders.items()
    }


def repack_shard(task: RepackTask) -> Filled:
    """Write one shard."""
    records, old = task.plan.records(), task.old.records()
    first_use = {record.bg: before for record, before in zip(records[::-1], old[::-1], strict=True)}
    distinct = list(dict.fromkeys(record.bg for record in records))
    expected = (task.header.fingerprint, len(records))
    bare = task.header.model_copy(update={"stages": Stages()})
    with closing(_StoredSamples(task)) as stored:
        with (
            publishing(task.path, check=lambda path: check_shard(path, *expected)) as temporary,
            create_shard(temporary, bare, len(records), len(distinct)) as writer,
        ):
            for bg in distinct:
                writer.add_background(bg, stored.picture("bg", first_use[bg]))
            for record, before in zip(records, old, strict=True):
                writer.add(stored.sample(record, before))
        if task.header.stages.depth is not None:
            depths = (stored.depth(before) for before in old)
            grounds = stored.grounds(first_use)
            sha256 = add_depth(task.path, task.header.stages.depth, records, depths, grounds)
        else:
            sha256 = file_sha256(task.path)
    return Filled(task.path.name, len(records), sha256)


class _StoredSamples:
    """Encoded samples of the shards that a new shard is made of, a few of them open at a time."""

    def __init__(self, task: RepackTask) -> None:
        self._task, self._header = task, task.source_header
        self._shards: OrderedDict[int, ShardReader] = OrderedDict()
        recipe = self._header.recipe
        quality = recipe.get("quality", _IMPORTED_QUALITY)
        self._quality: dict[PictureStream, int] = {
            "fg_bg": quality,
            "bg": recipe.get("bg_quality") or quality,
        }

    def picture(self, stream: PictureStream, record: Record) -> bytes:
        shard = self._shard(record)
        return shard.file(stream, record, self._header.size, self._quality[stream])

    def sample(self, record: Record, old: Record) -> EncodedSample:
        shard, size = self._shard(old), self._header.size
        maps = (
            shard.file(stream, old, size) for stream in (MAP_STREAMS if self._header.maps else ())
        )
        mask = shard.file("mask", old, size)
        return EncodedSample(record, self.picture("fg_bg", old), mask, *maps)

    def grounds(self, first_use: Mapping[str, Record]) -> Grounds | None:
        """Depth of backgrounds, where all samples' is stored within their masks."""
        found: dict[str, StoredDepth] = {}
        for bg, record in first_use.items():
            ground = self._shard(record).ground_depth(record)
            if ground is None:
                return None
            found[bg] = ground
        return found

    def depth(self, record: Record) -> StoredDepth:
        stored = self._shard(record).depth(record)
        if stored is None:
            raise DatasetError(f"Sample {record.key} has no depth; run `depthgen run` again.")
        return stored

    def _shard(self, record: Record) -> ShardReader:
        if record.shard not in self._shards:
            if len(self._shards) == _OPEN:
                self._shards.popitem(last=False)[1].close()
            path = self._task.source / self._header.shard_name(record.shard)
            self._shards[record.shard] = open_shard(path)
        return self._shards[record.shard]

    def close(self) -> None:
        for shard in self._shards.values():
            shard.close()
