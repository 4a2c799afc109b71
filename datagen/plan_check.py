"""Checks of the plan alone: is it what the recipe says, is it complete, does nothing leak."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from data_manifest.header import Header, Source
from data_manifest.plan import Plan
from datagen.duplicates import duplicate_groups
from datagen.planning.fingerprint import fingerprint
from datagen.planning.placement import make_plan
from datagen.planning.recipe import Recipe
from datagen.scan import KIND_NAMES, Kind

HELD_OUT_IN: dict[Kind, tuple[str, ...]] = {"bg": ("val", "val_bg"), "fg": ("val", "val_fg")}


def plan_problems(header: Header, plan: Plan, recipe: Recipe | None) -> Iterator[str]:
    """What is wrong with a plan, in words; ``recipe`` is None for an imported dataset."""
    if len(plan) != header.samples or plan.shard_count != header.shards:
        yield (
            f"it has {len(plan):,} samples in {plan.shard_count:,} shards, but dataset.json says "
            f"{header.samples:,} in {header.shards:,}"
        )
    keys = plan.table.column("key")
    if len(keys.unique()) < len(plan):
        yield "two samples have the same key"
    if recipe is None:
        return
    sources = (header.backgrounds, header.foregrounds)
    if fingerprint(header.recipe, *sources) != header.fingerprint:
        yield "dataset.json doesn't fit its own fingerprint: recipe or sources were changed"
    elif not make_plan(recipe, *sources)[0].table.equals(plan.table):
        yield "it is not the plan of its recipe"
    if recipe.split_by != "sample":
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
