"""Whose folder it is: export.json, written first, says what an export is made of."""

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from data_manifest.errors import RecipeError
from data_manifest.header import DepthStage
from data_manifest.lock import LOCK_FILE
from data_manifest.publish import publish_text, remove_leftovers, writing
from datagen.export.selection import Selection

LABEL_FILE = "export.json"
CARD_FILE = "README.md"
CROISSANT_FILE = "croissant.json"


class Label(BaseModel):
    """What decides the bytes of an export; ``files`` are patterns of the files that belong to it.

    ``version`` grows when the same dataset would be exported differently than before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    to: str
    fingerprint: str
    depth: DepthStage | None
    splits: tuple[str, ...]
    limit: int | None
    files: tuple[str, ...]

    @classmethod
    def of(cls, selection: Selection, files: Sequence[str]) -> "Label":
        """The label of an export."""
        header = selection.dataset.header
        return cls(
            to=selection.to,
            fingerprint=header.fingerprint,
            depth=header.stages.depth,
            splits=tuple(selection.rows),
            limit=selection.limit,
            files=tuple(files),
        )


def claim(out: Path, label: Label, *, overwrite: bool) -> None:
    """Make ``out`` the folder of this export; call it under the folder's lock.

    What a killed run left half-written is deleted, and with ``overwrite`` the export that is there.
    Raises RecipeError where ``out`` holds another export, or anything that is none.
    """
    old = _read(out / LABEL_FILE)
    if old is None:
        _refuse_foreign(out)
    elif overwrite:
        _clear(out, old)
    elif old != label:
        raise RecipeError(
            f"{out} holds another export: {_difference(old, label)}. Choose another --out, or give "
            "--overwrite to replace it."
        )
    clean(out)
    publish_text(out / LABEL_FILE, label.model_dump_json(indent=2) + "\n")


def clean(out: Path) -> None:
    """Delete what a run left half-written in an export; call it under the folder's lock."""
    for folder in {path.parent for path in out.rglob(".tmp.*")}:
        remove_leftovers(folder)


def _read(path: Path) -> Label | None:
    """The label in a folder, or None; raises RecipeError for a file that isn't one."""
    try:
        return Label.model_validate_json(path.read_bytes()) if path.exists() else None
    except (ValidationError, OSError) as error:
        raise RecipeError(
            f"{path} wasn't written by this version of `datagen pack`; choose another --out."
        ) from error


def _refuse_foreign(out: Path) -> None:
    for path in sorted(out.iterdir()):
        if path.name != LOCK_FILE and not path.match(f".tmp.*.{LABEL_FILE}"):
            raise RecipeError(
                f"{out} holds {path.name}, which is no part of an export; choose an empty or new "
                "folder as --out."
            )


def _clear(out: Path, old: Label) -> None:
    """Delete an export, and nothing else that may lie there."""
    with writing(out):
        files = [path for pattern in old.files for path in out.glob(pattern) if path.is_file()]
        for path in (*files, out / CARD_FILE, out / CROISSANT_FILE):
            path.unlink(missing_ok=True)
        folders = {folder for path in files for folder in path.parents if out in folder.parents}
        for folder in sorted(folders, reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()


def _difference(old: Label, new: Label) -> str:
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    names = {"fingerprint": "dataset", "depth": "depth stage"}
    for name in ("version", "to", "fingerprint", "depth", "splits", "limit"):
        if before[name] != after[name]:
            if name in names:
                return f"it was made of another {names[name]}"
            return f"{name} was {json.dumps(before[name])}, is {json.dumps(after[name])}"
    return "its files are named differently"
