"""Batches are the same whoever reads them, and stay so while they are in use."""

import os
import signal
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError
from data_manifest.record import Size
from tests.killed import outlived_by_none
from train.data.batch import ReadBatch, room_for
from train.data.draws import Draws
from train.data.loader import Loader
from train.data.order import in_batches, shuffled
from train.data.samples import Samples
from train.data.slots import Slots


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    """torch's handler for SIGCHLD, set with the first reading process, is taken away again.

    Tests of exports open models in OpenVINO as their users do, and free them: where a CPU has AMX,
    a signal that Python handles is then a segmentation fault (see ``compiled_for_cpu``).
    """
    before = signal.getsignal(signal.SIGCHLD)
    yield
    signal.signal(signal.SIGCHLD, before)


def draws(count: int, side: int, epoch: int = 0) -> Draws:
    order = shuffled(np.arange(count), 3, epoch)
    return Draws(in_batches(order, 5), epoch, 3, Size(side, side))


def equal(one: ReadBatch, other: ReadBatch) -> bool:
    pairs = zip(one, other, strict=True)
    return all(a is b is None or torch.equal(a, b) for a, b in pairs)


def test_reading_processes_give_what_is_read_here_pass_after_pass(labelled: Path) -> None:
    samples = Samples(Dataset(labelled), augment="full")
    apart, here = Loader(samples, 2), Loader(samples, 0)
    # Larger than before, smaller again, and after a pass that was left in its midst.
    for epoch, side in enumerate((32, 96, 48)):
        wanted = draws(60, side, epoch)
        assert len(next(iter(apart.batches(wanted))).mask) == 5
        pairs = zip(apart.batches(wanted), here.batches(wanted), strict=True)
        assert sum(equal(mine, true) for mine, true in pairs) == len(wanted) == 12


@pytest.mark.parametrize(("batches", "threads"), [(1, 1), (1, 8), (5, 2), (100, 1), (100, 8)])
def test_however_much_is_read_at_a_time_batches_are_the_same(
    labelled: Path, monkeypatch: pytest.MonkeyPatch, batches: int, threads: int
) -> None:
    samples = Samples(Dataset(labelled), augment="full")
    wanted = draws(58, 32)  # the last two batches have four samples
    monkeypatch.setattr("train.data.bursts.BURST_BYTES", batches * wanted.largest)
    monkeypatch.setattr("train.data.bursts.MOST_THREADS", threads)
    monkeypatch.setattr("torch.get_num_threads", lambda: 8)
    for draw, batch in zip(wanted, Loader(samples, 0).batches(wanted), strict=True):
        alone = room_for(len(draw.rows), draw.size)
        samples.read(draw, alone)
        assert equal(batch, ReadBatch.of(alone))


def test_a_batch_stays_until_the_one_after_the_next_is_asked_for(labelled: Path) -> None:
    loader = Loader(Samples(Dataset(labelled), augment="full"), 1)
    before = kept = None
    for batch in loader.batches(draws(60, 96)):
        if before is not None:
            assert equal(before, kept)
        before, kept = batch, deepcopy(batch)


def test_no_reading_process_outlives_a_killed_trainer(labelled: Path) -> None:
    outlived_by_none(
        """
import sys
from time import sleep
from data_manifest.dataset import Dataset
from data_manifest.record import Size
from train.data.draws import as_stored
from train.data.loader import Loader
from train.data.samples import Samples

if __name__ == "__main__":
    dataset = Dataset(sys.argv[1])
    loader = Loader(Samples(dataset), 2)
    for batch in loader.batches(as_stored(dataset.rows, 1, Size(96, 96))):
        print(loader.readers, flush=True)
        sleep(60)
""",
        str(labelled),
    )


@pytest.mark.parametrize("workers", [0, 1])
def test_what_is_found_wrong_in_reading_is_raised_here(labelled: Path, workers: int) -> None:
    dataset = Dataset(labelled)
    stage = dataset.header.stages.depth
    assert stage is not None
    encoding = stage.encoding.model_copy(update={"target_scale": 9.0})
    stages = dataset.header.stages.model_copy(
        update={"depth": stage.model_copy(update={"encoding": encoding})}
    )
    dataset.header = dataset.header.model_copy(update={"stages": stages})
    with pytest.raises(DatasetError, match=r"not within \[0, 1\]"):
        list(Loader(Samples(dataset), workers).batches(draws(10, 96)))


def test_slots_are_counted_round_and_round_on_any_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    slots = Slots(3, 64)
    slots[4][:] = 7
    assert [int(slots[number].sum()) for number in range(4)] == [0, 7 * 64, 0, 0]
