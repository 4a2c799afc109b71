"""Whatever a dataset was made of, the reader of every export gets what its header promises."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_manifest.commands.options import build
from data_manifest.dataset import Dataset
from data_manifest.record import Sample, Size
from datagen.config import VerifyConfig
from datagen.import_dataset import import_dataset
from datagen.ingest.config import ImportConfig
from datagen.verify import verify
from tests.datagen.consumers import CONSUMERS, Pictures
from tests.datagen.expected import packed

pytestmark = pytest.mark.usefixtures("offline_datasets")
LOSSY = {"imported": 10.0, "wide": 0.0}
"""Mean levels by which a picture may be off; a user's own PNG file becomes a JPEG file."""


@pytest.fixture(scope="session")
def imported(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's loose files, 64 px PNG with soft grey JPEG masks, imported at 32 px; read only."""
    mine = tmp_path_factory.mktemp("mine")
    for sample in Dataset(dataset)[::4]:
        stem = f"{sample.record.bg}-{sample.record.key}"
        for name, pixels in (("bg", sample.bg), ("fg_bg", sample.fg_bg)):
            save(mine / name / f"{stem}.png", pixels)
        save(mine / "mask" / f"{stem}.jpg", sample.mask.astype(np.uint8) * 255)
        ramp = np.linspace(500, 9000, 64 * 64).astype(np.uint16).reshape(64, 64)
        save(mine / "depth" / f"{stem}.png", ramp + sample.record.index)
    folders = {name: mine / name for name in ("bg", "fg_bg", "mask", "depth")}
    options = {"size": 32, "out": mine / "data", "workers": 1, "quiet": True, "hold_out": 0.3}
    import_dataset(build(ImportConfig, {**folders, **options}))
    return mine / "data"


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(pixels)
    (picture if pixels.dtype == np.uint16 else picture.resize((64, 64))).save(path)


@pytest.fixture(scope="session")
def wide(make_dataset: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames of 640x480 with depth; read only."""
    from depthgen.config import RunConfig
    from depthgen.run import run

    folder = tmp_path_factory.mktemp("wide") / "data"
    make_dataset(folder, n=1, limit=16, size="640x480", shard_size=6)
    run(RunConfig(data=folder, quiet=True, device="cpu"))
    return folder


@pytest.mark.parametrize("to", CONSUMERS)
@pytest.mark.parametrize("name", ["imported", "wide"])
def test_every_consumer_gets_what_the_header_promises(
    name: str, to: str, request: pytest.FixtureRequest
) -> None:
    data: Path = request.getfixturevalue(name)
    folder = packed(data, to)
    read = 0
    for split in {sample.record.split for sample in Dataset(data)}:
        samples = Dataset(data, split=split)
        for found, sample in zip(CONSUMERS[to](folder, split), samples, strict=True):
            assert_promised(found, sample, samples.header.size, LOSSY[name])
            read += 1
    assert read == len(Dataset(data)) > 10


def assert_promised(found: Pictures, sample: Sample, size: Size, lossy: float) -> None:
    """Pictures are JPEG files of the size, masks binary, and depth is to the level."""
    assert found["mask"].mode == "1" and found["mask"].size == size
    assert np.array_equal(np.asarray(found["mask"]), sample.mask)
    for stream in found.keys() & {"bg", "fg_bg"}:
        picture = found[stream]
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", size), stream
        off = np.abs(np.asarray(picture).astype(int) - getattr(sample, stream))
        assert off.mean() <= lossy, stream
    if "depth" in found:
        assert sample.depth is not None and found["depth"].mode.startswith("I;16")
        stored = np.asarray(found["depth"])
        assert np.allclose(stored * 0.001, sample.depth, atol=1e-6)


@pytest.mark.parametrize("to", ["h5", "zip", "folder"])
def test_what_is_packed_of_an_import_verifies_and_reads_as_a_dataset(
    imported: Path, to: str
) -> None:
    folder = packed(imported, to)
    assert "right" in verify(VerifyConfig(data=folder, workers=1, quiet=True))
    for found, sample in zip(Dataset(folder), Dataset(imported), strict=True):
        assert found.bg.shape == found.fg_bg.shape == (32, 32, 3)
        assert np.array_equal(found.mask, sample.mask)
        assert found.depth is not None and np.array_equal(found.depth, sample.depth)


def test_an_import_that_is_gone_is_a_sentence_and_ships_nothing(
    imported: Path, tmp_path: Path
) -> None:
    from data_manifest.errors import DatasetError

    mine = Path(shutil.copytree(imported.parent, tmp_path / "mine"))
    for path in (mine / "fg_bg").iterdir():
        path.unlink()
    with pytest.raises(DatasetError, match="fg_bg"):
        packed(mine / "data", "webdataset")
    assert not list((tmp_path / "packed").glob("*.tar"))
