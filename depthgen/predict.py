"""Pictures to stored depth, on any device."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from data_manifest.commands.device import Device, use_gpu
from data_manifest.commands.memory import keep_freed_memory
from data_manifest.record import Picture, StoredDepth
from depthgen.teacher import Teacher

CPU_BATCH = 4  # activations of more than this leave the cache: half the speed at 32, measured
CUDA_BATCH = 256


def choose_device(wanted: Device) -> torch.device:
    """The device for ``wanted``. Raises UsageError where a GPU is wanted and there is none."""
    return torch.device("cuda" if use_gpu(wanted, has_gpu=torch.cuda.is_available()) else "cpu")


class Predictor:
    """A teacher at work on one device: float32 on a CPU, bf16 autocast on a GPU."""

    def __init__(self, teacher: Teacher, device: torch.device) -> None:
        self._device, self._stage = device, teacher.stage
        network = teacher.network.to(device).eval()
        self.network = network.to(memory_format=torch.channels_last)
        self._batch = CPU_BATCH if device.type == "cpu" else CUDA_BATCH
        keep_freed_memory()

    def stored_depth(self, pictures: Picture) -> Iterator[StoredDepth]:
        """(n, H, W, 3) uint8 RGB to the teacher's encoding, as pieces of (n, H, W) uint16.

        Where the device's memory runs out, the pieces are halved and tried again.
        """
        start = 0
        while start < len(pictures):
            try:
                piece = self._forward(pictures[start : start + self._batch])
            except torch.cuda.OutOfMemoryError:
                if self._batch == 1:
                    raise
                self._batch //= 2
                torch.cuda.empty_cache()
                continue
            start += len(piece)
            yield piece

    @torch.inference_mode()
    def _forward(self, pictures: Picture) -> StoredDepth:
        rgb = torch.from_numpy(pictures).to(self._device).permute(0, 3, 1, 2)
        rgb = _resized(rgb.float().div_(255), self._stage.input_size)
        with torch.autocast("cuda", torch.bfloat16, enabled=self._device.type == "cuda"):
            depth = self.network(rgb.contiguous(memory_format=torch.channels_last))
        depth = _resized(depth.float(), (pictures.shape[1], pictures.shape[2]))[:, 0]
        encoding = self._stage.encoding
        return encoding.to_stored(depth.clamp(*encoding.limits).cpu().numpy())


def _resized(batch: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, C, h, w) squashed or stretched to ``size`` (height, width), antialiased."""
    if batch.shape[2:] == size:
        return batch
    return F.interpolate(batch, size, mode="bilinear", antialias=True)
