"""How often every source is used, per split, and which sources look the same."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from data_manifest.header import Source
from data_manifest.plan import Plan
from data_manifest.record import SPLITS
from datagen.planning.duplicate_groups import duplicate_groups
from datagen.planning.geometry import Ints
from datagen.planning.placement_table import PlacementTable, codes


class Usage(NamedTuple):
    """The sources of one kind, in the header's order.

    ``uses`` is (sources, splits), in the order of SPLITS; a foreground counts once for every time
    that it is drawn. ``twins`` are groups of positions whose pictures are near-duplicates.
    """

    ids: Sequence[str]
    uses: Ints
    twins: list[list[int]]

    def total(self) -> Ints:
        """Uses in all splits, (sources,)."""
        return np.asarray(self.uses.sum(axis=1))

    def per_split(self) -> Ints:
        """How many distinct sources each split shows, (splits,)."""
        return np.asarray(np.count_nonzero(self.uses, axis=0))


def split_codes(plan: Plan) -> Ints:
    """The split of every sample as a position in SPLITS, (n,)."""
    return np.asarray(np.argmax([plan.is_word("split", split) for split in SPLITS], axis=0))


def background_usage(plan: Plan, sources: Sequence[Source]) -> Usage:
    """How often backgrounds are used."""
    ids = [source.id for source in sources]
    return _usage(sources, codes(plan, "bg", ids), split_codes(plan))


def foreground_usage(plan: Plan, sources: Sequence[Source], placed: PlacementTable) -> Usage:
    """How often foregrounds are drawn, distractors too."""
    return _usage(sources, placed.fg, split_codes(plan)[placed.row])


def _usage(sources: Sequence[Source], used: Ints, split: Ints) -> Usage:
    cells = np.bincount(used * len(SPLITS) + split, minlength=len(sources) * len(SPLITS))
    return Usage(
        [source.id for source in sources], cells.reshape(len(sources), len(SPLITS)), _twins(sources)
    )


def _twins(sources: Sequence[Source]) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for number, group in enumerate(duplicate_groups([source.dhash for source in sources]).tolist()):
        groups.setdefault(group, []).append(number)
    return [members for members in groups.values() if len(members) > 1]
