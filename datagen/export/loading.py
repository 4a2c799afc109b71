"""How each format is read: a few lines of Python for the card, and where its splits lie."""

from collections.abc import Callable
from typing import get_args

from data_manifest.header import Header, ShardFormat
from datagen.export.pictures import endings

DATA_FILES = {"parquet": "data/{split}-*.parquet"}
"""Where Hugging Face ``datasets`` finds a split, for the formats that it reads by the card."""


def how_to_load(to: str, split: str, header: Header) -> str:
    """Python that reads the first sample of ``split`` in the folder where it is run."""
    return _LOADERS[to](split, header)


def _webdataset(split: str, header: Header) -> str:
    names = ", ".join(f'sample["{s}.{ending}"]' for s, ending in endings(header).items())
    return f"""\
import glob, io
import numpy as np, webdataset as wds
from PIL import Image
arrays = wds.handle_extension("jpg png", lambda data: np.asarray(Image.open(io.BytesIO(data))))
files = sorted(glob.glob("{split}-*.tar"))
sample = next(iter(wds.WebDataset(files, shardshuffle=False).decode(arrays)))
{", ".join(endings(header))} = {names}"""


def _parquet(split: str, header: Header) -> str:
    names = ", ".join(endings(header))
    return f"""\
import os
import numpy as np
from datasets import load_dataset
sample = load_dataset(os.getcwd(), split="{split}")[0]
{names} = (np.asarray(sample[name]) for name in "{names}".split(", "))"""


def _coco(split: str, _header: Header) -> str:
    return f"""\
import numpy as np
from PIL import Image
from pycocotools.coco import COCO
coco = COCO("annotations/instances_{split}.json")
image = coco.loadImgs(coco.getImgIds()[0])[0]
fg_bg = np.asarray(Image.open(f"images/{split}/{{image['file_name']}}"))
masks = [coco.annToMask(annotation) for annotation in coco.imgToAnns[image["id"]]]"""


def _shards(split: str, _header: Header) -> str:
    return f"""\
from data_manifest import Dataset
sample = Dataset(".", split="{split}")[0]
bg, fg_bg, mask, depth, record = sample[:5]"""


_LOADERS: dict[str, Callable[[str, Header], str]] = {
    **dict.fromkeys(get_args(ShardFormat), _shards),
    "webdataset": _webdataset,
    "parquet": _parquet,
    "coco": _coco,
}
