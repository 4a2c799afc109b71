"""Checks of the plan alone: is it what the recipe says, is it complete, does nothing leak."""

from collections.abc import Iterator, Sequence

import numpy as np

from data_manifest.header import KIND_NAMES, Header, Kind, Source
from data_manifest.plan import Plan
from data_manifest.record import SPLITS
from datagen.planning.duplicate_groups import duplicate_groups
from datagen.planning.fingerprint import plan_version_of
from datagen.planning.geometry import Ints
from datagen.planning.make_plan import make_plan
from datagen.planning.placement_table import all_placements, codes
from datagen.planning.recipe import Recipe

HELD_OUT_IN: dict[Kind, tuple[str, ...]] = {"bg": ("val", "val_bg"), "fg": ("val", "val_fg")}


def header_problems(header: Header, recipe: Recipe | None) -> Iterator[str]:
    """What in dataset.json doesn't fit the rest of it; then nothing can be repaired by it.

    ``recipe`` is None for a dataset that wasn't drawn here, whose fingerprint says nothing of it.
    """
    if recipe is None:
        return
    if plan_version_of(header) is None:
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
    placed = all_placements(plan, [source.id for source in header.foregrounds])
    bg = codes(plan, "bg", [source.id for source in header.backgrounds])
    shown: dict[Kind, tuple[Sequence[Source], Ints, Ints]] = {
        "bg": (header.backgrounds, np.arange(len(plan)), bg),
        "fg": (header.foregrounds, placed.row, placed.fg),
    }
    for kind, (sources, row, used) in shown.items():
        group = duplicate_groups([source.dhash for source in sources])[used]
        held = np.isin(plan.words("split"), HELD_OUT_IN[kind])[plan.column("split")[row]]
        for number in np.intersect1d(group[held], group[~held]):
            name = sources[int(number)].id
            yield f"{KIND_NAMES[kind]} like {name} are both trained on and held out"
