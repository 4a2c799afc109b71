"""Who is trained on and who is not, decided for sources before any compositing."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from data_manifest.header import KIND_NAMES, Kind, Source
from datagen.planning.duplicate_groups import duplicate_groups
from datagen.planning.geometry import Bools, Ints
from datagen.planning.random_draws import rank, uniform
from datagen.planning.recipe import SplitOptions

TRAIN, VAL, VAL_BG, VAL_FG = range(4)  # in the order of data_manifest.record.SPLITS


class HeldOut(NamedTuple):
    """Which sources of one kind are held out, (sources,) bool, and what there is to say of it."""

    mask: Bools
    notes: list[str]


class Candidates(NamedTuple):
    """Sources that may be held out: a digest of each, and a group number of near-duplicates."""

    digests: Sequence[str]
    group: Ints

    @classmethod
    def of(cls, sources: Sequence[Source]) -> "Candidates":
        """Pictures, grouped by their perceptual hashes."""
        group = duplicate_groups([source.dhash for source in sources])
        return cls([source.sha256 for source in sources], group)


def hold_out(kind: Kind, candidates: Candidates, share: float, seed: int) -> HeldOut:
    """Hold out ``share`` of the sources, to the nearest one.

    Near-duplicates count as one and move together. At least one is held out, and one kept, where
    there are two or more.
    """
    names, (digests, group) = KIND_NAMES[kind], candidates
    keys: dict[int, str] = {}
    for number, digest in zip(group.tolist(), digests, strict=True):
        keys[number] = min(keys.get(number, digest), digest)
    shuffled = sorted(keys, key=lambda number: rank(seed, f"hold-out/{kind}", keys[number]))
    wanted = round(share * len(keys))
    count = min(max(wanted, 1), len(keys) - 1) if share else 0
    notes = []
    if share and len(keys) < len(digests):
        notes.append(
            f"{len(digests) - len(keys)} of {len(digests)} {names} are near-duplicates of others; "
            f"each group counts as one, so that none is both trained on and held out."
        )
    if share and len(keys) < 2:
        notes.append(
            f"There is only one of {names}, so none is held out: no split tells how a model does "
            f"on unseen {names}."
        )
    elif count != wanted:
        notes.append(
            f"{share:.0%} of {len(keys)} {names} is {share * len(keys):.2g}; "
            f"{count} is held out, so that there is one to train on and one to validate on."
        )
    return HeldOut(np.isin(group, shuffled[:count]), notes)


class Splits(NamedTuple):
    """The split of every sample, (n,) codes; which foregrounds are held out; notes for the user."""

    codes: npt.NDArray[np.int32]
    held_fg: Bools
    notes: list[str]

    def pools(self, fg: Ints) -> tuple[Ints, list[Ints]]:
        """Which of the two pools (known and held out) sample foregrounds ``fg`` are in, and both.

        A sample's further foregrounds come from the pool of its first, so that none leaks.
        """
        pools = [np.flatnonzero(~self.held_fg), np.flatnonzero(self.held_fg)]
        return self.held_fg[fg].astype(np.int64), pools


def split_samples(
    how: SplitOptions,
    seed: int,
    candidates: tuple[Candidates, Candidates],
    rows: tuple[Ints, Ints],
) -> Splits:
    """Split samples by their sources.

    ``candidates`` are the backgrounds and the foregrounds, ``rows`` which of each a sample uses.
    """
    if how.split_by == "sample":
        unseen = uniform(seed, "split", len(rows[0])) < how.hold_out
        notes = [
            "Single samples are held out: validation sees the backgrounds and foregrounds that "
            "training sees, and will look too good."
        ]
        codes = np.where(unseen, VAL, TRAIN).astype(np.int32)
        return Splits(codes, np.zeros(len(candidates[1].digests), bool), notes)
    kinds: tuple[Kind, Kind] = ("bg", "fg")
    shares = [how.hold_out if how.split_by in ("source", kind) else 0.0 for kind in kinds]
    held = [
        hold_out(kind, of_kind, share, seed)
        for kind, of_kind, share in zip(kinds, candidates, shares, strict=True)
    ]
    new_bg, new_fg = (part.mask[row] for part, row in zip(held, rows, strict=True))
    codes = np.select([new_bg & new_fg, new_bg, new_fg], [VAL, VAL_BG, VAL_FG], TRAIN)
    notes = [note for part in held for note in part.notes]
    return Splits(codes.astype(np.int32), held[1].mask, notes)
