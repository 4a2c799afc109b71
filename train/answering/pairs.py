"""A user's own pictures, in pairs of background and composite."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from data_manifest.errors import SourceError, UsageError
from data_manifest.pictures.decoding import decode_upright
from data_manifest.pictures.finding import find_pictures, picture_ids, read_file
from data_manifest.pictures.resizing import resize
from data_manifest.record import Picture, Size
from train.panels.panel import Question


class PairFiles(NamedTuple):
    """Where a pair of pictures lies, and what it is called."""

    key: str
    bg: Path
    fg_bg: Path


def pair_pictures(bg: Path, fg_bg: Path) -> list[PairFiles]:
    """Every pair there is.

    ``fg_bg`` is a picture or a folder of them; ``bg`` is one picture for all, or a folder with
    files of the same relative name, whatever the ending.

    Raises UsageError where one has no partner, or more than one.
    """
    for path in (bg, fg_bg):
        if not path.exists():
            raise UsageError(f"There is no {path}; give a picture or a folder of pictures.")
    composites = [fg_bg] if fg_bg.is_file() else find_pictures(fg_bg)
    top = fg_bg.parent if fg_bg.is_file() else fg_bg
    names = [path.relative_to(top).as_posix() for path in composites]
    if bg.is_file():
        backgrounds = [bg] * len(composites)
    else:
        named: dict[Path, list[Path]] = {}
        for path in find_pictures(bg):
            named.setdefault(path.relative_to(bg).with_suffix(""), []).append(path)
        backgrounds = [_partner(bg, named, name) for name in names]
    return list(map(PairFiles, picture_ids(names), backgrounds, composites))


def _partner(folder: Path, named: dict[Path, list[Path]], name: str) -> Path:
    wanted = Path(name).with_suffix("")
    found = named.get(wanted, [])
    if len(found) != 1:
        raise UsageError(
            f"{name} needs one background, but {folder} holds {len(found)} pictures named "
            f"{wanted}; give one picture as --bg if all share it."
        )
    return found[0]


def read_pairs(
    pairs: Sequence[PairFiles], leave_out: Callable[[str], object]
) -> Iterator[Question]:
    """Read pairs one by one; the background is resized to the composite.

    ``leave_out`` is told of each that can't be used, in a sentence. A background that many share is
    read once.
    """
    last: tuple[Path, Picture] | None = None
    for pair in pairs:
        try:
            if last is None or last[0] != pair.bg:
                last = pair.bg, read_picture(pair.bg)
            composite = read_picture(pair.fg_bg)
        except SourceError as error:
            leave_out(str(error))
            continue
        yield Question(pair.key, resize(last[1], Size.of(composite)), composite)


def read_picture(path: Path) -> Picture:
    """A picture file, (H, W, 3) uint8 RGB. Raises SourceError where it can't be used."""
    try:
        return decode_upright(read_file(path), "RGB")
    except SourceError as error:
        raise SourceError(f"{path} can't be used: {error}.") from error
