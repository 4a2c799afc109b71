"""The options of train's commands."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from data_manifest.commands.device import Device
from data_manifest.commands.group import CommandConfig
from data_manifest.commands.options import FrameSize, Names, shown
from data_manifest.record import Size

ModelName = Literal["mdeas"]
Checkpoint = Literal["best", "last"]
MULTIPLE = 16
CPU_BATCH, GPU_BATCH = 4, 32
"""Samples per step that fit into 3 GB at 224 px, and that keep a GPU busy."""


def fits_students(size: Size) -> bool:
    """Whether every student takes pictures of a size."""
    return all(side % MULTIPLE == 0 for side in size)


def next_fitting(size: Size) -> Size:
    """The nearest size below that every student takes."""
    return Size(*(max(side // MULTIPLE, 1) * MULTIPLE for side in size))


class FitConfig(CommandConfig):
    """Options of ``train fit``."""

    shards: Names = Field(
        ("data",), description="shards to train on: files, a pattern, or the dataset's folder"
    )
    model: ModelName = Field("mdeas", description="which student")
    out: Path | None = Field(None, description="run folder to write  [default: runs/MODEL]")
    epochs: int = Field(20, ge=1, description="passes over the training split")
    batch_size: int | None = Field(
        None,
        ge=1,
        description=f"samples per step  [default: {CPU_BATCH} on a CPU, {GPU_BATCH} on a GPU]",
    )
    size: FrameSize | None = Field(
        None, description="size that samples are resized to, 96 or 128x96  [default: the dataset's]"
    )
    lr: float = Field(
        1e-3,
        gt=0,
        allow_inf_nan=False,
        description="highest learning rate of the one-cycle schedule",
    )
    augment: Literal["full", "none"] = Field(
        "full", description="full mirrors samples and varies their brightness, tint and contrast"
    )
    seed: int = Field(
        0, ge=0, lt=2**32, description="decides initial weights and the order of samples"
    )
    limit: int | None = Field(None, ge=1, description="at most so many samples of each split")
    where: str | None = Field(
        None, description="train only on samples that fulfil a condition, such as 'shift < 0.1'"
    )
    device: Device = Field("auto", description="auto takes a GPU where there is one")
    workers: int | None = Field(
        None, ge=0, description="reading processes  [default: none on a CPU, 8 for a GPU]"
    )
    resume: bool = Field(
        False, description="insist on going on with the run in --out, with its options"
    )
    overwrite: bool = Field(False, description="replace the run in --out")

    @model_validator(mode="after")
    def _check(self) -> "FitConfig":
        if self.size is not None and not fits_students(self.size):
            raise ValueError(
                f"--size {shown(self.size)}: sides must be multiples of {MULTIPLE}, for instance "
                f"{shown(next_fitting(self.size))}"
            )
        if self.resume and self.overwrite:
            raise ValueError("--resume and --overwrite exclude each other")
        return self

    @property
    def samples_per_step(self) -> int:
        """``batch_size`` of options that are settled."""
        assert self.batch_size is not None
        return self.batch_size

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.out or Path("runs") / self.model


class EvaluateConfig(CommandConfig):
    """Options of ``train evaluate``."""

    run: Path = Field(Path("runs/mdeas"), description="run folder to read")
    shards: Names = Field((), description="shards to evaluate on  [default: those of the run]")
    checkpoint: Checkpoint = Field("best", description="which weights of the run")
    batch_size: int = Field(32, ge=1, description="samples per step")
    limit: int | None = Field(None, ge=1, description="at most so many samples of each split")
    device: Device = Field("auto", description="auto takes a GPU where there is one")


class PredictConfig(CommandConfig):
    """Options of ``train predict``."""

    run: Path = Field(Path("runs/mdeas"), description="run folder to read")
    fg_bg: Path | None = Field(None, description="a picture with a foreground, or a folder of them")
    bg: Path | None = Field(
        None, description="the background alone: one picture for all, or a folder of like names"
    )
    shards: Names = Field((), description="or: predict samples of a dataset")
    split: Literal["train", "val", "val_bg", "val_fg"] = Field(
        "val", description="which samples of --shards"
    )
    out: Path = Field(Path("predictions"), description="folder to write")
    limit: int | None = Field(None, ge=1, description="at most so many pictures, spread evenly")
    checkpoint: Checkpoint = Field("best", description="which weights of the run")
    threshold: float = Field(0.5, gt=0, lt=1, description="probability from which a pixel is mask")
    device: Device = Field("auto", description="auto takes a GPU where there is one")
    overwrite: bool = Field(False, description="replace files in --out")

    @model_validator(mode="after")
    def _check(self) -> "PredictConfig":
        pictures = self.fg_bg is not None and self.bg is not None
        if pictures == bool(self.shards):
            raise ValueError("give either --fg-bg and --bg, or --shards")
        return self
