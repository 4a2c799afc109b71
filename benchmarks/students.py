"""Students at the same wall-clock budget, judged on pictures that they never saw.

Usage: python benchmarks/students.py [FOLDER with bgs/ and fgs/] [--minutes 5] [--seeds 3]
       [--only PART OF A NAME] [--table students|ablation|presets]

On a GPU presets have the sizes and batches of their own.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import click
import numpy as np
import torch
import yaml
from measure import finish, print_table, seconds
from pictures import HERE

from data_manifest.dataset import Dataset
from data_manifest.record import Size
from train.answering.predictor import Predictor
from train.config.fit import FitConfig
from train.data import augment
from train.data.draws import Draws, as_stored
from train.data.loader import Loader
from train.data.order import in_batches, shuffled
from train.data.samples import Samples
from train.judging.measure import STUDENT, judge
from train.presets import PRESETS
from train.running.device import default_batch_size
from train.running.trainer import build_trainer, train_step

BIN = Path(sys.executable).parent
SPLITS = ("val", "val_bg", "val_fg")
VARIED = "val, varied"
"""The same where no background fits exactly, each varied as ``--augment full`` does it."""
ON_GPU = torch.cuda.is_available()
TIMED_STEPS, WARM_STEPS = (40, 20) if ON_GPU else (5, 2)
TIMM = "timm:tf_efficientnet_lite0"
Options = Mapping[str, object]


class Subject(NamedTuple):
    """A row of a table: what is trained, on which kind of labels."""

    title: str
    options: Options
    labels: str = "anchored"


STUDENTS = (
    Subject("mdeas", {"model": "mdeas", "size": 96, "batch_size": 16}),
    Subject("twin (default; FastDepth's weights)", {"model": "twin"}),
    Subject("timm: lite0, ImageNet weights", {"model": TIMM, "size": 96, "batch_size": 16}),
    Subject(
        "timm: lite0, random weights",
        {"model": TIMM, "size": 96, "batch_size": 16, "weights": "none"},
    ),
)
ABLATION = (
    Subject("default", {"model": "twin"}),
    Subject("without FastDepth's weights", {"model": "twin", "weights": "none"}),
    Subject("pretrained weights learn too", {"model": "twin", "pretrained_lr": 0.3}),
    Subject("background fits exactly (--augment plain)", {"model": "twin", "augment": "plain"}),
    Subject("nothing varied (--augment none)", {"model": "twin", "augment": "none"}),
    Subject("no average of the weights", {"model": "twin", "ema": 0.0}),
    Subject("composite labels", {"model": "twin"}, "composite"),
)


def preset_subjects() -> tuple[Subject, ...]:
    """Each preset, at a size and batch that the machine can do; and the default beside them."""
    found = []
    for name in PRESETS.files:
        small = {"size": 64 if name in ("sushmitha", "futartup") else 96, "batch_size": 16}
        found.append(Subject(name, {"preset": name, "chain": 1, **({} if ON_GPU else small)}))
    return (*found, Subject("default", {"model": "twin"}))


@click.command()
@click.argument("folder", required=False, type=Path)
@click.option("--minutes", default=5.0)
@click.option("--seeds", default=3)
@click.option("--only", default="")
@click.option("--n", default=2)
@click.option("--table", type=click.Choice(["students", "ablation", "presets"]), default="students")
def main(folder: Path | None, minutes: float, seeds: int, only: str, n: int, table: str) -> None:
    """Print a table of students."""
    tables = {"students": STUDENTS, "ablation": ABLATION, "presets": preset_subjects()}
    subjects = [subject for subject in tables[table] if only in subject.title]
    with tempfile.TemporaryDirectory() as work:
        pictures = folder or fetched(Path(work))
        data = {kind: draw(pictures, Path(work) / kind, kind, n) for kind in kinds(subjects)}
        rows: list[tuple[str, ...]] = []
        for subject in subjects:
            runs = [
                trained(data[subject.labels], Path(work) / "run", subject, minutes, seed)
                for seed in range(seeds)
            ]
            rows += table_rows(subject, runs, first=not rows)
            print_table(HEAD, rows)
            print(flush=True)


HEAD = (
    "student", "epochs", "minutes", "samples/s", "split", "mask IoU", "depth RMSE, m", "delta1",
    "SSIM",
)  # fmt: skip


class Run(NamedTuple):
    """One training, timed and judged."""

    epochs: int
    minutes: float
    speed: float
    splits: dict[str, dict[str, dict[str, float | None]]]


def kinds(subjects: Sequence[Subject]) -> list[str]:
    """The kinds of labels that are needed."""
    return list(dict.fromkeys(subject.labels for subject in subjects))


def fetched(work: Path) -> Path:
    """The demo's pictures."""
    script = HERE.parent / "demo" / "pictures.py"
    subprocess.run([sys.executable, str(script), str(work / "pictures")], check=True)
    return work / "pictures"


def command(*words: object) -> None:
    """Run one of ours, quietly."""
    program, *others = map(str, words)
    subprocess.run([str(BIN / program), *others, "--quiet"], check=True)


def draw(pictures: Path, out: Path, kind: str, n: int) -> Path:
    """A dataset with labels of a kind."""
    folders = ["--bg", pictures / "bgs", "--fg", pictures / "fgs"]
    command("datagen", "overlay", *folders, "--n", n, "--out", out)
    command("depthgen", "run", out, "--labels", kind)
    return out


def words(options: Options) -> list[str]:
    """Options as they are given on the command line."""
    return [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]


def trained(data: Path, out: Path, subject: Subject, minutes: float, seed: int) -> Run:
    """Train for about so many minutes, and judge."""
    speed = speed_of(data, subject.options)
    samples = len(Dataset(data, split="train"))
    epochs = max(1, round(speed * minutes * 60 / samples))
    given = [*words(subject.options), f"--epochs={epochs}", f"--seed={seed}", "--overwrite"]
    taken = seconds(lambda: command("train", "fit", "--shards", data, "--out", out, *given))
    command("train", "evaluate", out)
    found = json.loads((out / "evaluation.json").read_text())
    varied = {VARIED: {STUDENT: judged_varied(out, data)}}
    return Run(epochs, taken / 60, speed, {**found["splits"], **varied})


@patch.object(augment, "FITS_SHARE", 0.0)
def judged_varied(run: Path, data: Path) -> dict[str, float | None]:
    """Metrics of a run's student where no background fits exactly."""
    predictor = Predictor.load(run)
    part = Dataset(data, split="val")
    draws = as_stored(np.arange(len(part)), 16, predictor.network.size)
    batches = Loader(Samples(part, augment="full"), 0, predictor.device).batches(draws)
    judged = judge(
        lambda batch: predictor.infer(batch.bg, batch.fg_bg),
        {},
        (batch.as_float() for batch in batches),
        part.records(np.arange(len(part))),
        part.depth_encoding,
        legacy=False,
    )
    return judged.table[STUDENT]


def speed_of(data: Path, options: Options) -> float:
    """Samples a second, of a few steps after a few that warm up."""
    plain = {name: value for name, value in options.items() if name != "preset"}
    if "preset" in options:
        preset = yaml.safe_load(PRESETS.find(str(options["preset"])).read_text())
        plain = {**preset, "epochs": 1, **plain}
    batch_size = default_batch_size("auto")
    config = FitConfig.model_validate({"batch_size": batch_size, **plain, "shards": (str(data),)})
    trainer = build_trainer(config, Dataset(data), None)
    trainer.model.train()
    size = config.sizes(trainer.network.size)[0][0]
    order = shuffled(np.arange(len(trainer.samples)), 0, 0)
    batches = in_batches(order, config.samples_per_step)
    batches = [batches[step % len(batches)] for step in range(WARM_STEPS + TIMED_STEPS)]
    start, count = 0.0, 0
    for number, batch in enumerate(trainer.train_loader.batches(Draws(batches, 0, 0, Size(*size)))):
        if number == WARM_STEPS:
            finish()
            start = time.perf_counter()
        train_step(trainer, batch, len(batch.mask), config)
        count += len(batch.mask) if number >= WARM_STEPS else 0
    finish()
    return count / (time.perf_counter() - start)


def table_rows(subject: Subject, runs: Sequence[Run], *, first: bool) -> list[tuple[str, ...]]:
    """A row per split; before the first student those of what needs no training."""
    found = []
    if first:
        for other in ("mean mask", "teacher"):
            found += [
                (other, "", "", "", split, *figures([run.splits[split][other] for run in runs[:1]]))
                for split in SPLITS
                if other in runs[0].splits[split]
            ]
    said = (
        subject.title,
        str(runs[0].epochs),
        spread([run.minutes for run in runs], 1),
        spread([run.speed for run in runs], 1),
    )
    for split in (*SPLITS, VARIED):
        head = said if split == SPLITS[0] else ("",) * len(said)
        found.append((*head, split, *figures([run.splits[split][STUDENT] for run in runs])))
    return found


def figures(metrics: Sequence[Mapping[str, float | None]]) -> tuple[str, ...]:
    """IoU, RMSE, delta1 and SSIM of several seeds, mean and spread."""
    names = ("mask_iou", "depth_rmse", "depth_delta1", "depth_ssim")
    values = [[row.get(name) for row in metrics] for name in names]
    return tuple(
        "-" if None in row else spread([float(value) for value in row if value is not None], 3)
        for row in values
    )


def spread(values: Sequence[float], digits: int) -> str:
    """Mean, and standard deviation where there are several."""
    mean = f"{statistics.mean(values):.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


if __name__ == "__main__":
    main()
