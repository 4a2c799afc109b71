"""Processes that read batches ahead of the trainer, into memory that both see."""

import os
from collections.abc import Iterator
from itertools import count
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, NamedTuple

import cv2
from torch.utils import data

from data_manifest.commands.memory import keep_freed_memory
from data_manifest.record import Size
from train.data.batch import Shown, room_for
from train.data.draws import Draw, Draws
from train.data.samples import Samples
from train.data.slots import Slots

AHEAD = 2  # batches that each process makes ahead
IN_USE = 2  # batches that the trainer may still look at, or a GPU still copy


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


class _Reading(data.Dataset[_Asked]):
    """What reads batches into ``slots``."""

    def __init__(self, samples: Samples, slots: Slots) -> None:
        self._samples, self._slots = samples, slots

    def __getitems__(self, asked: _Asked) -> _Asked:
        self._samples.read(asked.draw, _room(asked, self._slots))
        return asked


class ReadingProcesses:
    """``number`` processes, which stay from pass to pass; those of larger batches are new."""

    def __init__(self, samples: Samples, number: int) -> None:
        self._samples, self._number, self._requests = samples, number, _Requests()
        self._make_room(1)

    def _make_room(self, size: int) -> None:
        self._room = size
        self._slots = Slots(AHEAD * self._number + IN_USE, size)
        # What readers need is imported once, and its memory is shared by all of them.
        get_context("forkserver").set_forkserver_preload(["__main__", __name__])
        self._loader = data.DataLoader(
            _Reading(self._samples, self._slots),
            collate_fn=_as_read,
            batch_sampler=self._requests,
            num_workers=self._number,
            prefetch_factor=AHEAD,
            persistent_workers=True,
            multiprocessing_context="forkserver",
            worker_init_fn=_begin,
        )

    @property
    def pids(self) -> list[int]:
        """The numbers of the processes, once a pass has begun."""
        return [worker.pid for worker in getattr(self._loader._iterator, "_workers", ())]

    def batches(self, draws: Draws) -> Iterator[Shown]:
        """The batches of ``draws``. Raises what :class:`Samples` raises.

        A batch is valid until the one after the next is asked for: its memory is used again.
        """
        if draws.largest > self._room:
            self._make_room(draws.largest)
        self._requests.draws = draws
        return (_room(made, self._slots) for made in self._loader)


def _room(asked: _Asked, slots: Slots) -> Shown:
    return room_for(len(asked.draw.rows), asked.draw.size, slots[asked.slot])


def _as_read(asked: Any) -> Any:
    return asked


def _begin(_number: int) -> None:
    Thread(target=_end_with_trainer, daemon=True).start()
    keep_freed_memory()
    cv2.setNumThreads(1)  # other processes have the other cores


def _end_with_trainer() -> None:
    """End this process with the trainer, which may be killed.

    torch waits for the end of what forked it. That is a server, which ends after its last process.
    """
    trainer = parent_process()
    assert trainer is not None
    trainer.join()
    os._exit(1)
