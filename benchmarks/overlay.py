"""``datagen overlay`` beside encoding alone and beside other ways to composite.

Usage: python benchmarks/overlay.py [FOLDER with bgs/ and fgs/]
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
from measure import interleaved, print_table
from peers import MASK_PNG, QUALITY, installed, write_sources
from pictures import picture_folder

from data_manifest.dataset import Dataset
from data_manifest.record import Picture
from data_manifest.shards.codec import encode_jpeg, encode_mask
from datagen.config import OverlayConfig
from datagen.drawing.draw_shard import one_opencv_thread
from datagen.overlay import overlay

SAMPLES = 60_000
PEER_SAMPLES = 1_000
READY = 400
OPENCV_FLOOR = "encoding alone, 1 process, OpenCV's JPEG and 1-bit PNG"
OVERLAY = "overlay, 1 worker"
WORKER = """
import sys
sys.path.insert(0, sys.argv[1])
from measure import peak_mb
from datagen.config import OverlayConfig
from datagen.overlay import overlay
bg, fg, out, limit = sys.argv[2:]
overlay(OverlayConfig(bg=bg, fg=fg, out=out, n=200, limit=int(limit), workers=1, quiet=True))
print(peak_mb())
"""


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        pictures = picture_folder(work)
        throughput(work, pictures)
        print()
        memory(work, pictures)


def throughput(work: Path, pictures: Path) -> None:
    """Samples a second of encoding alone, of one worker and two, and of other ways."""
    options = {"bg": pictures / "bgs", "fg": pictures / "fgs", "n": 400, "limit": SAMPLES}
    overlay(OverlayConfig.model_validate({**options, "out": work / "warm", "quiet": True}))
    dataset = Dataset(work / "warm")
    ready = [
        (cv2.cvtColor(s.fg_bg, cv2.COLOR_RGB2BGR), s.mask.view("uint8") * 255)
        for s in dataset[:: SAMPLES // READY]
    ]

    def draw(workers: int) -> None:
        out = work / f"out{workers}"
        shutil.rmtree(out, ignore_errors=True)
        given = {**options, "out": out, "workers": workers, "quiet": True}
        overlay(OverlayConfig.model_validate(given))

    prepared = write_sources(dataset, pictures, work / "peers", PEER_SAMPLES)
    ways: dict[str, tuple[int, Callable[[], object]]] = {
        OPENCV_FLOOR: (SAMPLES, lambda: encode(ready, opencv_files)),
        "encoding whole pictures alone, 1 process": (SAMPLES, lambda: encode(ready, our_files)),
        OVERLAY: (SAMPLES, lambda: draw(1)),
        "overlay, 2 workers": (SAMPLES, lambda: draw(2)),
        **{name: (PEER_SAMPLES, partial(way, prepared)) for name, way in installed()},
    }
    times = interleaved({name: function for name, (_, function) in ways.items()})
    rates = {name: count / times[name] for name, (count, _) in ways.items()}
    print_table(
        ("what", "samples/s", "of encoding alone with OpenCV", "overlay, 1 worker, is faster by"),
        [
            (
                name,
                f"{rate:,.0f}",
                f"{rate / rates[OPENCV_FLOOR]:.2f}",
                f"{rates[OVERLAY] / rate:.2f}",
            )
            for name, rate in rates.items()
        ],
    )


def encode(
    ready: list[tuple[Picture, Picture]], encoder: Callable[[Picture, Picture], object]
) -> None:
    """Encode as many samples as are drawn, in one thread."""
    with one_opencv_thread():
        for _ in range(SAMPLES // len(ready)):
            for fg_bg, mask in ready:
                encoder(fg_bg, mask)


def opencv_files(fg_bg: Picture, mask: Picture) -> object:
    """A JPEG file without restart markers, and a 1-bit PNG file, by OpenCV."""
    return (
        cv2.imencode(".jpg", fg_bg, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1],
        cv2.imencode(".png", mask, MASK_PNG)[1],
    )


def our_files(fg_bg: Picture, mask: Picture) -> object:
    """The same pictures as they are stored."""
    return encode_jpeg(fg_bg, QUALITY), encode_mask(mask)


def memory(work: Path, pictures: Path) -> None:
    """Peak memory of a process that draws, for two numbers of samples."""
    rows = []
    for samples in (SAMPLES // 4, SAMPLES):
        words = [str(Path(__file__).parent), str(pictures / "bgs"), str(pictures / "fgs")]
        words += [str(work / f"memory{samples}"), str(samples)]
        done = subprocess.run(
            [sys.executable, "-c", WORKER, *words], check=True, capture_output=True, text=True
        )
        rows.append((f"{samples:,}", f"{float(done.stdout):.0f}"))
    print_table(("samples drawn by one worker", "peak memory, MB"), rows)


if __name__ == "__main__":
    main()
