"""Where the work is done, and in which precision."""

import torch
from accelerate import Accelerator

from data_manifest.commands.device import Device, use_gpu
from train.config import CPU_BATCH, GPU_BATCH


def make_accelerator(wanted: Device) -> Accelerator:
    """float32 on a CPU, bf16 autocast on a GPU; auto is a GPU where there is one.

    Raises UsageError where a GPU is wanted and there is none.
    """
    on_gpu = use_gpu(wanted, has_gpu=torch.cuda.is_available())
    return Accelerator(cpu=not on_gpu, mixed_precision="bf16" if on_gpu else "no")


def default_batch_size(wanted: Device) -> int:
    """Samples per step that suit the device."""
    return GPU_BATCH if use_gpu(wanted, has_gpu=torch.cuda.is_available()) else CPU_BATCH
