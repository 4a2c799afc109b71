"""How folders of pictures with measured depth are laid out: which depth belongs to which picture.

Every function gives (name, picture, depth) triples in the order of the pictures' paths, and raises
UsageError where the folder is not laid out so.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from pathlib import Path

from data_manifest.errors import UsageError
from data_manifest.pictures.finding import ENDINGS, find_pictures, picture_ids

Triple = tuple[str, Path, Path]
RGB, DEPTH = ".rgb", ".depth.png"
ASSOCIATIONS = "associations.txt"
LARGEST_GAP_S = 0.02
"""Seconds between a picture and its depth at most: ``associate.py`` of TUM RGB-D."""


def side_by_side(folder: Path) -> list[Triple]:
    """``NAME.rgb.*`` beside ``NAME.depth.png``, at any depth of folders."""
    found = [path for path in find_pictures(folder) if Path(path.stem).suffix == RGB]
    depths = {path for path in find_pictures(folder) if path.name.endswith(DEPTH)}
    triples = []
    for path in found:
        start = path.parent / Path(path.stem).stem
        triples.append((str(start.relative_to(folder)), path, start.with_name(start.name + DEPTH)))
    return _whole(folder, triples, depths, "NAME.rgb.jpg beside NAME.depth.png")


def nyu(folder: Path) -> list[Triple]:
    """``rgb/NAME.png`` or ``.jpg`` and ``depth/NAME.png``: the labelled set of NYU Depth v2."""
    expected = "rgb/NAME.png or rgb/NAME.jpg, and depth/NAME.png"
    return _two_folders(folder, ("rgb", "depth"), ("", ""), expected)


def kitti(folder: Path) -> list[Triple]:
    """``image/`` and ``groundtruth_depth/``: ``depth_selection/val_selection_cropped`` of KITTI.

    Names differ by ``_image_``, the first of it, and ``_groundtruth_depth_`` only.
    """
    expected = "image/…_image_….png and groundtruth_depth/…_groundtruth_depth_….png"
    words = ("_image_", "_groundtruth_depth_")
    return _two_folders(folder, ("image", "groundtruth_depth"), words, expected)


def tum(folder: Path) -> list[Triple]:
    """``rgb/SECONDS.png`` and ``depth/SECONDS.png`` of TUM RGB-D, paired by time.

    ``associations.txt`` says the pairs where there is one, else they are matched one to one, the
    smallest gaps first and none above LARGEST_GAP_S; what has no partner is left out.
    """
    listed = folder / ASSOCIATIONS
    if listed.exists():
        return _associated(folder, listed)
    pictures, depths = (find_pictures(folder / name) for name in ("rgb", "depth"))
    pairs = match(_seconds(pictures), _seconds(depths), LARGEST_GAP_S)
    if not pairs:
        raise UsageError(
            f"{folder} holds no picture and depth within {LARGEST_GAP_S} s of each other; "
            "expected rgb/SECONDS.png and depth/SECONDS.png."
        )
    return [(pictures[a].stem, pictures[a], depths[b]) for a, b in pairs]


def match(first: Sequence[float], second: Sequence[float], most: float) -> list[tuple[int, int]]:
    """Indices of numbers that lie within ``most``, one to one, the nearest first; by the first."""
    order = sorted(range(len(second)), key=second.__getitem__)
    values = [second[k] for k in order]
    near = []
    for k, value in enumerate(first):
        for j in range(bisect_left(values, value - most), bisect_right(values, value + most)):
            near.append((abs(values[j] - value), k, order[j]))
    taken: dict[int, int] = {}
    used: set[int] = set()
    for _, k, j in sorted(near):
        if k not in taken and j not in used:
            taken[k] = j
            used.add(j)
    return sorted(taken.items())


def _two_folders(
    folder: Path, names: tuple[str, str], words: tuple[str, str], expected: str
) -> list[Triple]:
    """Pictures and depth in two folders, whose names are the same but for a word."""
    pictures, depths = (find_pictures(folder / name) for name in names)
    relative = [str(path.relative_to(folder / names[0])) for path in pictures]
    triples = []
    for name, path, part in zip(picture_ids(relative), pictures, relative, strict=True):
        other = str(Path(part).with_suffix(".png")).replace(*words, 1) if words[0] else part
        depth = (folder / names[1] / other).with_suffix(".png")
        triples.append((name, path, depth))
    return _whole(folder, triples, set(depths), expected)


def _whole(folder: Path, triples: list[Triple], depths: set[Path], expected: str) -> list[Triple]:
    """The triples, if there are any and none lacks its partner."""
    if not triples:
        raise UsageError(f"{folder} holds no pictures with depth; expected {expected}.")
    for _, path, depth in triples:
        if depth not in depths:
            raise UsageError(f"{path} has no depth: there is no {depth}; expected {expected}.")
    alone = depths - {depth for _, _, depth in triples}
    if alone:
        raise UsageError(f"{min(alone)} has no picture; expected {expected}.")
    return triples


def _seconds(paths: Sequence[Path]) -> list[float]:
    seconds = []
    for path in paths:
        try:
            seconds.append(float(path.stem))
        except ValueError:
            raise UsageError(
                f"{path} is not named by its time; expected seconds, such as 1305031102.175304.png."
            ) from None
    return seconds


def _associated(folder: Path, listed: Path) -> list[Triple]:
    """The pairs of a list: lines of time and file twice, picture and depth in either order."""
    try:
        lines = listed.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{listed} is not a text file that can be read.") from None
    triples = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        files = [folder / word for word in line.split()[1::2]]
        if len(files) != 2 or any(file.suffix.lower() not in ENDINGS for file in files):
            raise UsageError(
                f"Line {number} of {listed} is {line!r}; expected: SECONDS rgb/FILE.png SECONDS "
                "depth/FILE.png."
            )
        picture, depth = files[::-1] if files[0].parent.name == "depth" else files
        triples.append((picture.stem, picture, depth))
    for _, *files in triples:
        for file in files:
            if not file.is_file():
                raise UsageError(f"{listed} names {file}, which is not there.")
    return _whole(folder, triples, {depth for *_, depth in triples}, "a line for every picture")
