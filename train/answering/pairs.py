"""A user's own pictures, in pairs of background and composite."""

from pathlib import Path

from data_manifest.errors import SourceError, UsageError
from data_manifest.pictures.decoding import decode_upright
from data_manifest.pictures.finding import find_pictures, picture_ids, read_file
from data_manifest.pictures.resizing import resize
from data_manifest.record import Picture, Size
from train.panels.panel import Question


def pair_pictures(bg: Path, fg_bg: Path) -> list[tuple[str, Path, Path]]:
    """Key, background and composite of every pair.

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
    return list(zip(picture_ids(names), backgrounds, composites, strict=True))


def _partner(folder: Path, named: dict[Path, list[Path]], name: str) -> Path:
    wanted = Path(name).with_suffix("")
    found = named.get(wanted, [])
    if len(found) != 1:
        raise UsageError(
            f"{name} needs one background, but {folder} holds {len(found)} pictures named "
            f"{wanted}; give one picture as --bg if all share it."
        )
    return found[0]


def read_pair(key: str, bg: Path, fg_bg: Path) -> Question:
    """Read a pair; the background is resized to the composite. Raises SourceError."""
    composite, background = _read(fg_bg), _read(bg)
    return Question(key, resize(background, Size.of(composite)), composite)


def _read(path: Path) -> Picture:
    try:
        return decode_upright(read_file(path), "RGB")
    except SourceError as error:
        raise SourceError(f"{path} can't be used: {error}.") from error
