"""A folder of single pictures remembers the options that made it, so that it can be gone on with.

For commands whose output has no header as a dataset has.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from data_manifest.errors import RecipeError, UsageError
from data_manifest.files.claim import Owner, claim
from data_manifest.files.publish import remove_leftovers, writing
from datagen.config import CutoutConfig, PrepareConfig

OPTIONS_FILE = "options.yaml"


def remembered(out: Path) -> dict[str, object]:
    """The options of the run before, as they are written in YAML; empty where there was none.

    Raises RecipeError where the file is damaged.
    """
    path = out / OPTIONS_FILE
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (yaml.YAMLError, UnicodeDecodeError):
        found = None
    if not isinstance(found, dict):
        raise RecipeError(f"{path} is damaged; delete it and run again with --overwrite.")
    return found


class PictureFolder(NamedTuple):
    """A folder of pictures that ``config`` makes; ``owner`` says whose it is."""

    out: Path
    config: CutoutConfig | PrepareConfig
    owner: Owner


def picture_folder(
    config: CutoutConfig | PrepareConfig, deciding: Sequence[str], files: Sequence[Path]
) -> PictureFolder:
    """The folder that a command writes ``files`` to; ``deciding`` options decide their pixels."""

    def difference() -> str:
        old, new = remembered(config.out), config.model_dump(mode="json")
        if not any(config.out.rglob("*.png")):
            return ""
        changes = (
            f"{name.replace('_', ' ')} was {old.get(name)}, is {new[name]}"
            for name in deciding
            if old.get(name) != new[name]
        )
        return next(changes, "")

    owner = Owner(OPTIONS_FILE, "a folder of such pictures", difference, lambda: files)
    return PictureFolder(config.out, config, owner)


def begin(folder: PictureFolder, *, overwrite: bool) -> None:
    """Make sure that the folder may be written, and remember the options in it.

    What a killed run left half-written is deleted, and with ``overwrite`` the folder's files too,
    before the new options are said to be theirs. Raises RecipeError where it is another's.
    """
    claim(folder.out, folder.owner, overwrite=overwrite)
    for path in folder.owner.files() if overwrite else ():
        with writing(path):
            path.unlink(missing_ok=True)
    for parent in {path.parent for path in folder.owner.files()}:
        if parent.is_dir():
            remove_leftovers(parent)
    folder.config.save(folder.out / OPTIONS_FILE)


def refuse_overlap(source: Path, out: Path) -> None:
    """Raises UsageError where one folder lies in the other: results would be read as sources."""
    inner, outer = source.resolve(), out.resolve()
    if inner == outer or inner in outer.parents or outer in inner.parents:
        raise UsageError(f"{out} and {source} overlap; choose an --out that lies elsewhere.")
