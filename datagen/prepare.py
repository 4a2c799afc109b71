"""``datagen prepare``: the sources as files, cleaned, for those who want to see or use them."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from data_manifest.commands.parallel import each
from data_manifest.commands.progress import progress
from data_manifest.commands.remark import remark
from data_manifest.errors import SourceError
from data_manifest.files.lock import locked
from data_manifest.files.publish import make_folder, publishing
from data_manifest.header import Kind
from data_manifest.pictures.finding import read_file
from data_manifest.pictures.sheet import write_png
from data_manifest.record import Picture
from data_manifest.shards.codec import encode_mask
from datagen.config import PrepareConfig
from datagen.cutting.decontaminate import decontaminate, foreground_estimator
from datagen.folders.picture_folder import begin, picture_folder, refuse_overlap
from datagen.sources.fitting import fit_frame
from datagen.sources.reading import read_background, trim_cutout
from datagen.sources.rejects import REJECTS_FILE, Reject, publish_rejects
from datagen.sources.scan import scan

DECIDING = ("bg", "fg", "size", "fit", "pad", "mask_threshold", "decontaminate")


class SourceTask(NamedTuple):
    """A source file and the files that are made of it: bgs/ID.png, or fgs/ID.png, masks/ID.png."""

    kind: Kind
    file: Path
    targets: tuple[Path, ...]
    config: PrepareConfig


def prepare(config: PrepareConfig) -> str:
    """Write the cleaned sources, or those that are missing; gives a summary.

    Raises UsageError for folders without usable pictures, RecipeError where ``out`` was made with
    other options or holds foreign files, SourceError at the first bad picture with ``strict``.
    """
    tasks, rejects = _sources(config)
    if config.decontaminate:
        foreground_estimator()
    start = time.monotonic()
    make_folder(config.out)
    with locked(config.out):
        targets = [target for task in tasks for target in task.targets]
        begin(picture_folder(config, DECIDING, targets), overwrite=config.overwrite)
        for folder in {target.parent for target in targets}:
            make_folder(folder)
        publish_rejects(config.out, rejects)
        pending = [task for task in tasks if not all(path.exists() for path in task.targets)]
        with progress("Preparing", len(pending), "pictures", quiet=config.quiet) as advance:
            for _ in each(write, pending, config.workers):
                advance(1)
    lines = [
        f"{sum(task.kind == 'bg' for task in tasks):,} backgrounds and "
        f"{sum(task.kind == 'fg' for task in tasks):,} cut-outs with masks are in {config.out}",
        f"wrote {len(pending):,} of them in {time.monotonic() - start:.1f} s; "
        f"{len(tasks) - len(pending):,} were there already",
    ]
    if rejects:
        lines.append(f"{len(rejects):,} pictures left out, see {config.out / REJECTS_FILE}")
    return "\n".join(lines)


def _sources(config: PrepareConfig) -> tuple[list[SourceTask], list[Reject]]:
    """What is to be made of the usable sources, and the others, which are also named on screen."""
    folders: dict[Kind, Path | None] = {"bg": config.bg, "fg": config.fg}
    tasks: list[SourceTask] = []
    rejects: list[Reject] = []
    for kind, folder in folders.items():
        if folder is None:
            continue
        refuse_overlap(folder, config.out)
        found = scan(kind, folder, workers=config.workers, strict=config.strict, quiet=config.quiet)
        tasks += (
            SourceTask(
                kind, folder / source.file, tuple(_targets(kind, source.id, config.out)), config
            )
            for source in found.sources
        )
        for reject in found.rejects:
            remark(f"Left out {folder / reject.file}: {reject.reason}.", quiet=config.quiet)
        rejects += found.rejects
    return tasks, rejects


def _targets(kind: Kind, id_: str, out: Path) -> Iterator[Path]:
    for folder in {"bg": ("bgs",), "fg": ("fgs", "masks")}[kind]:
        yield out / folder / f"{id_}.png"


def write(task: SourceTask) -> None:
    """Make the files of one source. Raises SourceError where it has changed meanwhile."""
    try:
        content = read_file(task.file)
        if task.kind == "bg":
            size = task.config.size
            source = read_background(content, max(size))
            bgr = fit_frame(source, size, task.config.fit, task.config.pad)
            write_png(task.targets[0], bgr[..., ::-1], overwrite=True)
        else:
            _write_cutout(trim_cutout(content)[0][..., [2, 1, 0, 3]], task)
    except SourceError as error:
        raise SourceError(f"{task.file} can't be used any more: {error}.") from error


def _write_cutout(rgba: Picture, task: SourceTask) -> None:
    picture, mask = task.targets
    if task.config.decontaminate:
        rgba = decontaminate(rgba)
    with publishing(mask) as temporary:
        is_mask = rgba[..., 3] >= task.config.mask_threshold
        temporary.write_bytes(encode_mask(is_mask))
    write_png(picture, rgba, overwrite=True)
