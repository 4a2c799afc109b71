"""Answers to samples, pictures and videos, as files."""

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, SourceError, UsageError
from data_manifest.pictures.decoding import decode_upright
from data_manifest.record import Picture
from data_manifest.shards.codec import decode_depth, decode_mask
from train.answering.answer_files import KINDS
from train.answering.cutout import GREEN
from train.answering.predictor import Pair, Predictor
from train.answering.video import frames_of, open_clip, publishing_video
from train.config.trained import PredictConfig
from train.predict import predict

Config = Callable[..., PredictConfig]
FRAMES, FPS = 10, 12.5


@pytest.fixture
def config(student_run: Path, tmp_path: Path) -> Config:
    """Options, quiet and on a CPU, with --out in an empty folder."""

    def make(**options: object) -> PredictConfig:
        given = {"run": student_run, "out": tmp_path / "out", "device": "cpu", "quiet": True}
        return PredictConfig.model_validate({**given, **options})

    return make


@pytest.fixture(scope="module")
def bg_file(pictures: Path) -> Path:
    return pictures / "bgs" / "china.jpg"


@pytest.fixture(scope="module")
def moving(pictures: Path, bg_file: Path) -> list[Picture]:
    """A cut-out that walks through a photo: frames of 320 x 214 px."""
    bg = cv2.resize(decode_upright(bg_file.read_bytes(), "RGB"), (320, 214))
    cat = decode_upright((pictures / "fgs" / "cat.webp").read_bytes(), "RGBA")
    cat = cv2.resize(cat, (96, 96), interpolation=cv2.INTER_AREA)
    alpha, frames = cat[..., 3:] / 255, []
    for number in range(FRAMES):
        frame, left = bg.copy(), 20 * number
        part = frame[80:176, left : left + 96]
        part[:] = part * (1 - alpha) + cat[..., :3] * alpha
        frames.append(np.asarray(frame, np.uint8))
    return frames


@pytest.fixture(scope="module")
def clip(moving: list[Picture], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "walk.mp4"
    with publishing_video(path, FPS) as take:
        for frame in moving:
            take(frame)
    return path


def test_samples_are_answered_beside_their_truth(
    config: Config, labelled: Path, student_run: Path
) -> None:
    asked = config(shards=(str(labelled),), limit=3)
    assert predict(asked) == f"3 predictions in {asked.out}; 3 of them are in {asked.out}/panel.png"
    names = {path.name for path in asked.out.iterdir()}
    samples = {sample.record.key: sample for sample in Dataset(labelled, split="val")}
    keys = {name.split(".")[0] for name in names} - {"panel"}
    assert len(keys) == 3 and keys <= samples.keys()
    assert names == {f"{key}.{kind}.png" for key in keys for kind in KINDS} | {"panel.png"}
    student = Predictor.load(student_run, device="cpu")
    for key in keys:
        mask, depth = student(samples[key].bg, samples[key].fg_bg)
        with Image.open(asked.out / f"{key}.mask.png") as picture:
            assert picture.mode == "1"
            assert np.array_equal(np.asarray(picture), mask)
        stored = decode_depth((asked.out / f"{key}.depth.png").read_bytes())
        assert stored.dtype == np.uint16 and stored.max() <= 10_000
        assert np.abs(stored / 1000 - depth).max() <= 0.00051
    with Image.open(asked.out / "panel.png") as panel:
        assert panel.width > 6 * 192 and panel.height > 3 * 192


def test_a_cut_out_is_transparent_outside_the_mask(
    config: Config, labelled: Path, student_run: Path
) -> None:
    asked = config(shards=(str(labelled),), limit=1)
    sample = Dataset(labelled, split="val")[0]
    student = Predictor.load(student_run, device="cpu")
    middle = float(np.median(student.estimate(sample.bg, sample.fg_bg).probability))
    predict(asked.model_copy(update={"threshold": middle}))
    (path,) = asked.out.glob("*.cutout.png")
    mask = decode_mask(path.with_name(path.name.replace("cutout", "mask")).read_bytes())
    with Image.open(path) as picture:
        assert picture.mode == "RGBA"
        rgba = np.asarray(picture)
    assert 0.2 < mask.mean() < 0.8
    assert (rgba[~mask] == 0).all() and (rgba[mask][:, 3] > 0).all()
    assert np.array_equal(rgba[mask][:, :3], sample.fg_bg[mask])


def test_pictures_of_any_size_in_folders(
    config: Config, bg_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = tmp_path / "frames"
    (frames / "a").mkdir(parents=True)
    with Image.open(bg_file) as scene:
        scene.resize((301, 200)).save(frames / "a" / "one.png")
        scene.save(frames / "two.jpg")
    (frames / "bad.png").write_text("no picture")
    (frames / "._two.jpg").write_text("hidden")
    shutil.copy(frames / "a" / "one.png", frames / "two.png")
    asked = config(fg_bg=frames, bg=bg_file, quiet=False)
    assert "3 predictions in" in predict(asked) and "1 left out" in predict(
        asked.model_copy(update={"overwrite": True})
    )
    assert f"Left out: {frames}/bad.png can't be used" in capsys.readouterr().err
    for name, size in (("a/one", (301, 200)), ("two.jpg", (640, 427)), ("two.png", (301, 200))):
        for kind in KINDS[:-1]:
            with Image.open(asked.out / f"{name}.{kind}.png") as picture:
                assert picture.size == size, (name, kind)


def test_no_file_is_replaced_unasked_and_none_written_before_that_is_known(
    config: Config, bg_file: Path, tmp_path: Path
) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    for name in ("a", "b"):
        shutil.copy(bg_file, frames / f"{name}.jpg")
    asked = config(fg_bg=frames, bg=bg_file)
    (tmp_path / "out").mkdir()
    mine = tmp_path / "out" / "b.cutout.png"
    mine.write_text("mine")
    with pytest.raises(UsageError, match=r"b\.cutout\.png exists; .* or give --overwrite"):
        predict(asked)
    assert list((tmp_path / "out").iterdir()) == [mine] and mine.read_text() == "mine"
    predict(asked.model_copy(update={"overwrite": True}))
    with Image.open(mine) as picture:
        assert picture.mode == "RGBA"


def test_a_key_leads_nowhere_outside(config: Config, bg_file: Path, tmp_path: Path) -> None:
    frames, outside = tmp_path / "frames", tmp_path / "outside"
    (frames / "a").mkdir(parents=True)
    outside.mkdir()
    shutil.copy(bg_file, frames / "a" / "one.jpg")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").symlink_to(outside)
    with pytest.raises(DatasetError, match="lies outside; refused"):
        predict(config(fg_bg=frames, bg=bg_file, overwrite=True))
    assert list(outside.iterdir()) == []


def test_tiles_are_an_option(
    config: Config, moving: list[Picture], student_run: Path, tmp_path: Path
) -> None:
    path = tmp_path / "frame.png"
    frame = np.ascontiguousarray(moving[0][:150, :150])
    Image.fromarray(frame).save(path)
    asked = config(fg_bg=path, bg=path, tiles=True)
    predict(asked)
    stored = decode_depth((asked.out / "frame.depth.png").read_bytes()) / 1000
    tiling, whole = (
        Predictor.load(student_run, device="cpu", tiles=tiles)(frame, frame).depth
        for tiles in (True, False)
    )
    assert np.abs(stored - tiling).max() <= 0.00051 < np.abs(stored - whole).max()


def test_a_video_is_answered_frame_by_frame(
    config: Config, clip: Path, bg_file: Path, student_run: Path
) -> None:
    asked = config(fg_bg=clip, bg=bg_file)
    assert predict(asked) == f"{FRAMES} frames answered; look at {asked.out}/walk.panel.mp4"
    assert {path.name for path in asked.out.iterdir()} == {
        f"walk.{kind}.mp4" for kind in ("mask", "cutout", "depth", "panel")
    }
    sizes = {}
    for path in asked.out.iterdir():
        made = open_clip(path)
        assert (made.frames, made.fps) == (FRAMES, FPS)
        assert len(list(frames_of(made))) == FRAMES
        sizes[path.name.split(".")[1]] = made.size
    assert sizes.pop("panel") == (1000, 28 + 2 * (320 + 28))
    assert set(sizes.values()) == {(320, 214)}
    source = list(frames_of(open_clip(clip)))
    student = Predictor.load(student_run, device="cpu")
    bg = cv2.resize(decode_upright(bg_file.read_bytes(), "RGB"), (320, 214))
    answers = student.estimates([Pair(np.asarray(bg, np.uint8), frame) for frame in source])
    for kind in ("mask", "cutout"):
        shown = frames_of(open_clip(asked.out / f"walk.{kind}.mp4"))
        for frame, estimate in zip(shown, answers, strict=True):
            mask = estimate.answer(0.5).mask
            seen = frame[..., 0] > 128 if kind == "mask" else ~near_green(frame)
            assert (seen == mask).mean() > 0.95


def near_green(frame: Picture) -> np.ndarray:
    return np.abs(frame.astype(int) - GREEN).max(axis=2) < 40


def test_a_limit_takes_a_videos_first_frames(config: Config, clip: Path, bg_file: Path) -> None:
    asked = config(fg_bg=clip, bg=bg_file, limit=3)
    assert "3 frames answered" in predict(asked)
    assert open_clip(asked.out / "walk.mask.mp4").frames == 3


def test_a_video_is_not_replaced_unasked(config: Config, clip: Path, bg_file: Path) -> None:
    asked = config(fg_bg=clip, bg=bg_file, limit=1)
    asked.out.mkdir()
    (asked.out / "walk.depth.mp4").write_text("mine")
    with pytest.raises(UsageError, match=r"walk\.depth\.mp4 exists"):
        predict(asked)
    assert [path.name for path in asked.out.iterdir()] == ["walk.depth.mp4"]
    predict(asked.model_copy(update={"overwrite": True}))
    assert open_clip(asked.out / "walk.depth.mp4").frames == 1


def test_a_damaged_video_is_a_sentence(
    config: Config, clip: Path, bg_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "half.mp4").write_bytes(clip.read_bytes()[:2000])
    with pytest.raises(SourceError, match=r"half\.mp4 can't be used: it is not a video"):
        predict(config(fg_bg=tmp_path / "half.mp4", bg=bg_file))
    with pytest.raises(SourceError, match=r"walk\.mp4 can't be used: it is not a picture"):
        predict(config(fg_bg=clip, bg=clip))
    with pytest.raises(UsageError, match=r"There is no file none\.mp4; give a video"):
        predict(config(fg_bg="none.mp4", bg=bg_file))
    with pytest.raises(UsageError, match=r"There is no file .*bgs; give the picture of its"):
        predict(config(fg_bg=clip, bg=bg_file.parent))
    assert not (tmp_path / "out").exists()


def test_a_video_that_ends_early_is_answered_as_far_as_it_goes_and_that_is_said(
    config: Config, moving: list[Picture], bg_file: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = tmp_path / "cut.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 214))
    for frame in moving:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    said = predict(config(fg_bg=path, bg=bg_file, quiet=False))
    count = open_clip(tmp_path / "out" / "cut.mask.mp4").frames
    assert 2 < count < FRAMES and said.startswith(f"{count} frames answered")
    sentence = f"promises {FRAMES} frames, but {count} can be read: it may be damaged."
    assert sentence in capsys.readouterr().err


def test_what_doesnt_match_is_a_sentence(config: Config, bg_file: Path, tmp_path: Path) -> None:
    bgs = bg_file.parent
    shutil.copy(bg_file, tmp_path / "other.jpg")
    with pytest.raises(UsageError, match="needs one background"):
        predict(config(fg_bg=tmp_path / "other.jpg", bg=bgs))
    with pytest.raises(UsageError, match="lies in --fg-bg"):
        predict(config(fg_bg=bgs, bg=bgs, out=bgs / "out"))
    (tmp_path / "bad.png").write_text("no picture")
    with pytest.raises(UsageError, match="There is nothing to predict"):
        predict(config(fg_bg=tmp_path / "bad.png", bg=bg_file))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"fg_bg": "a.png"},
        {"bg": "a.png"},
        {"fg_bg": "a.png", "bg": "b.png", "shards": ("data",)},
        {"fg_bg": "a.png", "shards": ("data",)},
    ],
)
def test_pictures_and_samples_exclude_each_other(config: Config, options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="give either --fg-bg and --bg, or --shards"):
        config(**options)
