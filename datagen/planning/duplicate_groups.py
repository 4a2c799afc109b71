"""Which sources count as one: those whose perceptual hashes differ in a few bits only."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from datagen.planning.geometry import Ints

MOST_BITS = 8
"""Copies of half the size or low quality differ in fewer bits of 64, others in 11 or more."""
_AT_ONCE = 256


def duplicate_groups(hashes: Sequence[str], most_bits: int = MOST_BITS) -> Ints:
    """A group number per hash of 16 hex digits, (hashes,).

    Those that differ in at most ``most_bits`` share one, and so do those that are linked by others.
    Numbers are the position of the group's first hash.
    """
    bits = np.array([int(value, 16) for value in hashes], np.uint64)
    _, first, inverse = np.unique(bits, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    positions = first[order]
    return positions[_linked(bits[positions], most_bits)[rank[inverse]]]


def _linked(distinct: npt.NDArray[np.uint64], most_bits: int) -> Ints:
    """The first member of every hash's group, (n,); each hash is compared with what is left."""
    leader = np.arange(len(distinct))
    left = leader.copy()
    while len(left):
        group, left = left[:1], left[1:]
        seed, done = group[0], 0
        while done < len(group) and len(left):
            ahead = distinct[group[done : done + _AT_ONCE]]
            done += len(ahead)
            near = _near(ahead, distinct[left], most_bits)
            if near.any():
                group, left = np.concatenate([group, left[near]]), left[~near]
        leader[group] = seed
    return leader


def _near(
    some: npt.NDArray[np.uint64], others: npt.NDArray[np.uint64], most_bits: int
) -> npt.NDArray[np.bool_]:
    """Which of ``others``, (n,), differ from any of ``some`` in at most ``most_bits``."""
    near = np.zeros(len(others), bool)
    for value in some:
        near |= np.bitwise_count(others ^ value) <= most_bits
    return near
