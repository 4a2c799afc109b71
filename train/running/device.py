"""Where the work is done, and in which precision."""

import numpy as np
import torch
from accelerate import Accelerator

from data_manifest.commands.device import Device, use_gpu
from data_manifest.errors import UsageError
from train.choices import Precision
from train.config.learning import CPU_BATCH, GPU_BATCH

GPU_READERS = 8


def make_accelerator(wanted: Device, precision: Precision | None = None) -> Accelerator:
    """float32 on a CPU; on a GPU bf16 autocast where it has it, else fp16; auto is a GPU if any.

    Under torchrun each process has its share of every batch. A TPU is taken where torch_xla is
    installed, which was never tried. Raises UsageError where a GPU is wanted and there is none, or
    a precision that the device doesn't have.
    """
    on_gpu = use_gpu(wanted, has_gpu=torch.cuda.is_available())
    if precision is None:
        bf16 = on_gpu and torch.cuda.is_bf16_supported()
        precision = ("bf16" if bf16 else "fp16") if on_gpu else "fp32"
    if precision == "fp16" and not on_gpu:
        raise UsageError("--precision fp16 needs a GPU; a CPU takes fp32 or bf16.")
    return Accelerator(cpu=not on_gpu, mixed_precision="no" if precision == "fp32" else precision)


def default_batch_size(wanted: Device) -> int:
    """Samples per step that suit the device."""
    return GPU_BATCH if use_gpu(wanted, has_gpu=torch.cuda.is_available()) else CPU_BATCH


def readers(wanted: int | None, device: torch.device) -> int:
    """Reading processes: as wanted, else none on a CPU, which is busy itself."""
    if wanted is not None:
        return wanted
    return GPU_READERS if device.type == "cuda" else 0


def seed_step(seed: int, epoch: int, step: int, rank: int) -> None:
    """Seed what is random within a network, such as dropout, for one step of one process.

    So nothing of it need be saved: a run that goes on draws what it would have drawn.
    """
    mixed = np.random.SeedSequence([seed, epoch, step, rank]).generate_state(1)
    torch.manual_seed(int(mixed[0]))
