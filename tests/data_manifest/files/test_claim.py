"""Whose a folder is: nothing but our own files is ever deleted, whatever its mark says."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from data_manifest.errors import RecipeError, UsageError
from data_manifest.files.claim import Owner, claim, refuse_inputs


def owner(folder: Path, difference: str = "", files: Iterable[Path] | None = None) -> Owner:
    return Owner(
        "mark.json",
        "an album",
        lambda: difference,
        lambda: folder.glob("photos/*.jpg") if files is None else files,
    )


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    (folder / "photos").mkdir(parents=True)
    (folder / "mark.json").write_text("{}")
    (folder / "photos" / "one.jpg").write_text("ours")
    return folder


def test_an_empty_folder_is_free(tmp_path: Path) -> None:
    (tmp_path / ".hidden").touch()
    assert claim(tmp_path, owner(tmp_path), overwrite=False) is False


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_strangers_folder_is_refused_even_with_overwrite(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(RecipeError, match=r"holds thesis\.tex, which is no part of an album"):
        claim(tmp_path, owner(tmp_path), overwrite=overwrite)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_the_same_is_gone_on_with_and_another_refused(album: Path) -> None:
    assert claim(album, owner(album), overwrite=False) is True
    with pytest.raises(RecipeError, match="an album that differs: size was 1, is 2"):
        claim(album, owner(album, "size was 1, is 2"), overwrite=False)
    assert (album / "photos" / "one.jpg").exists()


def test_overwrite_deletes_what_is_ours_alone(album: Path) -> None:
    (album / "photos" / "notes.txt").write_text("mine")
    assert claim(album, owner(album, "differs"), overwrite=True) is False
    assert sorted(path.name for path in album.rglob("*")) == ["notes.txt", "photos"]
    (album / "photos" / "notes.txt").unlink()
    (album / "mark.json").touch()
    (album / "photos" / "two.jpg").touch()
    claim(album, owner(album), overwrite=True)
    assert not list(album.iterdir())


def test_overwrite_deletes_nothing_through_a_link_or_outside(album: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "theirs.jpg").write_text("theirs")
    (album / "link").symlink_to(other)
    (album / "photos" / "link.jpg").symlink_to(other / "theirs.jpg")
    files = [album / "link" / "theirs.jpg", other / "theirs.jpg", album / "photos" / "link.jpg"]
    claim(album, owner(album, files=files), overwrite=True)
    assert (other / "theirs.jpg").read_text() == "theirs"
    assert [path.name for path in (album / "photos").iterdir()] == ["one.jpg"]


def test_inputs_within_the_output_are_refused(tmp_path: Path) -> None:
    (tmp_path / "out" / "bgs").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "out" / "bgs")
    refuse_inputs(tmp_path / "out", [tmp_path / "elsewhere"])
    for path in (tmp_path / "out" / "bgs", tmp_path / "link", tmp_path / "out"):
        with pytest.raises(UsageError, match="lies in --out"):
            refuse_inputs(tmp_path / "out", [path])
