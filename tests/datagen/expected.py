"""What every export must give back: a sample's pictures as a file holds them."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from data_manifest.dataset import Dataset
from data_manifest.record import Sample
from data_manifest.shards.digests import file_sha256
from datagen.config import PackConfig
from datagen.pack import pack


def packed(data: Path, to: str, out: str = "packed", **options: object) -> Path:
    """Exports a dataset; workers that an earlier test left over have another working folder."""
    folder = Path(out).resolve()
    given = {"data": data, "to": to, "out": folder, "workers": 1, "quiet": True}
    pack(PackConfig.model_validate({**given, **options}))
    return folder


def arrays(sample: Sample, dataset: Dataset) -> dict[str, npt.NDArray[np.generic]]:
    """Stream to array: depth as stored, and the amodal masks as the bits of one map."""
    found: dict[str, npt.NDArray[np.generic]] = {
        "bg": sample.bg,
        "fg_bg": sample.fg_bg,
        "mask": sample.mask,
    }
    if sample.depth is not None:
        scale = dataset.depth_encoding.scale
        found["depth"] = np.rint(sample.depth / scale).astype(np.uint16)
    if sample.instance is not None and sample.amodal is not None:
        bits = sample.amodal * (1 << np.arange(len(sample.amodal)))[:, None, None]
        found |= {"instance": sample.instance, "amodal": bits.sum(axis=0).astype(np.uint8)}
    return found


def assert_same(
    found: dict[str, npt.NDArray[np.generic]], expected: dict[str, npt.NDArray[np.generic]]
) -> None:
    """Every stream has the same shape, type and values."""
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype, name
        assert np.array_equal(found[name], array), name


def digests(folder: Path, pattern: str = "[0-9]*") -> dict[str, str]:
    """SHA-256 of the files in a folder by their names; of the shards unless told."""
    return {path.name: file_sha256(path) for path in sorted(folder.glob(pattern))}
