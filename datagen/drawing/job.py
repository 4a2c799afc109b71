"""What is settled before a pixel is drawn: sources, recipe, plan, and which shards are missing."""

import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from data_manifest.commands.memory import refuse_too_large
from data_manifest.dataset import HEADER_FILE, PLAN_FILE
from data_manifest.files.claim import refuse_inputs
from data_manifest.header import Header, Kind
from data_manifest.plan import Plan
from datagen.config import OverlayConfig
from datagen.drawing.draw_shard import ShardTask
from datagen.drawing.ingredients import Ingredients
from datagen.folders.dataset_folder import claim_dataset, missing_shards
from datagen.planning.fingerprint import fingerprint
from datagen.planning.grid import count_samples
from datagen.planning.make_plan import make_plan, plan_bytes
from datagen.planning.recipe import Recipe
from datagen.sources.rejects import Reject, publish_rejects
from datagen.sources.scan import scan

_SOFTWARE = ("diorama", "numpy", "opencv-python-headless", "pillow", "h5py")


class DrawingJob(NamedTuple):
    """All that is known before a pixel is drawn."""

    config: OverlayConfig
    recipe: Recipe
    header: Header
    plan: Plan
    rejects: list[Reject]

    @property
    def ingredients(self) -> Ingredients:
        """What samples are drawn from."""
        return Ingredients(self.header, self.recipe, self.config.bg, self.config.fg)

    def task(self, number: int) -> ShardTask:
        """The task of drawing one shard."""
        path = self.config.out / self.header.shard_name(number)
        return self.ingredients.task(path, self.plan.take(self.plan.shard_rows(number)))


def settle_job(config: OverlayConfig) -> DrawingJob:
    """Read the sources and draw the plan.

    Raises UsageError for folders without usable pictures, and for plans that don't fit in memory.
    """
    backgrounds, foregrounds = (
        scan(kind, folder, workers=config.workers, strict=config.strict, quiet=config.quiet)
        for kind, folder in _folders(config).items()
    )
    recipe = Recipe.of(config)
    samples = count_samples(recipe, len(backgrounds.sources), len(foregrounds.sources))
    refuse_too_large(plan_bytes(recipe, samples), f"The plan of {samples:,} samples")
    plan, notes = make_plan(recipe, backgrounds.sources, foregrounds.sources)
    header = Header(
        fingerprint=fingerprint(recipe.described(), backgrounds.sources, foregrounds.sources),
        samples=len(plan),
        shards=plan.shard_count,
        format=config.format,
        codec=config.codec,
        size=config.size,
        maps=recipe.multi,
        made_by="datagen overlay",
        recipe=recipe.described(),
        folders={
            kind: os.path.relpath(folder, config.out) for kind, folder in _folders(config).items()
        },
        backgrounds=backgrounds.sources,
        foregrounds=foregrounds.sources,
        software={name: version(name) for name in _SOFTWARE},
        notes=notes,
    )
    return DrawingJob(config, recipe, header, plan, backgrounds.rejects + foregrounds.rejects)


def _folders(config: OverlayConfig) -> dict[Kind, Path]:
    return {"bg": config.bg, "fg": config.fg}


def remarks(job: DrawingJob) -> Iterator[str]:
    """What the user should know: sources left out, and what became of the splits."""
    for reject in job.rejects:
        folder = job.config.bg if reject.kind == "bg" else job.config.fg
        yield f"Left out {folder / reject.file}: {reject.reason}."
    yield from job.header.notes
    if job.recipe.samples and "n" in job.config.model_fields_set:
        yield f"--n {job.recipe.n} is of no effect beside --samples, which says how many there are."


def publish_plan(job: DrawingJob) -> list[int]:
    """Write header and plan; gives the shards that are still to be drawn.

    Raises RecipeError where the folder holds anything but this dataset.
    """
    out, header = job.config.out, job.header
    if job.config.overwrite:
        refuse_inputs(out, (job.config.bg, job.config.fg))
    old = claim_dataset(out, header, overwrite=job.config.overwrite)
    pending = missing_shards(out, header, job.plan, quiet=job.config.quiet)
    (header if pending or old is None else old).write(out / HEADER_FILE)
    publish_rejects(out, job.rejects)
    job.plan.write(out / PLAN_FILE)
    return pending
