"""Batches of samples on the device that trains, made ahead or as they are asked for."""

from collections import deque
from collections.abc import Iterator

import torch

from train.data.batch import ReadBatch
from train.data.bursts import ReadingBursts
from train.data.draws import Draws
from train.data.processes import IN_USE, ReadingProcesses
from train.data.samples import Samples


class Loader:
    """Batches of ``samples`` in any order, on ``device``, the CPU if none is given.

    With ``workers`` that many processes read ahead, otherwise this one reads itself. Raises what
    :class:`Samples` raises.
    """

    def __init__(self, samples: Samples, workers: int, device: torch.device | None = None) -> None:
        self._device = torch.device("cpu") if device is None else device
        self._on_gpu = self._device.type == "cuda"
        self._readers: ReadingProcesses | ReadingBursts = (
            ReadingProcesses(samples, workers) if workers else ReadingBursts(samples)
        )

    @property
    def readers(self) -> list[int]:
        """The numbers of its reading processes, once a pass has begun."""
        return self._readers.pids if isinstance(self._readers, ReadingProcesses) else []

    def batches(self, draws: Draws) -> Iterator[ReadBatch]:
        """The samples of ``draws``, a batch each, as read: uint8 pictures.

        A batch is valid until the one after the next is asked for: its memory is used again.
        """
        if self._on_gpu:
            torch.cuda.current_stream(self._device).synchronize()
        steps: deque[torch.cuda.Event] = deque()
        for shown in self._readers.batches(draws):
            yield ReadBatch.of(shown).to(self._device)
            if self._on_gpu:
                steps.append(torch.cuda.current_stream(self._device).record_event())
                if len(steps) == IN_USE:
                    steps.popleft().synchronize()
