"""Whether a step fits into memory, known before the first one is made."""

import torch
from torch import Tensor

from data_manifest.commands.memory import machine_memory
from data_manifest.errors import UsageError
from data_manifest.record import Size
from train.config.fit import FitConfig
from train.models.layout import Layout
from train.models.make import make_model

BACKWARD = 1.3
"""Gradients on their way back, beside what the way forward keeps."""


def check_memory(options: FitConfig, of_dataset: Size, device: torch.device) -> None:
    """Raises UsageError where a pass over a step's samples needs more than the device has."""
    size = max((size for size, _ in options.sizes(of_dataset)), key=lambda size: size[0] * size[1])
    samples = -(-options.samples_per_step // options.accumulate)
    needed = samples * bytes_kept(options.model, size) * BACKWARD
    there = _memory_of(device)
    if needed > there:
        fitting = max(int(samples * there / needed), 1)
        raise UsageError(
            f"A pass over {samples:,} samples of {size} pixels needs about {needed / 1e9:,.0f} GB, "
            f"and there are {there / 1e9:,.0f}; give --batch-size {fitting}, or --accumulate "
            f"{-(-options.samples_per_step // fitting)} to keep the batch."
        )


def bytes_kept(name: str, size: Size) -> int:
    """What a student keeps of one sample for the way back; counted on shapes, nothing is run."""
    with torch.device("meta"):
        model = make_model(name, Layout()).train()
        pair = torch.empty(2, 3, *size.shape), torch.empty(2, 3, *size.shape)
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[id(tensor.untyped_storage())] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        outputs = model(*pair)
    del outputs
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values()) // 2


def _memory_of(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return machine_memory()
