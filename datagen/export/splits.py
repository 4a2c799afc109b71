"""What a dataset's splits really mean, which depends on how they were held out."""

from collections.abc import Mapping
from typing import Any

from data_manifest.record import SPLITS

_BY_SOURCE = {
    "train": "to learn from",
    "val": "neither background nor foreground occurs in train",
    "val_bg": "backgrounds that don't occur in train, foregrounds that do",
    "val_fg": "foregrounds that don't occur in train, backgrounds that do",
}
_BY_SAMPLE = {
    "train": "to learn from",
    "val": "single samples: their backgrounds and foregrounds occur in train, so it looks too good",
}


def split_meanings(recipe: Mapping[str, Any]) -> dict[str, str]:
    """What each split of a dataset of this recipe is."""
    match recipe.get("split_by"):
        case "sample":
            found = _BY_SAMPLE
        case None:
            found = {}
        case _:
            found = _BY_SOURCE
    if recipe.get("hold_out") == 0:
        found = {"train": "all there is: nothing was held out"}
    return {
        split: found.get(split, "as given; how it was held out isn't known") for split in SPLITS
    }
