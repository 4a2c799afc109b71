"""A folder of single pictures remembers the options that made it, so that it can be gone on with.

For commands whose output has no header as a dataset has.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from data_manifest.config import Config
from data_manifest.errors import RecipeError, UsageError
from data_manifest.publish import remove_leftovers, writing

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


def refuse_others(out: Path, config: Config, deciding: Sequence[str], *, overwrite: bool) -> None:
    """Raises RecipeError where pictures in ``out`` can't be gone on with.

    They were made with other options, of which those named ``deciding`` decide the pixels, or are
    somebody else's.
    """
    old, new = remembered(out), config.model_dump(mode="json")
    if not overwrite and old and any(out.rglob("*.png")):
        for name in deciding:
            if old.get(name) != new[name]:
                raise RecipeError(
                    f"{out} was made with {name.replace('_', ' ')} {old.get(name)}, not "
                    f"{new[name]}; choose another --out, or give --overwrite to make all again."
                )
    elif not overwrite and not old:
        foreign = sorted(path for path in out.iterdir() if not path.name.startswith("."))
        if foreign:
            raise RecipeError(
                f"{foreign[0]} is in the way; choose another --out, or give --overwrite to write "
                "beside it and replace files of the same name."
            )


def begin(out: Path, config: Config, targets: Iterable[Path], *, overwrite: bool) -> None:
    """Remember the options in ``out``, and delete what a killed run left half-written.

    With ``overwrite`` the targets are deleted too, before the new options are said to be theirs.
    """
    folders = set()
    for target in targets:
        folders.add(target.parent)
        if overwrite and target.is_file():
            with writing(target):
                target.unlink()
    for folder in folders:
        remove_leftovers(folder)
    config.save(out / OPTIONS_FILE)


def refuse_overlap(source: Path, out: Path) -> None:
    """Raises UsageError where one folder lies in the other: results would be read as sources."""
    inner, outer = source.resolve(), out.resolve()
    if inner == outer or inner in outer.parents or outer in inner.parents:
        raise UsageError(f"{out} and {source} overlap; choose an --out that lies elsewhere.")
