"""MDEAS as it was published, and the default student in the same time, on 10,000 composites; a GPU.

Published are SSIM 0.9670 of the mask and 0.9226 of depth, after 20 epochs in 2 h 8 min on a P100,
of a split by sample: the same photos and cut-outs are in both parts.

Usage: python benchmarks/published.py [FOLDER with bgs/ and fgs/]
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import print_table, seconds
from pictures import picture_folder
from students import command, speed_of, words

from data_manifest.dataset import Dataset

SAMPLES, SPLITS = 10_000, {"source": (), "sample": ("--split-by", "sample", "--hold-out", "0.3")}
EPOCHS = 20
MDEAS = {"preset": "mdeas", "epochs": EPOCHS}
MASK_SSIM = "mdeas_ssim_mask"
METRICS = ("mask_iou", MASK_SSIM, "depth_ssim", "depth_rmse", "depth_delta1")


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        found = picture_folder(work)
        pictures = ["--bg", found / "bgs", "--fg", found / "fgs"]
        rows = []
        for split_by, options in SPLITS.items():
            data, run = work / split_by, work / "run"
            command(
                "datagen", "overlay", *pictures, "--n", 6, "--limit", SAMPLES, "--out", data,
                *options,
            )  # fmt: skip
            command("depthgen", "run", data)
            samples = len(Dataset(data, split="train"))
            taken, used = trained(data, run, words(MDEAS))
            rows += judged(f"mdeas, by {split_by}", run, samples * EPOCHS / taken, taken, used)
            epochs = max(1, round(speed_of(data, {"model": "twin"}) * taken / samples))
            taken, used = trained(data, run, ["--epochs", epochs])
            rows += judged(f"default, by {split_by}", run, samples * epochs / taken, taken, used)
            print_table(
                ("student", "seconds", "samples/s", "GPU busy", "split", "who", *METRICS), rows
            )
            print(flush=True)


def trained(data: Path, out: Path, options: list[object]) -> tuple[float, float]:
    """Train and evaluate; gives the seconds of training and how busy the GPU was in them."""
    watch = ("nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits")
    with subprocess.Popen([*watch, "-lms", "200"], stdout=subprocess.PIPE, text=True) as watcher:
        given = ["--shards", data, "--out", out, "--overwrite", *options]
        taken = seconds(lambda: command("train", "fit", *given))
        watcher.terminate()
        busy = [int(line) for line in (watcher.stdout or ())]
    command("train", "evaluate", out, "--legacy")
    return taken, sum(busy) / max(len(busy), 1)


def judged(title: str, run: Path, speed: float, taken: float, used: float) -> list[list[str]]:
    """Rows of each split: the student, the mean maps and the teacher."""
    found = json.loads((run / "evaluation.json").read_text())
    rows = []
    for split, table in found["splits"].items():
        table["student"][MASK_SSIM] = found["legacy"][split][MASK_SSIM]
        for who, metrics in table.items():
            values = (metrics.get(name) for name in METRICS)
            said = ["-" if value is None else f"{value:.4f}" for value in values]
            head = [title, f"{taken:.0f}", f"{speed:,.0f}", f"{used:.0f} %"]
            rows.append([*(head if who == "student" else [""] * 4), split, who, *said])
    return rows


if __name__ == "__main__":
    sys.exit(main())
