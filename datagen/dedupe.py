"""``datagen dedupe``: pictures that are the same but for size or quality, shown and set aside."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from data_manifest.commands.parallel import each
from data_manifest.commands.progress import progress
from data_manifest.commands.remark import remark
from data_manifest.errors import SourceError
from data_manifest.pictures.decoding import decode_upright
from data_manifest.pictures.finding import find_pictures, read_file
from data_manifest.pictures.sheet import Strip, sheet, write_png
from data_manifest.record import Picture
from datagen.config import DedupeConfig
from datagen.folders.set_aside import beside, move
from datagen.planning.duplicate_groups import duplicate_groups
from datagen.sources.dhash import dhash
from datagen.sources.reading import premultiply

TILE = 160
ACROSS = 6


class Seen(NamedTuple):
    """A picture's name, size in pixels, perceptual hash and (TILE, TILE, 3) uint8 RGB thumbnail."""

    name: str
    pixels: int
    dhash: str
    thumbnail: Picture


Group = list[Seen]  # the one to keep first


def dedupe(config: DedupeConfig) -> str:
    """Show groups of near-duplicates and, with ``apply``, move all but the largest of each away.

    Nothing is ever deleted. Raises UsageError where there is no picture, or a file that would be
    moved is there already.
    """
    groups = find_groups(config)
    extras = [seen.name for group in groups for seen in group[1:]]
    if not extras:
        return f"no near-duplicates in {config.folder}"
    mark = f"datagen dedupe of {sha256(bytes(config.folder.resolve())).hexdigest()}"
    write_png(config.montage, montage(groups), overwrite=config.overwrite, mark=mark)
    text = f"{len(groups)} groups with {len(extras)} extra pictures are shown in {config.montage}"
    if not config.apply:
        return f"{text}\nnothing was moved; give --apply to move the extras to {aside(config)}"
    move(config.folder, aside(config), extras)
    return f"{text}\nmoved {len(extras)} extras to {aside(config)}"


def aside(config: DedupeConfig) -> Path:
    """The folder beside, where extras go."""
    return beside(config.folder, "-duplicates")


def find_groups(config: DedupeConfig) -> list[Group]:
    """Groups of two or more, each with the picture of most pixels first."""
    files = find_pictures(config.folder)
    tasks = ((config.folder, path.relative_to(config.folder).as_posix()) for path in files)
    seen: list[Seen] = []
    with progress("Comparing", len(files), "pictures", quiet=config.quiet) as advance:
        for found in each(look, tasks, config.workers):
            advance(1)
            if isinstance(found, Seen):
                seen.append(found)
            else:
                remark(f"Left out {found}", quiet=config.quiet)
    seen.sort(key=lambda one: (-one.pixels, one.name))
    groups: dict[int, Group] = {}
    labels = duplicate_groups([one.dhash for one in seen], config.distance)
    for label, one in zip(labels.tolist(), seen, strict=True):
        groups.setdefault(label, []).append(one)
    return sorted((g for g in groups.values() if len(g) > 1), key=lambda group: group[0].name)


def look(task: tuple[Path, str]) -> Seen | str:
    """Hash one picture, or say why it can't be."""
    folder, name = task
    try:
        content = read_file(folder / name)
        try:
            rgba = decode_upright(content, "RGBA")
            bgr = premultiply(cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))
        except SourceError:
            bgr = decode_upright(content, "RGB")[..., ::-1]
    except SourceError as error:
        return f"{folder / name}: {error}."
    height, width = bgr.shape[:2]
    return Seen(name, height * width, dhash(bgr), _thumbnail(bgr))


def montage(groups: Sequence[Group]) -> Picture:
    """A row per group: the picture to keep, then its extras."""
    empty = np.full((TILE, TILE, 3), 255, np.uint8)
    strips = []
    for group in groups:
        tiles = [one.thumbnail for one in group[:ACROSS]]
        more = f"   and {len(group) - ACROSS} more" if len(group) > ACROSS else ""
        names = "   ".join(one.name for one in group[1:ACROSS])
        strips.append(
            Strip(tiles + [empty] * (ACROSS - len(tiles)), f"{group[0].name}  =  {names}{more}")
        )
    return sheet(["kept", *(f"extra {n}" for n in range(1, ACROSS))], strips)


def _thumbnail(bgr: Picture) -> Picture:
    factor = TILE / max(bgr.shape[:2])
    height, width = (max(1, round(side * factor)) for side in bgr.shape[:2])
    small = cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA)
    tile = np.full((TILE, TILE, 3), 225, np.uint8)
    if small.shape[2] == 4:
        clear = 1 - small[..., 3:] / 255
        small = np.minimum(small[..., :3] + 225 * clear, 255)
    tile[:height, :width] = small[..., ::-1]
    return tile
