"""How depth may be stored: bytes, times and errors of codecs, for composite and anchored labels.

Usage: python benchmarks/storage.py [FOLDER with bgs/ and fgs/]
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
from measure import interleaved, print_table
from pictures import picture_folder

from data_manifest.dataset import Dataset
from data_manifest.record import Mask, StoredDepth
from data_manifest.shards.depth_values import decode_values, encode_values, laid_in
from datagen.config import OverlayConfig
from datagen.overlay import overlay
from depthgen.config import RunConfig
from depthgen.run import run

SAMPLES = 200
BACKGROUND_USES = 1000
"""Samples of a shard that share a background, in a dataset of many placements."""
H5: dict[str, dict[str, Any]] = {
    "HDF5, shuffle + deflate 1": {"shuffle": True, "compression": "gzip", "compression_opts": 1},
    "HDF5, shuffle + deflate 4": {"shuffle": True, "compression": "gzip", "compression_opts": 4},
    "HDF5, shuffle + LZF (not deterministic)": {"shuffle": True, "compression": "lzf"},
}
Codec = tuple[Callable[[int], int], Callable[[int], StoredDepth]]


def main() -> None:
    """Print the table."""
    rows: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        pictures = picture_folder(work)
        for kind in ("composite", "anchored"):
            options = {"bg": pictures / "bgs", "fg": pictures / "fgs", "out": work / kind}
            overlay(OverlayConfig.model_validate({**options, "limit": SAMPLES, "quiet": True}))
            given = {"data": work / kind, "labels": kind, "quiet": True}
            run(RunConfig.model_validate(given))
            rows += measured(Dataset(work / kind), kind)
    print_table(
        ("labels", "codec", "KiB a sample", "encode, µs", "decode, µs", "largest error, mm"), rows
    )


def measured(dataset: Dataset, kind: str) -> list[tuple[str, ...]]:
    """A row for every codec that the labels can be stored in."""
    encoding = dataset.depth_encoding
    samples = list(dataset)
    frames = [encoding.to_stored(sample.depth) for sample in samples if sample.depth is not None]
    masks = [sample.mask for sample in samples]
    codecs = {name: h5_codec(f"{kind} {name}", frames, options) for name, options in H5.items()}
    codecs["16-bit PNG, level 3 (zip and folder)"] = png_codec(frames)
    if kind == "anchored":
        codecs["within the mask, beside the background's (HDF5)"] = mask_codec(frames, masks)
    return [row(kind, name, codec, frames) for name, codec in codecs.items()]


def row(kind: str, name: str, codec: Codec, frames: list[StoredDepth]) -> tuple[str, ...]:
    """One row: sizes, times of all samples, and the largest error of any."""
    encode, decode = codec
    every = range(len(frames))
    sizes = [encode(number) for number in every]
    times = interleaved(
        {
            "encode": lambda: [encode(number) for number in every],
            "decode": lambda: [decode(number) for number in every],
        }
    )
    off = max(int(np.abs(decode(n).astype(int) - frames[n]).max()) for n in every)
    micro = (f"{times[what] / len(frames) * 1e6:,.0f}" for what in ("encode", "decode"))
    return (kind, name, f"{np.mean(sizes) / 1024:.1f}", *micro, f"{off}")


def h5_codec(name: str, frames: list[StoredDepth], options: dict[str, Any]) -> Codec:
    """A dataset with a chunk a frame, in memory."""
    file = h5py.File(name, "w", driver="core", backing_store=False, rdcc_nbytes=0)
    shape = (len(frames), *frames[0].shape)
    data = file.create_dataset("d", shape, np.uint16, chunks=(1, *shape[1:]), **options)

    def encode(number: int) -> int:
        data[number] = frames[number]
        return data.id.get_chunk_info_by_coord((number, 0, 0)).size  # type: ignore[no-any-return]

    return encode, lambda number: data[number]


def png_codec(frames: list[StoredDepth]) -> Codec:
    """A PNG file a frame."""
    files: dict[int, Any] = {}

    def encode(number: int) -> int:
        files[number] = cv2.imencode(".png", frames[number], [cv2.IMWRITE_PNG_COMPRESSION, 3])[1]
        return len(files[number])

    return encode, lambda number: np.asarray(
        cv2.imdecode(files[number], cv2.IMREAD_UNCHANGED), np.uint16
    )


def mask_codec(frames: list[StoredDepth], masks: list[Mask]) -> Codec:
    """Values within the mask; the background's depth is laid under them, and shared."""
    files: dict[int, bytes] = {}

    def encode(number: int) -> int:
        files[number] = encode_values(frames[number][masks[number]])
        return len(files[number]) + frames[number].nbytes // BACKGROUND_USES

    def decode(number: int) -> StoredDepth:
        return laid_in(frames[number], decode_values(files[number]), masks[number])

    return encode, decode


if __name__ == "__main__":
    main()
