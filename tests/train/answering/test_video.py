"""Videos in and out: real frames, and files that are none."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from data_manifest.dataset import Dataset
from data_manifest.errors import SourceError, WriteError
from data_manifest.record import Picture
from train.answering.video import (
    USUAL_FPS,
    frames_of,
    is_video,
    open_clip,
    publishing_video,
    some_frames,
)

COUNT, FPS = 12, 29.97


@pytest.fixture(scope="module")
def shown(labelled: Path) -> list[Picture]:
    return [sample.fg_bg[:80] for sample in Dataset(labelled)[:COUNT]]


@pytest.fixture(scope="module")
def clip(shown: list[Picture], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    with publishing_video(path, FPS) as take:
        for frame in shown:
            take(frame)
    return path


def apart(one: Picture, other: Picture) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def nearest(frame: Picture, shown: list[Picture]) -> int:
    return min(range(len(shown)), key=lambda number: apart(frame, shown[number]))


def test_what_is_written_is_read_back_in_its_order(clip: Path, shown: list[Picture]) -> None:
    found = open_clip(clip)
    assert (found.size, found.frames) == ((96, 80), COUNT)
    assert found.fps == pytest.approx(FPS, rel=1e-4)
    read = list(frames_of(found))
    assert len(read) == COUNT and len(list(frames_of(found, 5))) == 5
    assert [nearest(frame, shown) for frame in read] == list(range(COUNT))
    assert max(apart(*both) for both in zip(read, shown, strict=True)) < 6  # of 255: lossy
    assert [path.name for path in clip.parent.iterdir()] == ["clip.mp4"]


def test_some_frames_are_spread_over_the_video(clip: Path, shown: list[Picture]) -> None:
    found = open_clip(clip)
    assert [nearest(frame, shown) for frame in some_frames(found, 4)] == [0, 3, 6, 9]
    assert [nearest(frame, shown) for frame in some_frames(found, 4, limit=2)] == [0, 1]
    unwound = found._replace(frames=0)
    assert [nearest(frame, shown) for frame in some_frames(unwound, 4)] == [0]


def test_an_odd_side_loses_its_last_line(shown: list[Picture], tmp_path: Path) -> None:
    with publishing_video(tmp_path / "odd.mp4", 10) as take:
        for frame in shown[:3]:
            take(frame[:79, :95])
    found = open_clip(tmp_path / "odd.mp4")
    assert (found.size, found.frames, found.fps) == ((94, 78), 3, 10)
    (first, *_) = frames_of(found)
    assert apart(first, shown[0][:78, :94]) < 6


def test_an_exception_leaves_nothing(shown: list[Picture], tmp_path: Path) -> None:
    def broken() -> Iterator[Picture]:
        yield shown[0]
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"), publishing_video(
        tmp_path / "half.mp4", 10
    ) as take:  # fmt: skip
        for frame in broken():
            take(frame)
    assert list(tmp_path.iterdir()) == []


def test_a_video_that_isnt_written_whole_is_a_sentence(
    shown: list[Picture], tmp_path: Path
) -> None:
    """FFmpeg leaves out a frame of another size, and says nothing, as of a full disk."""
    with pytest.raises(WriteError, match="of 2 frames 1 got there"), publishing_video(
        tmp_path / "less.mp4", 10
    ) as take:  # fmt: skip
        take(shown[0])
        take(shown[1][:40])
    with pytest.raises(WriteError, match="can't be written"), publishing_video(
        tmp_path / "none" / "clip.mp4", 10
    ) as take:  # fmt: skip
        take(shown[0])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["text", "half", "empty"])
def test_a_damaged_video_is_one_sentence(
    what: str, clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = clip.read_bytes()
    content = {"text": b"no video", "half": whole[: len(whole) // 2], "empty": b""}[what]
    (tmp_path / "bad.mp4").write_bytes(content)
    with pytest.raises(SourceError, match=r"bad\.mp4 can't be used: it is not a video"):
        open_clip(tmp_path / "bad.mp4")
    assert capfd.readouterr() == ("", "")


def test_a_video_without_a_rate_gets_a_usual_one(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "CAP_PROP_FPS", cv2.CAP_PROP_ZOOM)  # which a file doesn't have
    assert open_clip(clip).fps == USUAL_FPS


def test_videos_are_known_by_their_names(tmp_path: Path) -> None:
    assert is_video(Path("a/CLIP.MP4")) and is_video(Path("clip.webm"))
    assert not is_video(Path("clip.gif")) and not is_video(Path("mp4"))
    (tmp_path / "frames.mp4").mkdir()
    assert not is_video(tmp_path / "frames.mp4")
