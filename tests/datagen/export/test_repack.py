"""h5, zip and folder from each other: the same samples, and where possible the same bytes."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import mlcroissant
import numpy as np
import pytest
from PIL import Image

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, RecipeError, UsageError
from data_manifest.header import Header
from datagen.config import OverlayConfig, PackConfig, StatsConfig, VerifyConfig
from datagen.import_dataset import import_dataset
from datagen.ingest.config import ImportConfig
from datagen.overlay import overlay
from datagen.pack import pack
from datagen.stats import stats
from datagen.verify import verify
from tests.datagen.expected import arrays, digests, packed

MakeDataset = Callable[..., Path]


def same_samples(one: Dataset, other: Dataset) -> None:
    assert len(one) == len(other) > 0
    for mine, its in zip(one, other, strict=True):
        assert mine.record.key == its.record.key and mine.record.split == its.record.split
        expected = arrays(its, other)
        for name, found in arrays(mine, one).items():
            assert np.array_equal(found, expected[name]), name


def check(folder: Path) -> str:
    return verify(VerifyConfig(data=folder, workers=1, quiet=True))


@pytest.mark.parametrize(("start", "to"), [("h5", "zip"), ("zip", "h5"), ("h5", "h5")])
def test_bytes_are_those_that_overlay_would_have_drawn(
    start: str, to: str, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    options = {"objects": "1:2", "samples": 90}
    old = make_dataset(tmp_path / "old", format=start, **options)
    direct = make_dataset(tmp_path / "direct", format=to, **options)
    new = packed(old, to)
    assert digests(new) == digests(direct)
    for name in ("manifest.parquet", "shards.jsonl"):
        assert (new / name).read_bytes() == (direct / name).read_bytes()
    header = (new / "dataset.json").read_text().replace("datagen pack", "datagen overlay")
    assert header == (direct / "dataset.json").read_text()
    assert "are right" in check(new)


def test_raw_becomes_jpeg_as_overlay_would_have_made_it(
    make_dataset: MakeDataset, tmp_path: Path
) -> None:
    options = {"n": 1, "bg_quality": 60, "quality": 80}
    raw = make_dataset(tmp_path / "raw", codec="raw", **options)
    direct = make_dataset(tmp_path / "direct", **options)
    assert digests(packed(raw, "h5")) == digests(direct)


def test_around_all_formats_with_depth_and_maps(crowded: Path) -> None:
    source, folder = Dataset(crowded), crowded
    for step, to in enumerate(("folder", "zip", "folder", "h5")):
        folder = packed(folder, to, f"step{step}")
        same_samples(Dataset(folder), source)
        assert "are right" in check(folder)


def test_a_folder_holds_files_that_anyone_can_open(labelled: Path) -> None:
    folder = packed(labelled, "folder", workers=2)
    sample = Dataset(labelled)[17]
    key = sample.record.key
    with Image.open(folder / "fg_bg" / f"{key}.jpg") as picture:
        assert np.array_equal(np.asarray(picture), sample.fg_bg)
    with Image.open(folder / "mask" / f"{key}.png") as mask:
        assert mask.mode == "1" and np.array_equal(np.asarray(mask), sample.mask)
    with Image.open(folder / "depth" / f"{key}.png") as depth:
        assert sample.depth is not None
        assert np.allclose(np.asarray(depth) * 0.001, sample.depth, atol=1e-6)
    table = stats(StatsConfig(data=folder, workers=1, quiet=True))
    assert table == stats(StatsConfig(data=labelled, workers=1, quiet=True))


def test_a_part_says_what_it_was_packed_from(labelled: Path) -> None:
    part = packed(labelled, "h5", split=("val", "val_bg"), limit=20)
    header, source = Header.read(part / "dataset.json"), Dataset(labelled)
    assert header.recipe["packed_from"] == source.header.fingerprint
    dataset = Dataset(part)
    assert len(dataset) == 20
    assert {sample.record.split for sample in dataset} == {"val", "val_bg"}
    originals = {sample.record.key: sample for sample in source}
    for sample in dataset:
        assert np.array_equal(sample.fg_bg, originals[sample.record.key].fg_bg)
    assert "are right" in check(part)


def test_lost_shards_are_packed_again_and_others_stay(labelled: Path) -> None:
    folder = packed(labelled, "zip")
    expected = digests(folder)
    (folder / "00001.zip").unlink()
    (folder / "00002.zip").write_bytes((folder / "00002.zip").read_bytes()[:5000])
    kept = (folder / "00000.zip").stat().st_mtime_ns
    packed(labelled, "zip")
    assert digests(folder) == expected
    assert (folder / "00000.zip").stat().st_mtime_ns == kept


def test_a_loose_file_that_changes_is_found(labelled: Path, tmp_path: Path) -> None:
    folder = packed(labelled, "folder")
    files = sorted((folder / "fg_bg").iterdir())
    shutil.copy(files[1], files[0])
    with pytest.raises(DatasetError, match="not the file that was written"):
        Dataset(folder)[0]
    with pytest.raises(DatasetError, match="wrong with 1 files"):
        check(folder)
    (tmp_path / "packed" / "notes.txt").write_text("mine")
    packed(labelled, "folder", overwrite=True)
    assert "are right" in check(folder)
    packed(labelled, "zip", overwrite=True)
    assert not (folder / "fg_bg").exists() and (folder / "notes.txt").exists()


def test_what_is_there_is_not_replaced_unasked(
    labelled: Path, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    folder = packed(labelled, "zip")
    with pytest.raises(RecipeError, match="holds a dataset that differs: --n was 2, is 1"):
        packed(make_dataset(tmp_path / "other", n=1), "zip")
    with pytest.raises(UsageError, match="is the dataset itself"):
        pack(PackConfig(data=folder, to="h5", out=folder))


def test_pictures_that_are_read_are_never_deleted(
    labelled: Path, pictures: Path, tmp_path: Path
) -> None:
    """A packed folder is imported into itself, drawn over, and packed back onto itself."""
    folder = packed(labelled, "folder")
    before = sorted(folder.rglob("*"))
    streams = {"bg": folder / "bg", "fg_bg": folder / "fg_bg", "mask": folder / "mask"}
    given = {**streams, "per_bg": 28, "workers": 1, "quiet": True}
    with pytest.raises(UsageError, match="could be overwritten"):
        import_dataset(ImportConfig.model_validate({**given, "out": folder, "overwrite": True}))
    with pytest.raises(UsageError, match="could be overwritten"):
        overlay(
            OverlayConfig(
                bg=folder / "bg", fg=pictures / "fgs", out=folder, overwrite=True, quiet=True
            )
        )
    import_dataset(ImportConfig.model_validate({**given, "out": tmp_path / "listed"}))
    with pytest.raises(UsageError, match="could be overwritten"):
        packed(tmp_path / "listed", "h5", "packed", overwrite=True)
    assert sorted(folder.rglob("*")) == before


def test_a_folder_with_other_files_is_refused(labelled: Path, tmp_path: Path) -> None:
    (tmp_path / "mine" / "mask").mkdir(parents=True)
    (tmp_path / "mine" / "mask" / "00000000.png").write_text("mine")
    for to in ("folder", "h5"):
        with pytest.raises(RecipeError, match="holds mask, which is no part of a dataset"):
            packed(labelled, to, "mine")
    assert (tmp_path / "mine" / "mask" / "00000000.png").read_text() == "mine"


@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame")
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:unclosed file <_io.BufferedReader:ResourceWarning")
@pytest.mark.parametrize("to", ["h5", "zip", "folder"])
def test_the_card_and_croissant_are_valid(
    to: str, labelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = packed(labelled, to)
    card = (folder / "README.md").read_text()
    assert "task_categories" in card
    (code,) = re.findall(r"```python\n(.*?)```", card, re.S)
    names: dict[str, object] = {}
    monkeypatch.chdir(folder)
    exec(code, names)
    assert np.array_equal(names["fg_bg"], Dataset(labelled, split="train")[0].fg_bg)
    metadata = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    assert not metadata.metadata.ctx.issues.errors
    records = list(metadata.records("samples"))
    assert len(records) == 140
    assert {record["samples/key"].decode() for record in records} == {
        sample.record.key for sample in Dataset(folder)
    }


def test_h5py_alone_reads_what_was_packed(labelled: Path) -> None:
    with h5py.File(packed(packed(labelled, "folder", "loose"), "h5") / "00000.h5") as shard:
        assert shard["depth"].shape == (40, 96, 96) and shard["depth"].dtype == np.uint16
        assert shard["depth"].attrs["unit"] == "metres"
        start, end = shard["fg_bg"]["offsets"][:2]
        assert bytes(shard["fg_bg"]["data"][start : start + 2]) == b"\xff\xd8" and end > 1000
