"""A student in one form or another, each asked in the same way, on the CPU."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch

from data_manifest.errors import WeightsError
from data_manifest.record import Size
from train.data.batch import ReadBatch
from train.shipping.graph import Shipped, read_graph, size_of, words_of

Maps = npt.NDArray[np.float32]
Pair = tuple[Maps, Maps]
Answer = Callable[[Maps, Maps], Pair]
"""``bg`` and ``fg_bg``, (B, 3, H, W) float32 RGB in [0, 1], to mask probability and depth in its
unit, (B, 1, H, W) float32 each."""
TORCH, ONNXRUNTIME, OPENVINO = "torch", "onnxruntime", "openvino"
_ERRORS_ONLY = 3


class Variant(NamedTuple):
    """A student's file in an engine, for pictures of ``size``.

    ``words`` are what the file says of itself, nothing for a checkpoint.
    """

    file: Path
    engine: str
    size: Size
    answer: Answer
    words: Mapping[str, str]

    @property
    def name(self) -> str:
        """What it is called in tables."""
        return f"{self.file.name} in {self.engine}"

    @property
    def file_bytes(self) -> int:
        """What it takes on disk; an OpenVINO model's weights lie in a second file."""
        weights = self.file.with_suffix(".bin") if self.file.suffix == ".xml" else None
        return sum(part.stat().st_size for part in (self.file, weights) if part is not None)


def pictures_of(batch: ReadBatch) -> Pair:
    """``bg`` and ``fg_bg`` of a batch as it is read, as a variant takes them."""
    bg, fg_bg = (
        np.ascontiguousarray(picture.numpy(), np.float32) / np.float32(255)
        for picture in (batch.bg, batch.fg_bg)
    )
    return bg, fg_bg


def in_torch(file: Path, student: Shipped, size: Size) -> Variant:
    """A checkpoint's student in PyTorch, in as many threads as torch has."""

    @torch.inference_mode()
    def answer(bg: Maps, fg_bg: Maps) -> Pair:
        pair = (
            torch.from_numpy(part).contiguous(memory_format=torch.channels_last)
            for part in (bg, fg_bg)
        )
        mask, depth = student(*pair)
        return mask.numpy(), depth.numpy()

    return Variant(file, TORCH, size, answer, {})


def in_onnxruntime(file: Path, threads: int) -> Variant:
    """An exported student in onnxruntime. Raises WeightsError where it can't run it."""
    model = read_graph(file)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, _ERRORS_ONLY
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, ["CPUExecutionProvider"]
        )
    except Exception as error:
        raise WeightsError(f"{file} can't be run by onnxruntime: {in_short(error)}.") from error

    def answer(bg: Maps, fg_bg: Maps) -> Pair:
        mask, depth = session.run(None, {"bg": bg, "fg_bg": fg_bg})
        return mask, depth

    return Variant(file, ONNXRUNTIME, size_of(model), answer, words_of(model))


def in_short(error: Exception) -> str:
    """What a library says, in one line."""
    return " ".join(str(error).split())[:300]
