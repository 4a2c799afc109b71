import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import webdataset
from PIL import Image

from data_manifest.dataset import Dataset
from data_manifest.record import SPLITS
from datagen.export.pictures import safe_name
from tests.datagen.expected import arrays, assert_same, packed

# The webdataset library leaves its files to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file <_io.BufferedReader:ResourceWarning")


def read(folder: Path, split: str) -> Iterator[dict[str, Any]]:
    """Decoded samples of one split, as the webdataset library gives them."""
    decode = webdataset.handle_extension(
        "jpg png", lambda data: np.asarray(Image.open(io.BytesIO(data)))
    )
    files = [str(path) for path in sorted(folder.glob(f"{split}-*.tar"))]
    yield from webdataset.WebDataset(files, shardshuffle=False).decode(decode)


@pytest.mark.parametrize("name", ["dataset", "crowded"])
def test_every_array_is_the_datasets(name: str, request: pytest.FixtureRequest) -> None:
    data: Path = request.getfixturevalue(name)
    folder = packed(data, "webdataset")
    read_samples = 0
    for split in SPLITS:
        dataset = Dataset(data, split=split)
        for found, sample in zip(read(folder, split), dataset, strict=True):
            expected = arrays(sample, dataset)
            endings = {"bg": "jpg", "fg_bg": "jpg"}
            assert_same({s: found[f"{s}.{endings.get(s, 'png')}"] for s in expected}, expected)
            record = found["json"]
            assert record["key"] == sample.record.key
            assert record["split"] == split and record["bg"] == sample.record.bg
            assert len(record["others"]) == len(sample.record.placements) - 1
            assert "shard" not in record
            read_samples += 1
    assert read_samples == len(Dataset(data)) > 30


def test_the_files_of_a_shard_are_copied(crowded: Path) -> None:
    folder = packed(crowded, "webdataset", split=("train",))
    assert {path.name.split("-")[0] for path in folder.glob("*.tar")} == {"train"}
    dataset = Dataset(crowded, split="train")
    record = dataset[0].record
    with tarfile.open(folder / "train-000000.tar") as file:
        for stream, ending in (("fg_bg", "jpg"), ("bg", "jpg"), ("mask", "png"), ("amodal", "png")):
            member = file.extractfile(f"{safe_name(record.key)}.{stream}.{ending}")
            stored = dataset._shard(record.shard).encoded(stream, record)  # type: ignore[arg-type]
            assert member is not None and member.read() == stored
        heads = {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in file.getmembers()}
    assert heads == {(0, 0, 0, "", "", 0o644)}


@pytest.mark.parametrize("options", [{"codec": "raw", "objects": (1, 2)}, {"format": "zip"}])
def test_raw_and_zip_datasets(
    options: dict[str, object], make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    data = make_dataset(tmp_path / "data", n=1, limit=20, shard_size=8, **options)
    folder = packed(data, "webdataset", split=("train",))
    dataset = Dataset(data, split="train")
    ending = "png" if "codec" in options else "jpg"
    endings = {"bg": ending, "fg_bg": ending}
    for found, sample in zip(read(folder, "train"), dataset, strict=True):
        expected = arrays(sample, dataset)
        assert_same({s: found[f"{s}.{endings.get(s, 'png')}"] for s in expected}, expected)


def test_names_are_safe_and_stay_different() -> None:
    keys = ["a/b.c", "a.b/c", "a%2Fb.c", "a%2Fb%2Ec", "plain-1_ä"]
    names = [safe_name(key) for key in keys]
    assert len(set(names)) == len(keys)
    assert names[0] == "a%2Fb%2Ec" and names[-1] == keys[-1]
    assert not set("./\\") & set("".join(names))


def test_a_record_is_whole_json(crowded: Path) -> None:
    folder = packed(crowded, "webdataset", limit=3)
    for path in folder.glob("*.tar"):
        with tarfile.open(path) as file:
            records = [name for name in file.getnames() if name.endswith(".json")]
            for name in records:
                member = file.extractfile(name)
                assert member is not None
                values = json.loads(member.read())
                assert 0 < values["scale"] <= 1 and values["width"] > 0
                assert all(other["fg"] for other in values["others"])
