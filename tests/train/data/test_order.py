"""Orders, batches and shares: every sample once, in an order that numbers alone decide."""

import numpy as np
import pytest

from data_manifest.record import Size
from train.data.order import in_batches, legs, not_yet_shown, share_of, shuffled, steps_of

SMALL, LARGE = Size(96, 96), Size(192, 192)


def test_orders_differ_by_epoch_and_repeat() -> None:
    rows = np.arange(50)
    first, second = (shuffled(rows, 3, epoch).tolist() for epoch in (0, 1))
    assert shuffled(rows, 3, 0).tolist() == first != second
    assert sorted(first) == sorted(second) == rows.tolist()
    assert shuffled(rows, 4, 0).tolist() != first


@pytest.mark.parametrize(("samples", "batch_size"), [(1, 8), (8, 8), (9, 8), (23, 4), (100, 7)])
def test_batches_are_nearly_equal_and_hold_every_sample_once(samples: int, batch_size: int) -> None:
    order = shuffled(np.arange(samples), 0, 0)
    batches = in_batches(order, batch_size)
    sizes = [len(batch) for batch in batches]
    assert len(batches) == steps_of(samples, batch_size)
    assert max(sizes) <= batch_size and max(sizes) - min(sizes) <= 1
    assert np.concatenate(batches).tolist() == order.tolist()


def test_what_is_left_after_each_batch() -> None:
    batches, consumed = in_batches(shuffled(np.arange(23), 0, 0), 4), 0
    for number in range(len(batches)):
        left = not_yet_shown(batches, consumed)
        assert [batch.tolist() for batch in left] == [batch.tolist() for batch in batches[number:]]
        consumed += len(batches[number])
    assert not_yet_shown(batches, consumed) == []


@pytest.mark.parametrize("ranks", [1, 2, 3, 4])
def test_processes_share_a_batch(ranks: int) -> None:
    for batch in in_batches(shuffled(np.arange(30), 1, 2), 8):
        shares = [share_of(batch, rank, ranks) for rank in range(ranks)]
        assert sorted(np.concatenate(shares)) == sorted(batch)
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_sizes_follow_one_another_in_each_link_of_a_chain() -> None:
    made = legs([(SMALL, 2), (LARGE, 1)], 10, chain=2)
    assert [leg.size for leg in made] == [SMALL, SMALL, LARGE] * 2
    assert [leg.epoch for leg in made] == list(range(6))
    assert [leg.part for leg in made] == [0, 0, 0, 1, 1, 1]
    assert made[0].rows.tolist() == [0, 1, 2, 3, 4] and made[5].rows.tolist() == [5, 6, 7, 8, 9]
