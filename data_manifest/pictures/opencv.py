"""Any picture file, as OpenCV reads it."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.errors import DatasetError
from data_manifest.pictures.silence import quiet_opencv


def decode_any(data: bytes, flags: int) -> npt.NDArray[Any]:
    """A picture file as OpenCV's ``flags`` ask for it. Raises DatasetError."""
    quiet_opencv()
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    if picture is None:
        raise DatasetError(f"A stored picture of {len(data)} bytes doesn't decode.")
    return picture
