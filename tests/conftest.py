"""Real pictures, and datasets made of them, shared by all tests."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datagen.config import OverlayConfig
from datagen.overlay import overlay

os.environ["OMP_WAIT_POLICY"] = "passive"  # tests run side by side; threads must not spin
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).parent.parent
BACKGROUNDS = ("chelsea.png", "coffee.png", "motorcycle_left.png", "china.jpg", "flower.jpg")
CUTOUTS = ("apple", "cat", "chair", "guitar", "key", "owl", "tree")

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def all_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's photos and cut-outs: a folder with bgs/ and fgs/."""
    spec = importlib.util.spec_from_file_location("pictures", ROOT / "demo" / "pictures.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path_factory.mktemp("all_pictures")
    module.write_pictures(folder)
    return folder


@pytest.fixture(scope="session")
def pictures(all_pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five photos in bgs/ and seven cut-outs in fgs/."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "bgs").mkdir()
    (folder / "fgs").mkdir()
    for name in BACKGROUNDS:
        shutil.copy(all_pictures / "bgs" / name, folder / "bgs")
    for name in CUTOUTS:
        shutil.copy(all_pictures / "fgs" / f"{name}.webp", folder / "fgs")
    return folder


@pytest.fixture(scope="session")
def make_dataset(pictures: Path) -> Callable[..., Path]:
    """Draws a dataset of the pictures: 140 samples of 96 px in four shards, unless told."""

    def make(out: Path, **options: object) -> Path:
        given = {"n": 2, "size": 96, "shard_size": 40, "hold_out": 0.3, "workers": 1, "quiet": True}
        overlay(
            OverlayConfig.model_validate(
                {"bg": pictures / "bgs", "fg": pictures / "fgs", "out": out, **given, **options}
            )
        )
        return out

    return make


@pytest.fixture(scope="session")
def dataset(make_dataset: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset without depth; read only."""
    return make_dataset(tmp_path_factory.mktemp("dataset") / "data")


@pytest.fixture(scope="session")
def labelled(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same dataset with FastDepth's depth; read only."""
    from depthgen.config import RunConfig
    from depthgen.run import run

    folder = tmp_path_factory.mktemp("labelled") / "data"
    shutil.copytree(dataset, folder)
    run(RunConfig(data=folder, quiet=True, device="cpu"))
    return folder


@pytest.fixture(scope="session")
def crowded(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 samples of one to three foregrounds in two folders, with FastDepth's depth; read only."""
    from depthgen.config import RunConfig
    from depthgen.run import run

    mine = tmp_path_factory.mktemp("crowded")
    shutil.copytree(pictures / "bgs", mine / "bgs")
    for number, name in enumerate(CUTOUTS):
        kind = mine / "fgs" / ("living" if number % 2 else "thing")
        kind.mkdir(parents=True, exist_ok=True)
        shutil.copy(pictures / "fgs" / f"{name}.webp", kind)
    options = {"n": 1, "limit": 40, "size": 96, "shard_size": 12, "hold_out": 0.3, "workers": 1}
    crowd = {"objects": (1, 3), "distractors": (0, 1), "visible": 0.6, "key": "{fg}.{index}"}
    folders = {"bg": mine / "bgs", "fg": mine / "fgs", "out": mine / "data", "quiet": True}
    overlay(OverlayConfig.model_validate({**options, **crowd, **folders}))
    run(RunConfig(data=mine / "data", quiet=True, device="cpu"))
    return mine / "data"


@pytest.fixture
def offline_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hugging Face datasets without a network, and with a cache of its own."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs one of the three commands as a process of its own, in an empty folder."""

    def run(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
        program = Path(sys.executable).parent / str(words[0])
        return subprocess.run(
            [str(program), *map(str, words[1:])],
            cwd=options.get("cwd", tmp_path),
            env={**os.environ, **dict(options.get("env", {}))},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
