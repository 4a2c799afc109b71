"""A real picture with measured depth: Middlebury's motorcycle, out of scikit-image's wheel."""

import importlib.util
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from data_manifest.record import Depth, Mask, Picture, StoredDepth

FOCAL_PX, BASELINE_MM, OFFSET_PX = 994.978, 193.001, 31.086


class Measured(NamedTuple):
    """(H, W, 3) uint8 RGB, and (H, W) uint16 millimetres, 0 where unknown."""

    rgb: Picture
    millimetres: StoredDepth

    @property
    def true_m(self) -> Depth:
        return self.millimetres.astype(np.float32) / 1000


class Case(NamedTuple):
    """A small part of it, with a prediction that is right but for a blur and the picture's grey."""

    true_m: Depth
    valid: Mask
    prediction: Depth


@pytest.fixture(scope="session")
def motorcycle() -> Measured:
    """500 x 741 pixels, 2.1 to 5 m, with unknown ones."""
    spec = importlib.util.find_spec("skimage")
    assert spec and spec.origin
    folder = Path(spec.origin).parent / "data"
    bgr = cv2.imread(str(folder / "motorcycle_left.png"))
    with np.load(folder / "motorcycle_disp.npz") as archive:
        disparity = archive["arr_0"].astype(np.float64)
    depth = FOCAL_PX * BASELINE_MM / (disparity + OFFSET_PX)
    assert bgr is not None
    return Measured(bgr[..., ::-1], np.rint(depth).astype(np.uint16))


@pytest.fixture(scope="session")
def case(motorcycle: Measured) -> Case:
    """97 x 120 pixels with edges and holes."""
    part = slice(150, 247), slice(200, 320)
    true = motorcycle.true_m
    grey = cv2.cvtColor(motorcycle.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    filled = np.where(true > 0, true, np.median(true[true > 0])).astype(np.float32)
    prediction = cv2.GaussianBlur(filled, (0, 0), 2) * 1.1 + grey - 0.5
    valid = true[part] > 0
    assert 0 < valid.mean() < 1
    return Case(true[part], valid, np.asarray(prediction[part], np.float32))
