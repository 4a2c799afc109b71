"""A student as a graph of operators, in an ONNX file."""

import io
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from google.protobuf.message import DecodeError
from torch import Tensor, nn

from data_manifest.depth_stage import DepthEncoding
from data_manifest.errors import UsageError, WeightsError
from data_manifest.record import Size
from train.models.student import Student
from train.running.checkpoint import Checkpoint
from train.shipping.about import About, mark_of, refuse_strangers

OPSET = 17
ONNX, EIGHT_BITS = "model.onnx", "model.int8.onnx"
INPUTS, OUTPUTS = ("bg", "fg_bg"), ("mask", "depth")
BATCH = "batch"


class Shipped(nn.Module):
    """A student that answers with what a person means: a probability, and depth in its unit."""

    def __init__(self, student: Student, encoding: DepthEncoding) -> None:
        super().__init__()
        self.student, self.encoding = student, encoding

    def forward(self, bg: Tensor, fg_bg: Tensor) -> tuple[Tensor, Tensor]:
        """Two (B, 3, H, W) RGB in [0, 1] to mask probability and depth, (B, 1, H, W) each.

        Depth is in its unit, within the limits of what it was trained on.
        """
        mask_logits, depth = self.student(bg, fg_bg)
        return torch.sigmoid(mask_logits), self.encoding.from_target(depth.clamp(0, 1))


def shipped(checkpoint: Checkpoint) -> Shipped:
    """The student in a checkpoint, ready for use."""
    return Shipped(checkpoint.trained_model(), checkpoint.network.encoding).eval()


def to_onnx(student: Shipped, size: Size, words: About) -> bytes:
    """The content of an ONNX file: any batch of pictures of ``size``.

    By torch's exporter that traces: the one that replaced it needs two more packages, is twenty
    times as slow, and fixes the batch of every student that looks at both pictures with one encoder
    (torch 2.14, onnxscript 0.7).
    """
    file = io.BytesIO()
    pair = tuple(torch.rand(2, 2, 3, size.height, size.width))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it traces: sides are constants here, rightly
        torch.onnx.export(
            student,
            pair,
            file,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=OPSET,
            input_names=INPUTS,
            output_names=OUTPUTS,
            dynamic_axes={name: {0: BATCH} for name in (*INPUTS, *OUTPUTS)},
        )
    model = onnx.load_from_string(file.getvalue())
    for output in model.graph.output:  # the tracer doesn't see that their sides are the inputs'
        sides = output.type.tensor_type.shape.dim
        for side, length in zip(sides[1:], (1, size.height, size.width), strict=True):
            side.dim_value = length
    describe(model, words)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def describe(model: Any, words: About) -> None:
    """Write words into an ONNX model, in place of those that it has."""
    model.doc_string = mark_of(words)  # which protobuf puts before the graph
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, dict(words))


def read_graph(path: Path) -> Any:
    """The ONNX model in a file of ours.

    Raises UsageError where there is none, WeightsError where it isn't one that we exported.
    """
    if not path.is_file():
        raise UsageError(f"There is no {path}; make it with `train export {path.parent}`.")
    try:
        model = onnx.load_from_string(path.read_bytes())
    except (DecodeError, ValueError) as error:
        raise WeightsError(f"{path} is not an ONNX file, or is cut off.") from error
    refuse_strangers(path, words_of(model))
    return model


def words_of(model: Any) -> dict[str, str]:
    """What an ONNX model says of itself."""
    return {part.key: part.value for part in model.metadata_props}


def size_of(model: Any) -> Size:
    """The size of the pictures that an ONNX model takes."""
    height, width = (side.dim_value for side in model.graph.input[0].type.tensor_type.shape.dim[2:])
    return Size(width, height)
