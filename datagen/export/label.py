"""export.json, written first, says what an export is made of, and so whose its folder is."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from data_manifest.depth_stage import DepthStage
from data_manifest.errors import RecipeError
from data_manifest.files.claim import Owner, claim
from data_manifest.files.publish import publish_text, remove_leftovers
from datagen.export.selection import Selection

LABEL_FILE = "export.json"
CARD_FILE = "README.md"
CROISSANT_FILE = "croissant.json"
VERSION = 2


class Label(BaseModel):
    """What decides the bytes of an export.

    ``version`` grows when the same dataset would be exported differently than before.
    """

    model_config = ConfigDict(frozen=True)

    version: int = VERSION
    to: str
    fingerprint: str
    depth: DepthStage | None
    splits: tuple[str, ...]
    limit: int | None
    where: str | None = None

    @classmethod
    def of(cls, selection: Selection) -> "Label":
        """The label of an export."""
        header = selection.dataset.header
        return cls(
            to=selection.to,
            fingerprint=header.fingerprint,
            depth=header.stages.depth,
            splits=tuple(selection.rows),
            limit=selection.limit,
            where=selection.where,
        )


def claim_export(out: Path, label: Label, patterns: Sequence[str], *, overwrite: bool) -> None:
    """Make ``out`` the folder of this export; call it under the folder's lock.

    ``patterns`` are those of the files that exports consist of. What a killed run left half-written
    is deleted, and with ``overwrite`` the export that is there. Raises RecipeError where ``out``
    holds another export, or anything that is none.
    """

    def files() -> Iterator[Path]:
        _read(out / LABEL_FILE)
        for pattern in patterns:
            yield from out.glob(pattern)
        yield from (out / CARD_FILE, out / CROISSANT_FILE)

    def difference() -> str:
        return _difference(_read(out / LABEL_FILE), label)

    claim(out, Owner(LABEL_FILE, "an export", difference, files), overwrite=overwrite)
    clean(out)
    publish_text(out / LABEL_FILE, label.model_dump_json(indent=2) + "\n")


def clean(out: Path) -> None:
    """Delete what a run left half-written in an export; call it under the folder's lock."""
    for folder in {path.parent for path in out.rglob(".tmp.*")}:
        remove_leftovers(folder)


def _read(path: Path) -> Label:
    """The label in a folder. Raises RecipeError for a file that isn't one."""
    try:
        return Label.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise RecipeError(
            f"{path} wasn't written by this version of `datagen pack`; choose another --out."
        ) from error


def _difference(old: Label, new: Label) -> str:
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    names = {"fingerprint": "dataset", "depth": "depth stage"}
    for name in before:
        if before[name] != after[name]:
            if name in names:
                return f"it was made of another {names[name]}"
            return f"{name} was {json.dumps(before[name])}, is {json.dumps(after[name])}"
    return ""
