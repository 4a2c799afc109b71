"""Everything that decides the pixels of a dataset, and its fingerprint."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from data_manifest.header import Codec, Header, ShardFormat, Source
from datagen.config import OverlayConfig, SplitBy

PLAN_VERSION = 1


class Recipe(BaseModel):
    """The options of ``datagen overlay`` that decide what is stored."""

    model_config = ConfigDict(frozen=True)

    plan_version: int = PLAN_VERSION
    n: int
    seed: int
    size: int
    scale: tuple[float, float]
    mask_threshold: int
    quality: int
    format: ShardFormat
    codec: Codec
    shard_size: int
    hold_out: float
    split_by: SplitBy
    limit: int | None

    @classmethod
    def of(cls, config: OverlayConfig) -> "Recipe":
        """The part of ``config`` that decides what is stored."""
        return cls.model_validate(config.model_dump(include=set(cls.model_fields)))


def fingerprint(
    recipe: Recipe, backgrounds: Sequence[Source], foregrounds: Sequence[Source]
) -> str:
    """SHA-256 of the recipe and of every source's id and content, as 64 hex digits."""
    content = {
        "recipe": recipe.model_dump(mode="json"),
        "bg": [(source.id, source.sha256) for source in backgrounds],
        "fg": [(source.id, source.sha256) for source in foregrounds],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def what_changed(old: Header, new: Header) -> str:
    """Says in words how two datasets' recipes differ."""
    changes = [
        f"--{name.replace('_', '-')} was {_shown(old.recipe.get(name))}, is {_shown(value)}"
        for name, value in new.recipe.items()
        if old.recipe.get(name) != value
    ]
    changes += _source_changes("backgrounds", old.backgrounds, new.backgrounds)
    changes += _source_changes("foregrounds", old.foregrounds, new.foregrounds)
    return "; ".join(changes) or "its fingerprint"


def _source_changes(names: str, old: Sequence[Source], new: Sequence[Source]) -> list[str]:
    before, after = ({source.id: source.sha256 for source in part} for part in (old, new))
    counts = {
        "added": len(after.keys() - before.keys()),
        "gone": len(before.keys() - after.keys()),
        "changed": sum(before[id_] != after[id_] for id_ in before.keys() & after.keys()),
    }
    return [f"{count} {names} {verb}" for verb, count in counts.items() if count]


def _shown(value: Any) -> str:
    return ":".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
