"""2,000 stored masks against a slow reference that shares no code with the drawing."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from data_manifest.dataset import Dataset
from data_manifest.record import Placement

SIDE = 96
POINTS = 5  # sampled across a pixel in each direction
SOFT = 64  # levels of alpha around the threshold within which two resamplings may disagree

Alphas = dict[str, npt.NDArray[np.float64]]


@pytest.fixture(scope="module")
def turned(make_dataset: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(
        tmp_path_factory.mktemp("turned") / "data",
        samples=2000,
        size=SIDE,
        scale="0.3:0.7",
        angle="-180:180",
        shear="-25:25",
        visible=0.5,
        flip="random",
        shard_size=500,
        workers=2,
    )


@pytest.fixture(scope="module")
def alphas(pictures: Path) -> Alphas:
    """The sources' alpha, trimmed by hand."""
    found = {}
    for path in (pictures / "fgs").iterdir():
        alpha = np.asarray(Image.open(path).convert("RGBA"))[..., 3]
        rows, columns = np.nonzero(alpha.any(axis=1))[0], np.nonzero(alpha.any(axis=0))[0]
        trimmed = alpha[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        found[path.stem] = trimmed.astype(np.float64)
    return found


def exact_alpha(at: Placement, alpha: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Alpha of the whole frame: the mean of the source at many points of every pixel."""
    height, width = alpha.shape
    longer = max(1, round(at.scale * SIDE))
    wide, high = (max(1, round(longer * part / max(height, width))) for part in (width, height))
    steps = (np.arange(SIDE * POINTS) + 0.5) / POINTS
    x, y = np.meshgrid(steps, steps)
    x, y = x - at.x - at.width / 2, y - at.y - at.height / 2
    turn = math.radians(at.angle)
    x, y = (  # turned back, clockwise on a screen
        x * math.cos(turn) - y * math.sin(turn),
        x * math.sin(turn) + y * math.cos(turn),
    )
    x = x + y * math.tan(math.radians(at.shear))
    x = -x if at.flip else x
    column = np.floor((x / wide + 0.5) * width).astype(int)
    row = np.floor((y / high + 0.5) * height).astype(int)
    known = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    found = np.where(known, alpha[row.clip(0, height - 1), column.clip(0, width - 1)], 0)
    return found.reshape(SIDE, POINTS, SIDE, POINTS).mean(axis=(1, 3))


def test_masks_are_what_the_placements_say(turned: Path, alphas: Alphas) -> None:
    intersections = unions = hard = 0
    dataset = Dataset(turned)
    assert len(dataset) == 2000
    for sample in dataset:
        exact = exact_alpha(*sample.record.placements, alphas[sample.record.fg])
        differs = sample.mask != (exact >= 128)
        hard += np.count_nonzero(differs & (np.abs(exact - 128) > SOFT))
        intersections += np.count_nonzero(sample.mask & (exact >= 128))
        unions += np.count_nonzero(sample.mask | (exact >= 128))
    assert hard <= unions * 1e-4
    assert intersections / unions > 0.985


def test_the_asked_share_of_every_box_is_visible(turned: Path) -> None:
    plan = Dataset(turned).plan
    shares = []
    for start, extent in (("x", "width"), ("y", "height")):
        low, size = plan.column(start), plan.column(extent)
        shares.append((np.minimum(low + size, SIDE) - np.maximum(low, 0)) / size)
    visible = shares[0] * shares[1]
    assert visible.min() >= 0.5 and visible.min() < 0.55
    assert (visible < 0.9).mean() > 0.3
