"""The stored composite is the file that encoding the whole picture gives, byte for byte."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from data_manifest.record import Size
from data_manifest.shards.jpeg_cells import grid_of
from datagen.config import OverlayConfig
from datagen.drawing.draw_shard import ShardTask
from datagen.drawing.job import settle_job

SIZES = ["224", "96", "100x75", "75x100", "333", "640x480", "17x40"]
LOOKS: dict[str, dict[str, object]] = {
    "alpha": {"blend": {"alpha": 1}},
    "hard": {"blend": {"hard": 1}},
    "feather": {"blend": {"feather": 1}},
    "poisson": {"blend": {"poisson": 1}},
    "shadow": {"shadow": 0.6},
    "turned and cut off": {"angle": (-40, 40), "shear": (-15, 15), "visible": 0.4},
    "several": {"objects": (2, 4), "distractors": (0, 2), "visible": 0.5},
    "several with shadows": {"objects": (2, 4), "shadow": 0.5, "jitter": 0.2, "visible": 0.5},
}


def task_of(pictures: Path, **options: object) -> ShardTask:
    folders = {"bg": pictures / "bgs", "fg": pictures / "fgs", "out": Path("data")}
    given = {"n": 1, "hold_out": 0.3, "limit": 12, "workers": 1, "quiet": True}
    job = settle_job(OverlayConfig.model_validate({**folders, **given, **options}))
    return job.task(0)


def assert_equal_to_whole(task: ShardTask) -> None:
    """Every sample as it is stored beside OpenCV's encoding of the whole picture."""
    painter, quality = task.painter(), task.recipe.quality
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    options += [cv2.IMWRITE_JPEG_RST_INTERVAL, grid_of(task.recipe.size).blocks]
    records = task.plan.records()
    assert records
    for record in records:
        stored, drawing = painter.draw_encoded(record)
        whole = painter.draw(record)
        expected = cv2.imencode(".jpg", whole.fg_bg, options)[1].tobytes()
        assert stored == expected, record
        assert np.array_equal(drawing.mask, whole.mask)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", LOOKS)
def test_stored_file_is_the_whole_pictures(pictures: Path, look: str, size: str) -> None:
    assert_equal_to_whole(task_of(pictures, size=size, **LOOKS[look]))


@pytest.mark.parametrize("size", ["224", "100x75"])
@pytest.mark.parametrize("quality", [30, 60, 90, 100])
def test_stored_file_is_the_whole_pictures_at_every_quality(
    pictures: Path, quality: int, size: str
) -> None:
    task = task_of(pictures, size=size, quality=quality, objects=(1, 3), shadow=0.4)
    assert_equal_to_whole(task)


def test_a_picture_of_which_little_is_touched_is_drawn_in_part(pictures: Path) -> None:
    task = task_of(pictures, size="224", scale=(0.2, 0.3))
    painter = task.painter()
    for record in task.plan.records():
        width, height = Size.of(painter.draw_encoded(record)[1].fg_bg)
        assert width * height < 224 * 224 / 2
