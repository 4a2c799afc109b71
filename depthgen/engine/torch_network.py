"""A teacher in PyTorch: in one lane on a GPU, in as many as there are cores on a CPU."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import torch
from torch import nn

from data_manifest.commands.memory import keep_freed_memory
from data_manifest.errors import TeacherError
from data_manifest.record import Picture
from depthgen.engine.networks import Answers, squeezed
from depthgen.teachers.card import Teacher

OutOfMemory = torch.cuda.OutOfMemoryError


@contextmanager
def threads_kept() -> Iterator[None]:
    """Leave torch's threads after a block as they were before; lanes change them for all."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


class TorchNetwork:
    """float32 on a CPU, a thread to a lane; bf16 autocast with channels last on a GPU."""

    engine = "torch"

    def __init__(
        self, teacher: Teacher, device: torch.device, lanes: int, batch: int, *, compiled: bool
    ) -> None:
        self._on_gpu, self._device, self._name = device.type == "cuda", device, teacher.name
        network = teacher.network
        if isinstance(network, nn.Module):
            network = network.to(device).eval().to(memory_format=torch.channels_last)
        if compiled and network is not None:
            network = torch.compile(network)
        self._network = network
        self.precision = "bf16" if self._on_gpu else "float32"
        self.batch, self.lanes = batch, 1 if self._on_gpu else lanes
        keep_freed_memory()

    def answer(self, rgb: Picture) -> Answers:
        """See ``Network``. Raises TeacherError where the network raises or answers in no shape."""
        assert self._network is not None
        with torch.inference_mode(), self._autocast():
            batch = torch.from_numpy(rgb).to(self._device, non_blocking=True).permute(0, 3, 1, 2)
            batch = batch.float().div_(255).contiguous(memory_format=torch.channels_last)
            try:
                answers = self._network(batch)
            except (OutOfMemory, TeacherError):
                raise
            except Exception as error:
                said = " ".join(str(error).split())[:300]
                raise TeacherError(
                    f"{self._name} fails on a batch: {type(error).__name__}: {said}."
                ) from error
            if not isinstance(answers, torch.Tensor):
                raise TeacherError(
                    f"{self._name} answers with {type(answers).__name__}; expected a tensor."
                )
            return squeezed(np.asarray(answers.float().cpu()), self._name, len(rgb))

    def begin_lane(self) -> None:
        """See ``Network``. Call it within ``threads_kept``."""
        if not self._on_gpu:
            torch.set_num_threads(1)  # the others work on other pictures

    def halve(self) -> bool:
        """See ``Network``."""
        torch.cuda.empty_cache()
        self.batch, whole = max(self.batch // 2, 1), self.batch
        return whole > 1

    def _autocast(self) -> AbstractContextManager[object]:
        return torch.autocast("cuda", torch.bfloat16, enabled=self._on_gpu)
