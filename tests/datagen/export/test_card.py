"""Every export's dataset card and Croissant metadata."""

import hashlib
import json
import re
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
import yaml

from data_manifest.dataset import Dataset
from datagen.config import StatsConfig
from datagen.pack import EXPORTS
from datagen.stats import stats
from tests.conftest import ROOT
from tests.datagen.expected import arrays, packed

FORMATS = tuple(EXPORTS)
EXTRACT = "mlcroissant._src.operation_graph.operations.extract"
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file <_io.BufferedReader:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame"),
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),
]


def front_matter(folder: Path) -> dict[str, Any]:
    text = (folder / "README.md").read_text()
    found = yaml.safe_load(text.split("---\n")[1])
    assert isinstance(found, dict)
    return found


@pytest.fixture
def measured(crowded: Path, tmp_path: Path) -> Path:
    """The crowded dataset with stats.json."""
    data = Path(shutil.copytree(crowded, tmp_path / "data"))
    stats(StatsConfig(data=data, workers=1, quiet=True))
    return data


@pytest.mark.parametrize("to", FORMATS)
def test_the_card_says_what_it_is(to: str, measured: Path) -> None:
    folder = packed(measured, to)
    head, text = front_matter(folder), (folder / "README.md").read_text()
    assert head["license"] == "unknown" and head["size_categories"] == ["n<1K"]
    assert head["task_categories"] == ["image-segmentation", "depth-estimation"]
    header = Dataset(measured).header
    assert header.stages.depth
    for part in (header.fingerprint, header.stages.depth.weights_sha256, "licence MIT",
                 "kind: metric; unit: metres", "near is small", "not ground truth",
                 "neither background nor foreground occurs in train", "hold_out: 0.3"):  # fmt: skip
        assert part in text
    table = json.loads((measured / "stats.json").read_text())
    assert f"| all | mask | {table['all']['mask']['mean'][0]:.6f} |" in text
    train = Dataset(measured, split="train")
    backgrounds = len({sample.record.bg for sample in train})
    foregrounds = {p.fg for sample in train for p in sample.record.placements}
    assert f"| train | {len(train)} | {backgrounds} | {len(foregrounds)} | to learn from |" in text


@pytest.mark.usefixtures("offline_datasets")
@pytest.mark.parametrize("to", FORMATS)
def test_the_cards_own_code_reads_the_first_sample(
    to: str, crowded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = packed(crowded, to).resolve()
    code = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.S)
    assert len(code) == 1 and len(code[0].splitlines()) <= 7
    monkeypatch.chdir(folder)
    found: dict[str, Any] = {}
    exec(code[0], found)
    dataset = Dataset(crowded, split="train")
    expected = arrays(dataset[0], dataset)
    assert np.array_equal(found["fg_bg"], expected["fg_bg"])
    if to == "coco":
        union = np.any([mask > 0 for mask in found["masks"]], axis=0)
        assert np.array_equal(union, expected["mask"])
        return
    for name, array in expected.items():
        assert np.array_equal(found[name], array), name


@pytest.mark.usefixtures("offline_datasets")
def test_the_page_about_exports_shows_code_that_runs(crowded: Path) -> None:
    code = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "exports.md").read_text(), re.S)
    assert len(code) == len(FORMATS)
    for to in FORMATS:
        packed(crowded, to, f"packed-{to}")
    for block in code:
        found: dict[str, Any] = {}
        exec(block, found)
        pictures = found["masks"] if "masks" in found else [found["fg_bg"], found["mask"]]
        assert all(picture.shape[:2] == (96, 96) for picture in pictures)


@pytest.mark.parametrize("split_by", ["sample", "bg"])
def test_the_card_says_how_was_held_out(
    split_by: str, make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    data = make_dataset(tmp_path / "data", n=1, limit=20, split_by=split_by)
    text = (packed(data, "coco") / "README.md").read_text()
    assert ("so it looks too good" in text) == (split_by == "sample")
    assert ("| val_bg |" in text) == (split_by == "bg")
    assert "depth-estimation" not in text and "there is no depth" in text


@pytest.mark.parametrize("to", FORMATS)
def test_croissant_is_valid_and_its_digests_are_right(to: str, crowded: Path) -> None:
    folder = packed(crowded, to)
    croissant = load_croissant(folder)
    assert croissant.metadata.issues.errors == set()
    listed = json.loads((folder / "croissant.json").read_text())["distribution"]
    objects = [item for item in listed if item["@type"] == "cr:FileObject"]
    assert objects
    for item in objects:
        content = (folder / item["contentUrl"]).read_bytes()
        assert item["sha256"] == hashlib.sha256(content).hexdigest()


def load_croissant(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mlcroissant's own imports
        import mlcroissant
    return mlcroissant.Dataset(jsonld=folder / "croissant.json")


def test_croissant_reads_parquet(crowded: Path) -> None:
    records = list(load_croissant(packed(crowded, "parquet")).records("samples"))
    dataset = {sample.record.key: sample for sample in Dataset(crowded)}
    assert len(records) == len(dataset)
    for record in records:
        sample = dataset[record["samples/key"].decode()]
        assert np.array_equal(np.asarray(record["samples/fg_bg"]), sample.fg_bg)
        assert record["samples/fg_id"].decode() == sample.record.fg
        assert record["samples/width"] == sample.record.placements[0].width


def test_croissant_reads_coco(crowded: Path) -> None:
    folder = packed(crowded, "coco")
    croissant = load_croissant(folder)
    images = list(croissant.records("train_images"))
    assert len(images) == len(Dataset(crowded, split="train"))
    annotations = list(croissant.records("train_annotations"))
    stored = json.loads((folder / "annotations" / "instances_train.json").read_text())
    assert len(annotations) == len(stored["annotations"])
    for found, annotation in zip(annotations, stored["annotations"], strict=True):
        assert found["train_annotations/area"] == annotation["area"]
        fg = found["train_annotations/attributes.fg"].decode()
        assert fg == annotation["attributes"]["fg"]


def test_croissant_reads_webdataset(
    crowded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from etils import epath

    croissant = load_croissant(packed(crowded, "webdataset"))
    monkeypatch.setattr(f"{EXTRACT}.EXTRACT_PATH", epath.Path(tmp_path / "extracted"))
    depths = list(croissant.records("depth_files"))
    records = [
        json.loads(found["record_files/record"]) for found in croissant.records("record_files")
    ]
    dataset = Dataset(crowded)
    samples = {sample.record.key: sample for sample in dataset}
    assert {record["key"] for record in records} == samples.keys()
    named = {unquote(found["depth_files/filename"].decode()): found for found in depths}
    for key, sample in samples.items():
        found = np.asarray(named[f"{key}.depth.png"]["depth_files/depth"])
        assert np.array_equal(found, arrays(sample, dataset)["depth"])
