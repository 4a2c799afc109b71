"""What a dataset is drawn from: its recipe, and the folders where its sources lie."""

import os
from collections.abc import Sequence, Set
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from data_manifest.errors import DatasetError, UsageError
from data_manifest.header import Header, Source
from data_manifest.plan import Plan
from datagen.drawing.draw_shard import ShardTask
from datagen.drawing.painter import SourceFile
from datagen.planning.placement_table import used_sources
from datagen.planning.recipe import Recipe


class Ingredients(NamedTuple):
    """What a dataset is drawn from."""

    header: Header
    recipe: Recipe
    bg: Path
    fg: Path

    def task(self, path: Path, plan: Plan) -> ShardTask:
        """The task of drawing the samples of ``plan`` into ``path``, with the sources they use."""
        header, (bgs, fgs) = self.header, used_sources(plan)
        return ShardTask(
            path,
            header.without_sources(),
            self.recipe,
            plan,
            _files(self.bg, header.backgrounds, bgs),
            _files(self.fg, header.foregrounds, fgs),
        )


def find_ingredients(
    header: Header, data: Path, bg: Path | None, fg: Path | None
) -> Ingredients | None:
    """What the dataset in ``data`` is drawn from; None if it was imported or sources are gone.

    ``bg`` and ``fg`` are folders to look in instead of those where they were. Raises UsageError
    where these lack sources, DatasetError where the recipe is of another version.
    """
    recipe = read_recipe(header)
    if recipe is None:
        return None
    was = {kind: Path(os.path.normpath(data / path)) for kind, path in header.folders.items()}
    for given, lies, sources in (
        (bg, was["bg"], header.backgrounds),
        (fg, was["fg"], header.foregrounds),
    ):
        folder = given or lies
        missing = [source.file for source in sources if not (folder / source.file).is_file()]
        if missing and given:
            raise UsageError(f"{folder} lacks {len(missing):,} of the sources, {missing[0]} first.")
        if missing:
            return None
    return Ingredients(header, recipe, bg or was["bg"], fg or was["fg"])


def read_recipe(header: Header) -> Recipe | None:
    """The recipe of a drawn dataset, None of an imported one. Raises DatasetError."""
    if not header.folders:
        return None
    try:
        return Recipe.model_validate(header.recipe)
    except ValidationError as error:
        raise DatasetError(
            "dataset.json has a recipe that this version of Diorama doesn't know: "
            f"{error.errors()[0]['msg']}."
        ) from error


def _files(folder: Path, sources: Sequence[Source], used: Set[str]) -> dict[str, SourceFile]:
    return {
        source.id: SourceFile(folder / source.file, source.sha256)
        for source in sources
        if source.id in used
    }
