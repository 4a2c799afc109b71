"""Each export as the library reads it that people read such files with."""

import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
import webdataset
from PIL import Image
from pycocotools.coco import COCO

from data_manifest.dataset import Dataset
from data_manifest.shards import open_shard

Pictures = Mapping[str, Image.Image]
"""The pictures of one sample by stream."""


def shards(folder: Path, split: str) -> Iterator[Pictures]:
    """HDF5 and zip: the stored files."""
    dataset = Dataset(folder, split=split)
    for sample in dataset:
        path = folder / dataset.header.shard_name(sample.record.shard)
        with closing(open_shard(path)) as shard:
            yield {
                stream: opened(shard.encoded(stream, sample.record))  # type: ignore[arg-type]
                for stream in ("bg", "fg_bg", "mask")
            }


def loose_files(folder: Path, split: str) -> Iterator[Pictures]:
    """Single files, which any viewer opens."""
    endings = {"fg_bg": "jpg", "mask": "png", "depth": "png"}
    for sample in Dataset(folder, split=split):
        bg = next(iter((folder / "bg").glob(f"{sample.record.bg}.*")))
        paths = {name: folder / name / f"{sample.record.key}.{endings[name]}" for name in endings}
        present = {name: path for name, path in paths.items() if path.exists()}
        yield {name: opened(path.read_bytes()) for name, path in {"bg": bg, **present}.items()}


def tars(folder: Path, split: str) -> Iterator[Pictures]:
    """Tar files, with the webdataset library."""
    files = [str(path) for path in sorted(folder.glob(f"{split}-*.tar"))]
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ResourceWarning
        )  # the library leaves files to the collector
        for sample in webdataset.WebDataset(files, shardshuffle=False):
            yield {
                name.split(".")[0]: opened(content)
                for name, content in sample.items()
                if name.endswith((".jpg", ".png"))
            }


def parquet(folder: Path, split: str) -> Iterator[Pictures]:
    """Parquet files, with the datasets library."""
    from datasets import load_dataset

    for row in load_dataset(str(folder), split=split):
        yield {name: value for name, value in row.items() if isinstance(value, Image.Image)}


def coco(folder: Path, split: str) -> Iterator[Pictures]:
    """COCO's JSON, with pycocotools; a mask is all its annotations'."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # compiled before NumPy 2
        found = COCO(str(folder / "annotations" / f"instances_{split}.json"))
        for image in found.loadImgs(found.getImgIds()):
            mask = np.zeros((image["height"], image["width"]), bool)
            for annotation in found.imgToAnns[image["id"]]:
                mask |= found.annToMask(annotation).astype(bool)
            content = (folder / "images" / split / image["file_name"]).read_bytes()
            yield {"fg_bg": opened(content), "mask": Image.fromarray(mask)}


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


CONSUMERS: dict[str, Callable[[Path, str], Iterator[Pictures]]] = {
    "h5": shards,
    "zip": shards,
    "folder": loose_files,
    "webdataset": tars,
    "parquet": parquet,
    "coco": coco,
}
