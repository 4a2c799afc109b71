"""Names and files that somebody else may have written lead nowhere outside the folder they lie in.

By command line, as a user would meet them: a dataset, an export or a list got from a stranger.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]
SECRET = b"nobody else's business\n" * 4000


@pytest.fixture
def theirs(dataset: Path, tmp_path: Path) -> Path:
    """A copy of a dataset, two folders deep, that may be tampered with."""
    return Path(shutil.copytree(dataset, tmp_path / "deep" / "deeper" / "data"))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "other" / "secret.bin"
    path.parent.mkdir()
    path.write_bytes(SECRET)
    return path


def files(folder: Path) -> dict[str, str]:
    """Digests of all files below a folder, links not followed."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def assert_refused(done: subprocess.CompletedProcess[str], words: str = "") -> None:
    assert done.returncode != 0, done.stdout
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def contents(folder: Path) -> bytes:
    """All that is written below a folder, to look for a secret in."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_an_exports_label_deletes_nothing_elsewhere(
    theirs: Path, secret: Path, command: Command
) -> None:
    words = ("datagen", "pack", "--data", theirs, "--to", "coco", "--out", "packed", "--quiet")
    assert command(*words, "--limit", 4).returncode == 0
    label = json.loads(Path("packed/export.json").read_text())
    crafted = {**label, "files": ["../other/*", "*", "../deep/**/*"]}
    Path("packed/export.json").write_text(json.dumps(crafted))
    Path("packed/mine.txt").write_text("mine")
    before = files(theirs)
    command(*words, "--limit", 5, "--overwrite")
    assert secret.read_bytes() == SECRET
    assert Path("packed/mine.txt").read_text() == "mine"
    assert files(theirs) == before


@pytest.mark.parametrize("key", ["../../x/photo", "/photo", "a/../../b", "a\\..\\b", ".hidden"])
def test_keys_that_lead_elsewhere_are_refused(
    theirs: Path, command: Command, tmp_path: Path, key: str
) -> None:
    rename(theirs, key)
    before = files(tmp_path)
    done = command("datagen", "pack", "--data", theirs, "--to", "zip", "--out", "a/b/packed")
    assert_refused(done, "which can't be a file's name")
    assert files(tmp_path) == before


def test_keys_that_lead_elsewhere_are_refused_by_every_command(
    theirs: Path, command: Command, tmp_path: Path
) -> None:
    rename(theirs, "../../x/photo")
    before = files(tmp_path)
    for words in (
        ("datagen", "pack", "--data", theirs, "--to", "folder", "--out", "a/b/packed"),
        ("datagen", "pack", "--data", theirs, "--to", "webdataset", "--out", "a/b/packed"),
        ("datagen", "stats", theirs),
        ("datagen", "verify", theirs),
        ("datagen", "preview", theirs),
        ("depthgen", "run", "--data", theirs),
        ("train", "fit", "--shards", theirs, "--out", "run"),
    ):
        assert_refused(command(*words))
        assert files(tmp_path) == before, words


def rename(data: Path, key: str) -> None:
    plan = pq.read_table(data / "manifest.parquet")
    keys = [f"{key}{number}" for number in range(plan.num_rows)]
    where = plan.column_names.index("key")
    pq.write_table(plan.set_column(where, "key", pa.array(keys)), data / "manifest.parquet")


def test_a_loose_datasets_depth_is_not_written_through_a_link(
    dataset: Path, command: Command, tmp_path: Path
) -> None:
    command("datagen", "pack", "--data", dataset, "--to", "folder", "--out", "loose", "--limit", 6)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "loose" / "depth").symlink_to(tmp_path / "elsewhere")
    assert_refused(command("depthgen", "run", "--data", "loose"), "lies outside")
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("name", ["shards.jsonl", ".lock"])
def test_what_is_added_to_is_no_link(
    theirs: Path, secret: Path, command: Command, name: str
) -> None:
    (theirs / name).unlink(missing_ok=True)
    (theirs / name).symlink_to(secret)
    (theirs / "stats.json").unlink(missing_ok=True)
    assert_refused(command("depthgen", "run", "--data", theirs), "is a link")
    assert secret.read_bytes() == SECRET


@pytest.mark.parametrize(
    ("to", "digest"),
    [("folder", True), ("webdataset", True), ("parquet", True), ("coco", True), ("zip", False)],
)
def test_a_list_that_names_a_foreign_file_ships_nothing_of_it(
    dataset: Path, secret: Path, command: Command, tmp_path: Path, to: str, digest: bool
) -> None:
    command("datagen", "pack", "--data", dataset, "--to", "folder", "--out", "loose", "--limit", 6)
    (path,) = Path("loose").glob("[0-9]*.parquet")
    table = pq.read_table(path)
    sha256 = hashlib.sha256(SECRET).hexdigest() if digest else None
    for column, value in (("fg_bg", f"../other/{secret.name}"), ("fg_bg_sha256", sha256)):
        values = table.column(column).to_pylist()
        values[0] = value
        where = table.column_names.index(column)
        table = table.set_column(where, column, pa.array(values, pa.string()))
    pq.write_table(table, path)
    done = command("datagen", "pack", "--data", "loose", "--to", to, "--out", "packed")
    assert_refused(done)
    assert SECRET[:100] not in contents(tmp_path / "packed")


@pytest.mark.parametrize(
    ("to", "how"), [("folder", "storage"), ("webdataset", "link"), ("parquet", "virtual")]
)
def test_hdf5_that_points_outside_itself_ships_nothing_of_it(
    theirs: Path, secret: Path, command: Command, tmp_path: Path, to: str, how: str
) -> None:
    with h5py.File(tmp_path / "other" / "outside.h5", "w") as outside:
        outside["data"] = np.frombuffer(SECRET, np.uint8)
    with h5py.File(theirs / "00000.h5", "r+") as shard:
        pictures = shard["fg_bg"]
        del pictures["data"]
        if how == "storage":
            stored = [(os.fspath(secret), 0, len(SECRET))]
            pictures.create_dataset("data", (len(SECRET),), np.uint8, external=stored)
        elif how == "link":
            pictures["data"] = h5py.ExternalLink(tmp_path / "other" / "outside.h5", "data")
        else:
            layout = h5py.VirtualLayout((len(SECRET),), np.uint8)
            layout[:] = h5py.VirtualSource(
                tmp_path / "other" / "outside.h5", "data", (len(SECRET),)
            )
            pictures.create_virtual_dataset("data", layout)
        offsets = np.linspace(0, len(SECRET), len(pictures["offsets"])).astype(np.int64)
        pictures["offsets"][:] = offsets
    done = command("datagen", "pack", "--data", theirs, "--to", to, "--out", "packed")
    assert_refused(done, "is not a whole HDF5 shard")
    assert SECRET[:100] not in contents(tmp_path / "packed")
