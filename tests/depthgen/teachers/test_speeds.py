from pathlib import Path

import pytest

from depthgen.list_teachers import list_teachers
from depthgen.teachers.speeds import note_speed, read_speeds


def test_a_speed_is_kept_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIORAMA_CACHE", str(tmp_path))
    assert read_speeds() == {}
    note_speed("fastdepth", "openvino", 0.0061)
    note_speed("mine:net", "torch", 0.2)
    assert read_speeds() == {"fastdepth": (0.0061, "openvino"), "mine:net": (0.2, "torch")}
    row = next(line for line in list_teachers().splitlines() if line.startswith("fastdepth "))
    assert "0.0061 (openvino)" in row and "1,360,786" in row and "224x224" in row


@pytest.mark.parametrize("content", ["", "[]", '{"fastdepth": 3}', "\0"])
def test_a_damaged_note_is_none(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIORAMA_CACHE", str(tmp_path))
    (tmp_path / "speeds.json").write_text(content)
    assert read_speeds() == {}


def test_a_cache_that_cant_be_written_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DIORAMA_CACHE", str(tmp_path / "file" / "cache"))
    note_speed("fastdepth", "openvino", 0.0061)
    assert read_speeds() == {}
