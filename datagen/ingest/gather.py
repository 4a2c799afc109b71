"""Which existing files make up a sample, by their names or by a list."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from data_manifest.errors import UsageError
from data_manifest.pictures.finding import find_pictures
from datagen.ingest.config import ImportConfig
from datagen.ingest.layouts import BackgroundNames, DataStream, Joint, joints
from datagen.ingest.pairing_list import read_pairings


class Found(NamedTuple):
    """The files of one sample; ``depth`` is None where there is none.

    ``bg_name`` and ``fg_name`` say which sources it is made of; ``fg_name`` is empty where unknown.
    """

    key: str
    bg_name: str
    fg_name: str
    bg: Path
    fg_bg: Path
    mask: Path
    depth: Path | None


class Missing(NamedTuple):
    """A sample that can't be used, and why."""

    key: str
    reason: str


def gather(config: ImportConfig) -> tuple[list[Found], list[Missing]]:
    """The samples of an import, and those that lack something. Raises UsageError."""
    found, missing = _by_list(config) if config.list else _by_names(config)
    if not found:
        first = f"; {missing[0].key}: {missing[0].reason}" if missing else ""
        raise UsageError(
            f"No sample is complete{first}. --layout and --list say what belongs together."
        )
    return found, missing


def _by_names(config: ImportConfig) -> tuple[list[Found], list[Missing]]:
    folders: dict[DataStream, Path | None] = {
        "fg_bg": config.fg_bg,
        "mask": config.mask,
        "depth": config.depth,
    }
    files: dict[DataStream, dict[Joint, Path]] = {}
    for stream, folder in folders.items():
        if folder is not None:
            by_stem = _by_stem(folder)
            names = joints(config.layout, stream, by_stem)
            files[stream] = {joint: by_stem[stem] for joint, stem in names.items()}
    assert config.bg
    bgs = _by_stem(config.bg)
    which = BackgroundNames(list(bgs), config.per_bg)
    found, missing = [], []
    for position, (joint, fg_bg) in enumerate(files["fg_bg"].items()):
        lacks = [stream for stream in files if joint not in files[stream]]
        bg = which.of(joint, position)
        if lacks:
            missing.append(Missing(joint.key, f"it has no {' and no '.join(lacks)}"))
        elif bg is None:
            missing.append(Missing(joint.key, "its name doesn't say on which background it is"))
        else:
            depth = files["depth"][joint] if "depth" in files else None
            mask = files["mask"][joint]
            found.append(Found(joint.key, bg, joint.fg, bgs[bg], fg_bg, mask, depth))
    orphans = files["mask"].keys() - files["fg_bg"].keys()
    missing += [Missing(joint.key, "it has a mask but no fg_bg") for joint in sorted(orphans)]
    return found, missing


def _by_stem(folder: Path) -> dict[str, Path]:
    """Pictures below a folder by their relative path without the ending.

    Raises UsageError where two have the same.
    """
    found: dict[str, Path] = {}
    for path in find_pictures(folder):
        stem = path.relative_to(folder).with_suffix("").as_posix()
        if stem in found:
            raise UsageError(
                f"{found[stem]} and {path} differ in their endings only, so it isn't clear which "
                "belongs to the sample; move one away, or name the files in a --list."
            )
        found[stem] = path
    return found


def _by_list(config: ImportConfig) -> tuple[list[Found], list[Missing]]:
    assert config.list
    roots = {
        "bg": config.bg,
        "fg_bg": config.fg_bg,
        "mask": config.mask,
        "depth": config.depth,
    }
    found, missing, keys = [], [], set()
    for number, row in enumerate(read_pairings(config.list, config.columns), start=1):
        key = _name(row.get("fg_bg")) or f"line {number}"
        paths = {name: _listed(row.get(name), roots[name], config.list.parent) for name in roots}
        lacks = [name for name in ("bg", "fg_bg", "mask") if paths[name] is None]
        gone = [path for path in paths.values() if path and not _is_file(path)]
        bg, fg_bg, mask = paths["bg"], paths["fg_bg"], paths["mask"]
        if bg is None or fg_bg is None or mask is None:
            missing.append(Missing(key, f"the list says no {' and no '.join(lacks)}"))
        elif gone:
            missing.append(Missing(key, f"there is no {gone[0]}"))
        elif key in keys:
            missing.append(Missing(key, "the list has it twice"))
        else:
            keys.add(key)
            names = (_name(row["bg"]), _name(row.get("fg")))
            found.append(Found(key, *names, bg, fg_bg, mask, paths["depth"]))
    return found, missing


def _listed(value: str | None, root: Path | None, beside: Path) -> Path | None:
    return (root or beside) / value.strip() if value and value.strip() else None


def _name(value: str | None) -> str:
    path = Path((value or "").strip())
    return path.with_suffix("").as_posix() if path.name else ""


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for any file
        return False


def depth_is_whole(found: Sequence[Found]) -> bool:
    """Whether all samples have depth. Raises UsageError where only some do."""
    count = sum(sample.depth is not None for sample in found)
    if 0 < count < len(found):
        raise UsageError(
            f"Only {count:,} of {len(found):,} samples have depth; complete it, or leave it out."
        )
    return count > 0
