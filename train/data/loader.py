"""Batches of samples, made ahead in reading processes or as they are asked for."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import count, islice
from multiprocessing import get_context
from typing import Any, NamedTuple

import cv2
import torch
from torch.utils import data

from data_manifest.commands.memory import keep_freed_memory
from data_manifest.record import Size
from train.data.batch import Batch, Shown, room_bytes, room_for
from train.data.order import Draw, Rows
from train.data.samples import Samples
from train.data.slots import Slots

EVALUATION_EPOCH = 0
AHEAD = 2  # batches that each reading process makes ahead
BURST_BYTES = 16 * 2**20
"""What the trainer reads at a time where it reads itself: after a step the processor's caches hold
nothing of what reading needs, and the first samples take twice as long."""
IN_USE = 2  # batches that the trainer may still look at, or a GPU still copy


class Draws(Sized):
    """Batches as what a loader is asked for, made one by one as they are needed.

    Millions of samples' numbers as objects would fill the memory.
    """

    def __init__(self, batches: Sequence[Rows], epoch: int, seed: int, size: Size) -> None:
        self._batches, self._how = batches, (epoch, seed, size)

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Draw]:
        return (Draw(batch, *self._how) for batch in self._batches)

    @property
    def largest(self) -> int:
        """How many bytes the largest batch takes."""
        *_, size = self._how
        return room_bytes(max(map(len, self._batches), default=0), size)


class _Asked(NamedTuple):
    """A batch, and the number of the slot that it is to lie in."""

    draw: Draw
    slot: int


class _Requests(data.Sampler[Any]):
    """What is asked for in the next pass; slots are counted on from pass to pass."""

    def __init__(self) -> None:
        self.draws, self._slots = Draws((), 0, 0, Size(1, 1)), count()

    def __len__(self) -> int:
        return len(self.draws)

    def __iter__(self) -> Iterator[Any]:
        return map(_Asked, self.draws, self._slots)


class _Reading(data.Dataset[Any]):
    """What reads: batches into ``slots``, or into memory of their own where there are none."""

    def __init__(self, samples: Samples, slots: Slots | None) -> None:
        self._samples, self._slots = samples, slots

    def __getitems__(self, asked: _Asked) -> _Asked | Shown:
        draw, slot = asked
        memory = None if self._slots is None else self._slots[slot]
        room = room_for(len(draw.rows), draw.size, memory)
        self._samples.read(draw, room)
        return room if self._slots is None else asked


class Loader:
    """Batches of ``samples`` in any order, on ``device``, the CPU if none is given.

    With ``workers`` that many processes read ahead, and stay from pass to pass; those of larger
    batches than before are new. Raises what :class:`Samples` raises.
    """

    def __init__(self, samples: Samples, workers: int, device: torch.device | None = None) -> None:
        self._samples, self._workers = samples, workers
        self._device = torch.device("cpu") if device is None else device
        self._on_gpu = self._device.type == "cuda"
        self._requests = _Requests()
        self._room = 0  # bytes of a slot
        self._slots: Slots | None = None
        if not workers:
            cv2.setNumThreads(1)  # torch has the other cores
        self._loader = self._made()

    @property
    def readers(self) -> list[int]:
        """The process numbers of its readers, once a pass has begun."""
        return [worker.pid for worker in getattr(self._loader._iterator, "_workers", ())]

    def batches(self, draws: Draws) -> Iterator[Batch]:
        """The samples of ``draws``, a batch each, as read: uint8 pictures.

        A batch is valid until the one after the next is asked for: its memory is used again.
        """
        self._make_room(draws.largest)
        if self._on_gpu:
            torch.cuda.current_stream(self._device).synchronize()
        self._requests.draws = draws
        steps: deque[torch.cuda.Event] = deque()
        for made in _in_bursts(self._loader, self._burst(draws.largest)):
            yield self._batch(made).to(self._device)
            if self._on_gpu:
                steps.append(torch.cuda.current_stream(self._device).record_event())
                if len(steps) == IN_USE:
                    steps.popleft().synchronize()

    def _make_room(self, largest: int) -> None:
        if not self._workers or largest <= self._room:
            return
        self._room = largest
        self._slots = Slots(AHEAD * self._workers + IN_USE, largest)
        self._loader = self._made()

    def _burst(self, largest: int) -> int:
        """How many batches are read in a row."""
        return 1 if self._workers or not largest else max(BURST_BYTES // largest, 1)

    def _made(self) -> data.DataLoader[Any]:
        workers = self._workers
        # What readers need is imported once, and its memory is shared by all of them.
        get_context("forkserver").set_forkserver_preload(["__main__", __name__])
        return data.DataLoader(
            _Reading(self._samples, self._slots),
            collate_fn=_as_read,
            batch_sampler=self._requests,
            num_workers=workers,
            prefetch_factor=AHEAD if workers else None,
            persistent_workers=workers > 0,
            multiprocessing_context="forkserver" if workers else None,
            worker_init_fn=_begin,
        )

    def _batch(self, made: _Asked | Shown) -> Batch:
        if isinstance(made, Shown):
            return Batch.of(made)
        assert self._slots is not None
        draw, slot = made
        return Batch.of(room_for(len(draw.rows), draw.size, self._slots[slot]))


def _in_bursts(made: Iterable[_Asked | Shown], count: int) -> Iterator[_Asked | Shown]:
    """The same, taken so many at a time."""
    rest = iter(made)
    while burst := list(islice(rest, count)):
        yield from burst


def _as_read(batch: Any) -> Any:
    return batch


def _begin(_number: int) -> None:
    keep_freed_memory()
    cv2.setNumThreads(1)  # other processes have the other cores


def as_stored(rows: Rows, batch_size: int, size: Size) -> Draws:
    """Draws of samples in their order, for evaluation; the last batch may be smaller."""
    starts = range(0, len(rows), batch_size)
    batches = [rows[start : start + batch_size] for start in starts]
    return Draws(batches, EVALUATION_EPOCH, 0, size)
