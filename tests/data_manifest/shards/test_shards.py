import io
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, RecipeError
from data_manifest.shards import check_shard, open_shard, read_label

FORMAT = Path(__file__).parents[3] / "data_manifest" / "FORMAT.md"


def test_the_ten_lines_of_format_md_read_a_shard(labelled: Path) -> None:
    pictures, depth = re.findall(r"```python\n(.*?)```", FORMAT.read_text(), re.S)
    for code, most in ((pictures, 10), (depth, 9)):
        assert len([line for line in code.splitlines() if line.strip()]) <= most
    names: dict[str, object] = {}
    for code in (pictures, depth):
        exec(code.replace("data/00000.h5", str(labelled / "00000.h5")), names)
    sample = Dataset(labelled)[0]
    assert np.array_equal(np.asarray(names["fg_bg"]), sample.fg_bg)
    assert np.array_equal(np.asarray(names["mask"]), sample.mask)
    assert np.array_equal(np.asarray(names["bg"]), sample.bg)
    assert np.allclose(names["depth"], sample.depth, atol=1e-6)


def test_h5_layout_is_the_documented_one(labelled: Path) -> None:
    with h5py.File(labelled / "00001.h5") as shard:
        offsets = shard["fg_bg/offsets"][:]
        assert offsets.dtype == np.int64 and len(offsets) == 41
        assert offsets[-1] == len(shard["fg_bg/data"])
        assert shard["bg_index"].dtype == np.int32
        assert len(shard["bg/offsets"]) - 1 == shard["bg_index"][:].max() + 1
        assert shard["index"][:].tolist() == list(range(40, 80))
        depth, grounds = shard["depth"], shard["bg_depth"]
        assert (grounds.dtype, grounds.chunks) == (np.uint16, (1, 96, 96))
        assert len(grounds) == len(shard["bg/offsets"]) - 1
        assert len(depth["offsets"]) == 41 and depth["offsets"][-1] == len(depth["data"])
        assert depth.attrs["unit"] == "metres" and depth.attrs["near_is"] == "small"
        start, end = shard["mask/offsets"][3:5]
        mask = Image.open(io.BytesIO(shard["mask/data"][start:end].tobytes()))
        assert mask.mode == "1"


def test_zip_layout_is_the_documented_one(
    make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_dataset(tmp_path / "data", format="zip")
    with zipfile.ZipFile(folder / "00000.zip") as shard:
        assert shard.testzip() is None
        kinds = {name.split("/")[0] for name in shard.namelist()}
        assert kinds == {"fg_bg", "mask", "bg"}
        assert {member.compress_type for member in shard.infolist()} == {zipfile.ZIP_STORED}
        mask = Image.open(io.BytesIO(shard.read("mask/00000003.png")))
        assert mask.mode == "1"
        assert np.array_equal(np.asarray(mask), Dataset(folder)[3].mask)


@pytest.mark.parametrize("ending", ["h5", "zip"])
def test_damaged_shards_are_sentences(
    ending: str, make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_dataset(tmp_path / "data", format=ending) / f"00000.{ending}"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatasetError, match="not a whole"):
        open_shard(path)
    path.write_bytes(b"")
    with pytest.raises(DatasetError, match="not a whole"):
        open_shard(path)


def test_a_damaged_picture_is_a_sentence(dataset: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(dataset, folder)
    with h5py.File(folder / "00000.h5", "r+") as shard:
        start, end = shard["fg_bg/offsets"][5:7]
        shard["fg_bg/data"][start:end] = 0
    damaged = Dataset(folder)
    assert damaged[4].fg_bg.shape == (96, 96, 3)
    with pytest.raises(DatasetError, match="doesn't decode"):
        damaged[5]


def test_labels_are_checked(dataset: Path) -> None:
    label = read_label(dataset / "00000.h5")
    check_shard(dataset / "00000.h5", label.fingerprint, 40)
    with pytest.raises(RecipeError, match="another recipe"):
        check_shard(dataset / "00000.h5", "0" * 64, 40)
    with pytest.raises(DatasetError, match="40 samples, but the plan says 41"):
        check_shard(dataset / "00000.h5", label.fingerprint, 41)


def test_a_later_version_is_refused(dataset: Path, tmp_path: Path) -> None:
    shutil.copy(dataset / "00000.h5", tmp_path / "00000.h5")
    with h5py.File(tmp_path / "00000.h5", "r+") as shard:
        shard.attrs["version"] = 3
    with pytest.raises(DatasetError, match="version 3, expected 'diorama-h5' version 1 or 2"):
        open_shard(tmp_path / "00000.h5")


def test_chunked_pictures_are_read_through_h5py(dataset: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(dataset, folder)
    with h5py.File(folder / "00000.h5", "r+") as shard:
        for stream in ("fg_bg", "bg"):
            data = shard[f"{stream}/data"][:]
            del shard[f"{stream}/data"]
            shard.create_dataset(f"{stream}/data", data=data, chunks=(4096,), compression="gzip")
    for same, other in zip(Dataset(dataset)[:40:7], Dataset(folder)[:40:7], strict=True):
        assert np.array_equal(same.fg_bg, other.fg_bg)
        assert np.array_equal(same.bg, other.bg)
