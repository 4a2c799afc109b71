"""The stage as a whole: same bytes however it is run, and nothing lost whatever happens to it."""

import hashlib
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from data_manifest.commands.memory import machine_memory
from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, RecipeError, SourceError, UsageError
from data_manifest.header import Header
from datagen.config import OverlayConfig
from datagen.overlay import overlay
from tests.datagen.expected import digests
from tests.datagen.watch import watched


@pytest.mark.parametrize("shard_format", ["h5", "zip"])
def test_bytes_are_the_same_for_any_number_of_workers(
    shard_format: str, make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    one = make_dataset(tmp_path / "one", format=shard_format, workers=1)
    two = make_dataset(tmp_path / "two", format=shard_format, workers=2)
    assert len(digests(one)) == 4
    assert digests(one) == digests(two)
    for name in ("manifest.parquet", "dataset.json", "rejects.jsonl", "shards.jsonl"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_a_second_run_does_nothing(make_dataset: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_dataset(tmp_path / "data")
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.h5")}
    make_dataset(folder)
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("*.h5")} == before


def test_missing_and_damaged_shards_are_drawn_again(
    make_dataset: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_dataset(tmp_path / "data")
    expected = digests(folder)
    (folder / "00001.h5").unlink()
    whole = (folder / "00002.h5").read_bytes()
    (folder / "00002.h5").write_bytes(whole[: len(whole) // 2])
    make_dataset(folder, quiet=False)
    assert digests(folder) == expected
    assert "Making again" in capsys.readouterr().err


def test_drawing_again_withdraws_the_depth_stage(
    labelled: Path, make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(labelled, folder)
    make_dataset(folder)
    assert Header.read(folder / "dataset.json").stages.depth is not None
    (folder / "00001.h5").unlink()
    make_dataset(folder)
    assert Header.read(folder / "dataset.json").stages.depth is None


def test_another_recipe_is_refused_and_said_why(
    make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_dataset(tmp_path / "data")
    before = digests(folder)
    with pytest.raises(RecipeError, match=r"--quality was 90, is 80; --seed|--seed was 0, is 5"):
        make_dataset(folder, seed=5, quality=80)
    assert digests(folder) == before
    make_dataset(folder, seed=5, quality=80, overwrite=True)
    assert digests(folder) != before
    assert len(Dataset(folder)) == 140


def test_overwrite_leaves_foreign_files(make_dataset: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_dataset(tmp_path / "data")
    (folder / "my-notes.txt").write_text("mine")
    make_dataset(folder, n=1, overwrite=True)
    assert (folder / "my-notes.txt").read_text() == "mine"
    assert len(Dataset(folder)) == 70


def test_a_foreign_file_in_the_place_of_a_shard_is_not_replaced(
    make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    for name in ("00001.h5", "manifest.parquet", "rejects.jsonl"):
        folder = tmp_path / name / "data"
        folder.mkdir(parents=True)
        (folder / name).write_text("my measurements")
        (folder / ".lock").write_text("mine too")
        (folder / ".tmp.notes").write_text("and mine")
        with pytest.raises(RecipeError, match=f"holds {name}, which is no part of a dataset"):
            make_dataset(folder)
        assert (folder / name).read_text() == "my measurements"
        assert (folder / ".lock").read_text() == "mine too"
        assert (folder / ".tmp.notes").read_text() == "and mine"


def test_overwrite_replaces_a_damaged_header(
    make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_dataset(tmp_path / "data")
    expected = digests(folder)
    (folder / "12345.zip").write_text("my archive")
    (folder / "dataset.json").write_bytes(b"\xff\xfe")
    with pytest.raises(DatasetError, match="not a text file"):
        make_dataset(folder)
    make_dataset(folder, overwrite=True)
    assert (folder / "12345.zip").read_text() == "my archive"
    assert {n: d for n, d in digests(folder).items() if n != "12345.zip"} == expected


def test_changed_sources_are_named(pictures: Path, tmp_path: Path) -> None:
    mine = tmp_path / "pictures"
    shutil.copytree(pictures, mine)
    options = {"bg": mine / "bgs", "fg": mine / "fgs", "n": 1, "size": 64, "workers": 1}
    config = OverlayConfig.model_validate({**options, "quiet": True})
    overlay(config)
    (mine / "fgs" / "apple.webp").unlink()
    shutil.copy(mine / "bgs" / "china.jpg", mine / "bgs" / "another.jpg")
    with pytest.raises(RecipeError, match="1 backgrounds added; 1 foregrounds gone"):
        overlay(config)


def test_rejects_are_listed_and_the_run_goes_on(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "pictures"
    shutil.copytree(pictures, mine)
    shutil.copy(mine / "bgs" / "china.jpg", mine / "fgs" / "photo.jpg")
    (mine / "bgs" / "text.png").write_text("no picture")
    options = {"bg": mine / "bgs", "fg": mine / "fgs", "n": 1, "size": 64, "workers": 1}
    summary = overlay(OverlayConfig.model_validate(options))
    assert "2 pictures left out" in summary
    lines = [json.loads(line) for line in Path("data/rejects.jsonl").read_text().splitlines()]
    assert [(line["kind"], line["file"]) for line in lines] == [
        ("bg", "text.png"),
        ("fg", "photo.jpg"),
    ]
    assert "no alpha channel" in capsys.readouterr().err
    with pytest.raises(SourceError, match=r"text\.png can't be used"):
        overlay(OverlayConfig.model_validate({**options, "strict": True, "out": "strict"}))


def test_dry_run_writes_nothing(make_dataset: Callable[..., Path], tmp_path: Path) -> None:
    make_dataset(tmp_path / "data", dry_run=True)
    assert not (tmp_path / "data").exists()


def test_the_header_says_what_went_in(dataset: Path, pictures: Path) -> None:
    header = Header.read(dataset / "dataset.json")
    assert [source.id for source in header.backgrounds] == sorted(
        path.stem for path in (pictures / "bgs").iterdir()
    )
    assert (
        header.foregrounds[0].sha256
        == hashlib.sha256((pictures / "fgs" / header.foregrounds[0].file).read_bytes()).hexdigest()
    )
    assert header.recipe["n"] == 2 and header.samples == 140


def test_a_cutout_bigger_than_the_background_is_scaled_down(
    all_pictures: Path, tmp_path: Path
) -> None:
    from PIL import Image

    (tmp_path / "bgs").mkdir()
    (tmp_path / "fgs").mkdir()
    Image.open(all_pictures / "bgs" / "coffee.png").resize((80, 60)).save(
        tmp_path / "bgs/small.png"
    )
    Image.open(all_pictures / "fgs" / "owl.webp").resize((900, 1000)).save(tmp_path / "fgs/big.png")
    overlay(OverlayConfig(bg="bgs", fg="fgs", n=3, size=64, workers=1, quiet=True))
    for sample in Dataset("data"):
        (at,) = sample.record.placements
        assert max(at.width, at.height) <= 0.6 * 64 + 1
        assert sample.mask.any()
    with pytest.raises(UsageError, match="bigger than the background"):
        from data_manifest.commands.options import build

        build(OverlayConfig, {"bg": "bgs", "fg": "fgs", "scale": "0.5:1.2"})


def test_remarks_are_said_and_quiet_says_none(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = Path(shutil.copytree(pictures, tmp_path / "mine"))
    (mine / "bgs" / "text.png").write_text("no picture")
    options = {"bg": mine / "bgs", "fg": mine / "fgs", "size": 32, "workers": 1, "n": 3}
    for quiet in (True, False):
        given = {**options, "samples": 20, "quiet": quiet, "out": tmp_path / f"{quiet}"}
        overlay(OverlayConfig.model_validate(given))
        said = capsys.readouterr().err
        assert ("text.png: it is not a picture" in said) is not quiet
        assert ("--n 3 is of no effect beside --samples" in said) is not quiet
        assert said or quiet


@pytest.mark.skipif(machine_memory() > 60e9, reason="this machine could hold the plan")
def test_a_plan_beyond_memory_is_a_sentence_before_it_is_drawn(pictures: Path) -> None:
    words = ["--bg", pictures / "bgs", "--fg", pictures / "fgs", "--samples", 10**8, "--dry-run"]
    program = Path(sys.executable).parent / "datagen"
    done = watched([program, "overlay", *words], seconds=60, most=1500)
    assert done.code == 2, done.stderr
    assert re.search(r"The plan of 100,000,000 samples would need about [\d,]+ GB", done.stderr)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"objects": (3, 5), "visible": 0.5},
        {"codec": "raw"},
        {"format": "zip"},
        {"size": "320x240"},
    ],
    ids=str,
)
def test_the_forecast_is_near_what_is_made(options: dict[str, object], pictures: Path) -> None:
    given = {"bg": pictures / "bgs", "fg": pictures / "fgs", "n": 6, "shard_size": 100}
    config = OverlayConfig.model_validate({**given, "workers": 1, "quiet": True, **options})
    said = overlay(config.model_copy(update={"dry_run": True}))
    found = re.search(r"([\d.]+) kB a sample", said)
    assert found
    overlay(config)
    made = sum(path.stat().st_size for path in Path("data").glob("[0-9]*")) / len(Dataset("data"))
    assert float(found[1]) * 1e3 == pytest.approx(made, rel=0.05)
