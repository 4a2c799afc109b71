"""Checks of the plan alone: is it what the recipe says, is it complete, does nothing leak."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from data_manifest.header import Header, Source
from data_manifest.plan import Plan
from data_manifest.record import SPLITS
from datagen.duplicates import duplicate_groups
from datagen.planning.fingerprint import fingerprint
from datagen.planning.placement import make_plan
from datagen.planning.recipe import Recipe
from datagen.scan import KIND_NAMES, Kind

HELD_OUT_IN: dict[Kind, tuple[str, ...]] = {"bg": ("val", "val_bg"), "fg": ("val", "val_fg")}


def header_problems(header: Header, recipe: Recipe | None) -> Iterator[str]:
    """What in dataset.json doesn't fit the rest of it; then nothing can be repaired by it.

    ``recipe`` is None for a dataset that wasn't drawn here, whose fingerprint says nothing of it.
    """
    if recipe is None:
        return
    if fingerprint(header.recipe, header.backgrounds, header.foregrounds) != header.fingerprint:
        yield "it doesn't fit its own fingerprint: recipe or sources were changed"
        return
    expected = (recipe.format, recipe.codec, recipe.size, recipe.multi)
    if (header.format, header.codec, header.size, header.maps) != expected:
        yield "format, codec, size or maps are not those of its recipe"


def plan_problems(header: Header, plan: Plan, recipe: Recipe | None) -> Iterator[str]:
    """What is wrong with a plan, in words; ``recipe`` is None where it wasn't drawn here."""
    if len(plan) != header.samples or plan.shard_count != header.shards:
        yield (
            f"it has {len(plan):,} samples in {plan.shard_count:,} shards, but dataset.json says "
            f"{header.samples:,} in {header.shards:,}"
        )
    if len(plan.table.column("key").unique()) < len(plan):
        yield "two samples have the same key"
    if not np.array_equal(plan.column("index"), np.arange(len(plan))):
        yield "its samples are not numbered from 0"
    unknown = [
        word
        for kind, sources in (("bg", header.backgrounds), ("fg", header.foregrounds))
        for word in set(plan.words(kind)) - {source.id for source in sources}
    ]
    strange = set(plan.words("split")) - set(SPLITS)
    if unknown or strange:
        yield f"it names {min([*unknown, *strange])!r}, which dataset.json doesn't know"
        return
    if recipe is not None:
        made = make_plan(recipe, header.backgrounds, header.foregrounds)[0]
        if not made.table.equals(plan.table):
            yield "it is not the plan of its recipe"
    if header.recipe.get("split_by") != "sample":
        yield from leaks(header, plan)


def leaks(header: Header, plan: Plan) -> Iterator[str]:
    """Sources, or near-duplicates of them, that are both trained on and held out."""
    split_words = plan.words("split")
    kinds: dict[Kind, Sequence[Source]] = {"bg": header.backgrounds, "fg": header.foregrounds}
    for kind, sources in kinds.items():
        group = duplicate_groups([source.dhash for source in sources])
        used = _groups_used(plan, kind, sources, group)
        held = np.isin(split_words, HELD_OUT_IN[kind])
        known, unseen = (used[rows].any(axis=0) for rows in (~held, held))
        for number in np.flatnonzero(known & unseen):
            source = sources[int(number)]
            yield f"{KIND_NAMES[kind]} like {source.id} are both trained on and held out"


def _groups_used(
    plan: Plan, kind: Kind, sources: Sequence[Source], group: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Which groups of near-duplicates each split shows, (splits, sources) bool."""
    position = {source.id: number for number, source in enumerate(sources)}
    group_of_word = np.array([group[position[word]] for word in plan.words(kind)], np.int64)
    used = np.zeros((len(plan.words("split")), len(sources)), bool)
    used[plan.column("split"), group_of_word[plan.column(kind)]] = True
    if kind == "fg" and "others" in plan.table.column_names:
        others = plan.table.column("others").combine_chunks()
        splits = np.repeat(plan.column("split"), np.diff(others.offsets.to_numpy()))
        codes = others.values.field("fg").dictionary_encode()
        words = np.array([group[position[word]] for word in codes.dictionary.to_pylist()], np.int64)
        used[splits, words[codes.indices.to_numpy()]] = True
    return used
