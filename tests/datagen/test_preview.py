from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_manifest.errors import UsageError
from datagen.config import PreviewConfig
from datagen.preview import preview


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image).astype(int)


def test_shows_every_stream(dataset: Path, labelled: Path, tmp_path: Path) -> None:
    preview(PreviewConfig(data=dataset, out=tmp_path / "three.png", samples=8))
    preview(PreviewConfig(data=labelled, out=tmp_path / "four.png", samples=8))
    three, four = (pixels(tmp_path / f"{name}.png") for name in ("three", "four"))
    assert three.shape[0] == four.shape[0]
    assert four.shape[1] - three.shape[1] == 2 * (96 + 8)
    assert (four.max(axis=2) - four.min(axis=2)).max() > 200  # colours of the depth map


def test_replaces_nothing_unasked(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "sheet.png").write_text("mine")
    with pytest.raises(UsageError, match="give --overwrite"):
        preview(PreviewConfig(data=dataset, out=tmp_path / "sheet.png"))
    assert (tmp_path / "sheet.png").read_text() == "mine"
    preview(PreviewConfig(data=dataset, out=tmp_path / "sheet.png", overwrite=True))
    assert pixels(tmp_path / "sheet.png").shape[1] > 100


@pytest.mark.parametrize("name", ["sheet.png", "report.html"])
def test_a_second_preview_of_a_dataset_takes_the_place_of_the_first(
    dataset: Path, labelled: Path, crowded: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / name
    preview(PreviewConfig(data=dataset, out=out, samples=4, quiet=True))
    first = out.read_bytes()
    preview(PreviewConfig(data=labelled, out=out, samples=4, quiet=True))
    second = out.read_bytes()
    assert second != first
    with pytest.raises(UsageError, match="give --overwrite"):
        preview(PreviewConfig(data=crowded, out=out, quiet=True))
    assert out.read_bytes() == second
