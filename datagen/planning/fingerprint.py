"""What makes two datasets the same: the hash of a recipe and its sources."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from data_manifest.commands.options import shown
from data_manifest.header import Header, Source

PLAN_VERSION = 3
"""Grows when the same recipe would give other bytes than before."""
_READABLE_VERSIONS = (2, PLAN_VERSION)


def fingerprint(
    recipe: Mapping[str, Any],
    backgrounds: Sequence[Source],
    foregrounds: Sequence[Source],
    plan_version: int = PLAN_VERSION,
) -> str:
    """SHA-256 of the recipe and of all that is known of the sources, as 64 hex digits."""
    content = {
        "plan_version": plan_version,
        "recipe": recipe,
        "bg": [source.model_dump(mode="json", exclude={"file"}) for source in backgrounds],
        "fg": [source.model_dump(mode="json", exclude={"file"}) for source in foregrounds],
    }
    return digest(content)


def plan_version_of(header: Header) -> int | None:
    """The version whose fingerprint a drawn dataset has; None where it doesn't fit any."""
    sources = (header.backgrounds, header.foregrounds)
    for version in reversed(_READABLE_VERSIONS):
        if fingerprint(header.recipe, *sources, version) == header.fingerprint:
            return version
    return None


def digest(content: object) -> str:
    """SHA-256 of JSON values, as 64 hex digits."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def what_changed(old: Header, new: Header) -> str:
    """Says in words how two datasets' recipes differ."""
    if plan_version_of(old) not in (None, PLAN_VERSION):
        return "it was drawn by an earlier version of Diorama, which wrote other bytes"
    changes = [
        f"--{name.replace('_', '-')} was {shown(old.recipe.get(name))}, is {shown(value)}"
        for name, value in new.recipe.items()
        if old.recipe.get(name) != value
    ]
    changes += _source_changes("backgrounds", old.backgrounds, new.backgrounds)
    changes += _source_changes("foregrounds", old.foregrounds, new.foregrounds)
    return "; ".join(changes) or "it was made by another version of Diorama"


def _source_changes(names: str, old: Sequence[Source], new: Sequence[Source]) -> list[str]:
    before, after = ({source.id: source.sha256 for source in part} for part in (old, new))
    counts = {
        "added": len(after.keys() - before.keys()),
        "gone": len(before.keys() - after.keys()),
        "changed": sum(before[id_] != after[id_] for id_ in before.keys() & after.keys()),
    }
    return [f"{count} {names} {verb}" for verb, count in counts.items() if count]
