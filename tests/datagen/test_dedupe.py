import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_manifest.errors import UsageError
from datagen.config import DedupeConfig
from datagen.dedupe import dedupe


@pytest.fixture
def folder(pictures: Path, tmp_path: Path) -> Path:
    """Five photos and seven cut-outs, with copies: smaller, recompressed, and of one cut-out."""
    mine = Path(shutil.copytree(pictures, tmp_path / "mine"))
    with Image.open(mine / "bgs" / "china.jpg") as photo:
        photo.resize((200, 133)).save(mine / "bgs" / "a-small-china.png")
        photo.save(mine / "bgs" / "low-china.jpg", quality=30)
    with Image.open(mine / "fgs" / "owl.webp") as cutout:
        cutout.resize((120, 120)).save(mine / "fgs" / "owl-copy.png")
    (mine / "bgs" / "text.png").write_text("no picture")
    return mine


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_dry_run_shows_and_moves_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = names(folder)
    text = dedupe(DedupeConfig(folder=folder, workers=1))
    assert text.startswith("2 groups with 3 extra pictures are shown in duplicates.png")
    assert "nothing was moved" in text
    assert dedupe(DedupeConfig(folder=folder, workers=1, quiet=True)) == text
    assert names(folder) == before and not (tmp_path / "mine-duplicates").exists()
    assert "text.png: it is not a picture" in capsys.readouterr().err
    with Image.open("duplicates.png") as sheet:
        shown = np.asarray(sheet)
    assert shown.shape[0] > 2 * 160 and shown.std() > 20


def test_apply_moves_all_but_the_largest_aside(folder: Path, tmp_path: Path) -> None:
    before = names(folder)
    text = dedupe(DedupeConfig(folder=folder, workers=2, quiet=True, apply=True))
    aside = tmp_path / "mine-duplicates"
    assert f"moved 3 extras to {aside}" in text
    moved = {"bgs/a-small-china.png", "bgs/low-china.jpg", "fgs/owl-copy.png"}
    assert names(aside) == moved
    assert names(folder) == before - moved
    again = DedupeConfig(folder=folder, workers=1, quiet=True, apply=True)
    assert "no near-duplicates" in dedupe(again)


def test_nothing_is_replaced(folder: Path, tmp_path: Path) -> None:
    before = names(folder)
    (tmp_path / "mine-duplicates" / "bgs").mkdir(parents=True)
    (tmp_path / "mine-duplicates" / "bgs" / "low-china.jpg").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        dedupe(DedupeConfig(folder=folder, workers=1, quiet=True, apply=True))
    assert names(folder) == before
    (tmp_path / "duplicates.png").write_text("mine too")
    with pytest.raises(UsageError, match="give --overwrite"):
        dedupe(DedupeConfig(folder=folder, workers=1, quiet=True))
    assert (tmp_path / "duplicates.png").read_text() == "mine too"


def test_distance_is_the_users(folder: Path) -> None:
    strict = DedupeConfig(folder=folder, workers=1, quiet=True, distance=0, montage="strict.png")
    loose = DedupeConfig(folder=folder, workers=1, quiet=True, distance=20, montage="loose.png")
    assert dedupe(strict) != dedupe(loose)
