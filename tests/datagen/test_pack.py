"""What all exports have in common: whole or going on, the same bytes, and only in their folder."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from data_manifest.dataset import HEADER_FILE, Dataset
from data_manifest.errors import DatasetError, RecipeError, UsageError
from data_manifest.files.lock import locked
from data_manifest.header import Header
from datagen.config import ExportFormat
from datagen.pack import DESCRIBE, EXPORTS
from tests.conftest import Command
from tests.datagen.expected import packed
from tests.killed import wait_for_shards

FORMATS = tuple(EXPORTS)
FIRST_FILE = {"webdataset": "*.tar", "parquet": "data/*.parquet", "coco": "annotations/*.part.json"}


def content(folder: Path) -> dict[str, bytes]:
    """Every file's bytes but the lock's."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="session")
def many_shards(
    make_dataset: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """140 samples in 35 shards."""
    return make_dataset(tmp_path_factory.mktemp("many") / "data", shard_size=4)


def test_the_choice_lists_what_exists() -> None:
    assert set(DESCRIBE) == set(get_args(ExportFormat))


@pytest.mark.parametrize("to", FORMATS)
def test_a_killed_run_goes_on(to: str, many_shards: Path, tmp_path: Path) -> None:
    whole = content(packed(many_shards, to, "whole"))
    words = ["datagen", "pack", many_shards, "--to", to, "--out", "killed", "--workers", 1]
    program = str(Path(sys.executable).parent / "datagen")
    process = subprocess.Popen([program, *map(str, words[1:])], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    killed = tmp_path / "killed"
    while not list(killed.glob(FIRST_FILE[to])) and time.monotonic() < deadline:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    first = {path: path.stat().st_mtime_ns for path in killed.glob(FIRST_FILE[to])}
    assert first and not (killed / "README.md").exists()
    assert len(content(killed)) < len(whole)
    (killed / ".tmp.1.half").write_text("half")
    (killed / ".tmp.1.export.json").write_text("half")
    packed(many_shards, to, "killed")
    assert content(killed) == whole
    kept = {path: path.stat().st_mtime_ns for path in first if path.exists()}
    assert kept.items() <= first.items()


@pytest.mark.parametrize("to", FORMATS)
def test_the_same_bytes_for_any_number_of_workers(to: str, many_shards: Path) -> None:
    one = content(packed(many_shards, to, "one", limit=30))
    assert content(packed(many_shards, to, "two", limit=30, workers=2)) == one


@pytest.mark.parametrize("to", FORMATS)
def test_a_finished_export_is_left_alone(to: str, dataset: Path) -> None:
    folder = packed(dataset, to, limit=10)
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*.*g") if p.is_file()}
    before |= {p: p.stat().st_mtime_ns for p in folder.rglob("*.parquet")}
    before |= {p: p.stat().st_mtime_ns for p in folder.rglob("*.tar")}
    packed(dataset, to, limit=10)
    assert before and before == {p: p.stat().st_mtime_ns for p in before}


def test_splits_and_limit(dataset: Path) -> None:
    folder = packed(dataset, "webdataset", split=("val", "val_bg"))
    assert {p.name.split("-")[0] for p in folder.glob("*.tar")} == {"val", "val_bg"}
    wanted = len(Dataset(dataset, split="val")) + len(Dataset(dataset, split="val_bg"))
    assert f"{wanted} composites" in (folder / "README.md").read_text()
    assert "12 composites" in (packed(dataset, "coco", "few", limit=12) / "README.md").read_text()
    assert len(list(Path("few").glob("images/*/*.jpg"))) == 12


def test_another_export_is_refused_or_replaced(dataset: Path, crowded: Path) -> None:
    packed(dataset, "webdataset", limit=10)
    before = content(Path("packed"))
    with pytest.raises(RecipeError, match=r'to was "webdataset", is "coco"\. Choose another --out'):
        packed(dataset, "coco", limit=10)
    with pytest.raises(RecipeError, match="limit was 10, is 9"):
        packed(dataset, "webdataset", limit=9)
    with pytest.raises(RecipeError, match="made of another dataset"):
        packed(crowded, "webdataset", limit=10)
    assert content(Path("packed")) == before
    Path("packed/mine.txt").write_text("mine")
    packed(dataset, "coco", limit=10, overwrite=True)
    assert not list(Path("packed").glob("*.tar"))
    assert Path("packed/mine.txt").read_text() == "mine"
    Path("packed/mine.txt").unlink()
    packed(dataset, "webdataset", limit=10, overwrite=True)
    assert content(Path("packed")) == before
    assert not [path for path in Path("packed").iterdir() if path.is_dir()]


def test_new_depth_makes_another_export(crowded: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(crowded, tmp_path / "data"))
    header = Header.read(data / HEADER_FILE)
    assert header.stages.depth
    packed(data, "parquet", limit=4)
    other = header.stages.depth.model_copy(update={"teacher": "other"})
    stages = header.stages.model_copy(update={"depth": other})
    header.model_copy(update={"stages": stages}).write(data / HEADER_FILE)
    with pytest.raises(RecipeError, match="made of another depth stage"):
        packed(data, "parquet", limit=4)
    with pytest.raises(DatasetError, match="has other depth than dataset"):
        packed(data, "parquet", "new", limit=4)


@pytest.mark.parametrize("overwrite", [False, True])
def test_foreign_files_are_never_touched(dataset: Path, overwrite: bool) -> None:
    Path("packed/data").mkdir(parents=True)
    Path("packed/data/train.parquet").write_text("mine")
    Path("packed/data/.tmp.7.train.parquet").write_text("of a run that isn't ours")
    with pytest.raises(RecipeError, match="packed holds data, which is no part of an export"):
        packed(dataset, "parquet", overwrite=overwrite)
    assert sorted(content(Path("packed"))) == ["data/.tmp.7.train.parquet", "data/train.parquet"]
    Path("packed/export.json").write_text("{}")
    with pytest.raises(RecipeError, match="wasn't written by this version"):
        packed(dataset, "parquet", overwrite=overwrite)


def test_one_writer_at_a_time(dataset: Path) -> None:
    Path("packed").mkdir()
    with locked(Path("packed")), pytest.raises(DatasetError, match="Another run is writing"):
        packed(dataset, "coco")


def test_a_dataset_that_is_not_whole(dataset: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(dataset, tmp_path / "data"))
    (data / "00001.h5").write_bytes((data / "00001.h5").read_bytes()[:3000])
    with pytest.raises(DatasetError, match=r"00001\.h5 is not a whole HDF5 shard"):
        packed(data, "webdataset")
    assert not list(Path("packed").glob(".tmp.*"))
    (data / "00001.h5").unlink()
    with pytest.raises(DatasetError, match="is not finished: 1 of 4 shards are missing"):
        packed(data, "webdataset")
    with pytest.raises(UsageError, match="There is no dataset nowhere"):
        packed(Path("nowhere"), "webdataset")


def test_a_split_without_samples(make_dataset: Callable[..., Path], tmp_path: Path) -> None:
    data = make_dataset(tmp_path / "data", n=1, limit=6, hold_out=0)
    for split in ("val", "test"):
        with pytest.raises(UsageError, match=f"has no split '{split}'; it has train"):
            packed(data, "coco", split=(split,))
    assert not Path("packed").exists()


def test_the_command(command: Command, dataset: Path) -> None:
    done = command("datagen", "pack", dataset, "--to", "coco", "--limit", 12, "--split", "val")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("12 samples (val 12) are in packed as coco")
    done = command("datagen", "pack", dataset)
    assert done.returncode == 2 and "--to is missing" in done.stderr
    done = command("datagen", "pack", dataset, "--to", "csv")
    assert done.returncode == 2 and "webdataset" in done.stderr


@pytest.mark.parametrize(("to", "first"), [("webdataset", "*.tar"), ("parquet", "data/*.parquet")])
def test_a_damaged_file_is_made_again(to: str, first: str, dataset: Path) -> None:
    folder = packed(dataset, to)
    whole = content(folder)
    victim = sorted(folder.glob(first))[0]
    victim.write_bytes(victim.read_bytes()[:5000])
    packed(dataset, to)
    assert content(folder) == whole


def test_who_made_an_unfinished_dataset_is_said_and_nobody_else_goes_on_with_it(
    many_shards: Path, pictures: Path, command: Command, tmp_path: Path
) -> None:
    words = ["pack", many_shards, "--to", "h5", "--out", "part", "--workers", 1]
    program = str(Path(sys.executable).parent / "datagen")
    process = subprocess.Popen([program, *map(str, words)], stderr=subprocess.DEVNULL)
    wait_for_shards(process, tmp_path / "part")
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = command("datagen", "stats", "part")
    assert done.returncode == 1 and "run the same `datagen pack` again" in done.stderr
    with pytest.raises(DatasetError, match="run the same `datagen pack` again"):
        Dataset("part")
    before = content(tmp_path / "part")
    sources = ["--bg", pictures / "bgs", "--fg", pictures / "fgs"]
    same_options = ["--n", 2, "--size", 96, "--shard-size", 4, "--hold-out", 0.3]
    done = command("datagen", "overlay", *sources, *same_options, "--out", "part")
    assert done.returncode == 1 and "`datagen pack` makes it" in done.stderr
    assert content(tmp_path / "part") == before
    assert command("datagen", *words).returncode == 0
    assert len(Dataset("part")) == 140
