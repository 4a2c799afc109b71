"""A student's graph in eight bits: static, per channel, calibrated on what it was trained on.

Measured on a twin and an MDEAS, 96 px, depth's distance from that in float32: 18 cm and 2.5 m by
onnxruntime's defaults, 3.4 cm and 0.13 m so. Weights have seven bits, as sums of eight-bit products
overflow on CPUs without VNNI. Ranges are means of single samples' extremes, as one odd sample would
make the steps coarse for all. And some nodes stay in float, see ``kept_in_float``.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import onnx
from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from train.shipping.graph import INPUTS, describe, words_of
from train.shipping.variants import Maps, Pair

CONVOLUTIONS = ("Conv", "ConvTranspose")
NORMS = ("BatchNormalization", "InstanceNormalization", "GroupNormalization", "LayerNormalization")


class _Reader:
    """What onnxruntime calls a CalibrationDataReader."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self._pairs = iter(pairs)

    def get_next(self) -> dict[str, Maps] | None:
        """The next sample by input, None after the last."""
        pair = next(self._pairs, None)
        return None if pair is None else dict(zip(INPUTS, pair, strict=True))


def to_eight_bits(model: Any, pairs: Iterable[Pair]) -> bytes:
    """The content of an ONNX file that takes and gives what ``model`` does.

    ``pairs`` are single training samples. Its words are the model's.
    """
    with tempfile.TemporaryDirectory() as folder:
        whole, ready, made = (Path(folder) / f"{name}.onnx" for name in ("whole", "ready", "made"))
        onnx.save(model, whole)
        # without the symbolic shapes, which fail on resizing to the size of another tensor
        quant_pre_process(str(whole), str(ready), skip_symbolic_shape=True)
        quantize_static(
            ready,
            made,
            _Reader(pairs),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=sorted(kept_in_float(onnx.load(ready).graph)),
            extra_options={"CalibMovingAverage": True},
        )
        quantized = onnx.load(made)
    describe(quantized, words_of(model))
    return bytes(quantized.SerializeToString())


def kept_in_float(graph: Any) -> set[str]:
    """Names of the nodes that stay in float.

    All from the pictures to the first convolution, and a depthwise one right behind it, whose
    channels differ most; all from the last convolution to an answer; and norms.
    """
    makers = {name: [node] for node in graph.node for name in node.output}
    users: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    last = _until_convolutions([part.name for part in graph.output], makers, "input")
    first = _until_convolutions([part.name for part in graph.input], users, "output")
    behind = _until_convolutions(
        [name for node in first if node.op_type in CONVOLUTIONS for name in node.output],
        users,
        "output",
    )
    depthwise = [node for node in behind if _groups(node) > 1]
    norms = [node for node in graph.node if node.op_type in NORMS]
    return {node.name for node in (*first, *depthwise, *last, *norms)}


def _until_convolutions(names: list[str], neighbours: dict[str, list[Any]], way: str) -> list[Any]:
    """Nodes from some tensors on, up to and with the first convolution on each path.

    ``neighbours`` are the nodes that a tensor leads to, and ``way`` says by which of their tensors
    it goes on.
    """
    found: dict[str, Any] = {}
    while names:
        for node in neighbours.get(names.pop(), []):
            if node.name not in found:
                found[node.name] = node
                names += [] if node.op_type in CONVOLUTIONS else getattr(node, way)
    return list(found.values())


def _groups(node: Any) -> int:
    """Into how many groups a node's channels are divided, 1 where it is no such convolution."""
    return next((part.i for part in node.attribute if part.name == "group"), 1)
