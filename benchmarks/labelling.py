"""``depthgen run --batch 1000`` beside the bare network on tensors in memory.

Usage: python benchmarks/labelling.py [FOLDER with bgs/ and fgs/]
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from measure import interleaved, print_table
from pictures import picture_folder

from data_manifest.dataset import Dataset
from datagen.config import OverlayConfig
from datagen.overlay import overlay
from depthgen.config import RunConfig
from depthgen.predict import CPU_BATCH, CUDA_BATCH, Predictor, choose_device
from depthgen.run import run
from depthgen.teacher import load_teacher

SAMPLES = 2000
READY = 256
WORKER = """
import sys
sys.path.insert(0, sys.argv[1])
from measure import peak_mb
from depthgen.config import RunConfig
from depthgen.run import run
run(RunConfig(data=sys.argv[2], batch=1000, quiet=True))
print(peak_mb())
"""


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        pictures = picture_folder(work)
        for name, samples in (("data", SAMPLES), ("small", SAMPLES // 4)):
            options = {"bg": pictures / "bgs", "fg": pictures / "fgs", "out": work / name}
            overlay(OverlayConfig.model_validate({**options, "limit": samples, "quiet": True}))
        rows = [
            (f"{n:,}", peak_of(work, name))
            for name, n in (("small", SAMPLES // 4), ("data", SAMPLES))
        ]
        throughput(work)
        print()
        print_table(("samples labelled with --batch 1000", "peak memory, MB"), rows)


def throughput(work: Path) -> None:
    """Images a second of the network alone and of the whole stage."""
    device = choose_device("auto")
    predictor = Predictor(load_teacher("fastdepth", None), device)
    dataset = Dataset(work / "data")
    pictures = np.stack([dataset[row].fg_bg for row in range(READY)])
    size = CPU_BATCH if device.type == "cpu" else CUDA_BATCH
    tensors = (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255).to(device)
    batches = [part.contiguous(memory_format=torch.channels_last) for part in tensors.split(size)]

    @torch.inference_mode()
    def network() -> None:
        with torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
            for number in range(SAMPLES // size):
                predictor.network(batches[number % len(batches)])
        if device.type == "cuda":
            torch.cuda.synchronize()

    def stage() -> None:
        shutil.rmtree(work / "again", ignore_errors=True)
        shutil.copytree(work / "data", work / "again")
        run(RunConfig(data=work / "again", batch=1000, quiet=True))

    network()
    times = interleaved({"the network alone": network, "depthgen run --batch 1000": stage}, 3)
    floor = times["the network alone"]
    print_table(
        (f"what, on {device.type}", "images/s", "ratio to the network alone"),
        [(name, f"{SAMPLES / t:,.0f}", f"{floor / t:.2f}") for name, t in times.items()],
    )


def peak_of(work: Path, name: str) -> str:
    """Peak memory of a process that labels a copy of a dataset."""
    shutil.copytree(work / name, work / f"{name}-copy")
    words = [str(Path(__file__).parent), str(work / f"{name}-copy")]
    done = subprocess.run(
        [sys.executable, "-c", WORKER, *words], check=True, capture_output=True, text=True
    )
    return f"{float(done.stdout):.0f}"


if __name__ == "__main__":
    main()
