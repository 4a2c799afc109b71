"""The part of a picture that is judged, and from which to which depth.

From ZoeDepth (Bhat et al. 2023, ``zoedepth/utils/misc.py``) and Marigold (Ke et al. 2024,
``src/dataset``).
"""

from typing import Any, NamedTuple, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from data_manifest.errors import SourceError, UsageError
from data_manifest.record import Depth, Mask, Picture, Size
from depthgen.config import Crop

CROPS: tuple[Crop, ...] = get_args(Crop)
FIRST = "kitti_benchmark"
BENCHMARK = Size(1216, 352)
NYU_FRAME = Size(640, 480)
Box = tuple[float, float, float, float]
WINDOWS: dict[str, Box] = {
    "garg": (0.40810811, 0.99189189, 0.03594771, 0.96405229),
    "eigen": (0.3324324, 0.91351351, 0.0359477, 0.96405229),
}
"""Top, bottom, left and right as shares of the height and width (Garg et al. 2016, Eigen 2014)."""
NYU_WINDOW = (45, 471, 41, 601)
"""Rows and columns of a picture of 640 x 480 between which NYU Depth v2 has no white border."""
Array = TypeVar("Array", bound=npt.NDArray[Any])


class Cap(NamedTuple):
    """Depths in metres between which measured depth is judged, and to which answers are cut off."""

    low_m: float
    high_m: float


CAPS = {"nyu": Cap(1e-3, 10.0), "kitti": Cap(1e-3, 80.0)}


def find_cap(value: str | tuple[float, float]) -> Cap:
    """A cap by its name in CAPS, or two numbers in metres.

    Raises UsageError for an unknown name, or numbers that aren't 0 < low < high.
    """
    if isinstance(value, str):
        if value not in CAPS:
            raise UsageError(f"There is no cap {value!r}; choose from {', '.join(CAPS)}.")
        return CAPS[value]
    cap = Cap(*value)
    if not 0 < cap.low_m < cap.high_m < np.inf:
        raise UsageError(
            f"A cap of {cap.low_m:g} to {cap.high_m:g} m holds no depth; give two numbers of "
            "metres above 0, the less first."
        )
    return cap


def cut(crop: Crop, picture: Array) -> Array:
    """What of a picture or map, (H, W) or (H, W, C), the teacher is shown and is judged at all.

    That is all of it, but for KITTI's benchmark crop, which comes first: 1216 x 352 pixels at the
    bottom, centred. Raises SourceError where the picture is smaller than that.
    """
    if _parts(crop)[0] != FIRST:
        return picture
    size = Size.of(picture)
    top, left = size.height - BENCHMARK.height, (size.width - BENCHMARK.width) // 2
    if min(top, left) < 0:
        raise SourceError(f"a picture of {size} is less than the benchmark's {BENCHMARK}")
    rows, columns = slice(top, None), slice(left, left + BENCHMARK.width)
    return picture[rows, columns]  # type: ignore[return-value]


def cut_pair(crop: Crop, rgb: Picture, true_m: Depth) -> tuple[Picture, Depth]:
    """A picture and its measured depth, both ``cut``."""
    return cut(crop, rgb), cut(crop, true_m)


def window(crop: Crop, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns that are judged of a map of ``shape`` that is already ``cut``.

    NYU's border scales in proportion with the size. In a map of few pixels there may be none.
    """
    height, width = shape
    match _parts(crop)[1]:
        case "nyu":
            top, bottom, left, right = NYU_WINDOW
            rows = (top * height // NYU_FRAME.height, bottom * height // NYU_FRAME.height)
            columns = (left * width // NYU_FRAME.width, right * width // NYU_FRAME.width)
        case "garg" | "eigen" as name:
            shares = WINDOWS[name]
            rows = (int(shares[0] * height), int(shares[1] * height))
            columns = (int(shares[2] * width), int(shares[3] * width))
        case _:
            rows, columns = (0, height), (0, width)
    return slice(*rows), slice(*columns)


def judged_region(true_m: Depth, crop: Crop, cap: Cap) -> Mask:
    """(H, W) bool: measured depth that is known, within the crop's window and strictly the cap.

    ``true_m`` is (H, W) float in metres, already ``cut``; 0, or what isn't finite, is unknown.
    """
    region = np.zeros(true_m.shape, np.bool_)
    inside = window(crop, (true_m.shape[0], true_m.shape[1]))
    depth = true_m[inside]
    region[inside] = (depth > cap.low_m) & (depth < cap.high_m)
    return region


def _parts(crop: str) -> tuple[str, str]:
    """What is cut first, and the window then."""
    if crop not in CROPS:
        raise UsageError(f"There is no crop {crop!r}; choose from {', '.join(CROPS)}.")
    first, _, then = crop.partition("+")
    return (first, then or "none") if first == FIRST else ("none", first)
