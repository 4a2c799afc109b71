"""``datagen import``: a dataset made of folders that exist already; nothing is copied."""

import os
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from data_manifest.commands.parallel import each
from data_manifest.commands.progress import progress
from data_manifest.commands.remark import remark
from data_manifest.dataset import HEADER_FILE, PLAN_FILE
from data_manifest.errors import SourceError, UsageError
from data_manifest.files.claim import refuse_inputs
from data_manifest.files.lock import locked
from data_manifest.files.names import is_fit_key
from data_manifest.files.publish import make_folder, publishing, remove_leftovers
from data_manifest.header import Header, Source
from data_manifest.plan import Plan
from data_manifest.shards.digests import file_sha256
from data_manifest.shards.fill import Filled, Filling, fill_shards
from data_manifest.shards.folder.listing import FolderLabel, Listed, write_list
from data_manifest.shards.label import ShardLabel
from datagen.folders.dataset_folder import claim_dataset
from datagen.ingest.check import ReadTask, Usable, read_samples
from datagen.ingest.config import ImportConfig
from datagen.ingest.gather import Missing, depth_is_whole, gather
from datagen.ingest.plan import Usables, header_and_plan
from datagen.sources.rejects import Reject, publish_rejects
from datagen.sources.scan import describe

_AT_ONCE = 200


def import_dataset(config: ImportConfig) -> str:
    """List existing files as a dataset in ``out``; gives a summary.

    Raises UsageError where nothing belongs together, SourceError at the first unusable sample with
    ``strict``, RecipeError where ``out`` holds something else.
    """
    usables = _usables(config)
    found = [sample.found for sample in usables.samples]
    read = (path for s in found for path in (s.bg, s.fg_bg, s.mask, s.depth) if path)
    refuse_inputs(config.out, {path.parent for path in read})
    header, plan = header_and_plan(config, usables)
    make_folder(config.out)
    with locked(config.out):
        remove_leftovers(config.out)
        claim_dataset(config.out, header, overwrite=config.overwrite)
        header.write(config.out / HEADER_FILE)
        publish_rejects(config.out, usables.rejects)
        bg_shas = {source.id: source.sha256 for source in usables.backgrounds}
        files = [_listed(config, sample, bg_shas) for sample in usables.samples]
        plan.write(config.out / PLAN_FILE)
        fill_shards(
            config.out,
            header,
            Filling("Listing", len(plan), 1, quiet=True),
            lambda shard: _write_shard(config, header, shard, plan, files),
            range(header.shards),
        )
    return _summary(config, header, usables)


def _usables(config: ImportConfig) -> Usables:
    """Read every file once."""
    found, missing = gather(config)
    found = found[: config.limit]
    depth_is_whole(found)
    unfit = [sample for sample in found if not is_fit_key(sample.key)]
    missing += [Missing(sample.key, "its name can't be a sample's key") for sample in unfit]
    found = [sample for sample in found if is_fit_key(sample.key)]
    pending = iter(found)
    pieces = iter(lambda: list(islice(pending, _AT_ONCE)), [])
    tasks = (ReadTask(piece, config.size, config.mask_threshold) for piece in pieces)
    checked: dict[str, Usable] = {}
    with progress("Reading", len(found), "samples", quiet=config.quiet) as advance:
        for results in each(read_samples, tasks, config.workers):
            checked.update({r.found.key: r for r in results if isinstance(r, Usable)})
            missing += [r for r in results if isinstance(r, Missing)]
            advance(len(results))
    samples = [checked[sample.key] for sample in found if sample.key in checked]
    sources, unusable = _backgrounds(config, samples)
    missing += [
        Missing(s.found.key, unusable[s.found.bg]) for s in samples if s.found.bg in unusable
    ]
    samples = [sample for sample in samples if sample.found.bg not in unusable]
    samples, others = _of_one_size(samples)
    rejects = [Reject("sample", key, reason) for key, reason in sorted(missing + others)]
    if rejects and config.strict:
        raise SourceError(f"{rejects[0].file} can't be used: {rejects[0].reason}.")
    if not samples:
        raise UsageError(
            f"None of the samples can be used; {rejects[0].file}: {rejects[0].reason}."
        )
    used = {sample.found.bg_name for sample in samples}
    return Usables(samples, [source for source in sources if source.id in used], rejects)


def _of_one_size(samples: Sequence[Usable]) -> tuple[list[Usable], list[Missing]]:
    """Those of the most frequent size and kind of depth, and the others."""
    kinds = Counter((sample.size, sample.depth_bits) for sample in samples)
    if not kinds:
        return [], []
    most = kinds.most_common(1)[0][0]
    same, others = [], []
    for sample in samples:
        if (sample.size, sample.depth_bits) == most:
            same.append(sample)
        else:
            reason = f"it is {sample.size} pixels, most are {most[0]}; --size squashes them"
            if sample.size == most[0]:
                reason = f"its depth has {sample.depth_bits} bits, most have {most[1]}"
            others.append(Missing(sample.found.key, reason))
    return same, others


def _backgrounds(
    config: ImportConfig, samples: Sequence[Usable]
) -> tuple[list[Source], dict[Path, str]]:
    """The distinct backgrounds by name, and why some can't be used."""
    names = {sample.found.bg_name: sample.found.bg for sample in samples}
    sources, unusable = [], {}
    for name, path in sorted(names.items()):
        source = describe("bg", path, name, os.path.relpath(path, config.out))
        if isinstance(source, Source):
            sources.append(source)
        else:
            unusable[path] = f"its background {path} can't be used: {source}"
    return sources, unusable


def _write_shard(
    config: ImportConfig, header: Header, shard: int, plan: Plan, files: Sequence[Listed]
) -> Filled:
    """List the files of one shard; ``files`` are those of all samples."""
    rows = plan.shard_rows(shard)
    label = FolderLabel(
        shard=ShardLabel(fingerprint=header.fingerprint, samples=len(rows), stages=header.stages),
        size=header.size,
        mask_threshold=config.mask_threshold,
    )
    listed = [(int(row), files[row]) for row in rows]
    path = config.out / header.shard_name(shard)
    with publishing(path) as temporary:
        write_list(temporary, label, listed)
    return Filled(path.name, len(rows), file_sha256(path))


def _listed(config: ImportConfig, sample: Usable, bg_shas: dict[str, str]) -> Listed:
    found = sample.found
    files = {"bg": found.bg, "fg_bg": found.fg_bg, "mask": found.mask, "depth": found.depth}
    shas = {"bg": bg_shas[found.bg_name], **sample.sha256}
    return {
        stream: (os.path.relpath(path, config.out), shas[stream])
        for stream, path in files.items()
        if path
    }


def _summary(config: ImportConfig, header: Header, usables: Usables) -> str:
    for note in header.notes:
        remark(note, quiet=config.quiet)
    empty = sum(sample.box[2] == 0 for sample in usables.samples)
    lines = [
        f"{header.samples:,} samples on {len(header.backgrounds):,} backgrounds are listed in "
        f"{config.out}; nothing was copied (`datagen pack {config.out} --to h5 --out packed` does)"
    ]
    if empty:
        lines.append(f"{empty:,} masks are empty")
    if usables.rejects:
        lines.append(f"{len(usables.rejects):,} samples left out, see {config.out}/rejects.jsonl")
    return "\n".join(lines)
