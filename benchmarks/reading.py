"""``Dataset`` in random order beside OpenCV decoding the same bytes, and what its workers hold.

Usage: python benchmarks/reading.py [FOLDER with bgs/ and fgs/]
"""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import h5py
import numpy as np
from measure import interleaved, print_table
from pictures import picture_folder

from data_manifest.dataset import Dataset
from data_manifest.record import Record
from data_manifest.shards import open_shard
from data_manifest.shards.depth_values import decode_values
from datagen.config import OverlayConfig
from datagen.drawing.draw_shard import one_opencv_thread
from datagen.overlay import overlay
from depthgen.config import RunConfig
from depthgen.run import run

SAMPLES = 1500
WORKERS = 8
LOADER = """
import sys
sys.path.insert(0, sys.argv[1])
from measure import proportional_mb
from torch.utils.data import DataLoader
from data_manifest.dataset import Dataset
dataset, workers = Dataset(sys.argv[2]), int(sys.argv[3])
loader = DataLoader(
    dataset, shuffle=True, num_workers=workers, persistent_workers=True, collate_fn=len
)
epoch = iter(loader)
for _ in range(len(dataset)):
    next(epoch)
print(*(proportional_mb(worker.pid) for worker in epoch._workers))
"""


def main() -> None:
    """Print the tables."""
    rows: list[tuple[str, ...]] = []
    held: list[tuple[str, ...]] = []
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
            held += memory(out, f"{kind}, with depth")
    print_table(("shards", "reader, samples/s", "OpenCV decoding, samples/s", "ratio"), rows)
    print()
    print_table(("shards", f"memory of {WORKERS} DataLoader workers, MB", "of one"), held)


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
    with closing(open_shard(dataset.folder / dataset.header.shard_name(record.shard))) as shard:
        bg, fg_bg, mask = (
            np.frombuffer(shard.encoded(stream, record), np.uint8)
            for stream in ("bg", "fg_bg", "mask")
        )
    depth = encoded_depth(dataset, row) if dataset.header.stages.depth else None

    def decode() -> None:
        cv2.imdecode(bg, cv2.IMREAD_COLOR_RGB)
        cv2.imdecode(fg_bg, cv2.IMREAD_COLOR_RGB)
        cv2.imdecode(mask, cv2.IMREAD_GRAYSCALE)
        if depth:
            depth()

    return decode


def encoded_depth(dataset: Dataset, row: int) -> Callable[[], object]:
    """Decodes a stored depth map from memory: a PNG file, or a chunk of an HDF5 file.

    Where depth is stored within masks, that is the background's, as its picture is decoded too.
    """
    record = dataset.plan[row]
    path = dataset.folder / dataset.header.shard_name(record.shard)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            data = np.frombuffer(archive.read(f"depth/{record.key}.png"), np.uint8)
        return lambda: cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    with h5py.File(path) as shard:
        whole = "bg_depth" not in shard
        stored = shard["depth"][record.row] if whole else shard["bg_depth"][bg_row(shard, record)]
        start, end = (0, 0) if whole else shard["depth/offsets"][record.row : record.row + 2]
        values = b"" if whole else shard["depth/data"][start:end].tobytes()
    memory_only = h5py.File(f"{row}", "w", driver="core", backing_store=False, rdcc_nbytes=0)
    chunk = memory_only.create_dataset(
        "d", (1, *stored.shape), np.uint16, chunks=(1, *stored.shape), compression="gzip",
        compression_opts=1, shuffle=True,
    )  # fmt: skip
    chunk[0] = stored
    memory_only.flush()
    if whole:
        return lambda: np.asarray(chunk[0])
    return lambda: (np.asarray(chunk[0]), decode_values(values))


def bg_row(shard: h5py.File, record: Record) -> int:
    """The row of a sample's background."""
    return int(shard["bg_index"][record.row])


def memory(folder: Path, name: str) -> list[tuple[str, ...]]:
    """One row: what the processes of a DataLoader hold after an epoch in random order."""
    words = [sys.executable, "-W", "ignore", "-c", LOADER, str(Path(__file__).parent)]
    done = subprocess.run(
        [*words, str(folder), str(WORKERS)], check=True, capture_output=True, text=True
    )
    held = [float(word) for word in done.stdout.split()]
    return [(name, f"{sum(held):,.0f}", f"{max(held):,.0f}")]


if __name__ == "__main__":
    main()
