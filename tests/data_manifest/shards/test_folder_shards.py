"""Loose files and their list: read as the list says, and only what it says."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError
from data_manifest.record import Size
from data_manifest.shards import open_shard
from data_manifest.shards.codec import decode_mask, decode_rgb
from data_manifest.shards.folder.listing import listed_files, own_files, read_list
from tests.datagen.expected import packed


@pytest.fixture
def loose(dataset: Path) -> Path:
    return packed(dataset, "folder", "loose", limit=8)


def listing(loose: Path) -> Path:
    (path,) = loose.glob("[0-9]*.parquet")
    return path


def edit(loose: Path, column: str, change: Callable[[str], str | None]) -> None:
    """Change one column of the list's first row."""
    table = pq.read_table(listing(loose))
    values = table.column(column).to_pylist()
    values[0] = change(values[0])
    where = table.column_names.index(column)
    edited = table.set_column(where, column, pa.array(values, pa.string()))
    pq.write_table(edited, listing(loose))


def test_files_are_those_that_the_list_names(loose: Path) -> None:
    label, rows = read_list(listing(loose))
    assert label.size == (96, 96) and label.shard.samples == len(rows) == 8
    for row in rows:
        content = (loose / row["fg_bg"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["fg_bg_sha256"]
    assert set(own_files(listing(loose))) == set(listed_files(listing(loose)))
    assert len({path for path in listed_files(listing(loose)) if path.parent.name == "mask"}) == 8


def test_a_users_own_files_become_what_the_header_promises(loose: Path) -> None:
    """A PNG of another size and a soft mask: read squashed and cut, shipped as JPEG and one bit."""
    dataset = Dataset(loose)
    record = dataset[0].record
    with Image.open(loose / "fg_bg" / f"{record.key}.jpg") as picture:
        picture.resize((160, 130)).save(loose / "mine.png")
    with Image.open(loose / "mask" / f"{record.key}.png") as mask:
        mask.convert("L").resize((160, 130), Image.Resampling.BILINEAR).save(loose / "mine.jpg")
    for stream, name in (("fg_bg", "mine.png"), ("mask", "mine.jpg")):
        digest = hashlib.sha256((loose / name).read_bytes()).hexdigest()
        edit(loose, stream, lambda _, name=name: name)  # type: ignore[misc]
        edit(loose, f"{stream}_sha256", lambda _, digest=digest: digest)  # type: ignore[misc]
    shard = open_shard(listing(loose))
    size = Size(96, 96)
    picture, mask_file = (shard.file(stream, record, size) for stream in ("fg_bg", "mask"))
    assert picture[:2] == b"\xff\xd8" and decode_rgb(picture).shape == (96, 96, 3)
    assert np.array_equal(decode_mask(mask_file), shard.mask(record))
    assert mask_file[24:26] == b"\1\0"  # one bit of grey
    assert (shard.mask(record) != dataset[0].mask).mean() < 0.03


@pytest.mark.parametrize(
    ("column", "change", "sentence"),
    [
        ("fg_bg_sha256", lambda _: None, "with its SHA-256"),
        ("fg_bg_sha256", lambda _: "0" * 64, "not the file that was written"),
        ("fg_bg", lambda _: "fg_bg/nothing.jpg", "nothing.jpg"),
        ("fg_bg", lambda _: None, "lists no fg_bg"),
    ],
)
def test_a_wrong_list_is_a_sentence(
    loose: Path, column: str, change: Callable[[str], str | None], sentence: str
) -> None:
    edit(loose, column, change)
    with pytest.raises(DatasetError, match=sentence):
        Dataset(loose)[0]


def test_a_cut_list_is_a_sentence(loose: Path) -> None:
    content = listing(loose).read_bytes()
    listing(loose).write_bytes(content[: len(content) // 2])
    with pytest.raises(DatasetError, match="is not a whole list of pictures"):
        Dataset(loose)[0]
