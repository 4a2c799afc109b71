"""HDF5 shards keep depth within masks, and that of every background once."""

import io
import shutil
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError
from data_manifest.header import Header
from data_manifest.record import Record, StoredDepth
from data_manifest.shards import add_depth, open_shard, read_label
from data_manifest.shards.label import DEPTH_VERSION, FIRST_VERSION
from datagen.config import PackConfig
from datagen.pack import pack
from depthgen.config import RunConfig
from depthgen.run import run

VERSION_ONE = Path(__file__).parents[1] / "version_one" / "h5"
SHARDS = ("00000.h5", "00001.h5", "00002.h5", "00003.h5")


def plain_depth(path: Path, row: int) -> StoredDepth:
    """Stored depth of one sample with h5py, zlib and Pillow alone, as whoever has no Diorama."""
    with h5py.File(path) as shard:

        def stored(stream: str) -> bytes:
            start, end = shard[stream]["offsets"][row : row + 2]
            return bytes(shard[stream]["data"][start:end].tobytes())

        if isinstance(shard["mask"], h5py.Group):
            mask = np.asarray(Image.open(io.BytesIO(stored("mask"))))
        else:
            mask = shard["mask"][row] > 0
        high, low = np.frombuffer(zlib.decompress(stored("depth")), np.uint8).reshape(2, -1)
        depth = shard["bg_depth"][shard["bg_index"][row]]
        depth[mask] = np.cumsum(high * 256.0 + low - 128) % 65536
        return np.asarray(depth)


def label(folder: Path, **options: object) -> Path:
    given = {"data": folder, "quiet": True, "device": "cpu", **options}
    run(RunConfig.model_validate(given))
    return folder


def by_reader(folder: Path, record: Record) -> StoredDepth:
    """Stored depth of one sample as its shard's reader gives it."""
    name = Header.read(folder / "dataset.json").shard_name(record.shard)
    with closing(open_shard(folder / name)) as shard:
        depth = shard.depth(record)
    assert depth is not None
    return depth


@pytest.fixture(scope="module")
def as_zip(make_dataset: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset in zip shards, labelled on its own: depth is a PNG file each."""
    return label(make_dataset(tmp_path_factory.mktemp("zip") / "data", format="zip"))


@pytest.fixture(scope="module")
def as_folder(as_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("folder") / "data"
    pack(PackConfig(data=as_zip, to="folder", out=out, quiet=True, workers=1))
    return out


def test_hdf5_zip_and_folder_have_exactly_the_same_depth(
    labelled: Path, as_zip: Path, as_folder: Path
) -> None:
    datasets = [Dataset(folder) for folder in (labelled, as_zip, as_folder)]
    for within, *others in zip(*datasets, strict=True):
        assert within.depth is not None
        stored = by_reader(labelled, within.record)
        plain = plain_depth(labelled / SHARDS[within.record.shard], within.record.row)
        assert stored.dtype == plain.dtype == np.uint16
        assert np.array_equal(stored, plain)
        for other in others:
            assert within.record == other.record
            assert np.array_equal(within.depth, other.depth)
        for folder in (as_zip, as_folder):
            assert np.array_equal(by_reader(folder, within.record), stored)


def test_a_shard_has_what_format_says(labelled: Path) -> None:
    with h5py.File(labelled / "00001.h5") as shard:
        assert shard.attrs["version"] == 2
        grounds, offsets = shard["bg_depth"], shard["depth/offsets"]
        backgrounds = len(shard["bg/offsets"]) - 1
        assert (grounds.shape, grounds.dtype) == ((backgrounds, 96, 96), np.uint16)
        assert (grounds.chunks, grounds.compression, grounds.shuffle) == ((1, 96, 96), "gzip", True)
        assert (offsets.shape, offsets.dtype) == ((41,), np.int64)
        assert shard["depth/data"].shape == (offsets[-1],)
        assert set(shard["depth"].attrs) == {"scale", "offset", "unit", "kind", "near_is"}
        assert (shard["depth"].attrs["unit"], shard["depth"].attrs["scale"]) == ("metres", 0.001)


def test_outside_the_mask_depth_is_the_backgrounds(labelled: Path) -> None:
    samples = Dataset(labelled)
    for sample in samples[::13]:
        shard = samples._shard(sample.record.shard)
        ground, within = shard.ground_depth(sample.record), shard.depth_within(sample.record)
        assert ground is not None and within is not None
        stored = by_reader(labelled, sample.record)
        assert np.array_equal(stored[~sample.mask], ground[~sample.mask])
        assert np.array_equal(stored[sample.mask], within)


@pytest.mark.parametrize("codec", ["jpeg", "raw"])
def test_any_depth_within_masks_comes_back_whatever_the_codec(
    codec: str, make_dataset: Callable[..., Path], labelled: Path, tmp_path: Path
) -> None:
    """Depth that has all extremes, written by hand onto shards of either codec."""
    folder, draw = make_dataset(tmp_path / "data", codec=codec), np.random.default_rng(1)
    stage = Header.read(labelled / "dataset.json").stages.depth
    assert stage is not None
    bare = {path.name: read_label(path).version for path in sorted(folder.glob("*.h5"))}
    assert bare == dict.fromkeys(SHARDS, FIRST_VERSION)
    dataset, depths = Dataset(folder), {}
    every = {record.bg for record in dataset.plan.records()}
    grounds = {bg: draw.integers(0, 65536, (96, 96), dtype=np.uint16) for bg in sorted(every)}
    for sample in dataset:
        inside = draw.choice(np.array([0, 1, 32768, 65534, 65535], np.uint16), (96, 96))
        depths[sample.record.index] = np.where(sample.mask, inside, grounds[sample.record.bg])
    for number, name in enumerate(SHARDS):
        records = dataset.plan.shard_records(number)
        own = [depths[record.index] for record in records]
        add_depth(folder / name, stage, records, own, grounds)
        assert read_label(folder / name).version == DEPTH_VERSION
    for record in dataset.plan.records():
        expected = depths[record.index]
        assert np.array_equal(by_reader(folder, record), expected)
        assert np.array_equal(plain_depth(folder / SHARDS[record.shard], record.row), expected)
    header = Header.read(folder / "dataset.json")
    update = {"stages": header.stages.model_copy(update={"depth": stage})}
    header.model_copy(update=update).write(folder / "dataset.json")
    for before, after in zip(dataset, Dataset(folder), strict=True):
        assert np.array_equal(after.depth, stage.encoding.to_unit(depths[after.record.index]))
        for one, other in ((before.fg_bg, after.fg_bg), (before.bg, after.bg)):
            assert np.array_equal(one, other)


def test_depth_of_whole_frames_is_of_version_two_as_well(
    make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    folder = label(make_dataset(tmp_path / "data", n=1, limit=12), labels="composite")
    with h5py.File(folder / "00000.h5") as shard:
        assert shard.attrs["version"] == 2 and "bg_depth" not in shard
        depth = shard["depth"]
        assert (depth.shape, depth.compression) == ((12, 96, 96), "gzip")
        for sample in Dataset(folder):
            metres = depth[sample.record.row] * np.float32(depth.attrs["scale"])
            assert np.array_equal(sample.depth, metres)


@pytest.mark.parametrize("version", [3, 0, -1, "two"])
def test_a_version_that_is_not_known_is_a_sentence(
    version: object, labelled: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(labelled / "00000.h5", tmp_path))
    with h5py.File(path, "r+") as shard:
        shard.attrs["version"] = version
    with pytest.raises(DatasetError, match=r"00000\.h5 is not a whole HDF5 shard") as caught:
        open_shard(path)
    assert "version" in str(caught.value) and str(caught.value).endswith("again.")
    if version == 3:
        assert "version 3, expected 'diorama-h5' version 1 or 2" in str(caught.value)


def test_depth_of_version_one_is_still_read() -> None:
    dataset = Dataset(VERSION_ONE)
    for sample in dataset:
        path = VERSION_ONE / SHARDS[sample.record.shard]
        with h5py.File(path) as shard:
            assert shard.attrs["version"] == 1 and shard["depth"].compression == "lzf"
            stored = shard["depth"][sample.record.row]
        assert np.array_equal(by_reader(VERSION_ONE, sample.record), stored)
        assert np.array_equal(sample.depth, dataset.depth_encoding.to_unit(stored))
        with closing(open_shard(path)) as reader:
            assert reader.depth_within(sample.record) is None
            assert reader.ground_depth(sample.record) is None


def test_depth_of_version_one_can_be_replaced(tmp_path: Path) -> None:
    folder = label(Path(shutil.copytree(VERSION_ONE, tmp_path / "data")), overwrite=True)
    for before, after in zip(Dataset(VERSION_ONE), Dataset(folder), strict=True):
        for stream in ("bg", "fg_bg", "mask"):
            assert np.array_equal(getattr(before, stream), getattr(after, stream))
        path = folder / SHARDS[after.record.shard]
        plain = plain_depth(path, after.record.row)
        assert np.array_equal(by_reader(folder, after.record), plain)
        assert read_label(path).version == DEPTH_VERSION


@pytest.mark.parametrize("options", [{}, {"codec": "raw"}, {"objects": (1, 3)}], ids=str)
def test_replacing_depth_leaves_no_trace(
    options: dict[str, object], make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    """Files are those of a dataset that was labelled but once, byte for byte."""
    small = {"n": 1, "limit": 20, "shard_size": 12, **options}
    bare = make_dataset(tmp_path / "bare", **small)

    def labelled_as(folder: Path, kind: str) -> list[bytes]:
        label(folder, labels=kind, overwrite=True, engine="torch")
        return [(folder / name).read_bytes() for name in SHARDS[:2]]

    fresh = Path(shutil.copytree(bare, tmp_path / "fresh"))
    anchored, composite = labelled_as(fresh, "anchored"), labelled_as(bare, "composite")
    assert labelled_as(bare, "anchored") == anchored != composite
    assert labelled_as(bare, "composite") == composite


@pytest.fixture
def damaged(labelled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(labelled, tmp_path / "data"))


def test_flipped_bytes_of_depth_are_a_sentence(damaged: Path) -> None:
    with h5py.File(damaged / "00000.h5", "r+") as shard:
        start, end = shard["depth/offsets"][5:7]
        shard["depth/data"][start:end] = ~shard["depth/data"][start:end]
    samples = Dataset(damaged)
    assert samples[4].depth is not None and samples[6].depth is not None
    with pytest.raises(DatasetError, match=r"00000\.h5: depth of 00000005 is damaged\.$"):
        samples[5]
    with pytest.raises(DatasetError, match="depth of 00000005 is damaged"):
        by_reader(damaged, samples.plan[5])


def test_one_flipped_byte_of_depth_is_a_sentence(damaged: Path) -> None:
    with h5py.File(damaged / "00000.h5", "r+") as shard:
        start, end = shard["depth/offsets"][5:7]
        shard["depth/data"][(start + end) // 2] ^= 255
    with pytest.raises(DatasetError, match="depth of 00000005 is damaged"):
        Dataset(damaged)[5]


def test_flipped_bytes_of_a_backgrounds_depth_are_a_sentence(damaged: Path) -> None:
    samples = Dataset(damaged)
    record = samples.plan[5]
    path = damaged / "00000.h5"
    with h5py.File(path) as shard:
        chunk = shard["bg_depth"].id.get_chunk_info(int(shard["bg_index"][record.row]))
    with path.open("r+b") as file:
        file.seek(chunk.byte_offset + chunk.size // 2)
        file.write(b"\xff\x00\xff\x00\xff")
    with pytest.raises(DatasetError, match=f"depth of {record.bg} is damaged"):
        samples[5]
    other = next(one for one in samples.plan.records() if one.bg != record.bg)
    assert samples[other.index].depth is not None


def test_depth_of_another_mask_is_a_sentence(damaged: Path) -> None:
    with h5py.File(damaged / "00000.h5", "r+") as shard:
        offsets = shard["depth/offsets"][:]
        piece = shard["depth/data"][offsets[5] : offsets[6]]
        del shard["depth/data"]
        shard["depth/data"] = np.concatenate([piece, piece])
        shard["depth/offsets"][4:] = 0
        shard["depth/offsets"][5:7] = [len(piece), 2 * len(piece)]
    samples = Dataset(damaged)
    assert samples[5].depth is not None
    with pytest.raises(DatasetError, match="doesn't fit it"):
        samples[4]
    with pytest.raises(DatasetError, match="lead nowhere"):
        samples[6]
