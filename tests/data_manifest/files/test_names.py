"""Names of strangers: those that stay in their folder, and those that don't."""

from pathlib import Path

import pytest

from data_manifest.errors import DatasetError
from data_manifest.files.names import inside, is_below, is_fit_key

GOOD = ["a", "a/b", "00000001", "fg_bg/x.y.jpg", "ä ö", "a..b", "100%", "-dash"]
BAD = ["", "..", "../a", "a/../../b", "/a", "a//b", "a/", "./a", "a\0b"]


@pytest.mark.parametrize("name", GOOD)
def test_names_that_stay(name: str, tmp_path: Path) -> None:
    assert inside(tmp_path, name) == tmp_path / name
    assert is_fit_key(name)


@pytest.mark.parametrize("name", BAD)
def test_names_that_lead_elsewhere(name: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="which lies outside"):
        inside(tmp_path, name)
    assert not is_fit_key(name)


@pytest.mark.parametrize("key", [".hidden", "a/.b", "a\\b", "a\nb", "x" * 201, "a/" + "x" * 201])
def test_keys_that_cant_be_files_everywhere(key: str) -> None:
    assert not is_fit_key(key)


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "data" / "real").mkdir(parents=True)
    (tmp_path / "data" / "link").symlink_to(tmp_path)
    (tmp_path / "data" / "fine").symlink_to(tmp_path / "data" / "real")
    with pytest.raises(DatasetError, match="which lies outside"):
        inside(tmp_path / "data", "link/secret")
    assert inside(tmp_path / "data", "fine/file") == tmp_path / "data" / "fine" / "file"
    assert is_below(tmp_path / "data", tmp_path / "data")
    assert not is_below(tmp_path / "data", tmp_path / "data-2")
