import hashlib
import json
import multiprocessing
import pickle
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from torch.utils.data import DataLoader

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, RecipeError, UsageError
from data_manifest.record import SPLITS, Sample
from data_manifest.shards.codec import decode_rgb
from datagen.config import VerifyConfig
from datagen.verify import verify
from depthgen.config import RunConfig
from depthgen.run import run
from tests.datagen.expected import packed


def digest(sample: Sample) -> str:
    assert sample.depth is not None
    parts = (sample.bg, sample.fg_bg, sample.mask, sample.depth)
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def all_digests(dataset: Dataset) -> list[str]:
    return [digest(sample) for sample in dataset]


def test_a_sample_is_what_it_says(labelled: Path) -> None:
    sample = Dataset(labelled)[17]
    assert sample.bg.shape == sample.fg_bg.shape == (96, 96, 3)
    assert sample.bg.dtype == sample.fg_bg.dtype == np.uint8
    assert sample.mask.shape == (96, 96) and sample.mask.dtype == bool
    assert sample.depth is not None and sample.depth.dtype == np.float32
    assert 0.3 < sample.depth.mean() < 10
    assert sample.record.index == 17


@pytest.mark.parametrize("made", ["drawn", "raw", "zip", "folder"])
def test_samples_are_read_into_given_arrays(
    labelled: Path, make_dataset: Callable[..., Path], tmp_path: Path, made: str
) -> None:
    match made:
        case "drawn":
            folder = labelled
        case "raw":
            folder = make_dataset(tmp_path / "data", limit=12, codec="raw")
            run(RunConfig(data=folder, quiet=True, device="cpu"))
        case _:
            folder = packed(labelled, made, str(tmp_path / "packed"), limit=12)
    dataset = Dataset(folder)
    pictures, mask = np.ones((2, 96, 96, 3), np.uint8), np.ones((96, 96), bool)
    depth = np.ones((96, 96), np.float32)
    for row, sample in enumerate(dataset):
        record, *_ = dataset.records(np.array([row]))
        assert record == sample.record
        dataset.read_into(record, *pictures, mask, depth)
        assert digest(Sample(*pictures, mask, depth, record)) == digest(sample)
    pictures[:] = 0  # what is kept of backgrounds is no part of what was given
    assert digest(dataset[0]) == digest(Dataset(folder)[0])
    small = np.empty((1, 96, 3), np.uint8)
    with pytest.raises(
        DatasetError, match=r"has an array of shape \(96, 96, 3\), not \(1, 96, 3\)"
    ):
        dataset.read_into(record, small, pictures[0], mask, depth)


def test_without_depth(dataset: Path) -> None:
    assert Dataset(dataset)[0].depth is None
    with pytest.raises(DatasetError, match="run `depthgen run` first"):
        _ = Dataset(dataset).depth_encoding
    picture, mask = np.empty((96, 96, 3), np.uint8), np.empty((96, 96), bool)
    record = Dataset(dataset)[0].record
    with pytest.raises(DatasetError, match="has no depth; run `depthgen run` again"):
        Dataset(dataset).read_into(record, picture, picture, mask, np.empty((96, 96), np.float32))


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_four_processes_read_the_same_bytes(method: str, labelled: Path) -> None:
    dataset = Dataset(labelled)
    expected = all_digests(dataset)  # files are now open in this process
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(4, mp_context=context) as pool:
        for digests in pool.map(all_digests, [dataset] * 4):
            assert digests == expected


@pytest.mark.parametrize("made", ["h5", "zip", "folder"])
def test_threads_read_the_same_bytes_however_few_shards_may_be_open(
    labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    monkeypatch.setattr("data_manifest.dataset._most_open_shards", lambda: 2)
    source = packed(labelled, made, str(tmp_path / "packed"))
    expected = all_digests(Dataset(source))
    dataset = Dataset(source)
    rows = np.random.default_rng(0).permutation(np.repeat(np.arange(len(dataset)), 5)).tolist()
    with ThreadPoolExecutor(4) as pool:
        digests = list(pool.map(lambda row: digest(dataset[row]), rows))
    assert digests == [expected[row] for row in rows]
    assert len(open_files(dataset.folder)) == (0 if made == "folder" else 2)


def open_files(folder: Path) -> list[Path]:
    places = (place.readlink() for place in Path("/proc/self/fd").iterdir() if place.is_symlink())
    return [place for place in places if folder in place.parents]


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_dataloader_workers_give_the_same(method: str, labelled: Path) -> None:
    dataset = Dataset(labelled)
    expected = all_digests(dataset)
    loader = DataLoader(
        dataset,  # type: ignore[arg-type]
        batch_size=None,
        num_workers=2,
        multiprocessing_context=method,
        collate_fn=digest,
    )
    assert list(loader) == expected


def test_every_way_to_name_the_same_shards(labelled: Path) -> None:
    whole = Dataset(labelled)
    assert len(whole) == 140
    assert len(Dataset(str(labelled / "*.h5"))) == 140
    assert len(Dataset(sorted(labelled.glob("*.h5")))) == 140
    one = Dataset(labelled / "00001.h5")
    assert [sample.record.index for sample in one] == list(range(40, 80))
    assert digest(one[0]) == digest(whole[40])


def test_splits_share_the_samples(labelled: Path) -> None:
    whole = Dataset(labelled)
    parts = [Dataset(labelled, split=split) for split in SPLITS]
    assert sum(map(len, parts)) == 140
    for split, part in zip(SPLITS, parts, strict=True):
        assert part.rows.tolist() == whole.select(split).rows.tolist()
        assert {sample.record.split for sample in part} == {split}
    with pytest.raises(UsageError, match="no split 'test'"):
        Dataset(labelled, split="test")


def test_negative_and_sliced_indices(labelled: Path) -> None:
    dataset = Dataset(labelled)
    assert dataset[-1].record.index == 139
    assert [sample.record.index for sample in dataset[10:14:2]] == [10, 12]
    with pytest.raises(IndexError):
        dataset[140]


def test_pickling_leaves_open_files_behind(labelled: Path) -> None:
    dataset = Dataset(labelled)
    before = digest(dataset[3])
    assert digest(pickle.loads(pickle.dumps(dataset))[3]) == before


def test_what_is_not_a_dataset_is_a_sentence(labelled: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"it has no dataset\.json"):
        Dataset(tmp_path)
    with pytest.raises(UsageError, match="There is no shard"):
        Dataset("nothing/*.h5")
    with pytest.raises(UsageError, match="no shard was named"):
        Dataset([])
    folder = tmp_path / "data"
    shutil.copytree(labelled, folder)
    with pytest.raises(UsageError, match="lie in 2 folders"):
        Dataset([folder / "00000.h5", labelled / "00001.h5"])
    (folder / "00002.h5").unlink()
    with pytest.raises(DatasetError, match=r"1 of 4 shards are missing \(00002\.h5 first\)"):
        Dataset(folder)
    text = (folder / "dataset.json").read_text()
    (folder / "dataset.json").write_text(text.replace('"schema_version": 3', '"schema_version": 9'))
    with pytest.raises(DatasetError, match="can't be read by this version"):
        Dataset(folder / "00000.h5")


def test_shards_of_another_recipe_are_refused(
    labelled: Path, make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_dataset(tmp_path / "data", seed=1)
    shutil.copy(labelled / "00000.h5", folder / "00000.h5")
    with pytest.raises(RecipeError, match="another recipe than"):
        Dataset(folder)[0]


def test_it_is_no_list_to_look_things_up_in(labelled: Path) -> None:
    dataset = Dataset(labelled)
    with pytest.raises(TypeError, match="not a container"):
        assert dataset[0] in dataset  # type: ignore[operator]
    assert not hasattr(dataset, "index") and not hasattr(dataset, "count")
    with pytest.raises(UsageError, match="no split 'nope'"):
        dataset.select("nope")


def test_a_relative_path_survives_another_working_folder(
    labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(labelled.parent)
    for source in (labelled.name, f"{labelled.name}/*.h5"):
        dataset = Dataset(source)
        monkeypatch.chdir(tmp_path)
        assert len(dataset[:3]) == 3
        monkeypatch.chdir(labelled.parent)


def test_what_is_read_belongs_to_the_reader(labelled: Path) -> None:
    """A decoded background is kept; nobody gets hold of it."""
    dataset = Dataset(labelled)
    before = [digest(sample) for sample in dataset]
    for sample in dataset:
        for picture in (sample.bg, sample.fg_bg, sample.mask):
            assert picture.flags.writeable
            picture[:] = 0
    assert [digest(sample) for sample in dataset] == before


def test_backgrounds_kept_are_decoded_as_the_whole_file_is(labelled: Path) -> None:
    dataset = Dataset(labelled)
    for sample in [*dataset, *dataset]:
        shard = dataset._shard(sample.record.shard)
        for stream in ("bg", "fg_bg"):
            whole = decode_rgb(shard.encoded(stream, sample.record))
            assert np.array_equal(getattr(sample, stream), whole), sample.record


@pytest.mark.parametrize("kind", ["h5", "zip"])
def test_datasets_of_version_one_are_read_and_verified(kind: str, tmp_path: Path) -> None:
    """Drawn, labelled and noted before JPEG files had cells and sizes were two numbers."""
    data = Path(shutil.copytree(Path(__file__).parent / "version_one" / kind, tmp_path / "data"))
    dataset = Dataset(data)
    assert dataset.header.size == (48, 48)
    assert json.loads((data / "dataset.json").read_text())["schema_version"] == 1
    digests = json.loads((data / "pixels.json").read_text())
    assert [digest(sample) for sample in dataset] == digests
    assert "are right" in verify(VerifyConfig(data=data, workers=1, quiet=True))
