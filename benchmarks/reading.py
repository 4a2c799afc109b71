"""``Dataset`` beside decoding alone, in random order.

Usage: python benchmarks/reading.py [FOLDER with bgs/ and fgs/]
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from measure import interleaved, print_table
from pictures import picture_folder

from data_manifest.dataset import Dataset, decode_depth_values
from data_manifest.shards import open_shard
from data_manifest.shards.codec import decode_depth, decode_mask, decode_rgb
from datagen.config import OverlayConfig
from datagen.drawing.draw_shard import one_opencv_thread
from datagen.overlay import overlay
from depthgen.config import RunConfig
from depthgen.run import run

SAMPLES = 1500


def main() -> None:
    """Print the table."""
    rows: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory() as folder, one_opencv_thread():
        work = Path(folder)
        pictures = picture_folder(work)
        for kind in ("h5", "zip"):
            out = work / kind
            options = {"bg": pictures / "bgs", "fg": pictures / "fgs", "out": out, "format": kind}
            overlay(OverlayConfig.model_validate({**options, "limit": SAMPLES, "quiet": True}))
            rows += measure(Dataset(out), f"{kind}, without depth")
            run(RunConfig(data=out, quiet=True))
            rows += measure(Dataset(out), f"{kind}, with depth")
    print_table(("shards", "reader, samples/s", "decoding alone, samples/s", "ratio"), rows)


def measure(dataset: Dataset, name: str) -> list[tuple[str, ...]]:
    """One row: the reader in random order, and decoding of the same bytes held in memory."""
    order = np.random.default_rng(0).permutation(len(dataset)).tolist()
    decoders = [in_memory(dataset, row) for row in order]

    def read() -> None:
        for row in order:
            dataset[row]

    def decode() -> None:
        for decoder in decoders:
            decoder()

    times = interleaved({"read": read, "decode": decode})
    rates = [len(order) / times[key] for key in ("read", "decode")]
    ratio = f"{rates[0] / rates[1]:.2f}"
    return [(name, f"{rates[0]:,.0f}", f"{rates[1]:,.0f}", ratio)]


def in_memory(dataset: Dataset, row: int) -> Callable[[], object]:
    """Decodes sample ``row`` from bytes that are already there."""
    record = dataset.plan[row]
    shard = open_shard(dataset.folder / dataset.header.shard_name(record.shard))
    bg, fg_bg, mask = (shard.encoded(stream, record) for stream in ("bg", "fg_bg", "mask"))
    depth = encoded_depth(dataset, row) if dataset.header.stages.depth else None
    shard.close()

    def decode() -> None:
        decode_rgb(bg)
        decode_rgb(fg_bg)
        decode_mask(mask)
        if depth:
            decode_depth_values(depth(), dataset.depth_encoding)

    return decode


def encoded_depth(dataset: Dataset, row: int) -> Callable[[], np.ndarray]:
    """Decodes a stored depth map from memory: a PNG file, or the one chunk of an HDF5 file."""
    record = dataset.plan[row]
    path = dataset.folder / dataset.header.shard_name(record.shard)
    if path.suffix == ".zip":
        import zipfile

        with zipfile.ZipFile(path) as archive:
            data = archive.read(f"depth/{record.key}.png")
        return lambda: decode_depth(data)
    with h5py.File(path) as shard:
        stored = shard["depth"][record.row]
    memory = h5py.File(f"{row}", "w", driver="core", backing_store=False, rdcc_nbytes=0)
    chunk = memory.create_dataset(
        "d",
        (1, *stored.shape),
        np.uint16,
        chunks=(1, *stored.shape),
        compression="lzf",
        shuffle=True,
    )
    chunk[0] = stored
    memory.flush()
    return lambda: np.asarray(chunk[0])


if __name__ == "__main__":
    main()
