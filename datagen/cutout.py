"""``datagen cutout``: foregrounds out of ordinary photos, with a picture to accept or reject them.

A cut-out that is rejected lies beside, in OUT-rejected; that it is there is how the next run knows.
"""

import difflib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from data_manifest.commands.parallel import each
from data_manifest.commands.progress import progress
from data_manifest.commands.remark import remark
from data_manifest.errors import UsageError
from data_manifest.files.claim import claim
from data_manifest.files.lock import locked
from data_manifest.files.publish import make_folder
from data_manifest.pictures.finding import find_pictures, picture_ids
from datagen.config import CutoutConfig
from datagen.cutting.cut import PhotoTask, cut, network
from datagen.cutting.decontaminate import foreground_estimator
from datagen.cutting.preview import Shown, refuse_foreign_preview, write_preview
from datagen.folders.picture_folder import begin, picture_folder, refuse_overlap
from datagen.folders.set_aside import beside, move
from datagen.sources.rejects import REJECTS_FILE, Reject, publish_rejects

DECIDING = ("photos", "weights", "size", "keep", "decontaminate")


def cutout(config: CutoutConfig) -> str:
    """Cut the object out of every photo that has no cut-out yet; gives a summary.

    Raises UsageError where there is no photo, none with a cut-out, or nothing of a rejected name,
    RecipeError where ``out`` was made with other options or holds foreign files, WeightsError where
    the network can't be had, SourceError at the first photo without a cut-out with ``strict``.
    """
    refuse_overlap(config.photos, config.out)
    all_tasks = _tasks(config)
    tasks = all_tasks[: config.limit]
    preview = config.preview or beside(config.out, "-preview.png")
    start = time.monotonic()
    make_folder(config.out)
    with locked(config.out):
        refuse_foreign_preview(preview, config)
        folder = picture_folder(config, DECIDING, [task.target for task in tasks])
        if not config.overwrite:
            claim(config.out, folder.owner, overwrite=False)
        _set_aside(config)
        wanted = [task for task in tasks if not _is_rejected(task)]
        pending = [task for task in wanted if config.overwrite or not task.target.exists()]
        if pending:
            _get_ready(config)
        begin(folder, overwrite=config.overwrite)
        rejects = _cut_all(pending, config)
        pages = write_preview(_shown(all_tasks), preview, config.workers)
    return _summary(config, _Run(tasks, wanted, pending, rejects, pages), time.monotonic() - start)


class _Run(NamedTuple):
    """This run's photos: all, those not rejected before, those to be made; and what came of it."""

    tasks: list[PhotoTask]
    wanted: list[PhotoTask]
    pending: list[PhotoTask]
    rejects: list[Reject]
    pages: list[Path]


def _summary(config: CutoutConfig, run: _Run, seconds: float) -> str:
    tasks, wanted, pending, rejects, pages = run
    if len(rejects) == len(tasks):
        raise UsageError(
            f"None of the {len(tasks)} photos in {config.photos} gave a cut-out; "
            f"{rejects[0].file}: {rejects[0].reason}."
        )
    made, left_out = len(pending) - len(rejects), len(tasks) - len(wanted)
    lines = [
        f"{len(wanted) - len(rejects):,} cut-outs are in {config.out}: made {made:,} in "
        f"{seconds:.1f} s, {len(wanted) - len(pending):,} were there already"
    ]
    if rejects:
        lines.append(f"{len(rejects):,} photos left out, see {config.out / REJECTS_FILE}")
    if left_out:
        lines.append(f"{left_out:,} that you rejected are in {beside(config.out, '-rejected')}")
    if pages:
        lines.append(f"look at {', '.join(map(str, pages))}; --reject NAME sets one aside")
    return "\n".join(lines)


def _tasks(config: CutoutConfig) -> list[PhotoTask]:
    files = find_pictures(config.photos)
    names = [path.relative_to(config.photos).as_posix() for path in files]
    ids = picture_ids(names)
    return [
        PhotoTask(name, id_, config.out / f"{id_}.png", config)
        for name, id_ in zip(names, ids, strict=True)
    ]


def _is_rejected(task: PhotoTask) -> bool:
    return (beside(task.config.out, "-rejected") / f"{task.id}.png").exists()


def _set_aside(config: CutoutConfig) -> None:
    """Move what the user rejects out of the way. Raises UsageError where there is no such one."""
    rejected = beside(config.out, "-rejected")
    here = {path.relative_to(config.out).as_posix() for path in config.out.rglob("*.png")}
    files = [f"{name.removesuffix('.png')}.png" for name in config.reject]
    for name in files:
        if name not in here and not (rejected / name).exists():
            near = difflib.get_close_matches(name, here, 1)
            hint = f"did you mean {near[0][:-4]!r}?" if near else "the preview shows the names."
            raise UsageError(f"--reject {name[:-4]}: no such cut-out in {config.out}; {hint}")
    move(config.out, rejected, sorted(here & set(files)))


def _get_ready(config: CutoutConfig) -> None:
    """Load what the workers need, so that what is missing is known before anything is made."""
    network(config.weights)
    if config.decontaminate:
        foreground_estimator()


def _cut_all(pending: Sequence[PhotoTask], config: CutoutConfig) -> list[Reject]:
    """Make the missing cut-outs on all workers; gives the photos that are left out."""
    rejects: list[Reject] = []
    with progress("Cutting out", len(pending), "photos", quiet=config.quiet) as advance:
        for reject in each(cut, pending, config.workers):
            advance(1)
            if reject is not None:
                rejects.append(reject)
    rejects.sort(key=lambda reject: reject.file)
    for reject in rejects:
        remark(f"Left out {config.photos / reject.file}: {reject.reason}.", quiet=config.quiet)
    publish_rejects(config.out, rejects)
    return rejects


def _shown(tasks: Sequence[PhotoTask]) -> list[Shown]:
    """The cut-outs that are there and not rejected."""
    return [
        Shown(task.id, task.config.photos / task.name, task.target, task.config.size)
        for task in tasks
        if task.target.exists() and not _is_rejected(task)
    ]
