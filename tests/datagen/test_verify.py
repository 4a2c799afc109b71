"""Faults put into real datasets: each is found, and mended to the same bytes."""

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pytest

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, UsageError
from data_manifest.header import Header
from data_manifest.plan import Plan
from data_manifest.shards.digests import file_sha256, read_digests, tidy_digests
from datagen.checking.check_plan import leaks
from datagen.config import VerifyConfig
from datagen.drawing import painter
from datagen.verify import verify
from tests.datagen.expected import digests

MakeDataset = Callable[..., Path]
FILES = "[0-9m]*"  # shards and plan


def check(folder: Path, **options: object) -> str:
    return verify(VerifyConfig.model_validate({"data": folder, "workers": 1, **options}))


def flip_bit(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "options",
    [
        {"format": "h5"},
        {"format": "zip"},
        {"codec": "raw"},
        {"objects": "1:3", "samples": 90, "distractors": "0:1"},
        {"blend": "alpha,hard,feather,poisson", "samples": 90, "angle": "-90:90", "visible": 0.5},
        {"split_by": "sample", "n": 1},
        {"samples": 60, "flip": "none", "jitter": 0.2, "shadow": 0.5, "shear": "-9:9"},
    ],
)
def test_a_whole_dataset_is_right(
    options: dict[str, object], make_dataset: MakeDataset, tmp_path: Path
) -> None:
    folder = make_dataset(tmp_path / "data", **options)
    assert "are right" in check(folder, workers=2)


@pytest.mark.parametrize("shard_format", ["h5", "zip"])
def test_one_flipped_bit_is_found_and_mended(
    shard_format: str,
    make_dataset: MakeDataset,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = make_dataset(tmp_path / "data", format=shard_format)
    expected = digests(folder, FILES)
    shard = folder / f"00002.{shard_format}"
    places = random.Random(3)
    for _ in range(6):
        flip_bit(shard, places.randrange(shard.stat().st_size))
        with pytest.raises(DatasetError, match="--repair"):
            check(folder)
        assert f"{shard}: its bytes are not those that were written" in capsys.readouterr().err
        assert "are right" in check(folder, repair=True)
        assert digests(folder, FILES) == expected


def test_lost_cut_and_foreign_files_are_mended(
    make_dataset: MakeDataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_dataset(tmp_path / "data")
    other = make_dataset(tmp_path / "other", seed=1)
    expected = digests(folder, FILES)
    (folder / "00000.h5").unlink()
    content = (folder / "00001.h5").read_bytes()
    (folder / "00001.h5").write_bytes(content[: len(content) // 2])
    shutil.copy(other / "00002.h5", folder / "00002.h5")
    (folder / "manifest.parquet").write_bytes(b"no plan")
    with pytest.raises(DatasetError, match="1 files"):
        check(folder)
    assert "are right" in check(folder, repair=True)
    said = capsys.readouterr().err
    assert all(f"0000{number}.h5" in said for number in range(3)) and "00003" not in said
    assert digests(folder, FILES) == expected


def test_only_what_is_broken_is_drawn_again(make_dataset: MakeDataset, tmp_path: Path) -> None:
    folder = make_dataset(tmp_path / "data")
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.h5")}
    flip_bit(folder / "00003.h5", 5000)
    check(folder, repair=True)
    after = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.h5")}
    assert {name for name in before if before[name] != after[name]} == {"00003.h5"}


def test_a_mask_that_is_not_the_placements_is_found(
    make_dataset: MakeDataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Someone edits a mask and forges the digest too."""
    folder = make_dataset(tmp_path / "data", codec="raw")
    with h5py.File(folder / "00001.h5", "r+") as shard:
        shard["mask"][7] = np.roll(shard["mask"][7], 3, axis=1)
    (folder / "shards.jsonl").write_text(
        json.dumps({"shard": "00001.h5", "sha256": file_sha256(folder / "00001.h5")}) + "\n"
    )
    with pytest.raises(DatasetError):
        check(folder)
    said = capsys.readouterr().err
    assert "sample 00000047: mask is not what the placement says" in said
    assert "3 shards have no noted digest" in said


def test_a_grey_mask_is_found(
    make_dataset: MakeDataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_dataset(tmp_path / "data", codec="raw")
    with h5py.File(folder / "00001.h5", "r+") as shard:
        shard["mask"][7, 50, 50:60] = 90
    with pytest.raises(DatasetError):
        check(folder)
    assert "mask is not binary" in capsys.readouterr().err


def test_an_edited_plan_is_found_and_made_again(
    make_dataset: MakeDataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_dataset(tmp_path / "data")
    expected = digests(folder, FILES)
    plan = Plan.read(folder / "manifest.parquet")
    everything = pa.array(["train"] * len(plan)).dictionary_encode()
    place = plan.table.column_names.index("split")
    Plan(plan.table.set_column(place, "split", everything)).write(folder / "manifest.parquet")
    with pytest.raises(DatasetError):
        check(folder)
    assert "it is not the plan of its recipe" in capsys.readouterr().err
    check(folder, repair=True)
    assert digests(folder, FILES) == expected


def test_an_edited_header_is_found_and_nothing_repaired_by_it(
    make_dataset: MakeDataset, tmp_path: Path
) -> None:
    folder = make_dataset(tmp_path / "data")
    header = Header.read(folder / "dataset.json")
    header.model_copy(update={"recipe": {**header.recipe, "seed": 7}}).write(
        folder / "dataset.json"
    )
    for repair in (False, True):
        with pytest.raises(DatasetError, match="doesn't fit its own fingerprint"):
            check(folder, repair=repair)


def test_a_leak_is_found(make_dataset: MakeDataset, tmp_path: Path) -> None:
    folder = make_dataset(tmp_path / "data", objects="1:2", samples=100)
    dataset = Dataset(folder)
    assert list(leaks(dataset.header, dataset.plan)) == []
    twin = dataset.header.backgrounds[0].dhash
    alike = [source.model_copy(update={"dhash": twin}) for source in dataset.header.backgrounds]
    found = list(leaks(dataset.header.model_copy(update={"backgrounds": alike}), dataset.plan))
    assert len(found) == 1 and "both trained on and held out" in found[0]
    alike = [source.model_copy(update={"dhash": twin}) for source in dataset.header.foregrounds]
    assert list(leaks(dataset.header.model_copy(update={"foregrounds": alike}), dataset.plan))


def test_depth_is_verified_and_asked_for_after_repair(
    labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(labelled, folder)
    (folder / "dataset.json").write_text(
        (folder / "dataset.json").read_text().replace('"../../', f'"{labelled.parent}/../')
    )
    assert "are right" in check(folder)
    flip_bit(folder / "00001.h5", (folder / "00001.h5").stat().st_size - 20_000)
    check(folder, repair=True)
    assert "run `depthgen run`" in capsys.readouterr().err
    assert Header.read(folder / "dataset.json").stages.depth is None
    assert file_sha256(folder / "00000.h5") == file_sha256(labelled / "00000.h5")


def test_without_its_pictures_bytes_are_still_compared(
    make_dataset: MakeDataset,
    pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = make_dataset(tmp_path / "here" / "data")
    moved = tmp_path / "a" / "b" / "c" / "data"
    moved.parent.mkdir(parents=True)
    shutil.move(folder, moved)
    assert "are right" in check(moved)
    assert "pictures are not where they were" in capsys.readouterr().err
    flip_bit(moved / "00001.h5", 9000)
    with pytest.raises(DatasetError, match="name their folders"):
        check(moved, repair=True)
    with pytest.raises(UsageError, match="lacks 5 of the sources"):
        check(moved, bg=pictures / "fgs", fg=pictures / "fgs")
    check(moved, repair=True, bg=pictures / "bgs", fg=pictures / "fgs")


def test_a_changed_source_hides_nothing(
    make_dataset: MakeDataset,
    pictures: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Masks of the other sources are still compared, and it is said which were not."""
    folder = make_dataset(tmp_path / "data", codec="raw", n=1)
    with h5py.File(folder / "00000.h5", "r+") as shard:
        shard["mask"][7] = np.roll(shard["mask"][7], 3, axis=1)
    (folder / "shards.jsonl").unlink()
    mine = tmp_path / "fgs"
    shutil.copytree(pictures / "fgs", mine)
    unused = {record.fg for record in Dataset(folder).plan.records(np.array([7]))}
    victim = next(path for path in sorted(mine.iterdir()) if path.stem not in unused)
    victim.write_bytes(victim.read_bytes() + b" ")
    painter._sources.cache_clear()
    with pytest.raises(DatasetError):
        check(folder, fg=mine)
    said = capsys.readouterr().err
    assert "00000007: mask is not what the placement says" in said
    assert "10 masks were not compared" in said and "has changed since it was scanned" in said


def test_a_packed_part_is_searched_for_leaks(
    make_dataset: MakeDataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.datagen.expected import packed

    part = packed(make_dataset(tmp_path / "data"), "h5", limit=100)
    check(part)
    plan = Plan.read(part / "manifest.parquet")
    words = pa.array(["train", "val"] * 50).dictionary_encode()
    place = plan.table.column_names.index("split")
    Plan(plan.table.set_column(place, "split", words)).write(part / "manifest.parquet")
    with pytest.raises(DatasetError, match="pack it once more"):
        check(part)
    assert "both trained on and held out" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_can_be_verified(
    make_dataset: MakeDataset, tmp_path: Path
) -> None:
    folder = make_dataset(tmp_path / "data")
    folder.chmod(0o500)
    assert "are right" in check(folder)
    folder.chmod(0o700)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"shards": 10**12}, "dataset.json says"),
        ({"format": "zip"}, "not those of its recipe"),
        ({"maps": True}, "not those of its recipe"),
        ({"recipe": {}}, "doesn't fit its own fingerprint"),
    ],
)
def test_a_wrong_header_is_never_repaired_by(
    change: dict[str, object],
    sentence: str,
    make_dataset: MakeDataset,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = make_dataset(tmp_path / "data", n=1)
    expected = digests(folder, FILES)
    header = Header.read(folder / "dataset.json")
    header.model_copy(update=change).write(folder / "dataset.json")
    with pytest.raises(DatasetError) as caught:
        check(folder, repair=True)
    assert sentence in str(caught.value) + capsys.readouterr().err
    assert digests(folder, FILES) == expected


def test_lines_cut_off_by_a_kill_do_not_count(tmp_path: Path) -> None:
    whole = json.dumps({"shard": "00001.h5", "sha256": "a" * 64}) + "\n"
    (tmp_path / "shards.jsonl").write_text(whole + '{"shard": "00000.h5", "sha')
    assert read_digests(tmp_path) == {"00001.h5": ["a" * 64]}
    tidy_digests(tmp_path, ["00000.h5", "00001.h5"])
    assert (tmp_path / "shards.jsonl").read_text() == whole


def test_the_command(make_dataset: MakeDataset, tmp_path: Path, command: Callable) -> None:
    folder = make_dataset(tmp_path / "data")
    assert (
        hashlib.sha256((folder / "00000.h5").read_bytes()).hexdigest()
        in (folder / "shards.jsonl").read_text()
    )
    done = command("datagen", "verify")
    assert (done.returncode, done.stdout) == (0, "140 samples in 4 shards of data are right\n")
    (folder / "00000.h5").unlink()
    done = command("datagen", "verify", "data")
    assert done.returncode == 1 and "00000.h5: it is missing." in done.stderr
    assert command("datagen", "verify", "nowhere").returncode == 2
    assert command("datagen", "verify", "--repair").returncode == 0
