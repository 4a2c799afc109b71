"""A teacher in PyTorch: in one lane on a GPU, in as many as there are cores on a CPU."""

import threading
from contextlib import AbstractContextManager

import numpy as np
import torch
from torch import nn

from data_manifest.commands.memory import keep_freed_memory
from data_manifest.errors import TeacherError
from data_manifest.record import Picture
from depthgen.engine.networks import Answers, squeezed
from depthgen.teachers.card import Teacher

OutOfMemory = torch.cuda.OutOfMemoryError


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
        self._lane = threading.local()
        keep_freed_memory()

    def answer(self, rgb: Picture) -> Answers:
        """See ``Network``. Raises TeacherError where the network raises or answers in no shape."""
        if not self._on_gpu and not hasattr(self._lane, "settled"):
            torch.set_num_threads(1)  # of this thread: the others work on other pictures
            self._lane.settled = True
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

    def halve(self) -> bool:
        """See ``Network``."""
        torch.cuda.empty_cache()
        self.batch, whole = max(self.batch // 2, 1), self.batch
        return whole > 1

    def _autocast(self) -> AbstractContextManager[object]:
        return torch.autocast("cuda", torch.bfloat16, enabled=self._on_gpu)
