"""Where the work is done, and in which precision."""

from typing import Literal

import torch
from accelerate import Accelerator

from data_manifest.errors import UsageError


def make_accelerator(wanted: Literal["auto", "cpu", "cuda"]) -> Accelerator:
    """float32 on a CPU, bf16 autocast on a GPU; auto is a GPU where there is one.

    Raises UsageError where a GPU is wanted and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: torch finds no GPU here; use --device auto or cpu.")
    on_gpu = torch.cuda.is_available() and wanted != "cpu"
    return Accelerator(cpu=not on_gpu, mixed_precision="bf16" if on_gpu else "no")
