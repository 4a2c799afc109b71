"""What is settled before a pixel is drawn: sources, recipe, plan, and which shards are missing."""

import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from data_manifest.dataset import HEADER_FILE, PLAN_FILE
from data_manifest.header import Header
from data_manifest.plan import Plan
from datagen.config import OverlayConfig
from datagen.destination import claim, missing_shards, refuse_inputs
from datagen.draw import ShardTask
from datagen.origin import Origin
from datagen.planning.fingerprint import fingerprint
from datagen.planning.placement import make_plan
from datagen.planning.recipe import Recipe
from datagen.scan import Kind, Reject, publish_rejects, scan

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
        folder = job.config.bg if reject.kind == "bg" else job.config.fg
        yield f"Left out {folder / reject.file}: {reject.reason}."
    yield from job.header.notes


def publish_plan(job: Job) -> list[int]:
    """Write plan and header; gives the shards that are still to be drawn.

    Raises RecipeError where the folder holds a dataset of another recipe, or files in the way.
    """
    out, header = job.config.out, job.header
    if job.config.overwrite:
        refuse_inputs(out, (job.config.bg, job.config.fg))
    old = claim(out, header, overwrite=job.config.overwrite)
    pending = missing_shards(out, header, job.plan)
    publish_rejects(out, job.rejects)
    job.plan.write(out / PLAN_FILE)
    (header if pending or old is None else old).write(out / HEADER_FILE)
    return pending
