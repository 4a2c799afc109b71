"""Which device a network runs on; asked by all that run one, and free of torch."""

from typing import Literal

from data_manifest.errors import UsageError

Device = Literal["auto", "cpu", "cuda"]


def use_gpu(wanted: Device, *, has_gpu: bool) -> bool:
    """Whether to work on a GPU; ``auto`` does where there is one.

    Raises UsageError where one is wanted and there is none.
    """
    if wanted == "cuda" and not has_gpu:
        raise UsageError("--device cuda: torch finds no GPU here; use --device auto or cpu.")
    return has_gpu and wanted != "cpu"
