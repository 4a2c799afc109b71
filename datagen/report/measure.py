"""What can only be known from pixels, measured on samples that are spread evenly."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.commands.progress import Advance
from data_manifest.dataset import Dataset
from data_manifest.depth_stage import DepthEncoding
from data_manifest.record import Depth, Mask, Picture, Sample, Size
from datagen.planning.geometry import Floats, Ints

HEAT_SIDE = 64
DEPTH_LEVELS = 65536  # those of stored depth, so that every value is counted as itself


class Measured(NamedTuple):
    """Numbers of the measured samples, n of them, in the order of ``rows``.

    ``rows`` (n,) are rows of the plan; ``area`` (n,) the share of the frame that is mask;
    ``contrast`` (n,) the mean difference of fg_bg and bg within the labelled foreground that
    differs least, in levels of 255, NaN where none is seen; ``hidden`` (n,) the share of its
    labelled foreground most hidden by others, NaN without amodal maps; ``colour`` (n, 2, 2, 3) mean
    and standard deviation of bg and fg_bg, RGB in levels of 255. ``heat`` says how often a place is
    mask, and ``far`` is the mean depth of a place, zero without a teacher; both have the cells of
    ``heat_cells``. ``depth`` (2, DEPTH_LEVELS) counts pixels off and on the mask.
    """

    rows: Ints
    area: Floats
    contrast: Floats
    hidden: Floats
    colour: Floats
    heat: Floats
    depth: Floats
    far: Floats


def measure(dataset: Dataset, rows: Ints, advance: Advance) -> Measured:
    """Measure the samples in plan rows ``rows``."""
    numbers, colours = [], []
    cells = heat_cells(dataset.header.size)
    heat, far = np.zeros((2, *cells.shape))
    depth = np.zeros((2, DEPTH_LEVELS))
    for row in rows.tolist():
        sample = dataset[row]
        numbers.append((sample.mask.mean(), _contrast(sample), hidden_share(sample)))
        colours.append([cv2.meanStdDev(picture) for picture in (sample.bg, sample.fg_bg)])
        heat += _small(sample.mask.astype(np.float32), cells)
        if sample.depth is not None:
            far += _small(sample.depth, cells)
            depth += _depth_levels(sample.depth, sample.mask, dataset.depth_encoding)
        advance(1)
    area, contrast, hidden = np.array(numbers, np.float64).T
    colour = np.array(colours, np.float64)[..., 0]
    return Measured(rows, area, contrast, hidden, colour, heat / len(rows), depth, far / len(rows))


def hidden_share(sample: Sample) -> float:
    """The largest share of a labelled foreground that others hide, NaN without amodal maps."""
    if sample.amodal is None or sample.instance is None:
        return float("nan")
    whole = np.count_nonzero(sample.amodal, axis=(1, 2))
    seen = np.bincount(sample.instance.ravel(), minlength=len(whole) + 1)[1 : len(whole) + 1]
    return float((1 - seen / np.maximum(whole, 1))[whole > 0].max(initial=0))


def pooled(colour: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of all pixels, (2, 3) each, from (n, 2, 2, 3) of single pictures.

    The mean of pictures' deviations would be too low; theirs from the whole mean are added.
    """
    mean, std = colour[:, :, 0], colour[:, :, 1]
    whole = mean.mean(axis=0)
    return whole, np.sqrt((std**2 + (mean - whole) ** 2).mean(axis=0))


def _contrast(sample: Sample) -> float:
    difference = np.asarray(cv2.absdiff(sample.bg, sample.fg_bg), np.uint8)
    seen = sample.mask.astype(np.uint8) if sample.instance is None else sample.instance
    parts = (_mean_within(difference, seen == number) for number in range(1, int(seen.max()) + 1))
    return min((part for part in parts if not np.isnan(part)), default=float("nan"))


def _mean_within(difference: Picture, mask: Mask) -> float:
    if not mask.any():
        return float("nan")
    return float(np.mean(cv2.mean(difference, mask.astype(np.uint8))[:3]))


def heat_cells(frame: Size, most: int = HEAT_SIDE) -> Size:
    """Cells across and down of a map of a frame: ``most`` along its longer side."""
    return Size(*(max(1, round(side * most / max(frame))) for side in frame))


def _small(frame: npt.NDArray[np.float32], cells: Size) -> Floats:
    return cv2.resize(frame, cells, interpolation=cv2.INTER_AREA).astype(np.float64)


def _depth_levels(depth: Depth, mask: Mask, encoding: DepthEncoding) -> Floats:
    first = encoding.offset - encoding.scale / 2
    ends = sorted((first, first + DEPTH_LEVELS * encoding.scale))
    counts = [
        cv2.calcHist([depth], [0], place.astype(np.uint8), [DEPTH_LEVELS], ends)
        for place in (~mask, mask)
    ]
    return np.stack(counts).reshape(2, DEPTH_LEVELS).astype(np.float64)
