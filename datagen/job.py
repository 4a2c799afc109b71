"""What is settled before a pixel is drawn: sources, recipe, plan, and which shards are missing."""

import os
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import click

from data_manifest.dataset import HEADER_FILE, PLAN_FILE, STATS_FILE
from data_manifest.digests import DIGESTS_FILE, file_sha256, note_digest, read_digests
from data_manifest.errors import DatasetError, RecipeError
from data_manifest.header import SHARD_ENDINGS, Header
from data_manifest.plan import Plan
from data_manifest.publish import writing
from data_manifest.shard import check_shard, read_label
from datagen.config import OverlayConfig
from datagen.draw import ShardTask
from datagen.fingerprint import fingerprint, what_changed
from datagen.origin import Origin
from datagen.placement import make_plan
from datagen.recipe import Recipe
from datagen.scan import REJECTS_FILE, Kind, Reject, publish_rejects, scan

FAILURES_FILE = "failures.jsonl"
_SOFTWARE = ("diorama", "numpy", "opencv-python-headless", "pillow", "h5py")


class Job(NamedTuple):
    """All that is known before a pixel is drawn."""

    config: OverlayConfig
    recipe: Recipe
    header: Header
    plan: Plan
    rejects: list[Reject]

    @property
    def origin(self) -> Origin:
        """What samples are drawn from."""
        return Origin(self.header, self.recipe, self.config.bg, self.config.fg)

    def task(self, number: int) -> ShardTask:
        """The task of drawing one shard."""
        path = self.config.out / self.header.shard_name(number)
        return self.origin.task(path, self.plan.shard_records(number))


def prepare(config: OverlayConfig) -> Job:
    """Read the sources and draw the plan."""
    backgrounds, foregrounds = (
        scan(kind, folder, workers=config.workers, strict=config.strict, quiet=config.quiet)
        for kind, folder in _folders(config).items()
    )
    recipe = Recipe.of(config)
    plan, notes = make_plan(recipe, backgrounds.sources, foregrounds.sources)
    header = Header(
        fingerprint=fingerprint(recipe.described(), backgrounds.sources, foregrounds.sources),
        samples=len(plan),
        shards=plan.shard_count,
        format=config.format,
        codec=config.codec,
        size=config.size,
        maps=recipe.multi,
        recipe=recipe.described(),
        folders={
            kind: os.path.relpath(folder, config.out) for kind, folder in _folders(config).items()
        },
        backgrounds=backgrounds.sources,
        foregrounds=foregrounds.sources,
        software={name: version(name) for name in _SOFTWARE},
        notes=notes,
    )
    return Job(config, recipe, header, plan, backgrounds.rejects + foregrounds.rejects)


def _folders(config: OverlayConfig) -> dict[Kind, Path]:
    return {"bg": config.bg, "fg": config.fg}


def remarks(job: Job) -> Iterator[str]:
    """What the user should know: sources left out, and what became of the splits."""
    for reject in job.rejects:
        yield f"Left out {_folders(job.config)[reject.kind] / reject.file}: {reject.reason}."
    yield from job.header.notes


def publish_plan(job: Job) -> list[int]:
    """Write plan and header; gives the shards that are still to be drawn.

    Raises RecipeError where the folder holds a dataset of another recipe, or files in the way.
    """
    out, header = job.config.out, job.header
    old = _old_header(job)
    if job.config.overwrite:
        _clear(out, old)
    elif old is None:
        _refuse_foreign(out)
    elif old.fingerprint != header.fingerprint:
        raise RecipeError(
            f"{out} holds a dataset of another recipe: {what_changed(old, header)}. "
            "Choose another --out, or give --overwrite to replace it."
        )
    pending = [number for number in range(header.shards) if not _is_drawn(job, number)]
    if old and not pending:
        header = old
    _note_missing_digests(out, [header.shard_name(n) for n in range(header.shards)], pending)
    publish_rejects(out, job.rejects)
    job.plan.write(out / PLAN_FILE)
    header.write(out / HEADER_FILE)
    return pending


def _old_header(job: Job) -> Header | None:
    path = job.config.out / HEADER_FILE
    try:
        return Header.read(path) if path.exists() else None
    except DatasetError:
        if job.config.overwrite:
            return None
        raise


def _refuse_foreign(out: Path) -> None:
    """Raises RecipeError where files that we would write are there without a dataset."""
    names = [PLAN_FILE, REJECTS_FILE, STATS_FILE, DIGESTS_FILE, FAILURES_FILE]
    for path in [*(out / name for name in names), *_shard_files(out)]:
        if path.exists():
            raise RecipeError(
                f"{path} is in the way and not part of a dataset; choose another --out, or give "
                "--overwrite to replace it."
            )


def _is_drawn(job: Job, number: int) -> bool:
    path = job.config.out / job.header.shard_name(number)
    if not path.exists():
        return False
    try:
        check_shard(path, job.header.fingerprint, len(job.plan.shard_rows(number)))
    except RecipeError:
        raise
    except DatasetError as error:
        click.echo(f"Drawing again: {error}", err=True)
        return False
    return True


def _note_missing_digests(out: Path, shards: Sequence[str], pending: Sequence[int]) -> None:
    """Digests of shards that were finished by a run that was killed before it could note them."""
    known = read_digests(out)
    for number in sorted(set(range(len(shards))) - set(pending)):
        if shards[number] not in known:
            note_digest(out, shards[number], file_sha256(out / shards[number]))


def _clear(out: Path, old: Header | None) -> None:
    """Delete the dataset in ``out``, and nothing else that may lie there."""
    mine = {old.shard_name(number) for number in range(old.shards)} if old else set()
    with writing(out):
        for path in _shard_files(out):
            if path.name in mine or _is_shard(path):
                path.unlink()
        for name in (PLAN_FILE, HEADER_FILE, STATS_FILE, DIGESTS_FILE, FAILURES_FILE):
            (out / name).unlink(missing_ok=True)


def _shard_files(out: Path) -> list[Path]:
    return [p for ending in SHARD_ENDINGS.values() for p in sorted(out.glob(f"[0-9]*{ending}"))]


def _is_shard(path: Path) -> bool:
    try:
        read_label(path)
    except DatasetError:
        return False
    return True
