"""Whose a folder is, and whether it may be written: one rule for datasets, exports, pictures, runs.

A folder that we write carries a mark, a file that says what it is made of and is written first.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from data_manifest.errors import RecipeError, UsageError
from data_manifest.files.names import is_below
from data_manifest.files.publish import writing


class Owner(NamedTuple):
    """Who wants to write a folder.

    ``mark`` is the name of its mark and ``what`` such a folder with its article. ``difference``
    says in words how what the mark tells differs from what is to be written, nothing where it
    doesn't. ``files`` are those that such a folder consists of, by our own patterns.
    """

    mark: str
    what: str
    difference: Callable[[], str]
    files: Callable[[], Iterable[Path]]


def claim(folder: Path, owner: Owner, *, overwrite: bool) -> bool:
    """Make sure that ``folder`` may be written; call it under the folder's lock.

    Gives whether work of the same kind is there that is to be gone on with. With ``overwrite`` all
    that belongs to the owner's kind of folder is deleted, and nothing else that may lie there.
    Raises RecipeError where the folder is another's; a folder without a mark must be empty.
    """
    if not (folder / owner.mark).exists():
        _refuse_strangers(folder, owner)
        return False
    if overwrite:
        _clear(folder, owner)
        return False
    difference = owner.difference()
    if difference:
        raise RecipeError(
            f"{folder} holds {owner.what} that differs: {difference}. Choose another --out, or "
            "give --overwrite to replace it."
        )
    return True


def _refuse_strangers(folder: Path, owner: Owner) -> None:
    """Raises RecipeError where a folder without the owner's mark holds anything visible."""
    for path in sorted(folder.iterdir()):
        if not path.name.startswith("."):
            raise RecipeError(
                f"{folder} holds {path.name}, which is no part of {owner.what}; choose an empty or "
                "new folder as --out."
            )


def refuse_inputs(out: Path, inputs: Iterable[Path]) -> None:
    """Raises UsageError where pictures that are read lie in the folder that is written."""
    for path in inputs:
        if path.resolve().is_relative_to(out.resolve()):
            raise UsageError(
                f"{path} lies in --out {out}, where it could be overwritten; choose another --out."
            )


def _clear(folder: Path, owner: Owner) -> None:
    """Delete the owner's files, the mark last, and folders that are empty without them."""
    with writing(folder):
        files = [path for path in owner.files() if is_below(folder, path.parent)]
        for path in files:
            if path.is_file() or path.is_symlink():
                path.unlink()
        (folder / owner.mark).unlink()
        parents = {above for path in files for above in path.parents if folder in above.parents}
        for parent in sorted(parents, reverse=True):
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()
