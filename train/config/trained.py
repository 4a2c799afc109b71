"""The options of the commands that work with what ``train fit`` made."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from data_manifest.commands.device import Device
from data_manifest.commands.group import CommandConfig
from data_manifest.commands.options import Names
from train.models.names import DEFAULT, folder_name

RUN = Path("runs") / folder_name(DEFAULT)
Weights = Literal["best", "last", "pruned"]


class _TrainedConfig(CommandConfig):
    """What all of them take."""

    run: Path = Field(RUN, description="run folder to read")
    checkpoint: Weights = Field("best", description="which weights of the run")
    device: Device = Field("auto", description="auto takes a GPU where there is one")


class EvaluateConfig(_TrainedConfig):
    """Options of ``train evaluate``."""

    shards: Names = Field((), description="shards to evaluate on  [default: those of the run]")
    batch_size: int = Field(32, ge=1, description="samples per step")
    limit: int | None = Field(None, ge=1, description="at most so many samples of each split")
    worst: int = Field(12, ge=0, le=100, description="samples on the sheet of the worst")
    legacy: bool = Field(
        False, description="also give the figures that earlier systems published, as they did"
    )


class PredictConfig(_TrainedConfig):
    """Options of ``train predict``."""

    fg_bg: Path | None = Field(
        None, description="a picture with a foreground, a folder of them, or a video"
    )
    bg: Path | None = Field(
        None, description="the background alone: one picture for all, or a folder of like names"
    )
    shards: Names = Field((), description="or: predict samples of a dataset")
    split: Literal["train", "val", "val_bg", "val_fg"] = Field(
        "val", description="which samples of --shards"
    )
    out: Path = Field(Path("predictions"), description="folder to write")
    tiles: bool = Field(
        False, description="cut large pictures into overlapping tiles instead of shrinking them"
    )
    limit: int | None = Field(
        None,
        ge=1,
        description="at most so many pictures, spread evenly, or so many of a video's first frames",
    )
    threshold: float = Field(0.5, gt=0, lt=1, description="probability from which a pixel is mask")
    overwrite: bool = Field(False, description="replace files in --out")

    @model_validator(mode="after")
    def _check(self) -> "PredictConfig":
        given = (self.fg_bg is not None, self.bg is not None)
        if any(given) if self.shards else not all(given):
            raise ValueError("give either --fg-bg and --bg, or --shards")
        return self
