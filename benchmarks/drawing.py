"""``datagen overlay`` beside encoding alone.

Usage: python benchmarks/drawing.py [FOLDER with bgs/ and fgs/]
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
from measure import interleaved, print_table
from pictures import picture_folder

from data_manifest.codec import encode_jpeg, encode_mask
from data_manifest.dataset import Dataset
from datagen.config import OverlayConfig
from datagen.draw import one_opencv_thread
from datagen.overlay import overlay

SAMPLES = 20_000
READY = 400
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
    """Samples a second of encoding alone, one worker and two."""
    options = {"bg": pictures / "bgs", "fg": pictures / "fgs", "n": 200, "limit": SAMPLES}
    overlay(OverlayConfig.model_validate({**options, "out": work / "warm", "quiet": True}))
    ready = [
        (cv2.cvtColor(s.fg_bg, cv2.COLOR_RGB2BGR), s.mask.view("uint8") * 255)
        for s in Dataset(work / "warm")[:: SAMPLES // READY]
    ]

    def encode() -> None:
        with one_opencv_thread():
            for _ in range(SAMPLES // len(ready)):
                for fg_bg, mask in ready:
                    encode_jpeg(fg_bg, 90)
                    encode_mask(mask)

    def draw(workers: int) -> None:
        out = work / f"out{workers}"
        shutil.rmtree(out, ignore_errors=True)
        given = {**options, "out": out, "workers": workers, "quiet": True}
        overlay(OverlayConfig.model_validate(given))

    times = interleaved(
        {
            "encoding alone, 1 process": encode,
            "overlay, 1 worker": lambda: draw(1),
            "overlay, 2 workers": lambda: draw(2),
        }
    )
    floor = times["encoding alone, 1 process"]
    print_table(
        ("what", "samples/s", "ratio to encoding alone"),
        [(name, f"{SAMPLES / t:,.0f}", f"{floor / t:.2f}") for name, t in times.items()],
    )


def memory(work: Path, pictures: Path) -> None:
    """Peak memory of a process that draws, for two numbers of samples."""
    rows = []
    for samples in (SAMPLES // 4, SAMPLES * 2):
        words = [str(Path(__file__).parent), str(pictures / "bgs"), str(pictures / "fgs")]
        words += [str(work / f"memory{samples}"), str(samples)]
        done = subprocess.run(
            [sys.executable, "-c", WORKER, *words], check=True, capture_output=True, text=True
        )
        rows.append((f"{samples:,}", f"{float(done.stdout):.0f}"))
    print_table(("samples drawn by one worker", "peak memory, MB"), rows)


if __name__ == "__main__":
    main()
