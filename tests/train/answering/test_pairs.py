"""A user's own pictures, in pairs."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_manifest.errors import SourceError, UsageError
from train.answering.pairs import PairFiles, pair_pictures, read_pairs, read_picture


@pytest.fixture
def frames(pictures: Path, tmp_path: Path) -> Path:
    """Two frames and a file that is none."""
    folder = tmp_path / "frames"
    (folder / "a").mkdir(parents=True)
    shutil.copy(pictures / "bgs" / "china.jpg", folder / "a" / "one.jpg")
    shutil.copy(pictures / "bgs" / "coffee.png", folder / "two.png")
    (folder / "a" / "bad.jpg").write_text("no picture")
    return folder


def test_one_background_for_all(frames: Path, pictures: Path) -> None:
    empty = pictures / "bgs" / "flower.jpg"
    pairs = pair_pictures(empty, frames)
    assert [pair.key for pair in pairs] == ["a/bad", "a/one", "two"]
    assert {pair.bg for pair in pairs} == {empty}
    assert pair_pictures(empty, frames / "two.png") == [PairFiles("two", empty, frames / "two.png")]


def test_backgrounds_of_like_names_whatever_the_ending(frames: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    for name in ("a/one.png", "two.jpg", "a/bad.webp"):
        (empty / name).parent.mkdir(parents=True, exist_ok=True)
        (empty / name).touch()
    pairs = pair_pictures(empty, frames)
    names = [pair.bg.relative_to(empty).as_posix() for pair in pairs]
    assert names == ["a/bad.webp", "a/one.png", "two.jpg"]
    (empty / "two.png").touch()
    with pytest.raises(UsageError, match=r"two\.png needs one background, but .* holds 2 pictures"):
        pair_pictures(empty, frames)


def test_pairs_that_cant_be_read_are_named_and_the_others_come(
    frames: Path, pictures: Path
) -> None:
    said: list[str] = []
    pairs = pair_pictures(pictures / "bgs" / "flower.jpg", frames)
    one, two = read_pairs(pairs, said.append)
    (sentence,) = said
    assert "a/bad.jpg can't be used: it is not a picture that can be decoded." in sentence
    for question, name in ((one, "a/one.jpg"), (two, "two.png")):
        with Image.open(frames / name) as picture:
            assert np.array_equal(question.fg_bg, np.asarray(picture.convert("RGB")))
        assert question.bg.shape == question.fg_bg.shape
        assert not np.array_equal(question.bg, question.fg_bg)


def test_a_background_that_cant_be_read_leaves_all_of_its_pairs_out(frames: Path) -> None:
    said: list[str] = []
    pairs = pair_pictures(frames / "a" / "bad.jpg", frames)
    assert list(read_pairs(pairs, said.append)) == []
    assert len(said) == 3


def test_what_isnt_there_is_a_sentence(frames: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no .*none; give a picture or a folder"):
        pair_pictures(tmp_path / "none", frames)
    with pytest.raises(SourceError, match=r"none\.png can't be used: it can't be read: No such"):
        read_picture(tmp_path / "none.png")
