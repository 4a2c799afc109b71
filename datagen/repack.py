"""A dataset in shards of another format: encoded pictures are copied, not encoded again.

The whole of a drawn dataset becomes what ``datagen overlay`` would have drawn in that format, byte
for byte. A part of one, and loose files, become a dataset that says what it was packed from.
"""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data_manifest.codec import encode_jpeg, encode_map, encode_mask
from data_manifest.dataset import HEADER_FILE, PLAN_FILE, Dataset
from data_manifest.digests import file_sha256, note_digest, tidy_digests
from data_manifest.errors import DatasetError, UsageError
from data_manifest.folder_shard import listed_files
from data_manifest.header import IMPORTED, LARGEST_SHARD, PACKED_FROM, Header, ShardFormat, Stages
from data_manifest.lock import locked
from data_manifest.parallel import each
from data_manifest.plan import Plan
from data_manifest.progress import progress
from data_manifest.publish import make_folder, publishing, remove_leftovers
from data_manifest.record import MAP_STREAMS, EncodedSample, PictureStream, Record, StoredDepth
from data_manifest.shard import ShardReader, add_depth, check_shard, create_shard, open_shard
from datagen.destination import claim, missing_shards, refuse_inputs, refuse_strangers
from datagen.export.part import Job, part_size
from datagen.origin import read_recipe
from datagen.planning.fingerprint import digest, fingerprint

_OPEN = 8  # source shards that one new shard is made of at a time
_IMPORTED_QUALITY = 95


class RepackTask(NamedTuple):
    """One new shard, and where its samples are now: ``old`` records in the shards of ``source``."""

    path: Path
    header: Header
    records: Sequence[Record]
    source: Path
    source_header: Header
    old: Sequence[Record]


def repack(job: Job, to: ShardFormat, *, overwrite: bool) -> None:
    """Write the selected samples into ``job.out`` as a dataset of format ``to``.

    Raises RecipeError where it holds something else, DatasetError where a sample is damaged.
    """
    dataset, out = job.selection.dataset, job.out
    if out.resolve() == dataset.folder.resolve():
        raise UsageError(f"{out} is the dataset itself; choose another --out.")
    refuse_inputs(out, _input_folders(dataset))
    if not overwrite:
        refuse_strangers(out)
    rows = np.sort(np.concatenate(list(job.selection.rows.values())))
    header, plan = _described(job, to, rows)
    make_folder(out)
    with locked(out):
        remove_leftovers(out)
        claim(out, header, overwrite=overwrite)
        plan.write(out / PLAN_FILE)
        header.write(out / HEADER_FILE)
        pending = missing_shards(out, header, plan, depth=header.stages.depth is not None)
        tasks = (
            RepackTask(
                out / header.shard_name(number),
                header.without_sources(),
                plan.shard_records(number),
                dataset.folder,
                dataset.header.without_sources(),
                dataset.plan.records(rows[plan.shard_rows(number)]),
            )
            for number in pending
        )
        total = sum(len(plan.shard_rows(number)) for number in pending)
        with progress("Packing", total, "samples", quiet=job.quiet) as advance:
            for name, samples, sha256 in each(repack_shard, tasks, job.workers):
                note_digest(out, name, sha256)
                advance(samples)
        tidy_digests(out, header.shard_names())


def _input_folders(dataset: Dataset) -> set[Path]:
    """The folders that the dataset's files lie in."""
    folders = {dataset.folder}
    if dataset.header.format == "folder":
        for name in dataset.header.shard_names():
            folders |= {file.parent for file in listed_files(dataset.folder / name)}
    return folders


def _described(job: Job, to: ShardFormat, rows: npt.NDArray[np.int64]) -> tuple[Header, Plan]:
    """Header and plan of the new dataset."""
    dataset = job.selection.dataset
    old = dataset.header
    shard_size = int(old.recipe.get("shard_size", part_size(job.selection)))
    shard_size = min(shard_size, LARGEST_SHARD[to])
    recipe: dict[str, Any] = {**old.recipe, "format": to, "codec": "jpeg", "shard_size": shard_size}
    redrawable = read_recipe(old) is not None and len(rows) == len(dataset.plan) and to != "folder"
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
            "recipe": recipe,
            "folders": _folders(job) if redrawable else {},
        }
    )
    return header, plan


def _folders(job: Job) -> dict[Literal["bg", "fg"], str]:
    """The sources' folders, seen from the new dataset."""
    old = job.selection.dataset
    return {
        kind: os.path.relpath(old.folder / where, job.out)
        for kind, where in old.header.folders.items()
    }


def repack_shard(task: RepackTask) -> tuple[str, int, str]:
    """Write one shard; gives its name, its number of samples and its SHA-256."""
    pairs = list(zip(task.records, task.old, strict=True))
    first_use = {record.bg: old for record, old in reversed(pairs)}
    distinct = list(dict.fromkeys(record.bg for record in task.records))
    expected = (task.header.fingerprint, len(task.records))
    bare = task.header.model_copy(update={"stages": Stages()})
    with closing(_Samples(task)) as samples:
        with (
            publishing(task.path, check=lambda path: check_shard(path, *expected)) as temporary,
            create_shard(temporary, bare, len(task.records), len(distinct)) as writer,
        ):
            for bg in distinct:
                writer.add_background(bg, samples.picture("bg", first_use[bg]))
            for record, old in pairs:
                writer.add(samples.encoded(record, old))
        if task.header.stages.depth is not None:
            depths = (samples.depth(old) for old in task.old)
            sha256 = add_depth(task.path, task.header.stages.depth, task.records, depths)
        else:
            sha256 = file_sha256(task.path)
    return task.path.name, len(task.records), sha256


class _Samples:
    """Encoded samples of the shards that a new shard is made of, a few of them open at a time."""

    def __init__(self, task: RepackTask) -> None:
        self._task, self._header = task, task.source_header
        self._shards: OrderedDict[int, ShardReader] = OrderedDict()
        self._copied = self._header.codec == "jpeg" and IMPORTED not in self._header.recipe

    def picture(self, stream: PictureStream, record: Record) -> bytes:
        shard = self._shard(record)
        if self._copied:
            return shard.encoded(stream, record)
        recipe = self._header.recipe
        quality = recipe.get("quality", _IMPORTED_QUALITY)
        if stream == "bg":
            quality = recipe.get("bg_quality") or quality
        return encode_jpeg(shard.picture(stream, record)[..., ::-1], quality)

    def encoded(self, record: Record, old: Record) -> EncodedSample:
        shard, fg_bg = self._shard(old), self.picture("fg_bg", old)
        streams = MAP_STREAMS if self._header.maps else ()
        if self._copied:
            maps = (shard.encoded(stream, old) for stream in streams)
            return EncodedSample(record, fg_bg, shard.encoded("mask", old), *maps)
        mask = encode_mask(shard.mask(old).astype(np.uint8) * 255)
        maps = (encode_map(shard.map(stream, old)) for stream in streams)
        return EncodedSample(record, fg_bg, mask, *maps)

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
